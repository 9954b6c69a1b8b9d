"""What somebody entered to be checked: a text or a file, and what he knows of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from nearcopy.document import Document
from service.context import shared
from service.keys.guard import caller
from service.models import Submission
from service.pages.forms import Form
from service.problems import INVALID_FIELD
from service.reading import validated

LISTED = 20
"""Sources that a page lists: each has its text beside it."""


@dataclass(frozen=True, slots=True)
class Entered:
    """The form as it was filled in. ``document``: the id of the stored document that the text is of."""

    text: str = ""
    title: str = ""
    publisher: str = ""
    published_at: str = ""
    exclude_own: bool = False
    document: str = ""

    @classmethod
    def of_form(cls, form: Form) -> Entered:
        """What a form sent, without its file."""
        # A form sends each line's end as CR LF, whatever it was
        text = form.fields.get("text", "").replace("\r\n", "\n")
        names = ("title", "publisher", "published_at", "document")
        return cls(text, exclude_own="exclude_own" in form.fields, **{name: form.get(name) for name in names})

    @classmethod
    def of_document(cls, document: Document) -> Entered:
        """A stored document."""
        return cls(
            document.text, document.title or "", document.publisher or "", document.published_at or "",
            document=document.id,
        )

    @property
    def more(self) -> bool:
        """Whether there is more than a text."""
        return bool(self.title or self.publisher or self.published_at or self.exclude_own)

    def submission(self) -> Submission:
        """What is to be checked; its words are spent. Refuses what cannot be, by the names of the fields."""
        values: dict[str, Any] = {"text": self.text, "limit": LISTED}
        for name in ("title", "publisher", "published_at"):
            if getattr(self, name):
                values[name] = getattr(self, name)
        if self.exclude_own and self.publisher:
            values["exclude_publishers"] = [self.publisher]
        if self.document:
            values["exclude_documents"] = [self.document]
        checked = validated(Submission, values, "pointer", INVALID_FIELD)
        shared().spending.spend_words(caller(), [checked])
        return checked


def text_of_file(form: Form) -> str | None:
    """The main text of the file that a form sent, if it sent one. Raises `UnknownFile`, `UnreadableFile`."""
    file = form.files.get("file")
    if file is None or not file.filename:
        return None
    return shared().readers.text(
        file.read(), field="file", name=file.filename, charset=file.mimetype_params.get("charset")
    ).replace("\r\n", "\n")

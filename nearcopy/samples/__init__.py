"""A small archive of invented news, written for this project, and a submission to check against it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib.resources import files

from nearcopy.document import Document


def archive() -> Iterator[Document]:
    """The documents of the sample archive."""
    for line in files(__name__).joinpath("archive.jsonl").read_text("utf-8").splitlines():
        yield Document.checked(json.loads(line))


def submission() -> str:
    """A reporter's text that copies, quotes, repeats and adds to what the archive holds."""
    return files(__name__).joinpath("submission.txt").read_text("utf-8")

"""Which fields of an archive are the id, the text and so on: sensible guesses, with reasons to show."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from collections.abc import Mapping as AnyMapping
from itertools import islice
from typing import Any

from nearcopy.errors import InputError
from worker.archive.block import Row
from worker.archive.dates import iso
from worker.archive.mapping import NAMES, Mapping
from worker.archive.reading import cut, rows
from worker.archive.source import Source

SAMPLE_RECORDS = 200
SAMPLE_BYTES = 256 << 10
"""The records that a guess is made from: those of the first block of this size, and no more than so many."""

LONG_STRING = 40
"""Characters on average from which a string of no known name may be the text."""

DEPTH = 3
"""Records within records that are looked into."""

KNOWN = {
    "id": ("id", "docid", "documentid", "articleid", "itemid", "uuid", "guid", "uid", "key"),
    "text": ("text", "body", "articlebody", "fulltext", "articletext", "maintext", "plaintext", "bodytext",
             "content", "article", "story"),
    "title": ("title", "headline", "heading", "articletitle"),
    "publisher": ("publisher", "publishername", "outlet", "newspaper", "publication", "source", "sourcename",
                  "sitename", "site", "domain", "agency"),
    "published_at": ("publishedat", "datepublished", "publicationdate", "pubdate", "publishdate",
                     "publisheddate", "published", "date", "datetime", "timestamp", "createdat", "created"),
    "url": ("url", "link", "permalink", "weburl", "sourceurl", "href", "uri"),
}
"""Names of fields, the best first, without their case, dashes and underscores."""

OF_PAGES = {
    "id": "the path in the folder, or the page's address",
    "text": "the file, or the page's main text",
    "title": "of the page",
    "publisher": "the site's name or host",
    "published_at": "of the page, or of the crawl",
    "url": "the page's address",
}
"""Where folders and WARC files have the fields from; no mapping changes that."""

Values = dict[str, list[Any]]


def guess(sources: Sequence[Source], given: AnyMapping[str, str] | None = None) -> Mapping:
    """A mapping for the first source that has fields; paths that are ``given`` are taken as they are.

    Raises `InputError` where no field can be the text, or none of the records has the id or text given.
    """
    given = {name: path for name, path in (given or {}).items() if path}
    for source in sources:
        if source.kind not in ("pages", "warc") and (values := _values(source)):
            return _guessed(source, values, given)
    only_pages = all(source.kind in ("pages", "warc") for source in sources)
    return Mapping(**given, reasons=OF_PAGES if only_pages else dict.fromkeys(given, "as given"))


def describe(mapping: Mapping) -> str:
    """The mapping for people: a line a field, with the reason."""
    lines = [(name, getattr(mapping, name) or "-", mapping.reasons.get(name, "")) for name in NAMES]
    width = max(len(path) for _, path, _ in lines)
    return "\n".join(f"{name:<13} {path:<{width}}  {reason}".rstrip() for name, path, reason in lines)


def _values(source: Source) -> Values:
    """By path, the values of the first records; None and empty ones left out."""
    found: Values = {}
    for row in islice(_sampled(source), SAMPLE_RECORDS):
        for path, value in _leaves(row.fields, "", DEPTH):
            if value is not None and value != "":
                found.setdefault(path, []).append(value)
    return found


def _sampled(source: Source) -> Iterator[Row]:
    for block in cut(source, SAMPLE_BYTES, sample=True):
        if found := [row for row in rows(block) if isinstance(row, Row)]:
            yield from found
            return


def _leaves(record: AnyMapping[str, Any], prefix: str, depth: int) -> Iterator[tuple[str, Any]]:
    for name, value in record.items():
        if isinstance(value, dict) and depth > 1:
            yield from _leaves(value, f"{prefix}{name}.", depth - 1)
        else:
            yield prefix + name, value


def _guessed(source: Source, values: Values, given: AnyMapping[str, str]) -> Mapping:
    for name in ("id", "text"):
        if name in given and given[name] not in values:
            raise InputError(f"{source.name}: no record has a field {given[name]}: {_listed(values)}", name)
    paths, reasons = dict(given), dict.fromkeys(given, "as given")
    for name in NAMES:
        free = {path: found for path, found in values.items() if path not in paths.values()}
        if name not in paths and (path := _by_name(name, free)):
            paths[name], reasons[name] = path, _reason(name, free[path])
    if "text" not in paths:
        paths["text"], reasons["text"] = _longest(source, values, set(paths.values()))
    for name in NAMES:
        reasons.setdefault(name, "none: derived from the content" if name == "id" else "none")
    return Mapping(**paths, reasons=reasons)


def _by_name(name: str, values: Values) -> str | None:
    """The path whose last name is the best known one, and whose values fit; the shallowest of several."""
    plain = {path: path.rpartition(".")[2].casefold().replace("_", "").replace("-", "") for path in values}
    for known in KNOWN[name]:
        fitting = [path for path, last in plain.items() if last == known and _fits(name, values[path])]
        if fitting:
            return min(fitting, key=lambda path: path.count("."))
    return None


def _reason(name: str, values: list[Any]) -> str:
    if name == "published_at":
        return f"by its name; {sum(map(_is_date, values))} of {len(values)} are dates"
    return "by its name"


def _longest(source: Source, values: Values, taken: set[str]) -> tuple[str, str]:
    lengths = {
        path: sum(len(value) for value in found if _is_text(value)) / len(found)
        for path, found in values.items() if path not in taken
    }
    path = max(lengths, key=lengths.__getitem__, default="")
    if lengths.get(path, 0) < LONG_STRING:
        raise InputError(f"{source.name}: no field looks like a text; name it by --text: {_listed(values)}")
    return path, f"the longest string, {lengths[path]:,.0f} characters on average"


def _listed(values: Values) -> str:
    return "there are " + ", ".join(values)


def _fits(name: str, values: list[Any]) -> bool:
    """Whether half of the values or more are what the field holds; the others are for the rejects."""
    fitting = [value for value in values if _FITS[name](value)]
    enough = 2 * len(fitting) >= len(values)
    return enough and (name != "id" or 2 * len(set(fitting)) >= len(values))


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_id(value: object) -> bool:
    return isinstance(value, str | int) and not isinstance(value, bool)


def _is_date(value: object) -> bool:
    try:
        return iso(value) is not None
    except InputError:
        return False


_FITS: dict[str, Callable[[Any], bool]] = {
    "id": _is_id,
    "text": _is_text,
    "title": _is_text,
    "publisher": _is_text,
    "published_at": _is_date,
    "url": lambda value: _is_text(value) and "/" in value,
}

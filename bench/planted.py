"""Passages planted in other texts (PAN 2013 text alignment), by the characters of `Archive.compare`.

`02-no-obfuscation` is copied word for word and is ours to find; 03 to 05 are reworded, far beyond
near-duplicates, and are listed to show where the measure ends. Then all source texts are stored, and each
text with plants is checked: is the text it took from a source?
"""

from __future__ import annotations

from bench.common import Figure, documents, drain, progress, truth
from nearcopy.archive import Archive
from nearcopy.index.store import Store
from nearcopy.report import Passage

Spans = dict[tuple[str, str], list[tuple[range, range]]]
COLLECTION = "planted"
LISTED = 100
KINDS = ("02-no-obfuscation", "03-random-obfuscation", "04-translation-obfuscation", "05-summary-obfuscation")


def spans(kind: str) -> Spans:
    """By text and source the planted passages: characters of the one, and of the other."""
    out: Spans = {}
    for text, source, *numbers, told in truth("text_alignment", "spans.tsv"):
        if told == kind:
            start, length, source_start, source_length = map(int, numbers)
            both = range(start, start + length), range(source_start, source_start + source_length)
            out.setdefault((text, source), []).append(both)
    return out


class Score:
    """Characters planted, told, and both."""

    def __init__(self) -> None:
        self.planted = self.told = self.both = 0

    def add(self, planted: list[range], told: list[range]) -> None:
        """Count one text's."""
        a, b = ({at for part in parts for at in part} for parts in (planted, told))
        self.planted += len(a)
        self.told += len(b)
        self.both += len(a & b)


def aligned(archive: Archive, kind: str, texts: dict[str, str], step: int) -> list[Figure]:
    """Recall and precision of characters on both sides."""
    mine, its = Score(), Score()
    every = [(pair, parts) for pair, parts in spans(kind).items() if all(name in texts for name in pair)]
    for (text, source), parts in every[::step]:
        told: tuple[Passage, ...] = archive.compare(texts[text], texts[source]).passages
        mine.add([a for a, _ in parts], [range(p.start, p.end) for p in told])
        its.add([b for _, b in parts], [range(p.source_start, p.source_end) for p in told])
    both = Score()
    both.planted, both.told, both.both = (
        getattr(mine, name) + getattr(its, name) for name in ("planted", "told", "both")
    )
    return [
        Figure(f"planted {kind}, characters found", 100 * both.both / max(both.planted, 1), "%",
               note=f"{len(every[::step]):,} pairs of texts"),
        Figure("  of the characters told, planted", 100 * both.both / max(both.told, 1), "%"),
    ]


def retrieved(archive: Archive, texts: dict[str, str], step: int) -> Figure:
    """The share of texts taken from that are reported as sources; some texts took from two dozen."""
    own = Archive(Store.open(archive.store.client, COLLECTION))
    drain(own.put_many(d for d in documents("text_alignment") if "/src" in d.id))
    pairs = [pair for pair in spans("02-no-obfuscation") if all(name in texts for name in pair)][::step]
    found = 0
    for text, source in pairs:
        hit = source in {one.document for one in own.check(texts[text], limit=LISTED).sources}
        if not hit:
            progress(f"{text} is not reported to have taken from {source}")
        found += hit
    return Figure("texts taken from word for word, reported as sources", 100 * found / len(pairs), "%",
                  note=f"{len(pairs) - found} of {len(pairs)} missed")


def figures(archive: Archive, quick: bool) -> list[Figure]:
    """Alignment of every kind, and retrieval."""
    texts = {document.id: document.text for document in documents("text_alignment")}
    step = 20 if quick else 1
    out = [figure for kind in KINDS for figure in aligned(archive, kind, texts, step)]
    return [*out, retrieved(archive, texts, step)]

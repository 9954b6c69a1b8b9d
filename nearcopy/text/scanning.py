"""Texts scanned in a few kernel calls: their words, their paragraphs, their offsets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from threading import local

import numpy as np
from numpy.typing import NDArray

from nearcopy.errors import InputError
from nearcopy.kernel.scan import scan
from nearcopy.text.folding import table

Ints = NDArray[np.int32]

BATCH_CHARACTERS = 250_000
"""Whose code points are made together; of more, memory comes from the system and goes back each time."""

KEPT_ROOM = 40 << 20
"""Of four bytes, at most, that a thread keeps for its next scan: room for 7 million characters. Most
texts use, and touch, a small part of it."""

_NOTHING = np.empty(0, dtype=np.int32)
_kept = local()


@dataclass(frozen=True, slots=True)
class Scanned:
    """The words and paragraphs of T texts. Offsets are code points of the text they stand in.

    - ``hashes`` uint64[W]: of each word the hash of its fold; ``starts``, ``ends`` int32[W]
    - ``spans`` int32[P, 4]: of each paragraph start, end, first word, end word (words count over all texts)
    - ``text_words``, ``text_spans`` int64[T + 1]: where the words and paragraphs of each text begin
    """

    hashes: NDArray[np.uint64]
    starts: NDArray[np.int32]
    ends: NDArray[np.int32]
    spans: NDArray[np.int32]
    text_words: NDArray[np.int64]
    text_spans: NDArray[np.int64]

    def words_of(self, text: int) -> slice:
        """The words of one text."""
        return slice(int(self.text_words[text]), int(self.text_words[text + 1]))

    def spans_of(self, text: int) -> NDArray[np.int32]:
        """The paragraphs of one text, with words still counted over all texts."""
        return self.spans[self.text_spans[text] : self.text_spans[text + 1]]

    def one(self, text: int) -> Scanned:
        """One text, as if it had been scanned alone."""
        words, spans = self.words_of(text), self.spans_of(text).copy()
        spans[:, 2:] -= words.start
        return Scanned(
            self.hashes[words],
            self.starts[words],
            self.ends[words],
            spans,
            np.array([0, words.stop - words.start], dtype=np.int64),
            np.array([0, len(spans)], dtype=np.int64),
        )

    def copy(self) -> Scanned:
        """With arrays of its own."""
        return Scanned(*(getattr(self, name).copy() for name in self.__slots__))

    def span_bounds(self) -> NDArray[np.int64]:
        """``int64[P, 2]``: first and end word of each paragraph."""
        return self.spans[:, 2:4].astype(np.int64)

    def text_bounds(self) -> NDArray[np.int64]:
        """``int64[T, 2]``: first and end word of each text."""
        return np.stack([self.text_words[:-1], self.text_words[1:]], axis=1)


def scan_texts(texts: Sequence[str], *, passing: bool = False) -> Scanned:
    """Segment every text into paragraphs and words. Raises `InputError` on a lone surrogate.

    A word is a maximal run of letters, marks and digits; in scripts written without spaces every character
    is one. A paragraph is a block between blank lines; in a text without any, a line. What holds no word
    (a row of asterisks) is no paragraph. Where ``passing``, words and paragraphs may be read only until this
    thread scans so again: much text is scanned faster if its memory is always the same.
    """
    bounds = np.zeros(len(texts) + 1, dtype=np.int64)
    np.cumsum(np.fromiter(map(len, texts), dtype=np.int64, count=len(texts)), out=bounds[1:])
    size, longest = int(bounds[-1]), int(np.diff(bounds).max(initial=0))
    hashes, starts, ends, spans = _room(size, size // 2 + len(texts) + 1, kept=passing)
    lines = np.empty((longest // 2 + 2, 4), dtype=np.int32)
    text_words, text_spans = np.zeros_like(bounds), np.zeros_like(bounds)
    words = paragraphs = 0
    for first, stop in _batches(bounds):
        words, paragraphs = scan(
            code_points("".join(texts[first:stop])), bounds[first : stop + 1], *table(), hashes, starts, ends,
            lines, spans, text_words[first : stop + 1], text_spans[first : stop + 1], words, paragraphs,
        )
    found = Scanned(
        hashes[:words], starts[:words], ends[:words], spans[:paragraphs], text_words, text_spans
    )
    # Copied, for the room is several times as large, and would stay with whoever keeps a part of it
    return found if passing else found.copy()


def _batches(bounds: NDArray[np.int64]) -> Iterator[tuple[int, int]]:
    """The first text and the end of each batch."""
    first, texts = 0, len(bounds) - 1
    while first < texts:
        reached = np.searchsorted(bounds, bounds[first] + BATCH_CHARACTERS, side="right")
        stop = max(int(reached) - 1, first + 1)
        yield first, stop
        first = stop


def _room(words: int, spans: int, *, kept: bool) -> tuple[NDArray[np.uint64], Ints, Ints, Ints]:
    """Space for as many words and paragraphs as there could be. It is one block, which the C library or the
    thread keeps for the next scan; pages of several large ones would go back to the system and come again,
    zeroed."""
    size = 4 * (words + spans)
    room: Ints = getattr(_kept, "room", _NOTHING) if kept else _NOTHING
    if len(room) < size:
        room = np.empty(size, dtype=np.int32)
        if kept and size <= KEPT_ROOM:
            _kept.room = room
    hashes, starts, ends, rest, _ = np.split(room, (2 * words, 3 * words, 4 * words, size))
    return hashes.view(np.uint64), starts, ends, rest.reshape(spans, 4)


def code_points(text: str) -> NDArray[np.uint32]:
    """``uint32[len(text)]``. Raises `InputError` on a lone surrogate, which no encoding can carry."""
    try:
        return np.frombuffer(text.encode("utf-32-le"), dtype=np.uint32)
    except UnicodeEncodeError as error:
        raise InputError(
            f"the text holds a lone surrogate at character {error.start}: send whole Unicode characters",
            "text",
        ) from None

"""A batch of texts scanned in one kernel call: their words, their paragraphs, their offsets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nearcopy.errors import InputError
from nearcopy.kernel.scan import scan
from nearcopy.text.folding import table

Ints = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Scanned:
    """The words and paragraphs of a batch of T texts. Offsets are code points of the text they stand in.

    - ``hashes`` uint64[W]: of each word the hash of its fold; ``starts``, ``ends`` int32[W]
    - ``spans`` int32[P, 4]: of each paragraph start, end, first word, end word (words count over the batch)
    - ``text_words``, ``text_spans`` int64[T + 1]: where the words and paragraphs of each text begin
    """

    hashes: NDArray[np.uint64]
    starts: NDArray[np.int32]
    ends: NDArray[np.int32]
    spans: NDArray[np.int32]
    text_words: NDArray[np.int64]
    text_spans: NDArray[np.int64]

    def words_of(self, text: int) -> slice:
        """The words of one text of the batch."""
        return slice(int(self.text_words[text]), int(self.text_words[text + 1]))

    def spans_of(self, text: int) -> NDArray[np.int32]:
        """The paragraphs of one text, with words still counted over the batch."""
        return self.spans[self.text_spans[text] : self.text_spans[text + 1]]

    def one(self, text: int) -> Scanned:
        """One text of the batch, as if it had been scanned alone."""
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

    def span_bounds(self) -> NDArray[np.int64]:
        """``int64[P, 2]``: first and end word of each paragraph."""
        return self.spans[:, 2:4].astype(np.int64)

    def text_bounds(self) -> NDArray[np.int64]:
        """``int64[T, 2]``: first and end word of each text."""
        return np.stack([self.text_words[:-1], self.text_words[1:]], axis=1)


def scan_texts(texts: Sequence[str]) -> Scanned:
    """Segment every text into paragraphs and words. Raises `InputError` on a lone surrogate.

    A word is a maximal run of letters, marks and digits; in scripts written without spaces every character
    is one. A paragraph is a block between blank lines; in a text without any, a line. What holds no word
    (a row of asterisks) is no paragraph.
    """
    codes = code_points("".join(texts))
    bounds = np.zeros(len(texts) + 1, dtype=np.int64)
    np.cumsum(np.fromiter(map(len, texts), dtype=np.int64, count=len(texts)), out=bounds[1:])
    longest = int(np.diff(bounds).max(initial=0))
    hashes, starts, ends, spans = _room(codes.size, codes.size // 2 + len(texts) + 1)
    lines = np.empty((longest // 2 + 2, 4), dtype=np.int32)
    text_words, text_spans = np.empty_like(bounds), np.empty_like(bounds)
    words, paragraphs = scan(
        codes, bounds, *table(), hashes, starts, ends, lines, spans, text_words, text_spans
    )
    # Copied, for the room is several times as large, and would stay with whoever keeps a part of it
    return Scanned(
        hashes[:words].copy(), starts[:words].copy(), ends[:words].copy(), spans[:paragraphs].copy(),
        text_words, text_spans,
    )


def joined(parts: Sequence[Scanned]) -> Scanned:
    """Batches, one at least, as if their texts had been scanned together."""
    words = np.cumsum([0, *(len(part.hashes) for part in parts)])
    spans = np.cumsum([0, *(len(part.spans) for part in parts)])
    whole = Scanned(
        np.concatenate([part.hashes for part in parts]),
        np.concatenate([part.starts for part in parts]),
        np.concatenate([part.ends for part in parts]),
        np.concatenate([part.spans for part in parts]),
        _followed([part.text_words for part in parts], words),
        _followed([part.text_spans for part in parts], spans),
    )
    whole.spans[:, 2:] += np.repeat(words[:-1], np.diff(spans)).astype(np.int32)[:, None]
    return whole


def _followed(bounds: Sequence[NDArray[np.int64]], before: NDArray[np.int64]) -> NDArray[np.int64]:
    """The bounds of batches, of which so many entries stand before each, as those of one."""
    moved = [one[:-1] + first for one, first in zip(bounds, before[:-1], strict=True)]
    return np.concatenate([*moved, before[-1:]])


def code_points(text: str) -> NDArray[np.uint32]:
    """``uint32[len(text)]``. Raises `InputError` on a lone surrogate, which no encoding can carry."""
    try:
        return np.frombuffer(text.encode("utf-32-le"), dtype=np.uint32)
    except UnicodeEncodeError as error:
        raise InputError(
            f"the text holds a lone surrogate at character {error.start}: send whole Unicode characters",
            "text",
        ) from None


def _room(words: int, spans: int) -> tuple[NDArray[np.uint64], Ints, Ints, Ints]:
    """Space for as many words and paragraphs as there could be. It is one block, which the C library keeps
    for the next batch; pages of several large ones would go back to the system and come again, zeroed."""
    room = np.empty(4 * (words + spans), dtype=np.int32)
    hashes, starts, ends, rest = np.split(room, (2 * words, 3 * words, 4 * words))
    return hashes.view(np.uint64), starts, ends, rest.reshape(spans, 4)

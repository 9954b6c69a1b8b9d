"""How a character is read: its fold and its kind, as one table over all code points.

The fold makes equal what people read as equal: NFKD, full case folding, NFKD again (Unicode 3.13, "toNFKC_
Casefold" without the recomposition), so that case, ligatures, full-width forms and composed accents never
matter. The dotless i folds to i, as its capital does, and the dot above an i to nothing. Here U+0345 is kept
as a mark; it becomes the letter iota where it is hashed, when the marks stand in order. Characters unseen
(Cf, variation selectors, Hangul fillers, the Arabic tatweel) fold to nothing. Accents, vowel points and
harakat are kept: they tell words apart.

A mark belongs to the word before it, so in Thai, Lao, Khmer and Myanmar a word is a letter or sign with the
vowel signs and tones that Unicode calls marks; the letter below a Khmer coeng is a word of its own.

Unicode promises that neither normalization nor case folding of an assigned character ever changes, so a
newer Python only adds characters: an index stays valid.

Table entry, uint32: bits 0-20 the folded code point, or the index of an expansion; bits 21-23 the kind;
bit 24 set where the fold has several code points; bit 25 for a letter that folds to one letter; bit 26 for
all but those, spaces and what divides words. An expansion is stored as its length and its code points.
"""

from __future__ import annotations

import unicodedata
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

OTHER, LETTER, SINGLE, MARK, IGNORED, SPACE, NEWLINE, BREAK = range(8)
"""Kinds. SINGLE: a character that is a word by itself. BREAK: a paragraph separator."""

KIND_SHIFT = 21
EXPANDS, PLAIN_LETTER, NOT_PLAIN = 1 << 24, 1 << 25, 1 << 26
CODE_POINTS = 0x110000

_LISTED = ((0, 0x3400), (0x4DC0, 0x4E00), (0xA000, 0x20000), (0x2F800, 0x2FA20), (0xE0000, 0xE0200))
_PLAIN_HAN = ((0x3400, 0x4DC0), (0x4E00, 0xA000), (0x20000, 0x2F800), (0x2FA20, 0x40000))
"""Ideographs fold to themselves, those not yet assigned too; everything else is looked at one by one."""
_SINGLE_RANGES = (
    (0x0E00, 0x0F00),  # Thai, Lao
    (0x1000, 0x10A0),  # Myanmar
    (0x1780, 0x1800),  # Khmer
    (0x2E80, 0x2FE0),  # radicals
    (0x3005, 0x3008),  # iteration mark, closing mark, zero
    (0x3021, 0x302A),
    (0x3031, 0x3100),  # Hiragana, Katakana
    (0x31F0, 0x3200),
    (0x3400, 0x4DC0),  # Han
    (0x4E00, 0xA000),
    (0xA9E0, 0xAA00),  # Myanmar
    (0xAA60, 0xAA80),
    (0xF900, 0xFB00),
    (0x1AFF0, 0x1B170),  # Kana
    (0x20000, 0x40000),  # Han
)
_UNSEEN = {0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x3164, 0xFFA0, 0x0640, 0x2122, 0x2120}
_NEWLINES = {0x0A, 0x0B, 0x0C, 0x0D, 0x85, 0x2028}
_FOLDS = {"\u0345": "\u0345", "\u0131": "i"}
_UNDECOMPOSED = {0x0E33, 0x0EB3}
"""Thai and Lao AM would split into a mark of the character before it and a character of its own."""


class Table(NamedTuple):
    """`entries` uint32[0x110000] as above, `expansions` uint32[...], `order` uint8[0x110000]: the canonical
    combining class of every mark (0 for all else)."""

    entries: NDArray[np.uint32]
    expansions: NDArray[np.uint32]
    order: NDArray[np.uint8]


def fold_character(character: str) -> str:
    """The letters, marks and digits that one character counts as; empty where it is no part of a word.

    A symbol counts as its letters where it stands for nothing else: ㎏ but not ℃.
    """
    if _unseen(character):
        return ""
    whole = _normal_fold(character)
    kept = "".join(c for c in whole if unicodedata.category(c)[0] in "LMN" and not _unseen(c))
    return kept if kept == whole or unicodedata.category(character)[0] in "LMN" else ""


def kind_of(character: str) -> int:
    """OTHER, LETTER, SINGLE, MARK, IGNORED, SPACE, NEWLINE or BREAK."""
    code = ord(character)
    if code in _NEWLINES:
        return NEWLINE
    if code == 0x2029:
        return BREAK
    if unicodedata.category(character) == "Zs" or code in (0x09, 0x1C, 0x1D, 0x1E, 0x1F):
        return SPACE
    if _unseen(character):
        return IGNORED
    fold = fold_character(character)
    if not fold:
        return OTHER
    if unicodedata.category(fold[0])[0] == "M":
        return MARK
    return SINGLE if any(low <= ord(fold[0]) < high for low, high in _SINGLE_RANGES) else LETTER


@cache
def table() -> Table:
    """The table of this Python's Unicode; built once in a tenth of a second."""
    entries = np.full(CODE_POINTS, OTHER << KIND_SHIFT, dtype=np.uint32)
    order = np.zeros(CODE_POINTS, dtype=np.uint8)
    expansions: list[int] = []
    for low, high in _PLAIN_HAN:
        entries[low:high] = SINGLE << KIND_SHIFT | np.arange(low, high, dtype=np.uint32)
    for low, high in _LISTED:
        for code in range(low, high):
            character = chr(code)
            if unicodedata.category(character) not in ("Cn", "Co", "Cs"):
                entries[code] = _entry(character, expansions)
                order[code] = unicodedata.combining(character)
    entries[entries >> KIND_SHIFT == LETTER] |= PLAIN_LETTER
    entries[~np.isin(entries >> KIND_SHIFT, (OTHER, SPACE, PLAIN_LETTER >> KIND_SHIFT | LETTER))] |= NOT_PLAIN
    return Table(entries, np.array(expansions, dtype=np.uint32), order)


def _entry(character: str, expansions: list[int]) -> int:
    kind, fold = kind_of(character), fold_character(character)
    if not fold:
        return kind << KIND_SHIFT
    if len(fold) == 1:
        return kind << KIND_SHIFT | ord(fold)
    expansions += [len(fold), *map(ord, fold)]
    return EXPANDS | kind << KIND_SHIFT | (len(expansions) - len(fold) - 1)


def _normal_fold(character: str) -> str:
    if ord(character) in _UNDECOMPOSED:
        return character
    whole = unicodedata.normalize("NFKD", character)
    return unicodedata.normalize("NFKD", "".join(_FOLDS.get(c) or c.casefold() for c in whole))


def _unseen(character: str) -> bool:
    code = ord(character)
    return (
        unicodedata.category(character) == "Cf"
        or code in _UNSEEN
        or 0xFE00 <= code <= 0xFE0F
        or 0x180B <= code <= 0x180F
        or 0xE0100 <= code <= 0xE01EF
    )

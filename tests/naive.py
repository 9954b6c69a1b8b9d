"""The slow, obvious oracle: what the kernels must answer, in plain Python and without any of their code.

Written for reading. Nothing here is fast: alignment takes the product of both texts' words.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import numpy as np
from datasketch import MinHash

MASK = 0xFFFFFFFFFFFFFFFF

# ---- text: characters, words, paragraphs

UNSEEN = "\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0\u0640\u2120\u2122" + "".join(
    map(chr, [*range(0x180B, 0x1810), *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)])
)
"""Joiners, fillers, variation selectors, the tatweel, ™ and ℠; and so is everything in category Cf."""

SPACELESS = (
    "THAI ", "LAO ", "KHMER ", "MYANMAR ", "CJK ", "KANGXI ", "HIRAGANA ", "KATAKANA", "HENTAIGANA ",
    "HANGZHOU ", "IDEOGRAPHIC ITERATION ", "IDEOGRAPHIC CLOSING ", "IDEOGRAPHIC NUMBER ",
    "VERTICAL IDEOGRAPHIC ", "VERTICAL KANA ", "MASU ",
)
"""How the names of characters begin that are words by themselves."""


class Word(NamedTuple):
    """Offsets of a word in its text, and what it folds to."""

    start: int
    end: int
    fold: str


class Paragraph(NamedTuple):
    """Offsets of a paragraph in its text, and its words as a range of the text's words."""

    start: int
    end: int
    first: int
    last: int


def unseen(character: str) -> bool:
    return unicodedata.category(character) == "Cf" or character in UNSEEN


def word_character(character: str) -> bool:
    return unicodedata.category(character)[0] in "LMN" and not unseen(character)


def decomposed(text: str) -> str:
    """NFKD, but Thai and Lao AM stay one character."""
    kept = {"\u0e33": "\ufdd0", "\u0eb3": "\ufdd1"}
    for am, placeholder in kept.items():
        text = text.replace(am, placeholder)
    text = unicodedata.normalize("NFKD", text)
    for am, placeholder in kept.items():
        text = text.replace(placeholder, am)
    return text


def fold(text: str) -> str:
    """What people read as equal folds to the same: Unicode's compatibility caseless matching, of the letters,
    marks and digits alone; and i with or without a dot is i."""
    seen = decomposed("".join(c for c in text if not unseen(c)))
    letters = decomposed("".join(c for c in seen if word_character(c)))
    return decomposed(letters.replace("\u0131", "i").casefold()).replace("i\u0307", "i")


@cache
def kind(character: str) -> str:
    """L a letter or digit, S one that is a word by itself, M a mark, - unseen, . anything else."""
    if unseen(character):
        return "-"
    whole = decomposed(character)
    letters = "".join(c for c in whole if word_character(c))
    if not letters or (letters != whole and not word_character(character)):
        return "."
    if unicodedata.category(letters[0])[0] == "M":
        return "M"
    return "S" if unicodedata.name(letters[0], "").startswith(SPACELESS) else "L"


def words(text: str) -> list[Word]:
    """Spaceless characters with their marks; runs of letters, digits and marks; across what is unseen."""
    kinds = "".join(map(kind, text))
    return [
        Word(found.start(), found.end(), fold(text[found.start() : found.end()]))
        for found in re.finditer(r"S(?:-*M)*|[LM](?:-*[LM])*", kinds)
    ]


def paragraphs(text: str) -> list[Paragraph]:
    """Blocks between blank lines; in a text without blank lines, lines. Those without a word are none."""
    lines: list[tuple[int, int, bool]] = []
    at = breaks = 0
    for piece in re.split("(\r\n|[\n\r\x0b\x0c\x85\u2028\u2029])", text):
        seen = [at + k for k, c in enumerate(piece) if not (c.isspace() or unseen(c))]
        if seen:
            lines.append((seen[0], seen[-1] + 1, breaks > 1))
            breaks = 0
        elif re.fullmatch("\r\n|[\n\r\x0b\x0c\x85\u2028\u2029]", piece):
            breaks += 2 if piece == "\u2029" else 1
        at += len(piece)
    blank = any(after_blank for _, _, after_blank in lines[1:])
    blocks: list[list[int]] = []
    for start, end, after_blank in lines:
        if not blocks or after_blank or not blank:
            blocks.append([start, end])
        blocks[-1][1] = end
    found = words(text)
    spans = []
    for start, end in blocks:
        inside = [k for k, word in enumerate(found) if start <= word.start < end]
        if inside:
            spans.append(Paragraph(start, end, inside[0], inside[-1] + 1))
    return spans


# ---- hashes, signatures, fingerprints


def mixed(value: int) -> int:
    """MurmurHash3's 64-bit finalizer."""
    value = (value ^ value >> 33) * 0xFF51AFD7ED558CCD & MASK
    value = (value ^ value >> 33) * 0xC4CEB9FE1A85EC53 & MASK
    return value ^ value >> 33


def word_hash(folded: str) -> int:
    state = 0x9E3779B97F4A7C15
    for character in folded:
        state = (state ^ ord(character)) * 0x100000001B3 & MASK
    return mixed(state)


def run_hash(hashes: Sequence[int]) -> int:
    """The hash of a run of words, their order included."""
    state = 0x9E3779B97F4A7C15
    for word in hashes:
        state = (state ^ word) * 0x9FB21C651E98DF25 & MASK
        state ^= state >> 32
    return mixed(state)


def runs(items: Sequence[int], size: int) -> list[tuple[int, ...]]:
    """Every run of ``size`` items; all of them as one where there are fewer; none where there are none."""
    if len(items) <= size:
        return [tuple(items)] if items else []
    return [tuple(items[k : k + size]) for k in range(len(items) - size + 1)]


def run_hashes(items: Sequence[int], size: int) -> list[int]:
    return [run_hash(run) for run in runs(items, size)]


def signature(hashes: Sequence[int], permutations: int, seed: int) -> np.ndarray:
    """datasketch's own ``affine32`` MinHash of 32-bit hashes."""
    minhash = MinHash(num_perm=permutations, seed=seed, scheme="affine32", hashfunc=lambda x: x)
    for value in hashes:
        minhash.update(value & 0xFFFFFFFF)
    return minhash.hashvalues


def winnowed(hashes: Sequence[int], window: int) -> list[int]:
    """Of each window the place of the least hash, the rightmost of equals; each place once (Schleimer and
    others 2003)."""
    places = []
    for begin in range(max(len(hashes) - window, 0) + 1 if hashes else 0):
        inside = range(begin, min(begin + window, len(hashes)))
        place = min(inside, key=lambda k: (hashes[k], -k))
        if not places or places[-1] != place:
            places.append(place)
    return places


def fingerprints(words: Sequence[int], gram: int, window: int) -> list[tuple[int, int]]:
    """The winnowed runs of a text, mixed once more, each with its context: a byte of the three words before
    it, read backwards, and a byte of the three after it."""
    if len(words) < gram:
        return []
    hashes = run_hashes(words, gram)
    out = []
    for place in winnowed(hashes, window):
        before, after = words[max(place - 3, 0) : place][::-1], words[place + gram : place + gram + 3]
        out.append((mixed(hashes[place]), (run_hash(before) & 255) << 8 | run_hash(after) & 255))
    return out


# ---- comparison of two lists of words


def common_runs(a: Sequence[int], b: Sequence[int], least: int) -> list[tuple[int, int, int]]:
    """All (start in a, start in b, words) of ``least`` or more that can be extended on neither side."""
    found = []
    for i in range(len(a)):
        for j in range(len(b)):
            if a[i] != b[j] or (i and j and a[i - 1] == b[j - 1]):
                continue
            size = 0
            while i + size < len(a) and j + size < len(b) and a[i + size] == b[j + size]:
                size += 1
            if size >= least:
                found.append((i, j, size))
    return found


def shared_words(a: Sequence[int], b: Sequence[int], least: int) -> tuple[set[int], set[int]]:
    """The places in a, and those in b, that lie in a common run of ``least`` or more words."""
    of_a: set[int] = set()
    of_b: set[int] = set()
    for i, j, size in common_runs(a, b, least):
        of_a.update(range(i, i + size))
        of_b.update(range(j, j + size))
    return of_a, of_b


def equal_words(a: Sequence[int], b: Sequence[int]) -> int:
    """The most words that both texts have in one order: the longest common subsequence."""
    row = [0] * (len(b) + 1)
    for word in a:
        before = row
        row = [0]
        for j, other in enumerate(b):
            row.append(before[j] + 1 if word == other else max(before[j + 1], row[j]))
    return row[-1]


def resemblance(a: Sequence[int], b: Sequence[int], size: int) -> float:
    """Jaccard of the sets of shingles (Broder 1997)."""
    of_a, of_b = set(runs(a, size)), set(runs(b, size))
    return len(of_a & of_b) / max(len(of_a | of_b), 1)

"""Text as it comes: every script and every nuisance that the engine promises to read through."""

from __future__ import annotations

import numba
from hypothesis import settings
from hypothesis import strategies as st

COMPILED = not numba.config.DISABLE_JIT

THOROUGH = settings(deadline=None, max_examples=400 if COMPILED else 8)
"""Uncompiled kernels are run for their bounds, which compiled ones do not check."""

LETTERS = [
    "a", "B", "i", "I", "İ", "ı", "ß", "ẞ", "é", "e\u0301", "ń\u0323", "ﬁ", "ĳ", "Ａ", "ﬃ", "ſ",
    "ŉ", "ª", "1", "２", "²",
    "Σ", "σ", "ς", "ᾳ", "ΐ", "Ώ", "Ж", "й", "и\u0306", "Ї", "א", "שׁ", "ש\u05c1", "ع", "ﻻ", "ﷺ",
    "क", "क़", "क्ष",
    "한", "한", "ㄱ", "ﾡ", "𝔄", "𐐀", "Ⅷ", "㎏",
]
SPACELESS = [
    "漢", "𠀀", "豈", "々", "か", "が", "か\u3099", "ガ", "ｶﾞ", "ー", "ก", "กำ", "กิ", "ຫຼ", "ຳ",
    "ក្ក", "កា", "မြ", "၁",
]
MARKS = [
    "\u0301", "\u0307", "\u0323", "\u0345", "\u05b0", "\u05bc", "\u064e", "\u0651", "ﹷ",
    "ﱞ", "\u093c", "\u20e3", "ͺ",
]
UNSEEN = [
    "\u00ad", "\u034f", "\u200b", "\u200c", "\u200d", "\u200e", "\u202e", "\u2060",
    "\u2067", "\ufe0f", "\ufeff", "ـ", "™",
]
BETWEEN = [
    "'", "’", "“", "«", "-", "–", "—", "…", "。", "·", "・", "℃", "®", "+", "\x00", "😀",
    "👨‍👩‍👧", "🇩🇪", "❤️", "\ue000",
]
SPACES = [" ", "  ", "\t", "\u00a0", "\u202f", "\u3000", "\u2009"]
NEWLINES = [
    "\n", "\r\n", "\r", "\n\n", "\n \u00a0\n", "\r\n\u200b\r\n", "\u2028", "\u2029",
    "\x0b", "\x0c", "\x85",
]

PIECES = LETTERS + SPACELESS + MARKS + UNSEEN + BETWEEN + 3 * SPACES + NEWLINES

any_characters = st.characters(exclude_categories=["Cs", "Cn"])
nasty = st.lists(st.one_of(st.sampled_from(PIECES), any_characters), max_size=60).map("".join)
"""Unassigned characters are left out: Unicode may still give them any meaning."""

PLAIN = ["a", "of", "the", "Council", "resolution", "NATO", "–", ",", ". ", " ", " ", " ", "“", "Время", "’s"]

plain = st.lists(st.sampled_from([*PLAIN * 9, *PIECES]), max_size=150).map("".join)
"""Long stretches of nothing remarkable, which kernels take another way, and what interrupts them."""

texts = st.one_of(nasty, plain)

VOCABULARY = ["the", "a", "sun", "sea", "rose", "fell", "over", "under", "red", "old", "man", "wind"]

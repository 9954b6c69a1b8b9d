"""Word hashes in; shingles, signatures, band hashes and fingerprints out."""

from __future__ import annotations

import numpy as np

from nearcopy.kernel.jit import inlined, kernel
from nearcopy.kernel.mixing import WORD_START, joined, mix
from nearcopy.parameters import CONTEXT

TOGETHER = 256
"""Runs of words that are hashed side by side; they stay near the processor."""


@inlined
def _fmix32(value):
    value ^= value >> np.uint32(16)
    value = np.uint32(value * np.uint32(0x85EBCA6B))
    value ^= value >> np.uint32(13)
    value = np.uint32(value * np.uint32(0xC2B2AE35))
    return np.uint32(value ^ (value >> np.uint32(16)))


@inlined
def _gram(words, first, size):
    state = WORD_START
    for k in range(size):
        state = joined(state, words[first + k])
    return mix(state)


@kernel("void(uint32[::1], uint32[::1], uint32[::1], uint32[::1])")
def permute(row, shingles, a, b):
    """``row[p] = min(row[p], a[p] * fmix32(s) + b[p] mod 2^32)`` over all shingle hashes: eight a pass, which
    stay in registers while the permutations go by as vectors."""
    h0 = h1 = h2 = h3 = h4 = h5 = h6 = h7 = np.uint32(0)
    size, done = shingles.size, 0
    while done < size:
        last = size - 1
        h0 = _fmix32(shingles[done])
        h1 = _fmix32(shingles[min(done + 1, last)])
        h2 = _fmix32(shingles[min(done + 2, last)])
        h3 = _fmix32(shingles[min(done + 3, last)])
        h4 = _fmix32(shingles[min(done + 4, last)])
        h5 = _fmix32(shingles[min(done + 5, last)])
        h6 = _fmix32(shingles[min(done + 6, last)])
        h7 = _fmix32(shingles[min(done + 7, last)])
        for p in range(row.size):
            x, y = a[p], b[p]
            low = min(np.uint32(x * h0 + y), np.uint32(x * h1 + y))
            low = min(low, min(np.uint32(x * h2 + y), np.uint32(x * h3 + y)))
            low = min(low, min(np.uint32(x * h4 + y), np.uint32(x * h5 + y)))
            low = min(low, min(np.uint32(x * h6 + y), np.uint32(x * h7 + y)))
            row[p] = min(row[p], low)
        done += 8


@kernel("void(uint64[::1], int64, int64, int64, uint64[::1])")
def gram_hashes(words, first, end, size, out):
    """The hash of every run of ``size`` words in ``words[first:end]``; where there are fewer, of them all."""
    if end - first < size:
        out[0] = _gram(words, first, end - first)
        return
    count = end - first - size + 1
    for begin in range(0, count, TOGETHER):
        # Step by step for all of them, which the compiler makes vectors of
        part = out[begin : min(begin + TOGETHER, count)]
        part[:] = WORD_START
        for step in range(size):
            piece = words[first + begin + step : first + begin + step + part.size]
            for k in range(part.size):
                part[k] = joined(part[k], piece[k])
        for k in range(part.size):
            part[k] = mix(part[k])


@kernel("void(uint64[::1], int64[:, ::1], int64, uint32[::1], uint32[::1], uint32[:, ::1])")
def sign(words, bounds, size, a, b, out):
    """Signatures of runs of words: ``out[u]`` of ``words[bounds[u, 0]:bounds[u, 1]]``, a run without words
    keeping the empty signature, all ones. The shingle hash of the scheme is the low half of the 64 bits."""
    longest = 1
    for unit in range(bounds.shape[0]):
        longest = max(longest, bounds[unit, 1] - bounds[unit, 0])
    grams, shingles = np.empty(longest, dtype=np.uint64), np.empty(longest, dtype=np.uint32)
    out[:] = np.uint32(0xFFFFFFFF)
    for unit in range(bounds.shape[0]):
        first, end = bounds[unit, 0], bounds[unit, 1]
        if end == first:
            continue
        count = max(end - first - size + 1, 1)
        gram_hashes(words, first, end, size, grams)
        for k in range(count):
            shingles[k] = np.uint32(grams[k] & np.uint64(0xFFFFFFFF))
        permute(out[unit], shingles[:count], a, b)


@kernel("void(uint64[::1], int64[:, ::1], int64[::1], uint32[:, ::1], int64, uint32[::1], uint32[::1], "
        "uint32[:, ::1])")
def sign_texts(words, bounds, text_spans, signatures, size, a, b, out):
    """Signatures of whole texts out of those of their paragraphs: a text's shingles are those of its
    paragraphs and those that cross a break, so only the latter are permuted again."""
    shingles = np.empty(max(words.size, 1), dtype=np.uint32)
    out[:] = np.uint32(0xFFFFFFFF)
    for text in range(text_spans.size - 1):
        begin, stop = text_spans[text], text_spans[text + 1]
        if begin == stop:
            continue
        first, end, count = bounds[begin, 0], bounds[stop - 1, 1], 0
        if end - first < size:
            shingles[0], count = np.uint32(_gram(words, first, end - first) & np.uint64(0xFFFFFFFF)), 1
        for unit in range(begin, stop):
            unit_first, unit_end = bounds[unit, 0], bounds[unit, 1]
            if unit_end - unit_first >= size:
                for p in range(a.size):
                    out[text, p] = min(out[text, p], signatures[unit, p])
            for k in range(max(unit_end - size + 1, unit_first), min(unit_end, end - size + 1)):
                shingles[count] = np.uint32(_gram(words, k, size) & np.uint64(0xFFFFFFFF))
                count += 1
        permute(out[text], shingles[:count], a, b)


@kernel("void(uint32[:, ::1], int64, int64, uint64, uint64[:, ::1])")
def band_hashes(signatures, bands, rows, salt, out):
    """``out[u, band]``: the hash of the band's rows of signature u, salted by the net and the band."""
    for unit in range(signatures.shape[0]):
        for band in range(bands):
            state = joined(salt, np.uint64(band + 1))
            for row in range(rows):
                state = joined(state, np.uint64(signatures[unit, band * rows + row]))
            out[unit, band] = mix(state)


@kernel("void(uint64[::1], int64[:, ::1], uint64[::1])")
def run_hashes(words, bounds, out):
    """One hash of each run of words, their order and number included."""
    for unit in range(bounds.shape[0]):
        out[unit] = _gram(words, bounds[unit, 0], bounds[unit, 1] - bounds[unit, 0])


@inlined
def _context(words, first, end, place, size):
    """Two bytes that tell of the `CONTEXT` words before the run at ``place`` and of those after it."""
    before, after = WORD_START, WORD_START
    for k in range(CONTEXT):
        if place - 1 - k >= first:
            before = joined(before, words[place - 1 - k])
        if place + size + k < end:
            after = joined(after, words[place + size + k])
    return np.uint16((mix(before) & np.uint64(0xFF)) << np.uint64(8) | (mix(after) & np.uint64(0xFF)))


@kernel("int64(uint64[::1], int64[::1], int64, int64, uint64[::1], uint16[::1], int64[::1])")
def winnow(words, text_words, size, window, out, out_context, out_bounds):
    """Winnowed fingerprints of every text (Schleimer, Wilkerson, Aiken 2003): of each ``window`` successive
    runs of ``size`` words the least hash, the last of equals. A text with fewer runs gives its least one,
    with fewer words than ``size`` none. A fingerprint is that hash, mixed once more.
    ``out_context``: what stands before (upper byte) and after each (lower).
    ``out_bounds[t]``: where those of text t begin. Returns how many."""
    grams, found = np.empty(max(words.size, 1), dtype=np.uint64), 0
    for text in range(text_words.size - 1):
        out_bounds[text] = found
        first, end = text_words[text], text_words[text + 1]
        count = end - first - size + 1
        if count < 1:
            continue
        gram_hashes(words, first, end, size, grams)
        least = -1
        for stop in range(min(window, count), count + 1):
            begin = max(stop - window, 0)
            if least < begin:
                least = begin
                for k in range(begin + 1, stop):
                    if grams[k] <= grams[least]:
                        least = k
            elif grams[stop - 1] <= grams[least]:
                least = stop - 1
            else:
                continue
            # The least hashes crowd near 0, and so would the pages that they fall into.
            out[found] = mix(grams[least])
            out_context[found] = _context(words, first, end, first + least, size)
            found += 1
    out_bounds[text_words.size - 1] = found
    return found

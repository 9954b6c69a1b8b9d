"""Buckets in; the documents that meet in them out."""

from __future__ import annotations

from nearcopy.kernel.jit import kernel


@kernel("int64(int64[::1], uint64[::1], int64[::1], int64[::1], int64, int64, int64[::1], int64[::1])")
def meet_beside(order, runs, words, starts, cap, near, out, out_words):
    """The documents of paragraphs that share a bucket, but not all their words: pairs as `meet` gives them,
    and how many words the shorter of the two paragraphs has. Entries are of a paragraph each, with the hash
    of its ``runs``; a document does not meet itself. None is written where ``out`` is empty."""
    found = 0
    for bucket in range(starts.size - 1):
        first, end = starts[bucket], starts[bucket + 1]
        reach = end - first if end - first <= cap else near
        for i in range(first, end - 1):
            for j in range(i + 1, min(i + reach, end - 1) + 1):
                if order[i] == order[j] or runs[i] == runs[j]:
                    continue
                if out.size:
                    low, high = min(order[i], order[j]), max(order[i], order[j])
                    out[found], out_words[found] = low << 32 | high, min(words[i], words[j])
                found += 1
    return found

"""Buckets in; the documents that meet in them out."""

from __future__ import annotations

from nearcopy.kernel.jit import kernel


@kernel("int64(int64[::1], int64[::1], int64, int64, int64[::1])")
def meet(order, starts, cap, near, out):
    """The pairs of every bucket, as lesser number << 32 | greater one.

    Bucket k is ``order[starts[k]:starts[k + 1]]``. One of more than ``cap`` pairs each only with the ``near``
    that follow. Returns how many there are; none is written where ``out`` is empty.
    """
    found = 0
    for bucket in range(starts.size - 1):
        first, end = starts[bucket], starts[bucket + 1]
        reach = end - first if end - first <= cap else near
        for i in range(first, end - 1):
            last = min(i + reach, end - 1)
            if out.size == 0:
                found += last - i
                continue
            for j in range(i + 1, last + 1):
                low, high = min(order[i], order[j]), max(order[i], order[j])
                out[found] = low << 32 | high
                found += 1
    return found


@kernel("int64(int64[::1], uint16[::1], int64[::1], int64, int64, int64[::1])")
def meet_in_context(order, contexts, starts, cap, near, out):
    """`meet`, of fingerprints: only documents whose entries have one byte of the context in common; one that
    is twice in a bucket does not meet itself."""
    found = 0
    for bucket in range(starts.size - 1):
        first, end = starts[bucket], starts[bucket + 1]
        reach = end - first if end - first <= cap else near
        for i in range(first, end - 1):
            for j in range(i + 1, min(i + reach, end - 1) + 1):
                differ = contexts[i] ^ contexts[j]
                if order[i] == order[j] or (differ & 0xFF and differ >> 8):
                    continue
                if out.size:
                    low, high = min(order[i], order[j]), max(order[i], order[j])
                    out[found] = low << 32 | high
                found += 1
    return found


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

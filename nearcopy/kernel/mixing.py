"""Hash mixing shared by the kernels."""

from __future__ import annotations

import numpy as np

from nearcopy.kernel.jit import inlined

WORD_START = np.uint64(0x9E3779B97F4A7C15)
WORD_STEP = np.uint64(0x100000001B3)


@inlined
def mix(value):
    """MurmurHash3's 64-bit finalizer: a bijection in which every input bit reaches every output bit."""
    value ^= value >> np.uint64(33)
    value *= np.uint64(0xFF51AFD7ED558CCD)
    value ^= value >> np.uint64(33)
    value *= np.uint64(0xC4CEB9FE1A85EC53)
    return value ^ (value >> np.uint64(33))


@inlined
def joined(state, word):
    """Fold one more word hash into the hash of a run of words; the order counts."""
    state = (state ^ word) * np.uint64(0x9FB21C651E98DF25)
    return state ^ (state >> np.uint64(32))

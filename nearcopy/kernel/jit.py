"""The one file that imports Numba.

A kernel's types are its Numba signature, which annotations could only repeat less exactly: it carries none,
and is ``Callable[..., Any]`` to its callers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import numba

Kernel = Callable[..., Any]


def kernel(*signatures: str) -> Callable[[Kernel], Kernel]:
    """Compile a function when its module is imported: cached on disk, without the GIL, unchecked bounds."""
    compiled = numba.njit(list(signatures), cache=True, nogil=True, error_model="numpy")
    return cast("Callable[[Kernel], Kernel]", compiled)


def inlined(function: Kernel) -> Kernel:
    """A helper that exists only inside kernels; compiled into each of them."""
    return cast("Kernel", numba.njit(inline="always", error_model="numpy")(function))

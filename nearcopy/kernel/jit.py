"""The one file that imports Numba."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

F = TypeVar("F", bound=Callable[..., Any])


def kernel(*signatures: str) -> Callable[[F], F]:
    """Compile a function when its module is imported: cached on disk, without the GIL, unchecked bounds."""
    return cast("Callable[[F], F]", numba.njit(list(signatures), cache=True, nogil=True, error_model="numpy"))


def inlined(function: F) -> F:
    """A helper that exists only inside kernels of its own module; compiled into each of them."""
    return cast("F", numba.njit(inline="always", error_model="numpy")(function))

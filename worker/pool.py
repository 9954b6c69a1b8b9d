"""What the parts of a rebuild run on: processes of this machine, or those of a Dask cluster."""

from __future__ import annotations

import ctypes
import gc
import multiprocessing
import os
import signal
from collections.abc import Iterator, Sequence
from concurrent.futures import BrokenExecutor, CancelledError, Executor, ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from nearcopy.errors import InputError
from worker.mortal import die_with

if TYPE_CHECKING:
    from distributed import Client

NICE = 10
"""How much the processes stand back: a service on the same machine goes first."""

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
"""Of ``mallopt`` in malloc.h."""

KEPT_BYTES = 64 << 20
"""Of memory that is free, at most, a process does not give back."""

GARBAGE = 50_000
"""Objects that come, beyond those that go, before a process looks for cycles."""

CONNECT_SECONDS = 15.0
"""Longest time to reach the scheduler of a Dask cluster."""


@contextmanager
def pool(processes: int) -> Iterator[Executor]:
    """Processes that die with this one, that stand back for others, and that Ctrl-C does not reach.

    They have the kernels from the start, for they are forked; all of them at once, so this must be entered
    before any thread begins, whose locks they would inherit. An exception inside kills them: what they were
    writing is not finished, and is not missed.
    """
    # What is there now is garbage in none of them, and documents hold no cycles: to look through all of it
    # again and again takes long
    often = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(GARBAGE)
    context = multiprocessing.get_context("fork")
    executor = ProcessPoolExecutor(processes, context, _begin, (os.getpid(),))
    try:
        executor.submit(os.getpid).result()
        yield executor
    except BaseException:
        for process in list((executor._processes or {}).values()):
            process.kill()
        raise
    finally:
        executor.shutdown(cancel_futures=True)
        gc.set_threshold(*often)
        gc.unfreeze()


def _begin(parent: int) -> None:
    die_with(parent)
    # Arrays of each part come and go: kept, their memory need not be zeroed by the system again and again
    ctypes.CDLL(None).mallopt(M_TRIM_THRESHOLD, KEPT_BYTES)
    ctypes.CDLL(None).mallopt(M_MMAP_THRESHOLD, KEPT_BYTES // 2)
    os.nice(NICE)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


@contextmanager
def dask(address: str, paths: Sequence[Path]) -> Iterator[Executor]:
    """The workers of a Dask cluster. Raises `InputError` where there is none, where it has no workers, or
    where one of them does not see the ``paths``: the folder, and the archives."""
    try:
        from distributed import Client
    except ImportError:
        raise InputError("--dask needs more packages: pip install 'nearcopy[dask]'", "dask") from None
    try:
        client = Client(  # type: ignore[no-untyped-call]
            address, timeout=CONNECT_SECONDS, set_as_default=False
        )
    except (OSError, ValueError) as error:
        raise InputError(f"--dask: there is no scheduler at {address}: {error}", "dask") from None
    with client:
        _check(client, address, paths)
        yield client.get_executor(pure=False)  # type: ignore[no-untyped-call]


def is_death(error: Exception) -> bool:
    """Whether it says that a process of the pool or the cluster died, and not that a part failed in it."""
    of_dask = type(error).__module__.startswith("distributed.")
    return of_dask or isinstance(error, BrokenExecutor | CancelledError)


def _check(client: Client, address: str, paths: Sequence[Path]) -> None:
    try:
        found = client.run(_missing, [str(path) for path in paths])
    except Exception as error:  # noqa: BLE001 - whatever a worker raises
        raise InputError(
            f"--dask: the workers of {address} cannot do this: {error!r}; they need the same version of "
            "nearcopy[worker] as this machine", "dask",
        ) from None
    if not found:
        raise InputError(f"--dask: the scheduler at {address} has no workers: start some", "dask")
    for worker, missing in found.items():
        if missing:
            raise InputError(
                f"--dask: worker {worker} has no {missing[0]}: --folder and the archives must lie on a file "
                "system that all workers share, under the same path", "dask",
            )


def _missing(paths: Sequence[str]) -> list[str]:
    return [path for path in paths if not os.path.exists(path)]

"""Kernels are compiled when they are imported, once for all processes, and leave other threads running."""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest
from numba.core.dispatcher import Dispatcher

from nearcopy import check, kernel
from nearcopy.lsh import buckets_of
from nearcopy.parameters import Parameters
from nearcopy.text.scanning import scan_texts
from tests.unit.texts import COMPILED

ROOT = Path(__file__).parents[3]


def kernels() -> dict[str, Dispatcher]:
    """Every kernel by name; what is inlined into others has no compiled code of its own."""
    return {
        f"{module.name}.{name}": function
        for module in pkgutil.iter_modules(kernel.__path__)
        for name, function in vars(importlib.import_module(f"{kernel.__name__}.{module.name}")).items()
        if isinstance(function, Dispatcher)
        and function.py_func.__module__ == f"{kernel.__name__}.{module.name}"
        and function.targetoptions.get("inline") != "always"
    }


pytestmark = pytest.mark.skipif(not COMPILED, reason="nothing is compiled")


def test_every_kernel_leaves_other_threads_running() -> None:
    assert len(kernels()) > 10
    assert {name for name, one in kernels().items() if not one.targetoptions.get("nogil")} == set()


def test_every_kernel_is_compiled_for_its_one_signature_and_never_again() -> None:
    assert {name: len(one.signatures) for name, one in kernels().items() if len(one.signatures) != 1} == {}
    assert {name for name, one in kernels().items() if one._can_compile} == set()


def test_work_compiles_nothing() -> None:
    before = {name: list(one.overloads) for name, one in kernels().items()}
    buckets_of(scan_texts(["One text to sign.", "Another", ""]), Parameters(bands=7, rows=5, shingle=2))
    check.compare("one text of words " * 9, "one text of many words " * 9, Parameters(), min_words=3)
    assert {name: list(one.overloads) for name, one in kernels().items()} == before


COUNT = """
import json
from nearcopy.archive import warm_up
from tests.unit.kernel.test_compiled import kernels
warm_up()
stats = [one.stats for one in kernels().values()]
hits, misses = ([sum(found.values()) for found in kind] for kind in zip(*((s[1], s[2]) for s in stats)))
print(json.dumps([sum(hits), sum(misses)]))
"""


def test_a_second_process_compiles_nothing() -> None:
    """This one compiled each kernel where it had to; another takes each from the cache."""
    counted = subprocess.run(
        [sys.executable, "-c", COUNT], cwd=ROOT, check=True, timeout=300, stdout=subprocess.PIPE
    )
    assert json.loads(counted.stdout) == [len(kernels()), 0]


def test_uncompiled_kernels_stay_in_bounds() -> None:
    """The same tests in plain Python, where an index out of bounds is an error; integers may wrap."""
    tests = ["text", "test_signature.py", "test_lsh.py", "test_align.py", "kernel/test_pairs_kernel.py"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-W", "ignore:overflow encountered",
         *(str(ROOT / "tests" / "unit" / name) for name in tests)],
        cwd=ROOT, env=os.environ | {"NUMBA_DISABLE_JIT": "1"}, check=False, timeout=300,
        stdout=subprocess.PIPE, text=True,
    )
    assert done.returncode == 0, done.stdout[-4000:]

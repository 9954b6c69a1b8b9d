"""A rebuild on a Dask cluster: a real scheduler and two real workers, each a process."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest
from distributed import Client

from nearcopy.archive import Archive
from nearcopy.errors import InputError
from service.cli.exits import Exit
from tests.contract.serving import free_port
from tests.e2e.running import run
from tests.integration import searching
from tests.integration.auditor import audit
from tests.integration.rebuilding import articles, at, rebuilt, written
from worker import pool

ARCHIVE = articles(80)
EXPECTED = {one.id: one for one in ARCHIVE}
ROOT = Path(__file__).parents[2]


class Cluster:
    """A scheduler and two workers of one thread, on the loopback; ``workers`` can be killed."""

    def __init__(self, folder: Path) -> None:
        port = str(free_port())
        self.address = f"tcp://127.0.0.1:{port}"
        self._folder = folder
        at = "--host", "127.0.0.1", "--no-dashboard"
        self.scheduler = self._start("dask_scheduler", *at, "--port", port)
        one = "dask_worker", self.address, *at, "--nthreads", "1", "--no-nanny", "--local-directory"
        self.workers = [self._start(*one, str(folder / name)) for name in ("a", "b")]
        with Client(self.address, timeout=60, set_as_default=False) as client:
            client.wait_for_workers(2, timeout=60)

    def _start(self, module: str, *options: str) -> subprocess.Popen[bytes]:
        with (self._folder / "log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", f"distributed.cli.{module}", *options], stdout=log, stderr=log,
                cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)},
            )

    def end(self) -> None:
        for process in (*self.workers, self.scheduler):
            process.kill()
            process.wait()


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    made = Cluster(tmp_path_factory.mktemp("dask"))
    yield made
    made.end()


def test_one_process_four_and_dask_make_the_same_parts(
    archive: Archive, tmp_path: Path, cluster: Cluster
) -> None:
    path = written(tmp_path / "a.jsonl", ARCHIVE)
    made: list[dict[str, bytes]] = []
    with ExitStack() as stack:
        executors: list[Executor] = [
            stack.enter_context(pool.pool(4)),  # first, for it is forked
            stack.enter_context(ThreadPoolExecutor(1)),
            stack.enter_context(pool.dask(cluster.address, [tmp_path, path])),
        ]
        for number, executor in enumerate(executors):
            folder = tmp_path / str(number)

            def keep(folder: Path = folder) -> None:
                made.append({file.name: file.read_bytes() for file in folder.glob("*.part")})

            rebuilt(archive, path, folder, executor, audit=0, progress=at("send", 0, keep))
            audit(archive, EXPECTED)
    assert len(made[0]) > 70
    assert made[0] == made[1] == made[2]


def test_the_command_runs_on_the_cluster(
    redis_url: str, collection: str, tmp_path: Path, cluster: Cluster
) -> None:
    path = written(tmp_path / "a.jsonl", ARCHIVE)
    done = run(
        "rebuild", str(path), "--dask", cluster.address, "--folder", str(tmp_path / "shared"), "--grace", "0",
        NEARCOPY_REDIS_URL=redis_url, NEARCOPY_COLLECTION=collection,
    )
    assert done.code == Exit.DONE, done.err
    with Archive.open(redis_url, collection) as archive:
        audit(archive, EXPECTED)


def test_copies_are_found_on_the_cluster(tmp_path: Path, cluster: Cluster) -> None:
    path = written(tmp_path / "a.jsonl", searching.articles(60))
    made = []
    with ThreadPoolExecutor(1) as one, pool.dask(cluster.address, [tmp_path, path]) as many:
        for number, executor in enumerate([one, many]):
            folder = tmp_path / str(number)
            searching.searched(path, folder, executor, containment=0.7)
            made.append({file.name: file.read_bytes() for file in folder.glob("*.part")})
    assert len(made[0]) > 40
    assert made[0] == made[1]


def test_what_the_workers_do_not_see_is_told_before_anything_starts(tmp_path: Path, cluster: Cluster) -> None:
    with (
        pytest.raises(InputError, match=f"has no {tmp_path}/elsewhere: --folder and the archives must"),
        pool.dask(cluster.address, [tmp_path, tmp_path / "elsewhere"]),
    ):
        pass


def test_a_worker_that_is_killed_is_no_end(archive: Archive, tmp_path: Path, cluster: Cluster) -> None:
    path = written(tmp_path / "a.jsonl", ARCHIVE)
    with pool.dask(cluster.address, [tmp_path]) as executor:
        rebuilt(archive, path, tmp_path / "f", executor, progress=at("pack", 5, cluster.workers[0].kill))
    audit(archive, EXPECTED)

"""Files sent to the real service, and the processes that read them when it ends, in whatever way."""

from __future__ import annotations

import threading
import time

import httpx
import psutil

from tests.contract.serving import Service
from tests.ending import still_running
from tests.unit.extract.made import OTHER, WORDS, deep_page, letter, pdf

PATIENCE = 20.0
"""Seconds within which a process has begun or ended."""


def readers_of(service: Service) -> list[psutil.Process]:
    """The processes that read files for it."""
    found = psutil.Process(service.process.pid).children(recursive=True)
    return [process for process in found if "service.uploads.child" in " ".join(process.cmdline())]


def send_endless(service: Service) -> threading.Thread:
    """Send a page that keeps a process busy for minutes, and do not wait for the answer."""

    def send() -> None:
        page, headers = deep_page(300_000), {"Content-Type": "text/html"}
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            try:
                httpx.post(f"{service.address}/v1/check", content=page, headers=headers, timeout=PATIENCE * 2)
            except httpx.ConnectError:
                # The next worker is not there yet
                time.sleep(0.05)
            except httpx.TransportError:
                return

    thread = threading.Thread(target=send)
    thread.start()
    return thread


def until_busy(service: Service) -> list[psutil.Process]:
    """The processes, once one of them has been busy for a while."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        found = readers_of(service)
        if any(process.cpu_times().user > 1.0 for process in found):
            return found
        time.sleep(0.05)
    raise AssertionError("no process is busy")


def test_no_process_outlives_what_it_works_for(redis_url: str, collection: str) -> None:
    # They may read for longer than any test waits
    with Service(redis_url, collection, extract_seconds="600") as service:
        before = readers_of(service)
        assert len(before) == 1
        for data, name in ((letter(WORDS, OTHER), "a.docx"), (pdf([[WORDS]]), "a.pdf")):
            form = {"files": {"file": (name, data)}, "data": {"return_text": "true"}}
            report = httpx.post(f"{service.address}/v1/check", timeout=PATIENCE, **form).json()
            assert report["text"].startswith(WORDS)
        assert readers_of(service) == before

        # A worker is killed; another one takes its place, with a process of its own
        sender = send_endless(service)
        processes = until_busy(service)
        [worker] = psutil.Process(service.process.pid).children()
        worker.kill()
        assert_gone(processes)
        sender.join()

        # And then all of the service is
        sender = send_endless(service)
        processes = until_busy(service)
        for process in (*psutil.Process(service.process.pid).children(), service.process):
            process.kill()
        assert_gone(processes)
        sender.join()


def assert_gone(processes: list[psutil.Process]) -> None:
    """They have ended, or do soon."""
    assert processes
    assert still_running(processes, PATIENCE) == []

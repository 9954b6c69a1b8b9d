"""What the real service tells Prometheus: of all its processes, whichever is asked, also without Redis."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path

import httpx
import psutil
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.conftest import Server
from tests.contract.serving import Service
from tests.waiting import until

CHECKS = 20
SECONDS = 30.0
TEXT = "The council voted on Monday to keep the old ferry running until the new bridge opens in the spring."


def scrape(service: Service) -> dict[str, float]:
    """Every sample, by its name and its labels in their order, as any of the processes tells it."""
    answer = httpx.get(f"{service.address}/metrics", timeout=30)
    assert answer.status_code == 200, answer.text
    samples = (one for family in text_string_to_metric_families(answer.text) for one in family.samples)
    return {" ".join((one.name, *dict(sorted(one.labels.items())).values())): one.value for one in samples}


def answers(service: Service) -> bool:
    """Whether a worker takes connections."""
    try:
        return httpx.get(f"{service.address}/healthz", timeout=5).status_code == 200
    except httpx.TransportError:
        return False


def test_any_process_tells_of_all_even_of_those_that_died(
    new_server: Callable[[], Server], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders = tmp_path / "tmp"
    folders.mkdir()
    monkeypatch.setenv("TMPDIR", str(folders))
    server = new_server()
    with Service(server.url, "press", workers="2") as service:
        httpx.put(f"{service.address}/v1/documents/a", json={"text": TEXT})
        for _ in range(CHECKS):
            assert httpx.post(f"{service.address}/v1/check", json={"text": TEXT}).status_code == 200
        httpx.request("MADE-UP", f"{service.address}/made/up")
        route = "nearcopy_requests_total POST /v1/check 200"
        until(lambda: scrape(service).get(route) == CHECKS)
        for told in [scrape(service) for _ in range(8)]:
            assert told[route] == CHECKS
            assert told["nearcopy_request_seconds_count /v1/check"] == CHECKS
            for stage in ("segment", "sign", "look_up", "fetch", "align", "judge"):
                assert told[f"nearcopy_check_stage_seconds_count {stage}"] == CHECKS
                assert told[f"nearcopy_check_stage_seconds_sum {stage}"] > 0
            for figure in ("candidates", "verified", "matches"):
                assert told[f"nearcopy_check_{figure}_sum"] == CHECKS
            assert told["nearcopy_requests_total OTHER - 404"] == 1
            assert told["nearcopy_requests_in_flight"] == 1
            # The text's nets and the document at least
            assert told["nearcopy_redis_round_trips_total"] >= 2 * CHECKS
            assert told["nearcopy_redis_sent_bytes_total"] > 1000 * CHECKS
            assert told["nearcopy_redis_net_input_bytes_total"] >= told["nearcopy_redis_sent_bytes_total"]
            for held in ("documents", "paragraphs", "generation"):
                assert told[f"nearcopy_index_{held} press"] == 1
            assert told["nearcopy_redis_up"] == told["nearcopy_collections"] == 1
            assert told["nearcopy_redis_memory_used_bytes"] > 0
            state = ("queue_length", "queue_workers", "rebuild_running press")
            assert [told[f"nearcopy_{name}"] for name in state] == [0, 0, 0]

        with socket.create_connection(("127.0.0.1", service.port)) as line:
            line.sendall(b"POST /v1/check HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                         b"Content-Length: 100\r\n\r\n{")
            until(lambda: scrape(service)["nearcopy_requests_in_flight"] == 2)
            workers = psutil.Process(service.process.pid).children()
            for worker in workers:
                worker.kill()
            psutil.wait_procs(workers, SECONDS)
        until(lambda: answers(service))
        told = scrape(service)
        assert (told[route], told["nearcopy_requests_in_flight"]) == (CHECKS, 1)

        server.kill()
        told = scrape(service)
        assert (told[route], told["nearcopy_redis_up"]) == (CHECKS, 0)
        assert "nearcopy_queue_length" not in told
    assert list(folders.glob("nearcopy-metrics-*")) == []

"""The benchmarks' own arithmetic, and one of them run for real."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from pathlib import Path

import redis

from bench.common import Figure, plain_words, quantile, round_trips, rounds
from bench.excerpts import Planted, excerpt, holds

ROOT = Path(__file__).parents[2]


def test_a_figure_meets_its_target_on_the_right_side() -> None:
    assert Figure("a", 100, least=100).met is True
    assert Figure("a", 99.9, least=100).met is False
    assert Figure("a", 3, most=3).met is True
    assert Figure("a", 3.1, most=3).met is False
    assert Figure("a", 3).met is None
    assert "MISSED" in Figure("a", 3.1, "ms", most=3).line()
    assert "<= 3" in Figure("a", 3.1, "ms", most=3).line()


def test_quantile_is_the_value_that_the_share_stays_under() -> None:
    values = [float(k) for k in range(100)]
    random.Random(1).shuffle(values)
    assert quantile(values, 0.99) == 99
    assert quantile(values, 0.5) == 50
    assert quantile([7.0], 0.99) == 7


def test_calls_take_turns() -> None:
    order: list[str] = []
    taken = rounds({"a": lambda: order.append("a"), "b": lambda: order.append("b")}, 3)
    assert order == ["a", "b"] * 3
    assert set(taken) == {"a", "b"}


def test_round_trips_counts_waits_and_not_commands(redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        client.ping()
        with round_trips() as counted:
            client.get("a")
            with client.pipeline(transaction=False) as batch:
                batch.get("a").get("b").get("c").execute()
        client.get("a")
    assert counted == [2]


def test_an_excerpt_is_held_by_its_text_and_by_no_other() -> None:
    text = "\n\n".join(f"Wort{k} — «Satz» {k}, and more; of {k * k} things." for k in range(40))
    run = excerpt(text, 25, random.Random(2))
    assert run is not None
    assert len(plain_words(run)) == 25
    assert holds(text, run)
    assert not holds(text.replace("things", "thing"), run)
    assert excerpt(text, 10_000, random.Random(2)) is None
    foreign = " ".join(f"foreign{k}" for k in range(60))
    assert holds(Planted("a", run, foreign).text(0, random.Random(3)), run)
    worn = plain_words(Planted("a", run, foreign).text(1, random.Random(3)))
    assert len(worn) == 60 + 25
    assert not set(plain_words(run)) & set(worn)


def test_every_command_is_in_the_readme() -> None:
    readme = (ROOT / "bench" / "README.md").read_text()
    programs = [path.stem for path in (ROOT / "bench").glob("*.py") if "__main__" in path.read_text()]
    assert sorted(programs) == [
        "check", "clustering", "clusters", "index", "rebuild", "rebuilding", "recall", "roundups", "service",
        "signing", "soak",
    ]
    for name in programs:
        assert f"python -m bench.{name}" in readme


def test_signing_runs(data: Path) -> None:
    command = [sys.executable, "-m", "bench.signing", "--quick", "--json"]
    environment = os.environ | {"NEARCOPY_DATA": str(data)}
    run = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, env=environment, timeout=300, check=True
    )
    figures = {figure["name"]: figure["value"] for figure in json.loads(run.stdout)}
    # Ours are datasketch's signatures, so both err alike; 0.2 would be another measure altogether
    assert figures["error of resemblance, nearcopy"] < 0.1
    assert figures["error of resemblance, datasketch update_batch"] < 0.1

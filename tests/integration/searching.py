"""Archives to look for pairs in, and searches in small parts."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from nearcopy.document import Document
from nearcopy.jobs.search import Search
from nearcopy.jobs.task import Task
from worker.clusters import Found, find, identity
from worker.rebuild import Progress, Reading, Report
from worker.rebuild.journal import Journal

BLOCK = 8192
"""Bytes: so that a small archive has many blocks."""

THRESHOLD = 0.5
CONTAINMENT = 0.6


def words(draw: random.Random, count: int) -> list[str]:
    """Words of few letters, so that shingles repeat."""
    return ["".join(draw.choices("abcdefgh", k=2)) for _ in range(count)]


def edited(draw: random.Random, text: list[str], share: float) -> list[str]:
    """A text with a share of its words changed, dropped or doubled."""
    out: list[str] = []
    for word in text:
        dice = draw.random()
        out += [word] if dice > share else draw.choice([[], [word, word], words(draw, 1)])
    return out


def articles(count: int, seed: int = 0) -> list[Document]:
    """Documents of all lengths, copies of each other with more or fewer edits, whole, in part or put
    together."""
    draw = random.Random(seed)
    texts = [words(draw, draw.choice([3, 30, 80, 150])) for _ in range(count // 3)]
    while len(texts) < count:
        base = edited(draw, draw.choice(texts), draw.choice([0, 0.02, 0.1, 0.3]))
        cut = draw.randrange(len(base) + 1)
        texts.append(draw.choice([base, base, base[cut:], base + draw.choice(texts)]) or base or ["ab"])
    draw.shuffle(texts)
    return [Document(f"d{n}", " ".join(text), publisher=f"p{n % 3}") for n, text in enumerate(texts)]


def family(count: int, seed: int = 0) -> list[Document]:
    """A template with another name and sum in each: all resemble each other."""
    draw = random.Random(seed)
    text = words(draw, 120)
    texts = [[*text[:20], f"town{n}", *text[20:70], f"sum{n * n}", *text[70:]] for n in range(count)]
    return [Document(f"f{n}", " ".join(text)) for n, text in enumerate(texts)]


def written(path: Path, archive: Sequence[Document]) -> Path:
    """The archive as JSON lines, in a folder that is made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(one.to_dict()) + "\n" for one in archive))
    return path


def searched(
    path: Path, folder: Path, executor: Executor | None = None, *, containment: float | None = None,
    progress: Progress = lambda _: None, texts: bool = False, **options: Any,
) -> Found:
    """A search in blocks so small that every stage has several; ``options`` are the task's."""
    asked = {"archives": (str(path),), "threshold": THRESHOLD, "memory": 64 << 20, **options}
    search = Search(Task(**asked), containment=containment)
    reading = Reading.of(search.task)
    task = identity(search, reading, None, texts, BLOCK)
    with ThreadPoolExecutor(1) as one, Journal(folder, task) as journal:
        return find(
            search, reading, executor=executor or one, journal=journal, rejects=folder / "rejects.jsonl",
            texts=texts, block_bytes=BLOCK, progress=progress,
        )


def at(stage: str, done: int, act: Callable[[], None]) -> Progress:
    """A progress that acts at one point."""
    def progress(report: Report) -> None:
        if (report.stage, report.done) == (stage, done):
            act()

    return progress

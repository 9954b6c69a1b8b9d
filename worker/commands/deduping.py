"""``nearcopy dedupe``: an archive without its copies."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import orjson

from nearcopy.clusters.keep import kept_for
from nearcopy.clusters.pairs import Ints
from nearcopy.errors import InputError
from nearcopy.jobs.commands import Place, Watcher
from nearcopy.jobs.search import Keep, Search
from worker.clusters import Found
from worker.clusters.writing import write_left
from worker.commands.clustering import Telling, figures_of, grouped, keep_apart, searched

SUFFIXES = (".jsonl", ".ndjson", ".json")


def dedupe(search: Search, place: Place, keep: Keep, file: Path, watcher: Watcher) -> dict[str, Any]:
    """See `nearcopy.jobs.search.Deduping`. Raises what `worker.clusters.find` raises."""
    if file.suffix not in SUFFIXES:
        raise InputError(f"the archive is written as JSON lines: name it {file.stem}.jsonl", "output")
    telling = Telling(search, watcher)
    parts, rejects = file.with_name(f"{file.name}.parts"), file.with_name(f"{file.stem}.rejects.jsonl")
    keep_apart(search, place, [file, file.with_name(f"{file.stem}.left.jsonl"), rejects, parts])
    with searched(search, place, parts, rejects, telling, texts=True) as found:
        clusters = grouped(found, telling)
        telling.stage("write")
        kept = kept_for(found.members, clusters, keep)
        left = write_left(file.parent, f"{file.stem}.left", "jsonl", found.members, clusters, kept)
        _write(file, found, kept)
    return {
        "documents": len(kept), "kept": len(kept) - left, "left": left, "clusters": len(clusters),
        **figures_of(search, found),
    }


def _write(file: Path, found: Found, kept: Ints) -> None:
    """The documents that stay, in the order of the archive."""
    partial = file.with_name(f".{file.name}.partial")
    with open(partial, "wb") as out:
        for number, document in enumerate(found.documents()):
            if kept[number] == number:
                out.write(orjson.dumps(document.to_dict(), option=orjson.OPT_APPEND_NEWLINE))
    os.replace(partial, file)

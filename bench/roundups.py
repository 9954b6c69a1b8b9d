"""Stories glued together: roundups of two to four stories, planted among press releases that have copies.

A story is a connected component of 2 to 40 releases of resemblance 0.5, or of which one holds 0.8 of another;
templates are larger. Each roundup is the text of some stories, one release of each, one word in a hundred
left out, printed one to five times; these prints are a story of their own. Asked is which documents are in
one cluster: pairwise F1, and B-cubed, of our clusters and of connected components of the same pairs.

    python -m bench.roundups
"""

from __future__ import annotations

import random
import tempfile
from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

import numpy as np
import orjson

from bench.clustering import Quiet
from bench.clusters import components, pairwise_f1
from bench.common import Figure, arguments, documents, report
from nearcopy.clusters.groups import NONE, groups_of
from nearcopy.document import Document
from nearcopy.jobs.commands import Place
from nearcopy.jobs.search import Search
from nearcopy.jobs.task import Task
from worker.clusters import Found
from worker.commands.clustering import Telling, searched

THRESHOLD, CONTAINMENT = 0.5, 0.8
ROUNDUPS, STORIES = 200, 900
SIZES = range(2, 41)
LEAST_WORDS = 80
LEFT_OUT = 0.01


def main() -> None:
    """Measure and print."""
    asked = arguments(__doc__)
    draw = random.Random(3)
    with tempfile.TemporaryDirectory(prefix="nearcopy-bench-") as name:
        folder = Path(name)
        releases = list(islice(documents("press_releases"), 0, None, 8 if asked.quick else 1))
        stories = told(releases, found(releases, folder / "stories"))
        draw.shuffle(stories)
        labels = {one.id: str(n) for n, story in enumerate(stories[:STORIES]) for one in story}
        texts = [one for story in stories[:STORIES] for one in story]
        for number in range(ROUNDUPS):
            for one in roundup(draw, stories[:STORIES], number):
                texts.append(one)
                labels[one.id] = f"roundup {number}"
        pairs = found(texts, folder / "planted")
    groups = groups_of(pairs.members, pairs.pairs)
    by_id = zip(pairs.members.ids, groups.tolist(), strict=True)
    ours = {id: id if group == NONE else group for id, group in by_id}
    glued = components(zip(pairs.pairs.a.tolist(), pairs.pairs.b.tolist(), strict=True))
    theirs = {id: glued.get(n, id) for n, id in enumerate(pairs.members.ids)}
    largest = max(Counter(glued.values()).values())
    report([
        *scores("clusters", labels, ours, f"{len(texts):,} documents"),
        *scores("connected components", labels, theirs, f"the largest of {largest:,}"),
    ], asked.json)


def roundup(draw: random.Random, stories: Sequence[Sequence[Document]], number: int) -> list[Document]:
    """The prints of one."""
    some = draw.sample(stories, draw.choice([2, 2, 3, 4]))
    words = "\n\n".join(draw.choice(story).text for story in some).split(" ")
    prints = draw.choice([1, 1, 2, 3, 5])
    return [
        Document(f"roundup/{number}/{n}", " ".join(word for word in words if draw.random() > LEFT_OUT))
        for n in range(prints)
    ]


def found(texts: Sequence[Document], folder: Path) -> Found:
    """The pairs of some documents."""
    folder.mkdir()
    path = folder / "a.jsonl"
    path.write_bytes(b"".join(orjson.dumps({"id": one.id, "text": one.text}) + b"\n" for one in texts))
    search = Search(Task(archives=(str(path),), threshold=THRESHOLD), containment=CONTAINMENT)
    telling = Telling(search, Quiet())
    with searched(search, Place(None, None, 1), folder / "p", folder / "r", telling, texts=False) as every:
        return every


def told(releases: Sequence[Document], pairs: Found) -> list[list[Document]]:
    """The stories that releases tell more than once."""
    by_id = {one.id: one for one in releases}
    members, stories = pairs.members, defaultdict(list)
    for number, story in components(zip(pairs.pairs.a.tolist(), pairs.pairs.b.tolist(), strict=True)).items():
        stories[story].append(number)
    return [
        [by_id[members.ids[one]] for one in sorted(every)]
        for _, every in sorted(stories.items())
        if len(every) in SIZES and members.words[np.array(every)].min() >= LEAST_WORDS
    ]


def scores(name: str, labels: dict[str, str], of: dict[str, object], note: str) -> list[Figure]:
    """Pairwise and B-cubed F1."""
    both = [(label, of.get(id, id)) for id, label in labels.items()]
    true, mine, shared = Counter(a for a, _ in both), Counter(b for _, b in both), Counter(both)
    precision = sum(shared[one] / mine[one[1]] for one in both) / len(both)
    recall = sum(shared[one] / true[one[0]] for one in both) / len(both)
    bcubed = 2 * precision * recall / (precision + recall)
    return [
        Figure(f"{name}, pairwise F1 of stories", pairwise_f1(both), note=note),
        Figure(f"{name}, B-cubed F1", bcubed, note=f"precision {precision:.3f}, recall {recall:.3f}"),
    ]


if __name__ == "__main__":
    main()

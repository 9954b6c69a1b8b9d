"""Recall and precision on labelled text: excerpts, exact figures, planted passages, labels, pairs.

All press releases are stored, written in bulk. Name parts to measure only those.
"""

from __future__ import annotations

from collections.abc import Callable

from bench import exactness, excerpts, labelled, pairs, planted
from bench.common import Figure, arguments, documents, progress, report, server, server_line
from bench.index import bulk
from nearcopy.archive import Archive, warm_up

PARTS: dict[str, Callable[[Archive, bool], list[Figure]]] = {
    "excerpts": excerpts.figures,
    "exactness": exactness.figures,
    "planted": planted.figures,
    "labelled": labelled.figures,
    "pairs": pairs.figures,
}


def main() -> None:
    """Measure and print."""
    help = f"of {', '.join(PARTS)}; all by default"
    asked = arguments(__doc__, lambda parser: parser.add_argument("parts", nargs="*", help=help))
    warm_up()
    with server(asked.redis, durable=False) as url, Archive.open(url) as archive:
        progress(f"{server_line(archive.store.client)}: loading")
        bulk(archive.store, documents("press_releases"))
        figures: list[Figure] = []
        for name in asked.parts or PARTS:
            progress(name)
            figures += PARTS[name](archive, asked.quick)
    report(figures, asked.json)


if __name__ == "__main__":
    main()

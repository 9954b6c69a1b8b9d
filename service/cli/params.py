"""``nearcopy params``"""

from __future__ import annotations

import click
from rich import box
from rich.table import Table

from nearcopy.parameters import Parameters
from service.cli.add import wanted
from service.cli.console import out, print_json
from service.cli.options import as_json, command
from service.cli.plot import plot

STEPS = 20
"""Points of the detection curve: resemblances 0.05, 0.10 ... 1, as in GET /v1/index."""


@command("params")
@click.option("--threshold", type=float, help="The resemblance that must be found. [default: 0.5]")
@click.option("--probability", type=float, help="How surely it must be found. [default: 0.99]")
@as_json
def params(threshold: float | None, probability: float | None, as_json: bool) -> None:
    """Show what an index finds, and what that costs.

    The detection curve, as a plot and as a table; no Redis is asked. Without options these are the parameters
    of a new collection; `nearcopy add` takes the same options.
    """
    chosen = wanted(threshold, probability) or Parameters()
    curve = [(step / STEPS, chosen.detection(step / STEPS)) for step in range(1, STEPS + 1)]
    if as_json:
        print_json(_plain(chosen, curve))
        return
    for line in _promises(chosen):
        out.print(line)
    out.print()
    out.print("\n".join(plot(chosen.detection, chosen.threshold)), soft_wrap=True)
    out.print(_table(chosen, curve))


def _promises(chosen: Parameters) -> tuple[str, str, str]:
    bands, rows = chosen.bands, chosen.rows
    return (
        f"{bands} bands of {rows} rows: {chosen.permutations} permutations, digest {chosen.digest}.",
        f"Postings: {bands} for each paragraph of {chosen.least_words} words or more, {bands} for each "
        f"document, and about one for each {(chosen.window + 1) / 2:g} words of it.",
        f"Promised: a resemblance of {chosen.threshold:g} is found with {chosen.probability:.1%} "
        f"probability, and any {chosen.verbatim_words} words copied word for word always.",
    )


def _plain(chosen: Parameters, curve: list[tuple[float, float]]) -> dict[str, object]:
    return {
        "threshold": chosen.threshold, "probability": chosen.probability, "bands": chosen.bands,
        "rows": chosen.rows, "permutations": chosen.permutations, "postings_per_paragraph": chosen.bands,
        "postings_per_document": chosen.bands, "shingle": f"{chosen.shingle} words",
        "verbatim_words": chosen.verbatim_words, "digest": chosen.digest,
        "detection": [{"resemblance": s, "probability": p} for s, p in curve],
    }


def _table(chosen: Parameters, curve: list[tuple[float, float]]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for _ in range(2):
        table.add_column("resemblance", justify="right")
        table.add_column("found", justify="right")
    half = STEPS // 2
    for left, right in zip(curve[:half], curve[half:], strict=True):
        cells = [cell for s, p in (left, right) for cell in (f"{s:.2f}", f"{p:.2%}")]
        table.add_row(*cells, style="bold" if chosen.threshold in (left[0], right[0]) else None)
    return table

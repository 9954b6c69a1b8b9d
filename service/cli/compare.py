"""``nearcopy compare A B``"""

from __future__ import annotations

import click
from rich.text import Text

from nearcopy.errors import InputError
from nearcopy.parameters import Parameters
from nearcopy.report import Comparison
from service.cli.console import excerpt, out, print_json
from service.cli.options import as_json, command, load_engine, min_words, read_text
from service.saying import percent

FILE = click.Path(exists=True, dir_okay=False, allow_dash=True)


@command("compare")
@click.argument("a", type=FILE)
@click.argument("b", type=FILE)
@min_words
@as_json
def compare(a: str, b: str, min_words: int, as_json: bool) -> None:
    """Compare two texts word by word: files, or - for stdin. Nothing is stored, and no Redis is asked."""
    if a == b == "-":
        raise InputError("stdin can be only one of the two texts")
    text_a, text_b = read_text(a), read_text(b)
    load_engine()
    from nearcopy import check

    comparison = check.compare(text_a, text_b, Parameters(), min_words)
    if as_json:
        print_json(comparison)
    else:
        _print(comparison, text_a, text_b)


def _print(found: Comparison, text_a: str, text_b: str) -> None:
    if not found.passages:
        out.print(Text("The texts share no passage.", "bold green"))
    else:
        out.print(
            Text(
                f"{percent(found.containment_a)} of A stands in B, {percent(found.containment_b)} of B in A.",
                "bold yellow",
            )
        )
    out.print(
        f"Resemblance {found.resemblance:.2f}; of A {found.matched_words_a} of {found.words_a} words, "
        f"of B {found.matched_words_b} of {found.words_b}."
    )
    for passage in found.passages:
        out.print()
        out.print(Text(f"{passage.words} words, {percent(passage.similarity)} equal", "bold"))
        for name, text, start, end in (
            ("A", text_a, passage.start, passage.end),
            ("B", text_b, passage.source_start, passage.source_end),
        ):
            out.print(Text.assemble((f"{name} {start}-{end} ", "cyan"), excerpt(text, start, end)))

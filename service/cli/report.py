"""A report for people: the verdict in a sentence, then sources, passages, paragraphs, and the promise."""

from __future__ import annotations

from rich import box
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from nearcopy.report import ParagraphReport, Report, Source
from service.cli.console import day, excerpt, one_line, out, percent

SHOWN_SOURCES = 3
"""Sources whose passages are shown."""

SHOWN_PASSAGES = 5
"""Passages shown of one source."""

SHOWN_PARAGRAPHS = 40
"""Paragraphs listed: about a screen."""

COLOURS = {
    "copy": "bold red", "partial": "bold yellow", "unique": "bold green",
    "matched": "red", "repeat": "magenta", "common": "blue", "short": "dim",
}


def print_report(report: Report, text: str) -> None:
    """Print the report of ``text`` on stdout."""
    out.print(Text.assemble((report.verdict, COLOURS[report.verdict]), ": ", (verdict(report), "bold")))
    if report.sources:
        out.print()
        out.print(_sources(report.sources))
        _print_passages(report.sources, text)
    out.print()
    out.print(_paragraphs(report.paragraphs[:SHOWN_PARAGRAPHS]))
    _print_rest(len(report.paragraphs) - SHOWN_PARAGRAPHS, "paragraph")
    out.print()
    for line in _promises(report):
        out.print(Text(line, "dim"))


def verdict(report: Report) -> str:
    """What a person would say."""
    if not report.sources:
        return "nothing of this text was found in the archive."
    best, share = report.sources[0], percent(report.coverage)
    if report.sources_found == 1:
        return f"{share} of this text was published before, in {_name(best)}, the only source."
    return (
        f"{share} of this text was published before: {percent(best.containment)} stands in "
        f"{_name(best)}{_earliest(report)}."
    )


def _earliest(report: Report) -> str:
    sources = f"of {report.sources_found} sources"
    first = next((source for source in report.sources if source.earliest), None)
    if first is None:
        return f", the best {sources}"
    if first is report.sources[0]:
        return f", the earliest {sources}"
    return f"; the earliest {sources} is {_name(first)}"


def _name(source: Source) -> str:
    title = f"“{one_line(source.title)}”" if source.title else one_line(source.document)
    return ", ".join(filter(None, (title, one_line(source.publisher or ""), day(source.published_at))))


def _sources(sources: tuple[Source, ...]) -> Table:
    table = _table("Sources")
    for heading in ("", "of the\ntext", "of the\nsource", "resem-\nblance", "words"):
        table.add_column(heading, justify="right")
    table.add_column("published", no_wrap=True)
    table.add_column("publisher", overflow="fold")
    table.add_column("document", overflow="fold")
    for number, source in enumerate(sources, 1):
        date = Text(day(source.published_at))
        if source.earliest:
            date.append(" earliest", "green")
        table.add_row(
            str(number), percent(source.containment), percent(source.contained), f"{source.resemblance:.2f}",
            str(source.matched_words), date, one_line(source.publisher or ""), _document(source),
        )
    return table


def _table(title: str) -> Table:
    return Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)


def _document(source: Source) -> Text:
    named = Text(one_line(source.title or ""))
    return named.append("\n" * bool(named) + one_line(source.document), "cyan")


def _print_passages(sources: tuple[Source, ...], text: str) -> None:
    for source in sources[:SHOWN_SOURCES]:
        out.print(Text(f"Passages of {_name(source)}", "bold"))
        for passage in source.passages[:SHOWN_PASSAGES]:
            out.print(
                Text.assemble(
                    (f"  {passage.start}-{passage.end}", "cyan"), " in the text, ",
                    (f"{passage.source_start}-{passage.source_end}", "cyan"),
                    f" there: {passage.words} words, {percent(passage.similarity)} equal",
                )
            )
            out.print(Padding(Text(excerpt(text, passage.start, passage.end), "italic"), (0, 0, 0, 4)))
        _print_rest(len(source.passages) - SHOWN_PASSAGES, "passage")
    _print_rest(len(sources) - SHOWN_SOURCES, "source", " with passages")


def _print_rest(count: int, what: str, of: str = "") -> None:
    if count > 0:
        out.print(Text(f"  … and {count} {what}{'s' * (count > 1)} more{of}: --json has them all", "dim"))


def _paragraphs(paragraphs: tuple[ParagraphReport, ...]) -> Table:
    table = _table("Paragraphs")
    for heading in ("", "place", "words"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("status", no_wrap=True)
    table.add_column("stands in", justify="right", no_wrap=True)
    table.add_column("best match", overflow="fold")
    for paragraph in paragraphs:
        status = paragraph.status if paragraph.repeats is None else f"repeat of {paragraph.repeats}"
        table.add_row(
            str(paragraph.index), f"{paragraph.start}-{paragraph.end}", str(paragraph.words),
            Text(status, COLOURS.get(paragraph.status, "") if paragraph.status != "unique" else "green"),
            str(paragraph.documents or ""), _match(paragraph),
        )
    return table


def _match(paragraph: ParagraphReport) -> str:
    if not paragraph.matches:
        return ""
    best = paragraph.matches[0]
    return (
        f"{one_line(best.document)} {best.start}-{best.end} "
        f"(resemblance {best.resemblance:.2f}, {percent(best.containment)} contained)"
    )


def _promises(report: Report) -> list[str]:
    promised = report.detection
    lines = [
        f"Promised: what resembles a paragraph or a document by {promised.threshold:g} is found with "
        f"{promised.probability:.1%} probability ({promised.bands} bands of {promised.rows} rows, shingles "
        f"of {promised.shingle}), and any {promised.verbatim_words} words copied word for word always.",
        f"{report.candidates} candidates shared a bucket, {report.verified} were verified word by word, "
        f"{report.sources_found} are sources, {len(report.sources)} listed. "
        f"{report.words} words, generation {report.generation}, {report.took_ms:.1f} ms.",
    ]
    if report.bounded:
        lines.append("A bucket was full: more documents share this than could become candidates.")
    return lines

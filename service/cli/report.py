"""A report for people: the verdict in a sentence, then sources, passages, paragraphs, and the promise."""

from __future__ import annotations

from rich.padding import Padding
from rich.text import Text

from nearcopy.report import ParagraphReport, Report, Source
from service.cli.console import excerpt, one_line, out, safe
from service.saying import day, day_and_time, percent

SHOWN_SOURCES = 3
"""Sources whose passages are shown."""

SHOWN_PASSAGES = 5
"""Passages shown of one source."""

SHOWN_PARAGRAPHS = 40
"""Paragraphs listed: about a screen."""

UNIQUE_BELOW = 0.05
"""The verdict's own bound; importing it from the engine would make every `--help` wait for that."""

INDENT = (0, 0, 0, 4)
"""Padding under a number."""

COLOURS = {
    "copy": "bold red", "partial": "bold yellow", "unique": "bold green",
    "matched": "red", "repeat": "magenta", "common": "blue", "short": "dim",
}


def print_report(report: Report, text: str) -> None:
    """Print the report of ``text`` on stdout."""
    out.print(Text.assemble((report.verdict, COLOURS[report.verdict]), ": ", (verdict(report), "bold")))
    if report.sources:
        _print_uncounted(report.paragraphs)
        out.print()
        _print_sources(report.sources)
        out.print()
        _print_passages(report.sources, text)
    out.print()
    _print_paragraphs(report.paragraphs[:SHOWN_PARAGRAPHS])
    _print_rest(len(report.paragraphs) - SHOWN_PARAGRAPHS, "paragraph")
    out.print()
    for line in _promises(report):
        out.print(Text(line, "dim"))


def verdict(report: Report) -> str:
    """What a person would say."""
    if not report.sources:
        boilerplate = any(paragraph.status == "common" for paragraph in report.paragraphs)
        return f"{'only boilerplate' if boilerplate else 'nothing'} of this text was found in the archive."
    name, share = _name(report.sources[0], report.sources), percent(report.coverage)
    if report.verdict == "unique" and report.coverage >= UNIQUE_BELOW:
        several = report.sources_found > 1
        best = f"the best of {report.sources_found} sources" if several else "the only source"
        return (
            f"apart from common paragraphs and repeats, under {UNIQUE_BELOW:.0%} of this text was published "
            f"before; {best} is {name}."
        )
    if report.sources_found == 1:
        return f"{share} of this text was published before, in {name}, the only source."
    stands = f"{percent(report.sources[0].containment)} stands in {name}"
    return f"{share} of this text was published before: {stands}{_earliest(report)}."


def _earliest(report: Report) -> str:
    sources = f"of {report.sources_found} sources"
    first = next((source for source in report.sources if source.earliest), None)
    if first is None:
        return f", the best {sources}"
    if first is report.sources[0]:
        return f", the earliest {sources}"
    return f"; the earliest {sources} is {_name(first, report.sources)}"


def _name(source: Source, listed: tuple[Source, ...]) -> str:
    title = f"“{one_line(source.title)}”" if source.title else one_line(source.document)
    return ", ".join(filter(None, (title, one_line(source.publisher or ""), _when(source, listed))))


def _when(source: Source, listed: tuple[Source, ...]) -> str:
    """The day; with the time where another listed source has the same day."""
    date = day(source.published_at)
    if source.published_at and [day(one.published_at) for one in listed].count(date) > 1:
        return day_and_time(source.published_at)
    return date


def _print_uncounted(paragraphs: tuple[ParagraphReport, ...]) -> None:
    statuses = [paragraph.status for paragraph in paragraphs]
    common, repeats = statuses.count("common"), statuses.count("repeat")
    if common or repeats:
        counts = f"Common paragraphs: {common}, repeats: {repeats}"
        out.print(f"{counts}. Percentages count them, the verdict does not.")


def _print_sources(sources: tuple[Source, ...]) -> None:
    out.print(Text("Sources", "bold"))
    for number, source in enumerate(sources, 1):
        of_both = f"{percent(source.containment)} of the text, {percent(source.contained)} of the source"
        figures = f"resemblance {source.resemblance:.2f}, {source.matched_words} words"
        out.print(f"{number:>3} {of_both}; {figures}")
        named = Text(", ".join(filter(None, (one_line(source.publisher or ""), _when(source, sources)))))
        if source.earliest:
            named.append(", ").append("earliest", "bold green")
        for line in filter(None, (named, Text(one_line(source.title or ""), "italic"))):
            out.print(Padding(line, INDENT))
        _print_id(source.document)


def _print_id(id: str, before: str = "") -> None:
    """On a line of its own and never broken, so that it can be copied."""
    out.print(Text.assemble("    ", before, (safe(id), "cyan")), soft_wrap=True)


def _print_passages(sources: tuple[Source, ...], text: str) -> None:
    for source in sources[:SHOWN_SOURCES]:
        out.print(Text(f"Passages of {_name(source, sources)}", "bold"))
        for passage in source.passages[:SHOWN_PASSAGES]:
            out.print(
                Text.assemble(
                    (f"  {passage.start}-{passage.end}", "cyan"), " in the text, ",
                    (f"{passage.source_start}-{passage.source_end}", "cyan"),
                    f" there: {passage.words} words, {percent(passage.similarity)} equal",
                )
            )
            out.print(Padding(Text(excerpt(text, passage.start, passage.end), "italic"), INDENT))
        _print_rest(len(source.passages) - SHOWN_PASSAGES, "passage")
    _print_rest(len(sources) - SHOWN_SOURCES, "source", " with passages")


def _print_rest(count: int, what: str, of: str = "") -> None:
    if count > 0:
        out.print(Text(f"  … and {count} {what}{'s' * (count > 1)} more{of}: --json has them all", "dim"))


def _print_paragraphs(paragraphs: tuple[ParagraphReport, ...]) -> None:
    """A row each, and under it where the best match stands: a column would be too narrow for its id."""
    out.print(Text("Paragraphs", "bold"))
    out.print(Text(_row("", "place", "words", "status", "exact copies", "resemblance", "contained"), "bold"))
    for paragraph in paragraphs:
        status = f"repeat of {paragraph.repeats}" if paragraph.status == "repeat" else paragraph.status
        best = paragraph.matches[0] if paragraph.matches else None
        row = _row(
            str(paragraph.index), f"{paragraph.start}-{paragraph.end}", str(paragraph.words), status,
            str(paragraph.documents or ""), f"{best.resemblance:.2f}" if best else "",
            percent(best.containment) if best else "",
        )
        line = Text(row.rstrip())
        line.highlight_words([status], "green" if status == "unique" else COLOURS[paragraph.status])
        out.print(line, soft_wrap=True)
        if best:
            _print_id(best.document, f"{best.start}-{best.end} in ")


def _row(index: str, place: str, words: str, status: str, copies: str, alike: str, contained: str) -> str:
    return f"{index:>3} {place:>13} {words:>6}  {status:<13} {copies:>12} {alike:>12} {contained:>10}"


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

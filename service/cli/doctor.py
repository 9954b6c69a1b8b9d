"""``nearcopy doctor``"""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import click

from service.cli.console import err, one_line, out, print_json
from service.cli.exits import Exit
from service.cli.options import command, of_an_archive, open_archive

if TYPE_CHECKING:
    from nearcopy.doctor import Diagnosis

CHECKED = ("generations", "documents", "paragraphs", "postings", "keys")


@command("doctor", Exit.DAMAGED, Exit.NOT_FOUND, Exit.UNAVAILABLE, Exit.OTHER_PARAMETERS)
@click.option("--repair", is_flag=True, help="Mend what is off.")
@click.option(
    "--folder", "folders", type=click.Path(exists=True, file_okay=False, path_type=Path), multiple=True,
    metavar="FOLDER", help="Look for leftovers of rebuilds here, too; may be given several times.",
)
@of_an_archive
def doctor(
    repair: bool, folders: tuple[Path, ...], redis_url: str | None, collection: str, as_json: bool
) -> int:
    """Check an index against its documents.

    Each stored text is signed anew, and what it ought to leave in the index is compared with what is there:
    ids, counters, every posting, every key, in all generations that are kept. The service may go on answering
    and writing meanwhile. With --repair, a document whose text is lost is removed, and named.
    """
    with open_archive(redis_url, collection) as archive:
        from nearcopy.doctor import examine
        from nearcopy.embedded import data_directory

        usual = sorted(data_directory().glob(f"rebuilds/*/{collection}"))
        with err.status("looking at every key and text") if err.is_terminal else nullcontext():
            diagnosis = examine(archive.store, repair, [*folders, *usual])
    if as_json:
        print_json({
            "healthy": diagnosis.healthy, "findings": diagnosis.findings, "notes": diagnosis.notes,
            "checked": {name: diagnosis.checked[name] for name in CHECKED},
        })
    else:
        _tell(diagnosis, repair)
    return Exit.DONE if diagnosis.healthy else Exit.DAMAGED


def _tell(diagnosis: Diagnosis, repair: bool) -> None:
    from nearcopy.doctor.findings import counted

    for finding in diagnosis.findings:
        mended = "mended: " if finding.repaired else ""
        out.print(one_line(f"{mended}{finding.where}: {finding.what}"), soft_wrap=True)
    for note in diagnosis.notes:
        out.print(one_line(f"note: {note}"), soft_wrap=True)
    counts = counted(*((diagnosis.checked[name], name[:-1], name) for name in CHECKED))
    out.print(f"checked {counts}: {_verdict(diagnosis, repair)}", soft_wrap=True)


def _verdict(diagnosis: Diagnosis, repair: bool) -> str:
    off = sum(not finding.repaired for finding in diagnosis.findings)
    if not diagnosis.findings:
        return "nothing is off"
    if not off:
        return "all that was off is mended"
    if not repair:
        return "`nearcopy doctor --repair` mends what is off"
    return f"{off:,} could not be mended; `nearcopy rebuild` builds the index anew from the stored documents"

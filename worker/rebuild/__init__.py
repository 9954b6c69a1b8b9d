"""A collection made anew from archives, beside the live generation, and published by moving its pointer.

    task = Task(archives=("news.jsonl.gz",))
    with ProcessPoolExecutor() as pool:
        summary = rebuild(store, task, Reading.of(task), executor=pool, folder=Path("work"))

Stages, each a function over files in the folder that runs on any `concurrent.futures.Executor`:

    sign      a block of the archive -> texts, ids and bucket hashes        `signing`
    number    all ids -> a number for each document; repeated ids go        `numbering`
    dedupe    a bucket of run hashes -> distinct paragraphs, their holders  `paragraphs`
    place     a block -> its paragraphs that stand there first, numbered    `paragraphs`
    pack      some pages of one band -> their contents                      `packing`
    send      files -> the next generation in Redis                         `sending`
    audit     a sample of the next generation, before and after it has      `audit`
              what was written meanwhile
    publish   what was logged since the start -> the next generation; the   `nearcopy.index.publishing`
              pointer moves in a moment in which nothing is logged
    retire    generations that nobody needs go, in small steps              `nearcopy.index.generations`

The journal in the folder names every finished file with its checksum, so a second run with the same archives
goes on where the first was killed. A folder belongs to one rebuild at a time.
"""

from worker.rebuild.asked import Reading, chosen, identity
from worker.rebuild.forecast import Forecast, forecast
from worker.rebuild.running import Progress, Report
from worker.rebuild.stages import Summary, rebuild

__all__ = [
    "Forecast", "Progress", "Reading", "Report", "Summary", "chosen", "forecast", "identity", "rebuild",
]

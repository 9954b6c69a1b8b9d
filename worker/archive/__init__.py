"""Archives of every kind that is read: cut into blocks, and each block parsed into documents.

    found = sources(["news.jsonl.gz", "pages/", "-"])     # InputError before anything starts
    mapping = guess(found, {"publisher": "meta.source"})  # which fields are the id, the text, ...
    print(describe(mapping))
    for block in blocks(found):                           # in one process
        for result in parse(block, mapping):              # in any: a block can be pickled
            ...                                           # a Document, or a Reject with its place

The documents, their order, and the rejects do not depend on ``block_bytes``; the blocks of an archive are
always the same for the same ``block_bytes``.
"""

from worker.archive.block import BLOCK_BYTES, LONGEST, Block, Reject
from worker.archive.guessing import describe, guess
from worker.archive.mapping import Mapping
from worker.archive.reading import blocks, parse
from worker.archive.source import Source, sources

__all__ = [
    "BLOCK_BYTES", "LONGEST", "Block", "Mapping", "Reject", "Source",
    "blocks", "describe", "guess", "parse", "sources",
]

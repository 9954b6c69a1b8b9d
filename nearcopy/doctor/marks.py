"""The set of full buckets: nothing is added to what stands there, so it must be full."""

from __future__ import annotations

from collections.abc import Iterator

from nearcopy.connection import steady
from nearcopy.doctor.findings import Finding
from nearcopy.doctor.looking import Change, look
from nearcopy.doctor.records import HASH, NUMBER, width
from nearcopy.index.shape import BUCKET_CAP
from nearcopy.index.store import Partition, Store

SUFFIX = 5
"""Bytes of a page's key after the generation: letter, band, page."""

LEAST = BUCKET_CAP // 2
"""Records of a bucket that counts as full. A write takes it off the list when it has fewer than the cap, but
one that removes several records of it counts them only once."""


def full_buckets(store: Store, part: Partition, where: str, repair: bool) -> Iterator[Finding]:
    """Those that are not full."""
    name, head = part.keys.full(part.generation), part.keys.prefix + part.generation
    wrong, mended = 0, repair
    for member in sorted(steady(lambda: store.client.smembers(name))):
        page, letter = member[: len(head) + SUFFIX], chr((member[len(head) :] or b"?")[0]).lower()
        content = None
        if member.startswith(head) and letter in HASH and len(member) == len(page) + HASH[letter]:
            (content,), _ = look(store, part, [page])
            if _held(content or b"", member[len(page) :], width(letter)) >= LEAST:
                continue
        change = Change()
        if content is not None:
            change.string(page, content)
        change.run("SREM", name, member)
        wrong += 1
        mended &= repair and change.made(store, part)
    if wrong:
        what = f"buckets that are not full and are listed as full, so that nothing is added: {wrong:,}"
        yield Finding("marks", where, what, mended)


def _held(content: bytes, bucket: bytes, size: int) -> int:
    """Live records of a bucket on its page."""
    records = (content[at : at + size] for at in range(0, len(content) // size * size, size))
    return sum(record.startswith(bucket) and any(record[-NUMBER:]) for record in records)

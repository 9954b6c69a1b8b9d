"""A bucket holds a bounded number of documents, says so, and has room again when some of them leave."""

from __future__ import annotations

from nearcopy.archive import Archive
from nearcopy.index.shape import BUCKET_CAP
from tests.integration.making import copies, document, holders, paragraph

COUNTED = 2048
"""Records of four bytes at which the write script first counts a page."""


def crowded(archive: Archive) -> int:
    """How many buckets of a collection are full."""
    return int(archive.store.client.scard(archive.store.partitions[0].keys.prefix + b"1c"))


def test_a_paragraph_in_thousands_of_documents_is_bounded_and_recovers(archive: Archive) -> None:
    hot = [document(f"d{k}", [0]) for k in range(COUNTED + 50)]
    assert set(archive.put_many(hot)) == {"created"}
    report = archive.check(paragraph(0))
    assert report.bounded
    assert BUCKET_CAP <= report.paragraphs[0].documents == COUNTED
    assert crowded(archive)
    for one in hot:
        assert archive.delete(one.id)
    assert copies(archive, 0) == 0
    assert not crowded(archive)
    archive.put(document("late", [0]))
    assert holders(archive, 0) == {"late"}
    assert copies(archive, 0) == 1


def test_removed_records_fill_no_bucket(archive: Archive) -> None:
    # Paragraph 64 has the low byte 0, as removed records have, and shares its page with 65 to 127.
    archive.put(document("first", range(1, 65)))
    for _ in range(32):
        archive.put(document("passing", range(65, 128)))
        archive.delete("passing")
    for _ in range(COUNTED - 1 - 32 * 63 - 1):
        archive.put(document("passing", [65]))
        archive.delete("passing")
    archive.put(document("second", [64]))
    page = archive.store.partitions[0].keys.prefix + b"1O\0" + (1).to_bytes(3)
    assert archive.store.client.strlen(page) == 4 * COUNTED
    archive.put(document("third", [64]))
    assert not crowded(archive)
    assert copies(archive, 64) == 3

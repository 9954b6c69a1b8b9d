"""What allocators give, and what tables of keys grow by."""

from __future__ import annotations

import numpy as np
import pytest

from nearcopy.errors import WillNotFit
from nearcopy.index.memory import Need, check_room, ids_bytes, strings_bytes, table_bytes

JEMALLOC, LIBC = "jemalloc-5.2.1", "libc"


@pytest.mark.parametrize(
    ("allocator", "length", "taken"),
    [  # object 16 + header, value and end; beyond 44 bytes in two allocations; entry 24; key of 20 bytes
        (JEMALLOC, 10, 32 + 24 + 24), (JEMALLOC, 44, 64 + 24 + 24), (JEMALLOC, 45, 16 + 56 + 24 + 24),
        (JEMALLOC, 640, 16 + 768 + 24 + 24), (JEMALLOC, 635, 16 + 768 + 24 + 24),
        (JEMALLOC, 634, 16 + 640 + 24 + 24), (JEMALLOC, 70_000, 16 + 81_920 + 24 + 24),
        (LIBC, 10, 40 + 24 + 24), (LIBC, 640, 24 + 648 + 24 + 24), (LIBC, 1000, 24 + 1016 + 24 + 24),
    ],
)
def test_a_string_takes_what_its_allocator_gives(allocator: str, length: int, taken: int) -> None:
    assert strings_bytes(20, np.array([length]), allocator) == taken
    assert strings_bytes(20, np.array([length, length]), allocator) == 2 * taken


def test_a_table_doubles_where_its_keys_are_more_than_its_slots() -> None:
    assert table_bytes(0, 1000) == 8 * 1023
    assert table_bytes(1000, 24) == 0
    assert table_bytes(1000, 25) == 8 * 1024


def test_ids_take_more_where_their_hashes_are_no_longer_compact() -> None:
    compact, loose = (ids_bytes(4096 * each, 15, LIBC) / (4096 * each) for each in (500, 520))
    assert compact == pytest.approx(27, abs=1)
    assert loose == 88


def test_a_refusal_says_what_to_change() -> None:
    fits = Need("a:1", 50 << 20, 0, None, 0, "noeviction")
    not_fits = Need("b:2", 96 << 20, 0, 60 << 20, 200 << 20, "allkeys-lru")
    check_room([fits])
    with pytest.raises(WillNotFit) as refused:
        check_room([fits, not_fits])
    assert str(refused.value) == (
        "b:2: the new generation needs 100 MB beside the live one, but 60 MB of its maxmemory of 200 MB are "
        "free: raise that to 240 MB, keep fewer generations, or use a larger server. Its maxmemory-policy is "
        "allkeys-lru: set noeviction, or it throws live keys away"
    )

"""Texts for the tests of the contract."""

from __future__ import annotations

from typing import Any

TEXT = (
    "The harbour council voted on Tuesday to close the old ferry terminal after forty years of service.\n\n"
    "Passengers will be carried by bus until the new pier opens in the spring of next year 🚢, they said."
)

DOCUMENT: dict[str, Any] = {
    "id": "tna-1",
    "text": TEXT,
    "title": "Ferry terminal closes",
    "publisher": "Tideway News Agency",
    "url": "https://example.org/tna/1",
    "published_at": "2026-11-20T06:30:00Z",
    "fields": {"desk": "local", "tags": ["harbour", {"rank": 1.5}]},
}

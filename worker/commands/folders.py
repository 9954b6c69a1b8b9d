"""Where the finished parts of rebuilds lie, unless somebody chose a folder."""

from __future__ import annotations

import os
from hashlib import blake2b
from pathlib import Path
from urllib.parse import urlsplit

from nearcopy.embedded import data_directory


def folder_of(url: str | None) -> Path:
    """The folder for the Redis at this URL, else for the embedded one, with a folder for each collection.

    Collections of one name on two servers have nothing to do with each other, nor have their rebuilds.
    """
    directory = data_directory().absolute()
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    url = url or os.environ.get("NEARCOPY_REDIS_URL")
    if not url:
        return directory / "rebuilds" / "embedded"
    parts = urlsplit(url)
    server = f"{parts.hostname}:{parts.port}{parts.path}".encode()
    return directory / "rebuilds" / blake2b(server, digest_size=6).hexdigest()

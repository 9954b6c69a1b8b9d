"""Everything that Nearcopy raises on purpose.

    NearcopyError
    +-- InputError            what was handed in cannot be used; says what to change
    |   +-- NoWords           a text without a single word
    |   +-- UnreadableFile    a file whose text cannot be got at, or that has none
    |   +-- UnknownFile       a file of a type that is not read
    +-- NotFound              no document of that id, or no collection of that name
    |   +-- NoIndex           the collection has lost its index: Redis came back without its data
    +-- ParametersMismatch    the index was built with other parameters
    +-- IndexFull             a partition has run out of numbers
    +-- WillNotFit            a rebuild needs more memory than Redis may take
    +-- AuditFailed           a new generation is not what was read, or does not find what it must
    +-- Busy                  the collection is being rebuilt or published by another
    |   +-- RebuildRunning    a rebuild of it is queued or running; has its id
    +-- PreconditionFailed    what is stored is not what a conditional write was for
    +-- Exists                there is a collection of that name already
    +-- Cancelled             a rebuild was told to end, and did
    +-- ProcessDied           a process that did a part of a rebuild was killed
    +-- StorageUnavailable    Redis does not answer; the same call works again once it does
"""

from __future__ import annotations

from typing import Any


class NearcopyError(Exception):
    """The root: catch it to catch all of them."""


class InputError(NearcopyError):
    """Bad input. ``field`` names what is wrong ("text", "published_at"), the message says what to change."""

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.field = field


class NoWords(InputError):
    """A text in which there is no word at all: nothing could be compared."""


class UnreadableFile(InputError):
    """A file without a text: encrypted, damaged, empty, scanned, or made to break its reader."""


class UnknownFile(InputError):
    """A file that is no text, HTML page, Word document or PDF."""


class NotFound(NearcopyError):
    """There is no document of that id in the collection, or no such collection."""


class NoIndex(NotFound):
    """A collection that was open has no index any more; opening it again creates it, or raises `NotFound`."""


class ParametersMismatch(NearcopyError):
    """The stored index was built with other parameters; the message names both."""


class IndexFull(NearcopyError):
    """A partition holds as many paragraphs or documents as its numbers can count."""


class WillNotFit(NearcopyError):
    """A rebuild needs more memory than Redis may take; the message says how much. Nothing was written."""


class AuditFailed(NearcopyError):
    """A new generation failed its audit and was not published; the message says what, ``audit`` has the
    figures."""

    def __init__(self, message: str, audit: dict[str, Any]) -> None:
        super().__init__(message)
        self.audit = audit


class Busy(NearcopyError):
    """A rebuild, publish or drop of the collection is under way; wait for its end."""


class RebuildRunning(Busy):
    """A rebuild of the collection is queued or running; ``id`` is its."""

    def __init__(self, message: str, id: str) -> None:
        super().__init__(message)
        self.id = id


class PreconditionFailed(NearcopyError):
    """What is stored under an id is not what a write was meant for: read it again, and decide anew."""


class Exists(NearcopyError):
    """A collection cannot be created under a name that another has."""


class Cancelled(NearcopyError):
    """A rebuild was told to end before its time. What it had finished lies where it was."""


class ProcessDied(NearcopyError):
    """A process that did a part of a rebuild was killed, and others after it. What was finished stays."""


class StorageUnavailable(NearcopyError):
    """Redis cannot be reached or does not answer in time. Nothing was half done; try again later."""


class WritesRefused(StorageUnavailable):
    """Redis answers reads and takes no writes: it is full, its disk is, or it is a replica."""

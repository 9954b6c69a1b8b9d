"""How a command ends: every exit code, in one place."""

from __future__ import annotations

from enum import IntEnum

from nearcopy.errors import (
    Busy,
    Exists,
    IndexFull,
    InputError,
    NearcopyError,
    NotFound,
    ParametersMismatch,
    StorageUnavailable,
)


class Exit(IntEnum):
    """The exit codes. Those from 130 on are the shell's for the signal that ended a command."""

    DONE = 0
    REJECTED = 1
    USAGE = 2
    NOT_FOUND = 3
    UNAVAILABLE = 4
    OTHER_PARAMETERS = 5
    INDEX_FULL = 6
    BUSY = 7
    FAILED = 8
    DAMAGED = 9
    INTERRUPTED = 130
    READER_GONE = 141
    TERMINATED = 143


MEANING = {
    Exit.DONE: "done",
    Exit.REJECTED: "done, but for records of the input that were rejected",
    Exit.USAGE: "wrong usage, or input that cannot be used",
    Exit.NOT_FOUND: "no such document or collection",
    Exit.UNAVAILABLE: "Redis does not answer",
    Exit.OTHER_PARAMETERS: "the collection was built with other parameters",
    Exit.INDEX_FULL: "the collection is full",
    Exit.BUSY: "the collection is being rebuilt, or a generation of it published or dropped",
    Exit.FAILED: "it failed or was cancelled, and nothing was published",
    Exit.DAMAGED: "something in the index is off, and was not mended",
    Exit.INTERRUPTED: "interrupted (Ctrl-C)",
    Exit.READER_GONE: "whoever read the output stopped reading",
    Exit.TERMINATED: "ended by SIGTERM",
}

ALWAYS = (Exit.DONE, Exit.USAGE, Exit.INTERRUPTED, Exit.READER_GONE, Exit.TERMINATED)
"""How every command may end."""

_OF_ERRORS: tuple[tuple[type[NearcopyError], Exit], ...] = (
    (InputError, Exit.USAGE),
    (Exists, Exit.USAGE),
    (NotFound, Exit.NOT_FOUND),
    (StorageUnavailable, Exit.UNAVAILABLE),
    (ParametersMismatch, Exit.OTHER_PARAMETERS),
    (IndexFull, Exit.INDEX_FULL),
    (Busy, Exit.BUSY),
)


def code_of(error: NearcopyError) -> Exit:
    """The exit code of an error of the engine."""
    return next((code for kind, code in _OF_ERRORS if isinstance(error, kind)), Exit.FAILED)


def help_of(*ends: Exit) -> str:
    """The end of a command's help: its exit codes, which are these and those of every command."""
    lines = [f"  {code:<4} {MEANING[code]}" for code in sorted({*ends, *ALWAYS})]
    return "\n".join(("\b\nExit codes:", *lines))  # \b keeps click from joining the lines

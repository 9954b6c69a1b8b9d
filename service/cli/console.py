"""Writing for people: colour where it goes to a terminal, and nothing of a stored text can drive that."""

from __future__ import annotations

import os
import sys
from typing import Any

import orjson
from rich.console import Console
from rich.text import Text

PIPED_WIDTH = 110
"""Columns where nobody says how many there are."""

_COMMANDS = (*range(32), *range(127, 160))
"""What a terminal obeys."""

_TURNS = (0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
"""Marks that turn the direction of whatever follows."""

_SEEN = dict.fromkeys(_COMMANDS + _TURNS, "\N{REPLACEMENT CHARACTER}")
_SEEN_IN_TEXTS = {code: seen for code, seen in _SEEN.items() if chr(code) not in "\n\t"}


class PlainConsole(Console):
    """A console that takes texts as they are, and leaves a broken pipe to whoever ends the command."""

    def on_broken_pipe(self) -> None:
        """Called where the pipe broke; rich itself would exit."""
        raise


def _console(stderr: bool) -> PlainConsole:
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() or "COLUMNS" in os.environ else PIPED_WIDTH
    return PlainConsole(stderr=stderr, highlight=False, markup=False, emoji=False, width=width)


out = _console(stderr=False)
err = _console(stderr=True)


def complain(message: str) -> None:
    """One line on stderr."""
    line = Text.assemble(("nearcopy: ", "bold red"), one_line(message))
    err.print(line, soft_wrap=True)


def print_json(value: Any) -> None:
    """One JSON value on stdout, in UTF-8 whatever the terminal speaks; dataclasses become objects."""
    sys.stdout.flush()
    sys.stdout.buffer.write(orjson.dumps(value, option=orjson.OPT_INDENT_2) + b"\n")
    sys.stdout.buffer.flush()


def one_line(text: str) -> str:
    """The text on one line, with every control character shown as a replacement character."""
    return " ".join(text.split()).translate(_SEEN)


def safe(text: str) -> str:
    """The text with its lines, and every other control character shown as a replacement character."""
    return text.translate(_SEEN_IN_TEXTS)


def excerpt(text: str, start: int, end: int, longest: int = 240) -> str:
    """What stands between two offsets, without its middle where that is longer than ``longest``."""
    if end - start <= longest:
        return one_line(text[start:end])
    half = longest // 2
    return f"{one_line(text[start : start + half])} […] {one_line(text[end - half : end])}"

"""The program that reads files for the service, one after another, until its input ends.

    out:  a newline, once it is ready
    in:   {"name": …, "charset": …, "kind": …, "most": …, "size": n} in a line, then the n bytes of the file
    out:  {"outcome": "text", or the name of an error, "size": n, "spent": true | false} in a line, then n
          bytes of UTF-8: the text, or what is wrong. Who is spent reads no other file

Its argument is the memory that it may take, in bytes. Whatever a file does to it, the service stands.
"""

from __future__ import annotations

import fcntl
import json
import os
import resource
import select
import sys
from typing import Any

from nearcopy.errors import UnknownFile, UnreadableFile
from nearcopy.extract.files import extract

NICE = 5
"""A third of the processor's time that others get, where all want it."""


def main() -> None:
    """Serve until the input ends."""
    memory = int(sys.argv[1])
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    # A crash leaves no texts of strangers on the disk, and what libraries grumble about them in no log
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    # Checks of texts go first: a flood of slow files shall not slow them down
    os.nice(NICE)
    fcntl.fcntl(0, fcntl.F_SETOWN, os.getpid())
    _send(b"\n")
    while line := sys.stdin.buffer.readline():
        asked = json.loads(line)
        data = sys.stdin.buffer.read(asked.pop("size"))
        _end_with_input(True)
        outcome, words, spent = _answer(data, asked, memory)
        _end_with_input(False)
        text = words.encode()
        _send(json.dumps({"outcome": outcome, "size": len(text), "spent": spent}).encode() + b"\n" + text)


def _answer(data: bytes, asked: dict[str, Any], memory: int) -> tuple[str, str, bool]:
    """The outcome, its words, and whether what is left of the memory may be too little for another file."""
    try:
        return "text", extract(data, **asked), _held() > memory // 2
    except (UnreadableFile, UnknownFile) as error:
        return type(error).__name__, str(error), _held() > memory // 2
    except MemoryError:
        return UnreadableFile.__name__, f"reading it takes more than {memory >> 20} MB of memory", True
    except Exception as error:  # noqa: BLE001
        # The libraries raise all sorts of things where a file is not as it should be
        name = type(error).__name__
        return UnreadableFile.__name__, f"it is damaged, or made to be: its reader stopped with {name}", True


def _held() -> int:
    """The memory that is taken, in bytes, as the limit counts it."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[0]) * resource.getpagesize()


def _send(answer: bytes) -> None:
    sys.stdout.buffer.write(answer)
    sys.stdout.buffer.flush()


def _end_with_input(at_once: bool) -> None:
    """Where the service is killed, the input ends. A library that keeps the interpreter busy would not see
    that, but the kernel does: it sends SIGIO for whatever happens to a pipe with O_ASYNC, which kills."""
    flags = fcntl.fcntl(0, fcntl.F_GETFL)
    fcntl.fcntl(0, fcntl.F_SETFL, flags | os.O_ASYNC if at_once else flags & ~os.O_ASYNC)
    if at_once:
        ended = select.poll()
        ended.register(0, select.POLLHUP)
        if ended.poll(0):
            sys.exit()


if __name__ == "__main__":
    main()

"""The command line ``nearcopy``: one file a command, whose docstring is its help."""

from service.cli.program import main

__all__ = ["main"]

"""What the worker's commands do, without a terminal. The command line finds them by their entry points."""

from nearcopy.jobs.commands import Rebuilding, Working
from worker.commands.rebuilding import rebuild
from worker.queue import work

rebuilding: Rebuilding = rebuild
working: Working = work

__all__ = ["rebuilding", "working"]

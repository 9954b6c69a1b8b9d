"""What the worker's commands do, without a terminal. The command line finds them by their entry points."""

from nearcopy.jobs.commands import Forecasting, Rebuilding, Working
from worker.commands.forecasting import foretell
from worker.commands.rebuilding import rebuild
from worker.commands.working import work

rebuilding: Rebuilding = rebuild
forecasting: Forecasting = foretell
working: Working = work

__all__ = ["forecasting", "rebuilding", "working"]

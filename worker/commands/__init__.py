"""What the worker's commands do, without a terminal. The command line finds them by their entry points."""

from nearcopy.jobs.commands import Forecasting, Rebuilding, Working
from nearcopy.jobs.search import Clustering, Deduping
from worker.commands.clustering import cluster
from worker.commands.deduping import dedupe
from worker.commands.forecasting import foretell
from worker.commands.rebuilding import rebuild
from worker.commands.working import work

rebuilding: Rebuilding = rebuild
forecasting: Forecasting = foretell
working: Working = work
clustering: Clustering = cluster
deduping: Deduping = dedupe

__all__ = ["clustering", "deduping", "forecasting", "rebuilding", "working"]

"""What the worker's commands do, without a terminal. The command line finds them by their entry points."""

from nearcopy.jobs.commands import Forecasting, Rebuilding, Working
from nearcopy.jobs.search import Clustering
from worker.commands.clustering import cluster
from worker.commands.forecasting import foretell
from worker.commands.rebuilding import rebuild
from worker.commands.working import work

rebuilding: Rebuilding = rebuild
forecasting: Forecasting = foretell
working: Working = work
clustering: Clustering = cluster

__all__ = ["clustering", "forecasting", "rebuilding", "working"]

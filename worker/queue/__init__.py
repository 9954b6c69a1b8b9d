"""Takes rebuilds from the queue and runs them: `work`."""

from worker.queue.working import work

__all__ = ["work"]

"""Going back to a generation, and dropping one: for whoever asks, under the lock of the collection."""

from __future__ import annotations

from nearcopy.errors import NotFound
from nearcopy.index import generations, publishing
from nearcopy.index.lock import Lock
from nearcopy.index.store import Store


def publish(store: Store, generation: bytes) -> int:
    """Bring a generation that was live up to date and make it live again; returns how many changes that were.

    Nothing happens to the one that is live. Raises `Busy`, and `NotFound` where there is no such generation
    or it never was live: its rebuild has not ended, or failed.
    """
    with Lock(store) as lock:
        named = {str(one.number).encode(): one for one in generations.listed(store)}
        found = named.get(generation)
        if found is None:
            raise NotFound(
                f"collection {store.collection!r} has no generation {generation.decode()}: "
                "`nearcopy generations` lists them"
            )
        if found.state not in ("kept", "live"):
            raise NotFound(f"generation {found.number} never was live: it is {found.state}")
        return 0 if found.state == "live" else publishing.publish(store, generation, lock)


def roll_back(store: Store) -> tuple[bytes, int]:
    """Publish the generation that was live before; returns its number, and how many changes it got. Raises
    `Busy`, and `NotFound` where none was kept."""
    generation = generations.previous(store)
    return generation, publish(store, generation)


def drop(store: Store, generation: bytes, grace: float = generations.GRACE) -> int:
    """Remove a generation that is not live; returns how many keys it had. Raises `Busy`, `NotFound`, and
    `InputError` where it is live."""
    with Lock(store):
        return generations.drop(store, generation, grace)

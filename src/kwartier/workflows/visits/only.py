"""One visitor at a time: a meter takes one connection, and its counters are handed out once."""

from collections.abc import Iterator
from contextlib import contextmanager

from kwartier.model.errors import KwartierError
from kwartier.store import postgres
from kwartier.store.registry import nights
from kwartier.workflows.installation import Installation


class NightRuns(KwartierError):
    """Another process is at the meters; nothing was done. The caller waits for it."""

    code = "night-runs"


class WorkerLost(KwartierError):
    """A worker process died; the machine or somebody ended it. What was settled is safe: run it again."""

    code = "worker-lost"


@contextmanager
def only_one(house: Installation) -> Iterator[None]:
    """Hold the lock of the night as long as this process lives: PostgreSQL lets go when the connection does. Raises NightRuns."""
    with postgres.reached(house.dsns.operator, autocommit=True) as c:
        if not nights.lock(c):
            msg = "a night, or a round of care, is at the meters already"
            raise NightRuns(msg)
        yield

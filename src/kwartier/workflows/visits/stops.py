"""The stop list as a worker sees it: at most so many milliseconds old whenever a GET goes out."""

import asyncio
import time
from typing import final

from kwartier.model.errors import KwartierError
from kwartier.model.ground import FactRef
from kwartier.model.permit import PermitRef
from kwartier.store import postgres
from kwartier.store.registry import stops
from kwartier.store.registry.stops import Loaded

ASKED_AT_MOST = 50
"""Answers that come too late before we give up: no meter is read meanwhile, and a night that waits for ever tells nobody why."""


class NoStopList(KwartierError):
    """The registry is too slow for the stop list to be as fresh as it must be; nothing more is read. The machine is at fault."""

    code = "no-stop-list"


@final
class PolledStops:
    """Asks the registry, in a thread so that no meter waits for it, and never twice at once.

    The list is read whole each time: all that the facts did not show when they were loaded, or showed as still to come.
    """

    def __init__(self, dsn: str, since: Loaded) -> None:
        """Connect as the operator; `since` is when the facts of this batch were loaded. Raises ServerUnavailable."""
        self._connection = postgres.reached(dsn, autocommit=True)
        self._since = since
        self._asked = float("-inf")
        self._found: frozenset[FactRef] = frozenset()
        self._busy: asyncio.Task[None] | None = None

    async def fresh(self, max_age_s: float) -> None:
        """Return once the list is at most `max_age_s` old. Raises NoStopList where the registry never answers in time."""
        for _ in range(ASKED_AT_MOST):
            if time.monotonic() - self._asked <= max_age_s:
                return
            if self._busy is None:
                self._busy = asyncio.create_task(self._ask())
            await asyncio.shield(self._busy)
        msg = "the registry answers too slowly to know in time what was revoked, so no meter was asked"
        raise NoStopList(msg)

    async def _ask(self) -> None:
        asked = time.monotonic()  # before the query: the age counts from what the answer can know
        try:
            self._found = await asyncio.to_thread(stops.since, self._connection, self._since)
            self._asked = asked
        finally:
            self._busy = None

    def stopped(self, permit: PermitRef) -> bool:
        """Tell whether one of the facts the permit rests on was stopped."""
        return bool(self._found) and not self._found.isdisjoint(permit.facts)

    def close(self) -> None:
        """Let go of the connection."""
        self._connection.close()

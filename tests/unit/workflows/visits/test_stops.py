"""The stop list of a worker: fresh, or nothing is read."""

import asyncio
from datetime import UTC, datetime
from unittest.mock import Mock

import pytest

from kwartier.store.postgres import Dsns
from kwartier.store.registry import stops as registry
from kwartier.store.registry.stops import Loaded
from kwartier.workflows.visits.stops import NoStopList, PolledStops


def test_a_list_is_asked_for_once_and_serves_while_it_is_fresh(dsns: Dsns, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = Mock(wraps=registry.since)
    monkeypatch.setattr(registry, "since", asked)
    stops = PolledStops(dsns.operator, Loaded(datetime.now(UTC), "1:1:"))

    async def many() -> None:
        await asyncio.gather(*(stops.fresh(30.0) for _ in range(20)))
        await stops.fresh(30.0)

    asyncio.run(many())
    stops.close()
    assert asked.call_count == 1


def test_a_registry_that_is_never_in_time_ends_the_reading_with_a_reason(dsns: Dsns) -> None:
    stops = PolledStops(dsns.operator, Loaded(datetime.now(UTC), "1:1:"))
    with pytest.raises(NoStopList):
        asyncio.run(stops.fresh(-1.0))
    stops.close()

"""A moment as the log has it: in UTC, in whole seconds."""

from datetime import UTC, datetime

import pytest

from kwartier.model.errors import BadInput
from kwartier.model.period import ZONE, whole_second


def test_a_moment_loses_its_fraction_and_its_zone() -> None:
    at = datetime(2026, 10, 25, 2, 30, 0, 999_999, tzinfo=ZONE, fold=1)
    found = whole_second(at)
    assert (found, found.tzinfo) == (datetime(2026, 10, 25, 1, 30, tzinfo=UTC), UTC)
    assert whole_second(found) == found


def test_a_moment_without_a_zone_is_none() -> None:
    with pytest.raises(BadInput):
        whole_second(datetime(2026, 10, 25))  # noqa: DTZ001 - that is the point

"""Which time a replay is about: local days, both included."""

from datetime import UTC, date, datetime, timedelta

import pytest

from kwartier.model.errors import BadInput
from kwartier.workflows.replay.window import WHOLE, of_days

DAY = date(2026, 10, 25)
"""The day of 25 hours."""
OPENS, CLOSES = datetime(2026, 10, 24, 22, tzinfo=UTC), datetime(2026, 10, 25, 23, tzinfo=UTC)


def test_a_day_is_a_local_day() -> None:
    window = of_days(DAY, DAY)
    assert (window.start, window.end) == (OPENS, CLOSES)
    assert window.holds(OPENS)
    assert not window.holds(CLOSES)
    assert window.precedes(OPENS - timedelta(seconds=1))
    assert not window.precedes(OPENS)


@pytest.mark.parametrize(("first", "last", "held"), [(None, None, True), (DAY, None, True), (None, DAY, False)])
def test_an_end_that_is_not_named_is_open(first: date | None, last: date | None, held: bool) -> None:  # noqa: FBT001 - a case of two
    assert of_days(first, last).holds(CLOSES) is held


def test_the_whole_holds_everything() -> None:
    assert of_days(None, None) == WHOLE
    assert not WHOLE.precedes(datetime.min.replace(tzinfo=UTC))


def test_a_time_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(BadInput):
        of_days(DAY, DAY - timedelta(days=1))

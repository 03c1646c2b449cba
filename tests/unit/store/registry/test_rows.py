from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kwartier.model.period import Period
from kwartier.store.registry import rows
from kwartier.store.registry.errors import DamagedRow

C = psycopg.Connection[Any]
moments = st.datetimes(datetime(1990, 1, 1), datetime(2199, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis wants naive bounds
periods = st.builds(
    lambda start, length: Period(start, None if length is None else start + length),
    moments,
    st.none() | st.timedeltas(timedelta(0), timedelta(days=9_000)),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(period=periods)
def test_a_period_comes_back_as_it_went_in_to_the_microsecond(operator: C, period: Period) -> None:
    with rows.cursor(operator) as cursor:
        back, starts, open_end = cursor.execute(
            "select r, lower(r), upper_inf(r) from (select %s::tstzrange as r) x", (period,)
        ).fetchone() or (None, None, None)
    assert back == period
    assert starts == period.start
    assert open_end is (period.end is None)


def test_one_moment_is_held_by_its_range_and_an_empty_range_is_no_period(operator: C) -> None:
    at = datetime(2026, 3, 10, tzinfo=UTC)
    with rows.cursor(operator) as cursor:
        assert cursor.execute("select %s::tstzrange @> %s::timestamptz", (Period(at, at), at)).fetchone() == (True,)
        assert cursor.execute("select 'empty'::tstzrange").fetchone() == (None,)


def test_a_range_without_a_start_is_damage(operator: C) -> None:
    with rows.cursor(operator) as cursor:
        cursor.execute("select '(,2026-01-01 00:00:00+00)'::tstzrange")
        with pytest.raises(DamagedRow):
            cursor.fetchone()

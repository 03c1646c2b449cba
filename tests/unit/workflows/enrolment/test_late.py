"""Boundaries that are told late are written down, once; what comes with a connection is its past, and none of them."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from enrolment_support import Gate
from kwartier.model.period import midnight

pytestmark = pytest.mark.database
STORY = Path(__file__).parents[3] / "scenarios" / "night_switch_registered_late"
MAY_1, MAY_10, MAY_12, MARCH_10 = (midnight(datetime(2025, *day, tzinfo=UTC).date()) for day in ((5, 1), (5, 10), (5, 12), (3, 10)))
WAITS = "select c.ean, l.moment from kw.late_change l join kw.connection c on c.key = l.connection order by 1, 2"


def waits(gate: Gate) -> list[tuple[str, datetime]]:
    return [(ean[-4:], moment) for ean, moment in gate.ask(WAITS)]


def test_what_comes_with_a_connection_is_not_late(gate: Gate) -> None:
    assert gate.take(STORY / "given").rejected == 0
    assert waits(gate) == []


@pytest.mark.parametrize(
    ("told", "late"),
    [
        (MARCH_10 - timedelta(seconds=1), []),
        (MARCH_10, [("0031", MARCH_10)]),
        (MAY_12 - timedelta(seconds=1), [("0024", MAY_1), ("0031", MARCH_10), ("0048", MAY_10)]),
        (
            MAY_12 + timedelta(hours=23, minutes=59, seconds=30),
            [("0017", MAY_12), ("0024", MAY_1), ("0031", MARCH_10), ("0048", MAY_10)],
        ),
    ],
)
def test_a_boundary_that_lies_back_waits(gate: Gate, told: datetime, late: list[tuple[str, datetime]]) -> None:
    gate.take(STORY / "given")
    for _ in range(2):
        assert gate.take(STORY / "when" / "told", at=told).rejected == 0
        assert waits(gate) == late, "once, though it is told again"


def test_what_is_older_than_readings_are_kept_is_not_looked_for(gate: Gate) -> None:
    gate.take(STORY / "given")
    gate.take(STORY / "when" / "told", at=MAY_10 + timedelta(days=1825))
    assert [ean for ean, _ in waits(gate)] == ["0017", "0048"]

"""What of a line about somebody else is about the own time, and what is still theirs."""

from datetime import datetime

import pytest

from kwartier.model.period import Period
from kwartier.model.register import Product
from kwartier.workflows.inquiry.then import Theirs, covered
from registry_support import between, on

THEIRS = (between("2026-01-01", "2026-02-01"), between("2026-02-01", "2026-03-01"))
MINE = between("2026-03-01")


def at(day: str) -> Period:
    return Period(on(day), on(day))


@pytest.mark.parametrize(
    ("about", "is_theirs"),
    [
        (between("2026-01-05", "2026-02-05"), True),
        (between("2026-01-01", "2026-03-01"), True),
        (between("2026-02-28", "2026-03-02"), False),
        (between("2025-12-31", "2026-01-02"), False),
        (between("2026-02-28"), False),
        (at("2026-03-01"), True),
        (at("2026-03-02"), False),
    ],
)
def test_a_time_is_theirs_when_they_live_there_in_all_of_it(about: Period, is_theirs: bool) -> None:  # noqa: FBT001 - a column
    assert covered(about, THEIRS) is is_theirs
    assert not covered(about, ())
    assert covered(about, (Period(datetime.fromisoformat("2020-01-01T00:00:00+00:00")),))


@pytest.mark.parametrize(
    ("about", "own"),
    [
        (between("2026-02-01", "2026-03-01"), []),
        (between("2026-02-28", "2026-03-02"), [between("2026-03-01", "2026-03-02")]),
        (between("2026-03-01", "2026-03-02"), [between("2026-03-01", "2026-03-02")]),
        (at("2026-03-01"), []),
        (at("2026-03-02"), [at("2026-03-02")]),
    ],
)
def test_of_a_line_the_own_time_alone_is_told(about: Period, own: list[Period]) -> None:
    assert [*Theirs((), Product.ELECTRICITY, THEIRS, (MINE,)).parts(about)] == own


def test_a_register_at_which_the_own_time_begins_is_own_where_the_other_had_left_before() -> None:
    assert [*Theirs((), Product.GAS, THEIRS[:1], (MINE,)).parts(at("2026-03-01"))] == [at("2026-03-01")]

"""A new occupant sees nothing from before, a former one keeps the own time, and who came back has both."""

from array import array
from datetime import date, datetime, timedelta

import pytest

from kwartier.model.channel_day import Quality
from kwartier.model.period import Period, midnight
from kwartier.model.register import Channel
from kwartier.workflows import inquiry
from kwartier.workflows.inquiry.errors import NotYours
from kwartier.workflows.installation import Installation
from readings_support import channel_day, read
from registry_support import DAY, World, between

AT = midnight(DAY + timedelta(days=1)) + timedelta(hours=9)
SIX = midnight(DAY) + timedelta(hours=6)
"""When gas changes hands."""


class Moved:
    """A gas connection that changed hands at six in the morning of the day, and its readings of that day."""

    def __init__(self, house: Installation, facts: World) -> None:
        """Write facts and readings."""
        self.gas = facts.connection("gas")
        self.left, self.came = facts.subject("LEFT"), facts.subject("CAME")
        facts.occupancy(self.gas, self.left, Period(midnight(date(2020, 1, 1)), SIX))
        facts.occupancy(self.gas, self.came, Period(SIX))
        registers = [channel_day(self.gas, Channel.DAY_GAS, DAY + timedelta(days=n)) for n in (0, 1)]
        read(house, [channel_day(self.gas, Channel.GAS, DAY), *registers], at=AT)


@pytest.fixture
def moved(opened: Installation, facts: World) -> Moved:
    return Moved(opened, facts)


def hours(house: Installation, who: int, connection: int, day: date = DAY) -> list[int]:
    """Return the values that a person is shown of a day."""
    (one,) = inquiry.usage(house, who, connection, day, at=AT).days
    marks = one.quality or bytes(24)
    assert one.start in {0, 4711}
    return [value for value, mark in zip(array("i", one.deltas), marks, strict=True) if not mark & Quality.MISSING]


def test_on_the_page_of_the_day_of_a_move_each_sees_the_own_hours(opened: Installation, moved: Moved) -> None:
    assert hours(opened, moved.left, moved.gas) == list(range(6))
    assert hours(opened, moved.came, moved.gas) == list(range(6, 24))
    with pytest.raises(NotYours):
        inquiry.usage(opened, moved.came, moved.gas, DAY - timedelta(days=1), at=AT)
    with pytest.raises(NotYours):
        inquiry.usage(opened, moved.left, moved.gas, DAY + timedelta(days=1), at=AT)


@pytest.mark.parametrize("form", ["csv", "json"])
def test_in_a_download_too(opened: Installation, moved: Moved, form: str) -> None:
    mine = inquiry.download(opened, moved.came, moved.gas, DAY, DAY, form, at=AT).body.decode()
    theirs = inquiry.download(opened, moved.left, moved.gas, DAY, DAY, form, at=AT).body.decode()
    assert ("T00:00:00+01:00" in mine, "T00:00:00+01:00" in theirs) == (True, True), "a register each"
    assert ("2026-03-10T00:00" in mine, "2026-03-11T00:00" in mine) == (False, True)
    assert ("2026-03-10T00:00" in theirs, "2026-03-11T00:00" in theirs) == (True, False)


@pytest.mark.parametrize(("held", "why"), [(("import",), "not-yet"), (("import", "export"), None)])
def test_what_is_held_of_some_channels_only_says_why_not_of_all(
    opened: Installation, facts: World, held: tuple[str, ...], why: str | None
) -> None:
    home, who = facts.connection(), facts.subject()
    facts.occupancy(home, who)
    read(opened, [channel_day(home, Channel[one.upper()], DAY) for one in held], at=AT)
    shown = inquiry.usage(opened, who, home, DAY, at=AT)
    assert (len(shown.days), shown.why_empty) == (len(held), why)


def test_who_came_back_has_both_times_and_not_the_time_between(opened: Installation, facts: World) -> None:
    home = facts.connection()
    me, other = facts.subject(), facts.subject()
    facts.occupancy(home, me, between("2020-01-01", "2026-03-01"))
    facts.occupancy(home, other, between("2026-03-01", "2026-03-05"))
    facts.occupancy(home, me, between("2026-03-05"))
    for day in (date(2026, 2, 20), date(2026, 3, 3), DAY):
        read(opened, [channel_day(home, Channel.IMPORT, day)], at=AT)
    for day in (date(2026, 2, 20), DAY):
        (one,) = inquiry.usage(opened, me, home, day, at=AT).days
        assert one.day == day
    with pytest.raises(NotYours):
        inquiry.usage(opened, me, home, date(2026, 3, 3), at=AT)
    assert len(inquiry.access_log(opened, me, most=100)) == 2, "each line once"


def told(house: Installation, who: int) -> set[tuple[str, str, Period, datetime]]:
    return {
        (row.explanation.rule, row.who, row.explanation.period, row.explanation.since)
        for row in inquiry.who_may(house, who, at=AT).rows
    }


def test_who_may_know_is_told_of_the_own_time_and_of_ones_own_permissions(opened: Installation, facts: World) -> None:
    """Neither since when a supplier supplied somebody else, nor that the former occupant has an app."""
    home = facts.connection()
    left, came = facts.subject(), facts.subject()
    facts.occupancy(home, left, between("2020-01-01", "2026-03-01"))
    facts.occupancy(home, came, between("2026-03-01"))
    supplier, app = facts.party(), facts.party("third_party")
    facts.agreement(supplier)
    facts.agreement(app)
    facts.supply(home, supplier, between("2022-05-01"))
    facts.permission(home, left, app)
    mine = told(opened, came)
    assert {period for _, _, period, _ in mine} == {between("2026-03-01")}
    assert {rule for rule, _, _, _ in mine} == {"C1", "S1", "S2", "S3", "S4"}
    assert min(since for _, _, _, since in mine) == midnight(date(2026, 3, 1))
    theirs = told(opened, left)
    assert {period.end for rule, _, period, _ in theirs if rule == "S1"} == {midnight(date(2026, 3, 1))}
    assert [one.party for one in inquiry.who_may(opened, left, at=AT).permissions] == ["A party"]
    assert inquiry.who_may(opened, came, at=AT).permissions == []

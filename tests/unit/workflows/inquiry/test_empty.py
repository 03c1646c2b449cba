"""Why nothing is held of the own part of a day that was parted by a move; what became of the other part is nobody's but theirs."""

from datetime import datetime, timedelta

import pytest

from kwartier.model.period import Period, midnight
from kwartier.model.register import Channel
from kwartier.workflows import inquiry
from kwartier.workflows.installation import Installation
from registry_support import ALWAYS, DAY, World

OPENS, CLOSES = midnight(DAY), midnight(DAY + timedelta(days=1))
SIX = OPENS + timedelta(hours=6)
"""When gas changes hands."""
AT = CLOSES + timedelta(hours=9)
BEGUN, READ, STAGED = (CLOSES + timedelta(hours=hours) for hours in (1, 2, 3))
WHOLE, BEFORE, AFTER = Period(OPENS, CLOSES), Period(OPENS, SIX), Period(SIX, CLOSES)
GAS = 1 << Channel.GAS


class Moved:
    """A gas connection that changed hands at six in the morning; nothing is held of the day, about which a night has ended."""

    def __init__(self, house: Installation, facts: World) -> None:
        """Write who lived there."""
        self.house, self.facts = house, facts
        home = facts.connection()
        self.gas, self.meter = facts.connection("gas"), facts.meter(home)
        facts.coupling(self.meter, self.gas)
        self.left, self.came = facts.subject("LEFT"), facts.subject("CAME")
        facts.occupancy(self.gas, self.left, Period(ALWAYS.start, SIX))
        facts.occupancy(self.gas, self.came, Period(SIX))
        self.night = facts.new("night", day=DAY, started=BEGUN, ended=STAGED)

    def opts_in(self) -> None:
        """Let who came opt in to their own page. What who left had asked for was over in the night, as their stay was."""
        self.facts.permission(self.gas, self.came, None, Period(SIX), purpose="own_insight", mask=GAS)

    def ended(self, rows: Period, how: str, at: datetime = READ) -> None:
        """Write how a read of these rows ended: by its result, or the reason of a gap."""
        assert rows.end is not None
        result, reason = {"read": ("read", None), "stopped": ("stopped", None), "fell_short": ("read", how)}.get(how, ("gap", how))
        batch = self.facts.new("batch", night=self.night, state="committed", staged=STAGED, committed=STAGED)
        span = int(rows.start.timestamp()), int(rows.end.timestamp())
        values = batch, self.meter, self.gas, *span, result, reason, at
        self.facts.c.execute(
            "insert into kw.outcome (batch, meter, connection, profile, mbus, first_s, last_s, result, reason, permits, at)"
            " values (%s, %s, %s, 'g_interval', 1, %s, %s, %s, %s, '', %s)",
            values,
        )

    def told(self, who: int) -> str | None:
        """Return why the page of a person says that there is nothing."""
        return inquiry.usage(self.house, who, self.gas, DAY, at=AT).why_empty


@pytest.fixture
def moved(opened: Installation, facts: World) -> Moved:
    return Moved(opened, facts)


@pytest.mark.parametrize("how", ["timeout", "stopped", "withdrawn", "fell_short", "quarantined"])
def test_how_a_part_ended_is_told_to_its_own_person_alone(moved: Moved, how: str) -> None:
    """The other part was read, and later: that is no word about this one."""
    moved.ended(BEFORE, how)
    moved.ended(AFTER, "read", READ + timedelta(minutes=1))
    assert moved.told(moved.left) == how
    assert moved.told(moved.came) == "not-asked"


@pytest.mark.parametrize("how", ["timeout", "stopped", "fell_short"])
def test_whose_part_nobody_asked_for_learns_nothing_of_how_the_other_one_ended(moved: Moved, how: str) -> None:
    moved.opts_in()
    moved.ended(AFTER, how)
    assert moved.told(moved.left) == "not-asked"
    assert moved.told(moved.came) == how


def test_a_gap_of_the_whole_day_is_one_of_each_part(moved: Moved) -> None:
    moved.opts_in()
    moved.ended(WHOLE, "timeout")
    assert [moved.told(who) for who in (moved.left, moved.came)] == ["timeout", "timeout"]


def test_what_fell_short_in_a_read_of_the_whole_day_did_so_where_somebody_had_a_ground_to_keep_it(moved: Moved) -> None:
    """The whole day was read for a sum: of the part of who left nothing was to be kept, so nothing of it fell short."""
    moved.opts_in()
    moved.ended(WHOLE, "fell_short")
    assert moved.told(moved.left) == "not-asked"
    assert moved.told(moved.came) == "fell_short"

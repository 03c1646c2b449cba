"""A boundary that was told late: its register is handed over where it is held, and else it is said that nobody has it."""

from datetime import datetime, timedelta

import pytest

from kwartier.model.period import Period, midnight
from kwartier.model.register import Channel
from kwartier.workflows import delivery_round
from kwartier.workflows.installation import Installation
from readings_support import channel_day, read
from registry_support import World, on
from rights_support import AFTER, AT

NOON_OF = timedelta(hours=12)


def waits(house: Installation) -> int:
    with house.operator() as c:
        (count,) = c.execute("select count(*) from kw.late_change").fetchone() or (0,)
    return int(count)


def test_a_boundary_for_which_nobody_waits_is_forgotten_though_nothing_is_promised(opened: Installation, facts: World) -> None:
    """Nobody supplies there: there is nobody to promise the register to."""
    home = facts.connection()
    facts.occupancy(home, facts.subject())
    facts.c.execute("insert into kw.late_change (connection, moment, told) values (%s, %s, %s)", (home, midnight(AFTER), AT))
    delivery_round.run(opened, clock=lambda: AT + timedelta(days=1))
    assert waits(opened) == 0


@pytest.mark.parametrize(("moment", "status"), [(midnight(AFTER), "delivered"), (midnight(AFTER) + NOON_OF, "failed")])
def test_a_register_is_of_a_midnight_and_of_no_other_moment(
    opened: Installation, facts: World, moment: datetime, status: str
) -> None:
    """The register of the midnight before is held; it is not that of the moment at which the supplier changed."""
    home = facts.connection()
    facts.meter(home)
    facts.occupancy(home, facts.subject())
    for period in (Period(on("2020-01-01"), moment), Period(moment)):
        party = facts.party()
        facts.agreement(party)
        facts.supply(home, party, period)
    read(opened, [channel_day(home, Channel.DAY_IMPORT_LOW, AFTER)], at=AT)
    facts.c.execute("insert into kw.late_change (connection, moment, told) values (%s, %s, %s)", (home, moment, AT))
    delivery_round.run(opened, clock=lambda: AT + timedelta(days=1))
    with opened.operator() as c:
        found = c.execute("select status from kw.parcel where purpose = 'switch'").fetchall()
        assert c.execute("select count(*) from kw.late_change").fetchone() == (0,)
    assert found == [(status,), (status,)]

"""The way back: whatever is due, decided and planned, no read reaches into time in which the meter was refused or off."""

from dataclasses import replace
from datetime import date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from kwartier.grounds.decide import decide
from kwartier.model.ground import Agreement, Facts, Occupancy, Permission, Restriction, RestrictionKind, Role, Supply
from kwartier.model.period import Period, epoch_s, midnight
from kwartier.model.permit import Permit
from kwartier.model.register import ALL_MASK, Product
from kwartier.model.task import ProfileName, Task
from kwartier.planning import due, plan
from kwartier.workflows.installation import meter_models

FIRST, DAYS = date(2026, 3, 24), 10
"""Ten days; the sixth has 23 hours."""
LONG = Period(midnight(date(2022, 3, 24)))
INTERVALS = {ProfileName.E_INTERVAL, ProfileName.G_INTERVAL}
KNOWN = Facts(
    7,
    "north",
    occupancies=(Occupancy(1, 100, LONG),),
    supplies=(Supply(2, 50, LONG),),
    agreements=(Agreement(3, 50, Role.SUPPLIER, LONG), Agreement(4, 60, Role.THIRD_PARTY, LONG)),
    permissions=(Permission(5, 100, 60, ALL_MASK, "advice", LONG, LONG), Permission(6, 100, None, ALL_MASK, "own", LONG, LONG)),
)
moments = st.integers(0, DAYS * 24 * 4).map(lambda n: midnight(FIRST) + timedelta(minutes=15 * n))
restrictions = st.lists(st.tuples(moments, st.sampled_from(list(RestrictionKind))), max_size=4, unique_by=lambda one: one[0])


def restricted(told: tuple[list[tuple[datetime, RestrictionKind]], bool]) -> Facts:
    """Return facts with restrictions, each from one moment to the next; between every two nothing is restricted."""
    said, last_open = sorted(told[0]), told[1]
    spans = zip(said[::2], [*said[1::2], None], strict=False)
    found = tuple(
        Restriction(n, start[1], Period(start[0], None if end is None else end[0]))
        for n, (start, end) in enumerate(spans)
        if end is not None or last_open
    )
    return replace(KNOWN, restrictions=found)


def planned(facts: Facts, product: Product, day: date, at: datetime) -> list[Task]:
    """Return the reads of a night about a day, run at a moment."""
    asked = due.due(facts, product, day, at=at)
    permits = [answer for one in asked if isinstance(answer := decide(one, facts, at=at), Permit)]
    mbus = 1 if product is Product.GAS else 0
    return plan.plan(permits, plan.Wired(7, 8, meter_models()["SMR5"], mbus))


@given(st.tuples(restrictions, st.booleans()).map(restricted), st.sampled_from(list(Product)), st.integers(0, DAYS - 1), moments)
def test_no_read_reaches_into_restricted_time_however_late_it_is_made(
    facts: Facts, product: Product, n: int, later: datetime
) -> None:
    day = FIRST + timedelta(days=n)
    at = max(midnight(day + timedelta(days=1)) + timedelta(hours=2), later)
    tasks = planned(facts, product, day, at)
    for one in facts.restrictions:
        start, end = epoch_s(one.period.start), None if one.period.end is None else epoch_s(one.period.end)
        assert not one.period.contains(at) or tasks == []
        for task in tasks:
            if task.profile in INTERVALS:
                assert task.last_s <= start or (end is not None and end <= task.first_s)
            else:  # a register on the boundary counts as inside
                assert task.last_s < start or (end is not None and end < task.first_s)


def test_where_nothing_is_restricted_there_is_something_to_read() -> None:
    for product in Product:
        assert len(planned(KNOWN, product, FIRST, midnight(FIRST + timedelta(days=1)) + timedelta(hours=2))) == 2

"""Reconciliation: a month by its two midnights, once per home, and never beside the sums of all its days."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kwartier import validation
from kwartier.grounds.decide import decide
from kwartier.model.ground import DataClass, Facts, Occupancy, Purpose, Supply, UseCase
from kwartier.model.period import Period, day_of, epoch_s, midnight
from kwartier.model.permit import Permit
from kwartier.model.register import DAY_MASK, GAS_MASK, Channel, Product
from kwartier.planning import due
from kwartier.store.registry import allocation, nights, reconciliation
from kwartier.store.registry.allocation import AllocationRow
from kwartier.store.registry.facts import ConnectionRow, Wired
from kwartier.workflows import grid_care
from kwartier.workflows.grid_care import Reconciliation
from kwartier.workflows.installation import Installation
from kwartier.workflows.night.job import Share, ShareKey
from kwartier.workflows.night.shares import Shares, last_day_of_month
from kwartier.workflows.night.sums import ShareTotals
from registry_support import World

DAY = timedelta(days=1)
LONG = Period(midnight(date(2020, 1, 1)))
MAY = Period(midnight(date(2027, 5, 1)), midnight(date(2027, 6, 1)))
ENDS = epoch_s(midnight(date(2027, 5, 1))), epoch_s(midnight(date(2027, 6, 1)))
REGISTERS = (Channel.DAY_IMPORT_LOW, Channel.DAY_IMPORT_NORMAL, Channel.DAY_EXPORT_LOW, Channel.DAY_EXPORT_NORMAL)
CASE = UseCase(41, Purpose.RECONCILIATION, DataClass.REGISTER, DAY_MASK & ~GAS_MASK, "north", LONG, LONG, 12, 2)
FACTS = Facts(7, "north", occupancies=(Occupancy(1, 1, LONG),), supplies=(Supply(2, 50, LONG),), use_cases=(CASE,))


def asked(facts: Facts, day: date) -> list[datetime]:
    """Return the midnights that the night after a day would ask for reconciliation."""
    at = midnight(day + DAY)
    found = [one for one in due.due(facts, Product.ELECTRICITY, day, at=at) if one.purpose is Purpose.RECONCILIATION]
    assert all(one.period.is_moment for one in found)
    return [one.period.start for one in found]


def home(facts: Facts) -> ConnectionRow:
    return ConnectionRow(facts.connection, Product.ELECTRICITY, "north", 1, 17_250, facts, Wired(7, "SMR5", 0, LONG.start), "1:1:")


def gathered(facts: Facts, day: date, about: Period, purpose: Purpose) -> dict[int, int]:
    """Return which homes one share may read."""
    at = midnight(day + DAY)
    answers = [decide(one, facts, at=at) for one in due.due(facts, Product.ELECTRICITY, day, at=at)]
    shares = Shares(about, purpose)
    shares.add(home(facts), [one for one in answers if isinstance(one, Permit)])
    return {key: count for draft in shares.drafts.values() for key, count in draft.readable.items()}


@given(st.dates(date(2027, 1, 1), date(2030, 12, 31)))
def test_a_month_is_asked_by_its_two_midnights_while_a_meter_keeps_the_first(day: date) -> None:
    found = asked(FACTS, day)
    assert bool(found) is ((day + DAY).day <= 9)
    if found:
        first, last = map(day_of, found)
        assert (first.day, last.day) == (1, 1)
        assert first < last <= day + DAY
        assert (last - first).days == last_day_of_month(first).day
        assert (day + DAY - first).days < 40, "a daily profile has forty rows"


def test_nobody_is_asked_where_no_party_supplied_the_whole_month_or_the_use_case_names_less() -> None:
    end = date(2027, 5, 31)
    assert len(asked(FACTS, end)) == 2
    switched = Supply(2, 50, Period(LONG.start, midnight(date(2027, 5, 12)))), Supply(3, 51, Period(midnight(date(2027, 5, 12))))
    assert asked(replace(FACTS, supplies=switched), end) == []
    later = replace(CASE, days=Period(midnight(date(2027, 5, 2))))
    assert asked(replace(FACTS, use_cases=(later,)), end) == []
    assert asked(FACTS, date(2026, 11, 30)) == [], "the edition of 2026 knows no reconciliation"


def test_a_midnight_counts_as_the_day_that_it_closes_of_its_own_year() -> None:
    """So a limit of twelve is a month each, and December counts where it lies though a night of January settles it."""
    day, at = date(2027, 1, 4), midnight(date(2027, 1, 5))
    spent = frozenset(f"2027-{month:02}-{last_day_of_month(date(2027, month, 1)).day}" for month in range(1, 13))
    facts = replace(FACTS, used_days={41: spent})
    answers = [decide(one, facts, at=at) for one in due.due(facts, Product.ELECTRICITY, day, at=at)]
    mine = [one for one in answers if one.request.purpose is Purpose.RECONCILIATION]
    assert [isinstance(one, Permit) for one in mine] == [True, True], "of 2026 nothing was used"
    then = replace(FACTS, used_days={41: frozenset(one.replace("2027", "2026") for one in spent) - {"2026-12-31"} | {"2026-06-29"}})
    late = [decide(one.request, then, at=at) for one in mine]
    assert [getattr(one, "rule", None) for one in late] == ["O9", "F11"], "the end of December would be the thirteenth"


def test_a_home_is_in_one_sum_of_a_month_and_in_none_of_its_days_after() -> None:
    """Before it is in either it may be in each; that both are not told of one night is the round's choice (test_beside.py)."""
    end, use = date(2027, 5, 31), replace(CASE, id=42, purpose=Purpose.ALLOCATION, yearly_limit=366)
    both = replace(FACTS, use_cases=(CASE, use))
    day = Period(midnight(end), midnight(end + DAY))
    assert gathered(both, end, MAY, Purpose.RECONCILIATION) == {7: 0}
    assert gathered(both, end, day, Purpose.ALLOCATION) == {7: 0}
    settled = replace(both, used_days={41: frozenset({"2027-04-30", "2027-05-31"})})
    assert gathered(settled, end, MAY, Purpose.RECONCILIATION) == {}
    assert gathered(settled, end, day, Purpose.ALLOCATION) == {}
    begun = replace(both, used_days={41: frozenset({"2027-04-30"})})
    assert gathered(begun, end, MAY, Purpose.RECONCILIATION) == {7: 1}, "one end alone was read: both are asked again"


@pytest.mark.parametrize("purpose", [Purpose.ALLOCATION, Purpose.ENERGY_LOSS])
def test_a_home_that_was_in_a_sum_of_a_day_is_in_no_other_of_that_time_wherever_it_lies_now(purpose: Purpose) -> None:
    """Transformers are renamed and parted: what was told of the one it hung on then is told all the same."""
    end = date(2027, 5, 31)
    use = replace(CASE, id=42, purpose=purpose, yearly_limit=366)
    allocating = replace(CASE, id=43, purpose=Purpose.ALLOCATION, yearly_limit=366)
    day = Period(midnight(end), midnight(end + DAY))

    def after(used: str) -> Facts:
        return replace(FACTS, use_cases=(CASE, use, allocating), used_days={42: frozenset({used})})

    for used in ("2027-05-01", "2027-05-31"):
        assert gathered(after(used), end, MAY, Purpose.RECONCILIATION) == {}, used
    assert gathered(after("2027-05-31"), end, day, Purpose.ALLOCATION) == {}
    for used in ("2027-04-30", "2027-06-01"):
        assert gathered(after(used), end, MAY, Purpose.RECONCILIATION) == {7: 0}, used
    assert gathered(after("2027-05-30"), end, day, Purpose.ALLOCATION).keys() == {7}


KEY = ShareKey(41, 1, 50, Product.ELECTRICITY)


def totals(*homes: int) -> ShareTotals:
    people = frozenset(homes)
    share = Share(KEY, "north", 2, people, people, MAY)
    other = Share(KEY._replace(use_case=42), "north", 2, people, people)
    return ShareTotals([share, other], dict.fromkeys(homes, 1_000))


@given(st.integers(0, 1_000_000), st.integers(0, 10**6), st.booleans())
def test_a_month_is_what_its_ends_differ_by_whichever_comes_first(begins: int, rise: int, swapped: bool) -> None:  # noqa: FBT001 - drawn
    found = totals(1, 2)
    ends = [(ENDS[0], begins), (ENDS[1], begins + rise)]
    for home_ in (1, 2):
        for stamp, value in reversed(ends) if swapped else ends:
            found.register(home_, {channel: {stamp: value} for channel in REGISTERS})
    month, day = found.result()
    possible = not validation.exceeds(rise, 1_000 * (ENDS[1] - ENDS[0]))
    assert (month.taken, month.given) == ((4 * rise, 4 * rise) if possible else (None, None))
    assert (day.taken, day.read) == (None, frozenset()), "registers of a month are no day"


def test_a_home_of_which_an_end_is_missing_or_a_register_fell_counts_as_unread() -> None:
    found = totals(1, 2, 3)
    found.register(1, {channel: {ENDS[0]: 5} for channel in REGISTERS})
    found.register(2, {channel: {ENDS[0]: 5, ENDS[1]: 4} for channel in REGISTERS})
    found.register(3, {channel: {ENDS[0]: 5, ENDS[1]: 9} for channel in REGISTERS})
    found.register(9, {channel: {ENDS[0]: 5, ENDS[1]: 9} for channel in REGISTERS})
    month, _ = found.result()
    assert (month.read, month.taken) == (frozenset({3}), None)


@pytest.mark.database
def test_what_was_told_is_added_up_and_what_was_tried_again_is_counted_once(opened: Installation, facts: World) -> None:
    one, other, case = facts.party(), facts.party(), facts.use_case(purpose="reconciliation", data_class="register", mask=240)
    month = date(2027, 1, 1)

    def share(batch: int, transformer: int, party: int, read: int, taken: int | None) -> AllocationRow:
        given, why = (None, "too few") if taken is None else (1, None)
        return AllocationRow(batch, month, case, transformer, party, "electricity", "wijk-01", 12, read, taken, given, why)

    with opened.operator() as c:
        first = nights.plan_batch(c, nights.begin(c, date(2027, 1, 31), datetime(2027, 2, 1, tzinfo=UTC)))
        again = nights.plan_batch(c, nights.begin(c, date(2027, 2, 1), datetime(2027, 2, 2, tzinfo=UTC)))
        reconciliation.store(c, [share(first, 1, one, 12, 100), share(first, 2, one, 0, None), share(first, 1, other, 0, None)])
        assert reconciliation.settled(c, [1, 2], month) == {1}
        assert {key[1:3] for key in reconciliation.said(c, [1, 2], month)} == {(1, one), (2, one), (1, other)}
        reconciliation.store(c, [share(again, 2, one, 11, 50)])
    found = grid_care.reconciled(opened, month)
    assert [(sums.party, sums.homes, sums.read, sums.taken, sums.given) for _, sums in found.sums] == [
        (one, 24, 23, 150, 2),
        (other, 12, 0, None, None),
    ]
    assert found.withheld == 1
    assert grid_care.reconciled(opened, date(2027, 2, 1)) == Reconciliation((), 0)


@pytest.mark.database
def test_a_month_of_which_one_day_has_a_sum_is_not_settled_beside_it(opened: Installation, facts: World) -> None:
    party, case = facts.party(), facts.use_case(purpose="allocation", data_class="register", mask=240)
    with opened.operator() as c:
        batch = nights.plan_batch(c, nights.begin(c, date(2027, 5, 31), datetime(2027, 6, 1, tzinfo=UTC)))

        def summed(transformer: int, day: date, homes_read: int) -> None:
            row = AllocationRow(batch, day, case, transformer, party, "electricity", "wijk-01", 12, homes_read, 5, 0, None)
            other = nights.plan_batch(c, nights.begin(c, day, datetime(2027, 6, 1, tzinfo=UTC)))
            allocation.store(c, [replace(row, batch=other)])

        summed(1, date(2027, 5, 1), 12)
        summed(2, date(2027, 5, 31), 12)
        summed(3, date(2027, 4, 30), 12)
        summed(3, date(2027, 6, 1), 12)
        summed(4, date(2027, 5, 2), 0)
        assert reconciliation.summed_by_day(c, [1, 2, 3, 4, 5], MAY) == {1, 2}

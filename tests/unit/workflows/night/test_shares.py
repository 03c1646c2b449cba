"""Shares of allocation: no sum and no difference of them is about fewer homes than the group, beside the energy loss neither."""

from dataclasses import replace
from datetime import date, timedelta
from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from kwartier.grounds.decide import decide
from kwartier.model.ground import DataClass, Facts, Occupancy, Purpose, Supply, UseCase
from kwartier.model.period import Period, day_period, midnight
from kwartier.model.permit import Permit
from kwartier.model.register import DAY_MASK, GAS_MASK, Channel, Product
from kwartier.planning import due
from kwartier.store.registry.facts import ConnectionRow, Wired
from kwartier.workflows.night import hiding
from kwartier.workflows.night.job import Share, ShareKey
from kwartier.workflows.night.shares import Shares, is_share, supplier_of
from kwartier.workflows.night.sums import ShareTotals

DAY = date(2027, 5, 12)
AT = midnight(date(2027, 5, 13))
LONG = Period(midnight(date(2020, 1, 1)))
REGISTERS = (Channel.DAY_IMPORT_LOW, Channel.DAY_IMPORT_NORMAL, Channel.DAY_EXPORT_LOW, Channel.DAY_EXPORT_NORMAL)
KEY = ShareKey(41, 1, 50, Product.ELECTRICITY)


def home(key: int, kind: str, transformer: int, supplier: int, min_group: int) -> ConnectionRow:
    """Return a home: to be read, empty, without a meter, summed already for this day, or read as often as it may be."""
    case = UseCase(41, Purpose.ALLOCATION, DataClass.REGISTER, DAY_MASK & ~GAS_MASK, "north", LONG, LONG, 3, min_group)
    used = {"summed": frozenset({DAY.isoformat()}), "spent": frozenset({"2027-02-02", "2027-03-02", "2027-04-02"})}.get(kind)
    known = Facts(
        key,
        "north",
        occupancies=() if kind == "empty" else (Occupancy(key, key, LONG),),
        supplies=(Supply(key, supplier, LONG),),
        use_cases=(case,),
        used_days={} if used is None else {41: used},
    )
    wired = None if kind == "no meter" else Wired(key, "SMR5", 0, LONG.start)
    return ConnectionRow(key, Product.ELECTRICITY, "north", transformer, 17_250, known, wired, "1:1:")


def permitted(facts: Facts) -> list[Permit]:
    answers = [decide(request, facts, at=AT) for request in due.due(facts, Product.ELECTRICITY, DAY, at=AT)]
    return [one for one in answers if isinstance(one, Permit)]


KINDS = st.sampled_from(["read", "read", "read", "read", "empty", "no meter", "summed", "spent"])
HOMES = st.lists(st.tuples(KINDS, st.integers(1, 2), st.integers(50, 51)), max_size=40)


@settings(max_examples=300)
@given(HOMES, st.integers(2, 5), st.booleans())
def test_no_difference_of_shares_is_about_fewer_than_the_group(
    homes: list[tuple[str, int, int]],
    min_group: int,
    balanced: bool,  # noqa: FBT001 - drawn
) -> None:
    shares = Shares(day_period(DAY))
    for key, (kind, transformer, supplier) in enumerate(homes, 1):
        one = home(key, kind, transformer, supplier, min_group)
        shares.add(one, permitted(one.facts))
    told, untold = shares.made({1} if balanced else set())
    spoken_of = {share.key.transformer for share in (*told, *(share for share, _ in untold))}
    assert not (balanced and 1 in spoken_of)
    lived = {key for key, (kind, _, _) in enumerate(homes, 1) if kind != "empty"}
    read = [share.read & lived for share in told]
    for share in told:
        assert share.read <= {key for key, (kind, _, _) in enumerate(homes, 1) if kind in {"read", "empty"}}
        unread = share.people - share.read
        assert not unread or len(unread) >= min_group, "nor are those left beside it, if somebody knows the whole"
    for factors in product((-1, 0, 1), repeat=len(told)):
        about = [key for key in lived if sum(f for f, group in zip(factors, read, strict=True) if key in group)]
        assert not about or len(about) >= min_group
    assert all(hiding.untold(share.people, share.read, min_group) == why for share, why in untold)


def test_a_home_is_read_under_one_use_case_and_once_for_a_day() -> None:
    row = home(1, "read", 1, 50, 2)
    other = replace(row.facts.use_cases[0], id=42)
    two = replace(row, facts=replace(row.facts, use_cases=(*row.facts.use_cases, other)))
    shares = Shares(day_period(DAY))
    shares.add(two, permitted(two.facts))
    assert {key.use_case: set(draft.readable) for key, draft in shares.drafts.items()} == {41: {1}, 42: set()}
    again = replace(two, facts=replace(two.facts, used_days={42: frozenset({DAY.isoformat()})}))
    shares = Shares(day_period(DAY))
    shares.add(again, permitted(again.facts))
    assert not any(draft.readable for draft in shares.drafts.values()), "summed already, whichever it was for"
    lost = replace(two, facts=replace(two.facts, lost_days={41: frozenset({DAY.isoformat()})}))
    shares = Shares(day_period(DAY))
    shares.add(lost, permitted(lost.facts))
    assert {key.use_case: set(draft.readable) for key, draft in shares.drafts.items()} == {41: {1}, 42: set()}, (
        "it is in no sum yet"
    )


def test_a_home_belongs_to_who_supplied_the_whole_day() -> None:
    opens, closes = midnight(DAY), midnight(DAY + timedelta(days=1))
    before, after = Supply(1, 50, Period(LONG.start, opens)), Supply(2, 51, Period(opens, closes))
    assert supplier_of(Facts(7, "north", supplies=(before, after)), day_period(DAY)) == 51
    noon = opens + timedelta(hours=12)
    parted = Facts(7, "north", supplies=(Supply(1, 50, Period(LONG.start, noon)), Supply(2, 51, Period(noon))))
    assert supplier_of(parted, day_period(DAY)) is None
    assert not [one for one in due.due(parted, Product.ELECTRICITY, DAY, at=AT) if is_share(one)], "nobody is read for nobody"


def test_before_its_edition_nobody_is_asked_for_allocation() -> None:
    row = home(1, "read", 1, 50, 2)
    assert any(is_share(one) for one in due.due(row.facts, Product.ELECTRICITY, DAY, at=AT))
    then = date(2026, 12, 30)
    asked = due.due(row.facts, Product.ELECTRICITY, then, at=midnight(then + timedelta(days=1)))
    assert not any(is_share(one) for one in asked)


@given(st.lists(st.integers(0, 10**7), max_size=9))
def test_the_sum_is_told_of_a_group_only(values: list[int]) -> None:
    people = frozenset(range(1, len(values) + 1))
    totals = ShareTotals([Share(KEY, "north", 5, people, people)])
    for number, value in enumerate(values, 1):
        for _ in range(2):  # the same home again counts once
            totals.add(number, dict.fromkeys(REGISTERS, value))
    (found,) = totals.result()
    assert found.read == people
    if len(values) < 5:
        assert (found.taken, found.given) == (None, None)
    else:
        assert (found.taken, found.given) == (2 * sum(values), 2 * sum(values))


def test_a_home_without_all_its_registers_counts_as_unread_and_a_stranger_not_at_all() -> None:
    people = frozenset({1, 2})
    totals = ShareTotals([Share(KEY, "north", 2, people, people)])
    totals.add(1, dict.fromkeys(REGISTERS, 5))
    totals.add(2, dict.fromkeys(REGISTERS[:3], 5))
    totals.add(9, dict.fromkeys(REGISTERS, 5))
    (found,) = totals.result()
    assert (found.read, found.taken) == (frozenset({1}), None)
    gas = ShareTotals([Share(KEY._replace(product=Product.GAS), "north", 2, people, people)])
    for number in people:
        gas.add(number, {Channel.DAY_GAS: 7})
    assert [(one.taken, one.given) for one in gas.result()] == [(14, 0)]

"""Sums beside sums, of a day and of a month, told in one night or over nights: no combination is about fewer homes than the group.

The registry, the decision and the guard are the real ones; only what meters would answer is made here. What was told is held as a
matrix: a row per sum, a column per home and day. A combination of sums that is about some homes alone is one whose coefficients
vanish for all others; whether there is one is a question of rank, and asked about every handful of homes smaller than the group.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import combinations
from typing import Any

import numpy as np
import psycopg
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from kwartier.model.ground import Purpose
from kwartier.model.period import Period, epoch_s, midnight
from kwartier.model.register import DAY_MASK, GAS_MASK, INTERVAL_MASK, Channel
from kwartier.model.task import Result
from kwartier.store.registry import allocation, loss, nights, reconciliation
from kwartier.store.registry.allocation import AllocationRow
from kwartier.store.registry.rounds import Round, rounds
from kwartier.workflows.installation import Installation
from kwartier.workflows.night import allocate, balance, settle
from kwartier.workflows.night.intent import Intent
from kwartier.workflows.night.job import BatchResult, Outcome
from kwartier.workflows.night.prepare import decide_round
from kwartier.workflows.night.sums import ShareTotals, TransformerSums
from registry_support import ALWAYS, World

C = psycopg.Connection[Any]
DAY = timedelta(days=1)
FIRST, LAST = date(2027, 5, 29), date(2027, 6, 2)
END = date(2027, 5, 31)
MAY = Period(midnight(date(2027, 5, 1)), midnight(date(2027, 6, 1)))
ENDS = epoch_s(midnight(date(2027, 5, 1))), epoch_s(midnight(date(2027, 6, 1)))
REGISTERS = (Channel.DAY_IMPORT_LOW, Channel.DAY_IMPORT_NORMAL, Channel.DAY_EXPORT_LOW, Channel.DAY_EXPORT_NORMAL)
LOSS, ALLOCATION, RECONCILIATION = Purpose.ENERGY_LOSS, Purpose.ALLOCATION, Purpose.RECONCILIATION


@dataclass(frozen=True)
class Home:
    """A home: on which transformer (0: on none), by whom supplied, and whether it is lived in and may be read."""

    kind: str
    transformer: int
    supplier: int


@dataclass(frozen=True)
class Night:
    """A night about a day: which homes do not answer, by their place in the list."""

    day: date
    silent: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Plan:
    """What is approved, each from which day on, and how the nights go.

    `at_once`: a round is decided before those before it were told, as a night does; `batch` is how many homes a round has.
    """

    homes: tuple[Home, ...]
    group: int
    since: tuple[tuple[Purpose, date], ...]
    nights: tuple[Night, ...]
    at_once: bool = False
    batch: int = 1000


@dataclass(frozen=True)
class Sum:
    """One figure that was told: over which homes in which somebody lives, about a day or, with None, about May."""

    homes: frozenset[int]
    day: date | None


@dataclass
class Town:
    """Homes in a registry, and what the nights told of them."""

    house: Installation
    c: C
    people: set[int] = field(default_factory=set)
    homes: list[int] = field(default_factory=list)
    told: list[Sum] = field(default_factory=list)

    def build(self, plan: Plan) -> None:
        """Write the facts."""
        world = World(self.c)
        transformers = {0: None} | {n: world.transformer() for n in (1, 2)}
        suppliers = [world.party() for _ in range(2)]
        for one in transformers.values():
            if one is not None:
                world.meter(transformer=one)
        for purpose, since in plan.since:
            approve(world, purpose, since, plan.group)
        for home in plan.homes:
            key = world.connection(transformer=transformers[home.transformer])
            world.supply(key, suppliers[home.supplier])
            if home.kind != "no meter":
                world.meter(key)
            if home.kind != "empty":
                world.occupancy(key, world.subject())
                self.people.add(key)
            if home.kind == "refused":
                world.restriction(key, kind="refused")
            self.homes.append(key)

    def live(self, night: Night, plan: Plan) -> None:
        """Let a night go over the grid."""
        silent = {self.homes[n % len(self.homes)] for n in night.silent} if self.homes else set()
        begun = nights.begin(self.c, night.day, at(night.day))
        every = list(rounds(self.c, night.day, plan.batch))
        if plan.at_once:
            for intent in [self.decided(this, begun, night.day) for this in every]:
                self.tell(intent, night.day, silent)
        else:
            for this in every:
                self.tell(self.decided(this, begun, night.day), night.day, silent)

    def decided(self, this: Round, night: int, day: date) -> Intent:
        """Decide a round and write down what it cannot tell."""
        intent = decide_round(self.c, this, day, at(day), lambda _: False)
        intent.batch = nights.plan_batch(self.c, night)
        balance.store_untold(self.house, self.c, intent, day, at(day))
        allocate.store_untold(self.house, self.c, intent, day, at(day))
        return intent

    def tell(self, intent: Intent, day: date, silent: set[int]) -> None:
        """Let the meters answer, and store what is told."""
        result = answered(intent, silent)
        outcomes = [
            Outcome(task, Result.READ, None, task.permits, at(day)) for task in intent.tasks if task.connection not in silent
        ]
        nights.use(self.c, settle.uses(outcomes, intent.permits))
        balance.store(self.house, self.c, intent, result, day, at(day))
        allocate.store(self.house, self.c, intent, result, day, at(day))
        self.told += self._balances(intent, result, day)
        self.told += self._shares(intent, result, day)

    def _balances(self, intent: Intent, result: BatchResult, day: date) -> Iterator[Sum]:
        """Yield the two sums of each balance: what flowed in, to all homes, and what the homes read used."""
        read = {one.transformer: one.read for one in result.sums}
        homes = {one.transformer: frozenset(one.capacities_w) & self.people for one in intent.stations}
        for row in loss.of_day(self.c, day):
            if row.batch == intent.batch and row.withheld is None:
                yield Sum(homes[row.transformer], day)
                yield Sum(read[row.transformer] & self.people, day)

    def _shares(self, intent: Intent, result: BatchResult, day: date) -> Iterator[Sum]:
        """Yield the two sums of each share: over the homes read, and over all of that supplier, which it has of its own."""
        read = {one.key: one.read & self.people for one in result.shares}
        people = {one.key: one.people for one in intent.shares}
        rows: list[tuple[date | None, AllocationRow]] = [(day, row) for row in allocation.of_day(self.c, day)]
        rows += [(None, row) for row in reconciliation.of_month(self.c, date(2027, 5, 1))]
        for about, row in rows:
            if row.batch == intent.batch and row.withheld is None:
                key = next(one for one in read if one[:3] == (row.use_case, row.transformer, row.party))
                yield Sum(read[key], about)
                yield Sum(people[key], about)


def approve(world: World, purpose: Purpose, since: date, group: int, code: str = "", yearly_limit: int = 366) -> int:
    """Register a use case; that of a month names all of May, whenever it was approved."""
    mask = INTERVAL_MASK if purpose is LOSS else DAY_MASK
    first = date(2027, 5, 1) if purpose is RECONCILIATION else since
    return world.new(
        "use_case",
        code=code or str(purpose),
        purpose=str(purpose),
        data_class="profile" if purpose is LOSS else "register",
        mask=mask & ~GAS_MASK,
        area="wijk-01",
        days=Period(midnight(first), midnight(date(2028, 1, 1))),
        approved=Period(ALWAYS.start, midnight(date(2028, 1, 1))),
        approved_by="the privacy officer",
        yearly_limit=yearly_limit,
        min_group=group,
        necessity="n",
        subsidiarity="s",
        proportionality="p",
    )


def at(day: date) -> datetime:
    """Return a moment of a night that runs when all that it could be about is over."""
    return max(midnight(day + DAY), midnight(END + DAY)) + timedelta(hours=2)


def answered(intent: Intent, silent: set[int]) -> BatchResult:
    """Add up what the meters that are not silent would answer to what was planned for sums."""
    balances, shares = TransformerSums(intent.stations), ShareTotals(intent.shares, dict.fromkeys(intent.capacities_w, 10**6))
    quarters = np.ones(96, np.int64)
    for task in intent.tasks:
        purposes = {intent.permits[ref.id].request.purpose for ref in task.permits}
        if task.connection in silent:
            continue
        if LOSS in purposes:
            balances.add(task.meter, task.connection, {Channel.IMPORT: quarters, Channel.EXPORT: quarters})
        if ALLOCATION in purposes:
            shares.add(task.connection, dict.fromkeys(REGISTERS, 1))
        if RECONCILIATION in purposes:
            shares.register(task.connection, {channel: {ENDS[0]: 0, ENDS[1]: 1} for channel in REGISTERS})
    return BatchResult(intent.batch, sums=balances.result(), shares=shares.result())


def isolated(told: list[Sum], group: int) -> set[int] | None:
    """Return homes, fewer than the group, that some combination of sums is about alone; None if there are none.

    May is taken to be the days of it that have sums: on all others nobody used anything.
    """
    days = sorted({one.day for one in told if one.day is not None and one.day <= END}) or [END]
    columns = [*days, *sorted({one.day for one in told if one.day is not None and one.day > END})]
    rows = [[(one.day == day) or (one.day is None and day <= END) for day in columns] for one in told]
    alike: dict[tuple[bool, ...], set[int]] = {}
    for home in set[int]().union(*(one.homes for one in told)):
        alike.setdefault(tuple(home in one.homes for one in told), set()).add(home)
    whole = rank(alike, rows)
    few = [mark for mark, homes in alike.items() if len(homes) < group]
    for count in range(1, len(few) + 1):
        for some in combinations(few, count):
            homes = set[int]().union(*(alike[mark] for mark in some))
            if len(homes) < group and rank([mark for mark in alike if mark not in some], rows) < whole:
                return homes
    return None


def rank(marks: Iterable[tuple[bool, ...]], rows: list[list[bool]]) -> int:
    """Return the rank of the sums over the homes with these marks: which of the sums they are in."""
    blocks: list[NDArray[np.int64]] = [np.array(rows, np.int64) * np.array(mark, np.int64)[:, None] for mark in marks]
    return int(np.linalg.matrix_rank(np.hstack(blocks))) if blocks else 0


def street(count: int, transformer: int = 1, supplier: int = 0) -> tuple[Home, ...]:
    return (Home("read", transformer, supplier),) * count


def lived(house: Installation, plan: Plan) -> list[Sum]:
    """Return what all the nights told; nothing of it stays."""
    with house.operator() as c:
        town = Town(house, c)
        town.build(plan)
        for night in plan.nights:
            town.live(night, plan)
        c.rollback()
    return town.told


KINDS = st.sampled_from(["read", "read", "read", "read", "read", "read", "empty", "no meter", "refused"])
HOMES = st.lists(st.builds(Home, KINDS, st.sampled_from([1, 1, 1, 2, 0]), st.sampled_from([0, 0, 1])), min_size=4, max_size=16)
DAYS = st.sampled_from([FIRST, FIRST + DAY, END, END, END, END + DAY, LAST])
NIGHTS = st.lists(st.builds(Night, DAYS, st.frozensets(st.integers(0, 15), max_size=3)), min_size=1, max_size=5)
SINCE = st.tuples(*(st.tuples(st.just(one), st.sampled_from([FIRST, END, END])) for one in (LOSS, ALLOCATION, RECONCILIATION)))
APPROVED = st.tuples(SINCE, st.integers(1, 7)).map(lambda drawn: tuple(one for n, one in enumerate(drawn[0]) if drawn[1] >> n & 1))
PLANS = st.builds(Plan, HOMES.map(tuple), st.integers(2, 4), APPROVED, NIGHTS.map(tuple), st.booleans(), st.sampled_from([1, 1000]))
ALL = tuple((one, END) for one in (LOSS, ALLOCATION, RECONCILIATION))


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(PLANS)
@example(Plan(street(12), 3, ALL, (Night(END, frozenset({3})), Night(END), Night(END + DAY))))
@example(Plan(street(12), 3, ALL[::2], (Night(END, frozenset({3})), Night(END + DAY))))
@example(Plan(street(12), 3, ALL[1:], (Night(END), Night(END + DAY, frozenset({3})), Night(FIRST))))
@example(Plan((*street(12), Home("refused", 1, 0)), 3, ALL[1:2], (Night(END, frozenset(range(6))), Night(END))))
def test_no_combination_of_what_nights_tell_is_about_fewer_than_the_group(opened: Installation, plan: Plan) -> None:
    told = lived(opened, plan)
    assert all(len(one.homes) >= plan.group for one in told)
    assert isolated(told, plan.group) is None


def test_a_second_use_case_for_the_homes_that_the_first_may_read_no_more_adds_no_second_sum(opened: Installation) -> None:
    """Six may be read under either, and one refuses: what the supplier has of all, less two sums, would be that one's."""
    with opened.operator() as c:
        town = Town(opened, c)
        town.build(Plan((*street(12), Home("refused", 1, 0)), 3, (), ()))
        first = approve(World(c), ALLOCATION, FIRST, 3, code="seldom", yearly_limit=1)
        approve(World(c), ALLOCATION, FIRST, 3, code="often")
        nights.use(c, [(first, home, FIRST) for home in town.homes[:6]])
        town.live(Night(END), Plan((), 3, (), ()))
        c.rollback()
    assert town.told, "one of the two is told"
    assert isolated(town.told, 3) is None


def test_what_would_show_few_is_found() -> None:
    """The check itself: a home in the month that is in none of its days, and one between two sums of a day."""
    some, more = frozenset(range(1, 6)), frozenset(range(1, 7))
    assert isolated([Sum(some, END), Sum(more, None)], 3) == {6}
    assert isolated([Sum(some, END), Sum(more, END)], 3) == {6}
    assert isolated([Sum(some, FIRST), Sum(some, END), Sum(more, None)], 3) == {6}
    assert isolated([Sum(some, FIRST), Sum(more, END)], 3) is None, "sums of two days are about two times"
    assert isolated([Sum(some, END), Sum(more, None), Sum(frozenset({7, 8}), END)], 3) is not None, "two homes are too few alone"
    assert isolated([Sum(some, END), Sum(some, None)], 3) is None, "the same homes in both"


@pytest.mark.parametrize(
    ("approved", "day", "month", "days"),
    [
        (ALL, END, 12, set()),
        (ALL[::2], END, 12, set()),
        (ALL[1:], END, 12, set()),
        (ALL[:2], END, 0, {"loss"}),
        (ALL[1:2], END, 0, {"allocation"}),
        (ALL, END + DAY, 12, {"loss"}),
        (ALL[1:], END + DAY, 12, {"allocation"}),
    ],
)
def test_in_the_night_about_its_last_day_the_month_is_told_and_not_the_day(
    opened: Installation, approved: tuple[tuple[Purpose, date], ...], day: date, month: int, days: set[str]
) -> None:
    with opened.operator() as c:
        town = Town(opened, c)
        town.build(Plan(street(12), 10, approved, ()))
        (this,) = rounds(c, day, 1000)
        intent = decide_round(c, this, day, at(day), lambda _: False)
        c.rollback()
    shares: Counter[bool] = Counter(share.month is not None for share in intent.shares for _ in share.read)
    assert shares[True] == month
    assert ({"loss"} if intent.stations else set()) | ({"allocation"} if shares[False] else set()) == days
    asked = {intent.permits[ref.id].request.purpose for task in intent.tasks for ref in task.permits}
    assert (RECONCILIATION in asked, LOSS in asked, ALLOCATION in asked) == (bool(month), "loss" in days, "allocation" in days)


def test_where_the_month_cannot_be_told_its_last_day_is(opened: Installation) -> None:
    """On the one transformer nine homes of a supplier are too few for the month of a share; the balance is over all of them."""
    homes = (*street(9), *street(9, supplier=1), *street(12, transformer=2))
    told = lived(opened, Plan(homes, 10, ALL, (Night(END),)))
    assert sorted((one.day is None, len(one.homes)) for one in told) == [(False, 18), (False, 18), (True, 12), (True, 12)]


def test_a_transformer_of_which_a_day_was_told_gets_no_month_and_with_the_month_no_day(opened: Installation) -> None:
    nights_of_days = Plan(street(12), 10, ((ALLOCATION, FIRST), (RECONCILIATION, FIRST)), (Night(FIRST + DAY), Night(END)))
    assert {one.day for one in lived(opened, nights_of_days)} == {FIRST + DAY, END}
    first_the_month = Plan(street(12), 10, ((ALLOCATION, FIRST), (RECONCILIATION, FIRST)), (Night(END), Night(FIRST), Night(END)))
    assert {one.day for one in lived(opened, first_the_month)} == {None}

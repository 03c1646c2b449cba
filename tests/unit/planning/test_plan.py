"""The plan is the least: against every other set of reads there is (on a short day), and row by row on real ones."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kwartier.grounds.decide import decide, ref
from kwartier.model.ground import Action, Agreement, DataClass, Facts, Occupancy, Permission, Purpose, Request, Requester, Role
from kwartier.model.period import Period, epoch_s, from_epoch_s, midnight, quarters_in
from kwartier.model.permit import Permit, PermitRef
from kwartier.model.register import ALL_MASK, DAY_MASK, GAS_MASK, INTERVAL_MASK, Channel, Mask, channels_of, mask_of
from kwartier.model.task import ProfileName, Task
from kwartier.planning import plan
from kwartier.planning.errors import NotToRead, OtherConnection
from kwartier.planning.plan import Wired
from validation_support import model

DAY = date(2026, 10, 25)
"""The day of 25 hours."""
OPENS = epoch_s(midnight(DAY))
APP = 60
LONG = Period(midnight(date(2020, 1, 1)))
E = Wired(7, 70, model(), 0)
G = Wired(7, 70, model(), 2)
PROFILES = {
    ProfileName.E_INTERVAL: INTERVAL_MASK & ~GAS_MASK,
    ProfileName.E_DAY: DAY_MASK & ~GAS_MASK,
    ProfileName.G_INTERVAL: INTERVAL_MASK & GAS_MASK,
    ProfileName.G_DAY: DAY_MASK & GAS_MASK,
}
STEP = {ProfileName.E_INTERVAL: 900, ProfileName.G_INTERVAL: 3600}


def permit(mask: Mask, first_s: int, last_s: int, number: int = 1) -> Permit:
    """Return a permit by the real decision."""
    facts = Facts(
        7,
        "north",
        occupancies=(Occupancy(2, 100, LONG),),
        agreements=(Agreement(3, APP, Role.THIRD_PARTY, LONG),),
        permissions=(Permission(number, 100, APP, ALL_MASK, "advice", LONG, LONG),),
    )
    kind = DataClass.PROFILE if mask & INTERVAL_MASK else DataClass.REGISTER
    period = Period(from_epoch_s(first_s), from_epoch_s(last_s))
    request = Request(Requester(Role.THIRD_PARTY, APP), Action.READ, Purpose.THIRD_PARTY_SERVICE, 7, mask, period, kind)
    found = decide(request, facts, at=midnight(DAY + timedelta(days=9)))
    assert isinstance(found, Permit)
    return found


def stamps(name: ProfileName, first_s: int, last_s: int) -> list[int]:
    """Return the rows of a profile between two moments, found the slow way: row by row over eleven days."""
    if name in STEP:
        step = STEP[name]
        every: Iterable[int] = range(OPENS - 5 * 86_400, OPENS + 6 * 86_400, step)
    else:
        every = (epoch_s(midnight(DAY + timedelta(days=n))) for n in range(-5, 6))
    return [stamp for stamp in every if first_s <= stamp <= last_s]


def needed(name: ProfileName, permits: Iterable[PermitRef], serves: Mapping[ProfileName, Mask] = PROFILES) -> set[int]:
    """Return the rows that at least one of the permits needs of a profile, which serves these channels."""
    return {stamp for one in permits if one.mask & serves[name] for stamp in stamps(name, one.first_s, one.last_s)}


def rows(task: Task) -> set[int]:
    return set(stamps(task.profile, task.first_s, task.last_s))


def fewest(name: ProfileName, wanted: set[int]) -> int:
    """Return how many reads at least ask just these rows, by trying all: a read is a range of rows, none too many."""
    line = stamps(name, min(wanted), max(wanted)) if wanted else []
    ranges = [set(line[i : j + 1]) for i in range(len(line)) for j in range(i, len(line)) if set(line[i : j + 1]) <= wanted]
    for count in range(len(wanted) + 1):
        if any(set().union(*chosen) == wanted for chosen in combinations(ranges, count)):
            return count
    raise AssertionError


E_MASKS = (INTERVAL_MASK & ~GAS_MASK, mask_of([Channel.IMPORT]), DAY_MASK & ~GAS_MASK, mask_of([Channel.DAY_EXPORT_LOW]))
G_MASKS = (INTERVAL_MASK & GAS_MASK, DAY_MASK & GAS_MASK)


@st.composite
def wishes(draw: st.DrawFn, masks: Sequence[Mask], unit_s: int, span: int) -> list[Permit]:
    """Return a few permits over parts of a short time, some off the grid."""
    made = []
    for number in range(1, draw(st.integers(0, 4)) + 1):
        first, last = sorted((draw(st.integers(0, span)), draw(st.integers(0, span))))
        shift = draw(st.sampled_from([0, 0, 0, 7]))
        made.append(permit(draw(st.sampled_from(masks)), OPENS + first * unit_s + shift, OPENS + last * unit_s + shift, number))
    return made


def check(permits: list[Permit], wired: Wired, served: Sequence[bytes] = (), serves: Mapping[ProfileName, Mask] = PROFILES) -> None:
    tasks = plan.plan(permits, wired, served)
    live = {ref(one) for one in permits if one.id not in served}
    here = {one: replace(one, first_s=max(one.first_s, wired.since_s)) for one in live}
    refs = {one for one, cut in here.items() if cut.first_s <= cut.last_s}
    for name, channels in serves.items():
        mine = [task for task in tasks if task.profile == name]
        wanted = needed(name, (here[one] for one in refs), serves)
        asked = [stamp for task in mine for stamp in rows(task)]
        assert set(asked) == wanted, "every row that is needed, and no other"
        assert len(asked) == len(wanted), "no row twice"
        assert len(mine) == fewest(name, wanted)
        for task in mine:
            assert set(task.permits) == {
                one for one in refs if one.mask & channels and needed(name, [here[one]], serves) & rows(task)
            }
            assert {task.first_s, task.last_s} <= rows(task), "the ends are rows"


@given(wishes(E_MASKS, 900, 6))
def test_no_set_of_reads_is_smaller_quarter_by_quarter(permits: list[Permit]) -> None:
    check(permits, E)


@given(wishes(E_MASKS[2:], 43_200, 7))
def test_no_set_of_reads_is_smaller_day_by_day(permits: list[Permit]) -> None:
    check(permits, E)


@given(wishes(G_MASKS, 1800, 9))
def test_no_set_of_reads_is_smaller_for_gas(permits: list[Permit]) -> None:
    check(permits, G)


SHARED = (
    {ProfileName.E_DAY: {Channel.IMPORT}},
    {ProfileName.E_INTERVAL: {Channel.DAY_EXPORT_LOW}},
    {ProfileName.E_DAY: {Channel.IMPORT, Channel.EXPORT}, ProfileName.E_INTERVAL: {Channel.DAY_EXPORT_LOW}},
    {ProfileName.E_DAY: {Channel.GAS}, ProfileName.G_DAY: {Channel.IMPORT}},
)
"""Channels that a profile has too, of those that another one has."""


def sharing(more: Mapping[ProfileName, set[Channel]], *, backwards: bool) -> tuple[Wired, dict[ProfileName, Mask]]:
    """Return a meter of which some channels stand in two profiles, and what each serves: what no earlier one of its product has."""
    column = next(one for one in model().profiles[0].columns if one.channel is Channel.IMPORT)
    profiles = [
        replace(one, columns=(*one.columns, *(replace(column, channel=channel) for channel in sorted(more.get(one.name, ())))))
        for one in model().profiles
    ]
    profiles = profiles[::-1] if backwards else profiles
    where = {
        each.channel: one.name
        for one in reversed(profiles)
        if one.name in {ProfileName.E_INTERVAL, ProfileName.E_DAY}
        for each in one.columns
        if each.channel is not None
    }
    serves = {name: mask_of(channel for channel, first in where.items() if first is name) for name in PROFILES}
    return E._replace(model=replace(model(), profiles=tuple(profiles))), serves


@given(
    wishes((*E_MASKS, ALL_MASK & ~GAS_MASK, mask_of([Channel.IMPORT, Channel.DAY_EXPORT_LOW])), 900, 6),
    st.sampled_from(SHARED),
    st.booleans(),
)
def test_a_channel_that_stands_in_two_profiles_is_read_from_the_first_alone(
    permits: list[Permit],
    more: Mapping[ProfileName, set[Channel]],
    backwards: bool,  # noqa: FBT001 - drawn
) -> None:
    wired, serves = sharing(more, backwards=backwards)
    check(permits, wired, serves=serves)
    assert plan.all_reads(wired, DAY) == sum(mask > 0 for mask in serves.values())


def test_a_channel_of_a_day_too_is_one_read_of_the_profile_that_comes_first() -> None:
    """For import alone: quarter-hours where they come first, the days where these do; never both, and the other has its own."""
    day = {ProfileName.E_DAY: {Channel.IMPORT}}
    only, both = mask_of([Channel.IMPORT]), mask_of([Channel.IMPORT, Channel.EXPORT])
    for backwards, mask, read in (
        (False, only, {ProfileName.E_INTERVAL}),
        (True, only, {ProfileName.E_DAY}),
        (False, both, {ProfileName.E_INTERVAL}),
        (True, both, {ProfileName.E_INTERVAL, ProfileName.E_DAY}),
    ):
        wired, _ = sharing(day, backwards=backwards)
        tasks = plan.plan([permit(mask, OPENS, OPENS + 90_000)], wired)
        assert [task.profile for task in tasks] == sorted({task.profile for task in tasks}, reverse=not backwards)
        assert {task.profile for task in tasks} == read


@given(wishes(E_MASKS, 900, 6), st.integers(-900, 7 * 900))
def test_rows_from_before_the_meter_came_here_are_not_asked(permits: list[Permit], since: int) -> None:
    """A meter that served elsewhere still holds ten days of another home's quarter-hours."""
    check(permits, E._replace(since_s=OPENS + since))


@given(wishes(E_MASKS, 900, 6), st.data())
def test_what_was_served_is_not_asked_again(permits: list[Permit], data: st.DataObject) -> None:
    served = data.draw(st.lists(st.sampled_from([one.id for one in permits]))) if permits else []
    check(permits, E, served)
    assert plan.plan(permits, E, [one.id for one in permits]) == []


@settings(max_examples=1000)
@given(wishes(E_MASKS, 900, 6))
def test_the_values_read_are_those_of_the_best_of_all_plans(permits: list[Permit]) -> None:
    """Brute force: of all sets of rows of each profile, that serve every permit, the one of fewest values, in as few reads."""
    tasks = plan.plan(permits, E)
    for name in (ProfileName.E_INTERVAL, ProfileName.E_DAY):
        line, columns = stamps(name, OPENS - 900, OPENS + 7 * 900), len(list(channels_of(PROFILES[name])))
        needs = [sum(1 << line.index(stamp) for stamp in needed(name, [ref(one)])) for one in permits]
        every = range(1 << len(line))  # each bit a row
        best = min((chosen.bit_count(), ranges(chosen)) for chosen in every if all(chosen & need == need for need in needs))
        mine = [task for task in tasks if task.profile == name]
        values = sum(len(rows(task)) for task in mine) * columns
        assert (values, len(mine)) == (best[0] * columns, best[1])


def ranges(chosen: int) -> int:
    """Return how many reads a set of rows takes: one for each run of bits."""
    return (chosen & ~(chosen << 1)).bit_count()


@settings(max_examples=1000)
@given(wishes(E_MASKS, 3600, 26))
def test_to_leave_out_or_to_shorten_any_read_leaves_a_permit_unserved(permits: list[Permit]) -> None:
    tasks = plan.plan(permits, E)
    for task in tasks:
        for less in shorter(task):
            others = {stamp for one in tasks if one is not task and one.profile == task.profile for stamp in rows(one)}
            left = others | (rows(less) if less else set())
            assert not needed(task.profile, map(ref, permits)) <= left


def shorter(task: Task) -> Iterator[Task | None]:
    yield None
    line = sorted(rows(task))
    if len(line) > 1:
        yield replace(task, first_s=line[1])
        yield replace(task, last_s=line[-2])


@given(wishes((*E_MASKS, E_MASKS[1] | E_MASKS[3]), 3600, 26))
def test_overread_is_what_the_rows_hold_beyond_the_permits(permits: list[Permit]) -> None:
    for task in plan.plan(permits, E):
        held = {(channel, stamp) for channel in channels_of(PROFILES[task.profile]) for stamp in rows(task)}
        covered = {
            (channel, stamp)
            for one in task.permits
            for channel in channels_of(one.mask & PROFILES[task.profile])
            for stamp in stamps(task.profile, one.first_s, one.last_s)
        }
        assert plan.overread(task, model()) == len(held - covered)
        asked = {channel for channel, _ in held if task.mask >> channel & 1}
        narrow = replace(model(), selects_columns=True)
        assert plan.overread(task, narrow) == len({one for one in held if one[0] in asked} - covered)


def test_a_whole_day_is_one_read_of_all_its_boundaries_and_one_of_its_registers() -> None:
    closes = OPENS + quarters_in(DAY) * 900
    permits = [permit(INTERVAL_MASK & ~GAS_MASK, OPENS, closes), permit(DAY_MASK & ~GAS_MASK, closes, closes)]
    found = {task.profile: task for task in plan.plan(permits, E)}
    assert found.keys() == {ProfileName.E_INTERVAL, ProfileName.E_DAY}
    assert len(rows(found[ProfileName.E_INTERVAL])) == 101
    assert (found[ProfileName.E_DAY].first_s, found[ProfileName.E_DAY].last_s) == (closes, closes)
    assert {task.mbus for task in plan.plan([permit(GAS_MASK, OPENS, closes)], G)} == {2}
    assert plan.all_reads(E, DAY) == plan.all_reads(G, DAY) == 2


def test_a_connection_is_never_read_through_the_profiles_of_another_product() -> None:
    assert plan.plan([permit(GAS_MASK, OPENS, OPENS + 7200)], E) == []
    assert plan.plan([permit(INTERVAL_MASK & ~GAS_MASK, OPENS, OPENS + 7200)], G) == []


def test_the_order_of_the_permits_does_not_matter_and_each_counts_once() -> None:
    permits = [permit(E_MASKS[0], OPENS + 900 * n, OPENS + 900 * (n + 3), n) for n in range(1, 5)]
    assert plan.plan([*permits[::-1], permits[0]], E) == plan.plan(permits, E)


def test_a_permit_that_is_no_ground_for_this_read_is_an_error() -> None:
    one = permit(E_MASKS[0], OPENS, OPENS + 900)
    with pytest.raises(NotToRead):
        plan.plan([one._replace(request=replace(one.request, action=Action.DELIVER))], E)
    with pytest.raises(OtherConnection):
        plan.plan([one], E._replace(connection=8))

"""What must hold for every world and every question: few people, few parties, few days, all combinations."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import TypeVar

from hypothesis import given, settings
from hypothesis import strategies as st

from grounds_support import APPS, E_DAY, E_INTERVAL, FIRST, SUBJECTS, SUPPLIERS, USES, World, is_by_hand
from kwartier.grounds import conduct, explain
from kwartier.grounds.decide import decide, judge
from kwartier.model.ground import (
    Action,
    DataClass,
    Facts,
    Hold,
    Objection,
    Purpose,
    Refusal,
    Request,
    Requester,
    Restriction,
    RestrictionKind,
    Role,
    Suspension,
)
from kwartier.model.period import Period, midnight
from kwartier.model.permit import Permit

T = TypeVar("T")
seeds = st.integers(0, 2**32 - 1)
many = settings(max_examples=600)


def permitted(request: Request, facts: Facts, at: datetime) -> Permit | None:
    answer = decide(request, facts, at=at)
    return answer if isinstance(answer, Permit) else None


def test_the_cases_below_reach_every_row() -> None:
    reached = Counter(decide(request, facts, at=at).rule for request, facts, at in (World(seed).case() for seed in range(6_000)))
    assert set(reached) == {row.id for row in conduct.EDITIONS[-1].rules}
    assert sum(reached[row.id] for row in conduct.EDITIONS[-1].grants) > 150
    assert min(reached[rule] for rule in ("O8", "O9", "O10", "F13", "F16")) > 1


@many
@given(seeds)
def test_deny_by_default(seed: int) -> None:
    request, _, at = World(seed).case()
    assert isinstance(decide(request, Facts(request.connection, "north"), at=at), Refusal)


@many
@given(seeds, st.sampled_from(RestrictionKind))
def test_refusal_beats_all(seed: int, kind: RestrictionKind) -> None:
    request, facts, at = World(seed).case()
    always = replace(facts, restrictions=(Restriction(1, kind, Period(midnight(FIRST) - timedelta(days=1))),))
    answer = decide(request, always, at=at)
    if is_by_hand(request):
        assert isinstance(answer, Refusal) or (answer.rule, request.period.is_moment) == ("S5", True)
        return
    if kind is RestrictionKind.ADMINISTRATIVELY_OFF and request.data_class is DataClass.ADMINISTRATIVE_STATUS:
        assert not request.mask or answer.rule == "F2", "only the switch itself may be set and looked at, and no usage with it"
        return
    assert isinstance(answer, Refusal)
    assert answer.rule == ("F1" if kind is RestrictionKind.REFUSED else "F2")


@many
@given(seeds, st.booleans())
def test_while_it_is_suspended_a_party_gets_nothing_and_nobody_else_less(seed: int, other: bool) -> None:  # noqa: FBT001 - drawn
    world = World(seed)
    request, facts, at = world.case()
    party = request.requester.role in {Role.SUPPLIER, Role.THIRD_PARTY}
    suspended = Suspension(1, request.requester.id + other, Period(midnight(FIRST) - timedelta(days=1)))
    answer = decide(request, replace(facts, suspensions=(suspended,)), at=at)
    without = decide(request, replace(facts, suspensions=()), at=at)
    if party and not other:
        assert isinstance(answer, Refusal)
        assert isinstance(without, Permit) <= (answer.rule == "F13"), "what it would get else, it does not get for this"
    else:
        assert answer == without


@many
@given(seeds)
def test_what_a_person_restricted_serves_that_person_and_whom_the_person_consented_to(seed: int) -> None:
    request, facts, at = World(seed).case()
    always = Period(midnight(FIRST) - timedelta(days=1))
    held = replace(facts, holds=tuple(Hold(n, who, always) for n, who in enumerate(SUBJECTS)))
    answer = decide(request, held, at=at)
    if isinstance(answer, Permit) and answer.subject is not None:
        consented = any(kind == "permission" for kind, _ in answer.facts)
        assert request.requester.role is Role.CUSTOMER or request.purpose is Purpose.ADMINISTRATIVE_STATUS or consented
    if request.requester.role is Role.CUSTOMER:
        assert answer == decide(request, replace(facts, holds=()), at=at)


@many
@given(seeds, st.sampled_from([purpose for purpose, _ in USES]))
def test_an_objection_stops_its_purpose_and_no_other(seed: int, purpose: Purpose) -> None:
    request, facts, at = World(seed).case()
    always = Period(midnight(FIRST) - timedelta(days=1))
    free = replace(facts, objections=())
    objected = replace(facts, objections=tuple(Objection(n, who, purpose, always) for n, who in enumerate(SUBJECTS)))
    answer, before = decide(request, objected, at=at), decide(request, free, at=at)
    if request.requester.role is not Role.OPERATOR or request.purpose is not purpose:
        assert answer == before
    elif isinstance(before, Permit) and before.subject is not None:
        assert answer.rule == "F15"


@many
@given(seeds, st.booleans())
def test_narrowing_a_fact_never_widens_an_answer(seed: int, by_consent: bool) -> None:  # noqa: FBT001 - drawn
    world = World(seed)
    request, facts, at = world.consented() if by_consent else world.case()
    if permitted(request, facts, at) is None:
        wider = [narrower for narrower in narrowed(request, facts) if permitted(request, narrower, at)]
        assert wider == []


def narrowed(request: Request, facts: Facts) -> Iterator[Facts]:
    """Yield the world with one fact less or smaller. Occupancy and supply only vanish: a shorter one is another event, a move.

    So is a permission that begins later: it was given anew. Who stopped something by a right lives there: without the person there
    is nobody to be protected. And a refusal is why somebody reads at the meter itself.
    """
    yield facts
    for name in ("occupancies", "supplies", "agreements", "permissions", "use_cases", "defaults"):
        if name == "occupancies" and (facts.holds or facts.objections):
            continue
        rows = getattr(facts, name)
        yield from (replace(facts, **{name: rows[:i] + rows[i + 1 :]}) for i in range(len(rows)))
    for i, agreement in enumerate(facts.agreements):
        yield from (
            replace(facts, agreements=put(facts.agreements, i, replace(agreement, period=p))) for p in shorter(agreement.period)
        )
    yield from (
        replace(facts, suspensions=(*facts.suspensions, Suspension(1, party, Period(midnight(FIRST)))))
        for party in (*SUPPLIERS, *APPS)
    )
    for i, permission in enumerate(facts.permissions):
        smaller = [
            *(replace(permission, live=p) for p in shorter(permission.live) if p.start == permission.live.start),
            *(replace(permission, data=p) for p in shorter(permission.data)),
            replace(permission, mask=permission.mask & E_DAY),
        ]
        yield from (replace(facts, permissions=put(facts.permissions, i, each)) for each in smaller)
    for i, case in enumerate(facts.use_cases):
        less = [
            *(replace(case, approved=p) for p in shorter(case.approved)),
            *(replace(case, days=p) for p in shorter(case.days)),
            replace(case, mask=case.mask & 2),
            replace(case, yearly_limit=1),
        ]
        yield from (replace(facts, use_cases=put(facts.use_cases, i, each)) for each in less)
        days = facts.used_days.get(case.id, frozenset()) | {"2026-01-05", "2026-01-06"}
        yield replace(facts, used_days={**facts.used_days, case.id: days})
        yield replace(facts, lost_days={case.id: days})
    if not is_by_hand(request):
        refused = Restriction(9, RestrictionKind.REFUSED, Period(midnight(date(2026, 1, 3))))
        yield replace(facts, restrictions=(*facts.restrictions, refused))


def put(rows: tuple[T, ...], i: int, row: T) -> tuple[T, ...]:
    return (*rows[:i], row, *rows[i + 1 :])


def shorter(period: Period) -> Iterator[Period]:
    day = timedelta(days=1)
    yield Period(period.start, period.start)
    if period.end is None:
        yield Period(period.start, period.start + 3 * day)
        yield Period(period.start + day)
    elif period.end - period.start >= day:
        yield Period(period.start + day, period.end)
        yield Period(period.start, period.end - day)


@many
@given(seeds)
def test_no_permit_outlives_its_permission(seed: int) -> None:
    request, facts, at = World(seed).case()
    permit = permitted(request, facts, at)
    number = next((number for kind, number in permit.facts if kind == "permission"), None) if permit else None
    if number is None:
        return
    ended = tuple(replace(p, live=cut(p.live, at)) if p.id == number else p for p in facts.permissions)
    again = decide(request, replace(facts, permissions=ended), at=at)
    assert isinstance(again, Refusal) or ("permission", number) not in again.facts


def cut(live: Period, at: datetime) -> Period:
    return Period(live.start, max(live.start, at))


@many
@given(seeds)
def test_what_rests_on_a_permission_is_said_within_its_life_only(seed: int) -> None:
    world = World(seed)
    request, facts, at = world.case()
    for moment in (at, world.moment(), world.moment()):
        permit = permitted(request, facts, moment)
        named = {number for kind, number in permit.facts if kind == "permission"} if permit else set()
        assert named <= {one.id for one in facts.permissions if one.live.contains(moment)}


@many
@given(seeds)
def test_a_judgement_is_the_answer_without_its_paper(seed: int) -> None:
    request, facts, at = World(seed).case()
    answer, found = decide(request, facts, at=at), judge(conduct.edition_at(at), request, facts, at)
    if isinstance(found, str):
        assert isinstance(answer, Refusal)
        assert answer.rule == found
    else:
        rule, rests_on = found
        assert isinstance(answer, Permit)
        assert (answer.rule, answer.subject, answer.min_group) == (rule.id, rests_on.subject, rests_on.min_group)
        assert answer.facts[-len(rests_on.facts) :] == rests_on.facts


@many
@given(seeds)
def test_an_interval_has_one_owner_and_a_boundary_two(seed: int) -> None:
    world = World(seed)
    facts, at, start, boundary = world.facts(), world.moment(), world.midnight(), world.midnight()
    interval, moment = Period(start, start + timedelta(hours=6)), Period(boundary, boundary)
    assert len(set(viewers(facts, at, E_INTERVAL, interval))) <= 1
    assert len(set(viewers(facts, at, E_DAY, moment))) <= 2
    assert len(set(suppliers(facts, at, Period(start, start + timedelta(days=1))))) <= 1
    assert len(set(suppliers(facts, at, moment))) <= 2


def viewers(facts: Facts, at: datetime, mask: int, period: Period) -> Iterable[int]:
    for who in SUBJECTS:
        data_class = DataClass.PROFILE if mask == E_INTERVAL else DataClass.REGISTER
        ask = Request(Requester(Role.CUSTOMER, who), Action.VIEW, Purpose.OWN_ACCESS, facts.connection, mask, period, data_class)
        if permitted(ask, facts, at):
            yield who


def suppliers(facts: Facts, at: datetime, period: Period) -> Iterable[int]:
    for who in SUPPLIERS:
        requester = Requester(Role.SUPPLIER, who)
        ask = Request(requester, Action.READ, Purpose.PERIODIC_READING, facts.connection, E_DAY, period, DataClass.REGISTER)
        if permitted(ask, facts, at):
            yield who


@many
@given(seeds)
def test_an_id_does_not_depend_on_the_moment_of_deciding(seed: int) -> None:
    world = World(seed)
    request, facts, at = world.case()
    later = world.moment()
    first, second = permitted(request, facts, at), permitted(request, facts, later)
    if first and second and (first.edition, first.facts) == (second.edition, second.facts):
        assert first.id == second.id
    elif first and second:
        assert first.id != second.id


@many
@given(seeds)
def test_a_permit_rests_on_facts_that_are_there(seed: int) -> None:
    request, facts, at = World(seed).case()
    permit = permitted(request, facts, at)
    if permit is None:
        return
    there = {("connection", facts.connection)}
    for kind, rows in (
        ("occupancy", facts.occupancies),
        ("supply", facts.supplies),
        ("agreement", facts.agreements),
        ("permission", facts.permissions),
        ("use_case", facts.use_cases),
        ("default", facts.defaults),
        ("restriction", facts.restrictions),
    ):
        there |= {(kind, row.id) for row in rows}
    assert set(permit.facts) <= there
    on_choice = permit.rule == "O7"
    assert (("connection", facts.connection) in permit.facts) is not on_choice, "what stops all else is what a choice rests on"
    assert len(permit.facts) >= (1 if on_choice else 2), "nobody need live where a meter is set as was chosen"
    assert permit.subject is None or permit.subject in SUBJECTS


@many
@given(seeds)
def test_every_yes_is_explained(seed: int) -> None:
    request, facts, at = World(seed).case()
    permit = permitted(request, facts, at)
    if permit is None or permit.rule in {"O1", "O2", "O3", "O4", "O5", "O6", "O8", "O9"}:
        return
    assert any(
        (line.requester, line.purpose, line.rule) == (request.requester, request.purpose, permit.rule)
        and request.action in line.actions
        and not request.mask & ~line.mask
        and line.period.covers(request.period)
        for line in explain.who_may(facts, at=at)
    )


@many
@given(seeds)
def test_every_explanation_is_a_yes_about_a_day_within_it(seed: int) -> None:
    _, facts, at = World(seed).case()
    for line in explain.who_may(facts, at=at):
        intervals = line.mask & E_INTERVAL
        if line.requester.role in {Role.SUPPLIER, Role.OPERATOR} or not intervals or line.period.is_moment:
            continue
        day = Period(line.period.start, line.period.start + timedelta(hours=12))
        ask = Request(line.requester, line.actions[0], line.purpose, facts.connection, intervals, day, DataClass.PROFILE)
        assert isinstance(decide(ask, facts, at=at), Permit), line

"""Who may know what of a connection, and why: the decision table read from the other side, for pages and commands.

`who_may` says for whom `decide` could say yes at this moment, about which time and which data. It decides nothing itself.
Every yes of `decide` lies within one of its lines; a condition on single moments (a schedule, a move) is left to the rule's words.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, final

from kwartier.grounds import conduct, defaults
from kwartier.grounds.conditions import is_suspended
from kwartier.grounds.halts import halts
from kwartier.grounds.lasting import lasts
from kwartier.grounds.limits import days_used
from kwartier.grounds.rule import Condition, Edition, Rule
from kwartier.model.ground import (
    STATION,
    Action,
    FactRef,
    Facts,
    Permission,
    Purpose,
    Requester,
    Restriction,
    RestrictionKind,
    Role,
    Supply,
)
from kwartier.model.period import Period, day_of
from kwartier.model.register import Mask


@final
@dataclass(frozen=True, slots=True)
class Explanation:
    """One line: `requester` may do `actions` with the channels of `mask` about `period`, by this rule and because of `fact`.

    `since` is from when the fact holds. `period` is what the data may be about (open if `end` is None). `nl` and `en` say why.
    """

    requester: Requester
    rule: str
    edition: str
    purpose: Purpose
    actions: tuple[Action, ...]
    mask: Mask
    period: Period
    since: datetime
    fact: FactRef
    sentence: str
    article: str
    nl: str
    en: str


@final
@dataclass(frozen=True, slots=True)
class Bar:
    """A restriction in force: nothing is read of this connection, by rule F1 or F2, since the start of `period`."""

    rule: str
    edition: str
    kind: RestrictionKind
    period: Period
    fact: FactRef
    sentence: str
    article: str
    nl: str
    en: str


class _Ground(NamedTuple):
    """One fact that lets somebody know something: who, what for, since when, about which time and channels."""

    requester: Requester
    purpose: Purpose
    fact: FactRef
    since: datetime
    period: Period
    mask: Mask | None = None


_SUPPLIER = (Purpose.PERIODIC_READING, Purpose.ANNUAL_BILL, Purpose.MOVE, Purpose.SWITCH)


def who_may(facts: Facts, *, at: datetime) -> list[Explanation]:
    """Return who may know what of this connection at `at`: customers, suppliers, third parties, the operator, in that order."""
    edition = conduct.edition_at(at)
    grounds = [
        *_customers(facts),
        *_suppliers(facts, at),
        *_permissions(facts, at),
        *_use_cases(facts, at, edition),
        *_choices(facts, at),
        *_defaults(facts, at),
    ]
    return [line for ground in grounds for line in _lines(edition, ground, facts, at)]


def who_may_not(facts: Facts, *, at: datetime) -> list[Bar]:
    """Return the restrictions in force at `at`: they beat every line of `who_may` about the time they cover."""
    edition = conduct.edition_at(at)
    bars = []
    for restriction in facts.restrictions:
        if restriction.period.contains(at):
            rule = edition.rule("F1" if restriction.kind is RestrictionKind.REFUSED else "F2")
            fact = ("restriction", restriction.id)
            words = (rule.sentence, rule.article, rule.nl, rule.en)
            bars.append(Bar(rule.id, edition.id, restriction.kind, restriction.period, fact, *words))
    return bars


def _customers(facts: Facts) -> Iterator[_Ground]:
    for home in facts.occupancies:
        who = Requester(Role.CUSTOMER, home.subject)
        yield _Ground(who, Purpose.OWN_ACCESS, ("occupancy", home.id), home.period.start, home.period)


def _suppliers(facts: Facts, at: datetime) -> Iterator[_Ground]:
    for supply in facts.supplies:
        if _bound(facts, supply.party, Role.SUPPLIER, at):
            for purpose in _SUPPLIER:
                who = Requester(Role.SUPPLIER, supply.party)
                yield _Ground(who, purpose, ("supply", supply.id), supply.period.start, supply.period)
            yield from _by_hand(facts, supply)


def _by_hand(facts: Facts, supply: Supply) -> Iterator[_Ground]:
    """Yield the time of a supply in which the meter was not read remotely: of that a supplier gets what was taken by hand."""
    for one in facts.restrictions:
        shared = one.period.meet(supply.period)
        if shared is not None:
            who, fact = Requester(Role.SUPPLIER, supply.party), ("supply", supply.id)
            yield _Ground(who, Purpose.HAND_READING, fact, shared.start, shared)


def _permissions(facts: Facts, at: datetime) -> Iterator[_Ground]:
    for permission in facts.permissions:
        if not (permission.live.contains(at) and lasts(permission, facts, at)):
            continue
        who, purpose = Requester(Role.CUSTOMER, permission.subject), Purpose.OWN_INSIGHT
        if permission.party is not None:
            who, purpose = Requester(Role.THIRD_PARTY, permission.party), Purpose.THIRD_PARTY_SERVICE
            if not _bound(facts, permission.party, Role.THIRD_PARTY, at):
                continue
        for reach in _reach(facts, permission):
            yield _Ground(who, purpose, ("permission", permission.id), permission.live.start, reach, permission.mask)


def _reach(facts: Facts, permission: Permission) -> Iterator[Period]:
    """Yield the time a permission can be about: its own period within each occupancy of the person who gave it."""
    for home in facts.occupancies:
        shared = home.period.meet(permission.data) if home.subject == permission.subject else None
        if shared is not None:
            yield shared


def _use_cases(facts: Facts, at: datetime, edition: Edition) -> Iterator[_Ground]:
    """Yield the use cases that are approved, of data that the edition still has for their purpose, and not used up this year."""
    year = str(day_of(at).year)
    for case in facts.use_cases:
        spent = sum(day.startswith(year) for day in days_used(case, facts)) >= case.yearly_limit
        rule = edition.grant(Role.OPERATOR, case.purpose, station=facts.connection == STATION)
        known = rule is not None and case.data_class in rule.data_classes and bool(case.mask & rule.mask) == bool(case.mask)
        if known and case.area == facts.area and case.approved.contains(at) and not spent:
            who = Requester(Role.OPERATOR, case.id)
            yield _Ground(who, case.purpose, ("use_case", case.id), case.approved.start, case.days, case.mask)


def _choices(facts: Facts, at: datetime) -> Iterator[_Ground]:
    """Yield the customer's last word on whether the meter is administratively on or off; what was never chosen is never set."""
    said = [r for r in facts.restrictions if r.kind is RestrictionKind.ADMINISTRATIVELY_OFF and r.period.start <= at]
    if said:
        last = max(said, key=lambda one: (one.period.start, one.id))
        since = last.period.start
        yield _Ground(Requester(Role.OPERATOR, 0), Purpose.ADMINISTRATIVE_STATUS, ("restriction", last.id), since, Period(since), 0)


def _defaults(facts: Facts, at: datetime) -> Iterator[_Ground]:
    for one in facts.defaults:
        for supply in facts.supplies if one.period.contains(at) else ():
            if supply.party == one.party and defaults.leaves(supply, one):
                who = Requester(Role.OPERATOR, 0)
                yield _Ground(who, Purpose.SUPPLIER_DEFAULT, ("default", one.id), one.period.start, supply.period)


def _bound(facts: Facts, party: int, role: Role, at: datetime) -> bool:
    bound = any(a.party == party and a.role is role and a.period.contains(at) for a in facts.agreements)
    return bound and not is_suspended(facts, party, at)


def _lines(edition: Edition, ground: _Ground, facts: Facts, at: datetime) -> Iterator[Explanation]:
    """Yield a line for each stretch of the ground's period that no restriction covers; while one is in force nothing is read."""
    rule = edition.grant(ground.requester.role, ground.purpose, station=facts.connection == STATION)
    if rule is None:
        return
    barring = _barring(rule, facts)
    restricted = any(restriction.period.contains(at) for restriction in barring)
    actions = tuple(action for action in rule.actions if not (restricted and action in {Action.READ, Action.WRITE}))
    if not actions:
        return
    for period in _without([*(one.period for one in barring), *halts(rule, facts, at)], ground.period):
        yield _line(edition, rule, ground, actions, period)


def _barring(rule: Rule, facts: Facts) -> list[Restriction]:
    """Return the restrictions that speak of what this row is about: of what is read by hand none, of the switch only a refusal."""
    if rule.condition is Condition.BY_HAND:
        return []
    return [r for r in facts.restrictions if r.kind is RestrictionKind.REFUSED or rule.condition is not Condition.CHOICE]


def _line(edition: Edition, rule: Rule, ground: _Ground, actions: tuple[Action, ...], period: Period) -> Explanation:
    return Explanation(
        requester=ground.requester,
        rule=rule.id,
        edition=edition.id,
        purpose=ground.purpose,
        actions=actions,
        mask=rule.mask if ground.mask is None else rule.mask & ground.mask,
        period=period,
        since=ground.since,
        fact=ground.fact,
        sentence=rule.sentence,
        article=rule.article,
        nl=rule.nl,
        en=rule.en,
    )


def _without(restricted: Iterable[Period], period: Period) -> list[Period]:
    """Return what is left of the period outside all restricted ones, in order of time."""
    left = [period]
    for each in restricted:
        left = [piece for whole in left for piece in _cut(whole, each)]
    return left


def _cut(whole: Period, out: Period) -> Iterator[Period]:
    if not whole.overlaps(out):
        yield whole
        return
    if whole.start < out.start:
        yield Period(whole.start, out.start)
    if out.end is not None and (whole.end is None or out.end < whole.end):
        yield Period(out.end, whole.end)

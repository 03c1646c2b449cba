"""What must be true of the facts before a row of the code of conduct grants: one function per `Condition`.

Each returns what the answer rests on, or the id of the denial. An interval has one owner; a register reading on a boundary has
two: it closes one period and opens the next. So for suppliers both ends of their period count as theirs.

On whom a reading at a boundary is about: a register closes what was used before it, so its subject is the person whose time
it closes, except for a supply that begins there, whose customer is the person whose time it opens. Both stand in the facts.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import NamedTuple

from kwartier.grounds.moments import is_anniversary, iso_days, midnights_in
from kwartier.grounds.rule import Condition, Rule
from kwartier.model.ground import (
    Agreement,
    FactRef,
    Facts,
    Occupancy,
    Permission,
    Request,
    RestrictionKind,
    Role,
    Supply,
    UseCase,
)
from kwartier.model.period import Period


class Found(NamedTuple):
    """What a yes rests on: the person the data are about, the facts, and the least group of homes for a figure that leaves."""

    subject: int | None
    facts: tuple[FactRef, ...]
    min_group: int = 1


_Condition = Callable[[Rule, Request, Facts, datetime], Found | str]


def occupant(_rule: Rule, request: Request, facts: Facts, _at: datetime) -> Found | str:
    """The customer lived there in all of the period; what is held about that time is the customer's to see."""
    home = _home(facts, request.requester.id, request.period)
    return "F9" if home is None else Found(home.subject, (("occupancy", home.id),))


def opt_in(_rule: Rule, request: Request, facts: Facts, at: datetime) -> Found | str:
    """The customer asked for these readings for the own page: a permission without a party."""
    mine = [p for p in facts.permissions if p.party is None and p.subject == request.requester.id]
    return _permitted(mine, request, facts, at)


def permission(_rule: Rule, request: Request, facts: Facts, at: datetime) -> Found | str:
    """The customer permitted this party, and the party is bound by an agreement."""
    party = request.requester.id
    bound = _agreement(facts, party, Role.THIRD_PARTY, at)
    if bound is None:
        return "F3"
    found = _permitted([p for p in facts.permissions if p.party == party], request, facts, at)
    return found if isinstance(found, str) else found._replace(facts=(*found.facts, ("agreement", bound.id)))


def schedule(rule: Rule, request: Request, facts: Facts, at: datetime) -> Found | str:
    """Own customer, own period, and every reading asked for is on the edition's schedule."""
    days = midnights_in(request.period)
    if days is None or not all(rule.schedule.falls_on(day) for day in days):
        return "F5"
    return _supplied(request, facts, at, lambda _: True)


def anniversary(_rule: Rule, request: Request, facts: Facts, at: datetime) -> Found | str:
    """Own customer, and the reading closes a whole number of years of supply."""
    if not request.period.is_moment:
        return "F5"
    return _supplied(request, facts, at, lambda supply: is_anniversary(supply.period.start, request.period.start))


def move(_rule: Rule, request: Request, facts: Facts, at: datetime) -> Found | str:
    """Own customer, and an occupancy begins or ends at exactly this moment."""
    moment = request.period.start
    if not request.period.is_moment or not any(bounds(o.period, moment) for o in facts.occupancies):
        return "F5"
    return _supplied(request, facts, at, lambda _: True)


def switch(_rule: Rule, request: Request, facts: Facts, at: datetime) -> Found | str:
    """The party's own supply begins or ends at exactly this moment."""
    if not request.period.is_moment:
        return "F5"
    return _supplied(request, facts, at, lambda supply: bounds(supply.period, request.period.start))


def use_case(_rule: Rule, request: Request, facts: Facts, at: datetime) -> Found | str:
    """A registered use case, approved now, names this purpose, area, data and days, and its yearly limit is not reached."""
    case = next((c for c in facts.use_cases if c.id == request.requester.id and _names(c, request, facts, at)), None)
    if case is None:
        return "F10"
    used = facts.used_days.get(case.id, frozenset())
    if len(used.union(iso_days(counted(request, at)))) > case.yearly_limit:
        return "F11"
    homes = [o for o in facts.occupancies if o.period.overlaps(request.period)]
    subject = homes[0].subject if homes else None
    return Found(subject, (("use_case", case.id), *_refs(homes)), case.min_group)


def counted(request: Request, at: datetime) -> Period:
    """Return the time whose days count against a yearly limit: what usage is about; for anything else the visit itself.

    A log of events reaches back further than the last visit, and asking it is one visit all the same.
    """
    return request.period if request.mask else Period(at, at)


def choice(_rule: Rule, request: Request, facts: Facts, at: datetime) -> Found | str:
    """The customer had the meter switched off administratively, or on again: what was said last, up to now, is what is set."""
    if request.requester.id:
        return "F0"
    if not request.period.is_moment:
        return "F5"
    then = min(at, request.period.start)
    said = [r for r in facts.restrictions if r.kind is RestrictionKind.ADMINISTRATIVELY_OFF and r.period.start <= then]
    if not said:
        return "F7"
    last = max(said, key=lambda one: (one.period.start, one.id))
    homes = [o for o in facts.occupancies if o.period.meet(request.period) is not None]
    subject = next((o.subject for o in homes if o.period.contains(request.period.start)), homes[0].subject if homes else None)
    return Found(subject, (("restriction", last.id), *_refs(homes)))


def never(_rule: Rule, _request: Request, _facts: Facts, _at: datetime) -> Found | str:
    """Grant nothing."""
    return "F0"


CONDITIONS: Mapping[Condition, _Condition] = {
    Condition.OCCUPANT: occupant,
    Condition.OPT_IN: opt_in,
    Condition.SCHEDULE: schedule,
    Condition.ANNIVERSARY: anniversary,
    Condition.MOVE: move,
    Condition.SWITCH: switch,
    Condition.PERMISSION: permission,
    Condition.USE_CASE: use_case,
    Condition.CHOICE: choice,
    Condition.NEVER: never,
}


def bounds(period: Period, moment: datetime) -> bool:
    """True if the period begins or ends at exactly this moment."""
    return moment in (period.start, period.end)


def _home(facts: Facts, subject: int, period: Period) -> Occupancy | None:
    """Return the occupancy in which this person lived there all that time."""
    return next((o for o in facts.occupancies if o.subject == subject and o.period.covers(period)), None)


def _agreement(facts: Facts, party: int, role: Role, at: datetime) -> Agreement | None:
    """Return the party's agreement in this role that is in force at `at`."""
    return next((a for a in facts.agreements if a.party == party and a.role is role and a.period.contains(at)), None)


def _permitted(permissions: list[Permission], request: Request, facts: Facts, at: datetime) -> Found | str:
    """Return the first permission, live at `at`, whose scope and whose giver's occupancy hold all that is asked."""
    live = [p for p in permissions if p.live.contains(at)]
    if not live:
        return "F7"
    fitting = [p for p in live if not request.mask & ~p.mask and p.data.covers(request.period)]
    if not fitting:
        return "F8"
    for each in fitting:
        home = _home(facts, each.subject, request.period)
        if home is not None:
            return Found(each.subject, (("permission", each.id), ("occupancy", home.id)))
    return "F9"


def _supplied(request: Request, facts: Facts, at: datetime, fits: Callable[[Supply], bool]) -> Found | str:
    """Return the party's supply that covers the period and fits, under an agreement in force."""
    party = request.requester.id
    bound = _agreement(facts, party, Role.SUPPLIER, at)
    if bound is None:
        return "F3"
    own = [s for s in facts.supplies if s.party == party and s.period.covers(request.period)]
    if not own:
        return "F4"
    supply = next((s for s in own if fits(s)), None)
    if supply is None:
        return "F5"
    homes = [o for o in facts.occupancies if o.period.meet(request.period) is not None]
    rests_on = (("supply", supply.id), ("agreement", bound.id), *_refs(homes))
    return Found(_customer(homes, supply, request.period), rests_on)


def about(request: Request, facts: Facts) -> int | None:
    """Return the person a question is about that gets no permit: the customer who asks, else who lives there then."""
    if request.requester.role is Role.CUSTOMER:
        return request.requester.id
    homes = [o for o in facts.occupancies if o.period.meet(request.period) is not None]
    begins = next((s for s in facts.supplies if s.party == request.requester.id and s.period.start == request.period.end), None)
    return _customer(homes, begins if request.requester.role is Role.SUPPLIER else None, request.period)


def _customer(homes: list[Occupancy], supply: Supply | None, asked: Period) -> int | None:
    """Return whom a reading is about: whose time it closes, or opens where the supply begins there."""
    if not homes:
        return None
    last = asked.end or asked.start
    if supply is not None and supply.period.start == last:
        return next((o.subject for o in homes if o.period.contains(last)), homes[0].subject)
    return next((o.subject for o in homes if o.period.start < last), homes[0].subject)


def _refs(homes: list[Occupancy]) -> tuple[FactRef, ...]:
    return tuple(("occupancy", o.id) for o in homes)


def _names(case: UseCase, request: Request, facts: Facts, at: datetime) -> bool:
    """True if the use case is approved at `at` and names the request's purpose, class, channels, area and days."""
    return (
        case.purpose is request.purpose
        and case.data_class is request.data_class
        and not request.mask & ~case.mask
        and case.area == facts.area
        and case.approved.contains(at)
        and case.days.covers(request.period)
    )

"""What must be true of the facts before a row of the code of conduct grants: one function per `Condition`.

Each returns what the answer rests on, or the id of the denial. An interval has one owner; a register reading on a boundary has
two: it closes one period and opens the next. So for suppliers both ends of their period count as theirs.

On whom a reading at a boundary is about: a register closes what was used before it, so its subject is the person whose time
it closes, except for a supply that begins there, whose customer is the person whose time it opens. Both stand in the facts.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from kwartier.grounds import defaults
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


_NO_DAYS: frozenset[str] = frozenset()
_INSTANT = timedelta(microseconds=1)
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
    if isinstance(bound, str):
        return bound
    theirs = [p for p in facts.permissions if p.party == party]
    return _permitted(theirs, request, facts, at, bound)


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
    who = request.requester.id
    for case in facts.use_cases:
        if case.id == who and _names(case, request, facts, at):
            break
    else:
        return "F10"
    if _used_up(case, facts.used_days.get(who, _NO_DAYS), iso_days(counted(request, at))):
        return "F11"
    homes = [o for o in facts.occupancies if o.period.overlaps(request.period)]
    subject = homes[0].subject if homes else None
    return Found(subject, (("use_case", who), *_refs(homes)), case.min_group)


def counted(request: Request, at: datetime) -> Period:
    """Return the time whose days count against a yearly limit: what usage is about; for anything else the visit itself.

    A log of events reaches back further than the last visit, and asking it is one visit all the same. The register of one midnight
    alone counts as the day that it closes.
    """
    if not request.mask:
        return Period(at, at)
    moment = request.period.start
    return Period(moment - _INSTANT, moment) if request.period.is_moment else request.period


def _used_up(case: UseCase, used: frozenset[str], asked: tuple[str, ...]) -> bool:
    """True if with these days any calendar year of them would have more than its limit; `used` may have days of other years."""
    days = used.union(asked)
    if len(days) <= case.yearly_limit:
        return False
    return any(sum(day.startswith(year) for day in days) > case.yearly_limit for year in {day[:4] for day in asked})


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
    last = said[0] if len(said) == 1 else max(said, key=lambda one: (one.period.start, one.id))
    homes = [o for o in facts.occupancies if o.period.touches(request.period)]
    here = [o.subject for o in homes if o.period.contains(request.period.start)] or [o.subject for o in homes]
    return Found(here[0] if here else None, (("restriction", last.id), *_refs(homes)))


def default(_rule: Rule, request: Request, facts: Facts, at: datetime) -> Found | str:
    """A supplier of the connection is in default now, and the reading is of a moment that it left to the operator."""
    if request.requester.id:
        return "F0"
    late = [one for one in facts.defaults if one.period.contains(at)]
    if not late:
        return "F16"
    if not request.period.is_moment:
        return "F5"
    for each in late:
        for supply in facts.supplies:
            if supply.party == each.party and defaults.collects(facts, supply, each, request.period.start, at):
                homes = [o for o in facts.occupancies if o.period.touches(request.period)]
                rests_on = (("default", each.id), ("supply", supply.id), *_refs(homes))
                return Found(_customer(homes, supply, request.period), rests_on)
    return "F5"


def by_hand(_rule: Rule, request: Request, facts: Facts, at: datetime) -> Found | str:
    """Own customer, own period, and at that moment the meter was not read remotely: refused, or administratively off."""
    here = [one for one in facts.restrictions if one.period.touches(request.period)]
    if not request.period.is_moment or not here:
        return "F5"
    found = _supplied(request, facts, at, lambda _: True)
    return found if isinstance(found, str) else found._replace(facts=(*found.facts, ("restriction", here[0].id)))


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
    Condition.DEFAULT: default,
    Condition.BY_HAND: by_hand,
    Condition.NEVER: never,
}


def bounds(period: Period, moment: datetime) -> bool:
    """True if the period begins or ends at exactly this moment."""
    return moment in (period.start, period.end)


def _home(facts: Facts, subject: int, period: Period) -> Occupancy | None:
    """Return the occupancy in which this person lived there all that time."""
    for home in facts.occupancies:
        if home.subject == subject and home.period.covers(period):
            return home
    return None


def _agreement(facts: Facts, party: int, role: Role, at: datetime) -> Agreement | str:
    """Return the party's agreement in this role in force at `at`, F3 if there is none, F13 while the party is suspended."""
    for agreement in facts.agreements:
        if agreement.party == party and agreement.role is role and agreement.period.contains(at):
            return "F13" if facts.suspensions and is_suspended(facts, party, at) else agreement
    return "F3"


def is_suspended(facts: Facts, party: int, at: datetime) -> bool:
    """True while the party's agreement is suspended."""
    return any(one.party == party and one.period.contains(at) for one in facts.suspensions)


def _permitted(
    permissions: list[Permission], request: Request, facts: Facts, at: datetime, bound: Agreement | None = None
) -> Found | str:
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
            rests_on = (("permission", each.id), ("occupancy", home.id))
            return Found(each.subject, rests_on if bound is None else (*rests_on, ("agreement", bound.id)))
    return "F9"


def _supplied(request: Request, facts: Facts, at: datetime, fits: Callable[[Supply], bool]) -> Found | str:
    """Return the party's supply that covers the period and fits, under an agreement in force."""
    party = request.requester.id
    bound = _agreement(facts, party, Role.SUPPLIER, at)
    if isinstance(bound, str):
        return bound
    own = [s for s in facts.supplies if s.party == party and s.period.covers(request.period)]
    if not own:
        return "F4"
    for supply in own:
        if fits(supply):
            break
    else:
        return "F5"
    homes = [o for o in facts.occupancies if o.period.touches(request.period)]
    return Found(_customer(homes, supply, request.period), (("supply", supply.id), ("agreement", bound.id), *_refs(homes)))


def about(request: Request, facts: Facts) -> int | None:
    """Return the person a question is about that gets no permit: the customer who asks, else who lives there then."""
    if request.requester.role is Role.CUSTOMER:
        return request.requester.id
    homes = [o for o in facts.occupancies if o.period.touches(request.period)]
    return _customer(homes, _begun(request, facts) if request.requester.role is Role.SUPPLIER else None, request.period)


def _begun(request: Request, facts: Facts) -> Supply | None:
    """Return the requester's supply that begins where the request ends."""
    for supply in facts.supplies:
        if supply.party == request.requester.id and supply.period.start == request.period.end:
            return supply
    return None


def _customer(homes: list[Occupancy], supply: Supply | None, asked: Period) -> int | None:
    """Return whom a reading is about: whose time it closes, or opens where the supply begins there."""
    if not homes:
        return None
    last = asked.end or asked.start
    opens = supply is not None and supply.period.start == last
    for home in homes:
        if home.period.contains(last) if opens else home.period.start < last:
            return home.subject
    return homes[0].subject


def _refs(homes: list[Occupancy]) -> list[FactRef]:
    return [("occupancy", home.id) for home in homes]


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

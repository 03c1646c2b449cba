"""What must be true of the facts before a row of the code of conduct grants: one function per `Condition`.

Each returns what the answer rests on, or the id of the denial. An interval has one owner; a register reading on a boundary has
two: it closes one period and opens the next. So for suppliers both ends of their period count as theirs.

On whom a reading at a boundary is about: a register closes what was used before it, so its subject is the person whose time
it closes, except for a supply that begins there, whose customer is the person whose time it opens. Both stand in the facts.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import final

from kwartier.grounds import defaults, limits
from kwartier.grounds.lasting import lasts
from kwartier.grounds.moments import is_anniversary, midnights_in
from kwartier.grounds.rule import Condition, Rule
from kwartier.model.ground import (
    Agreement,
    FactRef,
    Facts,
    Occupancy,
    Request,
    RestrictionKind,
    Role,
    Supply,
    UseCase,
)
from kwartier.model.period import Period


@final
@dataclass(slots=True)
class Found:
    """What a yes rests on: the person the data are about, the facts, and the least group of homes for a figure that leaves.

    It lives from here to the permit and is not frozen: that would double what it costs, of which a night makes millions.
    """

    subject: int | None
    facts: tuple[FactRef, ...]
    min_group: int = 1


_SUPPLIER, _THIRD_PARTY, _CUSTOMER = Role.SUPPLIER, Role.THIRD_PARTY, Role.CUSTOMER
_OFF = RestrictionKind.ADMINISTRATIVELY_OFF
"""Members of enums by a name of this module: in Python 3.11 each look-up in the enum is a call, and a night makes millions."""
_Condition = Callable[[Rule, Request, Facts, datetime], Found | str]


def occupant(_rule: Rule, request: Request, facts: Facts, _at: datetime) -> Found | str:
    """The customer lived there in all of the period; what is held about that time is the customer's to see."""
    home = _home(facts, request.requester.id, request.period)
    return "F9" if home is None else Found(home.subject, (("occupancy", home.id),))


def opt_in(_rule: Rule, request: Request, facts: Facts, at: datetime) -> Found | str:
    """The customer asked for these readings for the own page: a permission without a party."""
    return _permitted(request, facts, at, None)


def permission(_rule: Rule, request: Request, facts: Facts, at: datetime) -> Found | str:
    """The customer permitted this party, and the party is bound by an agreement."""
    party = request.requester.id
    bound = _agreement(facts, party, _THIRD_PARTY, at)
    return bound if isinstance(bound, str) else _permitted(request, facts, at, party, ("agreement", bound.id))


def schedule(rule: Rule, request: Request, facts: Facts, at: datetime) -> Found | str:
    """Own customer, own period, and every reading asked for is on the edition's schedule."""
    days = midnights_in(request.period)
    if days is None or not rule.schedule.has(days):
        return "F5"
    return _supplied(request, facts, at)


def anniversary(_rule: Rule, request: Request, facts: Facts, at: datetime) -> Found | str:
    """Own customer, and the reading closes a whole number of years of supply."""
    if not request.period.is_moment:
        return "F5"
    return _supplied(request, facts, at, lambda supply: is_anniversary(supply.period.start, request.period.start))


def move(_rule: Rule, request: Request, facts: Facts, at: datetime) -> Found | str:
    """Own customer, and an occupancy begins or ends at exactly this moment."""
    moment = request.period.start
    if request.period.is_moment:
        for home in facts.occupancies:
            if bounds(home.period, moment):
                return _supplied(request, facts, at)
    return "F5"


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
    if limits.used_up(case, facts, request, at):
        return "F11"
    homes = [home for home in facts.occupancies if home.period.overlaps(request.period)]
    subject = homes[0].subject if homes else None
    return Found(subject, (("use_case", who), *_refs(homes)), case.min_group)


def choice(_rule: Rule, request: Request, facts: Facts, at: datetime) -> Found | str:
    """The customer had the meter switched off administratively, or on again: what was said last, up to now, is what is set."""
    if request.requester.id:
        return "F0"
    if not request.period.is_moment:
        return "F5"
    then = min(at, request.period.start)
    said = [one for one in facts.restrictions if one.kind is _OFF and one.period.start <= then]
    if not said:
        return "F7"
    last = said[0] if len(said) == 1 else max(said, key=lambda one: (one.period.start, one.id))
    homes = _homes(facts, request.period)
    here = [home for home in homes if home.period.contains(request.period.start)] or homes
    return Found(here[0].subject if here else None, (("restriction", last.id), *_refs(homes)))


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
                homes = _homes(facts, request.period)
                rests_on = (("default", each.id), ("supply", supply.id), *_refs(homes))
                return Found(_customer(homes, supply, request.period), rests_on)
    return "F5"


def by_hand(_rule: Rule, request: Request, facts: Facts, at: datetime) -> Found | str:
    """Own customer, own period, and at that moment the meter was not read remotely: refused, or administratively off."""
    here = [one for one in facts.restrictions if one.period.touches(request.period)]
    if not request.period.is_moment or not here:
        return "F5"
    found = _supplied(request, facts, at)
    return found if isinstance(found, str) else replace(found, facts=(*found.facts, ("restriction", here[0].id)))


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
    return period.start == moment or period.end == moment  # noqa: PLR1714 - a tuple to look in takes twice as long


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


def _permitted(request: Request, facts: Facts, at: datetime, party: int | None, bound: FactRef | None = None) -> Found | str:
    """Return the first permission, live at `at` and not over, whose scope and whose giver's occupancy hold all that is asked.

    Of the noes the one counts that came nearest: none live (F7), none that reaches it (F8), given by nobody who lived there (F9).
    """
    asked, denied = request.period, "F7"
    for each in facts.permissions:
        if each.party != party or (party is None and each.subject != request.requester.id) or not each.live.contains(at):
            continue
        if not lasts(each, facts, at):
            continue
        if request.mask & ~each.mask or not each.data.covers(asked):
            denied = max(denied, "F8")  # F7 < F8 < F9, as they are written
            continue
        home = _home(facts, each.subject, asked)
        if home is not None:
            rests_on = (("permission", each.id), ("occupancy", home.id))
            return Found(each.subject, rests_on if bound is None else (*rests_on, bound))
        denied = "F9"
    return denied


def _supplied(request: Request, facts: Facts, at: datetime, fits: Callable[[Supply], bool] | None = None) -> Found | str:
    """Return the party's supply that covers the period and fits, under an agreement in force. F4: none covers it; F5: none fits."""
    party, asked = request.requester.id, request.period
    bound = _agreement(facts, party, _SUPPLIER, at)
    if isinstance(bound, str):
        return bound
    denied = "F4"
    for supply in facts.supplies:
        if supply.party != party or not supply.period.covers(asked):
            continue
        if fits is None or fits(supply):
            homes = _homes(facts, asked)
            return Found(_customer(homes, supply, asked), (("supply", supply.id), ("agreement", bound.id), *_refs(homes)))
        denied = "F5"
    return denied


def _homes(facts: Facts, period: Period) -> list[Occupancy]:
    """Return who lived there during the period, or up to or from its boundary."""
    homes = []
    for home in facts.occupancies:
        if home.period.touches(period):
            homes.append(home)  # noqa: PERF401 - a comprehension is one more call, and most connections have one home
    return homes


def about(request: Request, facts: Facts) -> int | None:
    """Return the person a question is about that gets no permit: the customer who asks, else who lives there then."""
    if request.requester.role is _CUSTOMER:
        return request.requester.id
    begun = _begun(request, facts) if request.requester.role is _SUPPLIER else None
    return _customer(_homes(facts, request.period), begun, request.period)


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
    refs = []
    for home in homes:
        refs.append(("occupancy", home.id))  # noqa: PERF401 - as in _homes
    return refs


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

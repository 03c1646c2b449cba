"""The one place that says yes. `decide` is pure and denies by default: from a request and the facts to a `Permit` or a `Refusal`.

The order is the meaning:

1. Refused and administratively off beat every ground: no read while a restriction is in force, and nothing about a period
   that it overlaps. A register reading on its boundary counts as inside. They speak of what is read remotely: a register that
   somebody took at the meter may be handed over by its own row, and can be asked of no meter.
2. The code of conduct must have a row for this role and purpose, and the row must allow the action and the data.
3. The row's condition must be true of the facts (conditions.py); the condition says on whom and on which facts the answer rests.
4. What that person stopped by a right (halts.py) is denied, whatever the ground.
"""

from datetime import datetime
from functools import lru_cache
from hashlib import sha256

from kwartier.grounds import conduct
from kwartier.grounds.conditions import CONDITIONS, Found, about
from kwartier.grounds.halts import halted
from kwartier.grounds.rule import Condition, Edition, Rule
from kwartier.model.ground import (
    STATION,
    USAGE,
    Action,
    DataClass,
    FactRef,
    Facts,
    Purpose,
    Refusal,
    Request,
    RestrictionKind,
    Role,
)
from kwartier.model.period import Period, epoch_s
from kwartier.model.permit import Permit, PermitRef
from kwartier.model.register import DAY_MASK, GAS_MASK, Mask

_AT_THE_METER = frozenset({Action.READ, Action.WRITE})
_BY_HAND, _DELIVER, _REFUSED = Purpose.HAND_READING, Action.DELIVER, RestrictionKind.REFUSED
"""Members of enums by a name of this module, as in conditions.py."""


def decide(request: Request, facts: Facts, *, at: datetime) -> Permit | Refusal:
    """Answer the request as of `at`, by the edition in force then. Raises BadInput for a naive `at`, NoEdition before the first."""
    return under(conduct.edition_at(at), request, facts, at=at)


def under(edition: Edition, request: Request, facts: Facts, *, at: datetime) -> Permit | Refusal:
    """Answer the request by one given edition: what `decide` does, and what a proposed edition would do."""
    found = judge(edition, request, facts, at)
    if isinstance(found, str):
        return Refusal(request, about(request, facts), edition.ruling(found), at)
    return _permit(edition, *found, request, at)


def judge(edition: Edition, request: Request, facts: Facts, at: datetime) -> tuple[Rule, Found] | str:
    """Return the row that says yes and what that rests on, or the id of the row that says no: all of a decision but its paper.

    Nobody is let in by this: what is read, shown or handed over needs the `Permit`. It is for whoever counts answers.
    """
    if facts.restrictions and (denied := barred_by(edition, request, facts, at)) is not None:
        return denied
    who, place = request.requester, request.connection
    if place != facts.connection or request.period.end is None:  # no proper question
        return "F0"
    rule = _row(edition, who.role, request.purpose, request.action, request.mask, request.data_class, place == STATION)
    if isinstance(rule, str):
        return rule
    found = CONDITIONS[rule.condition](rule, request, facts, at)
    if isinstance(found, str):
        return found
    if (facts.holds or facts.objections) and (stopped := halted(rule, found.subject, request, facts, at)) is not None:
        return stopped
    return rule, found


def ref(permit: Permit) -> PermitRef:
    """Return the name of a permit: what is stored and sent, and opens nothing."""
    period = permit.request.period
    first_s, last_s = _seconds(period.start, period.end)
    return PermitRef(permit.id, permit.ruling.rule_no, permit.request.mask, first_s, last_s, permit.facts, permit.keeps)


@lru_cache(maxsize=4096)
def _seconds(start: datetime, end: datetime | None) -> tuple[int, int]:
    first_s = epoch_s(start)
    return first_s, first_s if end is None else epoch_s(end)


def barred_by(edition: Edition, request: Request, facts: Facts, at: datetime) -> str | None:
    """Return F1 or F2 if a restriction forbids this request, else None."""
    if request.purpose is _BY_HAND and request.action is _DELIVER:
        return None
    for restriction in facts.restrictions:
        touches_the_meter = request.action in _AT_THE_METER and restriction.period.contains(at)
        if not touches_the_meter and not _reaches(restriction.period, request):
            continue
        if restriction.kind is _REFUSED:
            return "F1"
        if request.mask or not edition.readable_when_off(request.data_class, at):
            return "F2"
    return None


def _reaches(restricted: Period, request: Request) -> bool:
    """True if the request is about restricted time; for anything but intervals the boundaries count as restricted."""
    asked = request.period
    if request.mask and not request.mask & DAY_MASK:
        return restricted.overlaps(asked)
    return (asked.end is None or restricted.start <= asked.end) and (restricted.end is None or asked.start <= restricted.end)


@lru_cache(maxsize=4096)
def _row(  # noqa: PLR0917 - to be remembered by name costs what it saves
    edition: Edition,
    role: Role,
    purpose: Purpose,
    action: Action,
    mask: Mask,
    data_class: DataClass,
    station: bool,  # noqa: FBT001 - as above
) -> Rule | str:
    """Return the row that may grant what is asked, or the denial if it asks what no row can ever give.

    It looks at no fact, and a night asks few different ones by the million: so it is remembered.
    """
    rule = edition.grant(role, purpose, station=station)
    if rule is None:
        return "F0"
    if action not in rule.actions:
        return "F12" if role is Role.OPERATOR else "F0"
    if mask and action is Action.WRITE:
        return "F0"
    if mask & ~rule.mask or (mask & GAS_MASK and mask & ~GAS_MASK):
        return "F6"
    if data_class not in rule.data_classes or bool(mask) != (data_class in USAGE):
        return "F6"
    return rule


def _permit(edition: Edition, rule: Rule, found: Found, request: Request, at: datetime) -> Permit:
    facts: tuple[FactRef, ...] = (("connection", request.connection), *found.facts)
    if rule.condition is Condition.CHOICE:  # what stops every other ground at this connection is what this one rests on
        facts = found.facts
    return Permit(
        _id(edition, rule, request, facts),
        request,
        found.subject,
        edition.ruling(rule.id),
        facts,
        rule.keeps or not request.mask,
        found.min_group,
        at,
    )


def _id(edition: Edition, rule: Rule, request: Request, facts: tuple[FactRef, ...]) -> bytes:
    """Return 16 bytes over rule, edition, request and facts, but not over `at`: the same night again gives the same id.

    No field can hold the separator: they are numbers, enum values, ISO moments in UTC and table names.
    """
    who, period = request.requester, request.period
    form = _form(
        (rule.no, edition.id, who.role),
        (request.action, request.purpose, request.mask, request.data_class),
        (period.start, period.end),
    )
    rests_on = ",".join([f"{table}:{number}" for table, number in facts])
    return sha256((form % (who.id, request.connection, rests_on)).encode()).digest()[:16]


@lru_cache(maxsize=4096)
def _form(
    by: tuple[int, str, Role], what: tuple[Action, Purpose, Mask, DataClass], about_time: tuple[datetime, datetime | None]
) -> str:
    """Return the text of an id but for who asks, the connection and the facts: the same for most questions of a night."""
    (no, edition, role), (action, purpose, mask, data_class), (start, end) = by, what, about_time
    period = f"{start.isoformat()}|{'' if end is None else end.isoformat()}"
    return f"{no}|{edition}|{role}|%d|{action}|{purpose}|%d|{mask}|{period}|{data_class}|%s"

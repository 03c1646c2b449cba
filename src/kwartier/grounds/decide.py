"""The one place that says yes. `decide` is pure and denies by default: from a request and the facts to a `Permit` or a `Refusal`.

The order is the meaning:

1. Refused and administratively off beat every ground: no read while a restriction is in force, and nothing about a period
   that it overlaps. A register reading on its boundary counts as inside.
2. The code of conduct must have a row for this role and purpose, and the row must allow the action and the data.
3. The row's condition must be true of the facts (conditions.py); the condition says on whom and on which facts the answer rests.
"""

from datetime import datetime
from hashlib import sha256

from kwartier.grounds import conduct
from kwartier.grounds.conditions import CONDITIONS, Found, about
from kwartier.grounds.rule import Condition, Edition, Rule
from kwartier.model.ground import USAGE, Action, FactRef, Facts, Refusal, Request, RestrictionKind, Role
from kwartier.model.period import Period, epoch_s
from kwartier.model.permit import Permit, PermitRef
from kwartier.model.register import DAY_MASK, GAS_MASK

STATION = 0
"""The connection number of a station meter: the operator's own asset, about no person."""
_AT_THE_METER = frozenset({Action.READ, Action.WRITE})


def decide(request: Request, facts: Facts, *, at: datetime) -> Permit | Refusal:
    """Answer the request as of `at`, by the edition in force then. Raises BadInput for a naive `at`, NoEdition before the first."""
    return under(conduct.edition_at(at), request, facts, at=at)


def under(edition: Edition, request: Request, facts: Facts, *, at: datetime) -> Permit | Refusal:
    """Answer the request by one given edition: what `decide` does, and what a proposed edition would do."""
    denied = barred_by(edition, request, facts, at)
    if denied is not None:
        return _refusal(edition, denied, request, facts, at)
    rule = edition.grant(request.requester.role, request.purpose, station=request.connection == STATION)
    if rule is None:
        return _refusal(edition, "F0", request, facts, at)
    found = _beyond(rule, request, facts) or CONDITIONS[rule.condition](rule, request, facts, at)
    return _refusal(edition, found, request, facts, at) if isinstance(found, str) else _permit(edition, rule, found, request, at)


def ref(permit: Permit) -> PermitRef:
    """Return the name of a permit: what is stored and sent, and opens nothing."""
    period = permit.request.period
    first_s = epoch_s(period.start)
    last_s = first_s if period.end is None else epoch_s(period.end)
    return PermitRef(permit.id, permit.rule_no, permit.request.mask, first_s, last_s, permit.facts, permit.keeps)


def barred_by(edition: Edition, request: Request, facts: Facts, at: datetime) -> str | None:
    """Return F1 or F2 if a restriction forbids this request, else None."""
    for restriction in facts.restrictions:
        touches_the_meter = request.action in _AT_THE_METER and restriction.period.contains(at)
        if not touches_the_meter and not _reaches(restriction.period, request):
            continue
        if restriction.kind is RestrictionKind.REFUSED:
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


def _beyond(rule: Rule, request: Request, facts: Facts) -> str | None:
    """Return the denial if the request asks more than the row can ever give, or is no proper question; else None."""
    if request.connection != facts.connection or request.period.end is None:
        return "F0"
    if request.action not in rule.actions:
        return "F12" if rule.role is Role.OPERATOR else "F0"
    mask = request.mask
    if request.action is Action.WRITE and mask:
        return "F0"
    if mask & ~rule.mask or (mask & GAS_MASK and mask & ~GAS_MASK):
        return "F6"
    if request.data_class not in rule.data_classes or bool(mask) != (request.data_class in USAGE):
        return "F6"
    return None


def _permit(edition: Edition, rule: Rule, found: Found, request: Request, at: datetime) -> Permit:
    facts: tuple[FactRef, ...] = (("connection", request.connection), *found.facts)
    if rule.condition is Condition.CHOICE:  # what stops every other ground at this connection is what this one rests on
        facts = found.facts
    return Permit(
        id=_id(edition, rule, request, facts),
        request=request,
        subject=found.subject,
        rule=rule.id,
        rule_no=rule.no,
        edition=edition.id,
        sentence=rule.sentence,
        article=rule.article,
        nl=rule.nl,
        en=rule.en,
        facts=facts,
        keeps=rule.keeps or not request.mask,
        min_group=found.min_group,
        at=at,
    )


def _id(edition: Edition, rule: Rule, request: Request, facts: tuple[FactRef, ...]) -> bytes:
    """Return 16 bytes over rule, edition, request and facts, but not over `at`: the same night again gives the same id.

    No field can hold the separator: they are numbers, enum values, ISO moments in UTC and table names.
    """
    who, period = request.requester, request.period
    end = "" if period.end is None else period.end.isoformat()
    rests_on = ",".join(f"{table}:{number}" for table, number in facts)
    text = (
        f"{rule.no}|{edition.id}|{who.role.value}|{who.id}|{request.action.value}|{request.purpose.value}|{request.connection}|"
        f"{request.mask}|{period.start.isoformat()}|{end}|{request.data_class.value}|{rests_on}"
    )
    return sha256(text.encode()).digest()[:16]


def _refusal(edition: Edition, denied: str, request: Request, facts: Facts, at: datetime) -> Refusal:
    rule = edition.rule(denied)
    return Refusal(request, about(request, facts), rule.id, edition.id, rule.sentence, rule.article, rule.nl, rule.en, at)

"""S6: a third party shows that it keeps to its agreement: a statement of its management at first, of an accountant every year.

The statement of the management is due 4 months after the agreement began, that of the accountant at every anniversary of it
(P4 service). Agreements that follow one another without a gap are one: a new one each year owes what a long one does. A party is
told 30 days before, and again when it is too late; then it is suspended, until it is reinstated.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final, final

from kwartier.audit.canonical import Json
from kwartier.audit.events import Event, EventKind
from kwartier.model.ground import Agreement, Role
from kwartier.model.period import Period, day_of
from kwartier.store.registry import assurance, parties
from kwartier.store.registry.assurance import Statement
from kwartier.workflows.installation import Installation
from kwartier.workflows.parties.suspending import ACTOR, Because, C, named, suspend_in

NOTICE: Final = timedelta(days=30)
"""So long before a statement is overdue its party is told, at the least."""
MANAGEMENT_MONTHS: Final = 4
_YEAR: Final = 12


@final
class Kind(StrEnum):
    """Whose statement it is."""

    MANAGEMENT = "management"
    ACCOUNTANT = "accountant"


@final
@dataclass(slots=True)
class Checked:
    """What a check found: public codes of parties told that a statement is due, that it is missed, and of those suspended now."""

    due: list[tuple[str, str, date]] = field(default_factory=list)
    missed: list[tuple[str, str, date]] = field(default_factory=list)
    suspended: list[str] = field(default_factory=list)


def owed(agreement: Agreement, today: date) -> Iterator[tuple[Kind, date]]:
    """Yield what is owed under an agreement by now or within the notice: the last of what came due, and what comes next."""
    start = day_of(agreement.period.start)
    dues = [(Kind.MANAGEMENT, months_after(start, MANAGEMENT_MONTHS))]
    years = max(today.year - start.year, 0) + 2
    dues += [(Kind.ACCOUNTANT, months_after(start, _YEAR * n)) for n in range(1, years + 1)]
    past = [one for one in dues if one[1] <= today]
    coming = [one for one in dues if today < one[1] <= today + NOTICE]
    ends = None if agreement.period.end is None else day_of(agreement.period.end)
    yield from (one for one in (*past[-1:], *coming) if ends is None or one[1] < ends)


def joined(agreements: Iterable[Agreement]) -> list[Agreement]:
    """Return agreements with each that begins when another of its party ends as part of that one, under the number of the first."""
    found: list[Agreement] = []
    for one in sorted(agreements, key=lambda each: (each.party, each.period.start)):
        before = found[-1] if found else None
        if before is not None and (before.party, before.period.end) == (one.party, one.period.start):
            found[-1] = replace(before, period=Period(before.period.start, one.period.end))
        else:
            found.append(one)
    return found


def check(house: Installation, *, at: datetime) -> Checked:
    """Tell parties what is due, and suspend those whose statement is overdue. Doing it twice does nothing more.

    All of it stands in one transaction with its events.
    """
    found = Checked()
    with house.operator() as c:
        codes = {one.key: one.code for one in parties.every(c) if one.role is Role.THIRD_PARTY}
        for agreement in joined(parties.agreements(c, sorted(codes))):
            if agreement.period.contains(at):
                _tell(house, c, agreement, codes[agreement.party], found, at)
        for one in assurance.not_received(c):
            if one.party in codes and is_overdue(one, at):
                _miss(house, c, one, codes[one.party], found, at)
    return found


def is_overdue(one: Statement, at: datetime) -> bool:
    """True if a statement did not come in time, and its party was told of it early enough."""
    return one.received is None and day_of(at) > one.due and at >= one.told + NOTICE


def receive(house: Installation, code: str, kind: Kind, sha256: bytes, *, at: datetime) -> date:
    """Take a statement of a party as received, by the hash of its document. Returns when it was due. Raises NotFound.

    Whether the party is reinstated, somebody decides who read it.
    """
    with house.operator() as c:
        one = assurance.receive(c, named(c, code).key, kind, sha256, at)
        house.log.record(
            c, [_event(EventKind.ASSURANCE_RECEIVED, (one.agreement, one.party), one.kind, one.due, at, sha256=sha256.hex())]
        )
    return one.due


def months_after(day: date, months: int) -> date:
    """Return the day so many months later; the last of its month where there is no such day."""
    year, month = divmod(day.year * _YEAR + day.month - 1 + months, _YEAR)
    following = date(year + (month + 1) // _YEAR, (month + 1) % _YEAR + 1, 1)
    return min(date(year, month + 1, 1) + timedelta(days=day.day - 1), following - timedelta(days=1))


def _tell(house: Installation, c: C, agreement: Agreement, code: str, found: Checked, at: datetime) -> None:
    for kind, due in owed(agreement, day_of(at)):
        if assurance.owe(c, agreement.id, kind, due, at):
            found.due.append((code, kind, due))
            house.log.record(c, [_event(EventKind.ASSURANCE_DUE, (agreement.id, agreement.party), kind, due, at)])


def _miss(house: Installation, c: C, one: Statement, code: str, found: Checked, at: datetime) -> None:
    """Say that a statement is overdue, once, and suspend its party: again, if it was reinstated without."""
    if assurance.miss(c, one.id, at):
        found.missed.append((code, one.kind, one.due))
        house.log.record(c, [_event(EventKind.ASSURANCE_MISSED, (one.agreement, one.party), one.kind, one.due, at)])
    if suspend_in(house, c, one.party, Because.ASSURANCE_MISSED, at=at) is not None:
        found.suspended.append(code)


def _event(what: EventKind, owed_by: tuple[int, int], kind: str, due: date, at: datetime, **more: Json) -> Event:
    """Return what the log is told; `owed_by` is (agreement, party)."""
    agreement, party = owed_by
    body: dict[str, Json] = {"agreement": agreement, "party": party, "kind": str(kind), "due": due.isoformat()}
    return Event(at, what, ACTOR, body=body | more)

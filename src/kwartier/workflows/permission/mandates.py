"""S6, S12: mandates that parties claim: the customer said yes in the party's own app, and the party uploads the connection.

The customer hears of it before anything is read, and can veto it in one step. What nobody vetoed within the notice becomes the
same permission as any other. Of what was claimed a sample is drawn, whose evidence the party must show, or it is suspended.
The days of notice are our choice (setting `mandate_notice_days`): no source names a number.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final, final

from psycopg import Connection

from kwartier.audit.canonical import Json
from kwartier.audit.events import Event, EventKind
from kwartier.grounds.permission import Flaw, Schedule, Scope
from kwartier.model.ean import Ean
from kwartier.model.period import Period
from kwartier.model.register import Direction, Kind, select
from kwartier.store.registry import parties, people, points, requests, samples
from kwartier.store.registry.ends import End
from kwartier.store.registry.errors import AlreadyPermitted, NotAnOccupant, NotFound
from kwartier.store.registry.points import Point
from kwartier.store.registry.requests import MANDATE, Asked, RequestRow, Said
from kwartier.workflows.installation import Installation
from kwartier.workflows.permission import administrator, desk, ends, telling
from kwartier.workflows.permission.errors import NoSuchRequest
from kwartier.workflows.permission.requests import begin, give, record, reject, scope_flaw, whole

C = Connection[Any]

AT_ONCE: Final = 1000
FAILED: Final = "mandate_failed"
"""Why a party is suspended that cannot show its evidence."""
SHOW_WITHIN: Final = timedelta(days=14)
"""How long a party has to show evidence that a sample asks for: our choice."""


@final
@dataclass(frozen=True, slots=True)
class Claim:
    """One line of a party's upload: it says that it holds the customer's unambiguous consent, under this reference.

    `data` is what the readings may be about, by default the time of the mandate itself.
    """

    ean: Ean
    begin: datetime
    end: datetime
    reference: str
    kinds: tuple[Kind, ...]
    direction: Direction
    purpose: str
    data: Period | None = None


@final
@dataclass(slots=True)
class Claimed:
    """What became of an upload: `presented` were put to customers, `known` had been claimed before, `invalid` counts by reason.

    `differs` used a reference for something else than before; nothing was changed by those.
    """

    presented: int = 0
    known: int = 0
    differs: int = 0
    invalid: dict[str, int] = field(default_factory=dict)


def claim(house: Installation, party_code: str, rows: Iterable[Claim], *, at: datetime) -> Claimed:
    """Take a party's mandates: each becomes a request that its customer hears of. The same upload again changes nothing.

    Raises NotFound for an unknown party, GrantedElsewhere.
    """
    administrator.ours(house)
    now, report = whole(at), Claimed()
    listed = list(rows)
    with house.operator() as c:
        party = parties.by_code(c, party_code)
        if party is None:
            msg = "no party has this code"
            raise NotFound(msg)
        for first in range(0, len(listed), AT_ONCE):
            _claim(house, c, party.key, listed[first : first + AT_ONCE], now, report)
    return report


def _claim(house: Installation, c: C, party: int, rows: list[Claim], now: datetime, report: Claimed) -> None:
    found = points.find(c, [row.ean for row in rows], now)
    notice = now + timedelta(days=house.settings.mandate_notice_days)
    placed: list[tuple[int, Point, str | None]] = []
    for row in rows:
        there = found.get(row.ean, Point(None, None, None, None))
        asked = _asked(party, row, there, now, notice)
        key = requests.place(c, asked)
        if key is None:
            before = requests.by_reference(c, party, row.reference)
            same = before is not None and (before.connection, before.scope, before.live_from) == (
                asked.connection,
                asked.scope,
                asked.live_from,
            )
            report.known, report.differs = report.known + same, report.differs + (not same)
            continue
        placed.append((key, there, scope_flaw(asked.scope, asked.live_from, there)))
    flaws = begin(house, c, placed, now)
    report.presented += len(placed) - len(flaws)
    for flaw in flaws.values():
        report.invalid[flaw] = report.invalid.get(flaw, 0) + 1


def _asked(party: int, row: Claim, there: Point, now: datetime, notice: datetime) -> Asked:
    mask = 0 if there.product is None else select(there.product, row.kinds, row.direction)
    scope = Scope(mask, row.purpose, row.data or Period(row.begin, row.end), row.end, Schedule.DAILY)
    return Asked(MANDATE, party, there.connection, there.subject, scope, row.begin, now, notice, row.reference)


def due(house: Installation, *, at: datetime) -> int:
    """Let the mandates begin whose notice is over and that nobody vetoed. Returns how many began.

    None begins where another body grants permissions: then it waits for that body's word.
    """
    if house.settings.permission_administrator != "own":
        return 0
    now, begun = whole(at), 0
    with house.operator() as c:
        while late := requests.overdue(c, MANDATE, now, limit=AT_ONCE):
            flaws = requests.flaws(c, [one.id for one in late], now)
            begun += sum(_begins(house, c, one, flaws.get(one.id), now) for one in late)
    return begun


def _begins(house: Installation, c: C, one: RequestRow, flaw: str | None, now: datetime) -> bool:
    """Make the permission, or find that the claim does not hold any more."""
    if flaw is None:
        try:
            with c.transaction():
                give(house, c, one, one.scope, now, telling.OPERATOR)
        except AlreadyPermitted:
            flaw = Flaw.ALREADY_PERMITTED
        except NotAnOccupant:
            flaw = Flaw.NOBODY_LIVES_THERE
        else:
            return True
    record(house, c, [Said(one.id, now, "found_invalid", flaw)])
    return False


def veto(house: Installation, subject: int, request: int, *, at: datetime) -> None:
    """Say no to a mandate, in one step, whether it has begun or not. Raises NoSuchRequest, AlreadyAnswered, NoSuchPermission."""
    with house.portal(subject) as c:
        try:
            asked = requests.one(c, request)
        except NotFound as fault:
            msg = "no such request to this person"
            raise NoSuchRequest(msg) from fault
        permission = samples.permission_of(c, request)
    if permission is None or asked.awaits:
        reject(house, subject, request, at=at)
    else:
        desk.revoke(house, subject, permission, at=at)


# Evidence


def sample(
    house: Installation, party_code: str, *, most: int, seed: int, at: datetime, within: timedelta = SHOW_WITHIN
) -> list[int]:
    """Ask a party to show the evidence of at most `most` mandates that were not asked about before. Returns the samples' numbers.

    Which ones follows from the seed alone: whoever knows it can draw the same again. Raises NotFound.
    """
    with house.operator() as c:
        party = parties.by_code(c, party_code)
        if party is None:
            msg = "no party has this code"
            raise NotFound(msg)
        drawn = sorted(samples.unasked(c, party.key), key=lambda key: sha256(f"{seed}|{key}".encode()).digest())[:most]
        made = [samples.ask(c, key, at, at + within, seed) for key in drawn]
        _say(house, c, EventKind.MANDATE_SAMPLED, made, at)
    return made


def show(house: Installation, number: int, *, held: bool, at: datetime) -> None:
    """Say whether the party showed the evidence of a sample. If not, it is suspended, and its permissions end.

    Raises NotFound for a sample that is not there, AlreadyAnswered.
    """
    _judged(house, [number], held=held, at=at)


def overdue(house: Installation, *, at: datetime) -> int:
    """Let the samples fail whose evidence was not shown in time. Returns how many."""
    with house.operator() as c:
        late = samples.overdue(c, at)
    _judged(house, late, held=False, at=at)
    return len(late)


def _judged(house: Installation, numbers: list[int], *, held: bool, at: datetime) -> None:
    if not numbers:
        return
    with house.operator() as c:
        failed = {party for number in numbers if (party := samples.judge(c, number, at, held=held)) is not None and not held}
        _say(house, c, EventKind.MANDATE_EVIDENCED if held else EventKind.MANDATE_FAILED, numbers, at)
        for party in sorted(failed):
            _suspend(house, c, party, at)


def _suspend(house: Installation, c: C, party: int, at: datetime) -> None:
    """Suspend a party until it is reinstated, and end its permissions: those do not come back with it."""
    parties.lock(c, party)
    if not parties.suspended(c, party, at):
        told = parties.told_of(c, parties.suspend(c, party, at, FAILED))
        house.log.record(c, [Event(at, EventKind.SUSPENSION_BEGAN, telling.OPERATOR, body={**told})])
    over = [End(key, max(at, start), "invalidated", "party_suspended") for key, start in samples.alive(c, party)]
    ends.written(house, c, over)


def _say(house: Installation, c: C, kind: EventKind, numbers: Iterable[int], at: datetime) -> None:
    """Tell the customers, each in a line of their own."""
    rows = requests.many(c, (asked := samples.requests_of(c, list(numbers))).values())
    codes = people.codes(c, {row.subject for row in rows.values() if row.subject is not None})
    said = []
    for number, request in asked.items():
        row = rows[request]
        body: dict[str, Json] = {"request": row.id, "party": row.party, "sample": number}
        said.append(Event(at, kind, telling.OPERATOR, codes.get(row.subject or 0), row.connection, body))
    house.log.record(c, said)

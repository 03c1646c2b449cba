"""S6, S12: mandates that parties claim: the customer said yes in the party's own app, and the party uploads the connection.

The customer hears of it before anything is read, by letter and on the own page, and can veto it in one step. What nobody vetoed
within the notice, which runs from the letter, becomes the same permission as any other. Of what was claimed a sample is drawn,
whose evidence the party must show, or it is suspended.
The days of notice are our choice (setting `mandate_notice_days`): no source names a number.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from datetime import datetime, timedelta
from hashlib import sha256
from heapq import nsmallest
from typing import Any, Final

from psycopg import Connection

from kwartier.audit.canonical import Json
from kwartier.audit.events import Event, EventKind
from kwartier.grounds.permission import Flaw
from kwartier.model.period import Period, whole_second
from kwartier.store.registry import parties, people, permissions, requests, samples
from kwartier.store.registry.ends import End
from kwartier.store.registry.errors import AlreadyAnswered, AlreadyPermitted, NotAnOccupant, NotFound
from kwartier.store.registry.permissions import Grant
from kwartier.store.registry.requests import MANDATE, RequestRow, Said
from kwartier.workflows.installation import Installation
from kwartier.workflows.permission import desk, ends, letters, telling
from kwartier.workflows.permission.beginning import told
from kwartier.workflows.permission.errors import NoSuchRequest
from kwartier.workflows.permission.placing import AT_ONCE, Claim, Claimed, place_all
from kwartier.workflows.permission.requests import rejected

C = Connection[Any]
Opened = Callable[[], AbstractContextManager[C]]

FAILED: Final = "mandate_failed"
"""Why a party is suspended that cannot show its evidence."""
SHOW_WITHIN: Final = timedelta(days=14)
"""How long a party has to show evidence that a sample asks for: our choice."""


def claim(house: Installation, party_code: str, rows: Iterable[Claim], *, at: datetime) -> Claimed:
    """Take a party's mandates: each becomes a request that its customer hears of. The same upload again changes nothing.

    The letters are laid down at once; of an upload that was killed, by the next upkeep. Raises NotFound for an unknown party,
    GrantedElsewhere.
    """
    notice = whole_second(at) + timedelta(days=house.settings.mandate_notice_days)
    claimed = place_all(house, MANDATE, party_code, rows, at=at, answer_by=notice)
    letters.lay_if_possible(house, at=at)
    return claimed


def due(house: Installation, *, at: datetime) -> int:
    """Let the mandates begin whose notice, by letter, is over and that nobody vetoed. Returns how many began.

    None begins where another body grants permissions: then it waits for that body's word; nor while its letter was not taken to be
    posted. A part of them to a transaction, which writes the registry first, by their numbers, and the log last and at once: nobody
    waits crosswise.
    """
    if house.settings.permission_administrator != "own":
        return 0
    now, begun, after = whole_second(at), 0, 0
    while True:
        with house.operator() as c:
            late = requests.overdue(c, MANDATE, now, after=after, limit=AT_ONCE)
            heard = [one for one in late if not letters.lies_there(house, one.id)]
            events = _begin(c, heard, requests.flaws(c, [one.id for one in heard], now), now)
            house.log.record(c, events)
        if not late:
            return begun
        begun += sum(one.kind is EventKind.PERMISSION_GRANTED for one in events)
        after = late[-1].id


def _begin(c: C, late: Sequence[RequestRow], flaws: Mapping[int, str], now: datetime) -> list[Event]:
    """Make the permissions, or find that a claim does not hold any more; return what the log is to be told.

    All at once; each by itself where one of them met something that was said at the same moment, or where a party has several of
    one home: of those one may be a permission by then that another is not given beside.
    """
    sound = [(one.party, one.connection) for one in late if one.id not in flaws]
    if len({*sound}) == len(sound):
        with suppress(AlreadyAnswered, AlreadyPermitted, NotAnOccupant):
            return _written(c, late, flaws, now)
    return [event for one in late for event in _begin_alone(c, one, requests.flaws(c, [one.id], now).get(one.id), now)]


def _begin_alone(c: C, one: RequestRow, flaw: str | None, now: datetime) -> list[Event]:
    try:
        return _written(c, [one], {} if flaw is None else {one.id: flaw}, now)
    except AlreadyAnswered:
        return []  # the customer said no at the same moment: that counts
    except AlreadyPermitted:
        return _begin_alone(c, one, Flaw.ALREADY_PERMITTED, now)
    except NotAnOccupant:
        return _begin_alone(c, one, Flaw.NOBODY_LIVES_THERE, now)


def _written(c: C, late: Sequence[RequestRow], flaws: Mapping[int, str], now: datetime) -> list[Event]:
    """Raises AlreadyAnswered, AlreadyPermitted, NotAnOccupant; then nothing was changed."""
    with c.transaction():
        given = permissions.answer(c, [one.id for one in late if one.id not in flaws], now)
        said = [Said(one.id, now, "granted" if one.id in given else "found_invalid", flaws.get(one.id)) for one in late]
        requests.say(c, said)
        codes = people.codes(c, {one.subject for one in late if one.subject is not None})
        return [
            telling.granted(given[row.id], _given(row, now), now, telling.OPERATOR, codes[row.subject or 0])
            if row.id in given
            else told(row, one, telling.OPERATOR, codes)
            for row, one in zip(late, said, strict=True)
        ]


def _given(one: RequestRow, now: datetime) -> Grant:
    """Return the permission that a mandate becomes: as it was claimed."""
    assert one.connection is not None and one.subject is not None  # noqa: S101, PT018 - else it would not have been presented
    scope, live = one.scope, Period(max(one.live_from, now), one.scope.until)
    return Grant(one.connection, one.subject, one.party, scope.mask, scope.purpose, scope.data, live, request=one.id)


def veto(house: Installation, subject: int, request: int, *, at: datetime) -> int | None:
    """Say no to a mandate, in one step, whether it has begun or not. Returns the permission that was revoked, if there was one.

    The no is kept where the mandate was found invalid, or where what it became has ended. Raises NoSuchRequest, AlreadyAnswered,
    HasEnded.
    """
    return _no(house, lambda: house.portal(subject), request, at, telling.customer(subject))


def veto_by_letter(house: Installation, request: int, *, at: datetime) -> int | None:
    """Write down that a customer says no to a mandate by letter, as one of the operator's people opened it. Returns as `veto`.

    Raises NoSuchRequest also for what is no mandate, AlreadyAnswered, HasEnded.
    """
    with house.operator() as c:
        if _asked(c, request).origin != MANDATE:
            msg = "no mandate has this number"
            raise NoSuchRequest(msg)
    return _no(house, house.operator, request, at, telling.OPERATOR)


def _no(house: Installation, opened: Opened, request: int, at: datetime, actor: str) -> int | None:
    permission = _begun(opened, request) or _not_begun(house, opened, request, at, actor)
    if permission is None:
        return None
    with opened() as c:
        revoked = desk.take_back(house, c, _asked(c, request).subject or 0, permission, at, actor)
    return permission if revoked else None


def _not_begun(house: Installation, opened: Opened, request: int, at: datetime, actor: str) -> int | None:
    """Say no to what is no permission; returns it where it began at that moment, for the no to end it."""
    try:
        with opened() as c:
            rejected(house, c, request, at, actor)
    except AlreadyAnswered:
        begun = _begun(opened, request)
        if begun is None:  # it may have fallen away at that moment, which is no answer
            with opened() as c:
                rejected(house, c, request, at, actor)
        return begun
    return None


def _begun(opened: Opened, request: int) -> int | None:
    """Return the permission that a request became, if it did. Raises NoSuchRequest also for one that is not theirs to see."""
    with opened() as c:
        return samples.permission_of(c, _asked(c, request).id)


def _asked(c: C, request: int) -> RequestRow:
    try:
        return requests.one(c, request)
    except NotFound as fault:
        msg = "no such request to this person"
        raise NoSuchRequest(msg) from fault


# Evidence


def sample(
    house: Installation, party_code: str, *, most: int, seed: int, at: datetime, within: timedelta = SHOW_WITHIN
) -> list[int]:
    """Ask a party to show the evidence of at most `most` mandates that were not asked about before. Returns the samples' numbers.

    Which ones follows from the seed alone, which the log is told: whoever knows it can draw the same again, and whoever does not
    know it before cannot tell which it will be. Raises NotFound.
    """
    with house.operator() as c:
        party = parties.by_code(c, party_code)
        if party is None:
            msg = "no party has this code"
            raise NotFound(msg)
        drawn = nsmallest(most, samples.unasked(c, party.key), key=lambda key: sha256(f"{seed}|{key}".encode()).digest())
        made = [samples.ask(c, key, at, at + within, seed) for key in drawn]
        _say(house, c, EventKind.MANDATE_SAMPLED, made, at, seed=seed)
    return made


def show(house: Installation, number: int, *, held: bool, at: datetime) -> None:
    """Say whether the party showed the evidence of a sample. If not, it is suspended, and its permissions end.

    Raises NotFound for a sample that is not there, AlreadyAnswered.
    """
    _judged(house, [number], held=held, at=at)


def overdue(house: Installation, *, at: datetime) -> int:
    """Let the samples fail whose evidence was not shown in time. Returns how many."""
    failed = 0
    while True:
        with house.operator() as c:
            late = samples.overdue(c, at, AT_ONCE)
        if not late:
            return failed
        try:
            _judged(house, late, held=False, at=at)
        except AlreadyAnswered:
            continue  # a night and a round of deliveries begin at once, or somebody judged it meanwhile: look again
        failed += len(late)


def _judged(house: Installation, numbers: list[int], *, held: bool, at: datetime) -> None:
    with house.operator() as c:
        failed = {party for number in numbers if (party := samples.judge(c, number, at, held=held)) is not None and not held}
        _say(house, c, EventKind.MANDATE_EVIDENCED if held else EventKind.MANDATE_FAILED, numbers, at)
        for party in sorted(failed):
            _suspend(house, c, party, at)
    for party in sorted(failed):
        _end_all(house, party, at)


def _suspend(house: Installation, c: C, party: int, at: datetime) -> None:
    """Suspend a party until it is reinstated."""
    parties.lock(c, party)
    if not parties.suspended(c, party, at):
        body = parties.told_of(c, parties.suspend(c, party, at, FAILED))
        house.log.record(c, [Event(at, EventKind.SUSPENSION_BEGAN, telling.OPERATOR, body={**body})])


def _end_all(house: Installation, party: int, at: datetime) -> None:
    """End the permissions of a party, which do not come back with it, some to a transaction. What a kill leaves, `sweep` ends."""
    while True:
        with house.operator() as c:
            alive = samples.alive(c, party, at, AT_ONCE)
            ends.written(house, c, [End(key, max(at, start), "invalidated", "party_suspended") for key, start in alive])
        if not alive:
            return


def _say(house: Installation, c: C, kind: EventKind, numbers: Iterable[int], at: datetime, **more: Json) -> None:
    """Tell the customers, each in a line of their own."""
    rows = requests.many(c, (asked := samples.requests_of(c, list(numbers))).values())
    codes = people.codes(c, {row.subject for row in rows.values() if row.subject is not None})
    said = []
    for number, request in asked.items():
        row = rows[request]
        body: dict[str, Json] = {"request": row.id, "party": row.party, "sample": number, **more}
        said.append(Event(at, kind, telling.OPERATOR, codes.get(row.subject or 0), row.connection, body))
    house.log.record(c, said)

"""S2, S6, S12: a party asks for a permission, the customer says yes or no (EU 2023/1162, procedure 2).

What may follow what stands in grounds/permission.py; the events are appended in that order and in no other. A yes may be narrower
than what was asked and never wider. Each event stands in the log in the same transaction.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, final

from psycopg import Connection

from kwartier.grounds import permission as life
from kwartier.grounds.permission import Schedule, Scope
from kwartier.model.ean import Ean
from kwartier.model.ground import Permission
from kwartier.model.period import Period, whole_second
from kwartier.model.register import Direction, Kind, Product, select
from kwartier.store.registry import late_noes, parties, people, permissions, points, requests
from kwartier.store.registry.errors import AlreadyAnswered, NotFound
from kwartier.store.registry.permissions import Grant
from kwartier.store.registry.points import NOWHERE
from kwartier.store.registry.requests import PARTY, Asked, RequestRow, Said
from kwartier.workflows.installation import Installation
from kwartier.workflows.permission import administrator, telling
from kwartier.workflows.permission.beginning import begin, record, scope_flaw, told
from kwartier.workflows.permission.errors import NoLongerHolds, NoSuchRequest, WiderThanAsked
from kwartier.workflows.permission.placing import AT_ONCE, Claim, Claimed, place_all

C = Connection[Any]

ANSWER_WITHIN: Final = timedelta(days=30)
"""How long a customer has to answer: our choice; the regulation names no time."""


@final
@dataclass(frozen=True, slots=True)
class Wish:
    """What a party wants of one connection: which data, what for, about which time, until when at the latest, how often."""

    product: Product
    kinds: tuple[Kind, ...]
    direction: Direction
    purpose: str
    data: Period
    until: datetime
    schedule: str = Schedule.DAILY

    @property
    def scope(self) -> Scope:
        """The same with the data as channels."""
        return Scope(select(self.product, self.kinds, self.direction), self.purpose, self.data, self.until, self.schedule)


def ask(
    house: Installation,
    party_code: str,
    ean: Ean,
    wish: Wish,
    *,
    at: datetime,
    reference: str | None = None,
    answer_within: timedelta = ANSWER_WITHIN,
) -> RequestRow:
    """Put a party's request to whoever lives at the connection now; one that does not hold is found invalid at once.

    Returns the request as it then stands: presented, or found invalid and because of what. A reference that the party used before
    gives the request it belongs to, untouched. Raises GrantedElsewhere.
    """
    administrator.ours(house)
    now = whole_second(at)
    with house.operator() as c:
        party = parties.by_code(c, party_code)
        there = points.find(c, [ean], now).get(ean, NOWHERE)
        asked = Asked(
            PARTY, party and party.key, there.connection, there.subject, wish.scope, now, now, now + answer_within, reference
        )
        key = requests.place(c, asked)
        if key is None:
            assert party is not None and reference is not None  # noqa: S101, PT018 - else no reference collides
            found = requests.by_reference(c, party.key, reference)
            assert found is not None  # noqa: S101 - what collides is there
            return found
        begin(house, c, [(key, there, scope_flaw(wish.scope, now, there))], now)
        return requests.one(c, key)


def ask_all(house: Installation, party_code: str, rows: Iterable[Claim], *, at: datetime) -> Claimed:
    """Put many requests of a party to their customers. The same again changes nothing. Raises NotFound, GrantedElsewhere."""
    return place_all(house, PARTY, party_code, rows, at=at, answer_by=whole_second(at) + ANSWER_WITHIN)


# The customer answers


def grant(house: Installation, subject: int, request: int, *, at: datetime, given: Scope | None = None) -> int:
    """Say yes: to what was asked, or to something narrower. Returns the permission's number.

    Raises NoSuchRequest, AlreadyAnswered, WiderThanAsked, NoLongerHolds, AlreadyPermitted, GrantedElsewhere; then nothing changed.
    """
    administrator.ours(house)
    now = whole_second(at)
    with house.operator() as c:  # whether it still holds is more than a customer may look up
        flaw = requests.flaws(c, [request], now).get(request)
    with house.portal(subject) as c:
        asked = _awaiting(c, request, now)
        scope = given or asked.scope
        if not scope.within(asked.scope):
            msg = "a permission is never wider than was asked"
            raise WiderThanAsked(msg)
        if flaw is not None:
            raise NoLongerHolds(flaw)
        return give(house, c, asked, scope, now, telling.customer(subject))


def give(house: Installation, c: C, asked: RequestRow, scope: Scope, at: datetime, actor: str) -> int:
    """Make the permission that answers a request, in registry and log. Raises AlreadyAnswered, AlreadyPermitted, BadScope."""
    assert asked.connection is not None and asked.subject is not None  # noqa: S101, PT018 - else it would not have been presented
    live = Period(max(asked.live_from, at), scope.until)
    about = (asked.connection, asked.subject, asked.party, scope.mask, scope.purpose, scope.data, live)
    made = Grant(*about, request=asked.id, schedule=scope.schedule)
    life.check(Permission(0, *about[1:]))
    number = permissions.grant(c, made, at)
    requests.say(c, [Said(asked.id, at, "granted")])
    code = people.codes(c, [asked.subject])[asked.subject]
    house.log.record(c, [telling.granted(number, made, at, actor, code)])
    return number


def reject(house: Installation, subject: int, request: int, *, at: datetime) -> None:
    """Say no, also to what fell away meanwhile. Raises NoSuchRequest, AlreadyAnswered."""
    with house.portal(subject) as c:
        rejected(house, c, request, at, telling.customer(subject))


def rejected(house: Installation, c: C, request: int, at: datetime, actor: str) -> None:
    """Write a customer's no down, in the caller's transaction. Raises NoSuchRequest, AlreadyAnswered.

    To what fell away without an answer it is a no as well: no mandate of the same begins by silence.
    """
    asked = _theirs(c, request)
    if _awaits(asked, at):
        record(house, c, [Said(request, at, "rejected")], actor)
    elif _fell_away(asked) and late_noes.to_request(c, request, at):
        codes = people.codes(c, {asked.subject or 0})
        house.log.record(c, [told(asked, Said(request, at, "declined"), actor, codes)])
    else:
        raise _answered()


def _awaiting(c: C, request: int, at: datetime) -> RequestRow:
    """Return the request if it awaits this customer's answer. Raises NoSuchRequest, AlreadyAnswered."""
    asked = _theirs(c, request)
    if not _awaits(asked, at):
        raise _answered()
    return asked


def _theirs(c: C, request: int) -> RequestRow:
    try:
        return requests.one(c, request)
    except NotFound as fault:
        msg = "no such request to this person"
        raise NoSuchRequest(msg) from fault


def _awaits(asked: RequestRow, at: datetime) -> bool:
    return asked.awaits and (asked.origin != PARTY or at < asked.answer_by)


def _fell_away(asked: RequestRow) -> bool:
    """Tell whether nobody answered what a known party asked of a known customer, and nobody will."""
    known = None not in {asked.party, asked.connection, asked.subject}
    return known and asked.event not in {"granted", "rejected"}


def _answered() -> AlreadyAnswered:
    return AlreadyAnswered("the request has its answer")


# Nobody answers


def time_out(house: Installation, *, at: datetime) -> int:
    """Close the requests of parties that nobody answered in time, as of the moment their time was over. Returns how many."""

    def late(c: C, after: int) -> tuple[list[Said], int | None]:
        found = requests.overdue(c, PARTY, at, after=after, limit=AT_ONCE)
        return [Said(one.id, one.answer_by, "timed_out") for one in found], found[-1].id if found else None

    return _close(house, late)


def wither(house: Installation, *, at: datetime) -> int:
    """Close the requests whose ground fell away before an answer: the customer moved out, the agreement ended. Returns how many.

    What ran out before anybody looked is none of them: its time was over by itself, whatever fell away then or later (`time_out`).
    """

    def fallen(c: C, after: int) -> tuple[list[Said], int | None]:
        keys = requests.open_ones(c, at, after=after, limit=AT_ONCE)
        flaws = requests.flaws(c, keys, at)
        return [Said(key, at, "found_invalid", flaws[key]) for key in keys if key in flaws], keys[-1] if keys else None

    return _close(house, fallen)


def _close(house: Installation, page: Callable[[C, int], tuple[list[Said], int | None]]) -> int:
    """Go once through the pages of requests and write down what is due on each, a page to a transaction.

    A customer who answers at the same moment comes first; then the page is looked at again.
    """
    count, after = 0, 0
    while True:
        try:
            with house.operator() as c:
                found, last = page(c, after)
                record(house, c, found)
        except AlreadyAnswered:
            continue
        count += len(found)
        if last is None:
            return count
        after = last

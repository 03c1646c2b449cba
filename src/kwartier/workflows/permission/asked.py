"""S2: what parties ask of a customer, as the customer's page shows it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import final

from kwartier.audit.events import EventKind
from kwartier.grounds.permission import Event, Scope
from kwartier.model.period import A_SECOND, Period
from kwartier.model.register import Product
from kwartier.store.registry import late_noes, names, requests
from kwartier.store.registry.requests import MANDATE, RequestRow
from kwartier.workflows.installation import Installation
from kwartier.workflows.permission import telling
from kwartier.workflows.permission.errors import NoSuchRequest


@final
@dataclass(frozen=True, slots=True)
class MyRequest:
    """A request that awaits this customer's answer.

    `claimed` is True where the party says that it has the customer's yes already: it begins at `answer_by` unless the customer says
    no. Otherwise nothing happens without a yes before then.
    """

    id: int
    party: str
    connection: int
    product: Product
    scope: Scope
    claimed: bool
    asked: datetime
    begins: datetime
    answer_by: datetime


@final
@dataclass(frozen=True, slots=True)
class MyAnswer:
    """A request that this customer has had before, and what became of it: `outcome` is an event of the table.

    `silently` is True of a mandate that began because the customer said nothing.
    """

    party: str
    connection: int
    product: Product
    scope: Scope
    claimed: bool
    asked: datetime
    outcome: str
    at: datetime
    silently: bool


def past(house: Installation, subject: int, *, at: datetime) -> Sequence[MyAnswer]:
    """Return the requests to this person that wait for no answer any more, the newest first."""
    with house.portal(subject) as c:
        parties, mine = names.parties(c), {one.key: one.product for one in names.own(c, subject)}
        found = [one for one in requests.of_subject(c, subject) if not _waits(one, at) and one.connection in mine]
        me = names.person(c, key=subject)
    code = "" if me is None else me.code
    return [_answer(one, parties.get(one.party or 0, ""), mine, silently=_silent(house, one, code)) for one in found]


def _silent(house: Installation, one: RequestRow, code: str) -> bool:
    """Tell whether a mandate began without a yes. Until its notice is over nothing else begins it; after that the log knows."""
    if one.origin != MANDATE or one.event != Event.GRANTED or one.event_at < one.answer_by:
        return False
    with house.operator() as c:
        lines = house.log.of_subject(c, code, one.connection or 0, Period(one.event_at, one.event_at + A_SECOND))
    yes = telling.customer(one.subject or 0)
    return not any(
        line.kind is EventKind.PERMISSION_GRANTED and line.body.get("request") == one.id and line.actor == yes for line in lines
    )


def _answer(one: RequestRow, party: str, mine: Mapping[int, Product], *, silently: bool) -> MyAnswer:
    """Say how it ended; of one that nobody answered in time, and of which that was not written down yet, that it ran out."""
    outcome, at = (Event.TIMED_OUT, one.answer_by) if one.awaits else (one.event, one.event_at)
    home = one.connection or 0
    return MyAnswer(party, home, mine[home], one.scope, one.origin == MANDATE, one.asked, str(outcome), at, silently)


def waiting(house: Installation, subject: int, *, at: datetime) -> Sequence[MyRequest]:
    """Return the requests that await this person's answer, the newest first."""
    with house.portal(subject) as c:
        parties, mine = names.parties(c), {one.key: one.product for one in names.own(c, subject)}
        # where a stay was put right, what was asked of it waits to be found invalid and is nobody's to answer
        found = [one for one in requests.of_subject(c, subject) if _waits(one, at) and one.connection in mine]
    return [_shown(one, parties[one.party or 0], mine) for one in found]


def one(house: Installation, subject: int, request: int, *, at: datetime) -> MyRequest:
    """Return one of them. Raises NoSuchRequest also where it was answered."""
    found = next((each for each in waiting(house, subject, at=at) if each.id == request), None)
    if found is None:
        msg = "no such request to this person"
        raise NoSuchRequest(msg)
    return found


def answered(house: Installation, subject: int, request: int) -> str | None:
    """Return how a request to this person was answered: an event of the table.

    `declined` for a no after the request, or the permission that answers it, was over. None if it was not, or is not theirs.
    """
    with house.portal(subject) as c:
        found = requests.many(c, [request]).get(request)
        if late_noes.is_to_request(c, request):
            return "declined"
    return None if found is None or found.awaits else found.event


def declined(house: Installation, subject: int, permission: int) -> bool:
    """Tell whether this person said no to a permission that had ended."""
    with house.portal(subject) as c:
        return late_noes.is_to_permission(c, permission)


def _waits(one: RequestRow, at: datetime) -> bool:
    return one.awaits and (one.origin == MANDATE or at < one.answer_by)


def _shown(one: RequestRow, party: str, mine: Mapping[int, Product]) -> MyRequest:
    begins = max(one.live_from, one.answer_by) if one.origin == MANDATE else one.live_from
    home = one.connection or 0
    return MyRequest(one.id, party, home, mine[home], one.scope, one.origin == MANDATE, one.asked, begins, one.answer_by)

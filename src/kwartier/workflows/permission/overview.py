"""What a permission administrator must be able to show (EU 2023/1162, article 8), and a metered data administrator (article 5).

The overview of active and past permissions, the permission provision log, and the data access log of one permission.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, TypeVar, final

from psycopg import Connection

from kwartier.grounds.decide import decide
from kwartier.grounds.information import (
    END_OF_EVENT,
    BasicPermissionInformation,
    EstablishedPermissionInformation,
    ListedPermission,
    MeteredDataRequest,
    MeteredDataSpecification,
    MeteringPointIdentification,
    Object,
    PresetPermissionInformation,
    RequestValidationInformation,
    RevocationNotification,
    TerminationNotification,
)
from kwartier.model.ground import Facts, Permission, Request, Requester, Role
from kwartier.model.period import Period
from kwartier.model.permit import Permit
from kwartier.model.register import GAS_MASK, Product
from kwartier.store.registry import deliveries, facts, names, overviews, parties, requests
from kwartier.store.registry.errors import NotFound
from kwartier.store.registry.overviews import Handed, Listed, Provided
from kwartier.store.registry.requests import MANDATE, RequestRow
from kwartier.workflows.installation import Installation

__all__ = [
    "MANDATE",
    "Handed",
    "Listed",
    "Provided",
    "RequestRow",
    "Shown",
    "asked",
    "check_party",
    "established",
    "every",
    "information",
    "log",
    "notifications",
    "requested",
    "show",
    "validation",
]

Line = TypeVar("Line", Listed, RequestRow, Provided)
PAGE: Final = 1000
C = Connection[Any]
THE_CUSTOMER: Final = ""
"""The eligible party of an opt-in: nobody but the customer."""


@final
@dataclass(frozen=True, slots=True)
class Shown:
    """One permission with all that is known of it: as listed, its lines of the provision log, what was handed over under it."""

    listed: Listed
    information: ListedPermission
    log: Sequence[Provided]
    accessed: Sequence[Handed]


def check_party(house: Installation, party: str | None) -> None:
    """Raise NotFound for a code that no party has: an empty list would be no answer. None and the customer are fine."""
    with house.operator() as c:
        if party and parties.by_code(c, party) is None:
            msg = "no party has this code"
            raise NotFound(msg)


def every(
    house: Installation, *, party: str | None = None, active_at: datetime | None = None, after: str | None = None
) -> Iterator[Listed]:
    """Yield the permissions of a party, or of all, oldest first; with `active_at` those that are active then.

    They go on behind the permission with the identifier `after`. Raises NotFound where there is none.
    """
    for page in _pages(house, lambda c, last: overviews.listed(c, party, after=last, limit=PAGE), _numbered(house, after)):
        yield from (one for one in page if active_at is None or (one.live.contains(active_at) and one.ended(active_at) is None))


def _numbered(house: Installation, identifier: str | None) -> int:
    if identifier is None:
        return 0
    with house.operator() as c:
        return overviews.one(c, identifier).id


def requested(house: Installation, *, party: str | None = None, after: int = 0) -> Iterator[tuple[str | None, RequestRow]]:
    """Yield (public code of the party, request) of what a party, or all, ever asked or claimed, oldest first: how each stands."""
    with house.operator() as c:
        codes = deliveries.party_codes(c)
    for page in _pages(house, lambda c, last: requests.every(c, party, after=last, limit=PAGE), after):
        yield from ((codes.get(one.party or 0), one) for one in page)


def log(house: Installation, *, party: str | None = None, after: int = 0) -> Iterator[Provided]:
    """Yield the permission provision log: what was granted, revoked, terminated and ended otherwise, of a party or of all."""
    for page in _pages(house, lambda c, last: overviews.provided(c, party, after=last, limit=PAGE), after):
        yield from page


def _pages(house: Installation, read: Callable[[C, int], list[Line]], after: int) -> Iterator[list[Line]]:
    """Yield lines a page at a time, each in a transaction of its own: what is read further needs no more memory."""
    full = True
    while full:
        with house.operator() as c:
            page = read(c, after)
        full = len(page) == PAGE
        if page:
            after = page[-1].id
            yield page


def notifications(house: Installation, party: str, *, at: datetime, after: int = 0) -> Iterator[Object]:
    """Yield what a party is to be told, in the order in which it happened: permissions given, revoked, terminated, ended otherwise.

    One for each line of the party's provision log behind the one with the number `after`, in the same order.

    They are the information objects of the regulation (steps 3.5, 4.9 and 4.11), and what `elsewhere.take` reads of another body.
    """
    for page in _pages(house, lambda c, last: overviews.provided(c, party, after=last, limit=PAGE), after):
        with house.operator() as c:
            known = overviews.many(c, {one.identifier for one in page})
        yield from (_notification(one, known[one.identifier], at) for one in page)


def _notification(one: Provided, listed: Listed, at: datetime) -> Object:
    match one.event:
        case "granted":
            return established(listed)
        case "revoked":
            return RevocationNotification(one.identifier, one.at)
        case "terminated":
            return TerminationNotification(one.identifier, one.at)
        case _:
            return information(listed, max(at, one.at))


def show(house: Installation, identifier: str, *, at: datetime) -> Shown:
    """Return one permission by its identifier, as of a moment. Raises NotFound."""
    with house.operator() as c:
        one = overviews.one(c, identifier)
        lines = overviews.provided(c, None, one.id)
        parcels = [] if one.party is None else overviews.handed(c, one.party, one.connection)
        known = facts.facts(c, one.connection, year=at.year)
    return Shown(one, information(one, at), lines, [parcel for parcel in parcels if _left_under(one, known, parcel)])


def _left_under(one: Listed, known: Facts, parcel: Handed) -> bool:
    """Tell whether a parcel left under this permission: the permit is decided again from it alone, as it was given.

    When the other facts began and ended does not count: the id of a permit names them and has no room for either, and one stay or
    agreement may have followed another meanwhile.
    """
    assert one.party is not None  # noqa: S101 - an opt-in hands nothing over
    alone = Facts(
        known.connection,
        known.area,
        occupancies=tuple(replace(home, period=_all_along(one, home.period)) for home in known.occupancies),
        agreements=tuple(replace(bound, period=_all_along(one, bound.period)) for bound in known.agreements),
        permissions=(Permission(one.id, one.subject, one.party, one.mask, one.purpose, one.data, one.live),),
    )
    asked = deliveries.request(Requester(Role.THIRD_PARTY, one.party), one.connection, parcel.purpose, parcel.mask, parcel.period)
    return any(_same(alone, home.id, bound.id, asked, parcel) for home in alone.occupancies for bound in alone.agreements)


def _all_along(one: Listed, period: Period) -> Period:
    return Period(min(one.live.start, period.start))


def _same(alone: Facts, home: int, bound: int, asked: Request, parcel: Handed) -> bool:
    narrowed = replace(
        alone,
        occupancies=tuple(one for one in alone.occupancies if one.id == home),
        agreements=tuple(one for one in alone.agreements if one.id == bound),
    )
    answer = decide(asked, narrowed, at=parcel.at)
    return isinstance(answer, Permit) and answer.id == parcel.permit


# As information objects


def information(one: Listed, at: datetime) -> ListedPermission:
    """Return a permission as the regulation lists it. It names customer and metering point: for whoever may have them only."""
    ended = one.ended(at)
    return ListedPermission(
        established(one),
        None if ended is None else END_OF_EVENT[ended[0]],
        one.because if ended is not None else None,
        None if ended is None else ended[1],
    )


def established(one: Listed) -> EstablishedPermissionInformation:
    """Return a permission as it was given."""
    point = MeteringPointIdentification(one.ean.reveal())
    request = MeteredDataRequest(point, MeteredDataSpecification.of(one.mask, one.data, one.product))
    basic = BasicPermissionInformation(
        one.subject_code, one.party_code or THE_CUSTOMER, request, one.purpose, one.schedule, one.live.end
    )
    return EstablishedPermissionInformation(one.identifier, one.given, one.live.start, basic)


def asked(house: Installation, request: int) -> tuple[PresetPermissionInformation, RequestValidationInformation]:
    """Return what was asked, as the regulation has it, and what came of looking at it. Raises NotFound.

    It names the metering point: one that we do not know is not kept, and cannot be named.
    """
    with house.operator() as c:
        row = requests.one(c, request)
        party = deliveries.party_codes(c).get(row.party or 0, "")
        ean = names.eans(c, [row.connection or 0]).get(row.connection or 0)
    product = Product.GAS if row.scope.mask & GAS_MASK else Product.ELECTRICITY
    point = MeteringPointIdentification("" if ean is None else ean.reveal())
    specification = MeteredDataSpecification.of(row.scope.mask, row.scope.data, product)
    scope = row.scope
    preset = PresetPermissionInformation(party, point, specification, scope.purpose, scope.schedule, scope.until)
    return preset, validation(row.because)


def validation(flaw: str | None) -> RequestValidationInformation:
    """Return what came of looking at a request."""
    return RequestValidationInformation(flaw or "valid")

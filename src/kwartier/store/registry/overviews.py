"""Permissions as a permission administrator lists them: active and past, who was told what when, and what was handed over.

Works as the operator. `identifier` is another administrator's where it gave one, else `kw-` and our number.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString, final

from kwartier.model.ean import Ean
from kwartier.model.ground import Purpose
from kwartier.model.period import Period
from kwartier.model.register import Mask, Product
from kwartier.store.registry import rows as _rows
from kwartier.store.registry.errors import NotFound
from kwartier.store.registry.permissions import STANDING
from kwartier.store.registry.rows import C

_OURS = re.compile(r"kw-([1-9][0-9]{0,17})")
_LIST = f"""
    select p.id, coalesce(p.identifier, 'kw-' || p.id), p.connection, c.ean, c.product, p.subject, j.code, y.key, y.code,
        p.mask, p.purpose, p.data, p.live, p.schedule, coalesce(r.origin, 'customer'), e.event, e.at, e.because,
        coalesce((select min(g.at) from kw.permission_event g where g.permission = p.id and g.event = 'granted'), lower(p.live))
    from kw.permission p join kw.connection c on c.key = p.connection join kw.subject j on j.key = p.subject
    left join kw.party y on y.key = p.party left join kw.permission_request r on r.id = p.request
    {STANDING}
"""  # noqa: S608 - constants only
_OF_PARTY = _LIST + " where (%(party)s::text is null or y.code = %(party)s) and p.id > %(after)s order by p.id limit %(limit)s"
# By either of two indexes: nobody else's identifier begins as ours does.
_MANY = _LIST + " where p.identifier = any(%(identifiers)s) or p.id = any(%(numbers)s) and p.identifier is null"
_LOG = """
    select e.id, e.at, e.event, e.because, coalesce(p.identifier, 'kw-' || p.id), y.code
    from kw.permission_event e join kw.permission p on p.id = e.permission left join kw.party y on y.key = p.party
    where (%(party)s::text is null or y.code = %(party)s) and (%(permission)s::bigint is null or p.id = %(permission)s)
    and e.id > %(after)s order by e.id limit %(limit)s
"""
_HANDED = """
    select p.id, coalesce(b.at, p.at), p.purpose, p.mask, p.period, p.permit
    from kw.parcel p left join kw.bundle b on b.id = p.bundle
    where p.receiver_role = 'third_party' and p.receiver = %(party)s and p.connection = %(connection)s and p.status = 'delivered'
    order by 2, p.id
"""


@final
@dataclass(frozen=True, slots=True)
class Listed:
    """One permission. `party` and `party_code` are None for an opt-in; `origin` is customer, party or mandate.

    `given` is when the customer said yes; it may live later. `event` is by which it ended, or will where that is still to come.
    """

    id: int
    identifier: str
    connection: int
    ean: Ean
    product: Product
    subject: int
    subject_code: str
    party: int | None
    party_code: str | None
    mask: Mask
    purpose: str
    data: Period
    live: Period
    schedule: str
    origin: str
    event: str | None
    event_at: datetime | None
    because: str | None
    given: datetime

    def ended(self, at: datetime) -> tuple[str, datetime] | None:
        """Return by which event and when it ended; None while it is active."""
        if self.event is not None and self.event_at is not None and self.event_at <= at:
            return self.event, self.event_at
        return ("expired", self.live.end) if self.live.end is not None and self.live.end <= at else None

    def until(self, at: datetime) -> datetime | None:
        """Return when it is to end: as it was given, or sooner, where an end that is still to come was told. None for never."""
        told = None if self.ended(at) else self.event_at
        return min((end for end in (self.live.end, told) if end is not None), default=None)


@final
@dataclass(frozen=True, slots=True)
class Provided:
    """One line of the permission provision log. `id` counts the lines of all."""

    id: int
    at: datetime
    event: str
    because: str | None
    identifier: str
    party_code: str | None


@final
@dataclass(frozen=True, slots=True)
class Handed:
    """A parcel that a party got of a connection, and the permit under which it left."""

    parcel: str
    at: datetime
    purpose: Purpose
    mask: Mask
    period: Period
    permit: bytes


def listed(c: C, party: str | None, *, after: int = 0, limit: int = 1000) -> list[Listed]:
    """Return the next permissions, by number, of one party by its public code or of all."""
    return _select(c, _OF_PARTY, {"party": party, "after": after, "limit": limit})


def one(c: C, identifier: str) -> Listed:
    """Return a permission by its identifier. Raises NotFound."""
    found = _select(c, _MANY, _named([identifier]))
    if not found:
        msg = "no permission has this identifier"
        raise NotFound(msg)
    return found[0]


def many(c: C, identifiers: Iterable[str]) -> dict[str, Listed]:
    """Return these permissions by their identifiers."""
    return {one.identifier: one for one in _select(c, _MANY, _named(list(identifiers)))}


def _named(identifiers: list[str]) -> dict[str, Any]:
    numbers = [int(found[1]) for one in identifiers if (found := _OURS.fullmatch(one))]
    return {"identifiers": identifiers, "numbers": numbers}


def provided(c: C, party: str | None, permission: int | None = None, *, after: int = 0, limit: int = 1000) -> list[Provided]:
    """Return the next lines of the permission provision log, in the order in which they were written."""
    values = {"party": party, "permission": permission, "after": after, "limit": limit}
    with _rows.cursor(c) as cursor:
        return [Provided(*row) for row in cursor.execute(_LOG, values)]


def handed(c: C, party: int, connection: int) -> Sequence[Handed]:
    """Return what a party was handed of a connection, in order of time."""
    with _rows.cursor(c) as cursor:
        found = cursor.execute(_HANDED, {"party": party, "connection": connection}).fetchall()
    return [Handed(parcel, at, Purpose(purpose), mask, period, permit) for parcel, at, purpose, mask, period, permit in found]


def _select(c: C, query: LiteralString, values: Mapping[str, Any]) -> list[Listed]:
    with _rows.cursor(c) as cursor:
        return [
            Listed(key, name, connection, Ean(ean), Product(product), *rest)
            for key, name, connection, ean, product, *rest in cursor.execute(query, values)
        ]

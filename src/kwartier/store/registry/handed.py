"""What a supplier was handed of a connection at given moments, and when what measures a connection changed. For its papers."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import final

from kwartier.model.ground import Purpose, Requester
from kwartier.model.period import Period
from kwartier.model.register import Mask
from kwartier.store.registry import deliveries
from kwartier.store.registry import rows as _rows
from kwartier.store.registry.deliveries import BundleParcel
from kwartier.store.registry.rows import C

# What was put right was handed over once more: the last one counts.
_HANDED = """
    select connection, id, purpose, mask, lower(period) from (
        select *, rank() over (partition by connection, purpose, mask, period order by coalesce(corrects, 0) desc) as nth
        from kw.parcel
        where connection = any(%(keys)s) and receiver_role = %(role)s and receiver = %(receiver)s
        and lower(period) = any(%(moments)s) and upper(period) = lower(period)
        and (status = 'delivered' or status = 'sending' and bundle = %(bundle)s)) as p
    where nth = 1 order by connection, lower(period), id
"""
# The last of each that was handed over, of those that may close a paper.
_CLOSINGS = """
    select distinct on (purpose, mask, period) id, purpose, mask, lower(period), permit from kw.parcel
    where connection = %(key)s and receiver_role = %(role)s and receiver = %(receiver)s and lower(period) >= %(since)s
    and purpose = any(%(purposes)s) and upper(period) = lower(period) and status = 'delivered'
    order by purpose, mask, period, coalesce(corrects, 0) desc, id
"""
_MOMENTS = "select distinct lower(period) from kw.parcel where id = any(%s) and lower(period) = upper(period)"
_YEARLY = """
    select distinct connection, lower(period), status = 'sending' from kw.parcel
    where connection = any(%(keys)s) and receiver_role = %(role)s and receiver = %(receiver)s
    and purpose in ('annual_bill', 'hand_reading') and (status = 'delivered' or status = 'sending' and bundle = %(bundle)s)
    order by 1, 2
"""
# The first meter of a connection replaced none.
_CHANGES = """
    select connection, since from (
        select connection, since, row_number() over (partition by connection order by since) as nth from (
            select connection, lower(placed) as since from kw.meter where connection = any(%(keys)s)
            union all
            select k.connection, greatest(lower(k.period), lower(m.placed))
            from kw.coupling k join kw.meter m on m.key = k.meter where k.connection = any(%(keys)s)) as begun) as counted
    where nth > 1 order by connection, since
"""


@final
@dataclass(frozen=True, slots=True)
class Handed:
    """A parcel of registers of one moment."""

    parcel: str
    purpose: Purpose
    mask: Mask
    at: datetime


@final
@dataclass(frozen=True, slots=True)
class Closing:
    """The moment of a reading that may close a year: of the annual bill, or taken by hand. `leaves`: in the bundle at hand."""

    at: datetime
    leaves: bool


def closings(c: C, receiver: Requester, key: int, purposes: Collection[Purpose], since: datetime) -> list[BundleParcel]:
    """Return what a receiver was handed of registers of a connection for these purposes, from a moment on; of each the last."""
    asked = {"key": key, "role": receiver.role, "receiver": receiver.id, "since": since, "purposes": sorted(purposes)}
    with _rows.cursor(c) as cursor:
        found = cursor.execute(_CLOSINGS, asked).fetchall()
    return [
        BundleParcel(parcel, deliveries.request(receiver, key, Purpose(purpose), mask, Period(at, at)), permit, None)
        for parcel, purpose, mask, at, permit in found
    ]


def moments(c: C, parcels: Collection[str]) -> set[datetime]:
    """Return the moments of which these parcels hold registers."""
    with _rows.cursor(c) as cursor:
        return {at for (at,) in cursor.execute(_MOMENTS, (list(parcels),))}


def yearly(c: C, receiver: Requester, keys: Collection[int], bundle: str) -> dict[int, list[Closing]]:
    """Return by connection the readings that may close a year, what leaves in this bundle included, in order of time."""
    asked = {"keys": sorted(keys), "role": receiver.role, "receiver": receiver.id, "bundle": bundle}
    found: dict[int, list[Closing]] = defaultdict(list)
    with _rows.cursor(c) as cursor:
        for connection, at, leaves in cursor.execute(_YEARLY, asked):
            found[connection].append(Closing(at, leaves))
    return found


def readings(
    c: C, receiver: Requester, keys: Collection[int], moments: Collection[datetime], bundle: str
) -> dict[int, list[Handed]]:
    """Return by connection what a receiver was handed of these moments, what leaves in this bundle included."""
    asked = {
        "keys": sorted(keys),
        "role": receiver.role,
        "receiver": receiver.id,
        "moments": sorted(moments),
        "bundle": bundle,
    }
    found: dict[int, list[Handed]] = defaultdict(list)
    with _rows.cursor(c) as cursor:
        for connection, parcel, purpose, mask, at in cursor.execute(_HANDED, asked):
            found[connection].append(Handed(parcel, Purpose(purpose), mask, at))
    return found


def changes(c: C, keys: Collection[int]) -> dict[int, list[datetime]]:
    """Return by connection the moments from which another meter, or the same one in another place, measures it."""
    found: dict[int, list[datetime]] = defaultdict(list)
    with _rows.cursor(c) as cursor:
        for connection, since in cursor.execute(_CHANGES, {"keys": sorted(keys)}):
            found[connection].append(since)
    return found

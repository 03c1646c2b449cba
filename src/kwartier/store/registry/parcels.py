"""Parcels that left or were withheld, as the register of deliveries shows them. `deliveries` writes those of the rounds."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import LiteralString, final

from kwartier.model.ground import Purpose, Requester, Role
from kwartier.model.parcel import ParcelStatus
from kwartier.model.period import Period
from kwartier.model.register import Mask
from kwartier.store.registry import rows as _rows
from kwartier.store.registry.rows import C, Row

_COLUMNS = "id, night, receiver_role, receiver, connection, purpose, period, mask, permit, status, reason, at"
_FINAL = "status in ('delivered', 'withheld', 'failed')"
_INSERT = f"""
    insert into kw.parcel ({_COLUMNS}) values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) on conflict do nothing
"""  # noqa: S608 - constants only
_TO = f"""
    select {_COLUMNS} from kw.parcel where receiver_role = %s and receiver = %s and at >= %s and {_FINAL}
    order by at desc, id limit %s
"""  # noqa: S608 - constants only
_ABOUT = f"""
    select {_COLUMNS} from kw.parcel where connection = %s and at >= %s and {_FINAL} order by at desc, id limit %s
"""  # noqa: S608 - constants only
_EXISTS = """
    select exists (select from kw.parcel where receiver_role = %s and receiver = %s and connection = %s and purpose = %s
    and lower(period) = %s and upper(period) is not distinct from %s::timestamptz and mask = %s and status = 'delivered')
"""


@final
@dataclass(frozen=True, slots=True)
class ParcelRecord:
    """One parcel and its one final status. `permit` is None when it was withheld; `reason` is then the rule that refused."""

    id: str
    night: int | None
    receiver: Requester
    connection: int
    purpose: Purpose
    period: Period
    mask: Mask
    permit: bytes | None
    status: ParcelStatus
    reason: str | None
    at: datetime


def add(c: C, parcels: Iterable[ParcelRecord]) -> int:
    """Write parcels that have ended. The same delivery is written once. Returns how many were new."""
    values = [
        (
            p.id,
            p.night,
            p.receiver.role,
            p.receiver.id,
            p.connection,
            p.purpose,
            p.period,
            p.mask,
            p.permit,
            p.status,
            p.reason,
            p.at,
        )
        for p in parcels
    ]
    with _rows.cursor(c) as cursor:
        cursor.executemany(_INSERT, values)
        return cursor.rowcount if values else 0


def delivered(c: C, receiver: Requester, connection: int, purpose: Purpose, period: Period, mask: Mask) -> bool:
    """Tell whether just this was delivered before."""
    with _rows.cursor(c) as cursor:
        found = cursor.execute(
            _EXISTS, (receiver.role, receiver.id, connection, purpose, period.start, period.end, mask)
        ).fetchone()
    return bool(found and found[0])


def to_receiver(c: C, receiver: Requester, *, since: datetime, limit: int = 1000) -> list[ParcelRecord]:
    """Return what a receiver got, or was denied, newest first."""
    return _select(c, _TO, (receiver.role, receiver.id, since, limit))


def about_connection(c: C, connection: int, *, since: datetime, limit: int = 1000) -> list[ParcelRecord]:
    """Return what left, or was withheld, about a connection, newest first. As the portal: within one's own period."""
    return _select(c, _ABOUT, (connection, since, limit))


def _select(c: C, query: LiteralString, values: Row) -> list[ParcelRecord]:
    with _rows.cursor(c) as cursor:
        found = cursor.execute(query, values).fetchall()
    return [_record(row) for row in found]


def _record(row: Row) -> ParcelRecord:
    parcel, night, role, receiver, connection, purpose, period, mask, permit, status, reason, at = row
    who = Requester(Role(role), receiver)
    return ParcelRecord(parcel, night, who, connection, Purpose(purpose), period, mask, permit, ParcelStatus(status), reason, at)

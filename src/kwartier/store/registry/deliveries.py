"""Due deliveries, the bundles in which they leave, and the one final status of each parcel."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, final

from psycopg import Connection

from kwartier.model.ground import Action, DataClass, Purpose, Request, Requester, Role
from kwartier.model.parcel import ParcelStatus
from kwartier.model.period import Period, from_epoch_s
from kwartier.model.register import INTERVAL_MASK, Mask
from kwartier.store.registry import locks

C = Connection[Any]


@final
@dataclass(frozen=True, slots=True)
class Promise:
    """A permit that was served for a receiver: what must now be decided again, and delivered or withheld."""

    request: Request
    first_s: int
    last_s: int
    permit: bytes


@final
@dataclass(frozen=True, slots=True)
class Due:
    """A promise that has no parcel yet. `corrects` are the parcels that held it when something in it was wrong (GDPR art. 19)."""

    id: int
    receiver: Requester
    connection: int
    purpose: Purpose
    mask: Mask
    period: Period
    permit: bytes
    corrects: tuple[str, ...] = ()


@final
@dataclass(frozen=True, slots=True)
class ParcelRow:
    """A parcel as it is being sent or withheld. `subject` is whom it is about, `permit` that to deliver, None when withheld.

    `missing` is how many values its document says are missing; None where it has none.
    """

    id: str
    due: Due
    subject: int | None
    permit: bytes | None
    status: str
    reason: str | None
    at: datetime
    missing: int | None = None


@final
@dataclass(frozen=True, slots=True)
class BundleParcel:
    """A parcel of a bundle: the question it answers, the permit it left under, and the code of the person it is about.

    `corrects` are the parcels whose place it takes.
    """

    id: str
    request: Request
    permit: bytes
    subject_code: str | None
    corrects: tuple[str, ...] = ()


SENDING = "sending"
LOCK = 0x6B77_7061_7263_6C00
"""Number of the advisory lock that one delivery round holds: "kwparcl" in ASCII."""

# The parcels that held the same when something in it was wrong, as the receiver was told of them; {of} is a delivery or a parcel.
_WRONG = """
    case when {of}.corrects is not null then (select array_agg(w.parcel order by w.parcel)
        from kw.rectification_notice n, unnest(n.parcels) as w (parcel) join kw.parcel b on b.id = w.parcel
        where n.rectification = {of}.corrects and n.receiver = {of}.receiver and b.purpose = {of}.purpose and b.mask = {of}.mask
        and b.connection = {of}.connection and lower(b.period) = {first} and upper(b.period) = {last}) end
"""
_PENDING = f"""
    select d.id, d.role, d.receiver, d.connection, d.purpose, d.mask, d.first_s, d.last_s, d.permit,
        {_WRONG.format(of="d", first="to_timestamp(d.first_s)", last="to_timestamp(d.last_s)")}
    from kw.delivery_due d join kw.batch b on b.id = d.batch and b.state = 'committed'
    where d.waiting and d.id > %s order by d.id limit %s
"""  # noqa: S608 - constants only
_PARCELS = f"""
    select p.id, p.receiver_role, p.receiver, p.connection, p.purpose, p.mask, lower(p.period), upper(p.period), p.permit, s.code,
        {_WRONG.format(of="p", first="lower(p.period)", last="upper(p.period)")}
    from kw.parcel p left join kw.subject s on s.key = p.subject where p.bundle = %s order by p.id
"""  # noqa: S608 - constants only
_PROMISE = """
    insert into kw.delivery_due (batch, role, receiver, connection, purpose, mask, first_s, last_s, permit)
    select %(batch)s, %(role)s, %(receiver)s, %(connection)s, %(purpose)s, %(mask)s, %(first_s)s, %(last_s)s, %(permit)s
    where not exists (
        select from kw.delivery_due d left join kw.parcel p on p.due = d.id
        where d.connection = %(connection)s and d.first_s = %(first_s)s and d.last_s = %(last_s)s and d.role = %(role)s
        and d.receiver = %(receiver)s and d.purpose = %(purpose)s and d.mask = %(mask)s
        and coalesce(p.status, 'due') in ('due', 'sending', 'delivered'))
    on conflict do nothing
"""


def lock(c: C, wait_ms: int = locks.WAIT_MS) -> bool:
    """Take the lock of the delivery round; it is held until the connection ends, whatever ends it. False if held."""
    return locks.take(c, LOCK, wait_ms)


def promise(c: C, batch: int, promises: Iterable[Promise]) -> None:
    """Write due deliveries, in the transaction that stages their batch.

    What is due or was delivered already is left as it is, whatever ground it was read under now: a receiver gets an answer once.
    """
    rows = [
        {
            "batch": batch,
            "role": p.request.requester.role,
            "receiver": p.request.requester.id,
            "connection": p.request.connection,
            "purpose": p.request.purpose,
            "mask": p.request.mask,
            "first_s": p.first_s,
            "last_s": p.last_s,
            "permit": p.permit,
        }
        for p in promises
    ]
    with c.cursor() as cursor:
        cursor.executemany(_PROMISE, rows)


def pending(c: C, limit: int, after: int = 0) -> list[Due]:
    """Return due deliveries of committed batches that have no parcel, ordered by id, at most `limit`."""
    return [_due(row) for row in c.execute(_PENDING.encode(), (after, limit))]


def _due(row: Sequence[Any]) -> Due:
    key, role, receiver, connection, purpose, mask, first_s, last_s, permit, corrects = row
    period = Period(from_epoch_s(first_s), from_epoch_s(last_s))
    return Due(key, Requester(Role(role), receiver), connection, Purpose(purpose), mask, period, permit, tuple(corrects or ()))


def open_bundle(c: C, bundle: str, receiver: int, at: datetime) -> None:
    """Say that a bundle is about to leave."""
    c.execute("insert into kw.bundle (id, receiver, state, at) values (%s, %s, 'sending', %s)", (bundle, receiver, at))


def add_parcels(c: C, rows: Iterable[ParcelRow], bundle: str | None) -> None:
    """Write parcels: `sending` within a bundle, or withheld without one."""
    with c.cursor() as cursor:
        cursor.executemany(
            "insert into kw.parcel (id, receiver_role, receiver, connection, purpose, period, mask, subject, permit, status,"
            " reason, at, due, bundle, missing, corrects)"
            " values (%s, %s, %s, %s, %s, tstzrange(%s, %s, '[]'), %s, %s, %s, %s, %s, %s, %s, %s, %s,"
            " (select corrects from kw.delivery_due where id = %s))",
            [
                (
                    r.id,
                    r.due.receiver.role,
                    r.due.receiver.id,
                    r.due.connection,
                    r.due.purpose,
                    r.due.period.start,
                    r.due.period.end,
                    r.due.mask,
                    r.subject,
                    r.permit,
                    r.status,
                    r.reason,
                    r.at,
                    r.due.id,
                    bundle,
                    r.missing,
                    r.due.id,
                )
                for r in rows
            ],
        )


def close_bundle(c: C, bundle: str, at: datetime) -> int:
    """Say that a bundle is in the receiver's box: its parcels are delivered. Returns how many."""
    c.execute("update kw.bundle set state = 'sent' where id = %s", (bundle,))
    found = c.execute(
        "update kw.parcel set status = %s, at = %s where bundle = %s and status = 'sending'", (ParcelStatus.DELIVERED, at, bundle)
    )
    return found.rowcount


def decided(c: C, bundle: str) -> datetime | None:
    """Return when the parcels of a bundle were decided last; None if there is no such bundle."""
    found = c.execute("select at from kw.bundle where id = %s", (bundle,)).fetchone()
    return None if found is None else found[0]


def take_back(c: C, bundle: str) -> None:
    """Forget a bundle that never left: its deliveries are due again."""
    c.execute("delete from kw.parcel where bundle = %s and status = 'sending'", (bundle,))
    c.execute("delete from kw.bundle where id = %s and state = 'sending'", (bundle,))


def bundles_in_flight(c: C) -> list[tuple[str, int]]:
    """Return (bundle, receiver) of those a crash left between intent and deed."""
    return c.execute("select id, receiver from kw.bundle where state = 'sending' order by at").fetchall()


def parcels_of_bundle(c: C, bundle: str) -> list[BundleParcel]:
    """Return the parcels of a bundle."""
    return [_parcel(row) for row in c.execute(_PARCELS.encode(), (bundle,))]


def _parcel(row: Sequence[Any]) -> BundleParcel:
    key, role, who, connection, purpose, mask, start, end, permit, code, corrects = row
    asked = request(Requester(Role(role), who), connection, Purpose(purpose), mask, Period(start, end))
    return BundleParcel(key, asked, permit, code, tuple(corrects or ()))


def request(receiver: Requester, connection: int, purpose: Purpose, mask: Mask, period: Period) -> Request:
    """Return the question that a delivery asks again."""
    data_class = DataClass.PROFILE if mask & INTERVAL_MASK else DataClass.REGISTER
    return Request(receiver, Action.DELIVER, purpose, connection, mask, period, data_class)


def party_codes(c: C) -> dict[int, str]:
    """Return the public code of every party: the name of its box."""
    return dict(c.execute("select key, code from kw.party").fetchall())

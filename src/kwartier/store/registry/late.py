"""Registers at boundaries that were told late: which suppliers still wait for one, and what came of it."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from kwartier.model.ground import Action, DataClass, Purpose, Request, Requester, Role
from kwartier.model.parcel import ParcelStatus
from kwartier.model.period import Period, epoch_s
from kwartier.model.register import DAY_MASK, GAS_MASK, Mask, Product
from kwartier.store.registry import deliveries
from kwartier.store.registry import rows as _rows
from kwartier.store.registry.deliveries import Due, ParcelRow
from kwartier.store.registry.rows import C

# Each supplier of which the moment is a boundary, or lies within its supply if somebody moved then; unless a delivery is promised.
_CANDIDATES = """
    from kw.late_change l join kw.connection c on c.key = l.connection
    join kw.supply s on s.connection = l.connection and lower(s.period) <= l.moment and coalesce(l.moment <= upper(s.period), true)
    cross join lateral (
        select 'switch' as purpose where l.moment = lower(s.period) or l.moment = upper(s.period)
        union all select 'move' where exists (select from kw.occupancy o where o.connection = l.connection
            and (l.moment = lower(o.period) or l.moment = upper(o.period)))) as for_what
    where not exists (select from kw.delivery_due d where d.connection = l.connection and d.role = 'supplier'
        and d.first_s = extract(epoch from l.moment)::bigint and d.last_s = d.first_s
        and d.receiver = s.party and d.purpose = for_what.purpose)
"""
_WAITING = f"""
    select l.connection, c.product, s.party, for_what.purpose, l.moment, exists (
        select from kw.delivery_due d join kw.batch b on b.id = d.batch and b.state = 'committed'
        left join kw.parcel p on p.due = d.id where d.connection = l.connection and d.role = 'supplier'
        and d.first_s = extract(epoch from l.moment)::bigint and d.last_s = d.first_s and d.purpose <> 'hand_reading'
        and coalesce(p.status, 'due') in ('due', 'sending', 'delivered'))
    {_CANDIDATES} and (%(keys)s::bigint[] is null or l.connection = any(%(keys)s))
        and (%(since)s::timestamptz is null or l.moment > %(since)s)
    order by l.connection, l.moment, s.party, for_what.purpose
"""  # noqa: S608 - constants only
_DONE = f"""
    delete from kw.late_change t where not exists (
        select {_CANDIDATES} and l.connection = t.connection and l.moment = t.moment)
"""  # noqa: S608 - constants only
# A night may have promised it meanwhile, under the permit to read: another id than that of the permit to hand over.
_DUE = """
    insert into kw.delivery_due (batch, role, receiver, connection, purpose, mask, first_s, last_s, permit)
    select %(batch)s, 'supplier', %(receiver)s, %(connection)s, %(purpose)s, %(mask)s, %(at)s, %(at)s, %(permit)s
    where not exists (select from kw.delivery_due d where d.connection = %(connection)s and d.role = 'supplier'
        and d.first_s = %(at)s and d.last_s = d.first_s and d.receiver = %(receiver)s and d.purpose = %(purpose)s)
    on conflict do nothing returning id
"""
_TELL = """
    insert into kw.late_change (connection, moment, told)
    select %(connection)s, moment, %(at)s from unnest(%(moments)s::timestamptz[]) as moment
    where moment <= %(at)s and moment > %(at)s - interval '60 months' on conflict do nothing
"""
NOT_HELD = "not-held"
"""Why a parcel failed: neither the meter nor the store has that register any more."""


class Waiting(NamedTuple):
    """A supplier that waits for the register of a boundary. `held`: another has it or will, so it was read and kept."""

    connection: int
    product: Product
    supplier: int
    purpose: Purpose
    moment: datetime
    held: bool

    @property
    def mask(self) -> Mask:
        """The registers of its product."""
        return DAY_MASK & (GAS_MASK if self.product is Product.GAS else ~GAS_MASK)

    def request(self, action: Action) -> Request:
        """Return the question to read it, or to hand it over."""
        who, at = Requester(Role.SUPPLIER, self.supplier), Period(self.moment, self.moment)
        return Request(who, action, self.purpose, self.connection, self.mask, at, DataClass.REGISTER)


def tell(c: C, connection: int, moments: Iterable[datetime], at: datetime) -> None:
    """Write down which of these boundaries are told after them at `at`, of readings that are kept still."""
    c.execute(_TELL, {"connection": connection, "moments": sorted(moments), "at": at})


def waiting(c: C, *, since: datetime | None = None, connections: Sequence[int] | None = None) -> list[Waiting]:
    """Return who waits for a register, of after `since` and of these connections or of all."""
    values = {"keys": None if connections is None else list(connections), "since": since}
    with _rows.cursor(c) as cursor:
        found = cursor.execute(_WAITING.encode(), values).fetchall()
    return [Waiting(key, Product(product), party, Purpose(what), at, held) for key, product, party, what, at, held in found]


def promise(c: C, batch: int, one: Waiting, permit: bytes) -> int | None:
    """Write that this is to be delivered. Returns its number; None if it was promised meanwhile."""
    what = {"receiver": one.supplier, "connection": one.connection, "purpose": one.purpose, "mask": one.mask}
    found = c.execute(_DUE, what | {"batch": batch, "at": epoch_s(one.moment), "permit": permit}).fetchone()
    return None if found is None else int(found[0])


def fail(c: C, due: int, one: Waiting, parcel: str, subject: int | None, permit: bytes, at: datetime) -> None:  # noqa: PLR0917 - a row
    """Write that what was promised cannot be delivered."""
    asked = one.request(Action.DELIVER)
    row = Due(due, asked.requester, one.connection, one.purpose, one.mask, asked.period, permit)
    deliveries.add_parcels(c, [ParcelRow(parcel, row, subject, None, ParcelStatus.FAILED, NOT_HELD, at)], None)


def clear(c: C) -> int:
    """Forget the boundaries for which nobody waits any more. Returns how many."""
    return c.execute(_DONE.encode()).rowcount

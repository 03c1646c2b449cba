"""Registers of what was told late: which suppliers still wait for one, of a boundary or a regular one, and what came of it."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from kwartier.grounds.conduct import PASSING
from kwartier.grounds.moments import METER_KEEPS
from kwartier.model.ground import Action, DataClass, Purpose, Request, Requester, Role
from kwartier.model.parcel import ParcelStatus
from kwartier.model.period import Period, epoch_s
from kwartier.model.register import DAY_MASK, GAS_MASK, Mask, Product
from kwartier.store.registry import deliveries
from kwartier.store.registry import rows as _rows
from kwartier.store.registry.deliveries import Due, ParcelRow
from kwartier.store.registry.rows import C

_WITHHELD = f"p.status = 'withheld' and p.reason in ({', '.join(repr(rule) for rule in sorted(PASSING))})"
_FOR_A_WHILE = f"coalesce({_WITHHELD}, false)"
# Each supplier of which the moment is a boundary, or lies within its supply if somebody moved then, or whose regular register it
# missed; unless a delivery was promised. What was withheld for a while is as if it never was.
_CANDIDATES = f"""
    from kw.late_change l join kw.connection c on c.key = l.connection
    join kw.supply s on s.connection = l.connection and lower(s.period) <= l.moment and coalesce(l.moment <= upper(s.period), true)
    cross join lateral (
        select 'switch' as purpose where l.moment = lower(s.period) or l.moment = upper(s.period)
        union all select 'move' where exists (select from kw.occupancy o where o.connection = l.connection
            and (l.moment = lower(o.period) or l.moment = upper(o.period)))
        union all select r.purpose from kw.late_regular r
            where r.connection = l.connection and r.moment = l.moment and r.supply = s.id) as for_what
    where not exists (select from kw.delivery_due d left join kw.parcel p on p.due = d.id
        where d.connection = l.connection and d.role = 'supplier'
        and d.first_s = extract(epoch from l.moment)::bigint and d.last_s = d.first_s
        and d.receiver = s.party and d.purpose = for_what.purpose and not {_FOR_A_WHILE})
"""  # noqa: S608 - constants only
_WAITING = f"""
    select l.connection, c.product, s.party, for_what.purpose, l.moment, l.told, exists (
        select from kw.delivery_due d where d.connection = l.connection and d.role = 'supplier'
        and d.first_s = extract(epoch from l.moment)::bigint and d.last_s = d.first_s
        and d.receiver = s.party and d.purpose = for_what.purpose)
    {_CANDIDATES} and (%(keys)s::bigint[] is null or l.connection = any(%(keys)s))
        and (%(since)s::timestamptz is null or l.moment > %(since)s)
    order by l.connection, l.moment, s.party, for_what.purpose
"""  # noqa: S608 - constants only
_DONE = f"""
    delete from kw.late_change t where not exists (
        select {_CANDIDATES} and l.connection = t.connection and l.moment = t.moment)
        or (t.connection, t.moment, t.told) in (
            select * from unnest(%(keys)s::bigint[], %(moments)s::timestamptz[], %(told)s::timestamptz[]))
"""  # noqa: S608 - constants only
# A night may have promised it meanwhile, under the permit to read: another id than that of the permit to hand over.
_DUE = f"""
    insert into kw.delivery_due (batch, role, receiver, connection, purpose, mask, first_s, last_s, permit)
    select %(batch)s, 'supplier', %(receiver)s, %(connection)s, %(purpose)s, %(mask)s, %(at)s, %(at)s, %(permit)s
    where not exists (select from kw.delivery_due d left join kw.parcel p on p.due = d.id
        where d.connection = %(connection)s and d.role = 'supplier'
        and d.first_s = %(at)s and d.last_s = d.first_s and d.receiver = %(receiver)s and d.purpose = %(purpose)s
        and not {_FOR_A_WHILE})
    on conflict do nothing returning id
"""  # noqa: S608 - constants only
_TELL = """
    insert into kw.late_change (connection, moment, told)
    select %(connection)s, moment, %(at)s from unnest(%(moments)s::timestamptz[]) as moment
    where moment <= %(at)s and moment > %(at)s - interval '60 months' on conflict do nothing
"""
_TELL_REGULAR = """
    with told as (
        select * from unnest(%(connections)s::bigint[], %(moments)s::timestamptz[], %(supplies)s::bigint[], %(purposes)s::text[])
            as t (connection, moment, supply, purpose)),
    waits as (
        insert into kw.late_change (connection, moment, told) select distinct connection, moment, %(at)s::timestamptz from told
        on conflict (connection, moment) do update set told = excluded.told)
    insert into kw.late_regular (connection, moment, supply, purpose) select * from told on conflict do nothing
"""
AGAIN: Final = f"""
    with again as ({{source}}),
    boundary as (
        select s.connection, m.moment, a.since from again a join kw.supply s on s.{{supplied}} = a.key cross join lateral (
            select lower(s.period) as moment union select upper(s.period)
            union select unnest(array[lower(o.period), upper(o.period)]) from kw.occupancy o where o.connection = s.connection) as m
        where lower(s.period) <= m.moment and coalesce(m.moment <= upper(s.period), true)),
    asked as (
        select connection, moment from boundary, lateral (select moment at time zone 'Europe/Amsterdam' as here) as local
        where moment > since - interval '2 days' and here = here::date
            and here::date in (select day from kw.night union select day + 1 from kw.night)),
    kept as (
        select p.connection, lower(p.period) as moment from again a join kw.parcel p on p.{{handed}} = a.key
        where p.receiver_role = 'supplier' and p.purpose in ('switch', 'move') and {_WITHHELD})
    insert into kw.late_change (connection, moment, told)
    select connection, moment, %(at)s from (select * from asked union select * from kept) as found
    where moment <= %(at)s and moment > %(at)s - interval '60 months'
    on conflict (connection, moment) do update set told = excluded.told
"""  # noqa: S608 - constants only
"""Let boundaries wait anew: those for which nights asked since then, and those of which a parcel was withheld for a while.

`source` gives key and since: of the parties or connections that columns `supplied` of a supply and `handed` of a parcel name. A
night asks for a midnight as the one that closes a day and, a day later, as the one that opens the next, so of two days before as
well; of what waits without need, the next round finds that it was handed over.
"""
OF_PARTY: Final = {"supplied": "party", "handed": "receiver"}
_ONE = "select %(key)s::bigint as key, %(since)s::timestamptz as since"
_PARTY = AGAIN.format(source=_ONE, **OF_PARTY)
_CONNECTION = AGAIN.format(source=_ONE, supplied="connection", handed="connection")
LACKED: Final = f"""
    coalesce((select max(upper(b.period)) from kw.agreement b where b.party = h.party and upper(b.period) <= lower(h.period)),
        lower(h.period) - interval '{METER_KEEPS.days} days')
"""  # noqa: S608 - constants only
"""Since when a party lacked agreement `h`: since the one before it ended; a first one, as long as a meter keeps a register."""
_BEGUN = f"""
    delete from kw.agreement_to_come w using kw.agreement h where h.id = w.agreement and lower(h.period) <= %(at)s
    returning h.party, {LACKED}
"""  # noqa: S608 - constants only
NOT_HELD = "not-held"
"""Why a parcel failed: neither the meter nor the store has that register any more."""


class Regular(NamedTuple):
    """A regular register of a supply that began before it was told."""

    connection: int
    moment: datetime
    supply: int
    purpose: Purpose


class Waiting(NamedTuple):
    """A supplier that waits for the register of a boundary, or for a regular one.

    `told` is since when it waits; `withheld`: it was told before why it could not have it.
    """

    connection: int
    product: Product
    supplier: int
    purpose: Purpose
    moment: datetime
    told: datetime
    withheld: bool

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


def tell_regular(c: C, those: Sequence[Regular], at: datetime) -> None:
    """Write down which regular registers a supply that is told at `at` missed."""
    connections, moments, supplies, purposes = ([one[n] for one in those] for n in range(4))
    arrays = {"connections": connections, "moments": moments, "supplies": supplies, "purposes": purposes}
    c.execute(_TELL_REGULAR, arrays | {"at": at})


def of_begun_again(c: C, at: datetime) -> int:
    """Let what suppliers did not get for lack of an agreement wait anew where one told before has begun. Returns how many."""
    begun = c.execute(_BEGUN.encode(), {"at": at}).fetchall()
    for party, since in begun:
        of_party_again(c, party, since, at)
    return len(begun)


def of_party_again(c: C, party: int, since: datetime, at: datetime) -> None:
    """Let what a supplier did not get for a while wait anew: what kept it since then has ended, at `at`."""
    c.execute(_PARTY.encode(), {"key": party, "since": since, "at": at})


def of_connection_again(c: C, connection: int, since: datetime, at: datetime) -> None:
    """Let what no supplier got of a connection for a while wait anew: what kept it since then has ended, at `at`."""
    c.execute(_CONNECTION.encode(), {"key": connection, "since": since, "at": at})


def waiting(c: C, *, since: datetime | None = None, connections: Sequence[int] | None = None) -> list[Waiting]:
    """Return who waits for a register, of after `since` and of these connections or of all."""
    values = {"keys": None if connections is None else list(connections), "since": since}
    with _rows.cursor(c) as cursor:
        found = cursor.execute(_WAITING.encode(), values).fetchall()
    return [Waiting(key, Product(product), party, Purpose(what), *rest) for key, product, party, what, *rest in found]


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


def clear(c: C, answered: Collection[tuple[int, datetime, datetime]] = ()) -> int:
    """Forget the boundaries for which nobody waits any more, or of which all was said by now. Returns how many.

    `answered` are (connection, moment, told): one that was told anew meanwhile goes on waiting.
    """
    keys, moments, told = ([one[n] for one in answered] for n in range(3))
    return c.execute(_DONE.encode(), {"keys": keys, "moments": moments, "told": told}).rowcount

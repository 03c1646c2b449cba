"""What the registry can testify when log, store and the meters' own journals are compared. Reads only, as the operator.

Nothing here is shared with who writes: the replay has its own SQL, so that a mistake in a query of theirs is not made twice.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, final

from kwartier.model.ean import Ean
from kwartier.model.ground import (
    Action,
    Agreement,
    DataClass,
    FactRef,
    Hold,
    Objection,
    Occupancy,
    Permission,
    Purpose,
    Request,
    Requester,
    Restriction,
    RestrictionKind,
    Role,
    SupplierDefault,
    Supply,
    Suspension,
    UseCase,
)
from kwartier.model.period import Period
from kwartier.model.register import INTERVAL_MASK, Product
from kwartier.store.registry import rows as _rows
from kwartier.store.registry.people import LEFT
from kwartier.store.registry.rows import C

_METERS = "select equipment_id, key, model, transformer from kw.meter order by key"
_BATCHES = "select id, state from kw.batch"
_PLACES = "select key, area, product, transformer from kw.connection where key = any(%s)"
_TRANSFORMERS = "select key, area from kw.transformer order by key"
# One that was put right is known since then, one that was taken out until then.
_COUPLINGS = """
    with out as (
        select s.connection, s.id, s.period, (s.said ->> 'meter')::bigint as meter, (s.said ->> 'mbus')::smallint as mbus, r.at
        from kw.superseded s join kw.rectification r on r.id = s.rectification where s.fact = 'coupling'),
    every as (
        select k.connection, k.id, k.meter, k.period, null::timestamptz as until,
            (select max(o.at) from out o where o.meter = k.meter and o.mbus = k.mbus and o.period = k.period) as since
        from kw.coupling k where k.connection = any(%(keys)s)
        union all select connection, id, meter, period, at, null from out where connection = any(%(keys)s))
    select e.connection, m.connection, e.period * m.placed, e.since, e.until from every e join kw.meter m on m.key = e.meter
    where m.connection is not null and not isempty(e.period * m.placed) order by e.connection, e.until is null, e.id
"""
_PEOPLE = """
    with h as (
        select 'occupancy' as fact, id, connection, subject from kw.occupancy where connection = any(%(keys)s)
        union all select fact, id, connection, subject from kw.superseded where fact = 'occupancy' and connection = any(%(keys)s)
        union all select 'permission', id, connection, subject from kw.permission where connection = any(%(keys)s)
        union all select 'hold', id, connection, subject from kw.hold where connection = any(%(keys)s)
        union all select 'objection', id, connection, subject from kw.objection where connection = any(%(keys)s))
    select h.fact, h.id, h.connection, s.key, s.code from h join kw.subject s on s.key = h.subject
    order by h.connection, h.fact, h.id
"""
_FACTS = """
    select 'occupancy', connection, id, subject, period from kw.occupancy where connection = any(%(keys)s)
    union all select 'supply', connection, id, party, period from kw.supply where connection = any(%(keys)s)
"""
_AT_HOME = "select connection, key, transformer, placed from kw.meter where connection = any(%s)"
_AT_TRANSFORMERS = "select key, transformer, placed from kw.meter where connection is null order by key"
_COUPLED = "select connection, id, meter, mbus, period from kw.coupling where connection = any(%s)"
_STAYS_OUT = (
    "select connection, id, subject, period from kw.superseded where fact = 'occupancy' and connection = any(%s) order by id"
)
_COUPLED_OUT = """
    select connection, id, (said ->> 'meter')::bigint, (said ->> 'mbus')::smallint, period from kw.superseded
    where fact = 'coupling' and connection = any(%s) order by id
"""
_RESTRICTIONS = "select id, connection, kind, period from kw.restriction where connection = any(%s) order by id"
_HOLDS = "select id, connection, subject, period from kw.hold where connection = any(%s) order by id"
_OBJECTIONS = "select id, connection, subject, purpose, period from kw.objection where connection = any(%s) order by id"
_PERMISSIONS = """
    select p.id, p.connection, t.subject, p.party, p.mask, p.data, t.live, p.renews
    from kw.permission p join kw.permission_state t on t.id = p.id where p.connection = any(%s) and not isempty(t.live)
"""
_AGREEMENTS = "select a.id, a.party, y.role, a.period from kw.agreement a, kw.party y where y.key = a.party"
_DEFAULTS = "select id, party, period from kw.supplier_default order by id"
_SUSPENSIONS = "select id, party, period from kw.suspension order by id"
_USE_CASES = """
    select id, purpose, data_class, mask, area, days, approved, yearly_limit, min_group from kw.use_case
"""
_CONNECTIONS = "select key from kw.connection where key > %s order by key limit %s"
_CODES = "select key, code from kw.subject where key = any(%s)"
# Whoever stayed somewhere, was believed to, or gave a permission there had to do with it.
_FORGOTTEN = f"""
    with had as (
        select subject, connection from kw.occupancy
        union all select subject, connection from kw.superseded where fact = 'occupancy'
        union all select subject, connection from kw.permission)
    select l.key, coalesce(array_agg(distinct h.connection) filter (where h.connection is not null), '{{}}'), l.until < %s
    from ({LEFT}) as l left join had h on h.subject = l.key where l.code like 'forgotten:%%'
    group by l.key, l.until order by l.key
"""  # noqa: S608 - constants only
_EANS = "select key, ean from kw.connection where key = any(%s)"
_PARCEL = """
    select p.id, p.receiver_role, p.receiver, p.connection, p.purpose, p.period, p.mask, p.permit, p.status, coalesce(b.at, p.at),
        b.id, r.code
    from kw.parcel p left join kw.bundle b on b.id = p.bundle left join kw.party r on r.key = p.receiver
"""
_PARCELS = f"{_PARCEL} where p.id > %(after)s and p.status <> 'sending' order by p.id limit %(limit)s"
_THESE_PARCELS = f"{_PARCEL} where p.id = any(%s) and p.status <> 'sending' order by p.id"
_OF_BUNDLE = f"{_PARCEL} where p.bundle = %s and p.status <> 'sending' order by p.id"
_PUT_ASIDE = """
    select batch, connection, profile, first_s, last_s from kw.quarantine where connection > 0 and length(rows) > 0 order by id
"""
_STAFF_ACTS = "select entry, person, reason, salt from kw.staff_act where entry = any(%s)"
_STAFF_ACTS_IN_ALL = """
    select count(*) from kw.staff_act a where not exists (select from audit.pending p where p.id = a.entry)
"""
_BY_HAND = "select connection, at, channel, value from kw.hand_reading where connection = any(%s)"
_SUMS = """
    with told as (
        select 'loss', day, use_case, transformer, null::bigint, null, homes, homes_read, withheld from kw.loss union all
        select 'allocation', day, use_case, transformer, party, product, homes, homes_read, withheld from kw.allocation union all
        select 'reconciliation', day, use_case, transformer, party, product, homes, homes_read, withheld from kw.reconciliation)
    select told.*, withheld is null from told
"""
_BUNDLES = "select b.id, r.code, b.at from kw.bundle b join kw.party r on r.key = b.receiver where b.state = 'sent' order by b.id"


@final
@dataclass(frozen=True, slots=True)
class MeterRow:
    """A meter: its key, its model by name, and the transformer if it is a station meter."""

    key: int
    model: str
    transformer: int | None


@final
@dataclass(frozen=True, slots=True)
class PlacedMeter:
    """For how long a meter is placed: at a connection, or at this transformer."""

    id: int
    transformer: int | None
    period: Period


@final
@dataclass(frozen=True, slots=True)
class CoupledMeter:
    """For how long a gas meter is on a channel of an electricity meter."""

    id: int
    meter: int
    mbus: int
    period: Period


OfConnection = Occupancy | Supply | Permission | Restriction | Hold | Objection | PlacedMeter | CoupledMeter


class Forgotten(NamedTuple):
    """Somebody who was forgotten: the connections that the person had to do with, and whether the term of persons was over.

    It counts from the end of the last stay; without any, from when the person was recorded.
    """

    key: int
    places: frozenset[int]
    lapsed: bool


class Aside(NamedTuple):
    """An answer of a home's meter that was doubted, and of which values were put aside: for which task of which batch."""

    batch: int
    connection: int
    profile: str
    first_s: int
    last_s: int


class Coupling(NamedTuple):
    """For how long which electricity connection's meter carries a gas connection; since when and until when that was believed."""

    electricity: int
    period: Period
    since: datetime | None = None
    until: datetime | None = None


class Named(NamedTuple):
    """A person of the registry: the number by which facts name them, and their own code."""

    subject: int
    code: str


class StaffAct(NamedTuple):
    """Who of the operator's people did what an entry of the log says, and why, with the salt of the commitment in it."""

    person: str
    reason: str
    salt: bytes


@final
@dataclass(frozen=True, slots=True)
class Sent:
    """A parcel that ended. `decided` is when it was decided again; `bundle` the file it left in, `box` whose; None if withheld."""

    id: str
    receiver: Requester
    connection: int
    purpose: Purpose
    period: Period
    mask: int
    permit: bytes | None
    status: str
    decided: datetime
    bundle: str | None
    box: str | None

    @property
    def request(self) -> Request:
        """The question that the parcel answers."""
        data_class = DataClass.PROFILE if self.mask & INTERVAL_MASK else DataClass.REGISTER
        return Request(self.receiver, Action.DELIVER, self.purpose, self.connection, self.mask, self.period, data_class)


def meters(c: C) -> dict[str, MeterRow]:
    """Return every meter by its equipment id."""
    with _rows.cursor(c) as cursor:
        return {equipment: MeterRow(key, model, transformer) for equipment, key, model, transformer in cursor.execute(_METERS)}


def transformers(c: C) -> dict[int, str]:
    """Return in which area each transformer lies."""
    with _rows.cursor(c) as cursor:
        return dict(cursor.execute(_TRANSFORMERS).fetchall())


def places(c: C, keys: Sequence[int]) -> dict[int, tuple[str, Product, int | None]]:
    """Return in which area each of these connections lies, its product, and the transformer that it is behind."""
    with _rows.cursor(c) as cursor:
        rows = cursor.execute(_PLACES, (list(keys),))
        return {key: (area, Product(product), transformer) for key, area, product, transformer in rows}


def couplings(c: C, keys: Sequence[int]) -> dict[int, list[Coupling]]:
    """Return for gas connections among these which electricity connections' meters carry them."""
    found: dict[int, list[Coupling]] = defaultdict(list)
    with _rows.cursor(c) as cursor:
        for gas, *coupling in cursor.execute(_COUPLINGS, {"keys": list(keys)}):
            found[gas].append(Coupling(*coupling))
    return {**found}


def people(c: C, keys: Sequence[int]) -> dict[int, dict[FactRef, Named]]:
    """Return per connection who its stays and permissions are about, as the registry has it."""
    found: dict[int, dict[FactRef, Named]] = defaultdict(dict)
    with _rows.cursor(c) as cursor:
        for fact, number, connection, subject, code in cursor.execute(_PEOPLE, {"keys": list(keys)}):
            found[connection][fact, number] = Named(subject, code)
    return {**found}


def connections(c: C, *, after: int, limit: int = 2000) -> list[int]:
    """Return the next connections by key; an empty list is the end."""
    with _rows.cursor(c) as cursor:
        return [key for (key,) in cursor.execute(_CONNECTIONS, (after, limit))]


def facts(c: C, keys: Sequence[int]) -> Iterator[tuple[int, OfConnection]]:
    """Yield every fact that the registry has about these connections, each with its connection."""
    with _rows.cursor(c) as cursor:
        found = cursor.execute(_FACTS, {"keys": list(keys)}).fetchall()
        permissions = cursor.execute(_PERMISSIONS, (list(keys),)).fetchall()
        meters = cursor.execute(_AT_HOME, (list(keys),)).fetchall()
        coupled = cursor.execute(_COUPLED, (list(keys),)).fetchall()
    for table, connection, number, who, period in found:
        yield connection, Occupancy(number, who, period) if table == "occupancy" else Supply(number, who, period)
    for number, connection, subject, party, mask, data, live, renews in permissions:
        yield connection, Permission(number, subject, party, mask, "", data, live, renews)
    yield from ((connection, PlacedMeter(*meter)) for connection, *meter in meters)
    yield from ((connection, CoupledMeter(*coupling)) for connection, *coupling in coupled)
    yield from denials(c, keys)


def taken_out(c: C, keys: Sequence[int]) -> list[tuple[int, Occupancy | CoupledMeter]]:
    """Return the stays and the couplings at these connections that were wrong and were taken out of the facts."""
    with _rows.cursor(c) as cursor:
        stays = [(connection, Occupancy(*stay)) for connection, *stay in cursor.execute(_STAYS_OUT, (list(keys),))]
        coupled = [(connection, CoupledMeter(*coupling)) for connection, *coupling in cursor.execute(_COUPLED_OUT, (list(keys),))]
    return [*stays, *coupled]


def denials(c: C, keys: Sequence[int]) -> list[tuple[int, Restriction | Hold | Objection]]:
    """Return all that bars these connections, or what a person of theirs had stopped, each with its connection."""
    asked = (list(keys),)
    with _rows.cursor(c) as cursor:
        barred = [
            (connection, Restriction(number, RestrictionKind(kind), period))
            for number, connection, kind, period in cursor.execute(_RESTRICTIONS, asked)
        ]
        held = [(connection, Hold(number, who, period)) for number, connection, who, period in cursor.execute(_HOLDS, asked)]
        objected = [
            (connection, Objection(number, who, Purpose(purpose), period))
            for number, connection, who, purpose, period in cursor.execute(_OBJECTIONS, asked)
        ]
    return [*barred, *held, *objected]


def suspensions(c: C) -> list[Suspension]:
    """Return every suspension there ever was."""
    with _rows.cursor(c) as cursor:
        return [Suspension(*row) for row in cursor.execute(_SUSPENSIONS)]


def station_meters(c: C) -> list[PlacedMeter]:
    """Return every meter at a transformer."""
    with _rows.cursor(c) as cursor:
        return [PlacedMeter(*row) for row in cursor.execute(_AT_TRANSFORMERS)]


def general_facts(c: C) -> list[Agreement | Suspension | SupplierDefault | UseCase]:
    """Return every fact that the registry has about no connection, but for its meters."""
    with _rows.cursor(c) as cursor:
        bound = [Agreement(number, party, Role(role), period) for number, party, role, period in cursor.execute(_AGREEMENTS)]
        cases = [
            UseCase(number, Purpose(purpose), DataClass(data_class), mask, area, days, approved, limit, group)
            for number, purpose, data_class, mask, area, days, approved, limit, group in cursor.execute(_USE_CASES)
        ]
        late = [SupplierDefault(*row) for row in cursor.execute(_DEFAULTS)]
    return [*bound, *suspensions(c), *late, *cases]


def sums(c: C) -> Iterator[tuple[object, ...]]:
    """Yield every sum over homes: table, day, use case, transformer, party, product, homes, how many of them read, whether told."""
    with c.cursor(name="sums") as cursor:
        for *row, _, is_told in cursor.execute(_SUMS):
            yield *row, is_told


def codes(c: C, subjects: Collection[int]) -> dict[int, str]:
    """Return the own code of each of these people."""
    with _rows.cursor(c) as cursor:
        return dict(cursor.execute(_CODES, (sorted(subjects),)).fetchall())


def eans(c: C, keys: Collection[int]) -> dict[int, Ean]:
    """Return the EAN of each of these connections."""
    with _rows.cursor(c) as cursor:
        return {key: Ean(text) for key, text in cursor.execute(_EANS, (sorted(keys),))}


def taken_by_hand(c: C, keys: Collection[int]) -> dict[tuple[int, datetime], dict[int, int]]:
    """Return (connection, moment) with the registers that were read there by hand, by channel."""
    found: dict[tuple[int, datetime], dict[int, int]] = defaultdict(dict)
    with _rows.cursor(c) as cursor:
        for connection, at, channel, value in cursor.execute(_BY_HAND, (sorted(keys),)):
            found[connection, at][channel] = value
    return found


def put_aside(c: C) -> Iterator[Aside]:
    """Yield every doubted answer of which values are held, in the order in which they came."""
    with c.cursor(name="put_aside") as cursor:
        for row in cursor.execute(_PUT_ASIDE):
            yield Aside(*row)


def batches(c: C) -> dict[int, str]:
    """Return the state of every batch."""
    with _rows.cursor(c) as cursor:
        return dict(cursor.execute(_BATCHES).fetchall())


def parcels(c: C, *, after: str = "", limit: int = 2000) -> list[Sent]:
    """Return the next parcels that ended, by id; an empty list is the end."""
    return _sent(c, _PARCELS, {"after": after, "limit": limit})


def these_parcels(c: C, ids: Collection[str]) -> dict[str, Sent]:
    """Return those of these parcels that there are and that ended."""
    return {one.id: one for one in _sent(c, _THESE_PARCELS, (sorted(ids),))}


def parcels_of(c: C, bundle: str) -> dict[str, Sent]:
    """Return the parcels of a bundle."""
    return {one.id: one for one in _sent(c, _OF_BUNDLE, (bundle,))}


def bundles(c: C) -> dict[str, tuple[str, datetime]]:
    """Return whose every bundle is that was sent, and when it was decided."""
    with _rows.cursor(c) as cursor:
        return {bundle: (code, at) for bundle, code, at in cursor.execute(_BUNDLES)}


def staff_acts(c: C, entries: Collection[int]) -> dict[int, StaffAct]:
    """Return who did what these entries of the log say, by entry; one that names nobody is absent."""
    with _rows.cursor(c) as cursor:
        return {entry: StaffAct(*row) for entry, *row in cursor.execute(_STAFF_ACTS, (sorted(entries),))}


def staff_acts_in_all(c: C) -> int:
    """Count what staff did according to the registry, but for what still waits to be signed."""
    with _rows.cursor(c) as cursor:
        ((count,),) = cursor.execute(_STAFF_ACTS_IN_ALL)
    return int(count)


def forgotten(c: C, oldest: datetime) -> list[Forgotten]:
    """Return whom the registry has forgotten.

    Whose last stay ended before `oldest`, or who had none and was recorded before it, need not have asked.
    """
    with _rows.cursor(c) as cursor:
        rows = cursor.execute(_FORGOTTEN, (oldest,)).fetchall()
    return [Forgotten(key, frozenset(places), lapsed) for key, places, lapsed in rows]


def _sent(c: C, query: str, values: Any) -> list[Sent]:  # noqa: ANN401 - a query's values
    with _rows.cursor(c) as cursor:
        return [
            Sent(i, Requester(Role(role), who), connection, Purpose(purpose), period, mask, permit, status, decided, bundle, box)
            for i, role, who, connection, purpose, period, mask, permit, status, decided, bundle, box in cursor.execute(
                query.encode(), values
            )
        ]

"""The facts about connections as decisions read them: one query per table for many connections, grouped here.

Everything that may bear on a decision and nothing else; `grounds.decide` takes it from there. Works as the operator, and as
the portal for one's own connections (row-level security narrows what is seen to the own period).
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple, final

from kwartier.model.ground import (
    Agreement,
    DataClass,
    Facts,
    Hold,
    Objection,
    Occupancy,
    Permission,
    Purpose,
    Restriction,
    RestrictionKind,
    Role,
    SupplierDefault,
    Supply,
    Suspension,
    UseCase,
)
from kwartier.model.period import midnight
from kwartier.model.register import Product
from kwartier.store.registry import rows as _rows
from kwartier.store.registry.errors import NotFound
from kwartier.store.registry.rows import C, Row, Rows

_CONNECTIONS = """
    select key, product, area, transformer, capacity_w, pg_current_snapshot()::text
    from kw.connection where key = any(%(keys)s) order by key
"""
_KEYS = "select key from kw.connection where key > %(after)s order by key limit %(limit)s"
_OCCUPANCIES = "select connection, id, subject, period from kw.occupancy where connection = any(%(keys)s) order by connection, id"
_SUPPLIES = "select connection, id, party, period from kw.supply where connection = any(%(keys)s) order by connection, id"
_PERMISSIONS = """
    select s.connection, s.id, s.subject, s.party, p.mask, s.purpose, p.data, s.live, p.renews
    from kw.permission_state s join kw.permission p on p.id = s.id
    where s.connection = any(%(keys)s) and not isempty(s.live) order by s.connection, s.id
"""
_RESTRICTIONS = """
    select connection, id, kind, period from kw.restriction where connection = any(%(keys)s) order by connection, id
"""
# Refusing and switching off concern the meter, so they hold for the gas it carries, for as long as it carries it.
_CARRIED = """
    select k.connection, r.id, r.kind, r.period * k.period * m.placed
    from kw.coupling k join kw.meter m on m.key = k.meter join kw.restriction r on r.connection = m.connection
    where k.connection = any(%(keys)s) and not isempty(r.period * k.period * m.placed) order by k.connection, r.id
"""
_AGREEMENTS = """
    select a.party, a.id, p.role, a.period from kw.agreement a join kw.party p on p.key = a.party
    where a.party = any(%(parties)s) order by a.party, a.id
"""
_SUSPENSIONS = "select party, id, period from kw.suspension where party = any(%(parties)s) order by party, id"
_DEFAULTS = "select party, id, period from kw.supplier_default where party = any(%(parties)s) order by party, id"
_USE_CASES = """
    select area, id, purpose, data_class, mask, days, approved, yearly_limit, min_group
    from kw.use_case where area = any(%(areas)s) order by id
"""
_HOLDS = "select connection, id, subject, period from kw.hold where connection = any(%(keys)s) order by connection, id"
_OBJECTIONS = """
    select connection, id, subject, purpose, period from kw.objection where connection = any(%(keys)s) order by connection, id
"""
_USED_DAYS = """
    select connection, use_case, lost, string_agg(day::text, ' ') from kw.use_case_day
    where connection = any(%(keys)s) and day >= %(first)s and day < %(after)s group by connection, use_case, lost
"""
# Meters that talk. Bounds are compared one by one: `placed @> at` invites a walk of all that is placed, through the GiST index.
_ELECTRICITY_METERS = """
    select connection, key, model, 0, lower(placed) from kw.meter
    where connection = any(%(keys)s) and system_title is not null
    and lower(placed) <= %(at)s and coalesce(upper(placed) > %(at)s, true)
"""
_GAS_METERS = """
    select k.connection, m.key, m.model, k.mbus, greatest(lower(k.period), lower(m.placed))
    from kw.coupling k join kw.meter m on m.key = k.meter
    where k.connection = any(%(keys)s) and lower(k.period) <= %(at)s and coalesce(upper(k.period) > %(at)s, true)
    and lower(m.placed) <= %(at)s and coalesce(upper(m.placed) > %(at)s, true)
"""
_STATIONS = """
    select m.transformer, t.area, m.key, m.model from kw.meter m join kw.transformer t on t.key = m.transformer
    where m.transformer is not null and m.placed @> %(at)s and (%(only)s::bigint[] is null or m.transformer = any(%(only)s))
    order by m.transformer
"""

_PRODUCTS = {str(product): product for product in Product}
_KINDS = {str(kind): kind for kind in RestrictionKind}

_SETTLED_LATE = timedelta(days=9)
"""So long after a month it may still be settled."""

Grouped = dict[int, list[Row]]
_Days = dict[int, dict[int, frozenset[str]]]
_OfParties = tuple[tuple[Agreement, ...], tuple[Suspension, ...], tuple[SupplierDefault, ...]]


class Wired(NamedTuple):
    """How a connection is read: its meter, the meter's model by name, and the M-Bus channel (0 electricity, 1..4 gas).

    `since` is from when the meter measures this connection: what it holds from before is not about it.
    """

    meter: int
    model: str
    mbus: int
    since: datetime


@final
@dataclass(frozen=True, slots=True)
class ConnectionRow:
    """One connection as the night sees it. `capacity_w` is W per direction, dm3 per hour for gas; `wired` None: nothing talks.

    `seen` is the snapshot in which loading began: what it did not see, these facts need not tell.
    """

    key: int
    product: Product
    area: str
    transformer: int | None
    capacity_w: int
    facts: Facts
    wired: Wired | None
    seen: str


@final
@dataclass(frozen=True, slots=True)
class StationRow:
    """A meter that measures what flows into a transformer. `facts` has the use cases of its area; nobody lives there."""

    transformer: int
    area: str
    meter: int
    model: str
    facts: Facts


def facts(c: C, connection: int, *, year: int) -> Facts:
    """Return all that may bear on a decision about one connection. Raises NotFound.

    `year` is the calendar year of which the days used per use case are counted.
    """
    found = _load(c, [connection], year, None)
    if not found:
        msg = "no such connection"
        raise NotFound(msg)
    return found[0].facts


def rows(c: C, keys: Sequence[int], *, year: int, day: date) -> list[ConnectionRow]:
    """Return these connections in the order of their keys, wired as they were at the end of the local day.

    In the first days of a year the days used per use case are also those of the year before: its last month is settled then.
    """
    return _load(c, list(keys), year, end_of(day), since=date(min(year, (day - _SETTLED_LATE).year), 1, 1))


def stream(c: C, *, year: int, day: date, after: int = 0, limit: int = 5000) -> list[ConnectionRow]:
    """Return the next connections by key after `after`; an empty list is the end. Call again with the last key."""
    with _rows.cursor(c) as cursor:
        keys = [key for (key,) in cursor.execute(_KEYS, {"after": after, "limit": limit})]
    return rows(c, keys, year=year, day=day)


def station_meters(c: C, transformers: Sequence[int] | None = None, *, day: date) -> list[StationRow]:
    """Return the station meters as placed at the end of the local day, of these transformers or of all."""
    only = None if transformers is None else list(transformers)
    with _rows.cursor(c) as cursor:
        found = cursor.execute(_STATIONS, {"at": end_of(day), "only": only}).fetchall()
        use_cases = _use_cases(cursor, {row[1] for row in found})
    return [
        StationRow(transformer, area, meter, model, Facts(0, area, use_cases=use_cases.get(area, ())))
        for transformer, area, meter, model in found
    ]


def end_of(day: date) -> datetime:
    """Return the last microsecond of the local day: a meter placed at the next midnight has nothing to tell of this day."""
    return midnight(day + timedelta(days=1)) - timedelta(microseconds=1)


def _load(c: C, keys: list[int], year: int, at: datetime | None, *, since: date | None = None) -> list[ConnectionRow]:
    with _rows.cursor(c) as cursor:
        connections = cursor.execute(_CONNECTIONS, {"keys": keys}).fetchall()
        gas = [row[0] for row in connections if row[1] == Product.GAS]
        occupancies = _grouped(cursor.execute(_OCCUPANCIES, {"keys": keys}))
        supplies = _grouped(cursor.execute(_SUPPLIES, {"keys": keys}))
        permissions = _grouped(cursor.execute(_PERMISSIONS, {"keys": keys}))
        restrictions = _grouped(cursor.execute(_RESTRICTIONS, {"keys": keys}))
        if gas:
            _grouped(cursor.execute(_CARRIED, {"keys": gas}), restrictions)
        bound = _Bound(cursor, supplies, permissions)
        use_cases = _use_cases(cursor, {row[2] for row in connections})
        used, lost = _used_days(cursor, keys, since or date(year, 1, 1), date(year + 1, 1, 1))
        holds = _grouped(cursor.execute(_HOLDS, {"keys": keys}))
        objections = _grouped(cursor.execute(_OBJECTIONS, {"keys": keys}))
        wired = _wired(cursor, keys, gas, at) if at is not None else {}
    none: list[Row] = []
    made = []
    for key, product, area, transformer, capacity, seen in connections:
        mine, granted = supplies.get(key, none), permissions.get(key, none)
        agreements, suspensions, defaults = bound.of(mine, granted)
        known = Facts(
            key,
            area,
            tuple([Occupancy(*row[1:]) for row in occupancies.get(key, none)]),
            tuple([Supply(*row[1:]) for row in mine]),
            agreements,
            tuple([Permission(*row[1:]) for row in granted]),
            tuple([Restriction(i, _KINDS[kind], period) for _, i, kind, period in restrictions.get(key, none)]),
            use_cases.get(area, ()),
            used.get(key, {}),
            suspensions,
            defaults,
            holds=tuple([Hold(*row[1:]) for row in holds.get(key, none)]),
            objections=tuple([Objection(i, who, Purpose(what), period) for _, i, who, what, period in objections.get(key, none)]),
            lost_days=lost.get(key, {}),
        )
        made.append(ConnectionRow(key, _PRODUCTS[product], area, transformer, capacity, known, wired.get(key), seen))
    return made


def _grouped(found: Iterable[Row], into: Grouped | None = None) -> Grouped:
    groups: Grouped = {} if into is None else into
    for row in found:
        if (group := groups.get(row[0])) is None:
            groups[row[0]] = [row]
        else:
            group.append(row)
    return groups


class _Bound:
    """What binds the parties that a connection has to do with, when it was suspended, and when a supplier was in default.

    Few combinations exist, so each is made once.
    """

    def __init__(self, cursor: Rows, supplies: Grouped, permissions: Grouped) -> None:
        parties = {row[2] for group in supplies.values() for row in group}
        parties |= {row[3] for group in permissions.values() for row in group if row[3] is not None}
        self._agreements: dict[int, list[Agreement]] = defaultdict(list)
        self._suspensions: dict[int, list[Suspension]] = defaultdict(list)
        self._defaults: dict[int, list[SupplierDefault]] = defaultdict(list)
        for party, i, role, period in cursor.execute(_AGREEMENTS, {"parties": sorted(parties)}):
            self._agreements[party].append(Agreement(i, party, Role(role), period))
        for party, i, period in cursor.execute(_SUSPENSIONS, {"parties": sorted(parties)}):
            self._suspensions[party].append(Suspension(i, party, period))
        for party, i, period in cursor.execute(_DEFAULTS, {"parties": sorted(parties)}):
            self._defaults[party].append(SupplierDefault(i, party, period))
        self._made: dict[frozenset[int], _OfParties] = {}

    def of(self, supplies: list[Row], permissions: list[Row]) -> _OfParties:
        parties = frozenset([row[2] for row in supplies] + [row[3] for row in permissions if row[3] is not None])
        if (found := self._made.get(parties)) is None:
            found = self._made[parties] = self._of(sorted(parties))
        return found

    def _of(self, parties: list[int]) -> _OfParties:
        return (
            tuple([one for party in parties for one in self._agreements.get(party, ())]),
            tuple([one for party in parties for one in self._suspensions.get(party, ())]),
            tuple([one for party in parties for one in self._defaults.get(party, ())]),
        )


def _use_cases(cursor: Rows, areas: set[str]) -> dict[str, tuple[UseCase, ...]]:
    by_area: dict[str, list[UseCase]] = defaultdict(list)
    for area, i, purpose, data_class, mask, days, approved, limit, group in cursor.execute(_USE_CASES, {"areas": sorted(areas)}):
        case = UseCase(i, Purpose(purpose), DataClass(data_class), mask, area, days, approved, limit, group)
        by_area[area].append(case)
    return {area: tuple(cases) for area, cases in by_area.items()}


def _used_days(cursor: Rows, keys: list[int], first: date, after: date) -> tuple[_Days, _Days]:
    """Return by connection and use case the days on which it was read, and those on which it may have been."""
    span = {"keys": keys, "first": first, "after": after}
    used: _Days = defaultdict(dict)
    may_be: _Days = defaultdict(dict)
    for connection, case, lost, days in cursor.execute(_USED_DAYS, span):
        (may_be if lost else used)[connection][case] = frozenset(days.split())
    return used, may_be


def _wired(cursor: Rows, keys: list[int], gas: list[int], at: datetime) -> dict[int, Wired]:
    wired = {row[0]: Wired(*row[1:]) for row in cursor.execute(_ELECTRICITY_METERS, {"keys": keys, "at": at})}
    if gas:
        wired |= {row[0]: Wired(*row[1:]) for row in cursor.execute(_GAS_METERS, {"keys": gas, "at": at})}
    return wired

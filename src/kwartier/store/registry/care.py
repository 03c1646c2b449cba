"""What care needs of the registry: the meters of an area, what was seen last, alarms that came, firmware that may be loaded."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import final

from kwartier.model.care import Chore, Sight
from kwartier.model.ground import Purpose
from kwartier.store.registry import rows
from kwartier.store.registry.errors import NotFound
from kwartier.store.registry.rows import C

_CHOSEN = """
    select distinct r.connection from kw.restriction r
    where r.kind = 'administratively_off' and lower(r.period) <= %(at)s and r.connection > %(after)s
    order by r.connection limit %(limit)s
"""
_KEEP = """
    insert into kw.sight (meter, chore, purpose, connection, batch, at, value, text, entries, levels_dv)
    values (%(meter)s, %(chore)s, %(purpose)s, %(connection)s, %(batch)s, %(at)s, %(value)s, %(text)s, %(entries)s, %(levels_dv)s)
    on conflict (meter, connection, chore, purpose) do update set batch = excluded.batch, at = excluded.at,
        value = excluded.value, text = excluded.text, entries = excluded.entries, levels_dv = excluded.levels_dv
"""
_SEEN = """
    select s.meter, s.connection, s.chore, s.at, s.value, s.text, s.entries, s.levels_dv, c.transformer, c.area, m.equipment_id
    from kw.sight s join kw.connection c on c.key = s.connection join kw.meter m on m.key = s.meter
    and m.placed @> clock_timestamp()
    where s.purpose = %(purpose)s and s.chore = any(%(chores)s) and (%(area)s::text is null or c.area = %(area)s)
    order by s.meter, s.chore
"""
_STATUSES = """
    select distinct on (s.connection) s.connection, s.value, s.at from kw.sight s
    join kw.meter m on m.key = s.meter and m.connection = s.connection and upper(m.placed) is null
    where s.connection = any(%(keys)s) and s.chore in ('switch_off', 'switch_on', 'administrative_status')
    order by s.connection, s.at desc
"""
_ON = """
    select c.transformer, t.name, count(distinct m.key) from kw.connection c
    join kw.transformer t on t.key = c.transformer join kw.meter m on m.connection = c.key and m.placed @> %(at)s
    and m.system_title is not null where c.transformer = any(%(keys)s) group by c.transformer, t.name
"""
_PLACED = """
    select m.key, m.connection, host(m.host), m.model from kw.meter m
    where m.connection is not null and m.system_title is not null and m.placed @> %(at)s and m.{column} = %(id)s
"""
_BY_EQUIPMENT = _PLACED.replace("{column}", "equipment_id")
_BY_KEY = _PLACED.replace("{column}", "key")
_ADD_ALARM = """
    insert into kw.alarm (meter, connection, at, register, permit, use_case)
    values (%(meter)s, %(connection)s, %(at)s, %(register)s, %(permit)s, %(use_case)s) returning id
"""
_ALARMS = "select id, meter, connection, at, register, use_case from kw.alarm where state = %(state)s order by id"
_ANSWER = "update kw.alarm set state = %(state)s where id = any(%(ids)s) and state = 'told'"
_ADD_FIRMWARE = """
    insert into kw.firmware (model, version, image, added) values (%(model)s, %(version)s, %(image)s, %(at)s)
    on conflict (model, version) do nothing returning id
"""
_FIRMWARE = "select id, model, version, image from kw.firmware where model = %(model)s and version = %(version)s"
_NEWEST = "select version from kw.firmware where model = %(model)s"


@final
@dataclass(frozen=True, slots=True)
class Seen:
    """A sight with where it was: surrogate keys, and the equipment id, which is personal data and shown to engineers only."""

    meter: int
    connection: int
    sight: Sight
    transformer: int | None
    area: str
    equipment_id: str


@final
@dataclass(frozen=True, slots=True)
class Placed:
    """A meter in place at a home: its keys, the address it is registered at (personal data) and its model."""

    meter: int
    connection: int
    host: str
    model: str


@final
@dataclass(frozen=True, slots=True)
class Alarm:
    """An alarm that a meter sent: the bits of its alarm register (DSMR P3 4.2.2), and under which use case it is kept."""

    id: int
    meter: int
    connection: int
    at: datetime
    register: int
    use_case: int


@final
@dataclass(frozen=True, slots=True)
class Firmware:
    """A firmware image as it came."""

    id: int
    model: str
    version: str
    image: bytes


@final
@dataclass(frozen=True, slots=True)
class Station:
    """A transformer by name, and how many meters of homes that talk are in place behind it."""

    key: int
    name: str
    homes: int


def transformer(c: C, name: str) -> int:
    """Return the key of the transformer with this name. Raises NotFound."""
    with rows.cursor(c) as cursor:
        found = cursor.execute("select key from kw.transformer where name = %s", (name,)).fetchone()
    if found is None:
        msg = "no transformer has this name"
        raise NotFound(msg)
    return int(found[0])


def chosen(c: C, at: datetime, *, after: int, limit: int) -> list[int]:
    """Return the next connections whose customer ever chose the administrative status of the meter, by key after `after`."""
    with rows.cursor(c) as cursor:
        return [key for (key,) in cursor.execute(_CHOSEN, {"at": at, "after": after, "limit": limit})]


def keep(c: C, batch: int, found: Iterable[tuple[int, int, Purpose, Sight]]) -> None:
    """Keep what was seen, (meter, connection, purpose, sight): the newest takes the place of the one before."""
    values = [
        {
            "meter": meter,
            "chore": str(sight.chore),
            "purpose": str(purpose),
            "connection": connection,
            "batch": batch,
            "at": sight.at,
            "value": sight.value,
            "text": sight.text,
            "entries": [number for entry in sight.entries for number in entry],
            "levels_dv": list(sight.levels_dv),
        }
        for meter, connection, purpose, sight in found
    ]
    if values:
        with c.cursor() as cursor:
            cursor.executemany(_KEEP, values)


def seen(c: C, purpose: Purpose, chores: Iterable[Chore], *, area: str | None = None) -> list[Seen]:
    """Return what was seen last for this purpose, by meter."""
    values = {"purpose": purpose, "chores": [str(chore) for chore in chores], "area": area}
    with rows.cursor(c) as cursor:
        return [_seen(row) for row in cursor.execute(_SEEN, values)]


def _seen(row: rows.Row) -> Seen:
    meter, connection, chore, at, value, text, entries, levels, transformer, area, equipment = row
    pairs = tuple(zip(entries[::2], entries[1::2], strict=True))
    return Seen(meter, connection, Sight(Chore(chore), at, value, text, pairs, tuple(levels)), transformer, area, equipment)


def models(c: C, meters: Iterable[int]) -> dict[int, str]:
    """Return the model of each of these meters."""
    with rows.cursor(c) as cursor:
        return dict(cursor.execute("select key, model from kw.meter where key = any(%s)", (list(meters),)).fetchall())


def statuses(c: C, connections: Iterable[int]) -> dict[int, tuple[int, datetime]]:
    """Return the administrative status that the meter of each connection was last seen to have, and when."""
    with rows.cursor(c) as cursor:
        found = cursor.execute(_STATUSES, {"keys": list(connections)})
        return {connection: (value, at) for connection, value, at in found}


def stations(c: C, keys: Sequence[int], at: datetime) -> dict[int, Station]:
    """Return these transformers."""
    with rows.cursor(c) as cursor:
        found = cursor.execute(_ON, {"keys": list(keys), "at": at})
        return {key: Station(key, name, homes) for key, name, homes in found}


def by_equipment(c: C, equipment_id: str, at: datetime) -> Placed | None:
    """Return the meter of a home with this number on it, None if none such that talks is in place at `at`."""
    with rows.cursor(c) as cursor:
        found = cursor.execute(_BY_EQUIPMENT, {"id": equipment_id, "at": at}).fetchone()
    return None if found is None else Placed(*found)


def by_key(c: C, meter: int, at: datetime) -> Placed | None:
    """Return the meter of a home with this surrogate key, None if none such that talks is in place at `at`."""
    with rows.cursor(c) as cursor:
        found = cursor.execute(_BY_KEY, {"id": meter, "at": at}).fetchone()
    return None if found is None else Placed(*found)


def add_alarm(c: C, one: Placed, at: datetime, register: int, permit: bytes, use_case: int) -> int:
    """Keep an alarm that came under a permit. Returns its number."""
    values = {
        "meter": one.meter,
        "connection": one.connection,
        "at": at,
        "register": register,
        "permit": permit,
        "use_case": use_case,
    }
    with rows.cursor(c) as cursor:
        found = cursor.execute(_ADD_ALARM, values).fetchone()
    assert found is not None  # noqa: S101 - one row was inserted
    return int(found[0])


def alarms(c: C, state: str = "told") -> list[Alarm]:
    """Return the alarms in a state, oldest first."""
    with rows.cursor(c) as cursor:
        return [Alarm(*row) for row in cursor.execute(_ALARMS, {"state": state})]


def answer_alarms(c: C, ids: Iterable[int], state: str) -> None:
    """Write what asking the meter showed: confirmed or denied."""
    c.execute(_ANSWER, {"ids": list(ids), "state": state})


def add_firmware(c: C, model: str, version: str, image: bytes, at: datetime) -> bool:
    """Keep a checked image. False if this version of this model was there."""
    with rows.cursor(c) as cursor:
        values = {"model": model, "version": version, "image": image, "at": at}
        return cursor.execute(_ADD_FIRMWARE, values).fetchone() is not None


def firmware(c: C, model: str, version: str) -> Firmware:
    """Return an image. Raises NotFound."""
    with rows.cursor(c) as cursor:
        found = cursor.execute(_FIRMWARE, {"model": model, "version": version}).fetchone()
    if found is None:
        msg = "no such firmware was added"
        raise NotFound(msg)
    return Firmware(*found)


def versions(c: C, model: str) -> list[str]:
    """Return the versions of firmware that were added for a model."""
    with rows.cursor(c) as cursor:
        return [version for (version,) in cursor.execute(_NEWEST, {"model": model})]

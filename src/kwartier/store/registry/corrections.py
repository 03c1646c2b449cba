"""Channel-days that a named person put right: what each said, what it says since, and whether the lake has it yet.

The rows are values of persons: they go when the readings go that they are about (`give_up`, `lapse`), as the owner.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, final

from kwartier.model.channel_day import ChannelDay
from kwartier.model.period import Period
from kwartier.model.register import Channel, Mask
from kwartier.store.registry import rows as _rows
from kwartier.store.registry.rectifications import Told
from kwartier.store.registry.rows import C

_ADD: Final = """
    insert into kw.correction (rectification, connection, channel, day, meter, batch, basis, at, was_start, was_deltas, was_quality,
        now_start, now_deltas, now_quality, period, salt)
    values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) returning id
"""
_COLUMNS: Final = """
    id, rectification, at, period, salt, connection, channel, day, meter, batch, basis, was_start, was_deltas, was_quality,
    now_start, now_deltas, now_quality
"""
_PENDING: Final = f"select {_COLUMNS} from kw.correction where done is null order by id"  # noqa: S608 - constants only
_OF: Final = f"""
    select {_COLUMNS} from kw.correction where connection = %s and day >= %s and day <= %s order by id
"""  # noqa: S608 - constants only
_DONE: Final = "update kw.correction set done = %s where id = any(%s) and done is null"
_TOLD: Final = """
    select p.receiver_role, p.receiver, array_agg(p.id order by p.id) from kw.parcel p
    where p.connection = %(connection)s and p.status = 'delivered' and p.mask & %(mask)s <> 0 and kw.shares(%(wrong)s, p.period)
    and (p.purpose <> 'hand_reading' or %(by_hand)s)
    group by p.receiver_role, p.receiver order by p.receiver_role, p.receiver
"""
# Once for each thing that was handed over, however often; `distinct on` takes the delivery that came first.
_AGAIN: Final = """
    insert into kw.delivery_due (batch, role, receiver, connection, purpose, mask, first_s, last_s, permit, corrects)
    select distinct on (d.role, d.receiver, d.purpose, d.mask, d.first_s, d.last_s)
        d.batch, d.role, d.receiver, d.connection, d.purpose, d.mask, d.first_s, d.last_s, d.permit, %(number)s
    from kw.parcel p join kw.delivery_due d on d.id = p.due where p.id = any(%(parcels)s)
    order by d.role, d.receiver, d.purpose, d.mask, d.first_s, d.last_s, d.id
"""
_FORGET: Final = "select kw.forget_corrections(%s, %s, %s::smallint[], %s, %s)"
_LAPSED: Final = "select distinct day from kw.correction order by day"
_LAPSE: Final = """
    delete from kw.correction where day = %s and basis & %s = 0 and not (connection = any(%s)) and done is not null
"""
# Of a day that two persons share, what it said before goes for both: nobody needs it, and a part of it would be hard to tell.
_GIVE_UP: Final = """
    delete from kw.correction where connection = %(connection)s and basis & ~%(rules)s::bigint = 0 and done is not null
    and tstzrange(day::timestamp at time zone 'Europe/Amsterdam', (day + 1)::timestamp at time zone 'Europe/Amsterdam')
        && %(period)s
"""


@final
@dataclass(frozen=True, slots=True)
class Correction:
    """One channel-day: until `at` it said `was`, since then `now`; None where it is taken out, within `period`.

    What was taken out is another home's: of that `was` says which channel-day, and no values are kept. `salt` is that of its
    digest in the log, empty where there are no values to have one.
    """

    id: int
    rectification: int
    at: datetime
    period: Period
    salt: bytes
    was: ChannelDay
    now: ChannelDay | None


def add(c: C, one: Correction) -> int:
    """Write a correction down; its `id` is made here and returned."""
    was, now = one.was, one.now
    nothing = (None, None, None)
    before = nothing if now is None else (was.start, was.deltas, was.quality)
    after = nothing if now is None else (now.start, now.deltas, now.quality)
    values = (
        *(one.rectification, was.key, int(was.channel), was.day, was.meter, was.batch, was.basis, one.at),
        *(*before, *after, one.period, None if now is None else one.salt),
    )
    with _rows.cursor(c) as cursor:
        row = cursor.execute(_ADD, values).fetchone()
    assert row is not None  # noqa: S101 - an insert that returns
    return int(row[0])


def pending(c: C) -> list[Correction]:
    """Return what was put right and is not in the lake yet, the oldest first."""
    return _select(c, _PENDING, ())


def of(c: C, connection: int, first: date, last: date) -> list[Correction]:
    """Return what was put right about a connection from `first` to `last`, both included, the oldest first."""
    return _select(c, _OF, (connection, first, last))


def _select(c: C, query: str, values: Sequence[object]) -> list[Correction]:
    with _rows.cursor(c) as cursor:
        return [_correction(*row) for row in cursor.execute(query.encode(), values)]


def _correction(number: int, rectification: int, at: datetime, period: Period, salt: bytes | None, *row: Any) -> Correction:  # noqa: ANN401 - a row
    key, channel, day, meter, batch, basis, *values = row
    place = key, Channel(channel), day
    rest = basis, meter, batch
    was = ChannelDay(*place, values[0] or 0, bytes(values[1] or b""), bytes(values[2] or b""), *rest)
    now = None if values[3] is None else ChannelDay(*place, values[3], bytes(values[4]), bytes(values[5]), *rest)
    return Correction(number, rectification, at, period, bytes(salt or b""), was, now)


def done(c: C, numbers: Collection[int], at: datetime) -> None:
    """Write that the lake has these corrections."""
    c.execute(_DONE, (at, list(numbers)))


def handed(c: C, connection: int, wrong: Period, mask: Mask, *, by_hand: bool) -> list[Told]:
    """Return who was handed something about these channels in this time; `by_hand`: also what somebody read at the meter."""
    asked = {"connection": connection, "wrong": wrong, "mask": mask, "by_hand": by_hand}
    with _rows.cursor(c) as cursor:
        return [Told(role, party, tuple(parcels)) for role, party, parcels in cursor.execute(_TOLD, asked)]


def deliver_again(c: C, rectification: int, parcels: Iterable[str]) -> int:
    """Let what these parcels held be due once more: it is decided again, and handed over as it is now. Returns how many."""
    return c.execute(_AGAIN, {"number": rectification, "parcels": list(parcels)}).rowcount


def forget(c: C, connection: int, meter: int, channels: Iterable[Channel], days: tuple[date, date]) -> int:
    """Delete what corrections say of a meter that was another home's, from one day to another, both included. Returns how many."""
    with _rows.cursor(c) as cursor:
        row = cursor.execute(_FORGET, (connection, meter, [int(one) for one in channels], *days)).fetchone()
    assert row is not None  # noqa: S101 - a count
    return int(row[0])


def lapse(c: C, holding: Mapping[date, int], guarded: Collection[int]) -> int:
    """Delete what corrections say of readings that no rule of their basis holds any more, as the owner. Returns how many.

    `holding` has per local day the rules that still hold; of `guarded` connections nothing goes.
    """
    return sum(c.execute(_LAPSE, (day, rules, sorted(guarded))).rowcount for day, rules in holding.items())


def days(c: C) -> list[date]:
    """Return the local days about which there are corrections."""
    return [row[0] for row in c.execute(_LAPSED)]


def give_up(c: C, connection: int, period: Period, rules: int) -> int:
    """Delete what corrections say of a person's time that no other rules than these hold, as the owner. Returns how many."""
    with _rows.cursor(c) as cursor:
        return cursor.execute(_GIVE_UP, {"connection": connection, "period": period, "rules": rules}).rowcount


def as_known(found: Iterable[ChannelDay], corrections: Iterable[Correction], then: datetime) -> list[ChannelDay]:
    """Return channel-days of one connection as they were known at a moment: what was put right later says what it said before.

    What is not held any more, or was another home's, is not told again.
    """
    first: dict[tuple[date, Channel], Correction] = {}
    for one in corrections:
        if one.at > then and one.now is not None:
            first.setdefault((one.was.day, one.was.channel), one)
    return [first[one.day, one.channel].was if (one.day, one.channel) in first else one for one in found]


def by_day(corrections: Iterable[Correction]) -> dict[date, list[Correction]]:
    """Return corrections by the local day that they are about, each in the order in which they were said."""
    found: dict[date, list[Correction]] = defaultdict(list)
    for one in corrections:
        found[one.was.day].append(one)
    return {**found}

"""What the registry can testify when log, store and the meters' own journals are compared. Reads only, as the operator."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import final

from kwartier.model.ground import FactRef, Purpose, Requester, Role
from kwartier.model.period import Period
from kwartier.store.registry import rows as _rows
from kwartier.store.registry.rows import C

_METERS = "select equipment_id, key, model, transformer from kw.meter order by key"
_STOPS = "select fact, ref, at, said from kw.stop order by seq"
_BATCHES = "select id, state from kw.batch"
_PARCELS = """
    select p.id, p.receiver_role, p.receiver, p.connection, p.purpose, p.period, p.mask, p.permit, p.status, coalesce(b.at, p.at),
        b.id, r.code
    from kw.parcel p left join kw.bundle b on b.id = p.bundle left join kw.party r on r.key = p.receiver
    where p.id > %(after)s and p.status <> 'sending' order by p.id limit %(limit)s
"""


@final
@dataclass(frozen=True, slots=True)
class MeterRow:
    """A meter: its key, its model by name, and the transformer if it is a station meter."""

    key: int
    model: str
    transformer: int | None


@final
@dataclass(frozen=True, slots=True)
class Stop:
    """A fact stopped from `at` on, which was said at `said`."""

    at: datetime
    said: datetime

    @property
    def effective(self) -> datetime:
        """From when it can have been known and held."""
        return max(self.at, self.said)


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


def meters(c: C) -> dict[str, MeterRow]:
    """Return every meter by its equipment id."""
    with _rows.cursor(c) as cursor:
        return {equipment: MeterRow(key, model, transformer) for equipment, key, model, transformer in cursor.execute(_METERS)}


def restricted(c: C, restrictions: Sequence[int]) -> dict[int, int]:
    """Return by restriction the connection of which it was said: the gas a meter carries is restricted with its electricity."""
    with _rows.cursor(c) as cursor:
        found = cursor.execute("select id, connection from kw.restriction where id = any(%s)", (list(restrictions),))
        return dict(found.fetchall())


def stops(c: C) -> dict[FactRef, list[Stop]]:
    """Return every stop ever said, by the fact it stops."""
    found: dict[FactRef, list[Stop]] = defaultdict(list)
    with _rows.cursor(c) as cursor:
        for fact, ref, at, said in cursor.execute(_STOPS):
            found[fact, ref].append(Stop(at, said))
    return found


def batches(c: C) -> dict[int, str]:
    """Return the state of every batch."""
    with _rows.cursor(c) as cursor:
        return dict(cursor.execute(_BATCHES).fetchall())


def parcels(c: C, *, after: str = "", limit: int = 2000) -> Sequence[Sent]:
    """Return the next parcels that ended, by id; an empty list is the end."""
    with _rows.cursor(c) as cursor:
        return [
            Sent(i, Requester(Role(role), who), connection, Purpose(purpose), period, mask, permit, status, decided, bundle, box)
            for i, role, who, connection, purpose, period, mask, permit, status, decided, bundle, box in cursor.execute(
                _PARCELS, {"after": after, "limit": limit}
            )
        ]

"""How rows become values: a cursor that answers tuples, with every tstzrange as a `Period`. Private to the registry.

The layout of a range on the wire is that of PostgreSQL's range_send: a byte of flags, then per finite bound its length
(int32) and the bound; a timestamptz is int64 microseconds since 2000-01-01 UTC.
"""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, final

from psycopg import Connection, Cursor
from psycopg.abc import Buffer
from psycopg.adapt import Dumper, Loader
from psycopg.pq import Format
from psycopg.rows import tuple_row

from kwartier.model.period import Period
from kwartier.store.registry.errors import DamagedRow

C = Connection[Any]
Row = tuple[Any, ...]
Rows = Cursor[Row]

TSTZRANGE_OID = 3910
_EMPTY, _NO_LOWER, _NO_UPPER = 0x01, 0x08, 0x10
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


def _moment(eight: bytes) -> datetime:
    return _EPOCH + timedelta(microseconds=int.from_bytes(eight, "big", signed=True))


@lru_cache(maxsize=65_536)
def _period(data: bytes) -> Period | None:
    """Read one range. Periods repeat by the thousand (they start at midnights), and are frozen: so they are shared."""
    flags = data[0]
    if flags & _EMPTY:
        return None
    if flags & _NO_LOWER:
        msg = "a period without a start"
        raise DamagedRow(msg)
    return Period(_moment(data[5:13]), None if flags & _NO_UPPER else _moment(data[17:25]))


@final
class PeriodLoader(Loader):
    """tstzrange (binary) to `Period`; None for the empty range, as of a permission that never lived."""

    format = Format.BINARY

    def load(self, data: Buffer) -> Period | None:
        """Give the period, the same object for the same bytes."""
        return _period(bytes(data))


@final
class PeriodDumper(Dumper):
    """`Period` to tstzrange. One moment is `[x,x]`, which holds it; any other period is half-open."""

    oid = TSTZRANGE_OID

    def dump(self, obj: Period) -> bytes:
        """Give the text form."""
        end = "" if obj.end is None else obj.end.isoformat()
        return f"[{obj.start.isoformat()},{end}{']' if obj.is_moment else ')'}".encode()


def cursor(c: C) -> Rows:
    """Return a cursor of the registry's own habits, whatever the habits of the connection are."""
    made = c.cursor(binary=True, row_factory=tuple_row)
    made.adapters.register_loader("tstzrange", PeriodLoader)
    made.adapters.register_dumper(Period, PeriodDumper)
    return made

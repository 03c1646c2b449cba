"""Which gas meter was coupled to which connection when; a wrong coupling leaves the facts and is kept with what was known of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, final

from psycopg.errors import ExclusionViolation

from kwartier.model.period import Period
from kwartier.store.registry import locks
from kwartier.store.registry import rows as _rows
from kwartier.store.registry.rectifications import Overlaps
from kwartier.store.registry.rows import C

LOCK: Final = 0x6B77_706C_6163_6500
"""Number of the advisory lock that migration 0051 takes for whoever places or couples a meter: "kwplace" in ASCII."""

_OF = "select id, meter, mbus, connection, period from kw.coupling where connection = %s order by lower(period), id"
_THESE = "select id, meter, mbus, connection, period from kw.coupling where id = any(%s) order by id for update"
_NEW = "insert into kw.coupling (meter, mbus, connection, period) values (%s, %s, %s, %s) returning id"
_GAS = "select from kw.connection where key = %s and product = 'gas'"
# Doubted answers of a meter that was never theirs are of no use to who has to look at them.
_ASIDE = """
    delete from kw.quarantine where connection = %(connection)s and meter = %(meter)s
    and kw.shares(%(period)s, tstzrange(to_timestamp(first_s), to_timestamp(last_s), '[]'))
"""


@final
@dataclass(frozen=True, slots=True)
class Coupled:
    """A gas meter on a channel of an electricity meter, and the connection that it measures."""

    id: int
    meter: int
    mbus: int
    connection: int
    period: Period


def of(c: C, connection: int) -> list[Coupled]:
    """Return the couplings of a gas connection."""
    with _rows.cursor(c) as cursor:
        return [Coupled(*row) for row in cursor.execute(_OF, (connection,))]


def these(c: C, numbers: Sequence[int]) -> list[Coupled]:
    """Return couplings by their numbers, and let nobody else change them in this transaction."""
    with _rows.cursor(c) as cursor:
        return [Coupled(*row) for row in cursor.execute(_THESE, (list(numbers),))]


def alone(c: C) -> None:
    """Wait until nobody else places or couples a meter until this transaction ends.

    To be taken before any row is locked: who waits here holds nothing that the one who is waited for may want.
    """
    locks.alone(c, LOCK)


def is_gas(c: C, connection: int) -> bool:
    """True if there is such a connection, and it carries gas."""
    return c.execute(_GAS, (connection,)).fetchone() is not None


def supersede(c: C, coupling: int, rectification: int) -> None:
    """Take a coupling out of the facts; it is kept with the moment at which that was known."""
    c.execute("select kw.supersede('coupling', %s, %s)", (coupling, rectification))


def couple(c: C, old: Coupled, connection: int) -> int:
    """Put a coupling to another connection in the place of one that was taken out. Returns its number. Raises Overlaps."""
    with _rows.cursor(c) as cursor:
        try:
            row = cursor.execute(_NEW, (old.meter, old.mbus, connection, old.period)).fetchone()
        except ExclusionViolation as error:
            msg = "another gas meter is coupled to that connection in that time: put both right in one step"
            raise Overlaps(msg) from error
    assert row is not None  # noqa: S101 - an insert that returns
    return int(row[0])


def drop_aside(c: C, old: Coupled) -> int:
    """Delete the doubted answers about the wrong connection. Returns how many."""
    with _rows.cursor(c) as cursor:
        bounds = {"connection": old.connection, "meter": old.meter, "period": old.period}
        return cursor.execute(_ASIDE, bounds).rowcount

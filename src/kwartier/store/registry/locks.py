"""Advisory locks: one process at a time does this, whatever ends the one that does."""

from psycopg.errors import LockNotAvailable

from kwartier.store.registry import rows
from kwartier.store.registry.rows import C

WAIT_MS = 3000
"""How long to wait for a process that was killed just now: its server process lets go a moment after it."""


def take(c: C, number: int, wait_ms: int = WAIT_MS) -> bool:
    """Take a lock; it is held until it is given back or until the connection ends. False if another has it."""
    with rows.cursor(c) as cursor:
        cursor.execute("select set_config('lock_timeout', %s, false)", (str(wait_ms),))
        try:
            cursor.execute("select pg_advisory_lock(%s)", (number,))
        except LockNotAvailable:
            return False
    return True


def alone(c: C, number: int) -> None:
    """Wait until nobody else is at this until the transaction ends."""
    c.execute("select pg_advisory_xact_lock(%s)", (number,))

"""What a PostgreSQL server keeps of rows that were deleted, and how it lets go of it.

A deleted row stays in its page until the page is reused, in the planner's samples until they are taken anew, and in the write-ahead
log until its segment is recycled, and then in the recycled file. So tables are written anew, and the log goes on until each segment
from before has been removed, or renamed and written over.
"""

import re
import time
from collections.abc import Callable, Sequence
from typing import Final

from psycopg import Connection, sql
from psycopg.errors import Diagnostic, LockNotAvailable

from kwartier.store.postgres.errors import TracesLeft
from kwartier.store.postgres.pools import reached

LOCK_WAIT: Final = "30s"
"""Longest wait for a table that somebody is reading."""
SNAPSHOT_WAIT_S: Final = 20.0
"""Longest wait for transactions that began before the erasure; the server's own, that takes statistics, is one."""
_POLL_S: Final = 0.5
_TURNS: Final = 200
"""More than there can be files that wait to be used again (store/embedded/process.py); each costs tens of milliseconds."""

BY_ADMINISTRATOR: Final = (
    "with wal_recycle = off: select pg_switch_wal(); checkpoint; until pg_wal holds no segment from before the erasure",
    "vacuum full pg_catalog.pg_statistic; in the database of Kwartier",
    "archived WAL and base backups from before: remove them when their own term ends; never restore kw.subject_key from one",
)
"""What an erasure leaves on a server that is not ours, and what its administrator does about it."""


def rewrite(owner_dsn: str, tables: Sequence[str]) -> None:
    """Write these tables and their indexes anew: no page of theirs holds a deleted row. Raises TracesLeft, ServerUnavailable.

    A row that some open transaction may still look at is written anew too, deleted or not: the server says how many those are, and
    such a table is written once more a little later.
    """
    until = time.monotonic() + SNAPSHOT_WAIT_S
    with reached(owner_dsn, autocommit=True) as owner:
        owner.execute("select set_config('lock_timeout', %s, false)", (LOCK_WAIT,))
        for table in tables:
            while _rewritten(owner, table):
                if time.monotonic() > until:
                    msg = (
                        "a transaction from before the erasure is open, so that rows that were erased are still in files of tables"
                    )
                    raise TracesLeft(msg)
                time.sleep(_POLL_S)


def _rewritten(owner: Connection, table: str) -> bool:
    """Write one table anew. True if deleted rows are in it still. Raises TracesLeft if somebody reads it for too long."""
    seen: list[int] = []

    def told(said: Diagnostic) -> None:
        seen.extend(_still_seen(said.message_detail))

    owner.add_notice_handler(told)
    try:
        owner.execute(sql.SQL("vacuum (full, analyze, verbose) {}").format(sql.Identifier(*table.split("."))))
    except LockNotAvailable as fault:
        msg = "a table is in use, so that rows that were erased from it are still in its file"
        raise TracesLeft(msg) from fault
    finally:
        owner.remove_notice_handler(told)
    return any(seen)


def _still_seen(detail: str | None) -> list[int]:
    """Return the number that begins what `vacuum full verbose` says of a table: dead rows that cannot be removed yet."""
    found = re.match(r"\D*(\d+)", detail or "")
    return [int(found[1])] if found else []


def begin_anew(admin_dsn: str) -> None:
    """Remove what the planner and the write-ahead log remember, as the superuser. Raises TracesLeft, ServerUnavailable.

    A checkpoint removes segments from before, or gives them names that come later, to be used again. So the log goes on until it
    has used all of these: a segment that is left early is filled with zeros to its end.
    """
    with reached(admin_dsn, autocommit=True) as admin:
        admin.execute("vacuum full pg_catalog.pg_statistic")
        before = _current(admin)
        _go_on(admin, lambda: _segments(admin)[0] > before)
        waiting = _segments(admin)[-1]  # what comes after this one was written since
        _go_on(admin, lambda: _current(admin) > waiting)


def _go_on(admin: Connection, done: Callable[[], bool]) -> None:
    """Go on with the next segment until this is true. Raises TracesLeft."""
    for _ in range(_TURNS):
        admin.execute("select pg_switch_wal()")
        admin.execute("checkpoint")  # also because an empty segment is not left
        if done():
            return
    msg = "files of the write-ahead log from before the erasure are still there"
    raise TracesLeft(msg)


def _current(admin: Connection) -> str:
    """Return the segment that is written now."""
    found = admin.execute("select pg_walfile_name(pg_current_wal_insert_lsn())").fetchone()
    assert found is not None  # noqa: S101 - a select without from has one row
    return str(found[0])


def _segments(admin: Connection) -> list[str]:
    """Return the segments on disk, as they are written one after another."""
    rows = admin.execute("select name from pg_ls_waldir() where name ~ '^[0-9A-F]{24}$' order by name collate \"C\"")
    return [str(name) for (name,) in rows]

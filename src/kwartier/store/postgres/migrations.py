"""Brings the schema to this version: the numbered .sql files of store/migrations, each once, in order."""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Final, final

from psycopg import Connection
from psycopg.errors import LockNotAvailable, QueryCanceled

from kwartier.store.postgres.errors import MigrationBlocked, MigrationChanged
from kwartier.store.postgres.pools import reached

_NAME: Final = re.compile(r"(\d{4})_([a-z0-9_]+)\.sql")
LOCK: Final = 0x6B77_6D69  # "kwmi": one process migrates at a time
TURN: Final = "120s"
"""Longest wait while another process migrates."""
LOCK_WAIT: Final = "5s"
"""Longest wait for a table. A migration that waits makes all wait that come after it, though what is before it may be a night."""
STATEMENT: Final = "10min"
"""Longest time of one statement of a migration."""


@final
@dataclass(frozen=True, slots=True)
class Migration:
    """One file: its number, its name without number, and its text."""

    number: int
    name: str
    text: bytes

    @property
    def sha256(self) -> bytes:
        """The hash by which a later change is noticed."""
        return hashlib.sha256(self.text).digest()


def packaged() -> Traversable:
    """Return the folder of the migrations that come with Kwartier."""
    return resources.files("kwartier.store") / "migrations"


def read(folder: Traversable) -> list[Migration]:
    """Return the migrations of a folder, by number. Raises MigrationChanged if two have the same number."""
    named = ((_NAME.fullmatch(file.name), file) for file in folder.iterdir())
    found = sorted((Migration(int(m[1]), m[2], f.read_bytes()) for m, f in named if m), key=lambda each: each.number)
    if len({each.number for each in found}) < len(found):
        msg = "two migrations have the same number"
        raise MigrationChanged(msg)
    return found


def migrate(dsn_owner: str, folder: Traversable | None = None) -> list[str]:
    """Apply what was not applied yet, a transaction per file, and return the names of those.

    Raises MigrationChanged, MigrationBlocked; what was applied before the one that was blocked stays.
    """
    wanted = read(folder or packaged())
    try:
        with reached(dsn_owner, autocommit=True) as owner:
            return [f"{each.number:04}_{each.name}" for each in _applied_now(owner, wanted)]
    except (LockNotAvailable, QueryCanceled) as fault:
        msg = "the tables are in use by other processes; end them, or wait until they have ended, and try again"
        raise MigrationBlocked(msg) from fault


def _take_turn(owner: Connection) -> None:
    """Wait for the lock of those who migrate; bound what follows in this transaction."""
    owner.execute("select set_config('lock_timeout', %s, true), set_config('statement_timeout', %s, true)", [TURN, STATEMENT])
    owner.execute("select pg_advisory_xact_lock(%s)", [LOCK])
    owner.execute("select set_config('lock_timeout', %s, true)", [LOCK_WAIT])


def _applied_now(owner: Connection, wanted: list[Migration]) -> Iterator[Migration]:
    with owner.transaction():
        _take_turn(owner)
        owner.execute(
            "create table if not exists kw_migration (number integer primary key, name text not null,"
            " sha256 bytea not null, at timestamptz not null default now())"
        )
        _check(owner, wanted)
    for each in wanted:
        if _apply(owner, each):
            yield each


def _check(owner: Connection, wanted: list[Migration]) -> None:
    """Compare what was applied with what is here."""
    here = {each.number: each.sha256 for each in wanted}
    for number, name, sha256 in owner.execute("select number, name, sha256 from kw_migration order by number"):
        if here.get(number) != sha256:
            msg = f"migration {number:04}_{name} was applied with another text than it has now"
            raise MigrationChanged(msg)


def _apply(owner: Connection, migration: Migration) -> bool:
    """Apply one migration unless another process did meanwhile."""
    with owner.transaction():
        _take_turn(owner)
        if owner.execute("select from kw_migration where number = %s", [migration.number]).fetchone() is not None:
            return False
        owner.execute(migration.text)
        owner.execute(
            "insert into kw_migration (number, name, sha256) values (%s, %s, %s)",
            [migration.number, migration.name, migration.sha256],
        )
    return True

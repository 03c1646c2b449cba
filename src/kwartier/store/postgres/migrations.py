"""Brings the schema to this version: the numbered .sql files of store/migrations, each once, in order."""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable
from typing import final

from psycopg import Connection

from kwartier.store.postgres.errors import MigrationChanged
from kwartier.store.postgres.pools import reached

_NAME = re.compile(r"(\d{4})_([a-z0-9_]+)\.sql")
_LOCK = 0x6B77_6D69  # "kwmi": one process migrates at a time


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
    """Apply what was not applied yet, a transaction per file, and return the names of those. Raises MigrationChanged."""
    wanted = read(folder or packaged())
    with reached(dsn_owner, autocommit=True) as owner:
        return [f"{each.number:04}_{each.name}" for each in _applied_now(owner, wanted)]


def _applied_now(owner: Connection, wanted: list[Migration]) -> Iterator[Migration]:
    with owner.transaction():
        owner.execute("select pg_advisory_xact_lock(%s)", [_LOCK])
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
        owner.execute("select pg_advisory_xact_lock(%s)", [_LOCK])
        if owner.execute("select from kw_migration where number = %s", [migration.number]).fetchone() is not None:
            return False
        owner.execute(migration.text)
        owner.execute(
            "insert into kw_migration (number, name, sha256) values (%s, %s, %s)",
            [migration.number, migration.name, migration.sha256],
        )
    return True

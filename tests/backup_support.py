"""Backups as docs/RETENTION.md tells to make them: all but the keys of persons in one, these keys in another."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from kwartier.store import postgres
from kwartier.workflows.installation import Installation

KEYS = "kw.subject_key"


def dumped(house: Installation, programs: Path, *only: str) -> bytes:
    """Return what `pg_dump` writes of the installation's database."""
    return _run(programs / "pg_dump", admin_of(house), *only)


def admin_of(house: Installation) -> str:
    """Return the administrator's DSN of the installation's own database."""
    name = conninfo_to_dict(house.dsns.owner)["dbname"]
    return make_conninfo(postgres.admin_dsn(house.data, house.dsns), dbname=name)


@contextmanager
def restored(house: Installation, programs: Path, *dumps: bytes) -> Iterator[psycopg.Connection]:
    """Restore these dumps, one after the other, into a database of their own on the same server."""
    admin = postgres.admin_dsn(house.data, house.dsns)
    fresh = make_conninfo(admin, dbname="restored")
    with psycopg.connect(admin, autocommit=True) as c:
        c.execute("create database restored template template0")
        try:
            for dump in dumps:
                _run(programs / "psql", fresh, "--quiet", "--no-psqlrc", "--set=ON_ERROR_STOP=1", given=dump)
            with psycopg.connect(fresh) as there:
                yield there
        finally:
            c.execute("drop database restored with (force)")


def _run(program: Path, dsn: str, *arguments: str, given: bytes | None = None) -> bytes:
    environment = {**os.environ, "PGPASSWORD": str(conninfo_to_dict(dsn).get("password") or "")}
    plain = make_conninfo(dsn, password=None)
    done = subprocess.run(
        [program, f"--dbname={plain}", *arguments], input=given, capture_output=True, env=environment, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout

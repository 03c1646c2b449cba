"""Databases for tests: one private cluster for all workers of a run, a fresh migrated database for every test.

    dsns                a migrated, empty database, as a `Dsns`
    admin_dsn           the superuser of the same database
    empty_dsn           kw_owner of a database that is not migrated
    installation_dir    a new installation folder (0700) whose kwartier.toml points at that database
    postgres_programs   the folder with `initdb` and `postgres` under test
    user                starts a process that uses an embedded server of its own choice

KW_TEST_PG=15 runs them all on Debian's PostgreSQL 15 instead of the one of the wheel: whatever starts an embedded server in that
run, programs of its own included, finds Debian's programs in the wheel's place. A test that uses any of them is marked `database`.
"""

import fcntl
import itertools
import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from kwartier.store.postgres import Dsns, migrate, roles
from kwartier.store.postgres.binaries import WHEELS, find
from kwartier.store.postgres.dsns import OWNER
from kwartier.store.postgres.server import embedded
from postgres_support import User

DEBIAN = Path("/usr/lib/postgresql")
NOT_DURABLE = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=200")
"""Tests of everything but durability: what a test writes need not survive the machine."""

RIGHTS = "select grantee::regrole::text, privilege_type from pg_database, aclexplode(datacl) where datname = %s"

_NEXT = itertools.count()


@dataclass(frozen=True)
class Cluster:
    """A running server with one migrated database, from which the databases of the tests are copied."""

    admin: str
    template: Dsns


def pytest_configure(config: pytest.Config) -> None:
    """Put Debian's programs in the place of the wheel's, for this process and all that it starts."""
    version = os.environ.get("KW_TEST_PG", "")
    if not version:
        return
    assert config.cache is not None
    place = config.cache.mkdir(f"postgresql-{version}")
    sys.path.insert(0, str(place))
    if "PYTEST_XDIST_WORKER" not in os.environ:  # a worker inherits the rest
        _stand_in(place / WHEELS[0], DEBIAN / version / "bin")
        os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (str(place), os.environ.get("PYTHONPATH"))))


def _stand_in(package: Path, programs: Path) -> None:
    """Make a package that is found before the wheel of this name, and holds these programs."""
    (package / "pginstall").mkdir(parents=True, exist_ok=True)
    (package / "__init__.py").write_text("", encoding="utf-8")  # found, never imported
    (package / "pginstall" / "bin").unlink(missing_ok=True)
    (package / "pginstall" / "bin").symlink_to(programs)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs a server."""
    for item in items:
        if {"postgres_cluster", "postgres_programs"} & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.database)


@pytest.fixture(scope="session")
def postgres_programs() -> Path:
    """Return the programs of the PostgreSQL under test: those of the wheel, or Debian's of version KW_TEST_PG."""
    version = os.environ.get("KW_TEST_PG", "")
    programs = DEBIAN / version / "bin" if version else find()
    assert (programs / "initdb").exists(), f"PostgreSQL {version} is not installed"
    assert programs.samefile(find())
    return programs


@pytest.fixture(scope="session")
def postgres_cluster(tmp_path_factory: pytest.TempPathFactory, postgres_programs: Path) -> Iterator[Cluster]:
    """Run one cluster for all workers; the last of them stops it."""
    base = tmp_path_factory.getbasetemp()
    home = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "postgres"
    with embedded(home, programs=postgres_programs, options=NOT_DURABLE) as admin:
        with (home / "making").open("wb") as making:
            fcntl.flock(making, fcntl.LOCK_EX)
            template = roles.provide(home, admin)
            migrate(template.owner)
        yield Cluster(admin, template)


@contextmanager
def _database(cluster: Cluster, template: str) -> Iterator[str]:
    """Give the name of a new database of kw_owner's; drop it afterwards."""
    name = f"test_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}_{next(_NEXT)}"
    with psycopg.connect(cluster.admin, autocommit=True) as admin:
        copy = sql.SQL("create database {} template {} owner {} strategy file_copy")  # half the time of a copy by the log
        admin.execute(copy.format(*map(sql.Identifier, (name, template, OWNER))))
        admin.execute(sql.SQL("revoke all on database {} from public").format(sql.Identifier(name)))
        for role, right in admin.execute(RIGHTS, [roles.DATABASE]).fetchall():  # a copy does not take them along
            grant = sql.SQL(f"grant {right} on database {{}} to {{}}")
            admin.execute(grant.format(sql.Identifier(name), sql.Identifier(role)))
        yield name
        admin.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


@pytest.fixture
def dsns(postgres_cluster: Cluster) -> Iterator[Dsns]:
    """Give a fresh, migrated, empty database and drop it afterwards."""
    with _database(postgres_cluster, roles.DATABASE) as name:
        template = postgres_cluster.template
        yield Dsns(*(make_conninfo(getattr(template, each.name), dbname=name) for each in fields(Dsns)))


@pytest.fixture
def empty_dsn(postgres_cluster: Cluster) -> Iterator[str]:
    """Give the owner's way into a database without any schema of ours."""
    with _database(postgres_cluster, "template0") as name:
        yield make_conninfo(postgres_cluster.template.owner, dbname=name)


@pytest.fixture
def admin_dsn(postgres_cluster: Cluster, dsns: Dsns) -> str:
    """Give the superuser's way into the test's database."""
    return make_conninfo(postgres_cluster.admin, dbname=psycopg.conninfo.conninfo_to_dict(dsns.owner)["dbname"])


@pytest.fixture
def installation_dir(tmp_path: Path, dsns: Dsns) -> Path:
    """Give the folder of an installation that is still empty but for its settings."""
    folder = tmp_path / "installation"
    folder.mkdir(mode=0o700)
    lines = [f"{each.name}_dsn = {json.dumps(getattr(dsns, each.name))}\n" for each in fields(Dsns)]
    (folder / "kwartier.toml").write_text("".join(lines), encoding="utf-8")
    return folder


@pytest.fixture
def user(postgres_programs: Path) -> Iterator[Callable[..., User]]:
    """Make users of embedded servers, each in a process of its own; whoever is left at the end of the test is killed."""
    made: list[User] = []

    def make(home: Path, *, programs: Path = postgres_programs, become: Callable[[], None] | None = None) -> User:
        made.append(User(home, programs, become=become))
        return made[-1]

    yield make
    for each in made:
        if each.process.returncode is None:
            each.kill()

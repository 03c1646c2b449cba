"""A whole night on a server that somebody else runs: prepared as docs/DATABASE.md says, used by four roles kept apart."""

import json
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from chain_support import DAY, processes_of, town
from command_support import kwartier_here
from kwartier.store.postgres.dsns import ROLES
from kwartier.store.postgres.server import embedded
from kwartier.workflows import installation

pytestmark = pytest.mark.database

HOMES = 30
PATIENCE = "# the town answers at once or not at all\nconnect_s = 2.0\nanswer_s = 2.5\nsession_s = 30.0\n"


@dataclass(frozen=True)
class Server:
    """A server with an administrator and a log that says who came in. Our tests start it; for the installation it is a stranger."""

    admin: str
    log: Path
    psql: Path

    def run(self, script: Path) -> None:
        """Do what an administrator does with the SQL."""
        command = [str(self.psql), "-X", "-q", "-d", self.admin, "-f", str(script)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        assert (done.returncode, done.stderr) == (0, "")

    def users(self) -> set[tuple[str, str]]:
        """Return (role, database) of everybody who came in."""
        text = self.log.read_text(encoding="utf-8", errors="replace")
        return set(re.findall(r"connection authorized: user=(\S+) database=(\S+)", text))


@dataclass(frozen=True)
class Night:
    """An installation by DSN after its night, and what each command said."""

    data: Path
    server: Server
    early: str
    imported: dict[str, Any]
    said: dict[str, Any]


def last(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, postgres_programs: Path) -> Iterator[Server]:
    home = tmp_path_factory.mktemp("somebody else") / "pg"
    with embedded(home, programs=postgres_programs, options=("fsync=off", "log_connections=on")) as admin:
        yield Server(admin, home / "server.log", postgres_programs / "psql")


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory, server: Server) -> Iterator[Night]:
    """Prepare the server, import a town, run its night: every step by a command."""
    data = tmp_path_factory.mktemp("by dsn") / "data"
    where = conninfo_to_dict(server.admin)
    data.mkdir(mode=0o700)
    (data / "kwartier.toml").write_text(PATIENCE)
    prepared = kwartier_here(
        "--data", str(data), "database", "prepare", "--server", f"host={where['host']} port={where['port']}", "--name", "readings"
    )
    early = kwartier_here("--data", str(data), "database", "check")
    assert early.returncode == 3
    (data / "prepare.sql").write_text(prepared.stdout)
    server.run(data / "prepare.sql")
    kwartier_here("--data", str(data), "database", "check")
    installation.create(data)
    with town(data, HOMES):
        imported = last(kwartier_here("--data", str(data), "import", str(data / "town" / "import"), "--json"))
        said = last(kwartier_here("--data", str(data), "night", "run", "--date", DAY.isoformat(), "--json"))
        yield Night(data, server, early.stderr, imported, said)


def test_before_the_administrator_was_there_it_says_what_is_missing(night: Night) -> None:
    assert night.early.startswith("not-prepared")
    assert all(f"{role}: it cannot log in" in " ".join(night.early.split()) for role in ROLES)
    assert "password=" not in night.early


def test_the_sql_and_the_settings_keep_the_secrets_apart(night: Night) -> None:
    script, settings = (night.data / "prepare.sql").read_text(), (night.data / "kwartier.toml")
    passwords = re.findall(r"password=([\w-]+)", settings.read_text())
    assert len(set(passwords)) == 4
    assert not any(password in script for password in passwords)
    assert settings.stat().st_mode & 0o777 == 0o600
    assert settings.read_text().startswith(PATIENCE)


def test_import_night_and_replay_work_there(night: Night) -> None:
    assert night.imported["rejected"] == 0
    assert night.imported["added"] > 0
    assert night.said["read"] > 0
    assert night.said["parcels"] > 0
    found = last(kwartier_here("--data", str(night.data), "audit", "replay", "--json"))
    assert found["checked"] > 100
    assert (found["uncovered"], found["over_broad"], found["late"]) == (0, 0, 0)


def test_the_same_night_again_reads_nothing_new(night: Night) -> None:
    again = last(kwartier_here("--data", str(night.data), "night", "run", "--date", DAY.isoformat(), "--json"))
    assert (again["read"], again["parcels"]) == (0, 0)


def test_nobody_but_the_roles_comes_in_and_each_by_its_own_way(night: Night) -> None:
    with installation.opened(night.data) as house:
        with house.portal(1) as c:
            assert c.execute("select count(*) from kw.subject").fetchone() == (1,)
        for role, dsn in house.dsns.by_role().items():
            with psycopg.connect(dsn) as c:
                assert c.execute("select current_user::text").fetchone() == (role,)
    assert {role for role, database in night.server.users() if database == "readings"} == set(ROLES)
    with psycopg.connect(night.server.admin, dbname="readings") as c:
        owners = c.execute(
            "select distinct relowner::regrole::text from pg_class where relnamespace::regnamespace::text in ('kw', 'audit')"
        ).fetchall()
        extensions = c.execute("select extname from pg_extension").fetchall()
    assert owners == [("kw_owner",)]
    assert extensions == [("plpgsql",)], "the administrator need not install any"


def test_a_role_that_lost_its_way_in_is_named(night: Night) -> None:
    grant, revoke = sql.SQL("grant connect on database readings to {}"), sql.SQL("revoke connect on database readings from {}")
    with psycopg.connect(night.server.admin, autocommit=True) as admin:
        admin.execute(revoke.format(sql.Identifier("kw_audit")))
        try:
            refused = kwartier_here("--data", str(night.data), "night", "run", "--date", DAY.isoformat())
        finally:
            admin.execute(grant.format(sql.Identifier("kw_audit")))
    assert refused.returncode == 3
    assert "kw_audit: it cannot log in" in " ".join(refused.stderr.split())
    assert "kw_operator" not in refused.stderr


def test_the_installation_runs_no_server_of_its_own(night: Night) -> None:
    assert not (night.data / "pg").exists()
    town_only = {pid for pid in processes_of(night.data) if b"kwartier.simulator" in Path(f"/proc/{pid}/cmdline").read_bytes()}
    assert set(processes_of(night.data)) == town_only

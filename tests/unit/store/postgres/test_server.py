"""What a running server is like: its files, its locks on the outside world, and what it never says."""

import json
import logging
import os
import stat
from pathlib import Path
from threading import Barrier, Thread

import psutil
import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from kwartier.settings import Settings
from kwartier.store.postgres import Dsns, ServerUnavailable, binaries, migrate, running
from kwartier.store.postgres.server import embedded

FAST = ("fsync=off",)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("server") / "pg"


def _shown(dsn: str, setting: str) -> str:
    with psycopg.connect(dsn) as connection:
        row = connection.execute("select current_setting(%s)", [setting]).fetchone()
    assert row is not None
    return str(row[0])


def test_the_version_under_test_is_the_one_that_runs(tmp_path: Path, admin_dsn: str) -> None:
    """Whether a test brings its own programs or an installation finds them."""
    wanted = os.environ.get("KW_TEST_PG") or "18"
    with running(tmp_path) as dsns:
        assert _shown(dsns.operator, "server_version_num")[:2] == wanted
    assert _shown(admin_dsn, "server_version_num")[:2] == wanted


def test_settings_of_the_server(home: Path, postgres_programs: Path) -> None:
    with embedded(home, programs=postgres_programs, options=FAST) as dsn:
        assert _shown(dsn, "listen_addresses") == ""
        assert _shown(dsn, "data_checksums") == "on"
        assert _shown(dsn, "TimeZone") == "UTC"
        assert _shown(dsn, "server_encoding") == "UTF8"
        assert _shown(dsn, "unix_socket_permissions") == "0700"
        assert int(_shown(dsn, "max_connections")) >= 400, "the pools of a dozen processes, or the workers of a large machine"
        with psycopg.connect(dsn) as connection:
            row = connection.execute(
                "select datlocprovider::text, datcollate from pg_database where datname = 'postgres'"
            ).fetchone()
            methods = connection.execute("select distinct auth_method from pg_hba_file_rules").fetchall()
        assert row is not None
        assert row[0] == ("b" if int(_shown(dsn, "server_version_num")) >= 170000 else "c"), "builtin order where there is one"
        assert methods == [("scram-sha-256",)]
        server = json.loads((home / "server.json").read_text())["server"]
        assert not psutil.Process(server).net_connections("inet")


def test_files_and_socket_are_for_the_owner_only(home: Path, postgres_programs: Path) -> None:
    with embedded(home, programs=postgres_programs, options=FAST) as dsn:
        socket = Path(str(conninfo_to_dict(dsn)["host"]))
        assert len(bytes(socket)) < 80
        assert stat.S_IMODE(socket.stat().st_mode) == 0o700
        assert stat.S_IMODE(home.stat().st_mode) == 0o700
        for path in home.iterdir():
            assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path.name


def test_no_command_line_holds_a_password(home: Path, postgres_programs: Path) -> None:
    with embedded(home, programs=postgres_programs, options=FAST) as dsn:
        password = str(conninfo_to_dict(dsn)["password"])
        state = json.loads((home / "server.json").read_text())
        for pid in (state["server"], state["supervisor"]):
            process = psutil.Process(pid)
            assert password not in " ".join(process.cmdline())
            assert password not in " ".join(process.environ().values())


def test_a_wrong_password_is_refused(home: Path, postgres_programs: Path) -> None:
    with embedded(home, programs=postgres_programs, options=FAST) as dsn, pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(dsn, password="guess")  # noqa: S106 - wrong on purpose


def test_the_log_says_nothing_about_statements_or_values(home: Path, postgres_programs: Path) -> None:
    with embedded(home, programs=postgres_programs, options=FAST) as dsn, psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("create table known (ean text primary key)")
        connection.execute("insert into known values (%s)", ["871687110000000015"])
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.execute("insert into known values (%s)", ["871687110000000015"])
        with pytest.raises(psycopg.errors.InvalidTextRepresentation):
            connection.execute("select '8716x'::int")
        connection.execute("drop table known")
    log = (home / "server.log").read_text()
    assert "ready to accept connections" in log
    assert "8716" not in log
    assert "known" not in log


def test_an_overgrown_log_is_put_aside(home: Path, postgres_programs: Path) -> None:
    with embedded(home, programs=postgres_programs, options=FAST):
        pass  # so that there is one
    with (home / "server.log").open("ab") as log:
        log.truncate((8 << 20) + 1)
    with embedded(home, programs=postgres_programs, options=FAST):
        assert (home / "server.log").stat().st_size < 1 << 20
        assert (home / "server.log.1").stat().st_size > 8 << 20


def test_a_server_that_cannot_start_is_a_typed_error_that_names_the_log(home: Path, postgres_programs: Path) -> None:
    with pytest.raises(ServerUnavailable, match=r"server\.log"), embedded(home, programs=postgres_programs, options=("no_such=1",)):
        pass
    assert "no_such" in (home / "server.log").read_text()


def test_initdb_that_fails_is_a_typed_error(tmp_path: Path, postgres_programs: Path) -> None:
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "postgres").symlink_to(postgres_programs / "postgres")
    (programs / "initdb").write_text("#!/bin/sh\necho no room >&2\nexit 1\n")
    (programs / "initdb").chmod(0o755)
    with pytest.raises(ServerUnavailable, match="initdb failed: no room"), embedded(tmp_path / "pg", programs=programs):
        pass
    assert not list((tmp_path / "pg").glob("cluster*"))


def test_no_programs_is_a_typed_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(binaries, "WHEELS", ("no_such_wheel",))
    with pytest.raises(ServerUnavailable, match="install"), embedded(tmp_path / "pg"):
        pass


def test_an_installation_keeps_its_data_and_its_dsns_are_not_shown(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with running(tmp_path) as first:
        assert migrate(first.owner)[0] == "0001_registry"
        password = str(conninfo_to_dict(first.owner)["password"])
        with psycopg.connect(first.operator) as operator:
            operator.execute("insert into kw.transformer (name, area) values ('T1', 'north')")
    with running(tmp_path, Settings()) as second, psycopg.connect(second.operator) as operator:
        assert migrate(second.owner) == []
        assert operator.execute("select name from kw.transformer").fetchall() == [("T1",)]
    assert password not in repr(first)
    assert password not in caplog.text
    assert "Dsns()" in repr(first)


def test_threads_that_open_a_new_installation_at_once_get_the_same_roles(tmp_path: Path) -> None:
    barrier, found = Barrier(4), []

    def enter() -> None:
        barrier.wait()
        with running(tmp_path) as dsns:
            migrate(dsns.owner)
            passwords = [conninfo_to_dict(dsn)["password"] for dsn in (dsns.owner, dsns.operator, dsns.portal, dsns.audit)]
            found.append(passwords)

    threads = [Thread(target=enter) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(found) == 4
    assert all(each == found[0] for each in found)
    assert len(set(found[0])) == 4


def test_dsns_of_the_settings_are_used_as_they_are(tmp_path: Path, dsns: Dsns) -> None:
    given = Settings(owner_dsn=dsns.owner, operator_dsn=dsns.operator, portal_dsn=dsns.portal, audit_dsn=dsns.audit)
    with running(tmp_path, given) as used:
        assert used == dsns
    assert not (tmp_path / "pg").exists()

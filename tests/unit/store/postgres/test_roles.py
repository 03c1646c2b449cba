"""Four roles with no more rights than they need, made once, by a superuser or by an administrator of a shared server."""

import json
import stat
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from kwartier.settings import Settings
from kwartier.store.postgres import Dsns, NotPrepared, RolesTaken, ServerUnavailable, migrate, roles, running
from kwartier.store.postgres.dsns import ROLES
from kwartier.store.postgres.server import embedded


@pytest.fixture(scope="module")
def server_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("roles") / "pg"


@pytest.fixture
def server_log(server_home: Path) -> Path:
    return server_home / "server.log"


@pytest.fixture(scope="module")
def server(server_home: Path, postgres_programs: Path) -> Iterator[str]:
    """Give the DSN of an administrator, no superuser, of a server without any role of ours."""
    with embedded(server_home, programs=postgres_programs, options=("fsync=off", "log_statement=all")) as dsn:
        with psycopg.connect(dsn, autocommit=True) as superuser:
            superuser.execute("create role chief login createdb createrole password 'chief'")
        yield make_conninfo(dsn, user="chief", password="chief")  # noqa: S106 - of this test


@pytest.fixture
def chief(server: str) -> Iterator[str]:
    """Give the administrator's DSN, and remove afterwards what the test made."""
    yield server
    with psycopg.connect(server, autocommit=True) as connection:
        owned = connection.execute("select from pg_database where datname = %s", [roles.DATABASE]).fetchone()
        if owned is not None:
            connection.execute("grant kw_owner to current_user")
            connection.execute("drop database kwartier")
        for (name,) in connection.execute("select rolname from pg_roles where rolname = any(%s)", [list(ROLES)]).fetchall():
            connection.execute(sql.SQL("drop role {}").format(sql.Identifier(name)))


def test_no_role_has_special_rights(dsns: Dsns, admin_dsn: str) -> None:
    with psycopg.connect(admin_dsn) as connection:
        found = connection.execute(
            "select rolname from pg_roles where rolname = any(%s) and rolcanlogin and not (rolsuper or rolcreatedb"
            " or rolcreaterole or rolreplication or rolbypassrls) order by 1",
            [list(ROLES)],
        ).fetchall()
        member = connection.execute("select count(*) from pg_auth_members where member::regrole::text like 'kw_o%'").fetchone()
    assert [name for (name,) in found] == sorted(ROLES)
    assert member == (0,)
    for dsn in (dsns.operator, dsns.portal, dsns.audit):
        with psycopg.connect(dsn) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("create table public.mine (n integer)")
        with psycopg.connect(dsn) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("select * from kw_migration")


def test_an_administrator_makes_them_on_a_server_by_dsn(tmp_path: Path, chief: str) -> None:
    settings = Settings(admin_dsn=chief)
    with running(tmp_path, settings) as first:
        assert migrate(first.owner)
    with running(tmp_path, settings) as second:
        assert first == second
        with psycopg.connect(second.portal) as portal:
            assert portal.execute("select count(*) from kw.permission").fetchone() == (0,)
    kept = tmp_path / "pg" / roles.ROLES_FILE
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    with psycopg.connect(chief, dbname="postgres") as connection:
        row = connection.execute("select datdba::regrole::text from pg_database where datname = 'kwartier'").fetchone()
        entering = connection.execute(
            "select a.grantee from pg_database d, aclexplode(d.datacl) a where d.datname = 'kwartier' and a.grantee = 0"
        ).fetchall()
    assert row == ("kw_owner",)
    assert entering == [], "nobody but our roles"


def test_no_password_reaches_the_log_of_the_server(tmp_path: Path, chief: str, server_log: Path) -> None:
    made = roles.provide(tmp_path, chief)
    said = server_log.read_text()
    assert 'create role "kw_portal"' in said
    assert not any(str(conninfo_to_dict(dsn)["password"]) in said for dsn in made.by_role().values())


def test_an_administrator_who_may_not_make_them_is_told(tmp_path: Path, chief: str) -> None:
    with psycopg.connect(chief, autocommit=True) as connection:
        connection.execute("create role clerk login password 'clerk'")
        try:
            with pytest.raises(NotPrepared, match="createrole"):
                roles.provide(tmp_path, make_conninfo(chief, user="clerk", password="clerk"))  # noqa: S106 - of this test
        finally:
            connection.execute("drop role clerk")


def test_each_role_has_its_own_settings(dsns: Dsns) -> None:
    with psycopg.connect(dsns.operator) as operator, psycopg.connect(dsns.portal) as portal:
        assert operator.execute("show timezone").fetchone() == portal.execute("show timezone").fetchone() == ("UTC",)
        assert operator.execute("show idle_in_transaction_session_timeout").fetchone() == ("0",)
        assert portal.execute("show statement_timeout").fetchone() == ("15s",)


def test_roles_of_another_installation_are_left_alone(tmp_path: Path, chief: str) -> None:
    mine = roles.provide(tmp_path / "one", chief)
    with pytest.raises(RolesTaken, match="kw_owner"):
        roles.provide(tmp_path / "other", chief)
    psycopg.connect(mine.owner).close()


@pytest.mark.parametrize("done", ["nothing", "roles", "roles and database"])
def test_making_them_is_finished_after_a_kill(tmp_path: Path, chief: str, done: str) -> None:
    path = tmp_path / roles.ROLES_FILE
    before = roles.provide(tmp_path, chief) if done != "nothing" else None
    if before is None:
        path.write_text(json.dumps(dict.fromkeys(ROLES, "drawn")))
    else:
        kept = json.loads(path.read_text())
        path.write_text(json.dumps({role: kept[role] for role in ROLES}))
    if done == "roles":
        with psycopg.connect(chief, autocommit=True) as connection:
            connection.execute("grant kw_owner to current_user")
            connection.execute("drop database kwartier")
            connection.execute("revoke kw_owner from current_user")
    after = roles.provide(tmp_path, chief)
    assert before in (None, after)
    for dsn in (after.owner, after.operator, after.portal, after.audit):
        psycopg.connect(dsn).close()


def test_an_unreachable_server_is_a_typed_error_without_its_dsn(tmp_path: Path) -> None:
    with pytest.raises(ServerUnavailable) as caught:
        roles.provide(tmp_path, "host=127.0.0.1 port=1 user=chief password=hidden connect_timeout=2")
    assert caught.value.__cause__ is None
    assert "hidden" not in str(caught.value)


def test_passwords_are_long_and_differ(dsns: Dsns) -> None:
    drawn = {str(conninfo_to_dict(dsn)["password"]) for dsn in (dsns.owner, dsns.operator, dsns.portal, dsns.audit)}
    assert len(drawn) == 4
    assert min(map(len, drawn)) >= 40

"""A server of somebody else's is looked at before it is used: what a role lacks and what it has too much is named, all at once."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from kwartier.store.postgres import Dsns, NotPrepared, ServerUnavailable, check, roles
from kwartier.store.postgres.server import embedded

Admin = Callable[[str, str], None]


@pytest.fixture(scope="module")
def superuser(tmp_path_factory: pytest.TempPathFactory, postgres_programs: Path) -> Iterator[str]:
    """Give the superuser of a server of its own: roles belong to all databases of a server."""
    with embedded(tmp_path_factory.mktemp("inspection") / "pg", programs=postgres_programs, options=("fsync=off",)) as dsn:
        yield dsn


@pytest.fixture(scope="module")
def prepared(superuser: str, tmp_path_factory: pytest.TempPathFactory) -> Dsns:
    return roles.provide(tmp_path_factory.mktemp("prepared"), superuser)


@pytest.fixture
def admin(superuser: str, prepared: Dsns) -> Iterator[Admin]:
    """Change something of the server now, and do the second statement when the test has ended."""
    undo: list[str] = []
    check(prepared)
    with psycopg.connect(superuser, dbname=roles.DATABASE, autocommit=True) as connection:

        def change(now: str, afterwards: str) -> None:
            connection.execute(now.encode())
            undo.append(afterwards)

        yield change
        for each in reversed(undo):
            connection.execute(each.encode())


def test_a_prepared_server_is_said_nothing_about(prepared: Dsns) -> None:
    check(prepared)


@pytest.mark.parametrize(
    ("now", "afterwards", "said"),
    [
        ("alter role kw_portal superuser", "alter role kw_portal nosuperuser", "kw_portal: it has a right it must not have"),
        ("alter role kw_portal bypassrls", "alter role kw_portal nobypassrls", "kw_portal: it has a right it must not have"),
        ("alter role kw_owner createrole", "alter role kw_owner nocreaterole", "kw_owner: it has a right it must not have"),
        ("grant kw_operator to kw_portal", "revoke kw_operator from kw_portal", "kw_portal: it is a member of another role"),
        ("grant pg_read_all_data to kw_audit", "revoke pg_read_all_data from kw_audit", "kw_audit: it is a member of another"),
        (
            "grant create on schema public to public",
            "revoke create on schema public from public",
            "kw_operator: it may create in schema public",
        ),
        (
            "alter database kwartier owner to kw_admin; grant connect on database kwartier to kw_owner",
            "alter database kwartier owner to kw_owner",
            "kw_owner: it does not own the database",
        ),
        (
            "alter schema public rename to gone",
            "alter schema gone rename to public",
            "kw_owner: it may not create in schema public",
        ),
        ("drop extension plpgsql", "create extension plpgsql", "kw_owner: the extension plpgsql is missing"),
        (
            "alter role kw_operator set idle_in_transaction_session_timeout to '5min'",
            "alter role kw_operator set idle_in_transaction_session_timeout to 0",
            "kw_operator: idle_in_transaction_session_timeout is set",
        ),
        (
            "alter role kw_audit set timezone to 'Europe/Amsterdam'",
            "alter role kw_audit set timezone to 'UTC'",
            "kw_audit: the time zone of its sessions is not UTC",
        ),
        (
            "revoke connect on database kwartier from kw_portal",
            "grant connect on database kwartier to kw_portal",
            "kw_portal: it cannot log in",
        ),
        ("alter role kw_audit nologin", "alter role kw_audit login", "kw_audit: it cannot log in"),
    ],
)
def test_what_is_wrong_is_named_with_its_role(prepared: Dsns, admin: Admin, now: str, afterwards: str, said: str) -> None:
    admin(now, afterwards)
    with pytest.raises(NotPrepared) as caught:
        check(prepared)
    assert said in str(caught.value)
    assert "password=" not in str(caught.value)


def test_all_that_is_wrong_is_said_at_once(prepared: Dsns, admin: Admin) -> None:
    admin("alter role kw_audit nologin", "alter role kw_audit login")
    admin("alter role kw_portal bypassrls", "alter role kw_portal nobypassrls")
    with pytest.raises(NotPrepared) as caught:
        check(prepared)
    assert [line.split(":")[0] for line in str(caught.value).splitlines()[1:]] == ["- kw_portal", "- kw_audit"]


def test_a_database_of_another_encoding_is_refused(prepared: Dsns, admin: Admin) -> None:
    admin("create database latin owner kw_owner encoding 'LATIN1' locale 'C' template template0", "drop database latin")
    with pytest.raises(NotPrepared, match="UTF8"):
        check(Dsns(*(make_conninfo(dsn, dbname="latin") for dsn in prepared.by_role().values())))


def test_dsns_that_lead_to_two_databases_are_refused(prepared: Dsns, admin: Admin) -> None:
    admin("create database other", "drop database other with (force)")
    with pytest.raises(NotPrepared, match="the same database"):
        check(replace(prepared, portal=make_conninfo(prepared.portal, dbname="other")))


def test_a_dsn_of_another_role_is_refused(prepared: Dsns) -> None:
    with pytest.raises(NotPrepared, match="kw_portal: its DSN logs in as another role"):
        check(replace(prepared, portal=prepared.operator))


def test_a_wrong_password_is_told_apart_from_no_server(prepared: Dsns) -> None:
    with pytest.raises(NotPrepared, match="kw_operator: it cannot log in") as caught:
        check(replace(prepared, operator=make_conninfo(prepared.operator, password="guess")))  # noqa: S106 - wrong on purpose
    assert "guess" not in str(caught.value)
    nowhere = make_conninfo(prepared.operator, host="127.0.0.1", port=1)
    with pytest.raises(ServerUnavailable):
        check(replace(prepared, owner=nowhere))


@pytest.mark.parametrize("dsn", ["password=hidden words", "postgresql://[hidden", "nothing=hidden"])
def test_what_is_no_connection_string_is_said_without_quoting_it(prepared: Dsns, dsn: str) -> None:
    with pytest.raises(NotPrepared) as caught:
        check(replace(prepared, owner=dsn))
    assert "hidden" not in str(caught.value)
    assert caught.value.__cause__ is None

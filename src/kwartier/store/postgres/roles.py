"""Makes the database and the four roles, each with no more rights than it needs.

kw_owner owns the database and migrates it; kw_operator, kw_portal and kw_audit only log in: what they may do is granted by the
migrations. None of them is a superuser or may make roles or databases.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import psycopg
from psycopg import Connection, sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from kwartier.store.postgres import secret
from kwartier.store.postgres.dsns import AUDIT, OPERATOR, OWNER, PORTAL, ROLES, Dsns
from kwartier.store.postgres.errors import NotPrepared, RolesTaken
from kwartier.store.postgres.pools import reached

DATABASE: Final = "kwartier"
ROLES_FILE: Final = "roles.json"
RIGHTS: Final = "login nosuperuser nocreatedb nocreaterole noreplication nobypassrls"
ALL: Final = "all"
SETTINGS: Final[Mapping[str, Mapping[str, str]]] = {
    ALL: {"timezone": "UTC"},  # arithmetic on moments in a zone that changes its clocks would be wrong twice a year
    # the walk of a night is one transaction for as long as the night lasts, and its lock an idle session
    OPERATOR: {"statement_timeout": "0", "idle_in_transaction_session_timeout": "0", "idle_session_timeout": "0"},
    # a page that takes longer has lost its reader, and must not keep one of a few connections
    PORTAL: {"statement_timeout": "15s", "idle_in_transaction_session_timeout": "60s"},
}
"""Settings of each role's sessions, whatever the server's own are."""


def provide(home: Path, admin_dsn: str) -> Dsns:
    """Return the DSNs of the four roles in the cluster or server of `admin_dsn`, making what is missing.

    Passwords are drawn once and kept in HOME/roles.json, written before the roles are made and marked after: a kill at any moment
    leaves something that the next call finishes. Any number of processes may call. Raises RolesTaken, NotPrepared if the
    administrator may not make them, ServerUnavailable.
    """
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = home / ROLES_FILE
    kept = _kept(path)
    return _dsns(admin_dsn, kept if kept.get("made") else _made(path, admin_dsn))


def _made(path: Path, admin_dsn: str) -> dict[str, str]:
    """Make the roles and the database unless another process did meanwhile; return the passwords."""
    with secret.alone(path.with_suffix(".lock")):
        kept = _kept(path)
        if kept.get("made"):
            return kept
        kept = {**{role: secret.password() for role in ROLES}, **kept}
        secret.write(path, json.dumps(kept))
        with reached(admin_dsn, autocommit=True) as admin:
            _make(admin, admin_dsn, kept)
        secret.write(path, json.dumps({**kept, "made": "yes"}))
        return kept


def _kept(path: Path) -> dict[str, str]:
    try:
        kept: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    return kept


def _dsns(admin_dsn: str, passwords: dict[str, str]) -> Dsns:
    def of(role: str) -> str:
        return make_conninfo(admin_dsn, dbname=DATABASE, user=role, password=passwords[role])

    return Dsns(owner=of(OWNER), operator=of(OPERATOR), portal=of(PORTAL), audit=of(AUDIT))


def statements(passwords: Mapping[str, str]) -> Iterator[sql.Composed]:
    """Yield what makes the four roles, all in one transaction. No statement holds a password, only what checks one."""
    for role in ROLES:
        name = sql.Identifier(role)
        known = sql.Literal(secret.verifier(passwords[role]))
        yield sql.SQL(f"create role {{}} {RIGHTS} password {{}}").format(name, known)
        for setting, value in {**SETTINGS[ALL], **SETTINGS.get(role, {})}.items():
            yield sql.SQL("alter role {} set {} to {}").format(name, sql.Identifier(setting), sql.Literal(value))


def database_statements(database: str, *, there: bool = False) -> Iterator[sql.Composed]:
    """Yield what makes the database, unless it is there, and lets the four roles in and nobody else. Outside of a transaction."""
    name, owner = sql.Identifier(database), sql.Identifier(OWNER)
    # who makes a database for another, or says who may enter it, must be that other, but for a superuser
    yield sql.SQL("grant {} to current_user").format(owner)
    if not there:
        yield sql.SQL("create database {} owner {} encoding 'UTF8' template template0").format(name, owner)
    yield sql.SQL("revoke all on database {} from public").format(name)
    yield sql.SQL("grant connect on database {} to {}").format(name, sql.SQL(", ").join(map(sql.Identifier, ROLES)))
    yield sql.SQL("revoke {} from current_user").format(owner)


def _make(admin: Connection, admin_dsn: str, passwords: dict[str, str]) -> None:
    try:
        _make_roles(admin, admin_dsn, passwords)
        _make_database(admin)
    except psycopg.errors.InsufficientPrivilege:
        msg = "the role of admin_dsn may not make roles and databases (createrole, createdb)"
        raise NotPrepared(msg) from None


def _make_roles(admin: Connection, admin_dsn: str, passwords: dict[str, str]) -> None:
    """Make all four in one transaction, unless an earlier try of this installation did."""
    there = admin.execute("select rolname from pg_roles where rolname = any(%s)", [list(ROLES)]).fetchall()
    if there:
        _recognise(admin_dsn, passwords)
        return
    with admin.transaction():
        for each in statements(passwords):
            admin.execute(each)


def _recognise(admin_dsn: str, passwords: dict[str, str]) -> None:
    """Raise RolesTaken unless the roles that are there have our passwords."""
    database = conninfo_to_dict(admin_dsn).get("dbname") or "postgres"
    for role in ROLES:
        try:
            psycopg.connect(admin_dsn, user=role, password=passwords[role], dbname=database).close()
        except psycopg.OperationalError as fault:
            msg = f"role {role} of this server belongs to another installation; give all four DSNs"
            raise RolesTaken(msg) from fault


def _make_database(admin: Connection) -> None:
    there = admin.execute("select from pg_database where datname = %s", [DATABASE]).fetchone() is not None
    for each in database_statements(DATABASE, there=there):
        admin.execute(each)

"""Makes the database and the four roles, each with no more rights than it needs.

kw_owner owns the database and migrates it; kw_operator, kw_portal and kw_audit only log in: what they may do is granted by the
migrations. None of them is a superuser or may make roles or databases.
"""

import json
from pathlib import Path

import psycopg
from psycopg import Connection, sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from kwartier.store.postgres import secret
from kwartier.store.postgres.dsns import AUDIT, OPERATOR, OWNER, PORTAL, ROLES, Dsns
from kwartier.store.postgres.errors import RolesTaken
from kwartier.store.postgres.pools import reached

DATABASE = "kwartier"
ROLES_FILE = "roles.json"


def provide(home: Path, admin_dsn: str) -> Dsns:
    """Return the DSNs of the four roles in the cluster or server of `admin_dsn`, making what is missing.

    Passwords are drawn once and kept in HOME/roles.json, written before the roles are made and marked after: a kill at any moment
    leaves something that the next call finishes. Any number of processes may call. Raises RolesTaken, ServerUnavailable.
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
            _make_roles(admin, admin_dsn, kept)
            _make_database(admin)
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


def _make_roles(admin: Connection, admin_dsn: str, passwords: dict[str, str]) -> None:
    """Make all four in one transaction, unless an earlier try of this installation did."""
    there = admin.execute("select rolname from pg_roles where rolname = any(%s)", [list(ROLES)]).fetchall()
    if there:
        _recognise(admin_dsn, passwords)
        return
    with admin.transaction():
        for role in ROLES:
            name = sql.Identifier(role)
            rights = "login nosuperuser nocreatedb nocreaterole noreplication nobypassrls"
            admin.execute(sql.SQL(f"create role {{}} {rights} password {{}}").format(name, sql.Literal(passwords[role])))
            admin.execute(sql.SQL("alter role {} set timezone to 'UTC'").format(name))


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
    name, owner = sql.Identifier(DATABASE), sql.Identifier(OWNER)
    if admin.execute("select from pg_database where datname = %s", [DATABASE]).fetchone() is None:
        admin.execute(sql.SQL("grant {} to current_user").format(owner))
        admin.execute(sql.SQL("create database {} owner {} encoding 'UTF8' template template0").format(name, owner))
        admin.execute(sql.SQL("revoke {} from current_user").format(owner))
    admin.execute(sql.SQL("revoke all on database {} from public").format(name))
    admin.execute(sql.SQL("grant connect on database {} to {}").format(name, sql.SQL(", ").join(map(sql.Identifier, ROLES))))

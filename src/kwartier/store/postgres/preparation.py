"""For a server that somebody else runs: draws the passwords, writes the four DSNs, and gives the SQL for its administrator.

The secrets stay in kwartier.toml (0600). The SQL holds what the server checks passwords with, so it may travel by mail.
"""

import json
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from kwartier import settings
from kwartier.model.errors import BadInput
from kwartier.settings import Settings
from kwartier.store.postgres import roles, secret
from kwartier.store.postgres.dsns import ROLES, Dsns

_HEAD = """\
-- The roles and the database of an installation of Kwartier, for an administrator (createrole, createdb) to run once:
--     psql -X -d postgres -f THIS_FILE
-- PostgreSQL 15 or newer; no extension is needed. It stops at the first error, so roles that are there already stay as they are.
\\set ON_ERROR_STOP on
"""
_OURS = frozenset({"user", "password", "dbname"})
CONNECT_S = 10
"""Longest wait for a connection, unless the server is named with another: a server that is gone must not look like a slow one."""


def prepare(path: Path, server: str, database: str) -> str:
    """Write DSNs into the settings file unless it has them, and return the SQL that makes what they name.

    `server` is a libpq connection string without user, password and database. Raises BadInput, SettingsError.
    """
    chosen = settings.load(path)
    if chosen.admin_dsn:
        msg = "the settings have an admin_dsn: the roles and the database are made from it, when the installation is opened"
        raise BadInput(msg)
    if chosen.embedded:
        dsns = _drawn(server, database)
        _write(path, dsns)
    else:
        dsns = _kept(chosen, server)
    return script(dsns)


def script(dsns: Dsns) -> str:
    """Return the SQL that makes the roles and the database of these DSNs. Raises BadInput if one has no password."""
    parts = {role: conninfo_to_dict(dsn) for role, dsn in dsns.by_role().items()}
    if any(known.get("user") != role or not known.get("password") for role, known in parts.items()):
        msg = "each DSN of the settings must name its own role, kw_owner and so on, and its password"
        raise BadInput(msg)
    databases = {str(known.get("dbname")) for known in parts.values()}
    if len(databases) > 1:
        msg = "the DSNs of the settings name more than one database"
        raise BadInput(msg)
    passwords = {role: str(known["password"]) for role, known in parts.items()}
    return _HEAD + "\n".join(_lines(passwords, databases.pop())) + "\n"


def _lines(passwords: dict[str, str], database: str) -> Iterator[str]:
    yield "begin;"
    yield from (each.as_string() + ";" for each in roles.statements(passwords))
    yield "commit;"
    yield from (each.as_string() + ";" for each in roles.database_statements(database))


def _drawn(server: str, database: str) -> Dsns:
    try:
        given = conninfo_to_dict(server)
    except psycopg.ProgrammingError:
        msg = "the server is named as libpq does: host=... port=... sslmode=..."
        raise BadInput(msg) from None
    if _OURS & given.keys():
        msg = "the server is named without user, password and database: they are made here"
        raise BadInput(msg)
    patience = {} if "connect_timeout" in given else {"connect_timeout": CONNECT_S}
    return Dsns(*(make_conninfo(server, dbname=database, user=role, password=secret.password(), **patience) for role in ROLES))


def _kept(chosen: Settings, server: str) -> Dsns:
    if server:
        msg = "the settings name a server already; leave it out to get its SQL again"
        raise BadInput(msg)
    return Dsns(*(getattr(chosen, f"{each.name}_dsn") for each in fields(Dsns)))


def _write(path: Path, dsns: Dsns) -> None:
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    lines = (f"{each.name}_dsn = {json.dumps(getattr(dsns, each.name), ensure_ascii=False)}\n" for each in fields(Dsns))
    after = f"{before.rstrip()}\n\n".lstrip() + "".join(lines)
    settings.parse(after)
    secret.write(path, after)

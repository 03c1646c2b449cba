"""Looks at a server that somebody else runs, as each of the four roles, and says all that is wrong at once.

Too few rights would stop a night in the middle. Too many are worse: nothing would fail, and a page could show anybody's rows.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, Final, final

import psycopg
from psycopg import Connection
from psycopg.pq import PGconn, Ping

from kwartier.store.postgres.dsns import AUDIT, OPERATOR, OWNER, PORTAL, ROLES, Dsns
from kwartier.store.postgres.errors import NotPrepared, ServerUnavailable

OLDEST: Final = 150000
"""The oldest version of PostgreSQL that Kwartier is tested on, as the server writes it."""


@final
@dataclass(frozen=True, slots=True)
class Need:
    """What must be true, as SQL over `d` (this database) and `r` (this role), of which roles; `else_` says what is wrong."""

    roles: tuple[str, ...]
    holds: str
    else_: str


_MIGHTY: Final = ", ".join(
    f"'{name}'"
    for name in (
        *ROLES,
        *("pg_read_all_data", "pg_write_all_data"),
        *("pg_read_server_files", "pg_write_server_files", "pg_execute_server_program"),
    )
)

NEEDS: Final = (
    Need(ROLES, f"current_setting('server_version_num')::integer >= {OLDEST}", "the server is older than PostgreSQL 15"),
    Need(ROLES, "pg_encoding_to_char(d.encoding) = 'UTF8'", "the database is not encoded in UTF8"),
    Need(ROLES, "current_setting('TimeZone') = 'UTC'", "the time zone of its sessions is not UTC (alter role ... set timezone)"),
    Need(
        ROLES,
        "not (r.rolsuper or r.rolbypassrls or r.rolcreaterole or r.rolreplication)",
        "it has a right it must not have (superuser, bypassrls, createrole or replication)",
    ),
    Need(
        (OPERATOR, PORTAL, AUDIT),
        f"not exists (select from pg_roles o where o.oid <> r.oid and (o.rolsuper or o.rolbypassrls or o.rolname in ({_MIGHTY}))"
        " and pg_has_role(o.oid, 'member'))",
        "it is a member of another role, whose rights it must not have",
    ),
    Need(
        (OPERATOR, PORTAL, AUDIT),
        "not exists (select from pg_namespace n where n.nspname = 'public' and has_schema_privilege(n.oid, 'create'))",
        "it may create in schema public (revoke create on schema public from public)",
    ),
    Need((OWNER,), "d.datdba = r.oid", "it does not own the database (alter database ... owner to kw_owner)"),
    Need(
        (OWNER,),
        "not exists (select from aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) a where a.grantee = 0)",
        "everybody may enter the database (revoke all on database ... from public)",
    ),
    Need(
        (OWNER,),
        "exists (select from pg_namespace n where n.nspname = 'public' and has_schema_privilege(n.oid, 'create'))",
        "it may not create in schema public (grant create on schema public to kw_owner)",
    ),
    Need((OWNER,), "exists (select from pg_language where lanname = 'plpgsql')", "the extension plpgsql is missing"),
    *(
        Need((OPERATOR,), f"current_setting('{name}') = '0'", f"{name} is set (alter role kw_operator set {name} to 0)")
        for name in ("statement_timeout", "idle_in_transaction_session_timeout", "idle_session_timeout")
    ),
)
_WHERE: Final = "select d.oid, pg_postmaster_start_time() from pg_database d where d.datname = current_database()"


def check(dsns: Dsns) -> None:
    """Raise NotPrepared with all that is wrong, ServerUnavailable if no server answers; return if nothing is."""
    with ExitStack() as opened:
        wrong: list[str] = []
        places = set()
        for role, dsn in dsns.by_role().items():
            connection = _connected(dsn)
            if connection is None:
                wrong.append(f"{role}: it cannot log in (role, password, database, right to connect, or pg_hba.conf)")
                continue
            opened.enter_context(connection)
            wrong += [f"{role}: {fault}" for fault in _faults(connection, role)]
            places.add(connection.execute(_WHERE).fetchone())
        if len(places) > 1:
            wrong.append("the four DSNs do not lead to the same database of the same server")
    if wrong:
        msg = "\n- ".join(["the database is not prepared for Kwartier:", *wrong])
        raise NotPrepared(msg)


def _connected(dsn: str) -> Connection[Any] | None:
    """Return a connection, None if the server refuses it. Raises ServerUnavailable, NotPrepared; no text quotes the DSN."""
    try:
        return psycopg.connect(dsn, autocommit=True)
    except psycopg.OperationalError:
        if PGconn.ping(dsn.encode()) in (Ping.OK, Ping.REJECT):
            return None
        msg = "the database server cannot be reached"
        raise ServerUnavailable(msg) from None
    except psycopg.ProgrammingError:
        msg = "a DSN of the settings is no connection string of libpq"
        raise NotPrepared(msg) from None


def _faults(connection: Connection[Any], role: str) -> Iterator[str]:
    found = connection.execute("select current_user::text").fetchone()
    if found != (role,):
        yield "its DSN logs in as another role"
        return
    needs = [need for need in NEEDS if role in need.roles]
    columns = ", ".join(f"coalesce({need.holds}, false)" for need in needs)
    query = f"select {columns} from pg_database d, pg_roles r where d.datname = current_database() and r.rolname = current_user"  # noqa: S608 - constants only
    held = connection.execute(query.encode()).fetchone()
    assert held is not None  # noqa: S101 - this database and this role are there
    yield from (need.else_ for need, holds in zip(needs, held, strict=True) if not holds)

"""The portal sees one subject's rows and writes only that subject's: row-level security, on a real server."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg import Connection, sql

from kwartier.store.postgres import Dsns, Pools

PUBLIC = {"kw.party", "kw.agreement", "kw.suspension", "kw.supplier_default", "kw.use_case", "kw.transformer"}
"""Tables without a word about a person: the portal may read them whole."""

PERSONAL = [
    "subject",
    "use_case_day",
    "subject_key",
    "connection",
    "occupancy",
    "supply",
    "permission",
    "permission_state",
    "permission_event",
    "restriction",
    "parcel",
    "permission_request",
    "request_event",
    "permission_reminder",
    "letter",
    "late_no",
]

# One home, two occupants after each other; a second home of the second one's neighbour. 1 moves out when 2 moves in.
FACTS = """
insert into kw.connection (ean, product, area, capacity_w) values
    ('871687110000000015', 'electricity', 'north', 17250), ('871687110000000022', 'electricity', 'north', 17250);
insert into kw.subject (code, recorded) select 'C' || n, '2024-01-01Z' from generate_series(1, 3) n;
insert into kw.subject_key (subject, wrapped) select key, sha256(code::bytea) || '12345678' from kw.subject;
insert into kw.party (code, name, role) values ('S1', 'Supplier', 'supplier');
insert into kw.occupancy (connection, subject, period) values
    (1, 1, '[2025-01-01, 2026-01-01)'), (1, 2, '[2026-01-01,)'), (2, 3, '[2025-01-01,)');
insert into kw.supply (connection, party, period) values
    (1, 1, '[2025-01-01, 2025-06-01)'), (1, 1, '[2026-01-01,)'), (2, 1, '[2025-01-01,)');
insert into kw.permission (connection, subject, mask, purpose, data, live) values
    (1, 1, 2, 'own page', '[2025-01-01,)', '[2025-02-01,)'),
    (1, 2, 2, 'own page too', '[2026-01-01,)', '[2026-02-01,)'),
    (2, 3, 2, 'own page', '[2025-01-01,)', '[2025-02-01,)');
insert into kw.permission_event (permission, at, event) values (1, '2025-02-01', 'granted'), (2, '2026-02-01', 'granted'),
    (3, '2025-02-01', 'granted');
insert into kw.restriction (connection, kind, period) values
    (1, 'administratively_off', '[2025-03-01, 2025-04-01)'), (2, 'refused', '[2026-06-01,)');
insert into kw.parcel (id, receiver_role, receiver, connection, purpose, period, mask, status, at) values
    ('p1', 'supplier', 1, 1, 'periodic', '[2025-02-01, 2025-03-01)', 2, 'delivered', '2025-03-01'),
    ('p2', 'supplier', 1, 1, 'periodic', '[2026-02-01, 2026-03-01)', 2, 'delivered', '2026-03-01'),
    ('p3', 'supplier', 1, 2, 'periodic', '[2026-02-01, 2026-03-01)', 2, 'delivered', '2026-03-01');
insert into kw.permission_request (origin, party, connection, subject, mask, purpose, data, live_from, live_until, schedule, asked,
    answer_by) select 'party', 1, 1, n, 2, 'app', '[2025-01-01,)', '2025-02-01', '2027-01-01', 'daily', '2025-02-01', '2025-03-01'
    from generate_series(1, 2) as n;
insert into kw.request_event (request, at, event) values (1, '2025-02-01', 'requested'), (2, '2025-02-01', 'requested');
insert into kw.use_case (code, purpose, data_class, mask, area, days, approved, approved_by, yearly_limit, min_group, necessity,
    subsidiarity, proportionality) values
    ('U1', 'outage', 'event_log', 0, 'north', '[2025-01-01, 2027-01-01)', '[2025-01-01, 2027-01-01)', 'x', 9, 5, 'n', 's', 'p');
insert into kw.use_case_day (use_case, connection, day) values (1, 1, '2025-12-30'), (1, 1, '2026-01-02'), (1, 2, '2025-05-05');
insert into kw.permission_reminder (permission, days, at) values (1, 30, '2026-01-01');
insert into kw.letter (permission, days, at, answer_by) values (1, 30, '2026-01-01', '2026-01-31');
insert into kw.late_no (permission, request, at) values (1, null, '2026-01-01'), (null, 2, '2026-02-01');
"""

PERMIT = "insert into kw.permission (connection, subject, mask, purpose, data, live) values "


@pytest.fixture
def pools(dsns: Dsns) -> Iterator[Pools]:
    with Pools(dsns) as opened:
        with opened.operator() as operator:
            operator.execute(FACTS)
        yield opened


def _count(connection: Connection[Any], table: str) -> int:
    row = connection.execute(sql.SQL("select count(*) from kw.{}").format(sql.Identifier(table))).fetchone()
    assert row is not None
    return int(row[0])


def _ids(connection: Connection[Any], table: str, column: str = "id") -> list[object]:
    query = sql.SQL("select {column} from kw.{table} order by 1").format(column=sql.Identifier(column), table=sql.Identifier(table))
    return [value for (value,) in connection.execute(query)]


@pytest.mark.usefixtures("pools")
@pytest.mark.parametrize("table", PERSONAL)
def test_without_a_subject_the_portal_sees_no_row(dsns: Dsns, table: str) -> None:
    with psycopg.connect(dsns.operator) as operator, psycopg.connect(dsns.portal) as portal:
        assert _count(operator, table) > 0
        assert _count(portal, table) == 0


@pytest.mark.parametrize(("subject", "days"), [(1, ["2025-12-30"]), (2, ["2026-01-02"]), (3, ["2025-05-05"])])
def test_on_which_days_a_home_was_looked_at_is_told_to_who_lived_there_then(pools: Pools, subject: int, days: list[str]) -> None:
    with pools.portal(subject) as portal:
        assert [str(one) for one in _ids(portal, "use_case_day", "day")] == days


@pytest.mark.usefixtures("pools")
def test_a_day_that_was_used_is_never_said_to_be_lost(dsns: Dsns) -> None:
    """It is in a sum; as one that was lost the home could be read for a second."""
    with psycopg.connect(dsns.operator) as operator:
        with pytest.raises(psycopg.errors.InsufficientPrivilege), operator.transaction():
            operator.execute("update kw.use_case_day set lost = true where connection = 1")
        operator.execute("insert into kw.use_case_day (use_case, connection, day, lost) values (1, 1, '2026-01-09', true)")
        assert operator.execute("update kw.use_case_day set lost = false where lost").rowcount == 1


@pytest.mark.parametrize(
    ("subject", "seen"),
    [
        (
            1,
            {
                "subject": [1],
                "connection": [1],
                "occupancy": [1],
                "supply": [1],
                "permission": [1],
                "restriction": [1],
                "parcel": ["p1"],
            },
        ),
        (
            2,
            {
                "subject": [2],
                "connection": [1],
                "occupancy": [2],
                "supply": [2],
                "permission": [2],
                "restriction": [],
                "parcel": ["p2"],
            },
        ),
        (
            3,
            {
                "subject": [3],
                "connection": [2],
                "occupancy": [3],
                "supply": [3],
                "permission": [3],
                "restriction": [2],
                "parcel": ["p3"],
            },
        ),
        (4, {"subject": [], "connection": [], "occupancy": [], "supply": [], "permission": [], "restriction": [], "parcel": []}),
    ],
)
def test_each_sees_the_own_home_in_the_own_time(pools: Pools, subject: int, seen: dict[str, list[object]]) -> None:
    with pools.portal(subject) as portal:
        for table, expected in seen.items():
            assert _ids(portal, table, "key" if table in ("subject", "connection") else "id") == expected, table
        assert _ids(portal, "permission_state") == seen["permission"]
        assert _ids(portal, "permission_event", "permission") == seen["permission"]


BOUNDARY = "2026-01-01"
"""The midnight at which 1 moved out and 2 moved in."""


@pytest.mark.parametrize(
    ("period", "seen_by"),
    [
        (f"[2025-12-31, {BOUNDARY}]", {1}),  # the last day of 1: its end touches the time of 2 and is not theirs
        (f"[{BOUNDARY}, 2026-01-02]", {2}),
        (f"[2025-12-01, {BOUNDARY}]", {1}),
        ("[2025-12-31, 2026-01-02]", {1, 2}),
        (f"[{BOUNDARY}, {BOUNDARY}]", {1, 2}),  # a register on the boundary closes one period and opens the next
        ("[2025-06-01, 2025-06-01]", {1}),
        ("[2026-06-01, 2026-06-01]", {2}),
        ("[2024-12-31, 2024-12-31]", set()),
    ],
)
def test_a_parcel_is_seen_by_those_whose_time_it_is_about(pools: Pools, period: str, seen_by: set[int]) -> None:
    """Periods of parcels have both their ends, as deliveries write them."""
    with pools.operator() as operator:
        operator.execute(
            "insert into kw.parcel (id, receiver_role, receiver, connection, purpose, period, mask, status, at)"
            " values ('px', 'third_party', 1, 1, 'third_party_service', %s, 2, 'delivered', '2026-07-01')",
            [period],
        )
    found = set()
    for subject in (1, 2, 3):
        with pools.portal(subject) as portal:
            if "px" in _ids(portal, "parcel"):
                found.add(subject)
    assert found == seen_by


def test_the_identity_ends_with_the_transaction(pools: Pools) -> None:
    for _ in range(3):
        with pools.portal(1) as portal:
            assert _count(portal, "permission") == 1
            backend = portal.info.backend_pid
        with pools.portal(2) as portal:
            assert portal.info.backend_pid == backend, "the same connection"
            assert _ids(portal, "permission") == [2]


def test_the_identity_ends_with_a_failed_transaction_too(pools: Pools, dsns: Dsns) -> None:
    with pytest.raises(psycopg.errors.DivisionByZero), pools.portal(1) as portal:
        portal.execute("select 1 / 0")
    with psycopg.connect(dsns.portal) as portal:
        portal.execute("select set_config('kwartier.subject', '1', true)")
        assert _count(portal, "permission") == 1
        portal.commit()
        assert _count(portal, "permission") == 0


def test_one_may_grant_and_revoke_for_oneself(pools: Pools) -> None:
    with pools.portal(2) as portal:
        made = portal.execute(
            "insert into kw.permission (connection, subject, party, mask, purpose, data, live)"
            " values (1, 2, 1, 2, 'app', '[2026-01-01,)', '[2026-05-01,)') returning id"
        ).fetchone()
        assert made is not None
        portal.execute("insert into kw.permission_event (permission, at, event) values (%s, '2026-05-01', 'granted')", made)
        portal.execute("insert into kw.permission_event (permission, at, event) values (%s, '2026-06-01', 'revoked')", made)
    with pools.operator() as operator:
        live = operator.execute("select upper(live) = '2026-06-01' from kw.permission_state where id = %s", made).fetchone()
        stops = operator.execute("select count(*) from kw.stop where fact = 'permission' and ref = %s", made).fetchone()
    assert (live, stops) == ((True,), (1,))


@pytest.mark.parametrize(
    "statement",
    [
        # for another
        PERMIT + "(2, 3, 2, 'x', '[2026-01-01,)', '[2026-05-01,)')",
        # oneself at another's home
        PERMIT + "(2, 2, 2, 'x', '[2026-01-01,)', '[2026-05-01,)')",
        # the own home before one lived there
        PERMIT + "(1, 2, 2, 'x', '[2025-01-01,)', '[2025-05-01,)')",
        # revoke another's, also the predecessor's at the same home
        "insert into kw.permission_event (permission, at, event) values (3, '2026-05-01', 'revoked')",
        "insert into kw.permission_event (permission, at, event) values (1, '2026-05-01', 'revoked')",
        # an end that only the operator may say
        "insert into kw.permission_event (permission, at, event) values (2, '2026-05-01', 'invalidated')",
        # change or remove what was said, the own included
        "update kw.permission set mask = 511 where id = 2",
        "delete from kw.permission where id = 2",
        "update kw.permission_event set event = 'revoked'",
        "delete from kw.permission_event",
        "update kw.permission_state set live = '[2025-01-01,)'",
        "insert into kw.permission_state values (9, 1, 2, null, 'x', '[2026-01-01,)')",
        "truncate kw.permission cascade",
        # refuse or switch off another's meter, the own one before one lived there, or let another's have it back
        "insert into kw.restriction (connection, kind, period) values (2, 'refused', '[2026-05-01,)')",
        "insert into kw.restriction (connection, kind, period) values (1, 'refused', '[2025-05-01,)')",
        "insert into kw.restriction (connection, kind, period) values (1, 'refused', '[2026-05-01, 2026-06-01)')",
        "update kw.restriction set kind = 'refused'",
        "delete from kw.restriction",
        # anything else
        "insert into kw.occupancy (connection, subject, period) values (2, 2, '[2024-01-01, 2025-01-01)')",
        "update kw.occupancy set period = '[2020-01-01,)'",
        "insert into kw.subject (code) values ('C9')",
        "select * from kw.meter_key",
        "select * from kw.outcome",
        "select equipment_id from kw.meter",
        "alter table kw.permission disable row level security",
        "set role kw_operator",
        "create temporary table mine (n integer)",
    ],
)
def test_what_the_portal_may_not_do(pools: Pools, statement: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege), pools.portal(2) as portal:
        portal.execute(statement.encode())


def test_every_table_the_portal_may_touch_is_public_or_secured(admin_dsn: str) -> None:
    with psycopg.connect(admin_dsn) as connection:
        found = connection.execute(
            "select c.oid::regclass::text, c.relrowsecurity and c.relforcerowsecurity from pg_class c"
            " where c.relkind in ('r', 'p', 'v', 'm') and c.relnamespace::regnamespace::text in ('kw', 'audit', 'public')"
            " and (has_any_column_privilege('kw_portal', c.oid, 'select, insert, update')"
            "      or has_table_privilege('kw_portal', c.oid, 'delete, truncate'))"
        ).fetchall()
    secured = {name for name, both in found if both}
    assert {name for name, both in found if not both} == PUBLIC
    assert {f"kw.{table}" for table in PERSONAL} <= secured


EVENT = ("connection", "id", "nth", "who")
RIGHTS: dict[str, dict[str, set[str]]] = {
    "kw_portal": {
        "SELECT": {
            *(f"kw.{name}" for name in ("agreement", "connection", "coupling", "occupancy", "party", "permission")),
            *(
                f"kw.{name}"
                for name in (
                    "permission_event",
                    "permission_state",
                    "restriction",
                    "subject",
                    "supply",
                    "supplier_default",
                    "suspension",
                    "transformer",
                )
            ),
            *(
                "kw.subject_key",
                "kw.letter",
                "kw.late_no",
                "kw.permission_reminder",
                "kw.permission_request",
                "kw.request_event",
                "kw.use_case",
                "kw.use_case_day",
                "kw.hand_reading",
                "kw.meter(connection)",
                "kw.meter(key)",
                "kw.meter(placed)",
            ),
            *(f"kw.{name}" for name in ("breach_touched", "hold", "objection", "rights_request")),
            *(f"kw.breach({name})" for name in ("id", "known", "nature", "period")),
            *(f"audit.event({name})" for name in EVENT),
            *(f"kw.parcel({name})" for name in ("id", "receiver_role", "receiver", "connection", "purpose")),
            *(f"kw.parcel({name})" for name in ("period", "mask", "status", "reason", "at")),
            *(f"kw.rights_event({name})" for name in ("id", "request", "at", "event", "because", "reached", "due", "entry")),
        },
        "INSERT": {
            *("kw.permission", "kw.permission_event", "kw.request_event", "kw.restriction", "kw.rights_request", "kw.late_no"),
            *(f"kw.rights_event({name})" for name in ("request", "at", "event", "by", "entry")),
        },
        "UPDATE": {"kw.restriction(period)"},
    },
    "kw_audit": {
        "SELECT": {
            *(
                f"audit.{name}"
                for name in ("block", "checkpoint", "cosignature", "crown", "entry", "event", "head", "leaf", "page")
            ),
            *("audit.pending", "audit.place", "audit.tile", "audit.waiting", "kw.staff_act"),
        },
        "INSERT": {
            "kw.staff_act",
            *(f"audit.{name}" for name in ("checkpoint", "cosignature", "head", "place", "tile")),
        },
        "UPDATE": {
            *("audit.block(ties)", "audit.cosignature", "audit.head(last)", "audit.head(nth)", "audit.page(heads)"),
            *("audit.place(greatest)", "audit.place(ids)", "audit.tile(hashes)"),
            *(f"audit.event({name})" for name in ("before", "goes_on", "nth", "salt", "who")),
        },
        "DELETE": {"audit.head", "audit.waiting"},
    },
}


@pytest.mark.parametrize("role", sorted(RIGHTS))
def test_a_role_has_these_rights_and_no_other(role: str, admin_dsn: str) -> None:
    with psycopg.connect(admin_dsn) as connection:
        found = connection.execute(
            "select a.privilege_type, c.oid::regclass::text from pg_class c, aclexplode(c.relacl) a"
            " where a.grantee = %(role)s::regrole"
            " union all"
            " select a.privilege_type, format('%%s(%%s)', t.attrelid::regclass, t.attname)"
            " from pg_attribute t, aclexplode(t.attacl) a where a.grantee = %(role)s::regrole",
            {"role": role},
        ).fetchall()
    rights: dict[str, set[str]] = {}
    for right, place in found:
        rights.setdefault(right, set()).add(place)
    assert rights == RIGHTS[role]


def test_everybody_has_no_right(admin_dsn: str) -> None:
    with psycopg.connect(admin_dsn) as connection:
        tables = connection.execute(
            "select c.oid::regclass::text from pg_class c, aclexplode(c.relacl) a where a.grantee = 0"
            " and c.relnamespace::regnamespace::text in ('kw', 'audit')"
        ).fetchall()
        schemas = connection.execute(
            "select n.nspname from pg_namespace n, aclexplode(n.nspacl) a where a.grantee = 0 and n.nspname in ('kw', 'audit')"
        ).fetchall()
    assert (tables, schemas) == ([], [])


def test_who_runs_with_the_owners_rights_looks_nowhere_but_where_it_says(admin_dsn: str) -> None:
    with psycopg.connect(admin_dsn) as connection:
        found = connection.execute(
            "select p.oid::regprocedure::text, p.proconfig from pg_proc p where p.prosecdef"
            " and p.pronamespace::regnamespace::text in ('kw', 'audit', 'public')"
        ).fetchall()
    assert {name for name, _ in found} >= {"kw.permission_opens()", "kw.permission_ends()", "kw.restriction_stops()"}
    beside = {"plan_cache_mode=force_generic_plan", "enable_seqscan=off"}  # how it is planned says nothing of where it looks
    assert [name for name, config in found if {*config} - beside != {'search_path=""'}] == []


def test_security_holds_for_the_owner_of_the_tables_too(admin_dsn: str) -> None:
    with psycopg.connect(admin_dsn) as connection:
        loose = connection.execute(
            "select oid::regclass::text from pg_class where relrowsecurity and not relforcerowsecurity"
        ).fetchall()
    assert loose == []


@pytest.mark.parametrize(
    "statement",
    [
        "update kw.permission set mask = 511",
        "delete from kw.permission",
        "update kw.permission_event set event = 'revoked'",
        "delete from kw.stop",
        "update kw.permission_state set live = '[2025-01-01,)'",
        "delete from kw.occupancy",
        "drop table kw.stop",
    ],
)
def test_what_the_operator_may_not_do(pools: Pools, statement: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege), pools.operator() as operator:
        operator.execute(statement.encode())


@pytest.mark.usefixtures("pools")
def test_not_even_the_owner_changes_what_was_permitted(dsns: Dsns) -> None:
    forgotten = b"update kw.subject set code = 'forgotten:' || key"
    for statement in (
        b"update kw.permission set mask = 511",
        b"delete from kw.permission_event",
        b"update kw.permission set reference = null",
        forgotten + b"; update kw.permission set reference = 'another'",
        forgotten + b"; update kw.permission set reference = null, mask = 511",
    ):
        with psycopg.connect(dsns.owner) as owner, pytest.raises(psycopg.errors.IntegrityConstraintViolation):
            owner.execute(statement)


@pytest.mark.parametrize("table", ["connection", "subject", "permission", "meter_key", "outcome"])
def test_the_auditor_knows_nothing_of_the_registry(dsns: Dsns, table: str) -> None:
    with psycopg.connect(dsns.audit) as auditor, pytest.raises(psycopg.errors.InsufficientPrivilege):
        _count(auditor, table)


def test_only_the_three_roles_record_lines(admin_dsn: str) -> None:
    """Who records does it by the owner's hand: so nobody else may ask for it, whatever schemas they may use."""
    with psycopg.connect(admin_dsn) as connection:
        found = connection.execute(
            "select a.grantee::regrole::text from pg_proc p, aclexplode(p.proacl) a"
            " where p.pronamespace = 'audit'::regnamespace and p.proname = 'say'"
        ).fetchall()
    assert {role for (role,) in found} == {"kw_owner", "kw_operator", "kw_portal", "kw_audit"}

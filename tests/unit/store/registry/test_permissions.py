import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from kwartier.model.period import Period
from kwartier.store.postgres import Dsns, migrate, migrations
from kwartier.store.registry import overviews, permissions
from kwartier.store.registry.errors import AlreadyPermitted, NotAnOccupant, NotFound
from kwartier.store.registry.permissions import Grant, PartyCount
from registry_support import ALWAYS, NOON, World, between, on, waits_for_a_lock

C = psycopg.Connection[Any]
LATER = NOON + timedelta(days=2)
NEARER_ENDS = 59
"""The number of the migration since when a nearer end is taken."""


@pytest.fixture
def given(world: World) -> Grant:
    """Return what somebody at home may give."""
    home, me = world.connection(), world.subject()
    world.occupancy(home, me, between("2026-01-01"))
    return Grant(home, me, world.party("third_party"), 6, "mijn app", ALWAYS, Period(NOON, on("2027-01-01")))


def test_a_permission_is_given_ended_once_and_cut_at_its_end(operator: C, given: Grant) -> None:
    key = permissions.grant(operator, given, NOON)
    (row,) = permissions.of_subject(operator, given.subject)
    assert (row.id, row.live, row.given, row.ended) == (key, given.live, given.live, None)
    assert permissions.own(operator, given.subject, key, LATER) == row
    assert permissions.revoke(operator, key, LATER) is True
    assert permissions.revoke(operator, key, LATER + timedelta(days=1)) is False
    (row,) = permissions.of_subject(operator, given.subject)
    assert (row.live, row.given, row.ended, row.ended_at) == (Period(NOON, LATER), given.live, "revoked", LATER)
    assert permissions.own(operator, given.subject, key, LATER) is None


def test_an_end_still_to_come_gives_way_to_a_nearer_one_and_to_no_other(operator: C, given: Grant) -> None:
    key, far = permissions.grant(operator, given, NOON), on("2026-12-01")
    day = timedelta(days=1)
    ends = [(far, True), (far, False), (far + day, False), (LATER, True), (far - day, False), (LATER, False), (LATER - day, True)]
    assert [permissions.revoke(operator, key, at, "terminated") for at, _ in ends] == [taken for _, taken in ends]
    row = permissions.theirs(operator, given.subject, key)
    assert row is not None
    assert (row.live, row.ended_at) == (Period(NOON, LATER - day), LATER - day)
    assert permissions.own(operator, given.subject, key, NOON) == row
    assert permissions.overview(operator, NOON) == [PartyCount(given.party, 1, 0, 0)]
    assert permissions.overview(operator, LATER) == [PartyCount(given.party, 0, 1, 0)]
    (told,) = overviews.listed(operator, None)
    assert told.event_at == LATER - day


def test_an_end_still_to_come_from_before_gives_way_too(empty_dsn: str, tmp_path: Path) -> None:
    """In a registry of whose permissions each could have one end only."""
    now = tmp_path / "now"
    shutil.copytree(str(migrations.packaged()), now)
    later = [path for path in now.glob("*.sql") if int(path.name[:4]) >= NEARER_ENDS]
    texts = {path: path.read_text("utf-8") for path in later}
    for path in later:
        path.unlink()
    migrate(empty_dsn, now)
    with psycopg.connect(empty_dsn) as c:
        world = World(c)
        home, me = world.connection(), world.new("subject", code="ME")
        world.occupancy(home, me)
        key = world.permission(home, me, world.party("third_party"), between("2026-01-01", "2027-01-15"))
        end = "insert into kw.permission_event (permission, at, event) values (%s, %s, 'terminated') returning id"
        c.execute(end, (key, on("2026-12-01")))
        with pytest.raises(psycopg.errors.UniqueViolation), c.transaction():
            c.execute(end, (key, NOON))
    for path, text in texts.items():
        path.write_text(text, "utf-8")
    assert "0059_nearer_ends" in migrate(empty_dsn, now)
    with psycopg.connect(empty_dsn) as c:
        assert permissions.own(c, me, key, NOON) is not None
        assert [permissions.revoke(c, key, at) for at in (on("2026-12-01"), NOON, LATER)] == [False, True, False]
        assert permissions.own(c, me, key, NOON) is None


def test_what_was_over_before_it_began_is_not_ended_again(operator: C, given: Grant) -> None:
    key = permissions.grant(operator, given, NOON)
    early = timedelta(hours=1)
    assert [permissions.revoke(operator, key, NOON - n * early) for n in range(3)] == [True, False, False]
    assert permissions.own(operator, given.subject, key, NOON - early) is None


def test_of_two_who_end_it_at_once_the_nearest_counts(operator: C, given: Grant, dsns: Dsns) -> None:
    """The second waits for the first, and sees what it wrote."""
    key = permissions.grant(operator, given, NOON)
    operator.commit()

    def end(at: datetime) -> bool:
        with psycopg.connect(dsns.operator) as c:
            return permissions.revoke(c, key, at)

    with ThreadPoolExecutor(2) as threads, psycopg.connect(dsns.operator, autocommit=True) as asking:
        assert permissions.revoke(operator, key, LATER, "terminated")
        later, nearer = threads.submit(end, LATER + timedelta(days=1)), threads.submit(end, NOON + timedelta(days=1))
        waits_for_a_lock(asking, later)
        waits_for_a_lock(asking, nearer)
        operator.commit()
        assert (later.result(), nearer.result()) == (False, True)


def test_a_permission_that_ran_out_is_not_the_persons_to_end(operator: C, given: Grant) -> None:
    key = permissions.grant(operator, given, NOON)
    assert permissions.own(operator, given.subject, key, on("2027-01-01")) is None
    assert permissions.own(operator, given.subject + 1, key, NOON) is None
    assert permissions.own(operator, given.subject, key + 1, NOON) is None


def test_the_same_party_and_purpose_twice_is_refused_until_the_first_has_ended(operator: C, given: Grant) -> None:
    key = permissions.grant(operator, given, NOON)
    again = replace(given, live=Period(LATER))
    with pytest.raises(AlreadyPermitted):
        permissions.grant(operator, again, LATER)
    permissions.grant(operator, replace(again, purpose="iets anders"), LATER)
    permissions.grant(operator, replace(again, party=None), LATER)
    permissions.revoke(operator, key, LATER)
    assert permissions.grant(operator, again, LATER) > key


def test_only_who_lives_there_gives(operator: C, given: Grant, world: World) -> None:
    for wrong in (
        replace(given, subject=world.subject()),
        replace(given, connection=world.connection()),
        replace(given, live=Period(on("2025-12-31"))),
    ):
        with pytest.raises(NotAnOccupant):
            permissions.grant(operator, wrong, NOON)
    assert permissions.of_subject(operator, given.subject) == []


def test_the_portal_gives_and_ends_what_is_the_persons_own_and_nothing_else(
    operator: C, given: Grant, world: World, portal: Callable[[int], C]
) -> None:
    neighbour = world.subject()
    world.occupancy(world.connection(), neighbour)
    c = portal(given.subject)
    key = permissions.grant(c, given, NOON)
    c.commit()
    other = portal(neighbour)
    assert permissions.of_subject(other, given.subject) == []
    with pytest.raises(NotFound):
        permissions.revoke(other, key, LATER)
    with pytest.raises(NotAnOccupant):
        permissions.grant(other, given, NOON)
    with pytest.raises(psycopg.errors.InsufficientPrivilege), other.transaction():
        other.execute("insert into kw.permission_event (permission, at, event) values (%s, now(), 'revoked')", (key,))
    with pytest.raises(psycopg.errors.InsufficientPrivilege), other.transaction():
        other.execute("insert into kw.permission_state select * from kw.permission_state")
    c = portal(given.subject)
    assert permissions.revoke(c, key, LATER)
    c.commit()
    operator.rollback()
    assert permissions.own(operator, given.subject, key, LATER) is None


def test_the_overview_counts_by_party_and_names_nobody(operator: C, given: Grant) -> None:
    first = permissions.grant(operator, given, NOON)
    permissions.grant(operator, replace(given, party=None), NOON)
    permissions.grant(operator, replace(given, purpose="kort", live=Period(NOON, NOON + timedelta(hours=1))), NOON)
    permissions.revoke(operator, first, LATER)
    assert permissions.overview(operator, LATER) == [PartyCount(None, 1, 0, 0), PartyCount(given.party, 0, 1, 1)]


@pytest.mark.parametrize(
    "change",
    [
        "update kw.permission set purpose = 'more'",
        "delete from kw.permission",
        "update kw.permission_event set at = now()",
        "delete from kw.permission_event",
        "update kw.stop set at = now()",
        "delete from kw.stop",
    ],
)
def test_what_was_said_is_never_changed(operator: C, given: Grant, change: str, admin_dsn: str) -> None:
    permissions.revoke(operator, permissions.grant(operator, given, NOON), LATER)
    operator.commit()
    with psycopg.connect(admin_dsn) as admin, pytest.raises(psycopg.errors.IntegrityConstraintViolation):
        admin.execute(change.encode())


@pytest.mark.parametrize(
    "change",
    [
        "update kw.supply set party = party + 1",
        "update kw.supply set connection = connection + 1",
        "update kw.supply set period = tstzrange(lower(period) - interval '1 day', null)",
    ],
)
def test_of_a_fact_with_an_end_only_the_end_may_change(operator: C, given: Grant, world: World, change: str) -> None:
    world.supply(given.connection, world.party())
    operator.execute("update kw.supply set period = tstzrange(lower(period), now())")
    with pytest.raises(psycopg.errors.IntegrityConstraintViolation):
        operator.execute(change.encode())


FILL = """
    insert into kw.connection (ean, product, area, capacity_w)
        select '8717' || lpad(n::text, 14, '0'), 'electricity', 'wijk', 17250 from generate_series(1, 2000) n;
    insert into kw.subject (code, recorded) select 'S' || n, now() from generate_series(1, 2000) n;
    insert into kw.permission (connection, subject, party, mask, purpose, data, live)
        select c.key, s.key, null, 6, 'inzicht', '[2026-01-01,)', '[2026-01-01,2027-01-01)'
        from kw.connection c join kw.subject s on s.code = 'S' || right(c.ean, 14)::bigint
"""


def test_who_asks_about_one_person_or_one_permission_reads_those_of_nobody_else(operator: C) -> None:
    def read() -> dict[str, int]:
        """Return how many rows were read of whole tables in this transaction."""
        return dict(
            operator.execute("select relname, seq_tup_read from pg_stat_xact_user_tables where schemaname = 'kw'").fetchall()
        )

    operator.execute(FILL)
    found = operator.execute("select id, subject from kw.permission order by id limit 1").fetchone()
    assert found is not None
    before = read()
    assert [one.id for one in permissions.of_subject(operator, found[1])] == [found[0]]
    with pytest.raises(NotFound):
        overviews.one(operator, "of another administrator")
    assert read() == before

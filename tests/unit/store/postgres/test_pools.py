"""Transactions from pools: committed or rolled back whole, and back again after the server was."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest
from psycopg_pool import ConnectionPool

from kwartier.store.postgres import Dsns, Pools, ServerUnavailable, connect, migrate, running
from kwartier.store.postgres import pools as pools_module
from postgres_support import left, processes

NOWHERE = "host=127.0.0.1 port=1 user=kw_operator password=hidden connect_timeout=2"
INSERT = "insert into kw.transformer (name, area) values ('T1', 'north')"


def _names(dsn: str) -> list[tuple[str]]:
    with psycopg.connect(dsn) as connection:
        return connection.execute("select name from kw.transformer").fetchall()


def _insert_and_fail(operator: psycopg.Connection[Any]) -> None:
    operator.execute(INSERT)
    _ = 1 / 0


def test_a_transaction_commits_at_its_end_and_an_exception_undoes_it(dsns: Dsns) -> None:
    with Pools(dsns) as pools:
        with pytest.raises(ZeroDivisionError), pools.operator() as operator:
            _insert_and_fail(operator)
        assert _names(dsns.operator) == []
        with pools.operator() as operator:
            operator.execute(INSERT)
        assert _names(dsns.operator) == [("T1",)]


def test_who_loads_facts_sees_one_snapshot_and_writes_nothing(dsns: Dsns) -> None:
    count = "select count(*) from kw.transformer"
    with Pools(dsns) as pools:
        with pools.looking() as looking:
            before = looking.execute(count).fetchone()
            with pools.operator() as operator:
                operator.execute(INSERT)
            assert looking.execute(count).fetchone() == before == (0,)
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction), pools.looking() as looking:
            looking.execute(INSERT)
        with pools.operator() as operator:  # the same connection, and as any other again
            operator.execute("insert into kw.transformer (name, area) values ('T2', 'north')")
        assert len(_names(dsns.operator)) == 2


def test_a_connection_of_ones_own_does_the_same(dsns: Dsns) -> None:
    with pytest.raises(ZeroDivisionError), connect(dsns.operator) as operator:
        _insert_and_fail(operator)
    assert _names(dsns.operator) == []
    with connect(dsns.operator) as operator:
        operator.execute(INSERT)
    assert operator.closed
    assert _names(dsns.operator) == [("T1",)]


def test_each_pool_is_its_role(dsns: Dsns) -> None:
    with Pools(dsns) as pools, pools.operator() as operator, pools.portal(1) as portal, pools.audit() as auditor:
        found = [each.execute("select current_user::text").fetchone() for each in (operator, portal, auditor)]
    assert found == [("kw_operator",), ("kw_portal",), ("kw_audit",)]


def test_threads_at_once_keep_their_identities_apart(dsns: Dsns) -> None:
    def who(subject: int) -> bool:
        with pools.portal(subject) as portal:
            return portal.execute("select kw.me(), pg_sleep(0.002)").fetchone() == (subject, "")

    with Pools(dsns, most=3) as pools, ThreadPoolExecutor(8) as threads:
        assert all(threads.map(who, range(1, 101)))


def test_a_subject_is_a_number(dsns: Dsns) -> None:
    with Pools(dsns) as pools, pytest.raises(ValueError, match="invalid literal"), pools.portal("1; select 1"):  # type: ignore[arg-type] # what a careless caller may do
        pass


def test_no_server_is_a_typed_error_without_the_password(dsns: Dsns) -> None:
    with pytest.raises(ServerUnavailable) as caught, connect(NOWHERE):
        pass
    assert "hidden" not in str(caught.value)
    nowhere = Dsns(NOWHERE, NOWHERE, NOWHERE, NOWHERE)
    with Pools(nowhere, wait_s=0.3) as pools, pytest.raises(ServerUnavailable), pools.operator():
        pass
    with Pools(dsns, most=1, wait_s=0.3) as pools, pools.operator(), pytest.raises(ServerUnavailable), pools.operator():
        pass


def _insert_when_cut_off(operator: psycopg.Connection[Any], admin_dsn: str) -> None:
    with psycopg.connect(admin_dsn, autocommit=True) as admin:
        admin.execute("select pg_terminate_backend(%s)", [operator.info.backend_pid])
    operator.execute(INSERT)


def _take_too_long(operator: psycopg.Connection[Any]) -> None:
    operator.execute("set local statement_timeout = 1")
    operator.execute("select pg_sleep(60)")


def test_a_connection_that_ends_under_its_user_is_a_typed_error(dsns: Dsns, admin_dsn: str) -> None:
    with Pools(dsns) as pools:
        with pytest.raises(ServerUnavailable, match="lost"), pools.operator() as operator:
            _insert_when_cut_off(operator, admin_dsn)
        with pools.operator() as operator:
            operator.execute(INSERT)
    assert _names(dsns.operator) == [("T1",)]


def _cut_off(operator: psycopg.Connection[Any], admin_dsn: str) -> int:
    """End a connection that nobody uses, and wait until it is gone; return whose it was."""
    backend = operator.info.backend_pid
    with psycopg.connect(admin_dsn, autocommit=True) as admin:
        assert admin.execute("select pg_terminate_backend(%s, 10000)", [backend]).fetchone() == (True,)
    return backend


@pytest.mark.parametrize("fresh_s", [60.0, 0.0])
def test_a_connection_that_ended_unused_is_not_given_again(
    fresh_s: float, dsns: Dsns, admin_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pools_module, "_FRESH_S", fresh_s)
    with Pools(dsns, most=1) as pools:
        with pools.operator() as operator:
            assert operator.execute("select 1").fetchone() == (1,)
        gone = _cut_off(operator, admin_dsn)
        with pools.operator() as operator:
            assert operator.execute("select 1").fetchone() == (1,)
            assert operator.info.backend_pid != gone


def test_only_a_connection_that_nobody_used_for_a_while_is_asked(dsns: Dsns, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []
    monkeypatch.setattr(ConnectionPool, "check_connection", asked.append)
    with Pools(dsns, most=1) as pools:
        for _ in range(3):
            with pools.operator() as operator:
                operator.execute("select 1")
        assert len(asked) == 1, "a new one"
        monkeypatch.setattr(pools_module, "_FRESH_S", 0.0)
        with pools.operator():
            assert len(asked) == 2


def test_any_other_failure_is_told_as_it_is(dsns: Dsns) -> None:
    with Pools(dsns) as pools, pytest.raises(psycopg.errors.QueryCanceled), pools.operator() as operator:
        _take_too_long(operator)


def test_a_pool_recovers_when_another_process_restarted_the_server(tmp_path: Path) -> None:
    with running(tmp_path) as dsns, Pools(dsns) as pools:
        migrate(dsns.owner)
        with pools.operator() as operator:
            operator.execute(INSERT)
        there = processes(tmp_path / "pg")
        psutil.Process(there[0].pid).kill()
        assert not left(there)
        with running(tmp_path), pools.operator() as operator:
            assert operator.execute("select name from kw.transformer").fetchall() == [("T1",)]

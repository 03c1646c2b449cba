"""Lines about a person follow one another by number and hash: one left out shows to who holds the others, erased ones to nobody."""

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from kwartier.audit import evidence
from kwartier.audit.canonical import canonical
from kwartier.audit.events import Event, EventKind
from kwartier.audit.left_out import left_out
from kwartier.audit.log import Leaf, Log
from kwartier.audit.verify import Verified, verify
from kwartier.keys import signing
from kwartier.model.period import Period
from kwartier.store.postgres import Dsns

C = psycopg.Connection[Any]
AT = datetime(2026, 11, 24, tzinfo=UTC)
DAY = Period(AT - timedelta(hours=1), AT + timedelta(days=1))


@pytest.fixture
def log(tmp_path: Path) -> Log:
    for name in ("keys", "audit"):
        (tmp_path / name).mkdir(mode=0o700)
    return Log(signing.create(tmp_path / "keys", "kwartier.test/log"), tmp_path / "audit")


def event(n: int, subject: str = "anna") -> Event:
    return Event(AT + timedelta(minutes=n), EventKind.VIEW_SHOWN, "customer:1", subject, 7, {"n": n})


def batch(c: C, log: Log, *subjects: str) -> None:
    lines = [Leaf(7, subject, canonical({"c": 7, "n": n})) for n, subject in enumerate(subjects)]
    log.record_batch(c, EventKind.BATCH_READ, 1, AT, "operator", lines, {})


def proved(dsns: Dsns, log: Log, subject: str = "anna") -> list[Verified]:
    """Prove every line about a person at connection 7, and check the proofs."""
    with psycopg.connect(dsns.audit) as c:
        log.integrate(c)
    with psycopg.connect(dsns.operator) as c:
        return [
            verify(log.proof(c, one.entry) if one.leaf is None else log.leaf_proof(c, one.entry, one.leaf), log.vkey, subject)
            for one in log.of_subject(c, subject, 7, DAY)
        ]


def written(dsns: Dsns, log: Log) -> None:
    for n in range(4):
        with psycopg.connect(dsns.operator) as c:
            log.record(c, [event(3 * n), event(3 * n + 1, "bert"), event(3 * n + 2)])
            batch(c, log, "anna", "bert", "anna")


def places(found: list[Verified]) -> list[tuple[bool, int]]:
    return sorted((one.place.batch, one.place.nth) for one in found if one.place is not None)


def test_every_line_has_its_place(dsns: Dsns, log: Log) -> None:
    written(dsns, log)
    for subject in ("anna", "bert"):
        found = proved(dsns, log, subject)
        count = len(found) // 2
        assert places(found) == [(kind, nth + 1) for kind in (False, True) for nth in range(count)]
        assert left_out(found) == []


def test_one_left_out_shows(dsns: Dsns, log: Log) -> None:
    written(dsns, log)
    found = proved(dsns, log)
    for one in found:
        assert one.place is not None
        others = [other for other in found if other is not one]
        ends = one.place.nth in {1, 8}
        assert len(left_out(others)) == (0 if ends else 1), one.place


def test_what_was_rolled_back_leaves_no_gap(dsns: Dsns, log: Log) -> None:
    written(dsns, log)
    with psycopg.connect(dsns.operator) as c:
        log.record(c, [event(50)])
        batch(c, log, "anna")
        c.rollback()
    with psycopg.connect(dsns.operator) as c:
        log.record(c, [event(51)])
        batch(c, log, "anna")
    assert left_out(proved(dsns, log)) == []


def test_many_at_once_make_one_chain(dsns: Dsns, log: Log) -> None:
    def write(first: int) -> None:
        with psycopg.connect(dsns.operator) as c:
            for n in range(first, first + 12):
                log.record(c, [event(n), event(n, "bert")] if n % 2 else [event(n, "bert"), event(n)])
                c.commit()

    threads = [threading.Thread(target=write, args=(100 * n,)) for n in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    with psycopg.connect(dsns.audit) as c:
        log.integrate(c)
        for subject in ("anna", "bert"):
            lines = log.of_subject(c, subject, 7, Period(AT, None))
            found = [verify(log.proof(c, one.entry), log.vkey, subject) for one in lines]
            assert places(found) == [(False, n + 1) for n in range(48)]
            assert left_out(found) == []


def test_erased_lines_point_nowhere_and_those_of_others_follow_on(dsns: Dsns, log: Log) -> None:
    written(dsns, log)
    proved(dsns, log)
    with psycopg.connect(dsns.audit) as c:
        assert log.erase(c, "anna", 7, DAY) == 16
        tied = "select count(*) from audit.{} where subject is not null and (salt is null) <> (nth is null or before is null)"
        assert all(c.execute(tied.format(table)).fetchone() == (0,) for table in ("entry", "leaf"))
        assert {one.batch for one in evidence.standings(c)} == {False, True}
        assert len(evidence.standings(c)) == 2
    assert left_out(proved(dsns, log, "bert")) == []
    with psycopg.connect(dsns.operator) as c:
        log.record(c, [event(40)])
    assert places(proved(dsns, log)) == [(False, 1)]


def test_a_part_erased_shows_as_missing_and_the_rest_goes_on(dsns: Dsns, log: Log) -> None:
    written(dsns, log)
    proved(dsns, log)
    with psycopg.connect(dsns.audit) as c:
        assert log.erase(c, "anna", 7, Period(AT + timedelta(minutes=1), AT + timedelta(minutes=4))) == 2
    with psycopg.connect(dsns.operator) as c:
        log.record(c, [event(40)])
    found = proved(dsns, log)
    assert places([one for one in found if one.line is None]) == [(False, n) for n in (1, 4, 5, 6, 7, 8, 9)]
    assert len(left_out(found)) == 2

"""Lines that are written once: what a migration makes of those that were copied into the tree, and of chains."""

import shutil
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from unittest.mock import ANY

import psycopg
import pytest
from psycopg import IsolationLevel

from kwartier.audit import chain, evidence, order, tiles, tree
from kwartier.audit.chain import Head, Key
from kwartier.audit.errors import BrokenLog
from kwartier.audit.events import Event, EventKind
from kwartier.audit.left_out import left_out
from kwartier.audit.log import Log
from kwartier.audit.recording import CHUNK
from kwartier.audit.verify import verify
from kwartier.keys import signing
from kwartier.model.period import Period
from kwartier.store.postgres import Dsns, migrate, migrations
from line_support import Sealed, ends, seal_event

C = psycopg.Connection[Any]
AT = datetime(2026, 11, 24, tzinfo=UTC)
EVER = Period(AT)
COLUMNS = "at, connection, kind, subject, salt, leaf, nth, before"


def before_once(folder: Path) -> Path:
    """Return the migrations up to the one that writes lines once."""
    folder.mkdir()
    for one in migrations.packaged().iterdir():
        if one.name[:4].isdecimal() and int(one.name[:4]) < 19:
            (folder / one.name).write_bytes(one.read_bytes())
    return folder


def with_check(one: Sealed) -> Sealed:
    """Return a line as it was written then: with the beginning of its salt's hash."""
    check = b'"salt":"%b","subject"' % sha256(one.salt or b"").hexdigest()[:16].encode()
    return one._replace(data=one.data.replace(b'"subject"', check))


def lines() -> Iterator[tuple[Any, ...]]:
    """Yield rows as they were: of two persons, of one whom nobody knows any more, and of nobody."""
    last: dict[Key, Head] = {}
    for n in range(150):
        code, connection = ("anna", "bert", "gone", None)[n % 4], (7, 8, None)[n % 3]
        event = Event(AT + timedelta(seconds=n), EventKind.VIEW_SHOWN, "customer:1", code, connection, {"n": n})
        key = Key(0, b"") if code is None else chain.key(connection, code)
        one = with_check(seal_event(event, last.get(key, chain.START)))
        if code is not None:
            last[key] = Head((one.nth or 0), tree.leaf_hash(one.data))
        yield (event.at, connection, event.kind, one.tag, one.salt, one.data, one.nth, one.before), key, last.get(key)


def test_lines_places_and_chains_from_before_are_as_they_were(empty_dsn: str, tmp_path: Path) -> None:
    older = before_once(tmp_path / "older")
    migrate(empty_dsn, older)
    heads: dict[Key, Head] = {}
    with psycopg.connect(empty_dsn) as c:
        c.execute("insert into kw.subject (code) values ('anna'), ('bert')")
        hashes = []
        for number, (row, key, head) in enumerate(lines(), start=1):
            marks = ", ".join(["%s"] * len(row))
            into, place = ("entry (position, id", "%s, %s") if number <= 140 else ("pending (id", "%s")
            first = (number - 1, number) if number <= 140 else (number,)
            add = f"insert into audit.{into}, {COLUMNS}) overriding system value values ({place}, {marks})"  # noqa: S608 - ours
            c.execute(add.encode(), (*first, *row))
            hashes.append(tree.leaf_hash(row[5]))
            if head is not None:
                heads[key] = head
        for level in range(8):
            for position in range(140 >> level):
                node = tree.root_of(hashes[position << level : (position + 1) << level])
                c.execute("insert into audit.node (level, position, hash) values (%s, %s, %s)", (level, position, node))
        for key, head in heads.items():
            c.execute("insert into audit.head (connection, batch, who, nth, last) values (%s, false, %s, %s, %s)", (*key, *head))
        kept = f"select id, position, {COLUMNS} from audit.entry order by position"  # noqa: S608 - ours
        # a later migration tells a log that has lines something of its own
        waits = f"select id, {COLUMNS} from audit.pending where kind <> 'looks:named' order by id"  # noqa: S608 - ours
        stored = [c.execute(query.encode()).fetchall() for query in (kept, waits)]
        (before,) = c.execute("select clock_timestamp()").fetchone() or (None,)
    shutil.copytree(str(migrations.packaged()), tmp_path / "now", dirs_exist_ok=True)
    assert "0019_once" in migrate(empty_dsn, tmp_path / "now")
    with psycopg.connect(empty_dsn) as c:
        assert [c.execute(query.encode()).fetchall() for query in (kept, waits)] == stored
        moved = "select count(*) from kw.subject where recorded between %s and clock_timestamp()"
        assert c.execute(moved, (before,)).fetchone() == (2,), "since when is not known of who was there: from then on it is"
        assert order.size(c) == 140
        assert tiles.root(c, 140) == tree.root_of(hashes[:140])
        assert tiles.paths(c, [3, 139], 140) == [
            [tree.root_of(hashes[span.first : span.last]) for span in tree.inclusion(index, 140)] for index in (3, 139)
        ]
        known = [key for key in heads if key.who != chain.key(None, "gone").who]
        assert ends(c, known) == [heads[key] for key in known]
        assert c.execute("select nextval('audit.event_id') > 150").fetchone() == (True,)
        standings = {(one.connection, one.who): Head(one.nth, one.last) for one in evidence.standings(c)}
        assert {key: standings[key.connection, key.who[:8]] for key in known} == {key: heads[key] for key in known}


@pytest.fixture
def log(tmp_path: Path) -> Log:
    for name in ("keys", "audit"):
        (tmp_path / name).mkdir(mode=0o700)
    return Log(signing.create(tmp_path / "keys", "kwartier.test/log"), tmp_path / "audit")


def test_paths_lead_through_tiles_of_tiles(dsns: Dsns) -> None:
    with psycopg.connect(dsns.audit) as c:
        tiles.append(c, 0, [tree.leaf_hash(b"%d" % n) for n in range(4_200)])
        some = [0, 63, 64, 4_095, 4_096, 4_159, 4_160, 4_199]
        for size in (4_200, 4_160, 4_097, 4_096, 4_095):
            within = [index for index in some if index < size]
            assert tiles.paths(c, within, size) == [tiles.spans(c, tree.inclusion(index, size)) for index in within]
        for index in (3, 4_097, 4_190):
            with pytest.raises(BrokenLog):
                tiles.paths(c, [index], 8_400)
        assert tiles.paths(c, [], 4_200) == []
        c.rollback()


def test_of_many_recorded_together_each_has_its_place_in_its_chain(dsns: Dsns, log: Log) -> None:
    events = [
        Event(
            AT + timedelta(seconds=n),
            EventKind.VIEW_SHOWN,
            "operator",
            f"person {n % 300}" if n % 7 else None,
            n % 2 or None,
            {"n": n},
        )
        for n in range(1_000)
    ]
    with psycopg.connect(dsns.operator) as c:
        ids = log.record(c, events)
        nobody = [number for number, one in zip(ids, events, strict=True) if one.subject_code is None]
        assert nobody == sorted(ids)[: len(nobody)], "those about nobody first, as they were said"
        assert log.record(c, []) == []
    with psycopg.connect(dsns.audit) as c:
        log.integrate(c)
        assert order.places(c, ids) == {number: place for place, number in enumerate(sorted(ids))}
        some = [0, 5, 63, 64, 500, 959, 960, 999]
        for size in (1000, 960, 961):  # an older checkpoint's tree too
            within = [index for index in some if index < size]
            assert tiles.paths(c, within, size) == [tiles.spans(c, tree.inclusion(index, size)) for index in within]
        for person in (1, 2, 299):
            for connection in (1, None):
                mine = [n for n, one in enumerate(events) if (one.subject_code, one.connection) == (f"person {person}", connection)]
                found = (
                    [verify(text, log.vkey, f"person {person}") for text in log.proofs(c, [ids[n] for n in mine])] if mine else []
                )
                assert [one.says["n"] for one in found] == mine
                assert [ids[n] for n in mine] == sorted(ids[n] for n in mine)
                assert [one.place.nth for one in found if one.place] == list(range(1, len(mine) + 1))
                assert left_out(found) == []


def test_who_writes_about_the_same_person_at_once_waits_and_goes_on_from_there(dsns: Dsns, log: Log) -> None:
    def event(n: int, code: str = "anna") -> Event:
        return Event(AT, EventKind.VIEW_SHOWN, "operator", code, 7, {"n": n})

    with psycopg.connect(dsns.operator) as quick, psycopg.connect(dsns.operator) as slow:
        log.record(quick, [event(1)])
        slow.execute("set lock_timeout = '50ms'")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            log.record(slow, [event(2, "bert"), event(3), event(4)])
        slow.rollback()
        log.record(slow, [event(5, "bert")])
        quick.commit()
        slow.commit()
        log.record(slow, [event(6), event(7), event(8, "bert")])
    with psycopg.connect(dsns.audit) as c:
        log.integrate(c)
        for code, numbers in (("anna", [1, 6, 7]), ("bert", [5, 8])):
            texts = log.proofs(c, [one.entry for one in log.of_subject(c, code, 7, EVER)])
            found_ = sorted((one.place.nth, one.says["n"]) for one in (verify(text, log.vkey, code) for text in texts) if one.place)
            assert found_ == list(enumerate(numbers, start=1))


@contextmanager
def waiting(dsns: Dsns, log: Log, *events: Event) -> Iterator[Future[list[int]]]:
    """Have somebody else record, and give it once it waits for somebody."""

    def write() -> list[int]:
        ids = log.record(c, events)
        c.commit()
        return ids

    with (
        psycopg.connect(dsns.operator) as c,
        psycopg.connect(dsns.operator, autocommit=True) as looking,
        ThreadPoolExecutor(1) as beside,
    ):
        written = beside.submit(write)
        while not written.done() and looking.execute(_BLOCKING, (c.info.backend_pid,)).fetchone() == ([],):
            pass
        yield written
        written.result()


_BLOCKING = "select pg_blocking_pids(%s)"


@pytest.mark.parametrize("others", [1, 2 * CHUNK])
def test_a_number_that_was_taken_meanwhile_is_not_given_twice(dsns: Dsns, log: Log, others: int) -> None:
    """Two that look at the end of a chain before either has written: the second is let in with the next number."""
    events = [
        Event(AT, EventKind.VIEW_SHOWN, "operator", code, 7, {"n": n})
        for n, code in enumerate([f"other {k}" for k in range(others)] + ["anna", "anna"], 2 - others)
    ]
    with psycopg.connect(dsns.operator) as first:
        log.record(first, [Event(AT, EventKind.VIEW_SHOWN, "operator", "anna", 7, {"n": 0})])
        with waiting(dsns, log, *events) as written:
            assert not written.done()
            first.commit()
            ids = written.result()
    with psycopg.connect(dsns.audit) as c:
        assert log.integrate(c).size == 1 + len(ids)
        texts = log.proofs(c, [one.entry for one in log.of_subject(c, "anna", 7, EVER)])
        found = [verify(text, log.vkey, "anna") for text in texts]
        assert sorted((one.place.nth, one.says["n"]) for one in found if one.place) == [(1, 0), (2, 2), (3, 3)]
        assert left_out(found) == []


def test_who_cannot_see_the_line_that_took_a_number_does_not_try_for_ever(dsns: Dsns, log: Log) -> None:
    event = Event(AT, EventKind.VIEW_SHOWN, "operator", "anna", 7, {})
    with psycopg.connect(dsns.operator) as c, psycopg.connect(dsns.operator) as early:
        early.isolation_level = IsolationLevel.REPEATABLE_READ
        early.execute("select")
        log.record(c, [event])
        c.commit()
        with pytest.raises(BrokenLog):
            log.record(early, [event])


def test_who_finds_a_number_taken_does_not_wait_with_another_chain_in_hand(dsns: Dsns, log: Log) -> None:
    """Three write at once: one about one connection of a person, two about both. None of them may wait for another that waits."""

    def about(*places: int) -> list[Event]:
        return [Event(AT, EventKind.VIEW_SHOWN, "operator", "anna", place, {}) for place in places]

    with psycopg.connect(dsns.operator) as quick:
        log.record(quick, about(8))
        with waiting(dsns, log, *about(7, 8)) as second, waiting(dsns, log, *about(8, 7)) as third:
            assert not second.done()
            assert not third.done()
            quick.commit()  # of the two, one has the first chain and finds the number of the other taken
            second.result()
            third.result()
        assert ends(quick, [chain.key(7, "anna"), chain.key(8, "anna")]) == [(2, ANY), (3, ANY)]


def test_a_line_that_came_late_is_found_behind_those_that_came_before_it(dsns: Dsns, log: Log) -> None:
    some = [Event(AT, EventKind.VIEW_SHOWN, "operator", f"person {n}", 7, {}) for n in range(100)]
    with psycopg.connect(dsns.operator) as slow, psycopg.connect(dsns.operator) as c, psycopg.connect(dsns.audit) as auditor:
        late = log.record(slow, some[:3])
        early = sorted(log.record(c, some[3:]))
        c.commit()
        log.integrate(auditor)
        assert order.places(auditor, late) == {}
        slow.commit()
        log.integrate(auditor)
        assert order.places(auditor, late) == {number: 97 + n for n, number in enumerate(sorted(late))}
        assert order.places(auditor, [early[0], early[-1], 10**12]) == {early[0]: 0, early[-1]: 96}
        assert verify(log.proof(auditor, late[1]), log.vkey, "person 1").index == 98

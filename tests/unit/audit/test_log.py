"""The log on a real server: durable with the caller, every committed line once, in any order of commits, and only ever growing."""

import json
import os
import random
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from hashlib import sha256
from itertools import product
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kwartier.audit import chain, checkpoint, evidence, subjects, tiles, tree
from kwartier.audit.canonical import Json, canonical
from kwartier.audit.errors import BrokenLog, NotInLog, NotInTree, NotLoggable
from kwartier.audit.events import Event, EventKind
from kwartier.audit.log import Leaf, Log
from kwartier.audit.verify import Rejected, verify
from kwartier.keys import signing
from kwartier.keys.signing import Signer
from kwartier.model.period import Period
from kwartier.store.postgres import Dsns
from line_support import seal_event

C = psycopg.Connection[Any]
AT = datetime(2026, 11, 24, 1, 2, 3, 4, UTC)
DAY = Period(AT - timedelta(hours=1), AT + timedelta(days=1))


@pytest.fixture
def signer(tmp_path: Path) -> Signer:
    folder = tmp_path / "keys"
    folder.mkdir(mode=0o700)
    return signing.create(folder, "kwartier.test/log")


@pytest.fixture
def log(signer: Signer, tmp_path: Path) -> Log:
    folder = tmp_path / "audit"
    folder.mkdir()
    return Log(signer, folder)


@contextmanager
def connection(dsn: str) -> Iterator[C]:
    with psycopg.connect(dsn) as c:
        yield c


def event(number: int, kind: EventKind = EventKind.VIEW_SHOWN, subject: str | None = "anna", connection: int | None = 7) -> Event:
    return Event(AT + timedelta(seconds=number), kind, "customer:1", subject, connection, {"number": number})


def leaf(number: int, subject: str | None = "anna", connection: int = 7) -> Leaf:
    return Leaf(connection, subject, canonical({"c": connection, "n": number}))


def stored_leaves(c: C) -> list[bytes]:
    return [row[0] for row in c.execute("select leaf from audit.entry order by position")]


def mth(data: list[bytes]) -> bytes:
    """RFC 6962 section 2.1, naively."""
    if len(data) < 2:
        return sha256(b"\x00" + data[0]).digest() if data else sha256().digest()
    k = 1
    while k * 2 < len(data):
        k *= 2
    return sha256(b"\x01" + mth(data[:k]) + mth(data[k:])).digest()


def test_what_is_recorded_is_durable_with_the_callers_commit_and_only_then(dsns: Dsns, log: Log) -> None:
    with connection(dsns.operator) as c:
        log.record(c, [event(1)])
        c.rollback()
    with connection(dsns.operator) as c:
        ids = log.record(c, [event(2), event(3)])
    with connection(dsns.operator) as c:
        rows = c.execute("select id, leaf from audit.pending order by id").fetchall()
    assert [row[0] for row in rows] == ids
    assert [json.loads(row[1])["body"]["number"] for row in rows] == [2, 3]


def test_a_line_says_everything_but_who_in_canonical_form(dsns: Dsns, log: Log) -> None:
    with connection(dsns.operator) as c:
        log.record(c, [event(5)])
        found = c.execute("select leaf, salt, subject, nth, before from audit.pending").fetchone()
    assert found is not None
    data, salt, subject, nth, before = found
    said = json.loads(data)
    assert canonical(said) == data
    assert b"anna" not in data
    assert subject == subjects.tag(salt, "anna")
    assert said == {
        "actor": "customer:1",
        "at": "2026-11-24T01:02:08.000004Z",
        "body": {"number": 5},
        "connection": 7,
        "kind": "view:shown",
        "link": sha256(salt + bytes(7) + b"\x01" + bytes(32)).hexdigest()[:32],
        "subject": subject.hex(),
    }
    assert (nth, before) == (1, bytes(32))


def test_the_servers_tag_is_ours(dsns: Dsns) -> None:
    with connection(dsns.operator) as c:
        for code in ("", "anna", "klant-ë-0042", "x" * 200):
            salt = os.urandom(subjects.SALT_SIZE)
            assert c.execute("select audit.tag(%s, %s)", (salt, code)).fetchone() == (subjects.tag(salt, code),)


def test_the_tree_is_that_of_the_definition_over_several_rounds_and_processes(
    dsns: Dsns, log: Log, signer: Signer, tmp_path: Path
) -> None:
    written = 0
    for count in (1, 2, 0, 5, 8, 1):
        with connection(dsns.operator) as c:
            log.record(c, [event(written + n) for n in range(count)])
        written += count
        with connection(dsns.audit) as c:
            made = Log(signer, tmp_path / "audit").integrate(c)
        with connection(dsns.audit) as c:
            data = stored_leaves(c)
            assert c.execute("select count(*) from audit.pending").fetchone() == (0,)
        assert made.size == len(data) == written
        assert made.root == mth(data)
        assert [json.loads(d)["body"]["number"] for d in data] == list(range(written))
        assert checkpoint.published(tmp_path / "audit") == (written, made.note)


def test_an_empty_log_signs_the_empty_tree(dsns: Dsns, log: Log) -> None:
    with connection(dsns.audit) as c:
        made = log.integrate(c)
    assert (made.size, made.root) == (0, sha256(b"").digest())
    with connection(dsns.audit) as c:
        assert log.integrate(c) == made


def test_every_stored_checkpoint_is_the_beginning_of_the_next(dsns: Dsns, log: Log) -> None:
    for count in (3, 4, 1, 9):
        with connection(dsns.operator) as c:
            log.record(c, [event(n) for n in range(count)])
        with connection(dsns.audit) as c:
            log.integrate(c)
    with connection(dsns.audit) as c:
        data = stored_leaves(c)
        for size, root in c.execute("select size, root from audit.checkpoint").fetchall():
            assert tiles.root(c, size) == root == mth(data[:size])
            for index in range(size):
                path = tiles.spans(c, tree.inclusion(index, size))
                assert tiles.paths(c, [index], size) == [path]
                assert tree.climb(tree.leaf_hash(data[index]), index, size, path) == root


def test_a_line_that_commits_late_is_taken_later_and_not_lost(dsns: Dsns, log: Log) -> None:
    with connection(dsns.operator) as slow, connection(dsns.operator) as quick, connection(dsns.audit) as c:
        early = log.record(slow, [event(1)])[0]
        late = log.record(quick, [event(2, subject="bert")])[0]
        assert early < late
        quick.commit()
        assert log.integrate(c).size == 1
        slow.commit()
        assert log.integrate(c).size == 2
        assert [json.loads(d)["body"]["number"] for d in stored_leaves(c)] == [2, 1]


def write_some(dsn: str, log: Log, seed: int) -> list[int]:
    """Record a few lines in each of many transactions, some of them rolled back; return the numbers of those committed."""
    chance = random.Random(seed)
    committed: list[int] = []
    with psycopg.connect(dsn) as c:
        for n in range(25):
            numbers = [seed * 1000 + n + k * 100 for k in range(chance.randrange(1, 4))]
            log.record(c, [event(number) for number in numbers])
            if chance.random() < 0.2:
                c.rollback()
            else:
                c.commit()
                committed += numbers
    return committed


def keep_integrating(dsn: str, log: Log, done: threading.Event) -> None:
    with psycopg.connect(dsn) as c:
        while not done.is_set():
            log.integrate(c)


def test_two_sequencers_and_many_writers_take_every_line_once(dsns: Dsns, log: Log) -> None:
    done = threading.Event()
    with ThreadPoolExecutor(6) as threads:
        sequencers = [threads.submit(keep_integrating, dsns.audit, log, done) for _ in range(2)]
        try:
            committed = [n for written in threads.map(partial(write_some, dsns.operator, log), range(4)) for n in written]
        finally:
            done.set()
        for one in sequencers:
            one.result()
    with psycopg.connect(dsns.audit) as c:
        made = log.integrate(c)
        data = stored_leaves(c)
        assert sorted(json.loads(d)["body"]["number"] for d in data) == sorted(committed)
        assert len(committed) > 100
        assert made.root == mth(data)
        assert c.execute("select count(*), count(distinct id) from audit.entry").fetchone() == (len(data), len(data))
        assert c.execute("select count(*) from audit.pending").fetchone() == (0,)


def test_nothing_signed_is_shown_before_its_tree_is_durable(dsns: Dsns, log: Log, tmp_path: Path) -> None:
    with connection(dsns.operator) as c:
        log.record(c, [event(1)])
    with psycopg.connect(dsns.audit) as c:
        c.execute("select 1")  # a transaction of the caller's own
        made = log.integrate(c)
        log.publish(c)
        assert checkpoint.published(tmp_path / "audit") is None
        c.rollback()
        assert checkpoint.published(tmp_path / "audit") is None
        c.execute("select 1")
        again = log.integrate(c)
        c.commit()
        log.publish(c)
    assert again.root == made.root
    assert checkpoint.published(tmp_path / "audit") == (1, again.note)


def test_a_store_that_forgot_what_was_published_signs_nothing_more(dsns: Dsns, log: Log, tmp_path: Path, signer: Signer) -> None:
    folder = tmp_path / "audit"
    with connection(dsns.operator) as c:
        log.record(c, [event(1)])
    with connection(dsns.audit) as c:
        log.integrate(c)
    (folder / "checkpoint").write_text(checkpoint.signed(signer, 9, bytes(32)), encoding="utf-8")
    with connection(dsns.audit) as c, pytest.raises(BrokenLog, match="fewer"):
        log.integrate(c)
    (folder / "checkpoint").write_text(checkpoint.signed(signer, 1, bytes(32)), encoding="utf-8")
    with connection(dsns.audit) as c, pytest.raises(BrokenLog, match="not one of this log"):
        log.integrate(c)
    (folder / "checkpoint").write_text("rubbish", encoding="utf-8")
    with connection(dsns.audit) as c, pytest.raises(BrokenLog, match="cannot be read"):
        log.integrate(c)


def test_the_published_file_never_goes_back(dsns: Dsns, log: Log, tmp_path: Path) -> None:
    made = []
    for n in range(2):
        with connection(dsns.operator) as c:
            log.record(c, [event(n)])
        with connection(dsns.audit) as c:
            made.append(log.integrate(c))
    checkpoint.publish(tmp_path / "audit", made[0])
    assert checkpoint.published(tmp_path / "audit") == (2, made[1].note)
    assert sorted(p.name for p in (tmp_path / "audit").iterdir()) == ["checkpoint", "checkpoint.lock"]


def test_a_person_gets_the_own_lines_and_can_prove_each(dsns: Dsns, log: Log) -> None:
    with connection(dsns.operator) as c:
        log.record(c, [event(0), event(1, subject="bert"), event(2, connection=8), event(90_000), event(3, subject=None)])
        lines = [leaf(0), leaf(1, "bert"), leaf(2, None), leaf(3), leaf(4, connection=8)]
        root = log.record_batch(c, EventKind.BATCH_READ, 12, AT + timedelta(seconds=9), "operator", lines, {"night": 3})
    with connection(dsns.operator) as c:
        waiting = log.of_subject(c, "anna", 7, DAY)
        assert [line.in_tree for line in waiting] == [False, False, False]
        with pytest.raises(NotInTree):
            log.proof(c, waiting[0].entry)
    with connection(dsns.audit) as c:
        log.integrate(c)
    with connection(dsns.operator) as c:
        found = log.of_subject(c, "anna", 7, DAY)
        assert [(line.kind, line.leaf, dict(line.body)) for line in found] == [
            (EventKind.VIEW_SHOWN, None, {"number": 0}),
            (EventKind.BATCH_READ, 0, {"c": 7, "n": 0}),
            (EventKind.BATCH_READ, 3, {"c": 7, "n": 3}),
        ]
        assert all(line.in_tree for line in found)
        assert [line.entry for line in found] == [line.entry for line in waiting]
        for line in found:
            text = log.proof(c, line.entry) if line.leaf is None else log.leaf_proof(c, line.entry, line.leaf)
            verified = verify(text, log.vkey, "anna")
            assert verified.says == line.body
            assert verified.about_subject
            with pytest.raises(Rejected) as refused:
                verify(text, log.vkey, "bert")
            assert refused.value.code == "other-subject"
        whole = verify(log.proof(c, found[1].entry), log.vkey)
        assert whole.says == {"batch": 12, "leaves": 5, "night": 3, "root": root.hex()}


def test_batches_are_found_by_their_numbers_whether_in_the_tree_or_not(
    dsns: Dsns, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However far back, newest first; a batch that says nothing of that kind has nothing."""
    monkeypatch.setattr(evidence, "_BACK", 3)
    with connection(dsns.operator) as c:
        for batch in range(1, 9):
            said = EventKind.BATCH_REFUSED if batch == 7 else EventKind.BATCH_INTENDED
            log.record_batch(c, said, batch, AT + timedelta(seconds=batch), "operator", [leaf(n) for n in range(batch)], {})
            log.record(c, [event(n) for n in range(batch)])
    with connection(dsns.audit) as c:
        log.integrate(c)
    with connection(dsns.operator) as c:
        log.record_batch(c, EventKind.BATCH_INTENDED, 9, AT + timedelta(seconds=9), "operator", [leaf(0)], {})
        found = [
            (at, [json.loads(line.body)["n"] for line in lines]) for at, lines in evidence.batches(c, "batch:intended", [2, 9, 7])
        ]
        assert found == [(AT + timedelta(seconds=9), [0]), (AT + timedelta(seconds=2), [0, 1])]
        assert list(evidence.batches(c, "batch:intended", [])) == list(evidence.batches(c, "batch:intended", [77])) == []


@pytest.mark.parametrize("count", [0, 1, 2, 63, 64, 65, 128, 129, 200])
def test_every_line_of_a_batch_of_any_size_can_be_proved(dsns: Dsns, log: Log, count: int) -> None:
    lines = [leaf(n, None if n % 5 == 0 else f"person {n}", n) for n in range(count)]
    with connection(dsns.operator) as c:
        root = log.record_batch(c, EventKind.BATCH_INTENDED, 1, AT, "operator", lines, {})
        stored = c.execute("select body, subject, salt_check, link from audit.leaf order by number").fetchall()
    assert root == mth([subjects.leaf_data(*row) for row in stored])
    assert [row[0] for row in stored] == [line.body for line in lines]
    with connection(dsns.audit) as c:
        log.integrate(c)
        entry = c.execute("select id from audit.entry").fetchone()
        assert entry is not None
        for n in range(count):
            verified = verify(log.leaf_proof(c, entry[0], n), log.vkey, lines[n].subject_code)
            assert verified.says == {"c": n, "n": n}
        for n in (-1, count):
            with pytest.raises(NotInLog):
                log.leaf_proof(c, entry[0], n)
        with pytest.raises(NotInLog):
            log.proof(c, 999)


def test_lines_of_two_kinds_recorded_together_are_tied_one_after_another(dsns: Dsns, log: Log) -> None:
    refused, meant = [leaf(0), leaf(1, "bert"), leaf(2, None)], [leaf(3), leaf(4, "bert", 8), leaf(5)]
    said = {EventKind.BATCH_REFUSED: refused, EventKind.BATCH_INTENDED: meant}
    with connection(dsns.operator) as c:
        assert log.record_batches(c, 12, AT, "operator", {}, {}) == {}
        roots = log.record_batches(c, 12, AT, "operator", said, {"night": 3})
    with connection(dsns.audit) as c:
        log.integrate(c)
        events = c.execute("select id, kind, convert_from(leaf, 'UTF8')::jsonb -> 'body' from audit.entry order by id").fetchall()
        assert [(kind, body) for _, kind, body in events] == [
            (kind, {"batch": 12, "leaves": 3, "night": 3, "root": roots[kind].hex()})
            for kind in (EventKind.BATCH_REFUSED, EventKind.BATCH_INTENDED)
        ]
        mine = [(line.entry, line.leaf) for line in log.of_subject(c, "anna", 7, DAY)]
        assert mine == [(events[0][0], 0), (events[1][0], 0), (events[1][0], 1)]
        places = [verify(log.leaf_proof(c, entry, n or 0), log.vkey, "anna").place for entry, n in mine]
    assert [place and place.nth for place in places] == [1, 2, 3]
    assert [place and place.before for place in places[1:]] == [place and place.own for place in places[:-1]]


def test_erasure_unties_the_lines_and_leaves_the_tree(dsns: Dsns, log: Log) -> None:
    with connection(dsns.operator) as c:
        log.record(c, [event(0), event(1, subject="bert")])
        log.record_batch(c, EventKind.BATCH_READ, 1, AT, "operator", [leaf(0), leaf(1, "bert")], {})
    with connection(dsns.audit) as c:
        before = log.integrate(c)
        single = log.of_subject(c, "anna", 7, DAY)[0].entry
        batch = next(line.entry for line in log.of_subject(c, "anna", 7, DAY) if line.leaf is not None)
    with connection(dsns.operator) as c:
        log.record(c, [event(2)])
    with connection(dsns.audit) as c:
        assert log.erase(c, "anna", 7, DAY) == 3
        assert log.erase(c, "anna", 7, DAY) == 0
    with connection(dsns.audit) as c:
        after = log.integrate(c)
        assert log.of_subject(c, "anna", 7, DAY) == []
        assert len(log.of_subject(c, "bert", 7, DAY)) == 2
        assert tiles.root(c, before.size) == before.root
        assert after.root == mth(stored_leaves(c))
        for text in (log.proof(c, single), log.leaf_proof(c, batch, 0)):
            assert not verify(text, log.vkey).about_subject
            with pytest.raises(Rejected) as refused:
                verify(text, log.vkey, "anna")
            assert refused.value.code == "erased"
        assert verify(log.leaf_proof(c, batch, 1), log.vkey, "bert").about_subject


@pytest.mark.parametrize(
    "change",
    [
        "ties = set_byte(ties, 59, get_byte(ties, 59) # 1)",
        "ties = overlay(ties placing decode(repeat('00', 16), 'hex') from 1)",
        "ties = substr(ties, 1, 56)",
        "ties = ''",
        "bodies = bodies || '\\x20'",
        "reach = '[1,2)'",
        "first = 64",
    ],
)
def test_of_a_row_of_a_batch_whole_ties_only_can_go(dsns: Dsns, log: Log, change: str) -> None:
    with connection(dsns.operator) as c:
        log.record_batch(c, EventKind.BATCH_READ, 1, AT, "operator", [leaf(0), leaf(1, "bert"), leaf(2)], {})
    for role in ("audit", "owner"):
        with connection(getattr(dsns, role)) as c, pytest.raises(psycopg.Error):
            c.execute(f"update audit.block set {change}")  # noqa: S608 - a fixed list
    with connection(dsns.audit) as c:
        c.execute("update audit.block set ties = overlay(ties placing decode(repeat('00', 56), 'hex') from 57)")
    with connection(dsns.operator) as c:
        assert [line.leaf for who in ("anna", "bert") for line in log.of_subject(c, who, 7, DAY)] == [0, 2]


def test_the_lines_of_a_batch_stand_by_connection_and_are_found_by_it(dsns: Dsns, log: Log) -> None:
    draw = random.Random(1)
    lines = [leaf(n, None if n % 7 == 0 else f"person {n % 50}", draw.randrange(1 << 40)) for n in range(300)]
    with connection(dsns.operator) as c:
        log.record_batch(c, EventKind.BATCH_READ, 1, AT, "operator", lines, {})
        for one in lines:
            if one.subject_code is not None:
                (found,) = log.of_subject(c, one.subject_code, one.connection, DAY)
                assert found.body == json.loads(one.body)
                assert log.of_subject(c, "nobody", one.connection, DAY) == []
        stored = c.execute("select connection, number, body from audit.leaf order by number").fetchall()
    wanted = sorted((one.connection, one.body) for one in lines)
    assert stored == [(connection, number, body) for number, (connection, body) in enumerate(wanted)]


CHANGES = [
    "update audit.{} set salt = decode(repeat('00', 16), 'hex')",
    "update audit.{} set connection = 1, salt = null",
    "delete from audit.{}",
    "truncate audit.{}",
]


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("table", ["event", "waiting", "place", "tile", "block", "crown", "checkpoint"])
def test_nobody_changes_or_removes_a_line_not_even_the_owner(dsns: Dsns, log: Log, table: str, change: str) -> None:
    with connection(dsns.operator) as c:
        log.record(c, [event(0)])
        log.record_batch(c, EventKind.BATCH_READ, 1, AT, "operator", [leaf(0)], {})
    with connection(dsns.audit) as c:
        log.integrate(c)
    with connection(dsns.operator) as c:
        log.record(c, [event(1)])
    for role in ("operator", "portal", "audit", "owner"):
        with connection(getattr(dsns, role)) as c, pytest.raises(psycopg.Error):
            c.execute(change.format(table))


def test_a_line_is_written_out_from_its_columns(dsns: Dsns, log: Log) -> None:
    """As the one who says it would write it: with and without a person, a connection, and one of the operator's people."""
    bodies: list[dict[str, Json]] = [{}, {"z": [1, None, True, {"b": "\t\x1f é 𝄞", "a": -(2**70)}], "": "x"}]
    some = [
        Event(AT + timedelta(microseconds=n), EventKind.VIEW_SHOWN, actor, code, place, body)
        for n, (actor, code, place, body) in enumerate(
            product(
                ("operator", 'a "b" \\ \n\x07 \u2028 \x7f ë'),
                ("anna", "anna", "bert", None),
                (7, None),
                bodies,
            )
        )
    ]
    ends: dict[chain.Key, tuple[int, bytes]] = {}
    with connection(dsns.operator) as c:
        ids = log.record(c, some)
        for number, one in zip(ids, some, strict=True):
            row = c.execute("select at, connection, kind, salt, nth, before, leaf, who from audit.event where id = %s", (number,))
            at, place, kind, salt, nth, before, leaf, who = row.fetchall()[0]
            assert (at, place, kind) == (one.at, one.connection or 0, one.kind)
            key = None if one.subject_code is None else chain.key(one.connection, one.subject_code)
            sealed = seal_event(one, chain.START if key is None else ends.get(key, chain.START), salt=salt)
            assert (leaf, salt, nth, before) == (sealed.data, sealed.salt, sealed.nth, sealed.before)
            assert who == (None if key is None else key.number)
            if key is not None:
                ends[key] = (nth, sha256(b"\0" + leaf).digest())


SAY = "select audit.say(%s, %s, %s::json[], %s::json[], %s::bigint[], %s::text[], %s::bigint[], %s, %s, null)"


@pytest.mark.parametrize("role", ["operator", "audit", "portal"])
def test_a_line_comes_in_no_other_way(dsns: Dsns, role: str) -> None:
    sealed = seal_event(event(0))
    row = (1, AT, 7, sealed.nth, "view:shown", chain.key(7, "anna").number, sealed.salt, sealed.before, sealed.data)
    insert = (
        "insert into audit.event (id, at, connection, nth, kind, who, salt, before, leaf)"
        " values (%s, %s, %s, %s, %s, %s, %s, %s, %s)"
    )
    with connection(getattr(dsns, role)) as c, pytest.raises(psycopg.errors.InsufficientPrivilege):
        c.execute(insert, row)


@pytest.mark.parametrize(
    "lie",
    [
        {"actors": ["no json"]},
        {"actors": ['"operator","at":"now"']},
        {"bodies": ['{}, "kind": "proof:given"']},
        {"whose": [None]},
        {"salts": [None]},
        {"salts": [bytes(15)]},
        {"tags": [None]},
        {"kinds": [None]},
        {"connections": [None]},
        {"ats": [None]},
        {"ats": [AT, AT]},
    ],
    ids=str,
)
def test_what_is_half_said_is_not_stored(dsns: Dsns, lie: dict[str, list[object]]) -> None:
    said: dict[str, list[object] | None] = {
        "entry": None,
        "ats": [AT],
        "actors": ['"operator"'],
        "bodies": ["{}"],
        "connections": [7],
        "kinds": ["view:shown"],
        "whose": [-7],
        "salts": [bytes(16)],
        "tags": [bytes(32)],
    }
    with connection(dsns.operator) as c, pytest.raises((psycopg.errors.IntegrityError, psycopg.errors.DataError)):
        c.execute(SAY, list((said | lie).values()))
    with connection(dsns.operator) as c:
        c.execute(SAY, list(said.values()))


def test_what_is_said_together_has_numbers_in_a_row_and_is_256_lines_at_the_most(dsns: Dsns, log: Log) -> None:
    def say(many: int) -> list[int]:
        said = [None, [AT] * many, ['"operator"'] * many, ["{}"] * many, [0] * many, ["looks:named"] * many, *[[None] * many] * 3]
        with connection(dsns.operator) as c:
            return list(c.execute(SAY, said).fetchall()[0][0])

    for many in (1, 2, 256, 1):
        ids = say(many)
        assert ids == [*range(ids[0], ids[0] + many)]
    with pytest.raises(psycopg.errors.ProgramLimitExceeded):
        say(257)
    assert say(0) == []
    with connection(dsns.operator) as c:
        ids = log.record(c, [event(n, subject=f"person {n}") for n in range(1000)])
    assert len({*ids}) == 1000
    assert min(ids) > 256


def test_how_a_person_is_named_is_taken_into_a_query_and_not_called(dsns: Dsns) -> None:
    with connection(dsns.operator) as c:
        assert c.execute("select audit.who('anna')").fetchone() == (chain.key(7, "anna").number,)
        for query in (
            "select e.id from audit.event e join kw.subject s on audit.who(s.code) = e.who",
            "select audit.hash_of(code) from kw.subject",
        ):
            plan = "\n".join(row[0] for row in c.execute(b"explain (verbose) " + query.encode()))
            assert "sha256" in plan
            assert not {name for name in ("audit.who", "audit.hash_of", "audit.number_at") if name in plan}


def test_the_portal_names_no_id(dsns: Dsns) -> None:
    with connection(dsns.owner) as c:
        found = c.execute("insert into kw.subject (code, recorded) values ('anna', now()) returning key").fetchone()
    assert found is not None
    tag = subjects.tag(bytes(16), "anna")

    def say(entry: int | None) -> list[int]:
        with connection(dsns.portal) as c:
            c.execute("select set_config('kwartier.subject', %s, true)", (str(found[0]),))
            who = chain.key(7, "anna").number
            values = (entry, [AT], [f'"customer:{found[0]}"'], ["{}"], [7], ["view:shown"], [who], [bytes(16)], [tag])
            return list(c.execute(SAY, values).fetchall()[0][0])

    (first,) = say(None)
    for entry in (first, first + 1, 10**15, 0, -1):
        with pytest.raises((psycopg.errors.InsufficientPrivilege, psycopg.errors.UniqueViolation)):
            say(entry)
    (second,) = say(None)
    assert second > first


def test_the_portal_records_only_about_its_own_subject_and_reads_no_log(dsns: Dsns, log: Log) -> None:
    with connection(dsns.operator) as c:
        added = "insert into kw.subject (code, recorded) values ('anna', now()), ('bert', now()) returning key"
        anna, bert = (row[0] for row in c.execute(added).fetchall())
        log.record(c, [event(0, subject="bert")])

    def said(kind: EventKind, subject: str | None, actor: str) -> Event:
        return Event(AT, kind, actor, subject, 7)

    def portal(*events: Event) -> list[int]:
        with connection(dsns.portal) as c:
            c.execute("select set_config('kwartier.subject', %s, true)", (str(anna),))
            ids = log.record(c, events)
            assert c.execute("select count(id) from audit.event").fetchone() == (len(events),)
            return ids

    assert len(portal(said(EventKind.VIEW_SHOWN, "anna", f"customer:{anna}"))) == 1
    for event_ in (
        said(EventKind.VIEW_SHOWN, "bert", f"customer:{anna}"),
        said(EventKind.VIEW_SHOWN, None, f"customer:{anna}"),
        said(EventKind.VIEW_SHOWN, "anna", f"customer:{bert}"),
        said(EventKind.VIEW_SHOWN, "anna", "operator"),
        said(EventKind.ERASURE_DONE, "anna", f"customer:{anna}"),
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            portal(event_)
    for table in ("event", "entry", "pending", "leaf", "block", "page", "crown", "tile", "place", "waiting", "head", "checkpoint"):
        with connection(dsns.portal) as c, pytest.raises(psycopg.errors.InsufficientPrivilege):
            c.execute(f"select * from audit.{table}")  # noqa: S608 - a fixed list of names


def test_the_operator_cannot_append_to_the_tree_nor_the_sequencer_drop_a_line(dsns: Dsns, log: Log) -> None:
    with connection(dsns.operator) as c:
        log.record(c, [event(0)])
    with connection(dsns.operator) as c, pytest.raises(psycopg.errors.InsufficientPrivilege):
        log.integrate(c)
    with connection(dsns.audit) as c, pytest.raises(psycopg.errors.IntegrityConstraintViolation):
        c.execute("delete from audit.waiting")


def test_a_batch_whose_lines_were_exchanged_gives_no_proof(dsns: Dsns, log: Log, admin_dsn: str) -> None:
    with connection(dsns.operator) as c:
        log.record_batch(c, EventKind.BATCH_READ, 1, AT, "operator", [leaf(0), leaf(1)], {})
    with connection(dsns.audit) as c:
        log.integrate(c)
        entry = c.execute("select min(id) from audit.entry").fetchall()[0][0]
    with connection(admin_dsn) as c:
        c.execute("set session_replication_role = replica")  # a superuser gets past the triggers
        c.execute("update audit.block set bodies = overlay(bodies placing '2' from length(bodies) - 1)")
    with connection(dsns.audit) as c, pytest.raises(BrokenLog):
        log.leaf_proof(c, entry, 0)


@pytest.mark.parametrize(
    "body", [{"a": 1.5}, {"a": float("nan")}, {"a": b"x"}, {"a": {1: 2}}, {"a": "\ud800"}, {"a": "\x00"}, {"\x00": 1}]
)
def test_what_has_no_canonical_form_is_not_recorded(dsns: Dsns, log: Log, body: Any) -> None:  # noqa: ANN401 - wrong types on purpose
    with connection(dsns.operator) as c, pytest.raises(NotLoggable):
        log.record(c, [Event(AT, EventKind.VIEW_SHOWN, "operator", body=body)])


def test_a_naive_moment_is_not_recorded(dsns: Dsns, log: Log) -> None:
    with connection(dsns.operator) as c, pytest.raises(NotLoggable):
        log.record(c, [Event(AT.replace(tzinfo=None), EventKind.VIEW_SHOWN, "operator")])


JSON: st.SearchStrategy[Json] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.text(st.characters(exclude_characters="\x00", codec="utf-8")),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5).filter(lambda t: "\x00" not in t), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.dictionaries(st.text(st.characters(exclude_characters="\x00", codec="utf-8"), max_size=5), JSON, max_size=4))
def test_whatever_can_be_recorded_can_be_proved(dsns: Dsns, log: Log, body: dict[str, Json]) -> None:
    with connection(dsns.operator) as c:
        entry = log.record(c, [Event(AT, EventKind.IMPORT_TAKEN, "operator", "anna", 1, body)])[0]
    with connection(dsns.audit) as c:
        log.integrate(c)
    with connection(dsns.audit) as c:
        assert verify(log.proof(c, entry), log.vkey, "anna").says == body

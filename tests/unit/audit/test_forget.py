"""Whoever is forgotten has no line any more, wherever it was; the tree and the lines of others are as they were."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Any

import psycopg
import pytest

from kwartier.audit import chain, evidence, ledger
from kwartier.audit.events import Event, EventKind
from kwartier.audit.log import Leaf, Log
from kwartier.audit.verify import verify
from kwartier.keys import signing
from kwartier.model.period import Period
from kwartier.store.postgres import Dsns
from line_support import ends

C = psycopg.Connection[Any]
AT = datetime(2026, 11, 24, 1, 2, 3, 4, UTC)
EVER = Period(datetime(2000, 1, 1, tzinfo=UTC))


@contextmanager
def connection(dsn: str) -> Iterator[C]:
    with psycopg.connect(dsn) as c:
        yield c


@pytest.fixture
def log(tmp_path: Path, dsns: Dsns) -> Log:
    """Two persons, each with lines at a connection, in a batch, and about no connection at all."""
    for name in ("keys", "audit"):
        (tmp_path / name).mkdir(mode=0o700)
    made = Log(signing.create(tmp_path / "keys", "kwartier.test/log"), tmp_path / "audit")
    with connection(dsns.operator) as c:
        for day, code in enumerate(("anna", "bert", "anna", "bert")):
            at = AT + timedelta(days=day)
            made.record(c, [Event(at, EventKind.VIEW_SHOWN, "customer:1", code, place, {}) for place in (7, 8, None)])
            made.record_batch(c, EventKind.BATCH_READ, day + 1, at, "operator", [Leaf(7, code, b'{"c":7}')], {})
    with connection(dsns.audit) as c:
        made.integrate(c)
    return made


def lines(dsns: Dsns, log: Log, code: str) -> list[int]:
    with connection(dsns.operator) as c:
        return [len(log.of_subject(c, code, place, EVER)) for place in (7, 8)]


def ties(dsns: Dsns) -> int:
    with connection(dsns.audit) as c:
        row = c.execute(
            "select (select count(salt) + count(nth) from audit.entry) + (select count(salt) + count(nth) from audit.leaf)"
        ).fetchone()
    assert row is not None
    return int(row[0])


def test_all_lines_of_a_person_are_untied_and_those_of_others_are_not(dsns: Dsns, log: Log) -> None:
    with connection(dsns.operator) as c:
        proof = log.proof(c, log.of_subject(c, "bert", 8, EVER)[0].entry)
    assert (lines(dsns, log, "anna"), lines(dsns, log, "bert"), ties(dsns)) == ([4, 2], [4, 2], 32)
    with connection(dsns.audit) as c:
        assert log.forget(c, "anna") == 8
        assert c.execute("select count(*) from audit.head").fetchone() == (0,), "nobody of whom there are lines no more"
        assert {one.who for one in evidence.standings(c)} == {chain.key(7, "bert").who[:8]}
        assert [key for key, _ in ledger.standings(c)] == [chain.key(7, "bert")]
    assert (lines(dsns, log, "anna"), lines(dsns, log, "bert"), ties(dsns)) == ([0, 0], [4, 2], 16)
    with connection(dsns.audit) as c:
        assert log.forget(c, "anna", [7, 8, 9]) == 0
        log.integrate(c)
        said = c.execute(
            "select connection, convert_from(leaf, 'UTF8')::jsonb -> 'body' ->> 'lines' from audit.entry"
            " where kind = 'erasure:done' order by connection nulls last"
        ).fetchall()
        assert said == [(7, "4"), (8, "2"), (None, "2")]
        assert verify(log.proof(c, log.of_subject(c, "bert", 8, EVER)[0].entry), log.vkey, "bert").about_subject
    assert verify(proof, log.vkey, "bert").about_subject


def test_where_many_have_lines_is_one_look_and_each_is_then_forgotten_there(dsns: Dsns, log: Log) -> None:
    with connection(dsns.audit) as c:
        found = log.places(c, ["anna", "bert", "nobody"])
        assert found == {"anna": {0, 7, 8}, "bert": {0, 7, 8}, "nobody": set()}
        assert log.places(c, []) == {}
        assert log.forget(c, "anna", places={7}) == 4
        assert log.places(c, ["anna"]) == {"anna": {0, 8}}
        assert log.forget(c, "anna", places=found["anna"]) == 4


def test_lines_from_before_there_were_chains_are_found_where_they_are_looked_for(dsns: Dsns, log: Log) -> None:
    with connection(dsns.owner) as c:  # takes from every line what ties it to another, but not to the person
        c.execute("alter table audit.event disable trigger user, drop constraint tied")
        c.execute("update audit.event set nth = null, before = null, who = null")
        c.execute("update audit.page set heads = ''")
    with connection(dsns.audit) as c:
        assert [len(log.of_subject(c, "anna", place, EVER)) for place in (7, None)] == [4, 2]
        assert log.forget(c, "anna") == 0
        assert log.forget(c, "anna", [7, 8]) == 6


def test_what_is_older_than_a_moment_is_untied_once(dsns: Dsns, log: Log) -> None:
    with connection(dsns.audit) as c:
        assert log.untie_before(c, AT) == 0
        assert log.untie_before(c, AT + timedelta(days=2), AT + timedelta(days=1)) == 4, "from the last time on"
        assert log.untie_before(c, AT + timedelta(days=2)) == 4
        assert log.untie_before(c, AT + timedelta(days=2)) == 0
    assert (lines(dsns, log, "anna"), lines(dsns, log, "bert"), ties(dsns)) == ([2, 1], [2, 1], 16)
    with connection(dsns.operator) as c, pytest.raises(psycopg.errors.InsufficientPrivilege):
        log.untie_before(c, AT + timedelta(days=9))


def test_a_number_is_not_given_again_after_the_last_line_was_untied_before_others(dsns: Dsns, log: Log) -> None:
    """The line that was recorded later may be of an earlier moment: two who write at once."""
    with connection(dsns.operator) as c:
        for hour in (5, 1):
            log.record(c, [Event(AT + timedelta(hours=hour), EventKind.VIEW_SHOWN, "customer:1", "carl", 7, {})])
    with connection(dsns.audit) as c:
        log.integrate(c)
        for hour in (2, 6):
            assert log.untie_before(c, AT + timedelta(hours=hour), AT + timedelta(minutes=1)) == 1
            assert ends(c, [chain.key(7, "carl")])[0].nth == 2


@pytest.mark.parametrize("seed", range(8))
def test_whatever_lines_are_untied_a_chain_goes_on_from_where_it_ended(dsns: Dsns, log: Log, seed: int) -> None:
    """Lines of any age are untied in any order, the last ones too: those to come have numbers that were never there."""
    draw = random.Random(seed)
    people = list(product((7, 8), ("anna", "bert")))
    ended = {chain.key(place, code): 2 for place, code in people}
    with connection(dsns.audit) as c:
        for _ in range(30):
            match draw.randrange(4):
                case 0:
                    when = AT + timedelta(hours=draw.randrange(200))
                    log.untie_before(c, when, when - timedelta(hours=draw.randrange(200)))
                case 1:
                    entries = [entry for (entry,) in c.execute("select id from audit.event where nth is not null order by id")]
                    chain.untie(c, draw.sample(entries, min(len(entries), 2)))
                case _:
                    place, code = draw.choice(people)
                    at = AT + timedelta(hours=draw.randrange(200))
                    log.record(c, [Event(at, EventKind.VIEW_SHOWN, "customer:1", code, place, {})])
                    ended[chain.key(place, code)] += 1
                    log.integrate(c)
            assert [head.nth for head in ends(c, list(ended))] == list(ended.values())
            standings = [one for one in evidence.standings(c) if not one.batch and one.connection]
            assert {(one.connection, one.who): one.nth for one in standings} == {
                (key.connection, key.who[:8]): nth for key, nth in ended.items()
            }
            passed = c.execute(
                "select count(*) filter (where e.goes_on), count(*) filter (where h.nth > e.nth) from audit.event e"
                " join audit.head h using (connection, who) where not exists ("
                "  select from audit.event l where l.connection = e.connection and l.who = e.who and l.nth > e.nth)"
            ).fetchone()
            assert passed is not None
            assert passed[0] == passed[1], "asked for where the chain ended is where a line that came after is untied"

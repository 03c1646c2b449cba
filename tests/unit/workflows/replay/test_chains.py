"""Whoever wrote second may stand first in the tree; a line that is missing is missing, in whatever order the others stand."""

import json
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import NamedTuple

import psycopg
from hypothesis import given
from hypothesis import strategies as st

from kwartier.audit import chain, evidence, tiles, tree
from kwartier.audit.events import Event, EventKind
from kwartier.audit.evidence import Standing, Tie
from kwartier.audit.log import Log
from kwartier.keys import signing
from kwartier.store.postgres import Dsns
from kwartier.workflows.replay.chain import Chain
from kwartier.workflows.replay.chains import Chains
from kwartier.workflows.replay.findings import Findings
from line_support import seal_event

AT = datetime(2026, 11, 24, tzinfo=UTC)
WHO = chain.key(7, "anna").who


class Line(NamedTuple):
    entry: evidence.Entry
    own: bytes


def line(n: int, after: tuple[int, bytes]) -> Line:
    one = seal_event(Event(AT, EventKind.VIEW_SHOWN, "customer:1", "anna", 7, {"n": n}), after)
    said = json.loads(one.data)
    tie = Tie(one.salt, one.nth, one.before, bytes.fromhex(said["link"]))
    return Line(evidence.Entry(n, n, "view:shown", AT, 7, one.data, said, tie), tree.leaf_hash(one.data))


def lines(count: int) -> list[Line]:
    made, end = list[Line](), (0, bytes(32))
    for n in range(1, count + 1):
        made.append(line(n, end))
        end = n, made[-1].own
    return made


def found(some: list[Line], nth: int, last: bytes) -> dict[str, int]:
    findings = Findings(AT)
    chains = Chains(findings)
    for one in some:
        chains.entry(one.entry, one.own)
    chains.check([Standing(7, False, WHO, nth, last)], {WHO})  # noqa: FBT003 - a row
    return dict(findings.codes)


def erased(one: Line) -> Line:
    entry = one.entry
    untied = Tie(None, None, None, None if entry.tie is None else entry.tie.link)
    return Line(evidence.Entry(entry.position, entry.id, entry.kind, AT, 7, entry.leaf, entry.said, untied), one.own)


@given(st.integers(1, 8), st.randoms(use_true_random=False), st.integers(0, 8))
def test_in_whatever_order_a_chain_is_whole_or_it_is_not(count: int, random: Random, gone: int) -> None:
    made = lines(count)
    end = count, made[-1].own
    without = [one for n, one in enumerate(made) if n != gone]
    random.shuffle(made)
    assert found(made, *end) == {}
    random.shuffle(without)
    assert bool(found(without, *end)) is (gone < count)


def test_a_line_that_was_erased_may_come_later_too() -> None:
    first, second, third = lines(3)
    assert found([third, erased(second), first], 3, third.own) == {"untied-unsaid": 1}


def test_two_lines_that_follow_the_same_one_are_found() -> None:
    first, second = lines(2)
    twin = line(2, (1, first.own))
    for some in ([first, second, twin], [second, twin, first], [second, first, twin], [twin, second, first]):
        assert found(some, 2, second.own)["line-missing"] == 1


def test_a_line_that_skips_a_number_is_found() -> None:
    first, _ = lines(2)
    third = line(3, (2, first.own))
    assert found([first, third], 3, third.own)["line-missing"] == 1
    assert found([third, first], 3, third.own)["line-missing"] == 1


def test_a_line_that_was_given_two_places_is_found(dsns: Dsns, tmp_path: Path) -> None:
    """Signed and all: whoever holds the auditor's part can do it, and nothing else in the log would show."""
    for name in ("keys", "audit"):
        (tmp_path / name).mkdir(mode=0o700)
    log = Log(signing.create(tmp_path / "keys", "kwartier.test/log"), tmp_path / "audit")
    said = [Event(AT, EventKind.NIGHT_INTENDED, "operator", body={"night": n}) for n in range(3)]

    def codes() -> dict[str, int]:
        findings = Findings(AT)
        with psycopg.connect(dsns.operator) as c:
            assert len(list(Chain(c, log, findings).entries())) == findings.compared["entries"]
        return dict(findings.codes)

    with psycopg.connect(dsns.audit) as c:
        ids = log.record(c, said)
        log.integrate(c)
    assert codes() == {}
    with psycopg.connect(dsns.audit) as c:
        found = c.execute("select leaf from audit.event where id = %s", (ids[1],)).fetchone()
        assert found is not None
        c.execute("update audit.place set ids = ids || %s::bigint", (ids[1],))
        tiles.append(c, 3, [tree.leaf_hash(found[0])])
        log.integrate(c)
    assert codes() == {"stray-lines": 1}

"""Whoever wrote second may stand first in the tree; a line that is missing is missing, in whatever order the others stand."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
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
from kwartier.grounds import retention
from kwartier.grounds.retention import Kept
from kwartier.keys import signing
from kwartier.model.period import midnight
from kwartier.store.postgres import Dsns
from kwartier.store.registry.replay import Forgotten
from kwartier.workflows.replay.chain import Chain
from kwartier.workflows.replay.chains import Chains
from kwartier.workflows.replay.findings import Findings
from line_support import seal_event

AT = datetime(2026, 11, 24, tzinfo=UTC)
OLD = midnight(retention.oldest(Kept.LOG_TIES, AT))
"""Lines from before may have been untied by their age."""
WHO = chain.key(7, "anna").who[:8]


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


def found(some: list[Line], nth: int, last: bytes, *forgotten: Forgotten) -> dict[str, int]:
    findings = Findings(AT)
    chains = Chains(findings)
    for one in some:
        chains.entry(one.entry, one.own)
    chains.check([Standing(7, False, WHO, nth, last)] if nth else [], {WHO}, forgotten)  # noqa: FBT003 - a row
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
    assert set(found([third, erased(second), first], 3, third.own)) == {"untied-unsaid", *IN_PART}


def said(n: int, kind: str, connection: int | None = 7, *, untied: bool = False, **body: object) -> Line:
    """Return an entry, by default about nobody; `untied`: about somebody, but nobody can tell about whom any more."""
    tie = Tie(None, None, None, bytes(16)) if untied else None
    return Line(evidence.Entry(n, n, kind, AT, connection, b"", {"body": body}, tie), n.to_bytes(32, "big"))


def forgot(n: int, lines: int) -> Line:
    return said(n, "erasure:done", lines=lines)


def aged(since: datetime, n: int = 90) -> Line:
    return said(n, "retention:applied", None, ties_from=int(since.timestamp()))


def written(one: Line, at: datetime) -> Line:
    return one._replace(entry=replace(one.entry, at=at))


IN_PART = ("untied-in-part", "chain-differs")
"""A line that is untied among others: the next follows it, and the one before has no end of its own."""
ASKED = said(80, "right:answered", right="erasure", untied=True)
THEM = Forgotten(1, frozenset({7}), lapsed=True)


@given(st.integers(2, 8), st.data())
def test_nobody_is_forgotten_in_part(count: int, data: st.DataObject) -> None:
    """Whichever line was untied before its age did it, and whatever the log says of it, what follows it shows that."""
    made = lines(count)
    gone = data.draw(st.integers(0, count - 2))
    some = [erased(one) if n == gone else one for n, one in enumerate(made)]
    assert found([*some, forgot(50, 1)], count, made[-1].own, THEM) == dict.fromkeys(IN_PART if gone else ["untied-in-part"], 1)
    last = [erased(one) if n == count - 1 else one for n, one in enumerate(made)]
    assert found([*last, forgot(50, 1)], count, made[-1].own, THEM) == dict.fromkeys(IN_PART, 1), (
        "the index says that it ends there"
    )


@given(st.integers(2, 8), st.data())
def test_what_age_untied_may_be_followed_but_once(count: int, data: st.DataObject) -> None:
    made, old = lines(count), OLD - timedelta(seconds=1)
    gone = data.draw(st.sets(st.integers(0, count - 1), min_size=1))
    some = [written(erased(one), old) if n in gone else one for n, one in enumerate(made)]
    assert found([*some, aged(OLD)], count, made[-1].own) == {}
    first = min(gone)
    if first + 1 not in gone and first + 1 < count:
        twin = line(first + 2, (first + 1, made[first].own))
        assert found([*some, twin, aged(OLD)], count, made[-1].own)["line-missing"] == 1


def test_no_age_unties_what_was_written_within_the_term() -> None:
    made = lines(3)
    some = [made[0], written(erased(made[1]), OLD), made[2]]
    assert set(found([*some, aged(OLD)], 3, made[2].own)) == {"untied-unsaid", *IN_PART}
    for early in (aged(OLD + timedelta(seconds=1)), written(aged(AT), AT + timedelta(days=9 * 365))):
        assert set(found([*some, early], 3, made[2].own)) == {"given-up-too-early", "untied-unsaid", *IN_PART}


def test_an_operator_that_keeps_ties_for_longer_is_held_to_what_it_says() -> None:
    made = lines(3)
    some = [made[0], written(erased(made[1]), OLD - timedelta(days=1)), made[2]]
    assert found([*some, aged(OLD)], 3, made[2].own) == {}
    longer = aged(OLD - timedelta(days=400))
    assert set(found([*some, longer], 3, made[2].own)) == {"untied-unsaid", *IN_PART}


def test_a_word_that_is_none_is_not_understood() -> None:
    for wrong in (
        said(60, "retention:applied", ties_from=10**30),
        said(60, "retention:applied", ties_from="x"),
        said(60, "erasure:done"),
    ):
        assert found([wrong], 0, b"") == {"not-understood": 1}


def test_who_is_forgotten_was_there_and_asked_or_left_long_ago() -> None:
    made = [erased(one) for one in lines(3)]
    there = Forgotten(1, frozenset({7}), lapsed=False)
    assert found([*made, ASKED, forgot(81, 4)], 0, b"", there) == {}
    assert found([*made, forgot(81, 3)], 0, b"", THEM) == {}
    assert found([*made, forgot(81, 3)], 0, b"", there) == {"forgotten-unasked": 1}
    assert found([*made, forgot(81, 3)], 0, b"") == {"erasure-of-nobody": 1}
    elsewhere = Forgotten(1, frozenset({8}), lapsed=True)
    assert found([*made, forgot(81, 3)], 0, b"", elsewhere) == {"erasure-of-nobody": 1}
    assert found([*made, forgot(81, 2), forgot(82, 1)], 0, b"", THEM) == {"erasure-of-nobody": 1}, "nobody is forgotten twice"


def test_it_is_said_after_the_lines_that_it_speaks_of() -> None:
    made = [erased(one) for one in lines(3)]
    assert found([*made[:2], forgot(3, 3), made[2]._replace(entry=replace(made[2].entry, position=4))], 0, b"", THEM) == {
        "untied-unsaid": 1
    }


def test_a_chain_that_begins_anew_after_its_person_was_forgotten_is_whole() -> None:
    before, after = [erased(one) for one in lines(3)], lines(2)
    assert found([*before, forgot(50, 3), *after], 2, after[-1].own, THEM) == {}


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

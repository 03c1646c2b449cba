"""A run that is killed anywhere, after which its person has new lines, is finished by the next one: the replay finds nothing."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from typing import Any, NamedTuple

import pytest

from kwartier.audit.canonical import canonical
from kwartier.audit.events import Event, EventKind
from kwartier.audit.leaves import Leaf
from kwartier.audit.log import Log
from kwartier.model.period import Period
from kwartier.model.register import Channel
from kwartier.store.registry import erasures
from kwartier.store.registry import retention as terms
from kwartier.workflows import replay, retention
from kwartier.workflows.installation import Installation
from kwartier.workflows.retention import lake, outbox, persons, run, traces
from kwartier.workflows.rights import erasure
from readings_support import channel_day, read
from registry_support import NOON, World, on

OWN = 1 << 2
NOW = on("2026-11-27")
AGAIN, LATER = NOW + timedelta(days=1), NOW + timedelta(days=2)
CHAINS = ("line-", "chain-", "untied-", "erasure-", "forgotten-")
"""How what is found of lines and of who was forgotten begins: the lines here are no more than lines."""
POINTS = {
    "the lake": (lake, "give_up"),
    "documents": (outbox, "take_out"),
    "letters": (persons, "_letters"),
    "the registry": (erasures, "give_up"),
    "lines": (Log, "forget"),
    "one place": (Log, "erase"),
    "the key": (terms, "forget"),
    "carried": (erasures, "carried"),
    "age": (run, "_ties"),
    "said": (run, "_say"),
    "purged": (lake, "purge"),
    "traces": (traces, "remove"),
}
LAPSED = {"letters", "lines", "one place", "the key", "age", "said", "traces"}
"""What a run comes to when it forgets somebody who asked for nothing."""


class Home(NamedTuple):
    place: int
    left: int


def lines(house: Installation, code: str, place: int) -> None:
    """Let the log have a line of each sort about somebody at a home, and one at no home."""
    with house.operator() as c:
        house.log.record(c, [Event(NOW, EventKind.VIEW_SHOWN, "operator", code, where, {}) for where in (place, place, None)])
        leaf = Leaf(place, code, canonical({"c": place}))
        house.log.record_batch(c, EventKind.BATCH_REFUSED, 1, NOW, "operator", [leaf], {})


def settled(house: Installation, facts: World, end: str) -> Home:
    """Let somebody have left a home in which another lives."""
    home = Home(facts.connection(), facts.subject("LEFT"))
    facts.occupancy(home.place, home.left, Period(on("2016-01-01"), on(end)))
    facts.occupancy(home.place, facts.subject("LIVES"), Period(on(end)))
    for code in ("LEFT", "LIVES"):
        lines(house, code, home.place)
    return home


def found(house: Installation) -> set[str]:
    return {one.code for one in replay.run(house, at=LATER).findings if one.code.startswith(CHAINS)}


def killed(monkeypatch: pytest.MonkeyPatch, house: Installation, point: str, *, after: bool) -> None:
    """Let a run be killed where it calls this, or when that is done."""
    where, name = POINTS[point]
    real: Callable[..., Any] = getattr(where, name)

    def call(*given: object, **named: object) -> None:
        if after:
            real(*given, **named)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(where, name, call)
        with pytest.raises(KeyboardInterrupt):
            retention.nightly(house, at=NOW)


def goes_on(house: Installation, facts: World, home: Home) -> None:
    """Let the person have new lines if still known, then another run; the person is forgotten and nothing is found."""
    assert found(house) == set(), "what the killed run left is whole"
    ((code,),) = facts.c.execute("select code from kw.subject where key = %s", (home.left,)).fetchall()
    if code == "LEFT":
        lines(house, code, home.place)
    retention.nightly(house, at=AGAIN)
    assert facts.c.execute("select code like 'forgotten:%%' from kw.subject where key = %s", (home.left,)).fetchall() == [(True,)]
    with house.operator() as c:
        assert house.log.places(c, ["LEFT"]) == {"LEFT": set()}
    assert found(house) == set()


both = partial(pytest.mark.parametrize, "after")([False, True])


@both
@pytest.mark.parametrize("point", POINTS)
def test_who_asked_is_forgotten_once_wherever_a_run_was_cut_short(
    opened: Installation,
    facts: World,
    monkeypatch: pytest.MonkeyPatch,
    point: str,
    after: bool,  # noqa: FBT001 - a case
) -> None:
    home = settled(opened, facts, "2026-02-01")
    erasure.erase_code(opened, "LEFT", at=NOW)
    killed(monkeypatch, opened, point, after=after)
    goes_on(opened, facts, home)


@both
@pytest.mark.parametrize("point", sorted(LAPSED))
def test_who_left_long_ago_too(
    opened: Installation,
    facts: World,
    monkeypatch: pytest.MonkeyPatch,
    point: str,
    after: bool,  # noqa: FBT001 - a case
) -> None:
    home = settled(opened, facts, "2018-02-01")
    killed(monkeypatch, opened, point, after=after)
    goes_on(opened, facts, home)


def test_the_files_that_an_erasure_left_go_with_the_next_run(
    opened: Installation, facts: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run was killed between the two: nobody waits any more, and no reading is given up, but the old file lies there."""
    home, day = settled(opened, facts, "2026-11-01"), date(2026, 10, 1)
    facts.permission(home.place, home.left, None, Period(on("2026-01-01"), on("2026-10-02")))
    read(opened, [replace(channel_day(home.place, Channel.IMPORT, day), basis=OWN)], at=NOON)
    erasure.erase_code(opened, "LEFT", at=NOW)
    killed(monkeypatch, opened, "purged", after=False)
    files = partial((opened.data / "lake").glob, "day=*/*")
    assert len(list(files())) == 1, "what was erased is still to be read on disk"
    goes_on(opened, facts, home)
    assert list(files()) == []

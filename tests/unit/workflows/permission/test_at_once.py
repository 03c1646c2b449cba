"""Many at once: two who write about the same homes in different orders wait for each other, never each for the other."""

import random
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from functools import partial
from threading import Barrier

import pytest

from kwartier.model.ean import Ean
from kwartier.workflows.permission import mandates, placing
from kwartier.workflows.permission.placing import Claim, Claimed
from permission_support import DAY, Home, claim, silence
from registry_support import NOON

HOMES, SEEDS = 9, range(20)
LATE = NOON + 14 * DAY


@pytest.fixture
def street(home: Home, monkeypatch: pytest.MonkeyPatch) -> list[Ean]:
    """Return the connections of a street, somebody lives at each; an upload of all is of several parts."""
    for module in (placing, mandates):
        monkeypatch.setattr(module, "AT_ONCE", 4)
    for _ in range(1, HOMES):
        home.world.occupancy(home.world.connection(), home.world.subject())
    return [Ean(one) for (one,) in home.world.c.execute("select ean from kw.connection order by key").fetchall()]


def app(home: Home) -> str:
    """Let one more app be bound by an agreement; return its code."""
    party = home.world.party("third_party")
    home.world.agreement(party)
    return home.code(party)


def claims(home: Home, street: list[Ean], draw: random.Random) -> list[Claim]:
    """Claim every connection of the street, in an order that is drawn. A reference goes with its connection."""
    return [claim(home, ean=one, reference=one.reveal()) for one in draw.sample(street, len(street))]


def together(one: Callable[[], Claimed], other: Callable[[], Claimed]) -> list[Claimed]:
    """Do two things at the same moment, each in a thread and so on a connection of its own."""
    ready = Barrier(2)

    def begun(does: Callable[[], Claimed]) -> Claimed:
        ready.wait()
        return does()

    with ThreadPoolExecutor(2) as threads:
        return [each.result() for each in [threads.submit(begun, does) for does in (one, other)]]


def test_uploads_of_the_same_homes_in_different_orders_meet(home: Home, street: list[Ean]) -> None:
    """Of two apps: each asks every customer."""
    for seed in SEEDS:
        draw = random.Random(seed)
        first, second = (partial(mandates.claim, home.house, app(home), claims(home, street, draw), at=NOON) for _ in range(2))
        assert [one.presented for one in together(first, second)] == [HOMES, HOMES], f"seed {seed}"


def test_the_same_upload_twice_in_different_orders_is_taken_once(home: Home, street: list[Ean]) -> None:
    for seed in SEEDS:
        draw, code = random.Random(seed), app(home)
        first, second = (partial(mandates.claim, home.house, code, claims(home, street, draw), at=NOON) for _ in range(2))
        found = [asdict(one) for one in together(first, second)]
        assert sum(one["presented"] for one in found) == sum(one["known"] for one in found) == HOMES, f"seed {seed}"
        assert [(one["differs"], one["invalid"]) for one in found] == [(0, {})] * 2, f"seed {seed}"


def test_mandates_begin_once_while_two_look_and_a_third_uploads(home: Home, street: list[Ean]) -> None:
    """A night and a round of deliveries begin at once, and an app claims the same homes."""
    draw, begun = random.Random(1), list[int]()
    mandates.claim(home.house, app(home), claims(home, street, draw), at=NOON)

    def night() -> Claimed:
        begun.append(silence(home.house, at=LATE))
        return Claimed()

    def round_and_upload() -> Claimed:
        begun.append(silence(home.house, at=LATE))
        return mandates.claim(home.house, app(home), claims(home, street, draw), at=LATE)

    assert together(night, round_and_upload)[1].presented == HOMES
    assert sum(begun) == HOMES
    assert [kind for kind, _ in home.told()].count("permission:granted") == HOMES


def test_one_that_does_not_hold_any_more_keeps_no_other_of_its_part_from_beginning(home: Home, street: list[Ean]) -> None:
    """Two claims for the same: the second meets the permission that the first has just become."""
    rows = [*claims(home, street, random.Random(1)), claim(home, reference="twice")]
    assert mandates.claim(home.house, app(home), rows, at=NOON).presented == HOMES + 1
    assert [silence(home.house, at=LATE) for _ in range(2)] == [HOMES, 0]
    assert ("permission:found_invalid", LATE) in home.told()


def test_of_an_upload_that_was_killed_the_rest_is_placed_when_it_comes_again(home: Home, street: list[Ean]) -> None:
    code, rows = app(home), claims(home, street, random.Random(1))

    def cut_off() -> Iterator[Claim]:
        yield from rows[:5]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        mandates.claim(home.house, code, cut_off(), at=NOON)
    again = mandates.claim(home.house, code, rows, at=NOON)
    assert (again.known, again.presented) == (4, HOMES - 4), "the part that was whole stands"

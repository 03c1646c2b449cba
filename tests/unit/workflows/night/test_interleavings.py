"""Revoked at any step of a night and its deliveries: no GET later than the look, nothing accepted, nothing handed over after it."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from care_rounds_support import Street, street
from care_support import CARE, TOWN
from interleaving_support import Given, Script, given, rows, run
from kwartier.model.register import DAY_MASK, INTERVAL_MASK
from kwartier.settings import Settings
from kwartier.simulator.behaviour import Fault
from kwartier.workflows.installation import Installation
from registry_support import World

SAMPLE, ALL = 10, 200
SOUND = [h for h in TOWN.homes if h.fault is Fault.SOUND and h.index not in CARE.ailments and not CARE.dark(h)]


@pytest.fixture
def homes(opened: Installation, facts: World, tmp_path: Path) -> Iterator[Street]:
    """Serve three homes of the town that answer at once."""
    (tmp_path / "meters").mkdir()
    with street(opened, facts, tmp_path / "meters", SOUND[:3]) as found:
        yield found


def played(homes: Street, seed: int, steps: int) -> Script:
    """Run a night with one to five of the permissions revoked, each at a step of its own or several at one."""
    draw = random.Random(seed)
    story = given(homes)
    plan: dict[int | str, list[Given]] = {}
    for one in draw.sample(story, draw.randint(1, len(story))):
        plan.setdefault(draw.randint(1, steps), []).append(one)
    script = Script(homes, plan)
    run(script)
    check(script, story)
    for one in story:
        if one.id not in script.told.revoked:
            script.revoke(one)
    script.wait()
    return script


def check(script: Script, story: list[Given]) -> None:
    """Look at every GET, every row and every parcel."""
    for_each_get(script)
    what_was_accepted(script)
    what_was_handed_over(script, story)


def permission_of(facts: tuple[tuple[str, int], ...]) -> int:
    """Return the permission that a permit rests on."""
    (found,) = (number for table, number in facts if table == "permission")
    return found


def for_each_get(script: Script) -> None:
    """What the last look could know was not asked for, and that look was fresh."""
    told = script.told
    assert told.gets or told.revoked
    for get in told.gets:
        assert get.age_s <= Settings().stop_age_s
        for permit in get.permits:
            assert told.revoked.get(permission_of(permit.facts), get.step) > get.looked - (get.looked == get.step)


def what_was_accepted(script: Script) -> None:
    """A batch keeps what stood when it was looked at last: all of that, and nothing else."""
    told, stored = script.told, rows(script)
    for batch, looked in told.accepted.items():
        with script.street.house.operator() as c:
            served = [bytes(s) for (s,) in c.execute("select permits from kw.outcome where batch = %s", (batch,)).fetchall()]
        permits = [told.permits[ids[at : at + 16]] for ids in served for at in range(0, len(ids), 16)]
        for one in permits:
            assert told.revoked.get(permission_of(one.facts), looked + 1) > looked
        may = {(one.request.connection, channel) for one in permits for channel in range(32) if one.request.mask >> channel & 1}
        have = {(row.key, int(row.channel)) for row in stored.get(batch, ())}
        assert have == may & {(key, channel) for key, channel in may if 1 << channel & INTERVAL_MASK or (key, channel) in have}


def what_was_handed_over(script: Script, story: list[Given]) -> None:
    """To whom a permission was given, its data went once, unless it was revoked before; then never."""
    told = script.told
    with script.street.house.operator() as c:
        eans = dict(c.execute("select key, ean from kw.connection").fetchall())
        codes = dict(c.execute("select key, code from kw.party").fetchall())
    for one in story:
        if one.party is None:
            continue
        steps = told.handed.get((codes[one.party], eans[script.street.places[one.place].connection]), [])
        revoked = told.revoked.get(one.id)
        whole = 1 + bool(one.mask & DAY_MASK)  # a parcel of intervals, and one of registers
        assert len(steps) == whole or (revoked is not None and not steps), one
        assert revoked is None or not steps or max(steps) < revoked, one


def test_a_night_that_nobody_disturbs(homes: Street) -> None:
    script = Script(homes, {})
    story = given(homes)
    run(script)
    check(script, story)
    assert (len(script.told.gets), len(script.told.accepted)) == (5, 1)
    assert script.told.steps > 60


@pytest.mark.parametrize("name", ["get", "harvested", "stage", "commit", "_decided", "alone", "name", "_mark"])
def test_revoked_just_before_a_step(homes: Street, name: str) -> None:
    """While a bundle leaves, whoever revokes waits: it had left, or does not leave."""
    story = given(homes)
    script = Script(homes, {name: story[:2]})
    run(script)
    check(script, story)
    assert set(script.told.revoked) == {one.id for one in story[:2]}
    left = sum(map(len, script.told.handed.values()))
    assert left > 3 if name in {"name", "_mark"} else left == 3, "what the others permitted left in any case"


def test_revoked_at_any_step(homes: Street) -> None:
    for seed in range(SAMPLE):
        played(homes, seed, 90)


@pytest.mark.full
@pytest.mark.timeout(3000)
def test_revoked_at_any_step_in_many_orders(homes: Street) -> None:
    revoked = withdrawn = 0
    for seed in range(1000, 1000 + ALL):
        told = played(homes, seed, 90).told
        revoked += len(told.revoked)
        withdrawn += sum(not steps for steps in told.handed.values())
    assert revoked > ALL

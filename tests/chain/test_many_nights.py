"""A town over many nights, its people's lives going on: everything has its ground, and every planted violation is found."""

import os
import random
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from kwartier.model.period import day_of
from kwartier.store.registry import late as late_boundaries
from kwartier.workflows import replay
from kwartier.workflows.installation import Installation
from kwartier.workflows.replay.findings import CODES
from lives_support import DAY
from planted_support import BESIDES, PLANTED, missed
from replay_support import Faulty, spoiling
from scratch_support import DISK
from town_nights_support import Nights, spring, town_of_nights

pytestmark = [pytest.mark.database, pytest.mark.timeout(600)]
EVERY = BESIDES | PLANTED
ALONE = random.Random(7).sample([*EVERY], 6)
"""Of those that are planted together, these are planted one at a time as well; in `./test full` all of them are."""
HAPPENS = {
    *("moved", "switched", "permitted", "permitted from noon", "expires soon", "ends tomorrow"),
    *("revoked", "revoked during a night", "revoked before delivery", "refused", "administratively_off", "returned"),
    *("suspended", "reinstated", "agreement began", "agreement ended", "use case", "claimed", "vetoed"),
}
HOMES = 500 if os.environ.get("KW_TEST_PG") else 5_000
"""Of the large town: on the second server it is a smaller one."""


def lived(data: Path, *, homes: int, count: int, busy: int, batch: int = 2000) -> Iterator[Nights]:
    """Let a town live through nights around the day on which the clocks go forward."""
    first = spring(datetime.now(UTC).year + 1) - (count // 2 + 1) * DAY
    with town_of_nights(data, homes=homes, count=count, busy=busy, first=first, batch=batch) as nights:
        for _ in range(count):
            nights.pass_one()
        yield nights


@pytest.fixture(scope="module")
def nights(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nights]:
    yield from lived(tmp_path_factory.mktemp("nights") / "data", homes=60, count=8, busy=20, batch=30)


@pytest.fixture
def night(nights: Nights, tmp_path: Path) -> Iterator[Faulty]:
    with spoiling(nights.house, tmp_path / "data", nights.clock.now()) as faulty:
        yield faulty


def shown(house: Installation, at: datetime) -> list[str]:
    """Return what a replay finds, as lines."""
    return [str(one) for one in replay.run(house, at=at).findings]


def test_everything_happens_in_these_nights(nights: Nights) -> None:
    assert nights.lives.happened.keys() >= HAPPENS
    for what in (
        "read",
        "stopped",
        "refused",
        "delivered",
        "withheld",
        "looks",
        "looks refused",
        "downloads",
        "workers lost",
        "vetoed",
    ):
        assert nights.said[what] > 0, what


def test_nights_in_order_show_nothing(nights: Nights) -> None:
    found = replay.run(nights.house, at=nights.clock.now())
    assert [str(one) for one in found.findings] == []
    assert (found.uncovered, found.over_broad, found.late, found.refused_wrongly) == (0, 0, 0, 0)
    for what in (
        "lines",
        "refusals",
        "channel_days",
        "requests",
        "deeds",
        "parcels",
        "documents",
        "values",
        "views",
        "consents",
        "mandates",
        "facts",
    ):
        assert found.compared[what] > 0, what


def test_a_switch_or_a_move_that_was_told_late_reaches_who_waits_for_it(nights: Nights) -> None:
    """The nights that ask for a boundary are over 28 hours after it. What is held still waits for nobody."""
    with nights.house.operator() as c:
        late = c.execute(
            "select count(*) from kw.parcel p join kw.delivery_due d on d.id = p.due where p.purpose in ('switch', 'move')"
            " and p.at > to_timestamp(d.first_s) + interval '36 hours' and p.status in ('delivered', 'withheld')"
        ).fetchone()
        waits = late_boundaries.waiting(c)
        told = dict(c.execute("select connection, max(told) from kw.late_change group by connection").fetchall())
    assert late is not None
    assert late[0] > 0
    old = [one for one in waits if told[one.connection] < nights.clock.now() - 2 * DAY]
    assert [one for one in old if nights.house.readings.day(one.connection, day_of(one.moment), one.mask)] == []


def test_a_part_of_the_nights_is_compared_alone(nights: Nights) -> None:
    """The parts together are the whole, and each is in order by itself: also what was used of a limit before counts in it."""
    last = nights.today - DAY
    middle = last - 4 * DAY
    whole = replay.run(nights.house, at=nights.clock.now())
    parts = [
        replay.run(nights.house, at=nights.clock.now(), window=window)
        for window in (replay.of_days(None, middle), replay.of_days(middle + DAY, None))
    ]
    assert [str(one) for part in parts for one in part.findings] == []
    for what in ("requests", "deeds", "parcels", "documents", "views", "consents", "channel_days"):
        assert sum(part.compared[what] for part in parts) == whole.compared[what], what
        assert all(part.compared[what] for part in parts), what


@pytest.mark.parametrize("name", [pytest.param(one, marks=[] if one in ALONE else pytest.mark.full) for one in EVERY])
def test_a_planted_violation_is_found(night: Faulty, name: str) -> None:
    expected = EVERY[name](night)
    found = night.found()
    assert expected.among(found), found.codes
    assert CODES[expected.code][0] is expected.category
    assert "not-understood" not in found.codes


def test_all_planted_violations_are_found_together(night: Faulty) -> None:
    expected = {name: plant(night) for name, plant in EVERY.items()}
    found = night.found()
    assert missed(expected, found) == []
    assert {name for name, one in expected.items() if CODES[one.code][0] is not one.category} == set()
    assert len(PLANTED) == 20
    assert "not-understood" not in found.codes


@pytest.fixture
def on_disk() -> Iterator[Path]:
    """A folder for gigabytes: 3.2 of 5,000 homes, and a copy to spoil."""
    with TemporaryDirectory(dir=DISK) as name:
        yield Path(name)


@pytest.mark.full
@pytest.mark.timeout(14_400)
def test_sixty_nights_of_a_large_town(on_disk: Path) -> None:
    """Takes an hour and three quarters on two cores that others use too: nights 80 minutes, each of the two replays 12 or so.

    All violations are planted in half a minute. With 500 homes it takes a quarter of an hour.
    """
    for nights in lived(on_disk / "data", homes=HOMES, count=60, busy=max(25, HOMES // 50), batch=max(400, HOMES // 5)):
        assert nights.lives.happened.keys() >= HAPPENS
        assert shown(nights.house, nights.clock.now()) == []
        with spoiling(nights.house, on_disk / "spoilt", nights.clock.now()) as faulty:
            expected = {name: plant(faulty) for name, plant in EVERY.items()}
            found = faulty.found()
            assert missed(expected, found) == []

"""What retention said that it took away is not missing; one row more is, and so is what it may not take."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kwartier.audit.evidence import Entry
from kwartier.model.channel_day import ChannelDay
from kwartier.model.period import epoch_s
from kwartier.model.register import Channel
from kwartier.store.readings import Readings
from kwartier.workflows.replay.book import Book
from kwartier.workflows.replay.findings import Findings
from kwartier.workflows.replay.held import Held
from kwartier.workflows.replay.lake import Lake
from kwartier.workflows.replay.registry import Gone
from kwartier.workflows.replay.tasks import code_of
from kwartier.workflows.replay.told import State
from replay_support import no_decisions

DAY = date(2026, 11, 23)
AT = datetime(2026, 11, 24, tzinfo=UTC)
MUCH_LATER = datetime(2030, 1, 1, tzinfo=UTC)


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    Readings.create(tmp_path / "lake")
    return tmp_path / "lake"


def book(found: Findings) -> Book:
    return Book(no_decisions(), found)


def missing(lake: Path, covered: dict[int, list[int]], stored: dict[int, int], said: dict[int, int]) -> int:
    """Return how many rows a replay misses, of connections by batch, when so many were said to be given up."""
    found = Findings(AT)
    made = book(found)
    for batch, keys in covered.items():
        made.covered[DAY][batch] = np.array(sorted(code_of(key, 1) for key in keys), np.int64)
    made.stored.update(stored)
    made.given_up[DAY] = Counter(said)
    Lake(Held(lake), made, dict.fromkeys((1, 2), "committed"), dict, found).check()
    assert {one.code for one in found.findings} <= {"rows-missing"}
    return found.uncovered


def store(lake: Path, batch: int, *keys: int) -> None:
    deltas = np.ones(96, np.int32).tobytes()
    rows = [ChannelDay(key, Channel.IMPORT, DAY, 1000, deltas, b"", 8, 1, batch) for key in keys]
    readings = Readings(lake)
    readings.commit(batch, readings.stage(batch, rows))


def test_what_was_said_to_go_is_not_missing_and_one_more_is(lake: Path) -> None:
    store(lake, 1, 5)
    covered, stored = {1: [5, 6, 7]}, {1: 3}
    assert missing(lake, covered, stored, {}) == 2
    assert missing(lake, covered, stored, {1: 1}) == 1
    assert missing(lake, covered, stored, {1: 2}) == 0
    assert missing(lake, covered, stored, {2: 2}) == 2, "another batch's rows"


def test_a_whole_day_may_be_given_up(lake: Path) -> None:
    assert missing(lake, {1: [5, 6], 2: [5]}, {1: 2, 2: 1}, {1: 1, 2: 1}) == 0
    assert missing(lake, {1: [5, 6], 2: [5]}, {1: 2, 2: 1}, {2: 1}) == 1


def test_a_row_that_had_taken_the_place_of_an_earlier_one_takes_it_along(lake: Path) -> None:
    """Of connection 5 only the row of batch 2 was there when it went; batch 1 misses its own on the same account."""
    store(lake, 1, 6)
    assert missing(lake, {1: [5, 6], 2: [5]}, {1: 2, 2: 1}, {2: 1}) == 0
    assert missing(lake, {1: [5, 6, 7], 2: [5]}, {1: 3, 2: 1}, {2: 1}) == 1


def applied(at: datetime, **body: Any) -> Entry:  # noqa: ANN401 - what an event says
    return Entry(1, 1, "retention:applied", at, None, b"", {"body": body}, None)


@pytest.mark.parametrize(
    ("at", "now", "erased", "early"),
    [
        (AT, AT, 0, 3),
        (AT, AT, 1, 2),
        (AT, AT, 3, 0),
        (MUCH_LATER, MUCH_LATER, 0, 0),
        (MUCH_LATER, AT, 0, 3),
        (AT, MUCH_LATER, 0, 3),
    ],
)
def test_what_every_ground_still_holds_goes_only_at_a_persons_request(at: datetime, now: datetime, erased: int, early: int) -> None:
    """Nor is it over because it is said to have gone at a moment that is still to come."""
    found = Findings(now)
    book(found).take(applied(at, day=DAY.isoformat(), rows=3, erased=erased, batches={"1": 3}), [])
    assert found.uncovered == early
    assert {one.code for one in found.findings} == ({"given-up-too-early"} if early else set())


FIVE_YEARS_AGO = datetime(2021, 11, 23, 23, tzinfo=UTC)
"""Where the term of parcels had come."""


def parcels_from(at: datetime, *since: datetime) -> tuple[datetime, list[str]]:
    made = book(found := Findings(AT))
    for one in since:
        made.take(applied(at, run=1, gone={}, parcels_from=epoch_s(one), ties_from=0), [])
    return made.parcels_from, [one.code for one in found.findings]


def test_parcels_are_looked_for_from_where_they_must_be(lake: Path) -> None:
    longer = FIVE_YEARS_AGO - timedelta(days=400)
    assert parcels_from(AT, longer, FIVE_YEARS_AGO, longer) == (FIVE_YEARS_AGO, [])
    assert parcels_from(AT, longer) == (longer, []), "who keeps them for longer is held to it"
    assert Held(lake).days() == set()


def test_no_parcel_goes_before_its_term() -> None:
    early = FIVE_YEARS_AGO + timedelta(seconds=1)
    assert parcels_from(AT, FIVE_YEARS_AGO, early) == (FIVE_YEARS_AGO, ["given-up-too-early"])
    assert parcels_from(MUCH_LATER, FIVE_YEARS_AGO, MUCH_LATER) == (FIVE_YEARS_AGO, ["given-up-too-early"])
    assert parcels_from(MUCH_LATER, early)[1] == ["given-up-too-early"], "as if it were told years from now"


EIGHT_YEARS_AGO = datetime(2018, 11, 23, 23, tzinfo=UTC)
"""Where the term of a contract that ended had come when it was applied."""


def contract(end: datetime | None) -> State:
    return State(1, AT, 7, datetime(2010, 1, 1, tzinfo=UTC), end, {"party": 1}, None, None)


def test_facts_are_looked_for_from_where_they_must_be() -> None:
    gone = Gone(found := Findings(AT))
    assert not gone.has(("supply", 1), contract(EIGHT_YEARS_AGO - timedelta(days=9)))
    for since in (EIGHT_YEARS_AGO, EIGHT_YEARS_AGO - timedelta(days=1)):
        gone.take(applied(AT, run=1, gone={}, parcels_from=0, ties_from=0, facts_from={"supply": epoch_s(since)}))
    assert gone.has(("supply", 1), contract(EIGHT_YEARS_AGO - timedelta(seconds=1)))
    assert not gone.has(("supply", 1), contract(EIGHT_YEARS_AGO))
    assert not gone.has(("supply", 1), contract(None)), "what has not ended does not go"
    assert not gone.has(("permission", 1), contract(EIGHT_YEARS_AGO - timedelta(days=9)))
    assert found.findings == []


@pytest.mark.parametrize("said", [{"supply": epoch_s(EIGHT_YEARS_AGO) + 1}, {"occupancy": 0}])
def test_what_goes_before_its_term_is_found_and_still_missed(said: dict[str, int]) -> None:
    gone = Gone(found := Findings(AT))
    gone.take(applied(AT, run=1, gone={}, parcels_from=0, ties_from=0, facts_from=said))
    assert [one.code for one in found.findings] == ["given-up-too-early"]
    assert not any(gone.has((table, 1), contract(datetime(2011, 1, 1, tzinfo=UTC))) for table in said)

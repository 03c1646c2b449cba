"""The rules that stored rows name against those of the permits they were read under, on a real lake."""

from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kwartier.model.channel_day import ChannelDay
from kwartier.model.register import Channel
from kwartier.store.readings import Readings
from kwartier.workflows.replay.bases import Bases, Kept, freed_of
from kwartier.workflows.replay.findings import Findings
from kwartier.workflows.replay.held import Held
from kwartier.workflows.replay.tasks import code_of

DAY = date(2026, 11, 23)
AT = datetime(2026, 11, 24, tzinfo=UTC)
SUPPLIER, APP, OWN = 1 << 3, 1 << 7, 1 << 2
MORNING = (0, 43_200)


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    Readings.create(tmp_path / "lake")
    return tmp_path / "lake"


def store(lake: Path, batch: int, rows: dict[int, int]) -> None:
    """Store a row per connection that names these rules."""
    deltas = np.ones(96, np.int32).tobytes()
    made = [ChannelDay(key, Channel.IMPORT, DAY, 1000, deltas, b"", basis, 1, batch) for key, basis in rows.items()]
    readings = Readings(lake)
    readings.commit(batch, readings.stage(batch, made))


def kept(key: int, rule: int, within: tuple[int, int] | None = None) -> Kept:
    return Kept(code_of(key, 1), within, rule)


def judged(lake: Path, said: dict[int, list[Kept]], freed: int = 0, elsewhere: frozenset[int] = frozenset()) -> list[str]:
    found, bases = Findings(AT), Bases()
    for batch, rows in said.items():
        bases.take(DAY, batch, rows)
    bases.freed[DAY] = freed
    bases.check(Held(lake), elsewhere, found)
    return [f"{one.code} {one.detail['connection']}" for one in found.findings]


def test_rows_that_name_what_they_were_read_under(lake: Path) -> None:
    store(lake, 1, {5: APP, 6: APP | OWN})
    assert judged(lake, {1: [kept(5, APP), kept(6, OWN), kept(6, APP)]}) == []


def test_a_rule_too_many_and_one_too_few(lake: Path) -> None:
    store(lake, 1, {5: APP | SUPPLIER, 6: APP, 7: OWN})
    said = {1: [kept(5, APP), kept(6, APP), kept(6, OWN), kept(7, APP)]}
    assert judged(lake, said) == ["basis-beyond-permits 5", "basis-beyond-permits 7", "basis-too-small 6", "basis-too-small 7"]


def test_what_covers_a_part_may_be_named_and_need_not(lake: Path) -> None:
    """None of its intervals may have come."""
    store(lake, 1, {5: APP, 6: APP | OWN, 7: OWN})
    said = {1: [kept(key, rule, within) for key in (5, 6, 7) for rule, within in ((APP, None), (OWN, MORNING))]}
    assert judged(lake, said) == ["basis-too-small 7"]


def test_a_row_may_rest_on_what_an_earlier_batch_was_read_under(lake: Path) -> None:
    store(lake, 2, {5: APP | OWN})
    said = {1: [kept(5, OWN)], 2: [kept(5, APP)]}
    assert judged(lake, said) == []
    assert judged(lake, {2: said[2]}) == ["basis-beyond-permits 5"]


def test_what_was_read_before_the_time_compared_is_not_looked_at(lake: Path) -> None:
    store(lake, 2, {5: APP | OWN, 6: OWN})
    said = {2: [kept(5, APP), kept(6, APP)]}
    assert judged(lake, said, elsewhere=frozenset({1})) == ["basis-too-small 6"]


def test_an_erasure_takes_rules_from_as_many_rows_as_it_says(lake: Path) -> None:
    store(lake, 1, {5: APP, 6: APP, 7: APP})
    said = {1: [kept(key, rule) for key in (5, 6, 7) for rule in (APP, OWN)]}
    assert judged(lake, said, freed=3) == []
    assert judged(lake, said, freed=2) == ["basis-too-small 7"]


def test_an_older_log_says_nothing_of_freed_rows() -> None:
    assert (freed_of({}), freed_of({"freed": 4}), freed_of({"freed": "x"})) == (0, 4, 0)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    rules=st.dictionaries(st.integers(1, 9), st.sets(st.integers(1, 17), min_size=1), min_size=1),
    at=st.integers(0, 8),
    bit=st.integers(1, 17),
)
def test_any_single_bit_shows(tmp_path_factory: pytest.TempPathFactory, rules: dict[int, set[int]], at: int, bit: int) -> None:
    key = sorted(rules)[at % len(rules)]
    lake = tmp_path_factory.mktemp("bases")
    Readings.create(lake)
    named = {one: sum(1 << rule for rule in found) for one, found in rules.items()}
    named[key] ^= 1 << bit
    store(lake, 1, named)
    said = {1: [kept(one, 1 << rule) for one, found in rules.items() for rule in sorted(found)]}
    assert judged(lake, said) == [f"basis-{'too-small' if bit in rules[key] else 'beyond-permits'} {key}"]

"""Stored channel-days against the deeds of a book, on a real lake."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from kwartier.model.channel_day import ChannelDay, Quality
from kwartier.model.period import epoch_s, midnight
from kwartier.model.register import Channel
from kwartier.store.readings import Readings
from kwartier.store.registry.replay import Aside
from kwartier.workflows.replay.book import Book
from kwartier.workflows.replay.findings import Findings
from kwartier.workflows.replay.held import Held
from kwartier.workflows.replay.lake import Lake, put_aside
from kwartier.workflows.replay.tasks import code_of
from replay_support import no_decisions

DAY = date(2026, 11, 23)
AT = datetime(2026, 11, 24, tzinfo=UTC)


def channel_day(key: int, batch: int, channel: Channel = Channel.IMPORT, quality: bytes = b"") -> ChannelDay:
    deltas = np.ones(96, np.int32).tobytes() if channel is Channel.IMPORT else b""
    return ChannelDay(key, channel, DAY, 1000, deltas, quality, 8, 1, batch)


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    Readings.create(tmp_path / "lake")
    return tmp_path / "lake"


def store(lake: Path, batch: int, *days: ChannelDay) -> None:
    readings = Readings(lake)
    readings.commit(batch, readings.stage(batch, days))


def judged(
    lake: Path,
    covered: dict[int, list[int]],
    *,
    stored: dict[int, int] | None = None,
    states: dict[int, str] | None = None,
    partly: dict[tuple[int, date, int], list[tuple[int, int]]] | None = None,
    later: tuple[int, ...] = (),
    gone: dict[int, int] | None = None,
) -> list[str]:
    found = Findings(AT)
    codes = {batch: np.array(sorted(found_codes), np.int64) for batch, found_codes in covered.items()}
    book = Book(no_decisions(), found)
    book.covered[DAY], book.partly, book.stored = codes, partly or {}, stored or {}
    book.gone.update(gone or {})
    known = states or dict.fromkeys((1, 2, 3), "committed")
    Lake(Held(lake), book, known, lambda: known | dict.fromkeys(later, "staged"), found).check()
    return [one.code for one in found.findings]


def test_rows_that_deeds_cover(lake: Path) -> None:
    store(lake, 1, channel_day(5, 1), channel_day(6, 1, Channel.DAY_IMPORT_LOW))
    assert judged(lake, {1: [code_of(5, 1), code_of(6, 4)]}, stored={1: 2}) == []


def test_a_row_of_another_key_channel_or_batch_is_uncovered(lake: Path) -> None:
    store(lake, 1, channel_day(5, 1))
    for codes in ([code_of(6, 1)], [code_of(5, 2)], []):
        assert judged(lake, {1: codes}) == ["row-without-deed"]
    assert judged(lake, {2: [code_of(5, 1)]}) == ["row-without-deed"]


def test_a_batch_that_came_after_the_log_was_read_is_left_alone(lake: Path) -> None:
    store(lake, 9, channel_day(5, 9))
    assert judged(lake, {}, later=(9,)) == []


def test_a_batch_that_nobody_knows_is_not(lake: Path) -> None:
    store(lake, 9, channel_day(5, 9))
    assert judged(lake, {}) == ["row-without-deed"]


def test_rows_that_are_gone(lake: Path) -> None:
    store(lake, 1, channel_day(5, 1))
    covered = {1: [code_of(5, 1), code_of(6, 1)]}
    assert judged(lake, covered, stored={1: 2}) == ["rows-missing"]
    assert judged(lake, covered, stored={1: 2}, states={1: "staged"}) == [], "not in the lake yet"
    assert judged(lake, {1: [code_of(5, 1), code_of(6, 1)]}, stored={1: 1}) == [], "the meter had nothing for the other"


def test_rows_that_a_later_batch_read_again_are_not_gone(lake: Path) -> None:
    store(lake, 1, channel_day(5, 1), channel_day(6, 1))
    store(lake, 2, channel_day(5, 2))
    Readings(lake).finalise(DAY)
    covered = {1: [code_of(5, 1), code_of(6, 1)], 2: [code_of(5, 1)]}
    assert judged(lake, covered, stored={1: 2, 2: 1}) == []
    assert judged(lake, covered, stored={1: 3, 2: 1}) == ["rows-missing"]


def test_rows_that_are_there_though_retention_said_that_they_went(lake: Path) -> None:
    store(lake, 1, channel_day(5, 1), channel_day(6, 1))
    covered = {1: [code_of(5, 1), code_of(6, 1), code_of(7, 1)]}
    assert judged(lake, covered, stored={1: 3}, gone={1: 1}) == ["rows-missing"], "went, and the log does not say of which day"
    assert judged(lake, covered, stored={1: 2}, gone={1: 1}) == ["rows-beyond-deed"]
    assert judged(lake, covered, stored={1: 1}) == ["rows-beyond-deed"], "one that no deed counted"


def test_a_row_has_no_more_values_than_its_day(lake: Path) -> None:
    register = channel_day(6, 1, Channel.DAY_IMPORT_LOW, quality=bytes(1))
    store(lake, 1, channel_day(5, 1, quality=bytes(96)), register)
    covered = {1: [code_of(5, 1), code_of(6, 4)]}
    assert judged(lake, covered) == []
    store(lake, 2, replace(channel_day(5, 2), deltas=bytes(4 * 97)), replace(register, batch=2, deltas=bytes(4), quality=b""))
    assert judged(lake, {**covered, 2: covered[1]}) == ["row-beyond-permits"] * 2


def test_an_answer_is_put_aside_under_a_deed_that_lets_it_be_kept() -> None:
    first, last = (epoch_s(midnight(DAY + timedelta(days=n))) for n in (0, 1))
    found = Findings(AT)
    book = Book(no_decisions(), found)
    book.covered[DAY] = {1: np.array([code_of(5, 1)], np.int64)}
    kept = Aside(1, 5, "e_interval", first, last)
    put_aside([kept], book, found)
    assert found.findings == []
    put_aside([kept._replace(batch=2), kept._replace(connection=6), kept._replace(profile="e_day")], book, found)
    assert [one.code for one in found.findings] == ["row-without-deed"] * 3
    book.elsewhere.add(2)
    put_aside([kept._replace(batch=2)], book, found)
    assert len(found.findings) == 3, "outside the time compared"


def test_of_a_day_covered_in_part_the_rest_must_be_missing(lake: Path) -> None:
    noon = epoch_s(midnight(DAY)) + 12 * 3600
    whole = epoch_s(midnight(DAY + timedelta(days=1)))
    half = bytes([Quality.MISSING] * 48 + [0] * 48)
    store(lake, 1, channel_day(5, 1, quality=half), channel_day(6, 1))
    covered = {1: [code_of(5, 1), code_of(6, 1)]}
    assert judged(lake, covered, partly={(1, DAY, code_of(5, 1)): [(noon, whole)]}) == []
    assert judged(lake, covered, partly={(1, DAY, code_of(6, 1)): [(noon, whole)]}) == ["row-beyond-permits"]
    assert judged(lake, covered, partly={(1, DAY, code_of(5, 1)): [(noon + 900, whole)]}) == ["row-beyond-permits"]


def test_a_day_that_came_in_parts_is_covered_by_the_parts_together(lake: Path) -> None:
    opens = epoch_s(midnight(DAY))
    noon, closes = opens + 12 * 3600, epoch_s(midnight(DAY + timedelta(days=1)))
    code = code_of(5, 1)
    store(lake, 1, channel_day(5, 1, quality=bytes([0] * 48 + [Quality.MISSING] * 48)))
    store(lake, 2, channel_day(5, 2, quality=bytes([Quality.MISSING] * 48 + [0] * 48)))
    Readings(lake).finalise(DAY)
    parts = {(1, DAY, code): [(opens, noon)], (2, DAY, code): [(noon, closes)]}
    assert judged(lake, {1: [code], 2: [code]}, stored={1: 1, 2: 1}, partly=parts) == []
    assert judged(lake, {1: [code], 2: [code]}, partly={(2, DAY, code): [(noon, closes)]}) == [], "read whole before"
    late = {(1, DAY, code): [(opens, noon - 900)], (2, DAY, code): [(noon, closes)]}
    assert judged(lake, {1: [code], 2: [code]}, partly=late) == ["row-beyond-permits"]

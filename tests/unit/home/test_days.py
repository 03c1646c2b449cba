"""Whole days through the whole fold: every quarter-hour to the Wh, on ordinary days and when the clock changes."""

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from home_support import House
from kwartier.home import fold, overview
from kwartier.home.clock import Receipt
from kwartier.home.fold import State
from kwartier.home.line import Line
from kwartier.home.overview import Kind
from kwartier.home.store import history, writer
from kwartier.home.store.writer import Batch
from kwartier.home.track import Mark
from kwartier.model.period import day_period, epoch_s, quarters_in
from kwartier.wire.p1.telegram import Profile

Registers = tuple[int, int, int, int]


def live(
    house: House, seconds: int, every_s: int, folder: Path, *, receipt: Callable[[int], Receipt] | None = None
) -> dict[int, Registers]:
    """Let a house live; return its true registers at the boundaries."""
    line, truth = Line(bytes(16)), {}
    with writer.opened(folder, raw_days=1, raw_mb=1) as kept:
        state = kept.state()
        for number in range(seconds // every_s + 1):
            if number:
                house.step(every_s)
            if house.at % 900 == 0:
                truth[house.at] = house.registers()
            [heard] = line.receive(house.telegram())
            state, outcome = fold.take(state, heard.sample, receipt(house.at) if receipt else Receipt(None))
            if outcome.entries:
                kept.save(Batch(state, outcome.entries))
        kept.save(Batch(state))
    return truth


def known(folder: Path, day: date) -> tuple[overview.Day, State]:
    """Return what the history says of a day."""
    with history.opened(folder) as opened:
        state = opened.state()
        return overview.day(opened, state, day), state


def rises(truth: dict[int, Registers], at: int) -> tuple[int, int]:
    """Return what was truly taken and given in a quarter."""
    rise = [after - before for before, after in zip(truth[at], truth[at + 900], strict=True)]
    return rise[0] + rise[1], rise[2] + rise[3]


@pytest.mark.parametrize(
    ("day", "quarters"),
    [(date(2026, 6, 18), 96), (date(2026, 3, 29), 92), (date(2026, 10, 25), 100)],
    ids=["summer", "spring", "autumn"],
)
def test_every_quarter_of_a_day_is_right(day: date, quarters: int, tmp_path: Path) -> None:
    whole = day_period(day)
    start = epoch_s(whole.start)
    truth = live(House(start - 3600, seed=day.day), quarters * 900 + 7200, 60, tmp_path)
    found, _ = known(tmp_path, day)
    assert len(found.quarters) == quarters == quarters_in(day)
    assert len(found.hours) == quarters // 4
    for at, row in found.quarters.items():
        assert (row.value(Kind.TAKEN), row.value(Kind.GIVEN), row.mark) == (*rises(truth, at), Mark.MEASURED)
    end = start + quarters * 900
    assert found.total.value(Kind.TAKEN) == sum(truth[end][:2]) - sum(truth[start][:2])
    assert found.total.value(Kind.GIVEN) == sum(truth[end][2:]) - sum(truth[start][2:])
    assert found.total.value(Kind.GAS) == sum(row.value(Kind.GAS) or 0 for row in found.hours.values())
    assert found.silences == ()


def test_days_and_months_are_sums_of_quarters(tmp_path: Path) -> None:
    first = date(2026, 5, 30)
    truth = live(House(epoch_s(day_period(first).start)), 4 * 86_400, 300, tmp_path)
    with history.opened(tmp_path) as opened:
        state = opened.state()
        rows = overview.days(opened, state, first, first + timedelta(days=3))
        months = overview.by_month(rows)
        for day, row in rows.items():
            whole = overview.day(opened, state, day)
            assert row.value(Kind.TAKEN) == sum(quarter.value(Kind.TAKEN) or 0 for quarter in whole.quarters.values())
            low = [each for counter, each in row.counters.items() if counter.value == "import_low"]
            start = epoch_s(day_period(day).start)
            assert low[0].value == truth[start + 86_400][0] - truth[start][0]
        peaks = opened.peaks([date(2026, 5, 1), date(2026, 6, 1), date(2026, 7, 1)])
    assert list(months) == [date(2026, 5, 1), date(2026, 6, 1)]
    highest = max(
        (rises(truth, at)[0], -at) for at in truth if at + 900 in truth and at < epoch_s(day_period(date(2026, 6, 1)).start)
    )
    assert (peaks[date(2026, 5, 1)].power_w, peaks[date(2026, 5, 1)].start) == (highest[0] * 4, -highest[1])
    assert date(2026, 7, 1) not in peaks


def test_telegrams_every_ten_seconds_off_the_boundary_are_estimated_within_ten_seconds(tmp_path: Path) -> None:
    day = date(2026, 6, 18)
    start = epoch_s(day_period(day).start)
    house = House(start - 903, profile=Profile.DSMR_4)
    line, state, truth = Line(bytes(16)), State(), {}
    with writer.opened(tmp_path, raw_days=1, raw_mb=1) as kept:
        for number in range(4000):
            if number:
                house.step(1)
            if house.at % 900 == 0:
                truth[house.at] = house.registers()
            if number % 10 == 0:
                [heard] = line.receive(house.telegram())
                state, outcome = fold.take(state, heard.sample, Receipt(None))
                kept.save(Batch(state, outcome.entries))
    found, _ = known(tmp_path, day)
    for at in (start, start + 900, start + 1800):
        row = found.quarters[at]
        assert row.mark == Mark.ESTIMATED
        assert abs((row.value(Kind.TAKEN) or 0) - rises(truth, at)[0]) <= 20_000 * 20 // 3600
    assert found.quarters[start + 2700].mark & Mark.PARTIAL


def test_an_old_meter_without_a_clock_is_counted_by_ours(tmp_path: Path) -> None:
    day = date(2026, 6, 18)
    start = epoch_s(day_period(day).start)
    truth = live(House(start, profile=Profile.DSMR_2), 7200, 10, tmp_path, receipt=Receipt)
    found, _ = known(tmp_path, day)
    assert [(row.value(Kind.TAKEN), row.mark) for row in list(found.quarters.values())[:8]] == [
        (rises(truth, start + n * 900)[0], Mark.OWN_CLOCK) for n in range(8)
    ]


def test_going_on_after_a_restart_equals_going_on_without(tmp_path: Path) -> None:
    start = epoch_s(day_period(date(2026, 6, 18)).start)
    straight = House(start + 77)
    live(straight, 9000, 30, tmp_path / "straight")
    broken = House(start + 77)
    for _ in range(3):
        live(broken, 3000, 30, tmp_path / "broken")
    assert known(tmp_path / "straight", date(2026, 6, 18)) == known(tmp_path / "broken", date(2026, 6, 18))


def lost(house: House, folder: Path, gone: range) -> Iterator[int]:
    """Let a house live while nothing is heard in a range of seconds; yield the true registers' sums at the end."""
    line, state = Line(bytes(16)), State()
    with writer.opened(folder, raw_days=1, raw_mb=1) as kept:
        for number in range(0, 14_401, 60):
            if number:
                house.step(60)
            if number in gone:
                continue
            [heard] = line.receive(house.telegram())
            state, outcome = fold.take(state, heard.sample, Receipt(None))
            kept.save(Batch(state, outcome.entries))
    yield from house.registers()


def test_a_silence_is_told_and_counted_in_the_day_and_drawn_nowhere(tmp_path: Path) -> None:
    day = date(2026, 6, 18)
    start = epoch_s(day_period(day).start)
    house = House(start)
    before = house.registers()
    after = list(lost(house, tmp_path, range(4000, 8000)))
    found, _ = known(tmp_path, day)
    [silence] = [each for each in found.silences if Kind.TAKEN in each.row.kinds]
    assert (silence.start, silence.end) == (start + 3600, start + 8100)
    assert all(not found.quarters[at].kinds for at in range(silence.start, silence.end, 900))
    assert found.total.value(Kind.TAKEN) == sum(after[:2]) - sum(before[:2])
    drawn = sum(row.value(Kind.TAKEN) or 0 for row in found.quarters.values())
    assert drawn + (silence.row.value(Kind.TAKEN) or 0) == found.total.value(Kind.TAKEN)

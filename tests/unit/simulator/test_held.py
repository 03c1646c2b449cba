"""The rows a meter holds, fault by fault, and the truth that is told about them."""

from datetime import date, timedelta

import numpy as np
import pytest

from kwartier.model.channel_day import Quality
from kwartier.model.period import HOUR_S, QUARTER_S
from kwartier.simulator.behaviour import Fault
from kwartier.simulator.held import CLOCK_INVALID, DATA_NOT_VALID, POWER_DOWN, Memory, Meter
from kwartier.simulator.smr5 import E_DAY, E_INTERVAL
from kwartier.simulator.town import Town
from kwartier.simulator.truth import interval_day
from kwartier.wire.dlms.server import moments

DAY = date(2026, 11, 22)
TOWN = Town(4, 60, DAY)
GAS_ROW = next(h.index for h in TOWN.homes if h.owns.gas and not h.owns.heat_pump and h.transformer == 0)


def meter(fault: Fault, row: int = GAS_ROW) -> Meter:
    return Meter(TOWN.block(0), row, TOWN.axis, fault, f"test/{fault}")


def test_a_sound_day_is_what_was_counted() -> None:
    sound = meter(Fault.SOUND).intervals()
    at = TOWN.axis.day_index(DAY)
    first, end = TOWN.axis.quarter_of_midnight[at : at + 2]
    for column, counted in enumerate((TOWN.block(0).imported, TOWN.block(0).exported)):
        start, deltas, quality = interval_day(sound, column, DAY, QUARTER_S)
        assert np.array_equal(deltas, counted[GAS_ROW, first:end])
        assert start == TOWN.block(0).start(GAS_ROW)[column] + counted[GAS_ROW, :first].sum()
        assert len(quality) == 0


def test_missing_rows_count_nothing_and_the_next_one_carries_them() -> None:
    sound, missing = meter(Fault.SOUND), meter(Fault.MISSING_ROWS)
    lost = len(sound.intervals().stamps) - len(missing.intervals().stamps)
    assert 1 <= lost <= 3
    _, whole, _ = interval_day(sound.intervals(), 0, DAY, QUARTER_S)
    _, deltas, quality = interval_day(missing.intervals(), 0, DAY, QUARTER_S)
    gap = np.flatnonzero(quality == Quality.MISSING)
    assert len(gap) == lost
    assert (deltas[gap] == 0).all()
    carrier = int(gap[-1]) + 1
    assert quality[carrier] == Quality.CARRIES_GAP
    assert deltas[carrier] == whole[gap[0] : carrier + 1].sum()
    assert deltas.sum() == whole.sum()


def test_a_stale_capture_time_is_a_missing_hour() -> None:
    series = meter(Fault.STALE_GAS).gas_hours()
    assert series.capture is not None
    still = np.flatnonzero(np.diff(series.capture) == 0)
    assert 2 <= len(still) <= 4
    assert (np.diff(series.values[0])[still] == 0).all()
    _, deltas, quality = interval_day(series, 0, DAY, HOUR_S)
    _, whole, _ = interval_day(meter(Fault.SOUND).gas_hours(), 0, DAY, HOUR_S)
    assert (quality == Quality.MISSING).sum() == len(still)
    assert (quality == Quality.CARRIES_GAP).sum() == 1
    assert deltas.sum() == whole.sum()


def test_an_invalid_clock_marks_rows_and_changes_no_value() -> None:
    series, sound = meter(Fault.CLOCK_INVALID).intervals(), meter(Fault.SOUND).intervals()
    marked = series.status & CLOCK_INVALID != 0
    assert 1 <= marked.sum() <= 3
    assert (series.status[marked] & DATA_NOT_VALID).all()
    assert np.array_equal(series.values[0], sound.values[0])
    _, _, quality = interval_day(series, 0, DAY, QUARTER_S)
    assert (quality == Quality.NOT_VALID).sum() == marked.sum()
    assert not (sound.status & CLOCK_INVALID).any()


def test_a_moment_without_power_marks_rows_and_changes_no_value() -> None:
    series, sound = meter(Fault.POWER_DIP).intervals(), meter(Fault.SOUND).intervals()
    marked = series.status & POWER_DOWN != 0
    assert 1 <= marked.sum() <= 3
    assert np.array_equal(series.status & ~np.uint8(POWER_DOWN), sound.status)
    assert np.array_equal(series.values[0], sound.values[0])
    _, _, quality = interval_day(series, 0, DAY, QUARTER_S)
    assert (quality == Quality.POWER_DOWN).sum() == marked.sum()


def test_rows_off_the_grid_still_rise_and_say_so_in_their_cells() -> None:
    series, sound = meter(Fault.OFF_GRID).intervals(), meter(Fault.SOUND).intervals()
    shifted = series.stamps != sound.stamps
    assert 1 <= shifted.sum() <= 3
    assert (np.diff(series.stamps) > 0).all()
    assert np.array_equal((series.cells != sound.cells).any(axis=1), shifted)
    assert [moments.read(cell.tobytes()) for cell in series.cells[shifted]] == series.stamps[shifted].tolist()
    assert np.array_equal(series.values[0], sound.values[0])


def test_a_register_runs_backwards_once_in_both_profiles() -> None:
    backwards, sound = meter(Fault.BACKWARDS), meter(Fault.SOUND)
    fallen = sound.intervals().values[0] - backwards.intervals().values[0]
    assert sorted(set(fallen.tolist())) == [0, fallen[-1]]
    assert (np.diff(backwards.intervals().values[0]) < 0).sum() == 1
    days = np.stack(sound.days().values[:2]).sum(axis=0) - np.stack(backwards.days().values[:2]).sum(axis=0)
    assert days[-1] == fallen[-1] > 0
    assert days[0] == 0
    assert np.array_equal(TOWN.block(0).daily[GAS_ROW, :, 0], sound.days().values[0])


def test_one_row_comes_twice() -> None:
    series = meter(Fault.REPEATED_ROW).intervals()
    assert (np.diff(series.stamps) == 0).sum() == 1
    _, deltas, quality = interval_day(series, 0, DAY, QUARTER_S)
    assert len(deltas) == 96
    assert len(quality) == 0


@pytest.mark.parametrize("fault", list(Fault))
def test_faults_are_the_same_each_time_and_leave_the_day_before_alone(fault: Fault) -> None:
    one, other = meter(fault).intervals(), meter(fault).intervals()
    assert np.array_equal(one.stamps, other.stamps)
    assert np.array_equal(one.values[0], other.values[0])
    before = DAY - timedelta(days=1)
    for found, sound in zip(
        interval_day(one, 0, before, QUARTER_S), interval_day(meter(Fault.SOUND).intervals(), 0, before, QUARTER_S), strict=True
    ):
        assert np.array_equal(np.asarray(found), np.asarray(sound))


def test_memory_holds_the_newest_rows_as_time_goes_by() -> None:
    memory = Memory(meter(Fault.SOUND).intervals, E_INTERVAL)
    night = TOWN.axis.start_of_night()
    held = memory.table(night)
    assert len(held.stamps) == 960
    assert held.stamps[-1] == night // QUARTER_S * QUARTER_S
    assert memory.table(night + QUARTER_S).stamps[0] == held.stamps[1]
    days = Memory(meter(Fault.SOUND).days, E_DAY).table(night)
    assert len(days.stamps) == 40
    assert days.stamps[-1] == TOWN.axis.midnights[-2]


def test_a_row_of_gas_has_a_capture_time_just_before_its_stamp() -> None:
    series = meter(Fault.SOUND).gas_hours()
    assert series.capture is not None
    lag = set((series.stamps - series.capture).tolist())
    assert len(lag) == 1
    assert 0 <= lag.pop() < 240
    row = series.rows(5, 6)
    assert row[:4] == bytes.fromhex("0204090c")
    assert row[16:18] == b"\x11\x00"
    assert row[18] == 0x06
    assert row[23:25] == bytes.fromhex("090c")
    assert len(row) == 37

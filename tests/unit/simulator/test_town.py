"""What the meters counted: plausible, whole, the same each time, and right on the days with 92 and 100 quarters."""

from datetime import date

import numpy as np
import pytest

from kwartier.model.period import epoch_s, midnight, quarters_in
from kwartier.simulator.axis import EARLIER_DAYS, Axis
from kwartier.simulator.errors import BadTown
from kwartier.simulator.town import Town

WINTER = date(2026, 11, 22)


def test_the_same_seed_gives_the_same_town_whatever_is_asked_first() -> None:
    one, other = Town(5, 120, WINTER), Town(5, 120, WINTER)
    last = one.transformers[-1].index
    late = one.block(last)
    for t in other.transformers:
        other.block(t.index)
    again = other.block(last)
    assert one.homes == other.homes
    assert np.array_equal(late.imported, again.imported)
    assert np.array_equal(late.daily, again.daily)
    assert np.array_equal(late.gas_daily, again.gas_daily)


def test_another_seed_gives_another_town() -> None:
    assert not np.array_equal(Town(5, 40, WINTER).block(0).imported[0], Town(6, 40, WINTER).block(0).imported[0])


@pytest.mark.parametrize(("homes", "seed"), [(0, 1), (-3, 1), (10, -1), (10**8, 1)])
def test_what_makes_no_town_is_refused(homes: int, seed: int) -> None:
    with pytest.raises(BadTown):
        Town(seed, homes, WINTER)


@pytest.mark.parametrize("day", [date(2026, 3, 29), date(2026, 10, 25), WINTER, date(2026, 3, 28), date(2026, 10, 26)])
def test_days_have_92_96_or_100_quarters(day: date) -> None:
    axis = Axis(day)
    at = axis.day_index(day)
    first, end = axis.quarter_of_midnight[at : at + 2]
    assert end - first == quarters_in(day)
    assert axis.quarter_stamps[first] == epoch_s(midnight(day))
    assert axis.hour_of_midnight[at + 1] - axis.hour_of_midnight[at] == quarters_in(day) // 4
    assert len(axis.low) == len(axis.local_hour) == len(axis.quarter_stamps) - 1


def test_summer_time_shows_in_the_status_of_the_stamp() -> None:
    axis = Axis(date(2026, 10, 25))
    at = axis.day_index(axis.day)
    day = axis.quarter_status[axis.quarter_of_midnight[at] :][:13]
    assert day.tolist() == [8] * 12 + [0]


def test_low_tariff_runs_at_night_and_on_weekends() -> None:
    axis = Axis(date(2026, 11, 20))  # a Friday
    friday = slice(*axis.quarter_of_midnight[axis.day_index(axis.day) :][:2])
    low = axis.low[friday]
    assert low[: 7 * 4].all()
    assert not low[7 * 4 : 23 * 4].any()
    assert low[23 * 4 :].all()
    saturday = axis.quarter_of_midnight[axis.day_index(axis.day) + 1]
    assert axis.low[saturday : saturday + 96].all()


def test_tariff_registers_sum_to_the_totals_at_every_midnight() -> None:
    town = Town(2, 60, WINTER)
    for t in town.transformers:
        block = town.block(t.index)
        for counted, registers in ((block.imported, block.daily[:, :, :2]), (block.exported, block.daily[:, :, 2:])):
            totals = registers.sum(axis=2)[:, EARLIER_DAYS:]
            by_quarter = np.concatenate((np.zeros((len(counted), 1), np.int64), np.cumsum(counted, axis=1, dtype=np.int64)), axis=1)
            assert np.array_equal(totals - totals[:, :1], by_quarter[:, town.axis.quarter_of_midnight])


def test_registers_never_fall_and_stay_far_from_their_end() -> None:
    town = Town(2, 300, WINTER)
    for t in town.transformers:
        block = town.block(t.index)
        assert np.diff(block.daily, axis=1).min() >= 0
        assert np.diff(block.gas_daily, axis=1).min() >= 0
        assert block.daily.sum(axis=2).max() < 2**31
        assert block.daily.min() >= 0


@pytest.mark.parametrize("day", [date(2026, 1, 15), date(2026, 7, 1)])
def test_use_is_what_one_expects_of_homes(day: date) -> None:
    town = Town(2, 200, day)
    rows = [town.block(t.index) for t in town.transformers]
    imported = np.vstack([b.imported[:-1] for b in rows])
    exported = np.vstack([b.exported[:-1] for b in rows])
    gas = np.vstack([b.gas for b in rows])
    owned = [h.owns for h in town.homes]
    capacity = np.array([o.capacity_w for o in owned])[:, None] // 4
    assert (imported <= capacity).all()
    assert (exported <= capacity).all()
    days = len(town.axis.midnights) - 1
    assert 4000 < imported.sum() / len(owned) / days < 30_000
    roofs = np.array([o.solar_w > 0 for o in owned])
    assert exported[roofs].sum() > 0
    assert exported[~roofs].sum() == 0
    burning = np.array([o.gas for o in owned])
    assert gas[~burning].sum() == 0
    per_day = gas[burning].sum() / burning.sum() / days
    assert (2000 < per_day < 12_000) if day.month == 1 else (100 < per_day < 2500)
    assert 0.7 < burning.mean() < 0.9


def test_the_first_home_shows_everything() -> None:
    home = Town(9, 40, WINTER).homes[0]
    assert home.owns.solar_w
    assert home.owns.charger_w
    assert home.owns.gas

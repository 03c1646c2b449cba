"""What a meter shows at any second: the profiles' own registers at every boundary, and nothing that falls in between."""

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kwartier.model.period import HOUR_S, QUARTER_S
from kwartier.simulator.behaviour import Fault
from kwartier.simulator.devices import has_gas, meter_of
from kwartier.simulator.lived import GAS_EVERY_S, Lived, run
from kwartier.simulator.town import Home, Town

TOWN = Town(4, 300, date(2026, 11, 22))
HOMES = [home for home in TOWN.homes if home.has_meter]
AXIS = TOWN.axis
FIRST, LAST = int(AXIS.quarter_stamps[0]), int(AXIS.quarter_stamps[-1])


def one_of_each() -> list[Home]:
    """Return a home for every fault that leaves a meter, a sound one included."""
    return list({home.fault: home for home in HOMES}.values())


@pytest.mark.parametrize("home", one_of_each(), ids=lambda home: str(home.fault))
def test_at_every_boundary_the_registers_are_those_of_the_profiles(home: Home) -> None:
    meter, lived = meter_of(TOWN, home.number), Lived(TOWN, home.number)
    rows = meter.intervals()
    on_time = rows.stamps % QUARTER_S == 0
    assert on_time.sum() > 900
    for stamp, *registers in zip(rows.stamps[on_time], *(column[on_time] for column in rows.values), strict=True):
        now = lived.at(int(stamp))
        assert [sum(now.taken), sum(now.given)] == registers
    days = meter.days()
    for at, *registers in zip(days.stamps, *days.values, strict=True):
        if at >= FIRST:
            now = lived.at(int(at))
            assert [*now.taken, *now.given] == registers


@pytest.mark.parametrize("home", [home for home in one_of_each() if has_gas(TOWN, home.number)], ids=lambda home: str(home.fault))
def test_the_gas_of_every_hour_is_that_of_its_row(home: Home) -> None:
    rows, lived = meter_of(TOWN, home.number).gas_hours(), Lived(TOWN, home.number)
    assert rows.capture is not None
    fresh = np.diff(rows.capture, prepend=0) != 0
    for stamp, value, is_fresh in zip(rows.stamps, rows.values[0], fresh, strict=True):
        gas = lived.at(int(stamp)).gas
        assert gas is not None
        assert gas.dm3 == value
        assert (gas.at == stamp) == is_fresh


def test_a_gas_meter_that_gave_nothing_new_stays_where_it_was() -> None:
    home = next(home for home in HOMES if home.fault is Fault.STALE_GAS)
    rows, lived = meter_of(TOWN, home.number).gas_hours(), Lived(TOWN, home.number)
    assert rows.capture is not None
    stale = rows.stamps[1:][np.diff(rows.capture) == 0]
    shown = {lived.at(at).gas for at in range(int(stale[0]) - HOUR_S, int(stale[-1]) + HOUR_S, 60)}
    assert len(shown) == 1


@given(st.sampled_from(HOMES), st.integers(FIRST, LAST - QUARTER_S), st.integers(0, QUARTER_S))
def test_registers_and_stamps_never_go_back(home: Home, at: int, later: int) -> None:
    lived = Lived(TOWN, home.number)
    before, after = lived.at(at), lived.at(at + later)
    if home.fault is not Fault.BACKWARDS:  # its meter does just that, and its port says so
        assert all(a <= b for a, b in zip((*before.taken, *before.given), (*after.taken, *after.given), strict=True))
    if before.gas and after.gas:
        assert (before.gas.at, before.gas.dm3) <= (after.gas.at, after.gas.dm3)
        assert before.gas.at <= at
        assert before.gas.at % GAS_EVERY_S == 0


@given(st.integers(0, 4000), st.integers(0, 4000))
def test_a_quarter_takes_then_gives_and_ends_with_both(take: int, give: int) -> None:
    seconds = [run(take, give, elapsed) for elapsed in range(QUARTER_S)]
    assert (seconds[0].taken, seconds[0].given) == (0, 0)
    assert {one.power_w for one in seconds} <= {4 * (take + give), -4 * (take + give)}
    for before, after in zip(seconds, [*seconds[1:], None], strict=True):
        rise = (
            (take - before.taken, give - before.given)
            if after is None
            else (after.taken - before.taken, after.given - before.given)
        )
        assert min(rise) >= 0
        assert rise[before.power_w > 0] == 0 or before.power_w == 0, "what is not running does not rise"


def test_the_rate_that_runs_is_the_one_in_force() -> None:
    lived = Lived(TOWN, TOWN.homes[0].number)
    for quarter in range(0, len(AXIS.low), 5):
        now, then = lived.at(FIRST + quarter * QUARTER_S), lived.at(FIRST + (quarter + 1) * QUARTER_S)
        assert now.is_low == AXIS.low[quarter]
        idle = 1 if now.is_low else 0
        assert (now.taken[idle], now.given[idle]) == (then.taken[idle], then.given[idle])


def test_outside_its_days_the_meter_stands_still() -> None:
    lived = Lived(TOWN, TOWN.homes[0].number)
    for edge, moments in ((FIRST, (0, FIRST - 1)), (LAST, (LAST + 1, LAST + 10**7))):
        still = lived.at(edge)
        assert {(now.taken, now.given, now.gas) for now in map(lived.at, moments)} == {(still.taken, still.given, still.gas)}
    assert lived.at(LAST + 1).power_w == 0


def test_a_moment_without_power_is_counted_when_it_was() -> None:
    home = next(home for home in HOMES if home.fault is Fault.POWER_DIP)
    lived = Lived(TOWN, home.number)
    assert lived.at(FIRST).dips == 0
    assert 1 <= lived.at(LAST).dips <= 3

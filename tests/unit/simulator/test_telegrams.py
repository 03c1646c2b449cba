"""The telegrams of the homes: what an SMR 5 meter sends, read back by the home's own decoder."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kwartier.model.period import epoch_s
from kwartier.simulator import identity
from kwartier.simulator.behaviour import Fault
from kwartier.simulator.devices import Fleet
from kwartier.simulator.lived import Lived
from kwartier.simulator.logs import Log
from kwartier.simulator.smr5 import Alarm
from kwartier.simulator.telegrams import Port
from kwartier.simulator.town import Home, Town
from kwartier.wire.p1 import decode, write
from kwartier.wire.p1.quantities import Quantity
from kwartier.wire.p1.telegram import DeviceKind, Profile

TOWN = Town(4, 60, date(2026, 10, 25))
HOMES = [home for home in TOWN.homes if home.has_meter]
FLEET = Fleet(TOWN, {})
STATES = {home.index: FLEET.state(home.number) for home in HOMES}
PORTS = {home.index: Port(TOWN, home.number, STATES[home.index]) for home in HOMES}
FIRST, LAST = int(TOWN.axis.quarter_stamps[0]), int(TOWN.axis.quarter_stamps[-1])


@given(st.sampled_from(HOMES), st.integers(FIRST, LAST))
def test_it_is_a_telegram_of_dsmr_5_that_says_what_the_meter_shows(home: Home, at: int) -> None:
    sent = PORTS[home.index].telegram(at)
    heard = decode.decode(write.encode(sent))
    assert heard == sent
    assert heard.faults == ()
    assert heard.profile is Profile.DSMR_5
    assert heard.at is not None
    assert epoch_s(heard.at) == at
    now = Lived(TOWN, home.number).at(at)
    assert (heard.import_wh, heard.export_wh, heard.power_w) == (sum(now.taken), sum(now.given), now.power_w)
    rates = Quantity.IMPORT_1, Quantity.IMPORT_2, Quantity.EXPORT_1, Quantity.EXPORT_2
    assert [heard.values[each] for each in rates] == [*now.taken, *now.given], "rate 1 is low"
    assert heard.values[Quantity.TARIFF] == (1 if now.is_low else 2)


POWERS = Quantity.POWER_IMPORT_L1, Quantity.POWER_IMPORT_L2, Quantity.POWER_IMPORT_L3
BACK = Quantity.POWER_EXPORT_L1, Quantity.POWER_EXPORT_L2, Quantity.POWER_EXPORT_L3
VOLTS = Quantity.VOLTAGE_L1, Quantity.VOLTAGE_L2, Quantity.VOLTAGE_L3
AMPERES = Quantity.CURRENT_L1, Quantity.CURRENT_L2, Quantity.CURRENT_L3


@given(st.sampled_from(HOMES), st.integers(FIRST, LAST))
def test_phases_sum_to_the_meter_and_have_the_voltage_that_the_operator_would_read(home: Home, at: int) -> None:
    values, state = PORTS[home.index].telegram(at).values, STATES[home.index]
    count = state.condition.phases
    assert sum(values.get(each, 0) for each in POWERS) == values[Quantity.POWER_IMPORT]
    assert sum(values.get(each, 0) for each in BACK) == values[Quantity.POWER_EXPORT]
    assert [values.get(each) for each in VOLTS[:count]] == [state.voltage_dv(phase, at) * 100 for phase in range(1, count + 1)]
    assert not {*VOLTS[count:], *AMPERES[count:], *POWERS[count:], Quantity.SAGS_L3 if count < 3 else None} & values.keys()
    for power, back, voltage, current in zip(POWERS[:count], BACK, VOLTS, AMPERES, strict=False):
        load = values[power] + values[back]
        assert abs(values[current] - load * 10**6 / max(values[voltage], 1)) <= 500.001


def test_a_phase_that_is_lost_carries_nothing() -> None:
    home = next(home for home in HOMES if STATES[home.index].condition.phases == 3 and home.fault is Fault.SOUND)
    fleet = Fleet(TOWN, {})
    port = Port(TOWN, home.number, fleet.state(home.number))
    assert port.telegram(LAST - 3600).values[VOLTS[1]] > 200_000
    assert fleet.raise_alarm(home.number, Alarm.PHASE_LOST + 1, LAST - 3700)
    values = port.telegram(LAST - 3600).values
    assert (values[AMPERES[1]], values[POWERS[1]], values[BACK[1]]) == (0, 0, 0)
    assert values[VOLTS[1]] < 10_000
    assert sum(values[each] for each in POWERS) == values[Quantity.POWER_IMPORT]


@pytest.mark.parametrize("home", [HOMES[0], HOMES[7]])
def test_it_names_the_meters_that_hang_there(home: Home) -> None:
    telegram = PORTS[home.index].telegram(FIRST)
    assert telegram.equipment_id is not None
    assert telegram.equipment_id.reveal_printed() == identity.equipment_id(home.number)
    assert [device.kind for device in telegram.devices] == [DeviceKind.GAS] * home.owns.gas
    numbers = [device.id.reveal_printed() for device in telegram.devices if device.id]
    assert numbers == [identity.gas_equipment_id(home.number)] * home.owns.gas


def test_the_log_of_long_failures_is_the_meters_own_and_grows_as_they_happen() -> None:
    grown = 0
    for home in HOMES:
        log = sorted(STATES[home.index].log(Log.FAILURES))
        for at in (FIRST, LAST):
            telegram = PORTS[home.index].telegram(at)
            told = [(epoch_s(each.ended_at), each.duration_s) for each in telegram.failures if each.ended_at]
            assert told == [(entry.stamp_s, entry.value) for entry in log if entry.stamp_s <= at]
            assert telegram.values[Quantity.LONG_FAILURES] == len(told) <= telegram.values[Quantity.FAILURES]
            grown += len(told) if at == LAST else -len(told)
    assert grown > 0, "there was an outage on the town's date"

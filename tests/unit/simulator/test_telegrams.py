"""The telegrams of the homes: what an SMR 5 meter sends, read back by the home's own decoder."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kwartier.model.period import epoch_s
from kwartier.simulator import identity
from kwartier.simulator.lived import Lived
from kwartier.simulator.telegrams import Port
from kwartier.simulator.town import Home, Town
from kwartier.wire.p1 import decode, write
from kwartier.wire.p1.quantities import Quantity
from kwartier.wire.p1.telegram import DeviceKind, Profile

TOWN = Town(4, 60, date(2026, 10, 25))
HOMES = [home for home in TOWN.homes if home.has_meter]
PORTS = {home.index: Port(TOWN, home.number) for home in HOMES}
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


@given(st.sampled_from(HOMES), st.integers(FIRST, LAST))
def test_phases_sum_to_the_meter_and_are_such_as_a_street_has(home: Home, at: int) -> None:
    values = PORTS[home.index].telegram(at).values
    taken = Quantity.POWER_IMPORT_L1, Quantity.POWER_IMPORT_L2, Quantity.POWER_IMPORT_L3
    given_back = Quantity.POWER_EXPORT_L1, Quantity.POWER_EXPORT_L2, Quantity.POWER_EXPORT_L3
    assert sum(values[each] for each in taken) == values[Quantity.POWER_IMPORT]
    assert sum(values[each] for each in given_back) == values[Quantity.POWER_EXPORT]
    volts = Quantity.VOLTAGE_L1, Quantity.VOLTAGE_L2, Quantity.VOLTAGE_L3
    amperes = Quantity.CURRENT_L1, Quantity.CURRENT_L2, Quantity.CURRENT_L3
    for power, back, voltage, current in zip(taken, given_back, volts, amperes, strict=True):
        assert 207_000 < values[voltage] < 253_000
        assert abs(values[current] - (values[power] + values[back]) * 10**6 / values[voltage]) <= 500.001


@pytest.mark.parametrize("home", [HOMES[0], HOMES[7]])
def test_it_names_the_meters_that_hang_there(home: Home) -> None:
    telegram = PORTS[home.index].telegram(FIRST)
    assert telegram.equipment_id is not None
    assert telegram.equipment_id.reveal_printed() == identity.equipment_id(home.number)
    assert [device.kind for device in telegram.devices] == [DeviceKind.GAS] * home.owns.gas
    numbers = [device.id.reveal_printed() for device in telegram.devices if device.id]
    assert numbers == [identity.gas_equipment_id(home.number)] * home.owns.gas


def test_the_log_of_long_failures_is_as_long_as_it_is_counted_and_older_than_the_days_of_the_town() -> None:
    lengths = set()
    for port in PORTS.values():
        telegram = port.telegram(FIRST)
        assert len(telegram.failures) == telegram.values[Quantity.LONG_FAILURES]
        assert all(each.ended_at and epoch_s(each.ended_at) < FIRST and each.duration_s > 180 for each in telegram.failures)
        lengths.add(len(telegram.failures))
    assert len(lengths) > 1

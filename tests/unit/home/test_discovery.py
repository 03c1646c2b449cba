"""What Home Assistant is told has the form it asks for, and names nobody's meter."""

import json
import re

import pytest

from home_support import GAS_METER, METER, House
from kwartier.home.discovery import Topics, config, sensors, state
from kwartier.home.line import Line
from kwartier.home.sample import Counter, Device, Sample
from kwartier.wire.p1.telegram import Profile

TOPICS = Topics("kwartier", "homeassistant", "0123456789abcdef0123456789abcdef")
AT = 1_781_000_100
CLASSES = {
    ("energy", "kWh"): "total_increasing",
    ("energy", "MJ"): "total_increasing",
    ("gas", "m³"): "total_increasing",
    ("water", "m³"): "total_increasing",
    ("power", "W"): "measurement",
    ("voltage", "V"): "measurement",
    ("current", "A"): "measurement",
}
"""Home Assistant's sensor device classes, the unit of each, and the state class its energy dashboard needs."""


def heard(profile: Profile = Profile.DSMR_5) -> Sample:
    """Return what a house's meter says."""
    [found] = Line(bytes(16)).receive(House(AT, profile=profile).telegram())
    return found.sample


@pytest.mark.parametrize("profile", [Profile.DSMR_5, Profile.DSMR_4, Profile.BELGIUM])
def test_the_announcement_has_the_form_of_device_discovery(profile: Profile) -> None:
    published = sensors(heard(profile), 500)
    body = json.loads(config(TOPICS, published))
    assert body["device"]["identifiers"] == ["kwartier_0123456789ab"]
    assert body["origin"]["name"] == "kwartier-home"
    assert re.fullmatch(r"homeassistant/device/[a-zA-Z0-9_-]+/config", TOPICS.config)
    assert (body["state_topic"], body["availability_topic"]) == (TOPICS.state, TOPICS.status)
    components = body["components"]
    assert len({each["unique_id"] for each in components.values()}) == len(components) == len(published)
    said = json.loads(state(published))
    for key, each in components.items():
        assert each["platform"] == "sensor"
        assert each["state_class"] == CLASSES[each["device_class"], each["unit_of_measurement"]]
        assert each["value_template"] == "{{ value_json." + key + " }}"
        assert isinstance(said[key], int | float)


def test_values_stand_in_the_unit_that_was_announced() -> None:
    house, sample = House(AT), heard()
    said = json.loads(state(sensors(sample, 812)))
    low, normal, out_low, _ = house.registers()
    assert (said["energy_import_low"], said["energy_import_normal"]) == (low / 1000, normal / 1000)
    assert said["energy_export_low"] == out_low / 1000
    assert (said["power"], said["quarter_power"], said["gas"]) == (house.power, 812, house.gas_dm3 / 1000)
    assert said["voltage_l2"] == pytest.approx(230, abs=20)


def test_a_belgian_meter_tells_its_peak() -> None:
    said = json.loads(state(sensors(heard(Profile.BELGIUM), None)))
    assert "month_peak" in said
    assert "quarter_power" not in said


def test_of_two_gas_meters_the_live_one_is_told() -> None:
    dead, alive = Device("a", Counter.GAS, AT - 10**7, 5), Device("b", Counter.GAS, AT, 7000)
    for devices in ((dead, alive), (alive, dead)):
        assert json.loads(state(sensors(Sample("m", AT, devices=devices), None)))["gas"] == 7


def test_nothing_names_a_meter() -> None:
    published = sensors(heard(), 1)
    text = config(TOPICS, published) + state(published) + TOPICS.config
    for number in (METER, GAS_METER, bytes.fromhex(METER).decode(), heard().meter):
        assert number not in text


def test_without_discovery_there_is_no_topic_for_it() -> None:
    assert Topics("kwartier", "", "ab").config == ""

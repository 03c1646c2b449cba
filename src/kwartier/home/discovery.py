"""What Home Assistant is told: one retained message announces the device with all its sensors, another says how they stand. Pure.

After Home Assistant's MQTT integration, "device discovery": topic `homeassistant/device/<id>/config`, with `device`, `origin` and
`components`. The device is this home, by a random name: it stays the same when the meter is swapped, and no meter number leaves.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, final

from kwartier import __version__
from kwartier.home.overview import DEVICE_KINDS, Kind
from kwartier.home.sample import Counter, Sample

EXPIRE_S: Final = 60
_ID_DIGITS: Final = 12
_ENERGY = ("energy", "total_increasing", "kWh", 3)
_POWER = ("power", "measurement", "W", 0)
_FORMS: Final = {
    Kind.GAS: ("gas", "total_increasing", "m³", 3),
    Kind.WATER: ("water", "total_increasing", "m³", 3),
    Kind.WARM_WATER: ("water", "total_increasing", "m³", 3),
    Kind.HEAT: ("energy", "total_increasing", "MJ", 3),
    Kind.COOLING: ("energy", "total_increasing", "MJ", 3),
}
Form = tuple[str, str, str, int]
"""Device class, state class, unit of measurement, digits."""


@final
@dataclass(frozen=True, slots=True)
class Topics:
    """Where this home speaks. `home` is its random name."""

    prefix: str
    discovery: str
    home: str

    @property
    def device(self) -> str:
        """The name of the device, in topics and ids."""
        return f"kwartier_{self.home[:_ID_DIGITS]}"

    @property
    def config(self) -> str:
        """Where the device is announced, retained; empty where nobody looks."""
        return f"{self.discovery}/device/{self.device}/config" if self.discovery else ""

    @property
    def state(self) -> str:
        """Where the readings go."""
        return f"{self.prefix}/{self.device}/state"

    @property
    def status(self) -> str:
        """Where it stands, retained, whether readings come: online or offline."""
        return f"{self.prefix}/{self.device}/status"


@final
@dataclass(frozen=True, slots=True)
class Sensor:
    """One number that is published: its key in the state, its name, its form, its value in that unit."""

    key: str
    name: str
    form: Form
    value: float


def sensors(sample: Sample, running_w: int | None) -> list[Sensor]:
    """Return all that a telegram tells; `running_w` is the mean power taken in the quarter-hour that runs."""
    found = []
    if sample.power_w is not None:
        found.append(Sensor("power", "Power", _POWER, sample.power_w))
    for counter, value in sample.registers.items():
        side = "Energy taken" if counter.is_import else "Energy given back"
        rate = counter.value.partition("_")[2]
        found.append(Sensor(f"energy_{counter}", f"{side} {rate}".rstrip(), _ENERGY, value / 1000))
    found += _phases(sample)
    if running_w is not None:
        found.append(Sensor("quarter_power", "Power of this quarter-hour so far", _POWER, running_w))
    if sample.month_peak_w is not None:
        found.append(Sensor("month_peak", "Highest quarter-hour of this month", _POWER, sample.month_peak_w))
    return [*found, *_devices(sample)]


def _phases(sample: Sample) -> Iterator[Sensor]:
    for number, phase in enumerate(sample.phases, 1):
        if phase.power_w is not None:
            yield Sensor(f"power_l{number}", f"Power L{number}", _POWER, phase.power_w)
        if phase.voltage_mv is not None:
            yield Sensor(f"voltage_l{number}", f"Voltage L{number}", ("voltage", "measurement", "V", 1), phase.voltage_mv / 1000)
        if phase.current_ma is not None:
            yield Sensor(f"current_l{number}", f"Current L{number}", ("current", "measurement", "A", 2), phase.current_ma / 1000)


def _devices(sample: Sample) -> Iterator[Sensor]:
    """Yield the devices, of several of a kind the one whose value is newest: after a swap the old one may still be told."""
    for kind in DEVICE_KINDS:
        of_kind = [device for device in sample.devices if device.counter == Counter(kind.value)]
        if of_kind:
            newest = max(of_kind, key=lambda device: device.at or 0)
            yield Sensor(kind.value, kind.value.replace("_", " ").capitalize(), _FORMS[kind], newest.value / 1000)


def config(topics: Topics, published: list[Sensor]) -> str:
    """Return the message that announces the device."""
    return _json(
        {
            "device": {"identifiers": [topics.device], "name": "Kwartier", "manufacturer": "Kwartier", "model": "P1 port"},
            "origin": {"name": "kwartier-home", "sw_version": __version__},
            "availability_topic": topics.status,
            "state_topic": topics.state,
            "qos": 1,
            "components": {sensor.key: _component(topics, sensor) for sensor in published},
        }
    )


def _component(topics: Topics, sensor: Sensor) -> dict[str, Any]:
    device_class, state_class, unit, digits = sensor.form
    return {
        "platform": "sensor",
        "name": sensor.name,
        "unique_id": f"{topics.device}_{sensor.key}",
        "device_class": device_class,
        "state_class": state_class,
        "unit_of_measurement": unit,
        "suggested_display_precision": digits,
        "value_template": f"{{{{ value_json.{sensor.key} }}}}",
        "expire_after": EXPIRE_S,
    }


def state(published: list[Sensor]) -> str:
    """Return the message with the readings."""
    return _json({sensor.key: sensor.value for sensor in published})


def _json(body: dict[str, Any]) -> str:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"))

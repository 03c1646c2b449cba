"""The telegrams of a home's P1 port, as an SMR 5 meter sends them. Pure: the same second gives the same telegram."""

from random import Random
from typing import final

from kwartier.model.period import from_epoch_s
from kwartier.simulator import identity
from kwartier.simulator.lived import Gas, Lived, Now
from kwartier.simulator.town import Town
from kwartier.wire.p1.identity import EquipmentId, Header
from kwartier.wire.p1.quantities import Quantity, Unit
from kwartier.wire.p1.telegram import Device, DeviceKind, PowerFailure, Profile, Telegram

_HEADER = Header("KWT5\\2SMR5")
_VERSION = "50"
_LOW, _NORMAL = 1, 2
_POWERS = (
    (Quantity.POWER_IMPORT_L1, Quantity.POWER_EXPORT_L1),
    (Quantity.POWER_IMPORT_L2, Quantity.POWER_EXPORT_L2),
    (Quantity.POWER_IMPORT_L3, Quantity.POWER_EXPORT_L3),
)
_VOLTAGES = Quantity.VOLTAGE_L1, Quantity.VOLTAGE_L2, Quantity.VOLTAGE_L3
_CURRENTS = Quantity.CURRENT_L1, Quantity.CURRENT_L2, Quantity.CURRENT_L3
_UNTROUBLED = (
    *(Quantity.SAGS_L1, Quantity.SAGS_L2, Quantity.SAGS_L3),
    *(Quantity.SWELLS_L1, Quantity.SWELLS_L2, Quantity.SWELLS_L3),
)
_NOMINAL_MV = 230_000
_SWING = 97
_W_PER_STEP = 400
"""A load of so many W on a phase lowers its voltage by a tenth of a volt."""
_MOST_EARLIER_DIPS, _MOST_OUTAGES = 9, 3
_DAY_S = 86_400
_OUTAGE_S = 200, 9000
_OUTAGES_BEFORE_DAYS = 40, 900


@final
class Port:
    """The P1 port of one home."""

    def __init__(self, town: Town, number: int) -> None:
        """Settle what never changes: who it is, how its load lies on the phases, when the power was gone in earlier years."""
        self._lived = Lived(town, number)
        draw = Random(f"{town.seed}/port/{number}")
        self._first, self._second = draw.randrange(400, 600), draw.randrange(150, 250)
        self._phase = draw.randrange(1000)
        self._earlier_dips = draw.randrange(_MOST_EARLIER_DIPS)
        self._failures = tuple(_outages(draw, int(town.axis.midnights[0])))
        self._id = {"0-0:96.1.1": EquipmentId(_sent(identity.equipment_id(number)))}
        self._gas_id = EquipmentId(_sent(identity.gas_equipment_id(number)))

    def telegram(self, moment: int) -> Telegram:
        """Return the telegram of a second."""
        now = self._lived.at(moment)
        return Telegram(
            _HEADER,
            Profile.DSMR_5,
            version=_VERSION,
            at=from_epoch_s(moment),
            ids=self._id,
            values=self._values(now),
            failures=self._failures,
            messages={0: b""},
            devices=(self._device(now.gas),) if now.gas else (),
        )

    def _device(self, gas: Gas) -> Device:
        return Device(1, DeviceKind.GAS, self._gas_id, from_epoch_s(gas.at), gas.dm3, Unit.DM3)

    def _values(self, now: Now) -> dict[Quantity, int]:
        return {
            Quantity.IMPORT_1: now.taken[0],
            Quantity.IMPORT_2: now.taken[1],
            Quantity.EXPORT_1: now.given[0],
            Quantity.EXPORT_2: now.given[1],
            Quantity.TARIFF: _LOW if now.is_low else _NORMAL,
            Quantity.POWER_IMPORT: max(now.power_w, 0),
            Quantity.POWER_EXPORT: max(-now.power_w, 0),
            Quantity.FAILURES: self._earlier_dips + now.dips,
            Quantity.LONG_FAILURES: len(self._failures),
            **dict.fromkeys(_UNTROUBLED, 0),
            **self._of_phases(now),
        }

    def _of_phases(self, now: Now) -> dict[Quantity, int]:
        """Return power, voltage and current of each phase; the powers sum to the power of the meter."""
        whole = abs(now.power_w)
        first, second = whole * self._first // 1000, whole * self._second // 1000
        found: dict[Quantity, int] = {}
        for phase, load in enumerate((first, second, whole - first - second)):
            taken, given = _POWERS[phase]
            voltage = self._voltage(now.at, phase) - (load if now.power_w > 0 else -load) // _W_PER_STEP * 100
            found |= {taken: load if now.power_w > 0 else 0, given: load if now.power_w < 0 else 0}
            found |= {_VOLTAGES[phase]: voltage, _CURRENTS[phase]: (load * 1000 + voltage // 2) // voltage * 1000}
        return found

    def _voltage(self, at: int, phase: int) -> int:
        """Return mV without load: slowly up and down around the nominal voltage, whole tenths of a volt."""
        step = (at // 5 + self._phase + 31 * phase) % _SWING
        return _NOMINAL_MV + (min(step, _SWING - step) - _SWING // 4) * 100


def _outages(draw: Random, before: int) -> list[PowerFailure]:
    """Draw the long power failures of earlier years, oldest first."""
    days = sorted((draw.randrange(*_OUTAGES_BEFORE_DAYS) for _ in range(draw.randrange(_MOST_OUTAGES))), reverse=True)
    return [PowerFailure(from_epoch_s(before - day * _DAY_S + draw.randrange(_DAY_S)), draw.randrange(*_OUTAGE_S)) for day in days]


def _sent(printed: str) -> str:
    """Return a meter's number as meters send it: its characters as hexadecimal pairs."""
    return printed.encode().hex().upper()

"""The telegrams of a home's P1 port, as an SMR 5 meter sends them. Pure: the same second gives the same telegram."""

from random import Random
from typing import final

from kwartier.model.period import from_epoch_s
from kwartier.simulator import identity
from kwartier.simulator.lived import Gas, Lived, Now
from kwartier.simulator.logs import Log
from kwartier.simulator.state import State
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
_TROUBLES = (
    (Quantity.SAGS_L1, Quantity.SAGS_L2, Quantity.SAGS_L3),
    (Quantity.SWELLS_L1, Quantity.SWELLS_L2, Quantity.SWELLS_L3),
)
_MV_PER_DV = 100
_DEAD_MV = 50_000
"""A phase below this is lost: nothing flows there."""
_MOST_EARLIER_DIPS = 9


@final
class Port:
    """The P1 port of one home."""

    def __init__(self, town: Town, number: int, state: State) -> None:
        """Settle who it is, and how its load lies on its phases. `state` is the meter's own, as the operator reads it."""
        self._lived, self._state = Lived(town, number), state
        draw = Random(f"{town.seed}/port/{number}")
        self._phases = range(1, state.condition.phases + 1)
        self._weights = {phase: draw.randrange(100, 600) for phase in self._phases}
        self._earlier_dips = draw.randrange(_MOST_EARLIER_DIPS)
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
            failures=self._failures(moment),
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
            Quantity.FAILURES: self._earlier_dips + now.dips + len(self._failures(now.at)),
            Quantity.LONG_FAILURES: len(self._failures(now.at)),
            **dict.fromkeys((each for column in _TROUBLES for each in column[: len(self._phases)]), 0),
            **self._of_phases(now),
        }

    def _failures(self, moment: int) -> tuple[PowerFailure, ...]:
        """Return the long power failures until a moment, as the meter wrote them down."""
        log = sorted(self._state.log(Log.FAILURES))
        return tuple(PowerFailure(from_epoch_s(entry.stamp_s), entry.value) for entry in log if entry.stamp_s <= moment)

    def _of_phases(self, now: Now) -> dict[Quantity, int]:
        """Return power, voltage and current of each phase; the powers sum to the power of the meter."""
        found: dict[Quantity, int] = {}
        voltages = {phase: self._state.voltage_dv(phase, now.at) * _MV_PER_DV for phase in self._phases}
        loads = self._loads(abs(now.power_w), [phase for phase in self._phases if voltages[phase] >= _DEAD_MV])
        for phase, voltage in voltages.items():
            taken, given = _POWERS[phase - 1]
            load = loads.get(phase, 0)
            found |= {taken: load if now.power_w > 0 else 0, given: load if now.power_w < 0 else 0}
            current = (load * 1000 + voltage // 2) // voltage * 1000 if load else 0
            found |= {_VOLTAGES[phase - 1]: voltage, _CURRENTS[phase - 1]: current}
        return found

    def _loads(self, whole: int, alive: list[int]) -> dict[int, int]:
        """Spread a power over the phases that have voltage; without any the meter itself would not run."""
        weight = sum(self._weights[phase] for phase in alive)
        loads = {phase: whole * self._weights[phase] // weight for phase in alive}
        if alive:
            loads[alive[-1]] += whole - sum(loads.values())
        return loads


def _sent(printed: str) -> str:
    """Return a meter's number as meters send it: its characters as hexadecimal pairs."""
    return printed.encode().hex().upper()

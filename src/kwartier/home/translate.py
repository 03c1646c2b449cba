"""From a telegram to what the home needs of it. Meter numbers end here: what goes on is their keyed hash."""

import hashlib
import hmac
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from kwartier.home.sample import NO_METER, Counter, Device, Phase, Sample
from kwartier.model.period import epoch_s
from kwartier.wire.p1.identity import EquipmentId
from kwartier.wire.p1.profile import Rate, rate_of
from kwartier.wire.p1.quantities import Quantity
from kwartier.wire.p1.telegram import Device as WireDevice
from kwartier.wire.p1.telegram import DeviceKind, Profile, Telegram

_KEY_DIGITS: Final = 16
_RATES: Final = {
    1: (Quantity.IMPORT_1, Quantity.EXPORT_1),
    2: (Quantity.IMPORT_2, Quantity.EXPORT_2),
    3: (Quantity.IMPORT_3, Quantity.EXPORT_3),
    4: (Quantity.IMPORT_4, Quantity.EXPORT_4),
}
_TOTALS: Final = ((Quantity.IMPORT, Counter.IMPORT, "import_"), (Quantity.EXPORT, Counter.EXPORT, "export_"))
_KINDS: Final = {
    DeviceKind.GAS: Counter.GAS,
    DeviceKind.WATER: Counter.WATER,
    DeviceKind.WARM_WATER: Counter.WARM_WATER,
    DeviceKind.HEAT: Counter.HEAT,
    DeviceKind.HEAT_INLET: Counter.HEAT,
    DeviceKind.HEAT_COOLING: Counter.HEAT,
    DeviceKind.COOLING: Counter.COOLING,
}
_WH_IN_KJ: Final = (36, 10)
_PHASES: Final = (
    (Quantity.POWER_IMPORT_L1, Quantity.POWER_EXPORT_L1, Quantity.VOLTAGE_L1, Quantity.CURRENT_L1),
    (Quantity.POWER_IMPORT_L2, Quantity.POWER_EXPORT_L2, Quantity.VOLTAGE_L2, Quantity.CURRENT_L2),
    (Quantity.POWER_IMPORT_L3, Quantity.POWER_EXPORT_L3, Quantity.VOLTAGE_L3, Quantity.CURRENT_L3),
)


def sample(telegram: Telegram, salt: bytes) -> Sample:
    """Return what a telegram says; `salt` is this home's own key for hashing meter numbers."""
    values = telegram.values
    rate = rate_of(telegram.profile, values.get(Quantity.TARIFF))
    return Sample(
        meter=_meter(telegram.equipment_id, salt),
        at=None if telegram.at is None else epoch_s(telegram.at),
        registers=MappingProxyType(dict(_registers(telegram.profile, values))),
        power_w=telegram.power_w,
        phases=_phases(values),
        is_low_rate=None if rate is None else rate is Rate.LOW,
        demand_w=values.get(Quantity.DEMAND_IMPORT),
        month_peak_w=telegram.peak.power_w if telegram.peak else None,
        devices=tuple(_devices(telegram.devices, salt)),
    )


def _meter(equipment: EquipmentId | None, salt: bytes) -> str:
    if equipment is None or not equipment.reveal():
        return NO_METER
    return hmac.new(salt, equipment.reveal().encode(), hashlib.sha256).hexdigest()[:_KEY_DIGITS]


def _registers(profile: Profile, values: Mapping[Quantity, int]) -> Iterator[tuple[Counter, int]]:
    """Yield the registers by what they are: per rate where the meter has rates, else the total."""
    for side, (total, counter, prefix) in enumerate(_TOTALS):
        rates = [(number, values[pair[side]]) for number, pair in _RATES.items() if pair[side] in values]
        for number, value in rates:
            rate = rate_of(profile, number)
            yield Counter(prefix + (rate.value if rate else str(number))), value
        if not rates and total in values:
            yield counter, values[total]


def _phases(values: Mapping[Quantity, int]) -> tuple[Phase, ...]:
    """Return the phases that the meter tells anything of, in order."""
    found = []
    for taken, given, voltage, current in _PHASES:
        if not {taken, given, voltage, current}.isdisjoint(values):
            power = values.get(taken, 0) - values.get(given, 0) if taken in values or given in values else None
            found.append(Phase(power, values.get(voltage), values.get(current)))
    return tuple(found)


def _devices(devices: tuple[WireDevice, ...], salt: bytes) -> Iterator[Device]:
    for device in devices:
        counter = _KINDS.get(device.kind) if device.kind else None
        if counter is None or device.value is None or device.unit is None:
            continue
        value = device.value
        if counter.unit == "kJ" and device.unit == "Wh":
            value = value * _WH_IN_KJ[0] // _WH_IN_KJ[1]
        if counter.unit in {device.unit.value, "kJ"}:
            yield Device(_meter(device.id, salt), counter, None if device.at is None else epoch_s(device.at), value)

"""The values of a telegram. Frozen; moments are UTC; numbers are whole base units (`Quantity.unit`).

Header, equipment ids, messages and what is kept raw can name a household: `str()` and `repr()` of a telegram mask or omit them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, StrEnum
from types import MappingProxyType
from typing import Any, Final, final

from kwartier.wire.p1.errors import FaultKind, Unwritable
from kwartier.wire.p1.identity import EquipmentId, Header
from kwartier.wire.p1.quantities import Quantity, Unit

_ID_ORDER: Final = ("0-0:96.1.1", "0-0:42.0.0", "0-0:96.1.0", "0-0:96.1.255", "0-0:0.0.0", "1-0:0.0.0")
_UNKNOWN_S: Final = 2**31 - 1


@final
class Profile(StrEnum):
    """The kinds of telegram that are told apart."""

    DSMR_2 = "dsmr-2.2"
    DSMR_3 = "dsmr-3"
    DSMR_4 = "dsmr-4"
    DSMR_5 = "dsmr-5"
    BELGIUM = "belgium"
    LUXEMBOURG = "luxembourg"
    SWEDEN = "sweden"
    AUSTRIA = "austria"
    HUNGARY = "hungary"
    SWITZERLAND = "switzerland"
    ISKRA_IE = "iskra-ie"
    Q3D = "q3d"
    OTHER = "other"


@final
class Checksum(StrEnum):
    """What became of the CRC. WRONG only if `decode` was asked not to refuse it."""

    RIGHT = "right"
    ABSENT = "absent"
    WRONG = "wrong"


@final
@dataclass(frozen=True, slots=True)
class Fault:
    """A line that could not be read, or only in part. Lines count from 1, the header."""

    line: int
    kind: FaultKind


@final
@dataclass(frozen=True, slots=True)
class PowerFailure:
    """An entry of the log of long failures: when the power came back, and seconds without it, as the meter says."""

    ended_at: datetime | None
    duration_s: int

    @property
    def is_known(self) -> bool:
        """False if the meter had lost its clock, so that neither number means anything."""
        return self.ended_at is not None and self.duration_s < _UNKNOWN_S


@final
@dataclass(frozen=True, slots=True)
class Peak:
    """The highest quarter-hour of a month: mean power in W; `at` as the meter stamps it (the end of the quarter-hour)."""

    at: datetime | None
    power_w: int


@final
@dataclass(frozen=True, slots=True)
class MonthPeak:
    """The peak of a month that is over; `month_end` is the first moment of the next one."""

    month_end: datetime | None
    peak: Peak


@final
@dataclass(frozen=True, slots=True)
class MonthClose:
    """Registers at the end of a month, in the order of the meter, which names none of them (Hungary)."""

    at: datetime | None
    values: tuple[tuple[Unit, int], ...]


@final
class DeviceKind(IntEnum):
    """The media of EN 13757-3 that P1 meters report."""

    ELECTRICITY = 2
    GAS = 3
    HEAT = 4
    WARM_WATER = 6
    WATER = 7
    COOLING = 10
    HEAT_INLET = 12
    HEAT_COOLING = 13


@final
@dataclass(frozen=True, slots=True)
class Device:
    """A meter on the M-Bus. `at` is when its value was captured; value and unit (Wh, dm3, kJ) are there together or not at all."""

    channel: int
    type: int | None = None
    id: EquipmentId | None = None
    at: datetime | None = None
    value: int | None = None
    unit: Unit | None = None
    valve: int | None = None

    def __post_init__(self) -> None:
        """Raise Unwritable for a value without a unit, or a unit without a value."""
        if (self.value is None) != (self.unit is None):
            msg = "a device has a value and its unit, or neither"
            raise Unwritable(msg)

    @property
    def kind(self) -> DeviceKind | None:
        """What it measures; None if the type is missing or unknown."""
        return DeviceKind(self.type) if self.type in _KINDS else None


_KINDS: Final = frozenset(DeviceKind)


@final
@dataclass(frozen=True, slots=True)
class Raw:
    """An object nobody here knows: its code, and all behind it with its parentheses."""

    code: str
    content: bytes = field(repr=False)


def _empty() -> Mapping[Any, Any]:
    return _EMPTY


_EMPTY: Final[Mapping[Any, Any]] = MappingProxyType({})


@final
@dataclass(frozen=True, slots=True)
class Telegram:
    """One telegram. How it came (checksum, faults, raw bytes) is no part of its equality."""

    header: Header
    profile: Profile
    version: str | None = None
    at: datetime | None = None
    ids: Mapping[str, EquipmentId] = field(default_factory=_empty)
    values: Mapping[Quantity, int] = field(default_factory=_empty)
    peak: Peak | None = None
    month_peaks: tuple[MonthPeak, ...] = ()
    month_close: MonthClose | None = None
    failures: tuple[PowerFailure, ...] = ()
    messages: Mapping[int, bytes] = field(default_factory=_empty, repr=False)
    devices: tuple[Device, ...] = ()
    others: tuple[Raw, ...] = ()
    checksum: Checksum = field(default=Checksum.ABSENT, compare=False)
    faults: tuple[Fault, ...] = field(default=(), compare=False)
    raw: bytes = field(default=b"", compare=False, repr=False)

    @property
    def equipment_id(self) -> EquipmentId | None:
        """The id of the electricity meter, under whichever object its profile sends it."""
        return next((self.ids[code] for code in _ID_ORDER if code in self.ids), None)

    @property
    def import_wh(self) -> int | None:
        """Taken from the grid since the meter began: the total, or the sum of its rates; None if a rate is missing."""
        return _total(self.values, Quantity.IMPORT, _IMPORT_RATES)

    @property
    def export_wh(self) -> int | None:
        """Given to the grid since the meter began: the total, or the sum of its rates; None if a rate is missing."""
        return _total(self.values, Quantity.EXPORT, _EXPORT_RATES)

    @property
    def power_w(self) -> int | None:
        """Power now: taken minus given; None if the telegram says neither."""
        values = self.values
        if Quantity.POWER_IMPORT in values or Quantity.POWER_EXPORT in values:
            return values.get(Quantity.POWER_IMPORT, 0) - values.get(Quantity.POWER_EXPORT, 0)
        return values.get(Quantity.POWER_NET)


_IMPORT_RATES: Final = (Quantity.IMPORT_1, Quantity.IMPORT_2, Quantity.IMPORT_3, Quantity.IMPORT_4)
_EXPORT_RATES: Final = (Quantity.EXPORT_1, Quantity.EXPORT_2, Quantity.EXPORT_3, Quantity.EXPORT_4)


def _total(values: Mapping[Quantity, int], total: Quantity, rates: tuple[Quantity, ...]) -> int | None:
    """Return the total. A sum without one of its first two rates would look like a register that fell, so it is none."""
    if total in values:
        return values[total]
    if rates[0] not in values or rates[1] not in values:
        return None
    return sum(values[rate] for rate in rates if rate in values)

"""What one telegram says, in the home's own terms.

Moments are whole seconds since 1970 (UTC); numbers are whole Wh, dm3, kJ, W, mV and mA.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Final, final


@final
class Counter(StrEnum):
    """What a register counts. Electricity by direction and rate, as the meter keeps it; rates without a known meaning by number."""

    IMPORT = "import"
    IMPORT_LOW = "import_low"
    IMPORT_NORMAL = "import_normal"
    IMPORT_1 = "import_1"
    IMPORT_2 = "import_2"
    IMPORT_3 = "import_3"
    IMPORT_4 = "import_4"
    EXPORT = "export"
    EXPORT_LOW = "export_low"
    EXPORT_NORMAL = "export_normal"
    EXPORT_1 = "export_1"
    EXPORT_2 = "export_2"
    EXPORT_3 = "export_3"
    EXPORT_4 = "export_4"
    GAS = "gas"
    WATER = "water"
    WARM_WATER = "warm_water"
    HEAT = "heat"
    COOLING = "cooling"

    @property
    def is_import(self) -> bool:
        """True for electricity taken from the grid."""
        return self.value.startswith("import")

    @property
    def is_export(self) -> bool:
        """True for electricity given to the grid."""
        return self.value.startswith("export")

    @property
    def unit(self) -> str:
        """Wh, dm3 or kJ."""
        return _UNITS.get(self, "Wh")


_UNITS: Final = {Counter.GAS: "dm3", Counter.WATER: "dm3", Counter.WARM_WATER: "dm3", Counter.HEAT: "kJ", Counter.COOLING: "kJ"}

NO_METER: Final = ""
"""The key of a meter that does not say which one it is."""


@final
@dataclass(frozen=True, slots=True)
class Phase:
    """One phase now; power is taken minus given."""

    power_w: int | None = None
    voltage_mv: int | None = None
    current_ma: int | None = None


@final
@dataclass(frozen=True, slots=True)
class Device:
    """A reading of a meter behind the meter. `at` is its own stamp, None if it has none that can be read."""

    meter: str
    counter: Counter
    at: int | None
    value: int


@final
@dataclass(frozen=True, slots=True)
class Sample:
    """One telegram. `meter` is a keyed hash of the equipment id, never the id itself; `at` what the meter's own clock said."""

    meter: str
    at: int | None
    registers: Mapping[Counter, int] = field(default_factory=lambda: MappingProxyType({}))
    power_w: int | None = None
    phases: tuple[Phase, ...] = ()
    is_low_rate: bool | None = None
    demand_w: int | None = None
    month_peak_w: int | None = None
    devices: tuple[Device, ...] = ()

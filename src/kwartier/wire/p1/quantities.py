"""What a meter measures and counts, with OBIS code and unit: one table for reading and writing.

Values are whole numbers of the base units below. Digits beyond the base unit are cut off, towards zero, so that a register never
shows more than the meter had measured; the text stays in `Telegram.raw`. Sources: DSMR P1 5.0.2 table 6-4, Fluvius e-MUCS P1 1.7,
Luxembourg P1 1.1.3 table 3.1, Energiföretagen 2.0, telegrams of the other profiles.
"""

from enum import StrEnum
from typing import Final, Self, final


@final
class Unit(StrEnum):
    """The base units. Heat is kJ: a meter's last digit is 1 MJ or 1 kWh."""

    WH = "Wh"
    VARH = "varh"
    W = "W"
    VAR = "var"
    VA = "VA"
    MV = "mV"
    MA = "mA"
    MHZ = "mHz"
    DM3 = "dm3"
    KJ = "kJ"
    PERMILLE = "permille"
    COUNT = "count"


SPELLED: Final[dict[Unit, dict[str, int]]] = {
    Unit.WH: {"kWh": 3, "Wh": 0, "MWh": 6},
    Unit.VARH: {"kvarh": 3, "varh": 0, "kVArh": 3, "VArh": 0, "Mvarh": 6},
    Unit.W: {"kW": 3, "W": 0, "MW": 6},
    Unit.VAR: {"kvar": 3, "var": 0, "kVAr": 3, "VAr": 0},
    Unit.VA: {"kVA": 3, "VA": 0},
    Unit.MV: {"V": 3, "mV": 0, "kV": 6},
    Unit.MA: {"A": 3, "mA": 0},
    Unit.MHZ: {"Hz": 3},
    Unit.DM3: {"m3": 3, "dm3": 0, "l": 0},
    Unit.KJ: {"GJ": 6, "MJ": 3, "kJ": 0},
    Unit.PERMILLE: {"": 3},
    Unit.COUNT: {"": 0},
}
"""How units are written in telegrams, with the power of ten to the base unit. The first is what a number without a unit has."""


@final
class Quantity(StrEnum):
    """One number that a telegram can hold. Rates: 1 and 2 as the meter numbers them (`profile.rate_of` says which is low)."""

    code: str
    unit: Unit

    def __new__(cls, word: str, code: str = "", unit: Unit = Unit.COUNT) -> Self:
        """Make a member whose value is `word`. The defaults let a type checker see that `Quantity("import")` finds one."""
        member = str.__new__(cls, word)
        member._value_ = word
        member.code = code
        member.unit = unit
        return member

    IMPORT = "import", "1-0:1.8.0", Unit.WH
    IMPORT_1 = "import_1", "1-0:1.8.1", Unit.WH
    IMPORT_2 = "import_2", "1-0:1.8.2", Unit.WH
    IMPORT_3 = "import_3", "1-0:1.8.3", Unit.WH
    IMPORT_4 = "import_4", "1-0:1.8.4", Unit.WH
    EXPORT = "export", "1-0:2.8.0", Unit.WH
    EXPORT_1 = "export_1", "1-0:2.8.1", Unit.WH
    EXPORT_2 = "export_2", "1-0:2.8.2", Unit.WH
    EXPORT_3 = "export_3", "1-0:2.8.3", Unit.WH
    EXPORT_4 = "export_4", "1-0:2.8.4", Unit.WH
    COMBINED = "combined", "1-0:15.8.0", Unit.WH
    TARIFF = "tariff", "0-0:96.14.0", Unit.COUNT

    POWER_IMPORT = "power_import", "1-0:1.7.0", Unit.W
    POWER_EXPORT = "power_export", "1-0:2.7.0", Unit.W
    POWER_NET = "power_net", "1-0:16.7.0", Unit.W
    POWER_IMPORT_L1 = "power_import_l1", "1-0:21.7.0", Unit.W
    POWER_IMPORT_L2 = "power_import_l2", "1-0:41.7.0", Unit.W
    POWER_IMPORT_L3 = "power_import_l3", "1-0:61.7.0", Unit.W
    POWER_EXPORT_L1 = "power_export_l1", "1-0:22.7.0", Unit.W
    POWER_EXPORT_L2 = "power_export_l2", "1-0:42.7.0", Unit.W
    POWER_EXPORT_L3 = "power_export_l3", "1-0:62.7.0", Unit.W
    DEMAND_IMPORT = "demand_import", "1-0:1.4.0", Unit.W
    DEMAND_EXPORT = "demand_export", "1-0:2.4.0", Unit.W

    VOLTAGE_L1 = "voltage_l1", "1-0:32.7.0", Unit.MV
    VOLTAGE_L2 = "voltage_l2", "1-0:52.7.0", Unit.MV
    VOLTAGE_L3 = "voltage_l3", "1-0:72.7.0", Unit.MV
    CURRENT_L1 = "current_l1", "1-0:31.7.0", Unit.MA
    CURRENT_L2 = "current_l2", "1-0:51.7.0", Unit.MA
    CURRENT_L3 = "current_l3", "1-0:71.7.0", Unit.MA
    CURRENT_N = "current_n", "1-0:91.7.0", Unit.MA
    FREQUENCY = "frequency", "1-0:14.7.0", Unit.MHZ
    POWER_FACTOR = "power_factor", "1-0:13.7.0", Unit.PERMILLE
    POWER_FACTOR_L1 = "power_factor_l1", "1-0:33.7.0", Unit.PERMILLE
    POWER_FACTOR_L2 = "power_factor_l2", "1-0:53.7.0", Unit.PERMILLE
    POWER_FACTOR_L3 = "power_factor_l3", "1-0:73.7.0", Unit.PERMILLE

    REACTIVE_IMPORT = "reactive_import", "1-0:3.8.0", Unit.VARH
    REACTIVE_IMPORT_1 = "reactive_import_1", "1-0:3.8.1", Unit.VARH
    REACTIVE_IMPORT_2 = "reactive_import_2", "1-0:3.8.2", Unit.VARH
    REACTIVE_EXPORT = "reactive_export", "1-0:4.8.0", Unit.VARH
    REACTIVE_EXPORT_1 = "reactive_export_1", "1-0:4.8.1", Unit.VARH
    REACTIVE_EXPORT_2 = "reactive_export_2", "1-0:4.8.2", Unit.VARH
    REACTIVE_Q1 = "reactive_q1", "1-0:5.8.0", Unit.VARH
    REACTIVE_Q2 = "reactive_q2", "1-0:6.8.0", Unit.VARH
    REACTIVE_Q3 = "reactive_q3", "1-0:7.8.0", Unit.VARH
    REACTIVE_Q4 = "reactive_q4", "1-0:8.8.0", Unit.VARH
    REACTIVE_POWER_IMPORT = "reactive_power_import", "1-0:3.7.0", Unit.VAR
    REACTIVE_POWER_EXPORT = "reactive_power_export", "1-0:4.7.0", Unit.VAR
    REACTIVE_POWER_Q1 = "reactive_power_q1", "1-0:5.7.0", Unit.VAR
    REACTIVE_POWER_Q2 = "reactive_power_q2", "1-0:6.7.0", Unit.VAR
    REACTIVE_POWER_Q3 = "reactive_power_q3", "1-0:7.7.0", Unit.VAR
    REACTIVE_POWER_Q4 = "reactive_power_q4", "1-0:8.7.0", Unit.VAR
    REACTIVE_POWER_IMPORT_L1 = "reactive_power_import_l1", "1-0:23.7.0", Unit.VAR
    REACTIVE_POWER_IMPORT_L2 = "reactive_power_import_l2", "1-0:43.7.0", Unit.VAR
    REACTIVE_POWER_IMPORT_L3 = "reactive_power_import_l3", "1-0:63.7.0", Unit.VAR
    REACTIVE_POWER_EXPORT_L1 = "reactive_power_export_l1", "1-0:24.7.0", Unit.VAR
    REACTIVE_POWER_EXPORT_L2 = "reactive_power_export_l2", "1-0:44.7.0", Unit.VAR
    REACTIVE_POWER_EXPORT_L3 = "reactive_power_export_l3", "1-0:64.7.0", Unit.VAR
    APPARENT_IMPORT = "apparent_import", "1-0:9.7.0", Unit.VA
    APPARENT_EXPORT = "apparent_export", "1-0:10.7.0", Unit.VA

    FUSE = "fuse", "1-0:31.4.0", Unit.MA
    FUSE_EXPORT = "fuse_export", "1-0:31.4.0", Unit.MA
    FUSE_L2 = "fuse_l2", "1-0:51.4.0", Unit.MA
    FUSE_L3 = "fuse_l3", "1-0:71.4.0", Unit.MA
    LIMIT_POWER = "limit_power", "0-0:17.0.0", Unit.W
    LIMIT_APPARENT = "limit_apparent", "0-0:17.0.0", Unit.VA
    LIMIT_CURRENT = "limit_current", "0-0:17.0.0", Unit.MA
    SWITCH = "switch", "0-0:96.3.10", Unit.COUNT

    FAILURES = "failures", "0-0:96.7.21", Unit.COUNT
    LONG_FAILURES = "long_failures", "0-0:96.7.9", Unit.COUNT
    SAGS_L1 = "sags_l1", "1-0:32.32.0", Unit.COUNT
    SAGS_L2 = "sags_l2", "1-0:52.32.0", Unit.COUNT
    SAGS_L3 = "sags_l3", "1-0:72.32.0", Unit.COUNT
    SWELLS_L1 = "swells_l1", "1-0:32.36.0", Unit.COUNT
    SWELLS_L2 = "swells_l2", "1-0:52.36.0", Unit.COUNT
    SWELLS_L3 = "swells_l3", "1-0:72.36.0", Unit.COUNT

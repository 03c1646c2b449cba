"""What a meter of each profile sends, line by line, in its order: object and form, as standards and published telegrams have it.

A form is `whole.decimals*unit` for a number; `clock`, `version`, `id`, `text`, `failures`, `peak`, `peaks`, `fuses`, `registers` is
the object of that name; `devices` stands for all meters on the M-Bus. Lines for which a telegram has nothing are not sent.
"""

from dataclasses import dataclass
from typing import Final, final

from kwartier.wire.p1.telegram import Profile


@final
@dataclass(frozen=True, slots=True)
class DeviceForm:
    """How a profile writes its devices: digits of the type, what comes first, and under which objects id and gas stand."""

    type_digits: int
    id_first: bool
    id_code: str
    gas_code: str
    valve_first: bool
    is_old: bool


_NEW: Final = DeviceForm(3, id_first=False, id_code="96.1.0", gas_code="24.2.1", valve_first=False, is_old=False)
_BELGIAN: Final = DeviceForm(3, id_first=False, id_code="96.1.1", gas_code="24.2.3", valve_first=True, is_old=False)
_OLD_2: Final = DeviceForm(1, id_first=False, id_code="96.1.0", gas_code="24.3.0", valve_first=False, is_old=True)
_OLD_3: Final = DeviceForm(2, id_first=True, id_code="96.1.0", gas_code="24.3.0", valve_first=False, is_old=True)

DEVICES: Final[dict[Profile, DeviceForm]] = dict.fromkeys(Profile, _NEW) | {
    Profile.DSMR_2: _OLD_2,
    Profile.DSMR_3: _OLD_3,
    Profile.BELGIUM: _BELGIAN,
    Profile.ISKRA_IE: _BELGIAN,
}

_VERSION_CLOCK_ID: Final = """
1-3:0.2.8 version
0-0:1.0.0 clock
0-0:96.1.1 id
"""
_RATES: Final = """
1-0:1.8.1 6.3*kWh
1-0:1.8.2 6.3*kWh
1-0:2.8.1 6.3*kWh
1-0:2.8.2 6.3*kWh
"""
_NOW: Final = """
0-0:96.14.0 4
1-0:1.7.0 2.3*kW
1-0:2.7.0 2.3*kW
"""
_QUALITY: Final = """
0-0:96.7.21 5
0-0:96.7.9 5
1-0:99.97.0 failures
1-0:32.32.0 5
1-0:52.32.0 5
1-0:72.32.0 5
1-0:32.36.0 5
1-0:52.36.0 5
1-0:72.36.0 5
"""
_VOLTS: Final = """
1-0:32.7.0 3.1*V
1-0:52.7.0 3.1*V
1-0:72.7.0 3.1*V
"""
_AMPERES: Final = """
1-0:31.7.0 3*A
1-0:51.7.0 3*A
1-0:71.7.0 3*A
"""
_PHASES: Final = """
1-0:21.7.0 2.3*kW
1-0:41.7.0 2.3*kW
1-0:61.7.0 2.3*kW
1-0:22.7.0 2.3*kW
1-0:42.7.0 2.3*kW
1-0:62.7.0 2.3*kW
"""
_OLD: Final = """
0-0:96.1.1 id
1-0:1.8.1 5.3*kWh
1-0:1.8.2 5.3*kWh
1-0:2.8.1 5.3*kWh
1-0:2.8.2 5.3*kWh
0-0:96.14.0 4
1-0:1.7.0 {power}*kW
1-0:2.7.0 {power}*kW
0-0:17.0.0 {limit}
0-0:96.3.10 1
0-0:96.13.1 text
0-0:96.13.0 text
devices
"""
_BELGIUM: Final = f"""
0-0:96.1.4 version
0-0:96.1.1 id
0-0:96.1.2 id
0-0:1.0.0 clock
{_RATES}
0-0:96.14.0 4
1-0:1.4.0 2.3*kW
1-0:1.6.0 peak
0-0:98.1.0 peaks
1-0:1.7.0 2.3*kW
1-0:2.7.0 2.3*kW
{_PHASES}{_VOLTS}
1-0:31.7.0 3.2*A
1-0:51.7.0 3.2*A
1-0:71.7.0 3.2*A
0-0:96.3.10 1
0-0:17.0.0 3.1*kW
1-0:31.4.0 fuses
0-0:96.13.0 text
devices
"""
_LUXEMBOURG: Final = f"""
1-3:0.2.8 version
0-0:1.0.0 clock
0-0:42.0.0 id
1-0:1.8.0 6.3*kWh
1-0:2.8.0 6.3*kWh
1-0:3.8.0 6.3*kvarh
1-0:4.8.0 6.3*kvarh
1-0:1.7.0 2.3*kW
1-0:2.7.0 2.3*kW
1-0:3.7.0 2.3*kvar
1-0:4.7.0 2.3*kvar
0-0:17.0.0 3.1*kVA
1-0:9.7.0 2.3*kVA
1-0:10.7.0 2.3*kVA
1-1:31.4.0 fuses
0-0:96.3.10 1
{_QUALITY}
0-0:96.13.0 text
0-0:96.13.2 text
0-0:96.13.3 text
0-0:96.13.4 text
0-0:96.13.5 text
{_VOLTS}{_AMPERES}{_PHASES}
1-0:23.7.0 2.3*kvar
1-0:43.7.0 2.3*kvar
1-0:63.7.0 2.3*kvar
1-0:24.7.0 2.3*kvar
1-0:44.7.0 2.3*kvar
1-0:64.7.0 2.3*kvar
devices
"""
_SWEDEN: Final = """
0-0:1.0.0 clock
1-0:1.8.0 8.3*kWh
1-0:2.8.0 8.3*kWh
1-0:3.8.0 8.3*kvarh
1-0:4.8.0 8.3*kvarh
1-0:1.7.0 4.3*kW
1-0:2.7.0 4.3*kW
1-0:3.7.0 4.3*kvar
1-0:4.7.0 4.3*kvar
1-0:21.7.0 4.3*kW
1-0:22.7.0 4.3*kW
1-0:41.7.0 4.3*kW
1-0:42.7.0 4.3*kW
1-0:61.7.0 4.3*kW
1-0:62.7.0 4.3*kW
1-0:23.7.0 4.3*kvar
1-0:24.7.0 4.3*kvar
1-0:43.7.0 4.3*kvar
1-0:44.7.0 4.3*kvar
1-0:63.7.0 4.3*kvar
1-0:64.7.0 4.3*kvar
1-0:32.7.0 3.1*V
1-0:52.7.0 3.1*V
1-0:72.7.0 3.1*V
1-0:31.7.0 3.1*A
1-0:51.7.0 3.1*A
1-0:71.7.0 3.1*A
"""
_AUSTRIA: Final = """
1-3:0.2.8 version
0-0:1.0.0 clock
1-0:1.8.0 9*Wh
1-0:1.8.1 9*Wh
1-0:1.8.2 9*Wh
1-0:1.7.0 9*W
1-0:2.8.0 9*Wh
1-0:2.8.1 9*Wh
1-0:2.8.2 9*Wh
1-0:2.7.0 9*W
1-0:3.8.0 9*varh
1-0:3.8.1 9*varh
1-0:3.8.2 9*varh
1-0:3.7.0 9*var
1-0:4.8.0 9*varh
1-0:4.8.1 9*varh
1-0:4.8.2 9*varh
1-0:4.7.0 9*var
"""
_HUNGARY: Final = """
0-0:1.0.0 clock
0-0:42.0.0 id
0-0:96.1.0 id
0-0:96.14.0 4
0-0:96.3.10 1
0-0:17.0.0 2.3*kW
1-0:1.8.0 6.3*kWh
1-0:1.8.1 6.3*kWh
1-0:1.8.2 6.3*kWh
1-0:1.8.3 6.3*kWh
1-0:1.8.4 6.3*kWh
1-0:2.8.0 6.3*kWh
1-0:2.8.1 6.3*kWh
1-0:2.8.2 6.3*kWh
1-0:2.8.3 6.3*kWh
1-0:2.8.4 6.3*kWh
1-0:3.8.0 6.3*kvarh
1-0:4.8.0 6.3*kvarh
1-0:5.8.0 6.3*kvarh
1-0:6.8.0 6.3*kvarh
1-0:7.8.0 6.3*kvarh
1-0:8.8.0 6.3*kvarh
1-0:15.8.0 6.3*kWh
1-0:32.7.0 3.1*V
1-0:52.7.0 3.1*V
1-0:72.7.0 3.1*V
1-0:31.7.0 3*A
1-0:51.7.0 3*A
1-0:71.7.0 3*A
1-0:13.7.0 1.3
1-0:33.7.0 1.3
1-0:53.7.0 1.3
1-0:73.7.0 1.3
1-0:14.7.0 2.2*Hz
1-0:1.7.0 2.3*kW
1-0:2.7.0 2.3*kW
1-0:5.7.0 2.3*kvar
1-0:6.7.0 2.3*kvar
1-0:7.7.0 2.3*kvar
1-0:8.7.0 2.3*kvar
1-0:31.4.0 fuses
1-0:51.4.0 3.2*A
1-0:71.4.0 3.2*A
0-0:98.1.0 registers
0-0:96.13.0 text
"""
_SWITZERLAND: Final = f"""
0-0:0.0.0 id
0-0:96.1.4 version
0-0:1.0.0 clock
1-1:1.8.1 6.3*kWh
1-1:1.8.2 6.3*kWh
1-1:2.8.1 6.3*kWh
1-1:2.8.2 6.3*kWh
0-0:96.14.0 4
1-1:1.7.0 2.3*kW
1-1:2.7.0 2.3*kW
{_QUALITY}{_VOLTS}
1-0:31.7.0 3.2*A
1-0:51.7.0 3.2*A
1-0:71.7.0 3.2*A
0-0:96.1.2 id
0-0:96.13.0 text
0-0:96.13.1 text
{_PHASES}
1-1:1.6.0 peak
0-0:98.1.0 peaks
1-0:1.4.0 2.3*kW
"""
_ISKRA_IE: Final = f"""
1-0:0.0.0 id
0-0:96.1.0 id
0-0:1.0.0 clock
{_RATES}{_NOW}{_PHASES}{_VOLTS}{_AMPERES}
0-0:96.3.10 1
0-0:96.13.0 text
devices
"""
_Q3D: Final = """
1-0:0.0.0*255 id
1-0:1.8.0*255 8.7*kWh
1-0:2.8.0*255 8.7*kWh
1-0:21.7.0*255 6.2*W
1-0:41.7.0*255 6.2*W
1-0:61.7.0*255 6.2*W
1-0:1.7.0*255 6.2*W
0-0:96.1.255*255 id
"""
_SWITCH: Final = "0-0:17.0.0 3.1*kW\n0-0:96.3.10 1\n"
_TEXTS: Final = "0-0:96.13.1 text\n0-0:96.13.0 text\n"

LAYOUTS: Final[dict[Profile, str]] = {
    Profile.DSMR_2: _OLD.format(power="4.2", limit="4.2*kW"),
    Profile.DSMR_3: _OLD.format(power="3.2", limit="3*A"),
    Profile.DSMR_4: f"{_VERSION_CLOCK_ID}{_RATES}{_NOW}{_SWITCH}{_QUALITY}{_TEXTS}{_AMPERES}{_PHASES}devices",
    Profile.DSMR_5: f"{_VERSION_CLOCK_ID}{_RATES}{_NOW}{_QUALITY}0-0:96.13.0 text\n{_VOLTS}{_AMPERES}{_PHASES}devices",
    Profile.BELGIUM: _BELGIUM,
    Profile.LUXEMBOURG: _LUXEMBOURG,
    Profile.SWEDEN: _SWEDEN,
    Profile.AUSTRIA: _AUSTRIA,
    Profile.HUNGARY: _HUNGARY,
    Profile.SWITZERLAND: _SWITZERLAND,
    Profile.ISKRA_IE: _ISKRA_IE,
    Profile.Q3D: _Q3D,
    Profile.OTHER: "",
}

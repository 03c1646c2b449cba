"""dsmr-parser, written by others, says the same of every published telegram, of what we write, and of what we seal.

Where the two differ on purpose: it takes the letter of a stamp only for the doubled hour, we always (docs/DIVERGENCES.md); it keeps
moments of a clock that was never set; it gives up a whole telegram for one bad line, or for a checksum in small letters.
"""

import json
import subprocess
from datetime import datetime, timedelta
from decimal import ROUND_DOWN, Decimal
from pathlib import Path
from typing import Any

import pytest

from kwartier.wire.p1.decode import decode
from kwartier.wire.p1.moments import END, FIRST
from kwartier.wire.p1.quantities import Quantity
from kwartier.wire.p1.sealed import Keys, seal
from kwartier.wire.p1.telegram import Checksum, Device, Profile, Telegram
from kwartier.wire.p1.write import encode
from p1_support import NAMES, raw, with_lines

ROOT = Path(__file__).parents[2]
PEER = ROOT / ".peers" / "dsmr-parser" / "bin" / "python"
SPECS = {
    Profile.DSMR_2: "V2_2",
    Profile.DSMR_3: "V3",
    Profile.DSMR_4: "V4",
    Profile.DSMR_5: "V5",
    Profile.BELGIUM: "BELGIUM_FLUVIUS",
    Profile.LUXEMBOURG: "MSN",
    Profile.SWEDEN: "SWEDEN",
    Profile.AUSTRIA: "SAGEMCOM_T210_D_R",
    Profile.HUNGARY: "EON_HUNGARY",
    Profile.ISKRA_IE: "ISKRA_IE",
    Profile.Q3D: "Q3D",
    Profile.OTHER: "V5",
}
LOST = {  # what it cannot read, and how it fails
    "RobThree__DSMRParser.Net/v4_2_ok.txt.1": "ValueError",
    "esphome-libs__dsmr_parser/packet_accumulator_example_test.cpp.1": "InvalidChecksumError",
}
LETTER_AGAINST_THE_SEASON = {
    "RobThree__DSMRParser.Net/formattest.txt.1",
    "RobThree__DSMRParser.Net/v5_ok.txt.1",
    "ndokter__dsmr_parser/example_telegrams.py.4",
    "ndokter__dsmr_parser/example_telegrams.py.8",
    "nielsbasjes__dsmr-tools/DSMRParserProcessorTest.java.1",
}
SCALE = {
    "MWh": 10**6,
    "kWh": 1000,
    "kW": 1000,
    "kvarh": 1000,
    "kvar": 1000,
    "kVA": 1000,
    "V": 1000,
    "A": 1000,
    "Hz": 1000,
    "m3": 1000,
}
SCALE |= {"GJ": 10**6, "MJ": 1000, "Wh": 1, "W": 1, "varh": 1, "var": 1}
COUNTS = {
    "ELECTRICITY_ACTIVE_TARIFF": Quantity.TARIFF,
    "ACTUAL_SWITCH_POSITION": Quantity.SWITCH,
    "SHORT_POWER_FAILURE_COUNT": Quantity.FAILURES,
    "LONG_POWER_FAILURE_COUNT": Quantity.LONG_FAILURES,
    **{f"VOLTAGE_SAG_L{n}_COUNT": Quantity(f"sags_l{n}") for n in (1, 2, 3)},
    **{f"VOLTAGE_SWELL_L{n}_COUNT": Quantity(f"swells_l{n}") for n in (1, 2, 3)},
}
NUMBERS = {
    "ELECTRICITY_IMPORTED_TOTAL": Quantity.IMPORT,
    "ELECTRICITY_EXPORTED_TOTAL": Quantity.EXPORT,
    "ELECTRICITY_COMBINED": Quantity.COMBINED,
    "CURRENT_ELECTRICITY_USAGE": Quantity.POWER_IMPORT,
    "CURRENT_ELECTRICITY_DELIVERY": Quantity.POWER_EXPORT,
    "CURRENT_REACTIVE_IMPORTED": Quantity.REACTIVE_POWER_IMPORT,
    "CURRENT_REACTIVE_EXPORTED": Quantity.REACTIVE_POWER_EXPORT,
    "ELECTRICITY_REACTIVE_IMPORTED_TOTAL": Quantity.REACTIVE_IMPORT,
    "ELECTRICITY_REACTIVE_EXPORTED_TOTAL": Quantity.REACTIVE_EXPORT,
    "BELGIUM_CURRENT_AVERAGE_DEMAND": Quantity.DEMAND_IMPORT,
    "FREQUENCY": Quantity.FREQUENCY,
    "FUSE_THRESHOLD_L1": Quantity.FUSE,
    **{f"ELECTRICITY_USED_TARIFF_{n}": Quantity(f"import_{n}") for n in (1, 2, 3, 4)},
    **{f"ELECTRICITY_DELIVERED_TARIFF_{n}": Quantity(f"export_{n}") for n in (1, 2, 3, 4)},
    **{f"ELECTRICITY_REACTIVE_IMPORTED_TARIFF_{n}": Quantity(f"reactive_import_{n}") for n in (1, 2)},
    **{f"ELECTRICITY_REACTIVE_EXPORTED_TARIFF_{n}": Quantity(f"reactive_export_{n}") for n in (1, 2)},
    **{f"ELECTRICITY_REACTIVE_TOTAL_Q{n}": Quantity(f"reactive_q{n}") for n in (1, 2, 3, 4)},
    **{f"INSTANTANEOUS_REACTIVE_POWER_Q{n}": Quantity(f"reactive_power_q{n}") for n in (1, 2, 3, 4)},
    **{f"INSTANTANEOUS_VOLTAGE_L{n}": Quantity(f"voltage_l{n}") for n in (1, 2, 3)},
    **{f"INSTANTANEOUS_CURRENT_L{n}": Quantity(f"current_l{n}") for n in (1, 2, 3)},
    **{f"INSTANTANEOUS_ACTIVE_POWER_L{n}_POSITIVE": Quantity(f"power_import_l{n}") for n in (1, 2, 3)},
    **{f"INSTANTANEOUS_ACTIVE_POWER_L{n}_NEGATIVE": Quantity(f"power_export_l{n}") for n in (1, 2, 3)},
    **{f"FUSE_THRESHOLD_L{n}": Quantity(f"fuse_l{n}") for n in (2, 3)},
}
READINGS = ("MBUS_METER_READING", "HOURLY_GAS_METER_READING", "GAS_METER_READING")
TYPES = ("MBUS_DEVICE_TYPE", "DEVICE_TYPE")
DEVICE_IDS = ("MBUS_EQUIPMENT_IDENTIFIER", "EQUIPMENT_IDENTIFIER_GAS")
Said = dict[str, Any]


def ask(requests: list[dict[str, object]]) -> dict[str, Said]:
    """What the other program says."""
    assert PEER.exists(), "./test makes the peers"
    command = [str(PEER), str(ROOT / "tests/interop/foreign_p1.py")]
    text = "\n".join(map(json.dumps, requests))
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=True, timeout=120)
    return dict(json.loads(done.stdout))


@pytest.fixture(scope="module")
def ours() -> dict[str, Telegram]:
    return {name: decode(raw(name), checked=True) for name in NAMES}


@pytest.fixture(scope="module")
def theirs(ours: dict[str, Telegram]) -> dict[str, Said]:
    return ask([{"name": name, "spec": SPECS[ours[name].profile], "data": raw(name).hex()} for name in NAMES])


def scaled(value: str, unit: str | None) -> int:
    return int((Decimal(value) * SCALE[unit or "kWh"]).to_integral_value(ROUND_DOWN))


def same_moment(mine: datetime | None, text: str | None, name: str) -> bool:
    """True if the two mean the same, but for the two differences that are meant."""
    other = datetime.fromisoformat(text) if text else None
    if mine is None or other is None:
        return other is None or not FIRST <= other < END
    return mine == other or (abs(mine - other) == timedelta(hours=1) and name in LETTER_AGAINST_THE_SEASON)


def of(device: Said, names: tuple[str, ...]) -> list[Any]:
    return next((list(device[each]) for each in names if each in device), [None, None, None])


def same_device(mine: Device, device: Said, name: str) -> None:
    """Compare one meter on the M-Bus."""
    kind, identity, reading = of(device, TYPES)[0], of(device, DEVICE_IDS)[0], of(device, READINGS)
    assert mine.type == (int(kind) if kind else None)
    assert (mine.id.reveal() if mine.id else None) == identity
    if reading[0] is not None and reading[1]:
        assert mine.value == scaled(reading[0], reading[1])
    if reading[0] is not None:
        assert same_moment(mine.at, reading[2], name)


def compare(mine: Telegram, said: Said, name: str) -> int:
    """Compare all that the other one says; return how many numbers that were."""
    values = {NUMBERS[what]: scaled(*said[what]) for what in NUMBERS if said.get(what, [None])[0] is not None}
    values |= {COUNTS[what]: int(said[what][0]) for what in COUNTS if said.get(what, [None])[0] is not None}
    assert {quantity: mine.values.get(quantity) for quantity in values} == values
    if "P1_MESSAGE_TIMESTAMP" in said:
        assert same_moment(mine.at, said["P1_MESSAGE_TIMESTAMP"][0], name)
    if "POWER_EVENT_FAILURE_LOG" in said:
        assert [str(each.duration_s) for each in mine.failures] == [each[1] for each in said["POWER_EVENT_FAILURE_LOG"]]
        for failure, (at, _) in zip(mine.failures, said["POWER_EVENT_FAILURE_LOG"], strict=True):
            assert same_moment(failure.ended_at, at, name)
    if "BELGIUM_MAXIMUM_DEMAND_13_MONTHS" in said:
        for month, (power, unit, end, at) in zip(mine.month_peaks, said["BELGIUM_MAXIMUM_DEMAND_13_MONTHS"], strict=True):
            assert month.peak.power_w == scaled(power, unit)
            assert same_moment(month.month_end, end, name)
            assert same_moment(month.peak.at, at, name)
    for device in mine.devices:
        if str(device.channel) in said["devices"] and of(said["devices"][str(device.channel)], TYPES)[0]:
            same_device(device, said["devices"][str(device.channel)], name)
    return len(values)


@pytest.mark.parametrize("name", NAMES)
def test_both_say_the_same(name: str, ours: dict[str, Telegram], theirs: dict[str, Said]) -> None:
    if ours[name].checksum is Checksum.WRONG:
        assert theirs[name] == {"error": "InvalidChecksumError"}
    elif name in LOST:
        assert theirs[name] == {"error": LOST[name]}
    else:
        compare(ours[name], theirs[name], name)


def test_they_have_much_to_say(ours: dict[str, Telegram], theirs: dict[str, Said]) -> None:
    said = {name: answer for name, answer in theirs.items() if "error" not in answer}
    assert len(said) == 49
    assert sum(compare(ours[name], answer, name) for name, answer in said.items()) > 690


def test_what_we_write_they_read(ours: dict[str, Telegram]) -> None:
    """Written again by us, without the profiles that it cannot read plain or does not know."""
    again = {name: encode(each) for name, each in ours.items() if each.profile is not Profile.OTHER}
    said = ask([{"name": name, "spec": SPECS[ours[name].profile], "data": data.hex()} for name, data in again.items()])
    written = {name: decode(data) for name, data in again.items()}
    failed = {name: answer["error"] for name, answer in said.items() if "error" in answer}
    assert failed == {"RobThree__DSMRParser.Net/v4_2_ok.txt.1": "ValueError"}  # hexadecimal text in 96.13.1
    assert sum(compare(written[name], said[name], name) for name in said if name not in failed) > 690


LUXEMBOURG = (
    "0-0:1.0.0(260403175431S)",
    "0-0:42.0.0(53414731303330373030303132373031)",
    "1-0:1.8.0(000273.764*kWh)",
    "1-0:2.8.0(112743.030*kWh)",
    "1-0:3.8.0(000462.590*kvarh)",
    "1-0:1.7.0(00.000*kW)",
    "1-0:2.7.0(00.897*kW)",
    "1-0:32.7.0(236.0*V)",
)


@pytest.mark.parametrize(
    ("spec", "authentication"), [("MSN", "00112233445566778899AABBCCDDEEFF"), ("SAGEMCOM_T210_D_R", "BB" * 16)]
)
def test_what_we_seal_they_open(spec: str, authentication: str) -> None:
    telegram = decode(with_lines(*LUXEMBOURG, header="/Lux5\\253663629_D", version="1-3:0.2.8(42)"), checked=True)
    keys = Keys(bytes.fromhex("AA" * 16), bytes.fromhex(authentication))
    frame = seal(encode(telegram), keys, b"SAG12345", 0x10000001)
    (said,) = ask([{"name": "sealed", "spec": spec, "data": frame.hex(), "keys": ["AA" * 16, authentication]}]).values()
    assert "error" not in said
    assert compare(telegram, said, "sealed") >= 4

"""What a meter says of its own condition, asked over the wire: registers, logs, voltages, firmware, and what may be set."""

from pathlib import Path

import pytest

from care_support import CARE, IMAGE, NIGHT, TOWN, Visit, first, healthy
from kwartier.simulator import care, firmware, identity
from kwartier.simulator.behaviour import Fault
from kwartier.simulator.care import Ailment
from kwartier.simulator.condition import Clinic
from kwartier.simulator.devices import Fleet
from kwartier.simulator.logs import Log
from kwartier.simulator.notebook import NAME, Notebook
from kwartier.wire.dlms.server import moments
from meter_support import NOW, by_range

ALARMS, ERRORS, STATUS, VERSION = "0-0:97.98.0", "0-0:97.97.0", "0-1:94.31.0", "1-0:0.2.0"
STANDARD, FRAUD, MBUS, QUALITY, FAILURES = "0-0:99.98.0", "0-0:99.98.1", "0-0:99.98.3", "0-0:99.98.5", "1-0:99.97.0"


def visit(ailment: Ailment) -> Visit:
    return Visit(Fleet(TOWN, {}), first(ailment).number)


def sound() -> Visit:
    return Visit(Fleet(TOWN, {}), healthy().number)


def bits(asked: Visit, obis: str = ALARMS) -> int:
    data = asked.value(1, obis)
    assert data[0] == 6
    return int.from_bytes(data[1:], "big")


def volts(asked: Visit) -> list[int]:
    found = [asked.value(3, f"1-0:{phase}.7.0") for phase in (32, 52, 72)]
    return [int.from_bytes(data[1:], "big") for data in found if data[0] == 0x12]


def test_of_a_healthy_meter_nothing_is_to_be_said() -> None:
    asked = sound()
    assert (bits(asked), bits(asked, ERRORS)) == (0, 0)
    assert bits(asked, "0-0:97.98.10") == 0x70F03F03
    assert asked.value(1, VERSION) == b"\x09\x055.0.1"
    assert asked.value(1, "1-0:0.2.8")[2:] == firmware.signature(firmware.release(TOWN.seed, "5.0.1"))
    assert asked.value(1, STATUS).hex() == "1602"
    assert asked.value(72, "0-1:24.1.0", 11).hex() == "1100"
    assert all(2262 <= level <= 2378 for level in volts(asked))
    assert asked.value(3, "1-0:32.7.0", 3).hex() == "02020fff1623"
    assert asked.value(8, "0-0:1.0.0") == b"\x09\x0c" + moments.write(NOW)


def test_batteries() -> None:
    low = visit(Ailment.BATTERY_LOW)
    assert (bits(low), bits(low, ERRORS)) == (2, 2)
    assert {7, 8} & set(low.log(STANDARD))
    gas = visit(Ailment.GAS_BATTERY)
    assert gas.value(72, "0-1:24.1.0", 11).hex() == "1104"
    assert gas.log(MBUS) == [102]
    assert bits(gas) == 0


def test_memories_and_covers_and_logins() -> None:
    memory = visit(Ailment.MEMORY_ERROR)
    assert (bits(memory), bits(memory, ERRORS)) in {(0x100, 0x100), (0x200, 0x200)}
    assert {12, 13} & set(memory.log(STANDARD))
    for ailment, code in ((Ailment.TERMINAL_COVER, 40), (Ailment.METER_COVER, 44), (Ailment.FAILED_LOGINS, 46)):
        asked = visit(ailment)
        assert bits(asked) == 1 << 13
        assert code in asked.log(FRAUD)
        assert asked.log(FRAUD).count(40) - asked.log(FRAUD).count(41) == (code == 40)


def test_phases() -> None:
    home = first(Ailment.PHASE_LOST)
    phase = CARE.phase[home.index]
    lost = visit(Ailment.PHASE_LOST)
    assert bits(lost) == 1 << (27 + phase)
    assert lost.log(QUALITY) == [85 + phase]
    assert [level <= 40 for level in volts(lost)] == [n == phase for n in (1, 2, 3)]
    home = first(Ailment.OVER_VOLTAGE)
    high = visit(Ailment.OVER_VOLTAGE)
    phase = CARE.phase[home.index]
    assert high.log(QUALITY) == [79 + phase]
    assert [level > 2530 for level in volts(high)] == [n == phase for n in range(1, len(volts(high)) + 1)]
    assert len(volts(high)) == care.phases(TOWN.seed, home)


def test_clocks() -> None:
    for index, ahead in CARE.ahead_s.items():
        asked = Visit(Fleet(TOWN, {}), TOWN.homes[index].number)
        assert asked.value(8, "0-0:1.0.0") == b"\x09\x0c" + moments.write(NOW + ahead)


def test_old_firmware() -> None:
    asked = visit(Ailment.OLD_FIRMWARE)
    assert asked.value(1, VERSION) == b"\x09\x055.0.0"
    assert asked.value(1, "1-0:0.2.8")[2:] == firmware.signature(firmware.release(TOWN.seed, "5.0.0"))


def test_the_whole_street_was_dark_in_the_same_minute_and_one_home_elsewhere_on_its_own() -> None:
    outage = CARE.outage
    clinic = Clinic(TOWN)
    ends = {
        home.index: [entry for entry in clinic.condition(home.number).logs[Log.FAILURES] if entry.stamp_s > NIGHT - 86400]
        for home in TOWN.homes
        if home.has_meter
    }
    struck = {home.index for home in TOWN.homes if CARE.dark(home)}
    assert {home for home, entries in ends.items() if entries} == struck | set(CARE.homes(Ailment.OWN_FUSE))
    for home in struck:
        ((end, lasted),) = ends[home]
        assert end // 60 == outage.end_s // 60
        assert end - lasted == outage.start_s
    asked = Visit(Fleet(TOWN, {}), TOWN.homes[min(struck)].number)
    assert asked.log(FAILURES)[-1] == ends[min(struck)][0].value
    assert asked.log(STANDARD)[-2:] == [1, 2]


def test_a_log_is_selected_from_by_range_like_any_profile() -> None:
    home = TOWN.homes[min(h.index for h in TOWN.homes if CARE.dark(h))]
    asked = Visit(Fleet(TOWN, {}), home.number)
    evening = by_range(moments.write(CARE.outage.end_s), moments.write(CARE.outage.end_s + 59))
    data = asked.value(7, FAILURES, 2, evening)
    assert data[:4].hex() == "01010202"
    assert asked.value(7, FAILURES, 2, by_range(moments.write(NIGHT), moments.write(NIGHT + 9))).hex() == "0100"
    assert asked.value(7, FAILURES, 3).hex() == (
        "0102" + "0204120008090600000100 00ff0f02120000".replace(" ", "") + "02041200010906000060 0713ff0f02120000".replace(" ", "")
    )
    assert asked.value(7, FAILURES, 8).hex() == "060000000a"
    assert [asked.value(7, obis, 8)[-1] for obis in (STANDARD, FRAUD, MBUS, QUALITY)] == [100, 30, 30, 100]
    assert asked.value(7, STANDARD, 4).hex() == "0600000000"


def test_a_station_meter_has_three_phases_and_no_gas() -> None:
    asked = Visit(Fleet(TOWN, {}), identity.station_number(0))
    assert len(volts(asked)) == 3
    assert asked.value(72, "0-1:24.1.0", 11).hex() == "ff04"
    assert asked.log(STANDARD) == []


# What may be set


def test_alarms_are_cleared_and_never_raised() -> None:
    asked = visit(Ailment.BATTERY_LOW)
    assert asked.put(1, ALARMS, 2, "0600000003") == 250
    assert asked.put(1, ALARMS, 2, "1102") == 12
    assert bits(asked) == 2
    assert asked.put(1, ALARMS, 2, "0600000002") == 0
    assert 11 not in asked.log(STANDARD), "nothing was cleared"
    assert asked.put(1, ALARMS, 2, "0600000000") == 0
    assert (bits(asked), bits(asked, ERRORS)) == (0, 2)
    assert asked.log(STANDARD)[-1] == 11


@pytest.mark.parametrize(("value", "result"), [("1600", 250), ("1603", 250), ("1101", 12), ("160100", 12), ("16", 12)])
def test_the_administrative_status_is_off_or_on(value: str, result: int) -> None:
    asked = sound()
    assert asked.put(1, STATUS, 2, value) == result
    assert asked.value(1, STATUS).hex() == "1602"


def test_it_is_set_and_read_back_also_by_who_comes_later() -> None:
    fleet = Fleet(TOWN, {})
    asked = Visit(fleet, healthy().number)
    assert asked.put(1, STATUS, 2, "1601") == 0
    asked.leave()
    again = Visit(fleet, healthy().number)
    assert again.value(1, STATUS).hex() == "1601"
    assert fleet.state(healthy().number).administrative == 1
    off = next(home for home in TOWN.homes if home.fault is Fault.ADMINISTRATIVELY_OFF)
    assert Visit(fleet, off.number).value(1, STATUS).hex() == "1601"


@pytest.mark.parametrize(("obis", "value"), [(VERSION, "0905352e302e39"), (ERRORS, "0600000000"), ("0-0:97.98.10", "0600000000")])
def test_nothing_else_is_set(obis: str, value: str) -> None:
    assert sound().put(1, obis, 2, value) == 3


# Firmware


def test_a_good_image_runs_once_the_client_has_left_and_everything_else_stays() -> None:
    fleet = Fleet(TOWN, {})
    number = first(Ailment.BATTERY_LOW).number
    asked = Visit(fleet, number)
    before = asked.log(STANDARD), asked.value(7, "1-0:99.1.0")
    image = firmware.release(TOWN.seed, "5.0.2")
    assert asked.update(image) == 3
    shown = asked.value(18, IMAGE, 7)
    assert shown.hex() == "01010203" + f"06{len(image):08x}" + "0905" + b"5.0.2".hex() + "0920" + firmware.signature(image).hex()
    assert asked.call(4) == 0
    assert asked.value(1, VERSION) == b"\x09\x055.0.1"
    asked.leave()
    again = Visit(fleet, number)
    assert again.value(1, VERSION) == b"\x09\x055.0.2"
    assert again.value(1, "1-0:0.2.8")[2:] == firmware.signature(image)
    assert again.value(18, IMAGE, 6).hex() == "1606"
    assert (again.log(STANDARD)[:-3], again.value(7, "1-0:99.1.0")) == before
    assert again.log(STANDARD)[-3:] == [17, 18, 20]
    assert bits(again) == 2
    assert again.update(image) == 4, "it is no longer newer"


@pytest.mark.parametrize(
    "image",
    [
        firmware.release(TOWN.seed, "5.0.2")[:9000] + b"\x00" + firmware.release(TOWN.seed, "5.0.2")[9001:],
        firmware.build(TOWN.seed, "SMR4", "5.0.2", b"x"),
        firmware.release(TOWN.seed, "5.0.1"),
        firmware.release(TOWN.seed + 1, "5.0.2"),
    ],
    ids=["tampered", "another model", "not newer", "another maker"],
)
def test_any_other_image_is_refused_and_nothing_is_activated(image: bytes) -> None:
    fleet = Fleet(TOWN, {})
    asked = Visit(fleet, healthy().number)
    before = asked.log(STANDARD)
    assert asked.update(image) == 4
    assert asked.value(18, IMAGE, 7).hex() == "0100"
    assert asked.call(4) == 250
    asked.leave()
    again = Visit(fleet, healthy().number)
    assert again.value(1, VERSION) == b"\x09\x055.0.1"
    assert again.value(18, IMAGE, 6).hex() == "1604"
    assert again.log(STANDARD) == before


# Over restarts of the town


def test_what_was_set_survives_a_restart(tmp_path: Path) -> None:
    number = first(Ailment.BATTERY_LOW).number
    image = firmware.release(TOWN.seed, "5.0.2")
    book = Notebook(tmp_path)
    asked = Visit(Fleet(TOWN, {}, book), number)
    asked.put(1, STATUS, 2, "1601")
    asked.put(1, ALARMS, 2, "0600000000")
    assert asked.update(image) == 3
    assert asked.call(4) == 0
    asked.leave()
    book.close()
    with (tmp_path / NAME).open("ab") as file:
        file.write(b'{"number": 104')
    again = Visit(Fleet(TOWN, {}, Notebook(tmp_path)), number)
    assert again.value(1, STATUS).hex() == "1601"
    assert bits(again) == 0
    assert again.value(1, VERSION) == b"\x09\x055.0.2"
    assert again.value(1, "1-0:0.2.8")[2:] == firmware.signature(image)
    assert again.value(18, IMAGE, 6).hex() == "1606"
    assert again.log(STANDARD)[-4:] == [11, 17, 18, 20]
    other = Visit(Fleet(TOWN, {}, Notebook(tmp_path)), healthy().number)
    assert other.value(1, STATUS).hex() == "1602"


def test_an_image_that_was_verified_survives_too(tmp_path: Path) -> None:
    number = healthy().number
    asked = Visit(Fleet(TOWN, {}, Notebook(tmp_path)), number)
    image = firmware.release(TOWN.seed, "5.0.2")
    assert asked.update(image) == 3
    fleet = Fleet(TOWN, {}, Notebook(tmp_path))
    again = Visit(fleet, number)
    assert again.value(18, IMAGE, 6).hex() == "1603"
    assert again.call(4) == 250, "enabling does not survive"
    again.put(18, IMAGE, 5, "0301")
    assert again.call(4) == 0
    again.leave()
    assert Visit(fleet, number).value(1, VERSION) == b"\x09\x055.0.2"

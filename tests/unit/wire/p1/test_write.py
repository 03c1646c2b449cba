"""What is written is read back as it was, for every profile; real telegrams come back with their values."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kwartier.wire.p1.decode import decode
from kwartier.wire.p1.errors import Unwritable
from kwartier.wire.p1.framing import Framer, Plain
from kwartier.wire.p1.identity import EquipmentId, Header
from kwartier.wire.p1.quantities import Quantity, Unit
from kwartier.wire.p1.telegram import Checksum, Device, MonthClose, MonthPeak, Peak, PowerFailure, Profile, Raw, Telegram
from kwartier.wire.p1.write import encode
from p1_support import HEADERS, NAMES, codes, raw, telegrams

AT = datetime(2026, 11, 20, 12, tzinfo=UTC)
PLAIN = Telegram(Header("ISK5\\2M550T"), Profile.DSMR_5, "50", AT, {"0-0:96.1.1": EquipmentId("4530")}, {Quantity.IMPORT_1: 1})
WITHOUT_CRC = {Profile.DSMR_2, Profile.DSMR_3, Profile.Q3D}
EXACT = (
    "Wassasin__dsmr5/isk.txt.1",
    "Wassasin__dsmr5/t211.txt.1",
    "esphome-libs__dsmr_parser/generate_encrypted_packet.py.1",
    "mthmulders__dsmr-rs/input1.txt.1",
    "ndokter__dsmr_parser/example_telegrams.py.1",
    "nielsbasjes__dsmr-tools/TestDsmrParserOnRealDSMR2.java.1",
    "nielsbasjes__dsmr-tools/TestDsmrParserOnRealDSMR4.java.1",
    "nielsbasjes__dsmr-tools/TestDsmrParserOnRealDSMR5.java.1",
    "nielsbasjes__dsmr-tools/TestDsmrParserOnRealDSMR5.java.2",
    "nielsbasjes__dsmr-tools/TestDsmrParserOnRealDSMR5.java.3",
)


@pytest.mark.parametrize("profile", Profile)
@settings(max_examples=40)
@given(data=st.data())
def test_what_is_written_is_read_back(profile: Profile, data: st.DataObject) -> None:
    telegram = data.draw(telegrams(profile))
    written = encode(telegram)
    found = decode(written)
    assert found == telegram
    assert found.checksum is (Checksum.ABSENT if profile in WITHOUT_CRC else Checksum.RIGHT)
    assert [each.data + b"\r\n" for each in Framer().receive(written)] == [written]


@pytest.mark.parametrize("name", NAMES)
def test_a_published_telegram_keeps_its_values(name: str) -> None:
    telegram = decode(raw(name), checked=True)
    assert decode(encode(telegram)) == telegram


@pytest.mark.parametrize("name", EXACT)
def test_a_real_telegram_comes_back_byte_by_byte(name: str) -> None:
    assert encode(decode(raw(name))) == raw(name)


def test_lines_stand_in_the_order_of_the_profile() -> None:
    name = "ndokter__dsmr_parser/example_telegrams.py.5"  # Belgium
    assert codes(encode(decode(raw(name)))) == codes(raw(name))


@pytest.mark.parametrize("name", ["ndokter__dsmr_parser/example_telegrams.py.8", "ndokter__dsmr_parser/example_telegrams.py.9"])
def test_lines_of_the_odd_ones_stand_in_their_order_too(name: str) -> None:
    assert codes(encode(decode(raw(name)))) == codes(raw(name))


def test_a_meter_that_lost_its_clock_says_so() -> None:
    written = encode(replace(PLAIN, at=None))
    assert b"0-0:1.0.0(000101000000W)" in written
    assert decode(written).at is None


def test_a_profile_without_a_clock_sends_none() -> None:
    assert b"0-0:1.0.0" not in encode(Telegram(Header(HEADERS[Profile.DSMR_2]), Profile.DSMR_2, values={Quantity.IMPORT_1: 1}))


def test_a_meter_that_counts_long_failures_has_a_log_be_it_empty() -> None:
    assert b"1-0:99.97.0(0)(0-0:96.7.19)\r\n" in encode(replace(PLAIN, values={Quantity.LONG_FAILURES: 0}))


def test_a_number_gets_the_decimals_it_needs() -> None:
    written = encode(
        replace(PLAIN, values={Quantity.CURRENT_L1: 480, Quantity.VOLTAGE_L1: 230155, Quantity.IMPORT_1: 1_234_567_890})
    )
    assert b"1-0:31.7.0(000.48*A)" in written
    assert b"1-0:32.7.0(230.155*V)" in written
    assert b"1-0:1.8.1(1234567.890*kWh)" in written


NO_MOMENT = datetime(1999, 1, 1, tzinfo=UTC)
IMPOSSIBLE: dict[str, Telegram] = {
    "header with a line end": replace(PLAIN, header=Header("ISK5\r\n1-0:1.8.1(1)")),
    "header with a slash": replace(PLAIN, header=Header("ISK5/2M550T")),
    "header with blanks around": replace(PLAIN, header=Header(" ISK5")),
    "header too short": replace(PLAIN, header=Header("I5")),
    "id with a parenthesis": replace(PLAIN, ids={"0-0:96.1.1": EquipmentId("12)(34")}),
    "empty id": replace(PLAIN, ids={"0-0:96.1.1": EquipmentId("")}),
    "id under a number": replace(PLAIN, ids={"1-0:1.8.0": EquipmentId("1")}),
    "message number": replace(PLAIN, messages={6: b""}),
    "moment before meters": replace(PLAIN, at=NO_MOMENT),
    "moment without a zone": replace(PLAIN, at=datetime(2026, 1, 1)),  # noqa: DTZ001 - on purpose
    "moment within a second": replace(PLAIN, at=AT.replace(microsecond=1)),
    "number too long": replace(PLAIN, values={Quantity.IMPORT_1: 10**15}),
    "two limits": replace(PLAIN, values={Quantity.LIMIT_POWER: 1, Quantity.LIMIT_CURRENT: 1}),
    "two histories": replace(PLAIN, month_peaks=(MonthPeak(AT, Peak(AT, 1)),), month_close=MonthClose(AT, ((Unit.WH, 1),))),
    "month's end without a moment": replace(PLAIN, month_close=MonthClose(None, ((Unit.WH, 1),))),
    "month's end without values": replace(PLAIN, month_close=MonthClose(AT, ())),
    "negative duration": replace(PLAIN, failures=(PowerFailure(AT, -1),)),
    "device twice": replace(PLAIN, devices=(Device(1), Device(1))),
    "device on channel 9": replace(PLAIN, devices=(Device(9),)),
    "device of type 1000": replace(PLAIN, devices=(Device(1, 1000),)),
    "device in volts": replace(PLAIN, devices=(Device(1, 3, value=1, unit=Unit.MV),)),
    "known object as raw": replace(PLAIN, others=(Raw("1-1:1.8.1", b"(1)"),)),
    "raw over two lines": replace(PLAIN, others=(Raw("9-9:9.9.9", b"(1)\r\n!"),)),
    "raw without parentheses": replace(PLAIN, others=(Raw("9-9:9.9.9", b"1"),)),
    "raw code with a parenthesis": replace(PLAIN, others=(Raw("9(", b"(1)"),)),
}


@pytest.mark.parametrize("what", IMPOSSIBLE)
def test_what_no_telegram_can_carry_is_refused(what: str) -> None:
    with pytest.raises(Unwritable):
        encode(IMPOSSIBLE[what])


def test_the_telegram_they_are_made_from_can_be_written() -> None:
    assert Framer().receive(encode(PLAIN)) == [Plain(encode(PLAIN)[:-2])]


def test_a_device_has_a_value_and_its_unit_or_neither() -> None:
    with pytest.raises(Unwritable):
        Device(1, value=5)
    with pytest.raises(Unwritable):
        Device(1, unit=Unit.DM3)

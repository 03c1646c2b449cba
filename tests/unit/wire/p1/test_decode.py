"""The variants that meters send, one by one; what is wrong with a line stays with that line."""

import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kwartier.wire.p1.crc import crc16
from kwartier.wire.p1.decode import LINE, decode
from kwartier.wire.p1.errors import ChecksumWrong, FaultKind, NotATelegram
from kwartier.wire.p1.quantities import Quantity, Unit
from kwartier.wire.p1.telegram import Checksum, Device, Fault, Raw, Telegram
from p1_support import raw, with_lines

GOOD = raw()
BODY, BANG, DIGITS = GOOD.rstrip().rpartition(b"!")


def taken(*lines: str) -> Telegram:
    """What these lines say."""
    return decode(with_lines(*lines), checked=True)


# Checksum and ends


@pytest.mark.parametrize("end", [b"", b"\r\n", b"\n", b"\r\n\0\0", b"\xff\xff", b" \r\n"])
def test_what_follows_the_checksum_does_not_matter(end: bytes) -> None:
    assert decode(b"\r\n" + GOOD.rstrip() + end) == decode(GOOD)


def test_a_checksum_in_small_letters() -> None:
    small = b"%04x" % crc16(BODY + BANG)
    assert small != DIGITS
    assert decode(BODY + BANG + small).checksum is Checksum.RIGHT


def test_a_checksum_without_its_leading_zero() -> None:
    number = next(n for n in range(1000) if crc16(with_n(n) + b"!") < 0x1000)
    text = with_n(number)
    assert decode(text + b"!%X\r\n" % crc16(text + b"!")).checksum is Checksum.RIGHT


def with_n(number: int) -> bytes:
    return BODY.replace(b"(0-0:96.7.19)(180417201458S)(0000000236*s)", b"(0-0:96.7.19)(180417201458S)(0000000%03d*s)" % number)


@pytest.mark.parametrize("data", [BODY + b"!0000\r\n", GOOD.replace(b"000.378", b"000.379"), GOOD[:200] + b"\xff" + GOOD[201:]])
def test_a_wrong_checksum_is_refused(data: bytes) -> None:
    with pytest.raises(ChecksumWrong):
        decode(data.replace(b"00.433", b"00.434"))


def test_a_checksum_that_is_missing_where_the_profile_has_one_is_refused() -> None:
    with pytest.raises(ChecksumWrong):
        decode(BODY + b"!\r\n")
    assert decode(BODY + b"!\r\n", checked=True).checksum is Checksum.ABSENT


def test_what_a_sealed_frame_held_needs_no_checksum() -> None:
    assert decode(BODY + b"!0000\r\n", checked=True).checksum is Checksum.WRONG


def test_a_stream_whose_line_ends_were_changed_on_the_way() -> None:
    found = decode(GOOD.replace(b"\r\n", b"\n"))
    assert found == decode(GOOD)
    assert found.checksum is Checksum.RIGHT


@pytest.mark.parametrize(
    "data",
    [
        *(b"", b"!", b"/", b"/!", b"/ISK5!0000", b"/ISK5\r\n", b"ISK5\r\n\r\n!", b"/ISK5\r\n\r\n!12345", b"/ISK5\r\n\r\n!12G4"),
        *(b"/ISK5\r\n\r\n!+1", b"/ISK5\r\n\r\n!1_0", b"/\r\n\r\n!", b"/  \r\n\r\n!\r\n"),
    ],
)
def test_what_is_no_telegram(data: bytes) -> None:
    with pytest.raises(NotATelegram):
        decode(data, checked=True)


# Codes


@pytest.mark.parametrize(
    "line",
    [
        *("1-0:1.7.0(00.433*kW)", "1-1:1.7.0(00.433*kW)", "1-0:1.7.0*255(00.433*kW)", "1-0:1.7.0.255(00.433*kW)"),
        *("1-0:1:7.0(00.433*kW)", "1-0:1.7.0(00.433kW)", "1-0:1.7.0(00.433)", "1-0:1.7.0(433*W)", "1-0:1.7.0(0.4339*kW)"),
        *("1-0:1.7.0(00.433*kW) ", "1-0:1.7.0(00.433*kW)\0"),
    ],
)
def test_every_way_to_write_the_power(line: str) -> None:
    found = taken(line)
    assert found.values == {Quantity.POWER_IMPORT: 433}
    assert found.faults == ()


PIECES = st.sampled_from([b"12", b".", b"A", b")", b"(", b"\n", b"\n(", b"\nB(", b"123456789012"])


@given(st.lists(PIECES, max_size=12).map(lambda pieces: b"A(" + b"".join(pieces)))
def test_lines_are_found_as_by_the_plain_form_of_the_pattern(text: bytes) -> None:
    """Never to go back makes it quicker, and must not change what it finds, whatever Python it runs on."""
    plain = re.compile(rb"\n([^(]+)\((?:([0-9]{1,12})(?:\.([0-9]+))?)?(.*(?:\n\(.*)*)")
    assert LINE.findall(b"\n" + text) == plain.findall(b"\n" + text)
    found, plainly = LINE.fullmatch(b"\n" + text), plain.fullmatch(b"\n" + text)
    assert (found and found.groups()) == (plainly and plainly.groups())


def test_an_unknown_object_is_kept_raw() -> None:
    found = taken("9-9:99.99.99(12.AB)(x)", "8-8:88.88.88(678.90*kWh)")
    assert found.others == (Raw("9-9:99.99.99", b"(12.AB)(x)"), Raw("8-8:88.88.88", b"(678.90*kWh)"))
    assert "12.AB" not in repr(found)


def test_a_header_may_have_no_blank_line_behind_it() -> None:
    assert decode(b"/KMP5 X\r\n1-0:1.7.0(00.433*kW)\r\n!\r\n").values == {Quantity.POWER_IMPORT: 433}


def test_a_header_may_hold_a_control_byte() -> None:
    assert decode(b"/ISk5\x02MT382\r\n\r\n1-0:1.8.1(1*kWh)\r\n!\r\n").header.reveal() == "ISk5\x02MT382"


# Faults stay with their line


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("1-0:1.7.0(00.4x3*kW)", FaultKind.VALUE),
        ("1-0:1.7.0(.433*kW)", FaultKind.VALUE),
        ("1-0:1.7.0(00.433*kWh)", FaultKind.UNIT),
        ("1-0:1.7.0(00.433*kW", FaultKind.NO_OBJECT),
        ("1-0:1.7.0 00.433*kW", FaultKind.NO_OBJECT),
        ("\xff\xfe", FaultKind.NO_OBJECT),
        ("0-0:1.0.0(632525252525W)", FaultKind.CLOCK),
        ("0-0:96.1.1(a(b)", FaultKind.VALUE),
        ("0-0:96.1.1(a\xffb)", FaultKind.VALUE),
        ("0-0:17.0.0(016)", FaultKind.UNIT),
        ("0-1:24.1.0(x)", FaultKind.VALUE),
        ("0-1:24.1.0(1234)", FaultKind.VALUE),
        ("0-1:24.2.1(190324150000W)(x*m3)", FaultKind.VALUE),
        ("0-1:24.2.1(190324150000W)(1*kW)", FaultKind.UNIT),
        ("0-1:24.2.1(700101010000W)(1*m3)", FaultKind.CLOCK),
        ("1-0:99.97.0(1)(0-0:96.7.19)(190324150000W)(x*s)", FaultKind.VALUE),
        ("1-0:99.97.0(1)(0-0:96.7.19)(190324150000W)", FaultKind.VALUE),
        ("1-0:99.97.0(1)(0-0:96.7.19)(000101000001W)(7*s)", FaultKind.CLOCK),
        ("1-0:1.6.0(190324150000W)(1*kWh)", FaultKind.UNIT),
        ("1-0:1.6.0(632525252525W)(1*kW)", FaultKind.CLOCK),
        ("0-0:98.1.0(1)(1-0:1.6.0)(1-0:1.6.0)(190301000000W)(190224150000W)(x)", FaultKind.VALUE),
        ("0-0:98.1.0(1)(1-0:1.6.0)(1-0:1.6.0)(190301000000W)", FaultKind.VALUE),
        ("0-0:98.1.0(1)(1-0:1.6.0)(1-0:1.6.0)(190301000000W)(632525252525W)(1*kW)", FaultKind.CLOCK),
    ],
)
def test_a_bad_line_is_a_fault_and_the_rest_lives(line: str, kind: FaultKind) -> None:
    found = taken("1-0:1.8.1(000001.000*kWh)", line, "1-0:1.8.2(000002.000*kWh)")
    assert found.faults == (Fault(5, kind),)
    assert (found.values[Quantity.IMPORT_1], found.values[Quantity.IMPORT_2]) == (1000, 2000)


def test_lines_count_from_the_header_also_behind_a_value_on_two_lines() -> None:
    old = "0-1:24.3.0(161107190000)(00)(60)(1)(0-1:24.2.1)(m3)\r\n(00001.001)"
    found = taken(old, "1-0:1.7.0(x)", "rubbish", "", "1-0:2.7.0(y)")
    assert found.faults == (Fault(6, FaultKind.VALUE), Fault(7, FaultKind.NO_OBJECT), Fault(9, FaultKind.VALUE))
    assert found.devices[0].value == 1001


@pytest.mark.parametrize(
    "first", ["1-0:1.8.1(000001.000*kWh)", "0-0:96.1.1(41)", "0-1:24.2.1(190324150000W)(1*m3)", "0-0:96.13.0(41)"]
)
def test_of_an_object_that_comes_twice_the_first_one_counts(first: str) -> None:
    alone, twice = taken(first), taken(first, first.replace("1*", "2*").replace("1.000", "2.000").replace("(41)", "(42)"))
    assert twice == alone
    assert twice.faults == (Fault(5, FaultKind.REPEATED),)


def test_two_readings_of_one_device_are_one_too_many() -> None:
    found = taken("0-1:24.2.3(190324150000W)(1*m3)", "0-1:24.2.1(190324150000W)(2*m3)")
    assert found.devices[0].value == 1000
    assert found.faults == (Fault(5, FaultKind.REPEATED),)


def test_an_empty_number_is_none_and_no_fault() -> None:
    found = taken("1-0:1.7.0()", "0-0:17.0.0()", "0-1:24.1.0()", "0-1:96.1.0()", "0-0:96.1.1()", "1-0:31.4.0()")
    assert (found.values, found.faults, found.ids) == ({}, (), {})
    assert found.devices == (Device(1),)


# Objects that are more than a number


def test_devices_stand_by_channel_whatever_their_order() -> None:
    found = taken("0-2:24.1.0(007)", "0-1:24.2.1(190324150000W)(1.5*m3)", "0-2:24.2.1(190324150000W)(2*m3)", "0-1:24.1.0(003)")
    at = datetime(2019, 3, 24, 14, tzinfo=UTC)
    assert found.devices == (Device(1, 3, None, at, 1500, Unit.DM3), Device(2, 7, None, at, 2000, Unit.DM3))


@pytest.mark.parametrize(
    ("kind", "unit", "value"), [("003", Unit.DM3, 12_500), ("004", Unit.KJ, 12_500_000), ("002", Unit.WH, 12_500)]
)
def test_a_reading_without_a_unit_is_understood_by_the_type_of_the_device(kind: str, unit: Unit, value: int) -> None:
    found = taken("0-1:24.2.1(190324150000W)(00012.500)", f"0-1:24.1.0({kind})").devices[0]
    assert (found.unit, found.value) == (unit, value)


def test_a_reading_that_nobody_can_understand_is_none() -> None:
    assert taken("0-1:24.2.1(190324150000W)(00012.500)").devices[0].value is None


@pytest.mark.parametrize("between", ["", "\r\n"])
def test_old_gas_on_one_line_or_two(between: str) -> None:
    found = taken(f"0-2:24.3.0(161107190000)(00)(60)(1)(0-2:24.2.1)(m3){between}(00001.001)").devices[0]
    assert found == Device(2, at=datetime(2016, 11, 7, 18, tzinfo=UTC), value=1001, unit=Unit.DM3)


def test_old_gas_whose_second_line_is_missing() -> None:
    assert taken("0-2:24.3.0(161107190000)(00)(60)(1)(0-2:24.2.1)(m3)").devices[0].value is None


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("", b""),
        ("303132", b"012"),
        ("Storing, zie example.nl/storing", b"Storing, zie example.nl/storing"),
        ("4xy", b"4xy"),
        ("41\xff\xff", b"41\xff\xff"),
    ],
)
def test_a_message_in_hexadecimal_or_not(content: str, text: bytes) -> None:
    found = taken(f"0-0:96.13.0({content})")
    assert found.messages == {0: text}
    assert found.faults == ()


@pytest.mark.parametrize("content", ["()", "(0)", "(0)(0-0:96.7.19)", "(0)(0-0:96.7.19)()()"])
def test_an_empty_log(content: str) -> None:
    found = taken(f"1-0:99.97.0{content}")
    assert (found.failures, found.faults) == ((), ())


def test_a_log_has_more_entries_than_its_counter_says_and_a_bad_one_leaves_the_others() -> None:
    found = taken("1-0:99.97.0(1)(0-0:96.7.19)(190324150000W)(1*s)(190325150000W)(x)(000101000001W)(2147483647*s)")
    assert [(each.duration_s, each.is_known) for each in found.failures] == [(1, True), (2147483647, False)]


@pytest.mark.parametrize("content", ["()", "(0)", "(0)(1-0:1.6.0)(1-0:1.6.0)()"])
def test_an_empty_history(content: str) -> None:
    found = taken(f"0-0:98.1.0{content}")
    assert (found.month_peaks, found.faults) == ((), ())


def test_a_history_over_several_lines() -> None:
    found = taken("0-0:98.1.0(1)\r\n(1-0:1.6.0)(1-0:1.6.0)\r\n(190401000000S)(190324150000W)(01.234*kW)")
    assert [each.peak.power_w for each in found.month_peaks] == [1234]


def test_the_fuse_of_luxembourg_has_two_directions() -> None:
    assert taken("1-1:31.4.0(040*A)(-063*A)").values == {Quantity.FUSE: 40_000, Quantity.FUSE_EXPORT: -63_000}


@pytest.mark.parametrize(
    ("content", "quantity", "value"),
    [
        ("016.1*kW", Quantity.LIMIT_POWER, 16_100),
        ("016*A", Quantity.LIMIT_CURRENT, 16_000),
        ("27.600*kVA", Quantity.LIMIT_APPARENT, 27_600),
    ],
)
def test_a_limit_has_the_unit_it_says(content: str, quantity: Quantity, value: int) -> None:
    assert taken(f"0-0:17.0.0({content})").values == {quantity: value}


# What follows from the values


def test_totals_are_the_meters_own_or_the_sum_of_its_rates() -> None:
    assert taken("1-0:1.8.0(3*kWh)", "1-0:1.8.1(1*kWh)").import_wh == 3000
    assert taken("1-0:1.8.1(1*kWh)", "1-0:1.8.2(2*kWh)", "1-0:1.8.3(4*kWh)").import_wh == 7000
    assert taken("1-0:2.8.1(1*kWh)", "1-0:2.8.2(2*kWh)").export_wh == 3000


def test_a_rate_that_could_not_be_read_leaves_no_total() -> None:
    assert taken("1-0:1.8.1(x)", "1-0:1.8.2(2*kWh)").import_wh is None


def test_power_is_taken_minus_given() -> None:
    assert taken("1-0:1.7.0(0*kW)", "1-0:2.7.0(1.5*kW)").power_w == -1500
    assert taken("1-0:16.7.0(-0.25*kW)").power_w == -250
    assert taken().power_w is None


def test_nothing_of_a_household_is_shown() -> None:
    found = taken(
        "0-0:96.1.1(4530303434303037313331363530363138)", "0-0:96.13.0(4A616E)", "0-1:96.1.0(4730303339303031373030343630313137)"
    )
    for text in (repr(found), str(found)):
        assert not any(secret in text for secret in ("45303034", "E0044007131650", "Jan", "47303033", "G00390", "2M550T"))

"""Values of a meter's objects: each of its own kind and within what such an object can have; anything else is refused."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

import dlms_support as meter
from kwartier.wire.dlms.client import objects
from kwartier.wire.dlms.errors import Malformed

START = datetime(2026, 7, 1, 12, tzinfo=UTC)
AT = int(START.timestamp())
STAMP = meter.octets(meter.date_time(START))


@pytest.mark.parametrize(
    ("data", "value"),
    [("1107", 7), ("120102", 258), ("06ffffffff", 2**32 - 1), ("1602", 2), ("0301", 1), ("15" + "0" * 15 + "9", 9)],
)
def test_a_number_of_any_width(data: str, value: int) -> None:
    assert objects.number(bytes.fromhex(data)) == value


@pytest.mark.parametrize("data", ["", "0fff", "00", "0900", "0100", "1500000001" + "00000000", "15" + "ff" * 8, "110700"])
def test_no_number_or_one_that_the_registry_could_not_keep(data: str) -> None:
    with pytest.raises(Malformed):
        objects.number(bytes.fromhex(data))


def test_a_voltage_has_16_bits() -> None:
    assert objects.level(meter.u32(2301)) == 2301
    with pytest.raises(Malformed):
        objects.level(meter.u32(65_536))


def test_a_text_is_short_and_printable() -> None:
    assert objects.text(meter.octets(b"5.0.1")) == "5.0.1"
    assert objects.text(meter.octets(b"x" * 64)) == "x" * 64
    for wrong in (b"", b"x" * 65, b"5.0\x1b[2J", b"5.0\n", "5.0é".encode()):
        with pytest.raises(Malformed):
            objects.text(meter.octets(wrong))
    with pytest.raises(Malformed):
        objects.text(b"\x11\x05")


def test_a_moment_is_utc_whatever_the_meter_s_clock_shows() -> None:
    assert objects.moment(STAMP) == AT
    with pytest.raises(Malformed):
        objects.moment(meter.octets(meter.date_time(START)[:9] + b"\x80\x00\x00"))


def test_a_log_row_by_row() -> None:
    rows = [meter.structure(STAMP, meter.u8(40)), meter.structure(STAMP, meter.u32(2**32 - 1))]
    assert objects.log(meter.array(rows)) == ((AT, 40), (AT, 2**32 - 1))
    assert objects.log(meter.array([])) == ()


@pytest.mark.parametrize(
    "row",
    [
        meter.structure(STAMP),
        meter.structure(STAMP, meter.u8(1), meter.u8(1)),
        meter.structure(b"\0", meter.u8(1)),  # the clock left out, as some meters do in a row that repeats it
        meter.structure(STAMP, b"\x0f\xff"),
        meter.structure(STAMP, b"\x15" + b"\xff" * 8),
        meter.structure(STAMP, STAMP),
        meter.structure(meter.u8(1), STAMP),
        meter.u8(1),
    ],
)
def test_what_is_no_row(row: bytes) -> None:
    with pytest.raises(Malformed):
        objects.log(meter.array([row]))


def test_no_more_rows_than_a_log_has() -> None:
    row = meter.structure(STAMP, meter.u8(40))
    assert len(objects.log(meter.array([row] * objects.MOST_ROWS))) == objects.MOST_ROWS
    with pytest.raises(Malformed):
        objects.log(meter.array([row] * (objects.MOST_ROWS + 1)))


def test_images_to_activate() -> None:
    one = meter.structure(meter.u32(20_000), meter.octets(b"5.0.2"), meter.octets(b"signed"))
    assert objects.images(meter.array([one])) == (objects.Image(20_000, b"5.0.2", b"signed"),)
    assert objects.images(meter.array([])) == ()
    for wrong in (meter.structure(meter.u32(1), meter.octets(b"a")), meter.structure(*[meter.octets(b"a")] * 3), meter.u8(1)):
        with pytest.raises(Malformed):
            objects.images(meter.array([wrong]))
    with pytest.raises(Malformed):
        objects.images(meter.u8(1))


@given(st.binary(max_size=40))
@pytest.mark.parametrize("read", [objects.number, objects.level, objects.text, objects.moment, objects.log, objects.images])
def test_any_bytes_are_read_or_refused(read: Callable[[bytes], object], data: bytes) -> None:
    try:
        read(data)
    except Malformed:
        return

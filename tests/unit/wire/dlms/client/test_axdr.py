"""The slow decoder of A-XDR."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kwartier.wire.dlms.client import axdr
from kwartier.wire.dlms.errors import Malformed


@pytest.mark.parametrize(
    ("data", "value"),
    [
        ("00", None), ("0301", 1), ("03ff", 1), ("0300", 0),
        ("11ff", 255), ("0fff", -1), ("12ffff", 65535), ("10ffff", -1), ("0600000001", 1),
        ("05ffffffff", -1), ("15ffffffffffffffff", 2**64 - 1), ("14ffffffffffffffff", -1), ("1605", 5),
        ("0903616263", b"abc"), ("0900", b""), ("0408a5", b"\xa5"), ("19" + "00" * 12, bytes(12)), ("1a0000000000", bytes(5)),
        ("1b00000000", bytes(4)), ("0100", []), ("020211010900", [1, b""]), ("0102020100020100", [[None], [None]]),
    ],
)  # fmt: skip
def test_values(data: str, value: axdr.Value) -> None:
    assert axdr.decode(bytes.fromhex(data)) == value


@pytest.mark.parametrize(
    "data",
    [
        "",
        "03",
        "11",
        "0600",
        "0902",
        "090161" + "00",
        "0404a0",
        "0480",
        "0201",
        "0102" + "00",
        "17" + "00" * 4,
        "1300",
        "ff",
        "0183ffffff",
    ],
)
def test_what_is_no_value_or_a_type_we_do_not_take(data: str) -> None:
    with pytest.raises(Malformed):
        axdr.decode(bytes.fromhex(data))


def test_nesting_is_bounded() -> None:
    assert axdr.decode(b"\x01\x01" * 8 + b"\x00") == [[[[[[[[None]]]]]]]]
    with pytest.raises(Malformed):
        axdr.decode(b"\x01\x01" * 10_000 + b"\x00")


@given(st.binary(max_size=200))
def test_any_bytes_give_a_value_or_malformed(data: bytes) -> None:
    try:
        axdr.decode(data)
    except Malformed:
        return

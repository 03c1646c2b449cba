"""A-XDR values that a meter writes and reads, byte by byte."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kwartier.wire.dlms.errors import Malformed
from kwartier.wire.dlms.server import octets


def test_bits_and_booleans_and_units() -> None:
    assert octets.bits([]).hex() == "0400"
    assert octets.bits([True, False, True]).hex() == "0403a0"
    assert octets.bits([True] * 9).hex() == "0409ff80"
    assert octets.bits([False] * 200).hex() == "0481c8" + "00" * 25
    assert octets.boolean(True).hex() == "0301"  # noqa: FBT003 - the value itself
    assert octets.scaler_unit(-1, 35).hex() == "02020fff1623"


@given(st.lists(st.booleans(), max_size=300))
def test_bits_stand_first_to_last(values: list[bool]) -> None:
    data = octets.bits(values)[2 if len(values) < 128 else 3 if len(values) < 256 else 4 :]
    assert [bool(data[n // 8] >> (7 - n % 8) & 1) for n in range(len(values))] == values


@pytest.mark.parametrize("data", ["", "06", "06000000", "0600000000ff", "0500000000"])
def test_only_one_value_of_its_type(data: str) -> None:
    with pytest.raises(Malformed):
        octets.only(bytes.fromhex(data), octets.DOUBLE_LONG_UNSIGNED, 4)
    assert octets.only(bytes.fromhex("0600000102"), octets.DOUBLE_LONG_UNSIGNED, 4) == 0x102


@pytest.mark.parametrize("data", ["", "09", "0902ab", "0902abcdef", "0a02abcd"])
def test_only_one_string(data: str) -> None:
    with pytest.raises(Malformed):
        octets.only_string(bytes.fromhex(data))
    assert octets.only_string(bytes.fromhex("0902abcd")) == b"\xab\xcd"

"""CRC-16/ARC against its definition, bit by bit, and against what real meters sent."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kwartier.wire.p1.crc import crc16, plain
from p1_support import recording


def by_definition(data: bytes) -> int:
    rest = 0
    for byte in data:
        rest ^= byte
        for _ in range(8):
            rest = rest >> 1 ^ (0xA001 if rest & 1 else 0)
    return rest


def test_the_check_value_of_the_catalogue() -> None:
    assert plain(b"123456789") == crc16(b"123456789") == 0xBB3D


@given(st.binary(max_size=2000))
def test_any_bytes(data: bytes) -> None:
    assert plain(data) == crc16(data) == by_definition(data)


@pytest.mark.parametrize("length", [*range(70), 1023, 1024, 1025, 16_384])
def test_every_length_around_the_folds(length: int) -> None:
    data = bytes((each * 37 + 11) & 0xFF for each in range(length))
    assert plain(data) == by_definition(data)


def test_a_message_of_zeros_and_one_of_ones() -> None:
    assert plain(bytes(777)) == 0
    assert plain(b"\xff" * 777) == by_definition(b"\xff" * 777)


def test_what_a_meter_sent_for_ten_minutes() -> None:
    telegrams = [part + b"!" for part in recording().split(b"!")]
    digits = [part[:4] for part in recording().split(b"!")[1:]]
    bodies = [part[part.index(b"/") :] for part in telegrams[:-1]]
    assert [b"%04X" % plain(body) for body in bodies] == digits
    assert len(digits) == 566

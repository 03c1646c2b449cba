"""Lengths of BER and A-XDR."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kwartier.wire.dlms import lengths
from kwartier.wire.dlms.errors import Malformed, Misuse


@pytest.mark.parametrize(
    ("length", "written"),
    [
        (0, "00"),
        (127, "7f"),
        (128, "8180"),
        (255, "81ff"),
        (256, "820100"),
        (65535, "82ffff"),
        (65536, "83010000"),
        (2**32 - 1, "84ffffffff"),
    ],
)
def test_lengths_are_written_as_short_as_they_can_be(length: int, written: str) -> None:
    assert lengths.encode(length).hex() == written


@given(st.integers(0, 2**32 - 1), st.binary(max_size=4))
def test_what_is_written_is_read(length: int, before: bytes) -> None:
    written = lengths.encode(length)
    assert lengths.decode(before + written, len(before)) == (length, len(before) + len(written))


def test_a_longer_form_than_needed_is_taken() -> None:
    assert lengths.decode(bytes.fromhex("820005"), 0) == (5, 3)


@pytest.mark.parametrize("data", ["", "80", "81", "8201", "85ffffffffff", "ff"])
def test_indefinite_too_long_and_cut_off_lengths_are_refused(data: str) -> None:
    with pytest.raises(Malformed):
        lengths.decode(bytes.fromhex(data), 0)


@pytest.mark.parametrize("length", [-1, 2**32])
def test_a_length_that_cannot_be_written_is_our_own_error(length: int) -> None:
    with pytest.raises(Misuse):
        lengths.encode(length)

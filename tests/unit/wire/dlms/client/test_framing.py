"""The TCP wrapper: whole, in pieces, several at once, and what is no frame."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kwartier.wire.dlms.client.framing import Deframer, wrap
from kwartier.wire.dlms.errors import Malformed, Misuse

APDUS = st.lists(st.binary(min_size=1, max_size=300), min_size=1, max_size=5)


def test_a_frame_is_version_source_destination_length() -> None:
    assert wrap(16, 1, b"\x60\x00").hex() == "0001001000010002" + "6000"


@given(apdus=APDUS, cuts=st.lists(st.integers(0, 1600), max_size=8))
def test_cuts_make_no_difference(apdus: list[bytes], cuts: list[int]) -> None:
    data = b"".join(wrap(1, 1, apdu) for apdu in apdus)
    ends = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    deframer = Deframer(1, 1)
    found = [apdu for a, b in pairwise(ends) for apdu in deframer.receive(data[a:b])]
    assert found == apdus


@pytest.mark.parametrize(
    "data",
    [
        bytes.fromhex("000200010001000161"),  # another version
        bytes.fromhex("000100020001000161"),  # from another port
        bytes.fromhex("000100010010000161"),  # to another port
        bytes.fromhex("0001000100010000"),  # empty
        bytes.fromhex("0001000100010101"),  # longer than agreed
        b"HTTP",  # not even the beginning of a header
        b"\x01",
    ],
)
def test_what_is_no_frame_for_us_is_refused_as_soon_as_it_shows(data: bytes) -> None:
    with pytest.raises(Malformed):
        list(Deframer(1, 1, longest=256).receive(data))


@pytest.mark.parametrize("nonsense", [b"HTTP", wrap(16, 1, b"abc"), bytes(8)])
def test_what_came_whole_before_nonsense_is_taken_however_the_bytes_were_cut(nonsense: bytes) -> None:
    data = wrap(1, 1, b"abc") + wrap(1, 1, b"d") + nonsense
    for step in (1, 5, len(data)):
        deframer = Deframer(1, 1)
        taken: list[bytes] = []
        with pytest.raises(Malformed):
            taken.extend(apdu for at in range(0, len(data), step) for apdu in deframer.receive(data[at : at + step]))
        assert taken == [b"abc", b"d"]


def test_it_never_holds_more_than_one_frame() -> None:
    deframer = Deframer(1, 1, longest=256)
    assert not list(deframer.receive(wrap(1, 1, b"a" * 256)[:-1]))
    with pytest.raises(Malformed):
        list(deframer.receive(b"b" * 10_000))


@pytest.mark.parametrize("length", [0, 65536])
def test_a_frame_that_cannot_be_is_our_own_error(length: int) -> None:
    with pytest.raises(Misuse):
        wrap(1, 1, b"a" * length)

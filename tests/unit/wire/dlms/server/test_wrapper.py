"""The wrapper cuts a stream into frames, however it arrives."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kwartier.wire.dlms.server.errors import BadFrame
from kwartier.wire.dlms.server.wrapper import LONGEST, Frame, Unwrapper, wrap

FRAMES = st.lists(st.builds(Frame, st.integers(0, 65535), st.integers(0, 65535), st.binary(min_size=1, max_size=60)), max_size=6)


def test_the_header_is_version_source_destination_length() -> None:
    assert wrap(Frame(16, 1, b"\xc0\x01")) == bytes.fromhex("0001001000010002c001")


@given(FRAMES, st.lists(st.integers(0, 500), max_size=8))
def test_frames_come_out_as_they_went_in_wherever_the_stream_was_cut(frames: list[Frame], cuts: list[int]) -> None:
    stream = b"".join(map(wrap, frames))
    bounds = sorted({0, len(stream), *(min(c, len(stream)) for c in cuts)})
    unwrapper = Unwrapper()
    found = [f for a, b in pairwise(bounds) for f in unwrapper.feed(stream[a:b])]
    assert found == frames


@pytest.mark.parametrize(
    "header",
    ["0002001000010001", "0001001000010000", (b"\x00\x01\x00\x10\x00\x01" + (LONGEST + 1).to_bytes(2, "big")).hex()],
    ids=["another version", "empty", "too long"],
)
def test_what_is_no_wrapper_is_refused_before_its_contents_come(header: str) -> None:
    with pytest.raises(BadFrame):
        list(Unwrapper().feed(bytes.fromhex(header)))


def test_good_frames_come_before_the_complaint_about_a_bad_one() -> None:
    stream = Unwrapper().feed(wrap(Frame(1, 1, b"x")) + b"HTTP/1.1")
    assert next(stream) == Frame(1, 1, b"x")
    with pytest.raises(BadFrame):
        next(stream)

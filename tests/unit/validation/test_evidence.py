import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kwartier.model.register import Channel
from kwartier.validation import Rows, pack, unpack
from kwartier.validation.errors import BadEvidence

INT64 = st.integers(-(2**63), 2**63 - 1)


@st.composite
def answers(draw: st.DrawFn) -> Rows:
    count = draw(st.integers(0, 5))
    longs = st.lists(INT64, min_size=count, max_size=count).map(lambda found: np.array(found, np.int64))
    flags = st.lists(st.booleans(), min_size=count, max_size=count).map(lambda found: np.array(found, np.bool_))
    channels = draw(st.lists(st.sampled_from(Channel), unique=True))
    status = np.frombuffer(draw(st.binary(min_size=count, max_size=count)), np.uint8)
    values, missing = {c: draw(longs) for c in channels}, {c: draw(flags) for c in channels}
    return Rows(draw(longs), status, values, missing, draw(st.one_of(st.none(), longs)))


def plain(rows: Rows) -> tuple[object, ...]:
    columns = [(channel, rows.values[channel].tolist(), rows.missing[channel].tolist()) for channel in rows.values]
    return rows.stamps.tolist(), rows.status.tolist(), columns, None if rows.capture is None else rows.capture.tolist()


@given(answers())
def test_nothing_is_lost(rows: Rows) -> None:
    assert plain(unpack(pack(rows))) == plain(rows)


@given(answers(), st.data())
def test_a_changed_byte_gives_rows_or_our_own_error(rows: Rows, data: st.DataObject) -> None:
    packed = bytearray(pack(rows))
    packed[data.draw(st.integers(0, len(packed) - 1))] = data.draw(st.integers(0, 255))
    try:
        unpack(bytes(packed))
    except BadEvidence:
        return


@given(st.one_of(st.binary(max_size=200), st.binary(max_size=200).map(lambda tail: b"KWROWS1" + tail)))
def test_any_bytes_give_rows_or_our_own_error(packed: bytes) -> None:
    try:
        assert pack(unpack(packed))[:7] == b"KWROWS1"
    except BadEvidence:
        return


@pytest.mark.parametrize("cut", [0, 6, 12, 13, -1])
def test_cut_short_is_refused(cut: int) -> None:
    stamps = np.arange(3, dtype=np.int64)
    packed = pack(Rows(stamps, np.zeros(3, np.uint8), {Channel.GAS: stamps}, {Channel.GAS: stamps > 1}, stamps))
    with pytest.raises(BadEvidence):
        unpack(packed[:cut])

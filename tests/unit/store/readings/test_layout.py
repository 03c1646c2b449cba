import io
from collections import defaultdict
from datetime import date

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kwartier.model.channel_day import ChannelDay
from kwartier.model.register import ALL_MASK, Channel, mask_of
from kwartier.store.readings import layout
from kwartier.store.readings.combine import folded
from kwartier.store.readings.errors import BadChannelDay

DAY = date(2026, 3, 29)
INT64 = st.integers(-(2**63), 2**63 - 1)


@st.composite
def channel_days(draw: st.DrawFn) -> ChannelDay:
    intervals = draw(st.sampled_from([0, 23, 24, 25, 92, 96, 100]))
    deltas = draw(st.binary(min_size=4 * intervals, max_size=4 * intervals))
    quality = draw(st.one_of(st.just(b""), st.binary(min_size=max(intervals, 1), max_size=max(intervals, 1))))
    key, basis, batch = draw(st.integers(1, 40)), draw(st.integers(0, 2**62)), draw(st.integers(1, 3))
    return ChannelDay(key, draw(st.sampled_from(Channel)), DAY, draw(INT64), deltas, quality, basis, draw(INT64), batch)


def through_a_file(table: pa.Table) -> pa.Table:
    body = io.BytesIO()
    with layout.writer(body) as out:
        out.write_table(table, row_group_size=layout.ROW_GROUP)
    return pq.read_table(pa.BufferReader(body.getvalue()))


@given(st.lists(channel_days(), max_size=12))
def test_what_goes_into_a_file_comes_out_sorted_and_once(days: list[ChannelDay]) -> None:
    groups: dict[tuple[int, int], list[ChannelDay]] = defaultdict(list)
    for one in sorted(days, key=lambda one: one.batch):
        groups[one.key, one.channel].append(one)
    table = through_a_file(layout.to_table(days))
    assert list(layout.channel_days(table, DAY)) == [folded(groups[place]) for place in sorted(groups)]


@given(st.lists(channel_days(), min_size=1, max_size=12), st.integers(0, ALL_MASK))
def test_a_mask_lets_through_its_channels_only(days: list[ChannelDay], mask: int) -> None:
    table = layout.to_table(days)
    every = list(layout.channel_days(table, DAY))
    assert list(layout.channel_days(table, DAY, mask)) == [one for one in every if mask & mask_of([one.channel])]


@pytest.mark.parametrize(("deltas", "quality"), [(b"123", b""), (bytes(8), b"\0"), (bytes(8), bytes(3)), (b"", bytes(2))])
def test_buffers_that_do_not_fit_are_refused(deltas: bytes, quality: bytes) -> None:
    with pytest.raises(BadChannelDay):
        layout.to_table([ChannelDay(1, Channel.IMPORT, DAY, 0, deltas, quality, 0, 0, 1)])


def test_every_column_but_the_marks_is_always_there() -> None:
    assert [field.name for field in layout.FILE_SCHEMA if field.nullable] == ["q"]

"""How channel-days lie in a file: one row each, sorted by (key, ch), in Parquet encodings that were chosen by measuring.

`v` are the differences per interval (empty for day channels); BYTE_STREAM_SPLIT with zstd makes 0.9 byte of each. `q` is null when
every interval is valid. The day is the partition, so it is in the name of the folder and not in the file.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import date
from itertools import groupby
from pathlib import Path
from typing import Any, BinaryIO, Final, cast

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from kwartier.model.channel_day import ChannelDay
from kwartier.model.register import ALL_MASK, Channel, Mask
from kwartier.store.readings.combine import folded
from kwartier.store.readings.errors import BadChannelDay

ROW_GROUP: Final = 2_000
"""Rows decoded for one point read, about 1 ms. Smaller groups cost bytes: 8,000 would save 1.5 %."""

_INT: Final = np.dtype(np.int32).itemsize

FILE_SCHEMA: Final = pa.schema(
    [
        pa.field("key", pa.int64(), nullable=False),
        pa.field("ch", pa.int8(), nullable=False),
        pa.field("start", pa.int64(), nullable=False),
        pa.field("v", pa.list_(pa.field("element", pa.int32(), nullable=False)), nullable=False),
        pa.field("q", pa.binary(), nullable=True),
        pa.field("basis", pa.int64(), nullable=False),
        pa.field("meter", pa.int64(), nullable=False),
        pa.field("batch", pa.int64(), nullable=False),
    ]
)
TABLE_SCHEMA: Final = FILE_SCHEMA.insert(0, pa.field("day", pa.date32(), nullable=False))
COLUMNS: Final = tuple(FILE_SCHEMA.names)


def writer(where: Path | BinaryIO) -> pq.ParquetWriter:
    """Open a file for rows in order. The caller closes it."""
    return pq.ParquetWriter(
        where,
        FILE_SCHEMA,
        compression="zstd",
        compression_level=3,
        use_dictionary=["ch", "basis", "batch"],  # type: ignore[arg-type]  # the stub knows bool only; names are documented
        column_encoding={
            "key": "DELTA_BINARY_PACKED",
            "start": "BYTE_STREAM_SPLIT",
            "v.list.element": "BYTE_STREAM_SPLIT",
            "q": "DELTA_LENGTH_BYTE_ARRAY",
            "meter": "DELTA_BINARY_PACKED",
        },
        write_statistics=["key"],
        store_schema=False,
    )


def to_table(days: Sequence[ChannelDay]) -> pa.Table:
    """Return the rows of channel-days of one local day, sorted, equal (key, channel) combined. Raises BadChannelDay."""
    for one in days:
        _check(one)
    return in_order(_rows(days))


def _rows(days: Sequence[ChannelDay]) -> pa.Table:
    ends = np.cumsum([0, *(len(one.deltas) // _INT for one in days)], dtype=np.int32)
    values = np.frombuffer(b"".join(one.deltas for one in days), np.int32)
    columns = {
        "key": pa.array([one.key for one in days], pa.int64()),
        "ch": pa.array([int(one.channel) for one in days], pa.int8()),
        "start": pa.array([one.start for one in days], pa.int64()),
        "v": pa.ListArray.from_arrays(pa.array(ends, pa.int32()), pa.array(values, pa.int32()), type=FILE_SCHEMA.field("v").type),
        "q": pa.array([one.quality or None for one in days], pa.binary()),
        "basis": pa.array([one.basis for one in days], pa.int64()),
        "meter": pa.array([one.meter for one in days], pa.int64()),
        "batch": pa.array([one.batch for one in days], pa.int64()),
    }
    return pa.table(columns, schema=FILE_SCHEMA)


def _check(one: ChannelDay) -> None:
    intervals, odd = divmod(len(one.deltas), _INT)
    if odd or (one.quality and len(one.quality) != max(intervals, 1)):
        msg = "deltas are int32 and a quality is one byte per interval"
        raise BadChannelDay(msg)


def in_order(table: pa.Table) -> pa.Table:
    """Sort by (key, ch) and make one row of equal ones: of the newest batch, or else the one that came last, see combine.py.

    A table without all columns has nothing to combine: the newest row stands.
    """
    key, ch, batch = (numbers(table, name) for name in ("key", "ch", "batch"))
    order = np.lexsort((batch, ch, key))
    key, ch = key[order], ch[order]
    last = np.ones(len(order), np.bool_)
    last[:-1] = (key[1:] != key[:-1]) | (ch[1:] != ch[:-1])
    if last.all():
        return table if bool((order[1:] > order[:-1]).all()) else table.take(order)
    if not set(COLUMNS) <= set(table.column_names):
        return table.take(order[last])
    first = np.concatenate([[True], last[:-1]])
    alone = first & last
    several = list(channel_days(table.take(order[~alone]), _ANY_DAY))
    whole = [folded(group) for _, group in groupby(several, key=lambda one: (one.key, one.channel))]
    return in_order(pa.concat_tables([table.take(order[alone]).select(COLUMNS), _rows(whole)]))


def changed(
    table: pa.Table, day: date, wanted: Collection[tuple[int, Channel]], change: Callable[[ChannelDay], ChannelDay | None]
) -> pa.Table:
    """Return a slice in order in which `change` made something else of the wanted (key, channel), or took it out (None)."""
    keys, channels = numbers(table, "key"), numbers(table, "ch")
    goes = np.isin(keys, [key for key, _ in wanted])
    for place in np.flatnonzero(goes).tolist():
        goes[place] = (int(keys[place]), Channel(int(channels[place]))) in wanted
    if not goes.any():
        return table
    found = [after for one in channel_days(table.filter(pa.array(goes)), day) if (after := change(one)) is not None]
    return in_order(pa.concat_tables([table.filter(pa.array(~goes)), to_table(found)]))


_ANY_DAY: Final = date(2000, 1, 1)
"""Rows do not hold their day: it is in the name of the folder."""


def numbers(table: pa.Table, name: str) -> NDArray[np.int64]:
    """Return one integer column."""
    return np.asarray(table.column(name).to_numpy(), np.int64)


def channel_days(table: pa.Table, day: date, mask: Mask = ALL_MASK) -> Iterator[ChannelDay]:
    """Yield the rows whose channel is in the mask."""
    if not table.num_rows:
        return
    table = table.combine_chunks()
    deltas = cast("pa.ListArray[Any]", table.column("v").chunk(0))
    ends = (deltas.offsets.to_numpy() * _INT).tolist()
    body = np.asarray(deltas.values.to_numpy(), np.int32).view(np.uint8).data
    plain = (numbers(table, name).tolist() for name in ("key", "ch", "start", "basis", "meter", "batch"))
    marks: Iterable[bytes | None] = table.column("q").to_pylist()
    for i, (mark, key, ch, start, basis, meter, batch) in enumerate(zip(marks, *plain, strict=True)):
        if mask >> ch & 1:
            content = bytes(body[ends[i] : ends[i + 1]])
            yield ChannelDay(key, Channel(ch), day, start, content, mark or b"", basis, meter, batch)

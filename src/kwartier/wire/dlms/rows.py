"""The rows of a load profile: from the A-XDR data of a GET to columns of numbers.

A meter's answer is an array of structures, one per period, whose elements are the capture objects of the profile. Nearly always
every row has the same types in the same places: then all rows are one table of bytes and numpy reads it column by column
(_regular). With null-data compression, or types that change from row to row, each row is decoded by itself (_irregular).
What fits neither is Malformed: protection proves who sent the bytes, not that they make sense.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, final

import numpy as np
import numpy.typing as npt

from kwartier.model.meter import Column, Profile
from kwartier.model.register import Channel
from kwartier.wire.dlms import lengths
from kwartier.wire.dlms.client import axdr, clock
from kwartier.wire.dlms.client.reading import Cursor
from kwartier.wire.dlms.errors import Malformed

NO_CAPTURE: Final = -1
"""In `Rows.capture`: the row has no capture time that means anything."""

_MOST: Final = (1 << 63) - 1
_MOST_DIGITS: Final = 18
_STATUS_MOST: Final = 255
_CLOCK, _STATUS, _VALUE, _CAPTURE = "clock", "status", "value", "capture"

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
_Numbers = npt.NDArray[np.integer]
_Table = npt.NDArray[np.uint8]


@final
@dataclass(frozen=True, slots=True)
class Rows:
    """n rows in the order of the meter. Only `values` may be written to.

    `stamps` int64[n] epoch seconds UTC; `status` uint8[n], the AMR status (0 where the profile has none); `values` int64[n] per
    channel, Wh or dm3; `missing` bool[n] per channel: the value there is 0 and means nothing; `capture` int64[n] epoch seconds at
    which an M-Bus value was measured (NO_CAPTURE where the meter does not know; the row's values are then missing), or None.
    """

    stamps: Ints
    status: npt.NDArray[np.uint8]
    values: dict[Channel, Ints]
    missing: dict[Channel, Bools]
    capture: Ints | None


def decode(data: bytes, profile: Profile, columns: Sequence[Column] | None = None) -> Rows:
    """Decode the data of a GET of `profile` (of these `columns`, if it was asked for some only).

    Raises Malformed for anything but an array of at most `profile.entries` + 1 rows of these columns with usable stamps.
    """
    asked = tuple(columns or profile.columns)
    count, start = _array(data, profile)
    if count == 0:
        nothing = np.empty(0, np.int64)
        return _assemble(asked, [nothing for _ in asked], [None for _ in asked])
    layout = _layout_of(data, start, asked)
    if layout is not None and len(data) - start == count * layout.width and _is_table(data, start, count, layout):
        table = np.frombuffer(data, np.uint8, count * layout.width, start).reshape(count, layout.width)
        return _regular(table, layout, asked)
    return _irregular(data, start, count, profile, asked)


def _array(data: bytes, profile: Profile) -> tuple[int, int]:
    """Check that this is an array of as many rows as the profile can hold; return their number and where they start."""
    if data[:1] != bytes((axdr.ARRAY,)):
        msg = "the buffer of a profile is an array"
        raise Malformed(msg)
    count, start = lengths.decode(data, 1)
    if count > profile.entries + 1 or (count == 0 and start != len(data)):
        msg = "more rows than the profile can hold, or bytes after none"
        raise Malformed(msg)
    return count, start


# The fast path


@final
@dataclass(frozen=True, slots=True)
class _Layout:
    """Rows of one width: the fixed bytes (tags, lengths) by their place, and offset and type of each column's contents."""

    width: int
    fixed: tuple[tuple[int, bytes], ...]
    cells: tuple[tuple[int, "_Kind"], ...]


_Kind = np.dtype[np.integer] | None
"""What a cell holds: a number of this type, or (None) a date-time."""
_U64: Final = np.dtype(">u8")
_CELLS: Final[dict[bytes, tuple[int, int, _Kind]]] = {
    b"\x09\x0c": (2, clock.LENGTH, None),
    **{bytes((tag,)): (1, size, np.dtype(f">u{size}")) for tag, size in axdr.UNSIGNED.items()},
    **{bytes((tag,)): (1, size, np.dtype(f">i{size}")) for tag, size in axdr.SIGNED.items()},
    bytes((axdr.DATE_TIME,)): (1, clock.LENGTH, None),
}
"""By its leading bytes: how many of them are fixed, how many follow, and what those are."""


def _layout_of(data: bytes, start: int, columns: Sequence[Column]) -> _Layout | None:
    """Return the layout of the row that starts at `start`, None if it is not of the regular kind."""
    if data[start : start + 2] != bytes((axdr.STRUCTURE, len(columns))):
        return None
    at = start + 2
    heads = []
    for column in columns:
        head = data[at : at + 2]
        if head not in _CELLS:
            head = head[:1]
        cell = _CELLS.get(head)
        if cell is None or (cell[2] is None) != (column.role in {_CLOCK, _CAPTURE}):
            return None
        heads.append(head)
        at += cell[0] + cell[1]
    return _layout(tuple(heads))


@lru_cache(maxsize=256)
def _layout(heads: tuple[bytes, ...]) -> _Layout:
    """Lay out a structure of cells with these leading bytes."""
    fixed = {0: axdr.STRUCTURE, 1: len(heads)}
    cells = []
    at = 2
    for head in heads:
        lead, size, kind = _CELLS[head]
        fixed.update(enumerate(head, at))
        cells.append((at + lead, kind))
        at += lead + size
    return _Layout(at, tuple((place, bytes((byte,))) for place, byte in fixed.items()), tuple(cells))


def _is_table(data: bytes, start: int, count: int, layout: _Layout) -> bool:
    """True if every row has the fixed bytes of the first. Strided slices of bytes are quicker here than numpy."""
    return all([data[start + at :: layout.width] == byte * count for at, byte in layout.fixed])  # noqa: C419 - a list is quicker


def _regular(table: _Table, layout: _Layout, columns: Sequence[Column]) -> Rows:
    """Read a table of uint8[n, width] column by column."""
    contents: list[_Numbers] = []
    absent: list[Bools | None] = []
    for offset, kind in layout.cells:
        if kind is None:
            seconds, bad = _dates(table[:, offset : offset + clock.LENGTH].tobytes())
            contents.append(seconds)
            absent.append(bad)
        else:
            contents.append(_numbers(table, offset, kind))
            absent.append(None)
    return _assemble(columns, contents, absent)


@lru_cache(maxsize=128)
def _dates(octets: bytes) -> tuple[Ints, Bools | None]:
    """Read n date-times: epoch seconds, and which are none. Kept, since the meters of one night give the same stamps."""
    seconds, bad = clock.decode_column(np.frombuffer(octets, np.uint8).reshape(-1, clock.LENGTH))
    seconds.flags.writeable = False
    return seconds, bad if bad.any() else None


def _numbers(table: _Table, offset: int, kind: np.dtype[np.integer]) -> _Numbers:
    """Return one column of numbers, none below zero or beyond 2^63. A view: _assemble copies it."""
    numbers = np.ndarray(len(table), kind, table, offset, (table.strides[0],))
    if (kind.kind == "i" and int(numbers.min()) < 0) or (kind == _U64 and int(numbers.max()) > _MOST):
        msg = "a register below zero or beyond 2^63"
        raise Malformed(msg)
    return numbers


# The slow path


def _irregular(data: bytes, start: int, count: int, profile: Profile, columns: Sequence[Column]) -> Rows:
    """Decode row by row, each null-data from the row before."""
    cursor = Cursor(data, start)
    cells: list[list[int | None]] = [[] for _ in columns]
    readers = [_READERS.get(c.role, _number) for c in columns]
    for _ in range(count):
        row = axdr.decode_next(cursor)
        if not isinstance(row, list) or len(row) != len(columns):
            msg = "a row has another number of columns than the profile"
            raise Malformed(msg)
        for column, read, value, above in zip(columns, readers, row, cells, strict=True):
            above.append(_derived(column, above, profile) if value is None else read(value))
    cursor.end()
    absent = [np.array([v is None for v in column]) if None in column else None for column in cells]
    contents = [np.array([0 if v is None else v for v in column], np.int64) for column in cells]
    return _assemble(columns, contents, absent)


def _derived(column: Column, above: Sequence[int | None], profile: Profile) -> int | None:
    """Return what null-data stands for: the stamp one period later, else the same as before; None if nothing was before."""
    before = above[-1] if above else None
    return before if before is None or column.role != _CLOCK else clock.step(before, profile.period_s)


def _number(value: axdr.Value) -> int | None:
    if not isinstance(value, int) or not 0 <= value <= _MOST:
        msg = "a column of numbers holds something else, or a number below zero or beyond 2^63"
        raise Malformed(msg)
    return value


def _stamp(value: axdr.Value) -> int | None:
    if not isinstance(value, bytes):
        msg = "a column of date-times holds something else"
        raise Malformed(msg)
    return clock.decode(value)


def _capture(value: axdr.Value) -> int | None:
    """Return when an M-Bus value was measured; None for a date-time that says it is not known."""
    if not isinstance(value, bytes) or len(value) != clock.LENGTH:
        msg = "a column of date-times holds something else"
        raise Malformed(msg)
    try:
        return clock.decode(value)
    except Malformed:
        return None


_READERS: Final[dict[str, Callable[[axdr.Value], int | None]]] = {_CLOCK: _stamp, _CAPTURE: _capture}


# Both


def _assemble(columns: Sequence[Column], contents: Sequence[_Numbers], absent: Sequence[Bools | None]) -> Rows:
    """Make Rows of the columns: numbers and stamps as read, and where there were none (None: nowhere)."""
    stamps: Ints | None = None
    capture: Ints | None = None
    status: npt.NDArray[np.uint8] | None = None
    values: dict[Channel, Ints] = {}
    missing: dict[Channel, Bools] = {}
    for column, numbers, none in zip(columns, contents, absent, strict=True):
        if column.role == _CLOCK:
            stamps = _all_there(numbers, none).astype(np.int64, copy=False)
        elif column.role == _STATUS:
            status = _statuses(_all_there(numbers, none))
        elif column.role == _CAPTURE:
            capture = numbers.astype(np.int64, copy=False) if none is None else np.where(none, NO_CAPTURE, numbers)
        elif column.channel is not None:
            values[column.channel] = _to_base(numbers.astype(np.int64), column.to_base)
            missing[column.channel] = _nowhere(len(numbers)) if none is None else none
    if stamps is None:
        msg = "rows without a clock"
        raise Malformed(msg)
    if capture is not None:
        _drop_uncaptured(values, missing, capture == NO_CAPTURE)
    return Rows(stamps, np.zeros(len(stamps), np.uint8) if status is None else status, values, missing, capture)


@lru_cache(maxsize=128)
def _nowhere(count: int) -> Bools:
    """Return that nothing is missing in so many rows. Kept, since nearly always that is so."""
    nothing = np.zeros(count, np.bool_)
    nothing.flags.writeable = False
    return nothing


def _drop_uncaptured(values: dict[Channel, Ints], missing: dict[Channel, Bools], none: Bools) -> None:
    """Mark as missing what nobody knows the time of."""
    if none.any():
        for channel, absent in missing.items():
            missing[channel] = absent | none
            values[channel] = np.where(missing[channel], 0, values[channel])


def _all_there(numbers: _Numbers, none: Bools | None) -> _Numbers:
    if none is not None:
        msg = "a row without a usable stamp or status"
        raise Malformed(msg)
    return numbers


def _statuses(numbers: _Numbers) -> npt.NDArray[np.uint8]:
    """Return the AMR status, which has eight bits whatever type carries it. No number here is below zero."""
    if numbers.itemsize > 1 and len(numbers) and int(numbers.max()) > _STATUS_MOST:
        msg = "an AMR status that is no byte"
        raise Malformed(msg)
    return numbers.astype(np.uint8)


def _to_base(numbers: Ints, power: int) -> Ints:
    """Return raw numbers in Wh or dm3: times ten to the power. A finer unit is rounded down: never more than was measured."""
    if power == 0 or not len(numbers):
        return numbers
    factor = 10 ** min(abs(power), _MOST_DIGITS)
    if power > 0 and int(numbers.max()) > _MOST // factor:
        msg = "a value beyond 2^63"
        raise Malformed(msg)
    based: Ints = numbers * factor if power > 0 else numbers // factor
    return based

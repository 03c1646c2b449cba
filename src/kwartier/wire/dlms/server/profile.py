"""Class 7, profile generic, version 1: a table of rows in time, FIFO (IEC 62056-6-2; DSMR P3 4.2.2 chapter 4)."""

from dataclasses import dataclass
from typing import Protocol, final

import numpy as np
from numpy.typing import NDArray

from kwartier.model.register import Obis
from kwartier.wire.dlms import lengths
from kwartier.wire.dlms.server import moments, octets
from kwartier.wire.dlms.server.errors import Access, AccessDenied
from kwartier.wire.dlms.server.objects import CLOCK, Value, unselected
from kwartier.wire.dlms.server.selection import Entries, Range, Selection

_FIFO = 1


@final
@dataclass(frozen=True, slots=True)
class CaptureObject:
    """What a column captures: class, logical name, attribute."""

    class_id: int
    obis: Obis
    attribute: int

    def encode(self) -> bytes:
        """Encode it as capture_objects lists it, data index 0."""
        attribute = bytes((octets.INTEGER, self.attribute))
        name = octets.octet_string(self.obis.code)
        return bytes((octets.STRUCTURE, 4)) + octets.u16(self.class_id) + name + attribute + octets.u16(0)


class Table(Protocol):
    """The rows a profile holds at a moment, oldest first."""

    @property
    def stamps(self) -> NDArray[np.int64]:
        """Stamps in epoch seconds, never falling."""

    def encode(self, first: int, end: int) -> bytes:
        """Encode rows [first, end), one after the other."""


class Source(Protocol):
    """Where the rows of a profile come from."""

    def table(self, at: int) -> Table:
        """Return what is held at the moment `at` (epoch seconds)."""


@final
@dataclass(frozen=True, slots=True)
class Profile:
    """One class 7 object over a source of rows."""

    obis: Obis
    columns: tuple[CaptureObject, ...]
    period_s: int
    entries: int
    source: Source
    class_id: int = 7

    def get(self, attribute: int, selected: Selection, at: int) -> Value:
        """Return any of the eight attributes; only the buffer (2) may be selected from."""
        if attribute == 2:  # noqa: PLR2004 - attribute numbers of the class
            return self._buffer(selected, at)
        unselected(selected)
        if attribute == 7:  # noqa: PLR2004 - entries in use
            return Value(octets.u32(len(self.source.table(at).stamps)))
        fixed = {
            1: octets.octet_string(self.obis.code),
            3: bytes((octets.ARRAY,)) + lengths.encode(len(self.columns)) + b"".join(c.encode() for c in self.columns),
            4: octets.u32(self.period_s),
            5: octets.enum(_FIFO),
            6: CaptureObject(8, CLOCK, 2).encode(),
            8: octets.u32(self.entries),
        }
        if attribute not in fixed:
            raise AccessDenied(Access.READ_WRITE_DENIED)
        return Value(fixed[attribute])

    def _buffer(self, selected: Selection, at: int) -> Value:
        """Encode the rows selected. None in the range is an empty array, not an error."""
        table = self.source.table(at)
        first, end = _bounds(table.stamps, selected)
        count = max(0, end - first)
        rows = table.encode(first, end) if count else b""
        return Value(bytes((octets.ARRAY,)) + lengths.encode(count) + rows, count)


def _bounds(stamps: NDArray[np.int64], selected: Selection) -> tuple[int, int]:
    """Return the rows selected as [first, end)."""
    if isinstance(selected, Range):
        return int(np.searchsorted(stamps, selected.first_s, "left")), int(np.searchsorted(stamps, selected.last_s, "right"))
    if isinstance(selected, Entries):
        return max(0, selected.first - 1), min(selected.last, len(stamps)) or len(stamps)
    return 0, len(stamps)


@final
@dataclass(frozen=True, slots=True)
class Cells:
    """One column of equal cells, a row of bytes each, tags included."""

    data: NDArray[np.uint8]

    @classmethod
    def stamps(cls, moments_s: NDArray[np.int64]) -> "Cells":
        """Moments in epoch seconds, as octet-string(12)."""
        return cls.encoded_stamps(moments.write_all(moments_s))

    @classmethod
    def encoded_stamps(cls, date_times: NDArray[np.uint8]) -> "Cells":
        """Date-times encoded before: n rows of twelve bytes."""
        head = np.broadcast_to(np.array((octets.OCTET_STRING, moments.SIZE), np.uint8), (len(date_times), 2))
        return cls(np.hstack((head, date_times)))

    @classmethod
    def u8(cls, values: NDArray[np.uint8]) -> "Cells":
        """Unsigned."""
        head = np.full((len(values), 1), octets.UNSIGNED, np.uint8)
        return cls(np.hstack((head, values.astype(np.uint8)[:, None])))

    @classmethod
    def u32(cls, values: NDArray[np.int64]) -> "Cells":
        """Double-long-unsigned; a register rolls over at 2^32."""
        head = np.full((len(values), 1), octets.DOUBLE_LONG_UNSIGNED, np.uint8)
        return cls(np.hstack((head, values.astype(">u4").view(np.uint8).reshape(-1, 4))))


def rows(columns: tuple[Cells, ...]) -> bytes:
    """Encode rows of these columns: a structure each."""
    count = len(columns[0].data)
    head = np.broadcast_to(np.array((octets.STRUCTURE, len(columns)), np.uint8), (count, 2))
    return np.hstack((head, *(column.data for column in columns))).tobytes()

"""Selective access to a profile by range (IEC 62056-6-2, class 7, access selector 1): from and to on the clock, both included."""

from collections.abc import Sequence
from typing import Final

from kwartier.model.meter import Column, MeterModel, Profile
from kwartier.model.register import Mask, Obis
from kwartier.wire.dlms import lengths
from kwartier.wire.dlms.client import clock
from kwartier.wire.dlms.errors import Misuse

_RANGE: Final = b"\x01\x02\x04"
"""Access selector 1; its parameters are a structure of 4: restricting object, from, to, columns."""
_MOST_MBUS = 4
CLOCK = "clock"
_CLOCK_COLUMN: Final = Column(CLOCK, 8, Obis.parse("0-0:1.0.0"), 2, None, 0)


def on_channel(obis: Obis, mbus: int) -> Obis:
    """Return the OBIS code of M-Bus channel 1..4, which is its value group B; with 0 the code as it is. Raises Misuse."""
    if not 0 <= mbus <= _MOST_MBUS:
        msg = "an M-Bus channel is 1 to 4"
        raise Misuse(msg)
    return Obis(obis.code[:1] + bytes((mbus,)) + obis.code[2:]) if mbus else obis


def columns_for(model: MeterModel, profile: Profile, mask: Mask) -> tuple[Column, ...]:
    """Return the columns to ask for: all, or where the meter selects columns only those that the channels in `mask` need."""
    if not model.selects_columns:
        return profile.columns
    return tuple(c for c in profile.columns if c.channel is None or mask >> c.channel & 1)


def by_range(profile: Profile, mbus: int, first_s: int, last_s: int, columns: tuple[Column, ...]) -> bytes:
    """Return the selective access descriptor for the rows stamped first_s..last_s (epoch seconds). Raises Misuse.

    `columns` is what columns_for() gave: if it is all of them the list is left empty, which means all.
    """
    clock_column = next((c for c in profile.columns if c.role == CLOCK), None)
    if clock_column is None:
        msg = "a profile without a clock cannot be read by range"
        raise Misuse(msg)
    wanted = () if columns == profile.columns else columns
    return b"".join((_RANGE, _capture_object(clock_column, 0), _ends(first_s, last_s), _list(wanted, mbus)))


def by_clock(first_s: int, last_s: int) -> bytes:
    """Return the descriptor for the rows of a log stamped first_s..last_s (epoch seconds), all columns. Raises Misuse."""
    return b"".join((_RANGE, _capture_object(_CLOCK_COLUMN, 0), _ends(first_s, last_s), _list((), 0)))


def _ends(first_s: int, last_s: int) -> bytes:
    if first_s > last_s:
        msg = "a range ends after it begins"
        raise Misuse(msg)
    return b"".join(b"\x09\x0c" + clock.encode(moment) for moment in (first_s, last_s))


def _list(columns: Sequence[Column], mbus: int) -> bytes:
    """Write an array of capture objects."""
    return b"\x01" + lengths.encode(len(columns)) + b"".join(_capture_object(c, mbus) for c in columns)


def _capture_object(column: Column, mbus: int) -> bytes:
    """Write {class, logical name, attribute, data index 0}; the clock is the meter's own, on no M-Bus channel."""
    obis = column.obis if column.role == CLOCK else on_channel(column.obis, mbus)
    class_id, attribute = column.class_id.to_bytes(2, "big"), column.attribute.to_bytes(1, "big")
    return b"".join((b"\x02\x04\x12", class_id, b"\x09\x06", obis.code, b"\x0f", attribute, b"\x12\x00\x00"))

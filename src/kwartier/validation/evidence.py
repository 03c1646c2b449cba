"""The rows of a quarantined answer as bytes, so that nothing is lost: `unpack(pack(rows))` gives the same rows.

`KWROWS1`, flags (bit 0: capture times), number of channels (u8), rows (u32), then little-endian columns: stamps i64, status u8,
per channel its number (u8), values i64 and missing u8, and the capture times i64.
"""

import struct
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from kwartier.model.register import Channel
from kwartier.validation.errors import BadEvidence
from kwartier.wire.dlms.rows import Rows

_HEAD: Final = struct.Struct("<7sBBI")
_MAGIC: Final = b"KWROWS1"
_WORD: Final = np.dtype("<i8")
_BYTE: Final = np.dtype("u1")


def pack(rows: Rows) -> bytes:
    """Return the rows as bytes."""
    parts = [_HEAD.pack(_MAGIC, rows.capture is not None, len(rows.values), len(rows.stamps))]
    parts += [rows.stamps.astype(_WORD).tobytes(), rows.status.tobytes()]
    for channel, values in rows.values.items():
        parts += [bytes([channel]), values.astype(_WORD).tobytes(), rows.missing[channel].astype(_BYTE).tobytes()]
    if rows.capture is not None:
        parts.append(rows.capture.astype(_WORD).tobytes())
    return b"".join(parts)


def unpack(packed: bytes) -> Rows:
    """Read what `pack` made. Raises BadEvidence."""
    try:
        magic, captured, channels, count = _HEAD.unpack_from(packed)
        width = _HEAD.size + 9 * count + channels * (1 + 9 * count) + (8 * count if captured else 0)
        if magic != _MAGIC or captured > 1 or width != len(packed):
            raise BadEvidence(_SENTENCE)
        return _columns(_Reader(packed, _HEAD.size, count), channels, captured=bool(captured))
    except (struct.error, ValueError):
        raise BadEvidence(_SENTENCE) from None


_SENTENCE: Final = "not the packed rows of an answer"


def _columns(reader: "_Reader", channels: int, *, captured: bool) -> Rows:
    stamps, status = reader.take(_WORD), reader.take(_BYTE)
    values: dict[Channel, NDArray[np.int64]] = {}
    missing: dict[Channel, NDArray[np.bool_]] = {}
    for _ in range(channels):
        channel = Channel(reader.byte())
        values[channel], missing[channel] = reader.take(_WORD).astype(np.int64), reader.take(_BYTE).astype(np.bool_)
    return Rows(stamps.astype(np.int64), status, values, missing, reader.take(_WORD).astype(np.int64) if captured else None)


class _Reader:
    """Takes columns of `count` rows one after the other. The whole length was checked before."""

    def __init__(self, packed: bytes, at: int, count: int) -> None:
        self._packed = packed
        self._at = at
        self._count = count

    def take(self, kind: np.dtype[Any]) -> NDArray[Any]:
        column = np.frombuffer(self._packed, kind, self._count, self._at)
        self._at += self._count * kind.itemsize
        return column

    def byte(self) -> int:
        self._at += 1
        return self._packed[self._at - 1]

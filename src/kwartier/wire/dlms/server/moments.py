"""COSEM date-time: twelve bytes of local time, deviation and clock status (IEC 62056-6-2 4.1.6.1), both ways.

The deviation is minutes from local time to UTC: -60 in winter, -120 in summer. Clock status 0x80 is summer time.
"""

from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from kwartier.model.errors import BadInput
from kwartier.model.period import HOUR_S, ZONE, epoch_s, from_epoch_s
from kwartier.wire.dlms.errors import Malformed
from kwartier.wire.dlms.server.octets import Reader

SIZE = 12
SUMMER = 0x80
_SUMMER_OFFSET = 2 * HOUR_S
_UNSPECIFIED = 0xFF
_NO_DEVIATION = -0x8000
_MOST_DEVIATION = 840


def read(data: bytes) -> int:
    """Return epoch seconds of a date-time. Raises Malformed if date, hour or minute are open, or there is no such moment.

    Without a deviation it is local time of the meter; the clock status then tells the two hours of the long night apart.
    """
    reader = Reader(data)
    year, month, day, _weekday = reader.number(2), reader.u8(), reader.u8(), reader.u8()
    hour, minute, second, _hundredths = (reader.u8() for _ in range(4))
    deviation = int.from_bytes(reader.take(2), "big", signed=True)
    status = reader.u8()
    reader.done()
    try:
        naive = datetime(year, month, day, hour, minute, 0 if second == _UNSPECIFIED else second)  # noqa: DTZ001 - zoned just below
        return _resolve(naive, deviation, status)
    except (ValueError, OverflowError, BadInput) as error:
        msg = "no such moment"
        raise Malformed(msg) from error


def _resolve(naive: datetime, deviation: int, status: int) -> int:
    """Put the local time into UTC by its deviation, or by the meter's zone if it has none."""
    if deviation == _NO_DEVIATION:
        winter = status != _UNSPECIFIED and not status & SUMMER
        return epoch_s(naive.replace(tzinfo=ZONE, fold=int(winter)))
    if abs(deviation) > _MOST_DEVIATION:
        msg = "a deviation is at most 14 hours"
        raise ValueError(msg)
    return int((naive + timedelta(minutes=deviation) - datetime(1970, 1, 1)) / timedelta(seconds=1))  # noqa: DTZ001 - both are UTC


def offsets(moments: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return seconds that local time is ahead of UTC, for each moment in epoch seconds."""
    hours, back = np.unique(moments // HOUR_S, return_inverse=True)
    known = [_offset(int(hour) * HOUR_S) for hour in hours]
    return np.array(known, np.int64)[back]


def _offset(moment: int) -> int:
    """Return seconds that local time is ahead of UTC; switches happen on whole hours."""
    offset = from_epoch_s(moment).astimezone(ZONE).utcoffset()
    return int(offset.total_seconds()) if offset else 0


def write_all(moments: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Encode epoch seconds as date-times: a row of twelve bytes for each."""
    ahead = offsets(moments)
    local = moments + ahead
    days = local // 86400
    seconds = local % 86400
    months = days.astype("datetime64[D]").astype("datetime64[M]")
    years = months.astype("datetime64[Y]").astype(np.int64) + 1970
    deviation = -ahead // 60
    cells = np.zeros((len(moments), SIZE), np.uint8)
    cells[:, 0] = years >> 8
    cells[:, 1] = years & 0xFF
    cells[:, 2] = months.astype(np.int64) % 12 + 1
    cells[:, 3] = (days.astype("datetime64[D]") - months.astype("datetime64[D]")).astype(np.int64) + 1
    cells[:, 4] = (days + 3) % 7 + 1  # 1970-01-01 was a Thursday; Monday is 1
    cells[:, 5] = seconds // HOUR_S
    cells[:, 6] = seconds // 60 % 60
    cells[:, 7] = seconds % 60
    cells[:, 9] = deviation >> 8 & 0xFF
    cells[:, 10] = deviation & 0xFF
    cells[:, 11] = np.where(ahead == _SUMMER_OFFSET, SUMMER, 0)
    return cells


def write(moment: int) -> bytes:
    """Encode epoch seconds as a date-time."""
    return write_all(np.array([moment], np.int64)).tobytes()

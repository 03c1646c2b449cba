"""DLMS date-times (IEC 62056-6-2, 4.1.6.1): 12 bytes that we write in Dutch local time and read by their own deviation.

    year 2, month, day, day of week, hour, minute, second, hundredths, deviation 2 (minutes from local time to UTC), clock status

UTC = local time + deviation: -60 in winter, -120 in summer (DSMR P3). A range sent without a deviation is ambiguous when
the clock is set back, so ours always has one. A date-time without a deviation names no moment and is refused.
"""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt

from kwartier.model.period import ZONE, from_epoch_s
from kwartier.wire.dlms.errors import Malformed, Misuse

LENGTH: Final = 12
_DAY_S: Final = 86400
_SUMMER: Final = 0x80
_ANY: Final = 0xFF
_MOST_DEVIATION: Final = 720
_FIRST_YEAR, _YEARS = 1970, 136
_MOST_S: Final = 0xFFFFFFFF

_Ints = npt.NDArray[np.int64]
_DTYPE: Final = np.dtype(
    [("year", ">u2"), ("month", "u1"), ("day", "u1"), ("weekday", "u1"), ("hour", "u1"), ("minute", "u1"), ("second", "u1"),
     ("hundredths", "u1"), ("deviation", ">i2"), ("status", "u1")]
)  # fmt: skip
_STARTS: Final = np.arange(np.datetime64(f"{_FIRST_YEAR}-01"), np.datetime64(f"{_FIRST_YEAR + _YEARS}-01")).astype("datetime64[D]")
_FIRST_DAY: Final[_Ints] = _STARTS.astype(np.int64)
"""The days from 1970-01-01 to the first day of each month."""
_DAYS: Final[_Ints] = np.diff(_FIRST_DAY, append=_FIRST_DAY[-1] + 31)


@lru_cache(maxsize=4096)
def encode(epoch_s: int) -> bytes:
    """Write a moment as the Dutch meter does: local time, its deviation, and DST in the clock status. Raises Misuse.

    The day of the week is left open (FF): every peer met takes that. Moments lie between 1970 and 2106.
    """
    if not 0 <= epoch_s <= _MOST_S:
        msg = "a moment of a range lies between 1970 and 2106"
        raise Misuse(msg)
    local = from_epoch_s(epoch_s).astimezone(ZONE)
    offset = int((local.utcoffset() or timedelta()).total_seconds()) // 60
    status = _SUMMER if local.dst() else 0
    date = local.year.to_bytes(2, "big") + bytes((local.month, local.day, _ANY, local.hour, local.minute, local.second, 0))
    return date + (-offset).to_bytes(2, "big", signed=True) + bytes((status,))


def decode(octets: bytes) -> int:
    """Read one date-time; return epoch seconds UTC. Raises Malformed, also for one that leaves its deviation or a part open."""
    if len(octets) != LENGTH:
        msg = "a date-time has 12 bytes"
        raise Malformed(msg)
    year, deviation = int.from_bytes(octets[:2], "big"), int.from_bytes(octets[9:11], "big", signed=True)
    try:
        local = datetime(year, octets[2], octets[3], octets[5], octets[6], octets[7], tzinfo=UTC)
    except ValueError:
        msg = "no such date and time"
        raise Malformed(msg) from None
    if abs(deviation) > _MOST_DEVIATION or not _FIRST_YEAR <= year < _FIRST_YEAR + _YEARS:
        msg = "a date-time without a deviation, or out of 1970..2105"
        raise Malformed(msg)
    return int(local.timestamp()) + deviation * 60


def decode_column(octets: npt.NDArray[np.uint8]) -> tuple[_Ints, npt.NDArray[np.bool_]]:
    """Read n date-times of 12 bytes each (uint8[n, 12], contiguous): epoch seconds UTC, and which of them are none."""
    parts = octets.view(_DTYPE)[:, 0]
    month = parts["year"] * np.int64(12) + (parts["month"] - np.int64(_FIRST_YEAR * 12 + 1))
    bad = (month < 0) | (month >= len(_FIRST_DAY)) | (octets[:, 2] - np.uint8(1) > 11)  # noqa: PLR2004 - twelve months
    month[bad] = 0
    day = octets[:, 3] - np.int64(1)
    clock = octets[:, 5:8]
    deviation = parts["deviation"].astype(np.int64)
    bad |= (day < 0) | (day >= _DAYS[month]) | (clock > _LAST_TIME).any(axis=1) | (np.abs(deviation) > _MOST_DEVIATION)
    seconds = (_FIRST_DAY[month] + day) * _DAY_S + clock @ _WEIGHTS + deviation * 60
    return seconds, bad


_LAST_TIME: Final = np.array([23, 59, 59], dtype=np.uint8)
_WEIGHTS: Final = np.array([3600, 60, 1], dtype=np.int64)


def step(epoch_s: int, period_s: int) -> int:
    """Return the stamp one period later; a period of whole days steps from local time to local time, over a clock change too."""
    if period_s % _DAY_S:
        return epoch_s + period_s
    later = from_epoch_s(epoch_s).astimezone(ZONE).replace(tzinfo=None) + timedelta(days=period_s // _DAY_S)
    return int(later.replace(tzinfo=ZONE).timestamp())

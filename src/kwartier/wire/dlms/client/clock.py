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
_STARTS: Final = np.arange(np.datetime64(f"{_FIRST_YEAR}-01"), np.datetime64(f"{_FIRST_YEAR + _YEARS}-01")).astype("datetime64[D]")
_BEFORE: Final[_Ints] = _STARTS.astype(np.int64) - 1
"""The days from 1970-01-01 to the last one before each month."""
_DAYS: Final[_Ints] = np.diff(_BEFORE, append=_BEFORE[-1] + 31)


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
    """Read n date-times of 12 bytes each (uint8[n, 12], contiguous): epoch seconds UTC, and which of them are none.

    Two sums over the bytes of each: the month, and the seconds since the month before ended.
    """
    if len(octets) <= _FEW:
        return _one_by_one(octets)
    month, seconds = (octets @ _WEIGHTS).T
    month -= _FIRST_MONTH
    deviation = octets[:, 9:11].copy().view(">i2")[:, 0].astype(np.int64)
    bad = (octets - _FIRST > _RANGE).any(axis=1) | (month < 0) | (month >= len(_BEFORE))
    month[bad] = 0
    bad |= (octets[:, 3] > _DAYS[month]) | (np.abs(deviation) > _MOST_DEVIATION)
    return _BEFORE[month] * _DAY_S + seconds + deviation * 60, bad


def _one_by_one(octets: npt.NDArray[np.uint8]) -> tuple[_Ints, npt.NDArray[np.bool_]]:
    """Do the same for a few, for which this is quicker."""
    seconds, bad = np.zeros(len(octets), np.int64), np.zeros(len(octets), np.bool_)
    for place, one in enumerate(octets):
        try:
            seconds[place] = decode(one.tobytes())
        except Malformed:
            bad[place] = True
    return seconds, bad


_FEW: Final = 4
_FIRST_MONTH: Final = _FIRST_YEAR * 12 + 1
_FIRST: Final = np.array([0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0], np.uint8)
_RANGE: Final = np.array([255, 255, 11, 30, 255, 23, 59, 59, 255, 255, 255, 255], np.uint8)
"""Each byte lies from _FIRST on within _RANGE; what lies below wraps around and so beyond it."""
_WEIGHTS: Final = np.zeros((LENGTH, 2), np.int64)
_WEIGHTS[:3, 0] = 12 * 256, 12, 1
_WEIGHTS[3:8, 1] = _DAY_S, 0, 3600, 60, 1


def step(epoch_s: int, period_s: int) -> int:
    """Return the stamp one period later; a period of whole days steps from local time to local time, over a clock change too."""
    if period_s % _DAY_S:
        return epoch_s + period_s
    later = from_epoch_s(epoch_s).astimezone(ZONE).replace(tzinfo=None) + timedelta(days=period_s // _DAY_S)
    return int(later.replace(tzinfo=ZONE).timestamp())

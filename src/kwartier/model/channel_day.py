"""The unit in which readings cross rooms: one channel of one connection on one local day. Never an object per reading."""

from dataclasses import dataclass
from datetime import date
from enum import IntEnum
from typing import final

from kwartier.model.register import Channel


class Quality(IntEnum):
    """Bits of a byte per interval. 0 is a valid reading; bits 0..2 mirror the AMR status (DSMR P3), the rest are our own verdicts.

    No IntFlag: it makes a member anew whenever a byte is looked at, and a round of deliveries looks at millions.
    """

    VALID = 0
    NOT_VALID = 1
    """The meter itself marked the value (ERR, CIV, DNV or CAD)."""
    POWER_DOWN = 2
    """The meter was without power in the interval (PDN); the value itself is good."""
    MISSING = 4
    """No row: the delta here is 0 and means nothing."""
    CARRIES_GAP = 8
    """The delta is the sum over the missing intervals just before and this one."""
    SUSPECT = 16
    """A validation rule doubts it; the row itself is quarantined or marked."""
    CORRECTED = 32
    """A named person put it in the place of what was read, which was wrong (GDPR art. 16)."""


@final
@dataclass(frozen=True, slots=True)
class ChannelDay:
    """One channel-day.

    `start` is the register at local midnight that opens the day (Wh or dm3). `deltas` is a buffer of native int32, one per interval
    (92/96/100 or 23/24/25), empty for day channels. `quality` has a byte per interval, or is empty when all are VALID.
    `basis` has bit `rule_no` set for each rule of the permits it was read under; `batch` is the batch that stored it.
    """

    key: int
    channel: Channel
    day: date
    start: int
    deltas: bytes
    quality: bytes
    basis: int
    meter: int
    batch: int

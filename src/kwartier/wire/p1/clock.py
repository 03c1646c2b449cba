"""Whether a meter's clock can be believed, by the clock of whoever received the telegram.

A meter's clock is set by the operator and is right within seconds; one that lost its time may be months behind and still look
plausible. Nothing here reads a clock: `received_at` is the receiver's.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, final

from kwartier.wire.p1.profile import WITHOUT_CLOCK
from kwartier.wire.p1.telegram import Telegram

ALLOWED: Final = timedelta(minutes=2)
"""A telegram is at most ten seconds under way; the rest is what a meter's clock may drift until it is set again."""


@final
class ClockState(StrEnum):
    """What a stamp is worth."""

    RIGHT = "right"
    BEHIND = "behind"
    AHEAD = "ahead"
    LOST = "lost"
    """The meter sent a stamp that it cannot mean."""
    NONE = "none"
    """This kind of telegram has no clock."""


@final
@dataclass(frozen=True, slots=True)
class ClockVerdict:
    """The state, and how far the meter is ahead of the receiver; zero where it has no time."""

    state: ClockState
    ahead: timedelta = timedelta()


def judge(telegram: Telegram, received_at: datetime, allowed: timedelta = ALLOWED) -> ClockVerdict:
    """Compare the clock of a meter with the receiver's. `received_at` has a time zone."""
    if telegram.at is None:
        return ClockVerdict(ClockState.NONE if telegram.profile in WITHOUT_CLOCK else ClockState.LOST)
    return compare(telegram.at, received_at, allowed)


def compare(stamp: datetime, received_at: datetime, allowed: timedelta) -> ClockVerdict:
    """Compare any stamp, for instance that of a gas meter, which may be as old as its own rhythm."""
    ahead = stamp - received_at
    if ahead > allowed:
        return ClockVerdict(ClockState.AHEAD, ahead)
    return ClockVerdict(ClockState.BEHIND if ahead < -allowed else ClockState.RIGHT, ahead)

"""Which clock holds: the meter's, or that of the machine that receives it. Pure.

the two agree                              the meter's: quarter-hours are its quarter-hours, to the second
they differ, and ours is set by the net    ours, and what it places is marked (meters were seen five months behind)
they differ, and ours is set by nobody     the meter's if it goes on from what was last seen, else ours: a small computer
                                           without a battery wakes up in the past
the meter says no time                     ours; in a recording, the last time plus its period
"""

from dataclasses import dataclass, replace
from typing import Final, final

from kwartier.home.track import Mark

TOLERANCE_S: Final = 300
"""Meters are corrected from a minute on, and a telegram may wait in a dongle; beyond this a clock is wrong."""
PERIOD_S: Final = 10
_STEADY: Final = 3
"""So many telegrams in a row make it news."""


@final
@dataclass(frozen=True, slots=True)
class Clock:
    """What is known of the meter's clock: `is_wrong` as last told, `against` how many telegrams since have said otherwise."""

    last: int = 0
    is_wrong: bool = False
    against: int = 0
    behind_s: int = 0


@final
@dataclass(frozen=True, slots=True)
class Receipt:
    """When a telegram arrived. `is_set`: our clock is known to be right. `at` None: from a recording, read since `began`."""

    at: int | None
    is_set: bool = True
    began: int = 0


@final
@dataclass(frozen=True, slots=True)
class Placed:
    """The time that holds; `news` is True when the meter's clock has become wrong, False when right again, None otherwise."""

    at: int
    mark: Mark
    news: bool | None = None


def place(clock: Clock, meter_at: int | None, receipt: Receipt) -> tuple[Clock, Placed]:
    """Say at which moment this telegram counts."""
    if receipt.at is None:
        at = max(clock.last + PERIOD_S, receipt.began) if meter_at is None else meter_at
        return replace(clock, last=at), Placed(at, Mark.OWN_CLOCK if meter_at is None else Mark.MEASURED)
    if meter_at is None:
        return replace(clock, last=receipt.at), Placed(receipt.at, Mark.OWN_CLOCK)
    behind = receipt.at - meter_at
    wrong = abs(behind) > TOLERANCE_S and (receipt.is_set or meter_at < clock.last)
    seen, news = _watch(clock, behind, wrong=wrong)
    at = receipt.at if wrong else meter_at
    return replace(seen, last=at), Placed(at, Mark.OWN_CLOCK if wrong else Mark.MEASURED, news)


def _watch(clock: Clock, behind: int, *, wrong: bool) -> tuple[Clock, bool | None]:
    if wrong == clock.is_wrong:
        return replace(clock, against=0, behind_s=behind), None
    if clock.against + 1 < _STEADY:
        return replace(clock, against=clock.against + 1, behind_s=behind), None
    return replace(clock, is_wrong=wrong, against=0, behind_s=behind), wrong

"""Why there are no values of a person's own part of a day, or not of every channel: "no data" always carries the cause.

It never tells of another's part. Of a day that was parted by a move a meter may be asked once for both parts, as for a sum, and one
outcome is written of both. A gap is one of all that was asked. That something fell short is about one of the grounds: whether the
own part had any is decided again.
"""

from datetime import datetime
from typing import Final

from kwartier.grounds.decide import decide
from kwartier.model.ground import Facts
from kwartier.model.period import Period, day_of, epoch_s
from kwartier.model.permit import Permit
from kwartier.model.register import INTERVAL_MASK
from kwartier.model.task import GapReason, Result
from kwartier.planning import due
from kwartier.store.registry import nights
from kwartier.store.registry.names import Own
from kwartier.store.registry.nights import Ending
from kwartier.workflows.installation import Installation

NOT_ASKED: Final = "not-asked"
"""Nobody had a ground to keep them: not asked at all, or read for a sum alone."""
NOT_YET: Final = "not-yet"


def why(house: Installation, one: Own, period: Period, known: Facts) -> str:
    """Say why not all is held of `period`, a local day as far as it is the person's own: UsageDay has the codes."""
    assert period.end is not None  # noqa: S101 - a day always closes
    with house.operator() as c:
        ending = nights.how_it_ended(c, one.key, epoch_s(period.start), epoch_s(period.end))
        if ending is None:
            return NOT_ASKED if nights.was_read(c, day_of(period.start)) else NOT_YET
    short = ending.how == GapReason.FELL_SHORT and not _is_own(ending, one.mine) and not _was_due(one, period, known, ending.begun)
    return NOT_ASKED if short or ending.how == Result.READ else ending.how


def _is_own(ending: Ending, mine: Period) -> bool:
    """True if the task asked for rows of the own time alone."""
    return epoch_s(mine.start) <= ending.first_s and (mine.end is None or ending.last_s <= epoch_s(mine.end))


def _was_due(one: Own, period: Period, known: Facts, at: datetime) -> bool:
    """True if at `at` anybody had a ground to keep values of the own part."""
    asked = due.due(known, one.product, day_of(period.start), at=at)
    mine = (request for request in asked if request.mask & INTERVAL_MASK and request.period.overlaps(period))
    return any(isinstance(answer := decide(request, known, at=at), Permit) and answer.keeps for request in mine)

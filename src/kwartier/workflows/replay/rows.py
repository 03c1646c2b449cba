"""Which rows of a profile exist, and whether grounds cover all rows of a range: counted here once more, not by the planner."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final, Protocol

from kwartier.model.period import HOUR_S, QUARTER_S, day_of, epoch_s, from_epoch_s, midnight
from kwartier.model.task import ProfileName

_STEP_S: Final = {ProfileName.E_INTERVAL: QUARTER_S, ProfileName.G_INTERVAL: HOUR_S}


class Span(Protocol):
    """Something that covers row stamps, both ends included."""

    @property
    def first_s(self) -> int:
        """The first."""

    @property
    def last_s(self) -> int:
        """The last."""


def bare(profile: str, spans: Sequence[Span], first_s: int, last_s: int) -> bool:
    """True if a row from `first_s` to `last_s` lies in none of the spans."""
    reached = first_s - 1
    for one in sorted(spans, key=lambda span: span.first_s):
        row = _row_after(profile, reached)
        if row > last_s:
            return False
        if row < one.first_s:
            return True
        reached = max(reached, one.last_s)
    return _row_after(profile, reached) <= last_s


def _row_after(profile: str, moment_s: int) -> int:
    step = _STEP_S.get(ProfileName(profile))
    if step is not None:
        return (moment_s // step + 1) * step
    return epoch_s(midnight(day_of(from_epoch_s(moment_s)) + timedelta(days=1)))

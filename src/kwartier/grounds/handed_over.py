"""Whether all that a permission was given for was handed over, from the parcels a party got. Pure."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

from kwartier.model.period import Period, day_of, midnight
from kwartier.model.register import DAY_MASK, INTERVAL_MASK, Mask

NOBODY_HAS_IT: Final = timedelta(days=40)
"""So long a meter keeps a register; what is missing still when that has passed since the end, comes from nowhere any more."""

Parcel = tuple[Mask, Period, datetime]
"""What a parcel holds of which time, and from when that counts as handed over."""


def counts_from(at: datetime, data: Period, *, missing: int) -> datetime:
    """Return from when a parcel counts: at once, but not before nobody has them any more where values are missing in it."""
    return max(at, data.end + NOBODY_HAS_IT) if missing and data.end is not None else at


def complete(mask: Mask, data: Period, parcels: Sequence[Parcel]) -> datetime | None:
    """Return the moment from which everything had been handed over and the period of data was over; None if something is missing.

    Intervals must cover all of the period, registers each local midnight of it, both ends included.
    """
    if data.end is None:
        return None
    moments = [data.end]
    for part, done in ((mask & INTERVAL_MASK, _covered), (mask & DAY_MASK, _all_midnights)):
        found = done(data, [one for one in parcels if part and not part & ~one[0]]) if part else data.end
        if found is None:
            return None
        moments.append(found)
    return max(moments)


def _covered(data: Period, parcels: Iterable[Parcel]) -> datetime | None:
    """Return when the last piece came of those that together cover the period."""
    reached, last = data.start, data.start
    for _, period, at in sorted(parcels, key=lambda one: (one[1].start, one[2])):
        if period.start > reached:
            return None
        if period.end is not None and period.end > reached:
            reached, last = period.end, max(last, at)
        if data.end is not None and reached >= data.end:
            return last
    return None


def _all_midnights(data: Period, parcels: Iterable[Parcel]) -> datetime | None:
    """Return when the last register came of those on the midnights of the period."""
    came: dict[datetime, datetime] = {}
    for _, period, at in parcels:
        if period.is_moment:
            came[period.start] = min(at, came.get(period.start, at))
    wanted = _midnights(data)
    return max((came[one] for one in wanted), default=data.start) if all(one in came for one in wanted) else None


def _midnights(data: Period) -> list[datetime]:
    first, found = day_of(data.start), []
    assert data.end is not None  # noqa: S101 - checked by the caller
    while (moment := midnight(first)) <= data.end:
        if moment >= data.start:
            found.append(moment)
        first += timedelta(days=1)
    return found

"""Values that a named person put in the place of what was read (GDPR art. 16): marked CORRECTED, not lost to a later reading."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kwartier.model.channel_day import ChannelDay, Quality

_DOUBTS: Final = Quality.NOT_VALID | Quality.SUSPECT
Marks = NDArray[np.uint8]


def with_values(row: ChannelDay, values: Mapping[int, int]) -> ChannelDay:
    """Return a channel-day with these values in the place of those there were: by interval, or 0 for the register of a day channel.

    The caller has looked that each place holds a value.
    """
    marks = _marks(row)
    for place in values:
        marks[place] = (int(marks[place]) & ~_DOUBTS) | Quality.CORRECTED
    if not row.deltas:
        return replace(row, start=values.get(0, row.start), quality=marks.tobytes())
    deltas = np.frombuffer(row.deltas, np.int32).copy()
    for place, value in values.items():
        deltas[place] = value
    return replace(row, deltas=deltas.tobytes(), quality=marks.tobytes())


def laid_over(row: ChannelDay, right: ChannelDay) -> ChannelDay:
    """Return a channel-day as it is held now with what `right` has as corrected; doing it twice changes nothing."""
    places = np.flatnonzero(_marks(right) & Quality.CORRECTED).tolist()
    if len(row.deltas) != len(right.deltas):
        return row
    values = np.frombuffer(right.deltas, np.int32)
    return with_values(row, {place: int(values[place]) if right.deltas else right.start for place in places})


def kept(old: ChannelDay, new: ChannelDay) -> ChannelDay:
    """Return a newer row with the values that were put right in an older one: the meter may say again what it said.

    Where the newer one has only a sum over several intervals, or knows one of which the older one has a part of such a sum, it
    stands: no energy counts twice.
    """
    if not old.quality or len(old.deltas) != len(new.deltas):
        return new
    theirs, ours = _marks(old), _marks(new)
    single = Quality.MISSING | Quality.CARRIES_GAP
    right = ((theirs & Quality.CORRECTED) != 0) & ((ours & Quality.CORRECTED) == 0)
    right &= (theirs & single) == (ours & single)
    if not right.any():
        return new
    marks = np.where(right, theirs, ours).astype(np.uint8)
    if not new.deltas:
        return replace(new, start=old.start, quality=marks.tobytes(), basis=old.basis | new.basis)
    deltas = np.where(right, np.frombuffer(old.deltas, np.int32), np.frombuffer(new.deltas, np.int32)).astype(np.int32)
    return replace(new, deltas=deltas.tobytes(), quality=marks.tobytes(), basis=old.basis | new.basis)


def _marks(row: ChannelDay) -> Marks:
    if row.quality:
        return np.frombuffer(row.quality, np.uint8).copy()
    return np.zeros(max(len(row.deltas) // 4, 1), np.uint8)

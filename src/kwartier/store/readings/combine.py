"""Two rows about one channel of one day: the newest speaks, and what it does not know the older one still does.

A permit may cover a part of a day (a move, a permission that begins at noon), so a day may come in parts, and a part that was
read later must not take away what was read before.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from kwartier.model.channel_day import ChannelDay, Quality
from kwartier.store.readings import put_right

Bools = NDArray[np.bool_]
Marks = NDArray[np.uint8]


def folded(rows: Iterable[ChannelDay]) -> ChannelDay:
    """Return what rows about one channel-day say together; the newest comes last. There is at least one."""
    return reduce(combined, rows)


def combined(old: ChannelDay, new: ChannelDay) -> ChannelDay:
    """Return the newer row, with intervals of the older one where the newer one knows nothing. No energy counts twice.

    What was put right in the older one stays right.
    """
    new = put_right.kept(old, new)
    if len(old.deltas) != len(new.deltas) or not new.quality:
        return new
    theirs, ours = _marks(old), _marks(new)
    taken = _whole(theirs, _free(ours))
    if not taken.any():
        return new
    deltas = np.where(taken, np.frombuffer(old.deltas, np.int32), np.frombuffer(new.deltas, np.int32))
    first = int(np.argmax(taken)) < _first_known(ours)
    marks = np.where(taken, theirs, ours)
    return replace(
        new,
        start=old.start if first else new.start,
        deltas=deltas.tobytes(),
        quality=marks.tobytes() if marks.any() else b"",
        basis=old.basis | new.basis,
    )


def _marks(row: ChannelDay) -> Marks:
    return np.frombuffer(row.quality, np.uint8) if row.quality else np.zeros(len(row.deltas) // 4, np.uint8)


def _missing(marks: Marks) -> Bools:
    missing: Bools = (marks & Quality.MISSING) != 0
    return missing


def _gaps(marks: Marks) -> Iterator[tuple[int, int]]:
    """Yield (first missing interval, the interval that carries the sum up to there) of every gap whose sum is known."""
    known = np.flatnonzero(~_missing(marks))
    for place in np.flatnonzero((marks & Quality.CARRIES_GAP) != 0).tolist():
        before = known[known < place]
        yield (int(before[-1]) + 1 if len(before) else 0), place


def _free(marks: Marks) -> Bools:
    """Return the intervals of which a row knows nothing, not even within a sum."""
    free = _missing(marks)
    for first, carrier in _gaps(marks):
        free[first:carrier] = False
    return free


def _whole(marks: Marks, free: Bools) -> Bools:
    """Return which known intervals lie in free ones; one that carries a gap only where all of its gap is free too."""
    taken = ~_missing(marks) & free
    for first, carrier in _gaps(marks):
        taken[carrier] &= bool(free[first:carrier].all())
    return taken


def _first_known(marks: Marks) -> int:
    known = np.flatnonzero(~_missing(marks))
    return int(known[0]) if len(known) else len(marks)

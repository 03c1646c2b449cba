"""From register readings to intervals: the arithmetic for one set of registers that only rise. Pure; nothing is invented.

    an interval          is the rise of the registers between its two boundaries, which are multiples of `step_s` (UTC)
    a boundary reading   the reading stamped at that very second; where there is none, but readings at most one interval apart
                         stand on both sides, what lies on the line between them: both intervals are then ESTIMATED
    a longer silence     is not shaped: the rise over it belongs to one slot that says over how many intervals it is a SUM
    a beginning or end   within an interval gives a slot with what was seen of it: PARTIAL

So at any time the values of all slots, plus what is open, are exactly the rise of the registers.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import IntFlag
from typing import final

Values = tuple[int, ...]


@final
class Mark(IntFlag):
    """What is to be known about a value. Stored; a bit never changes its meaning."""

    MEASURED = 0
    ESTIMATED = 1
    """A boundary lies on the line between the readings around it."""
    SUM = 2
    """The sum over several intervals of which this is the last: nothing was heard for longer than one."""
    PARTIAL = 4
    """The readings of this meter began or ended within."""
    OWN_CLOCK = 8
    """Placed by the receiver's clock, because the meter's was wrong or absent."""
    CLOCK_MOVED = 16
    """The clock stepped back within, so that more time passed than the interval is long."""


@final
@dataclass(frozen=True, slots=True)
class Slot:
    """What was counted in the `steps` intervals of which the last begins at `start`; `closing` are the registers at its end."""

    start: int
    values: Values
    steps: int
    mark: Mark
    closing: Values


@final
@dataclass(frozen=True, slots=True)
class Track:
    """Where the registers are. The open slot counts from `start`, a boundary or the first reading ever, and from `opening`."""

    step_s: int
    start: int
    opening: Values
    at: int
    values: Values
    mark: Mark

    @property
    def is_open(self) -> bool:
        """True if anything was heard since the open slot began."""
        return self.at > self.start

    @property
    def open_start(self) -> int:
        """The start of the interval in which the last reading lies; one on a boundary belongs to the interval it ends."""
        return (self.at - 1) // self.step_s * self.step_s

    @property
    def open_steps(self) -> int:
        """Over how many intervals the open slot reaches."""
        return (self.open_start - self.start // self.step_s * self.step_s) // self.step_s + 1

    @property
    def open_values(self) -> Values:
        """What the open slot holds so far."""
        return minus(self.values, self.opening)


def minus(left: Values, right: Values) -> Values:
    """Return the difference, register by register."""
    return tuple(a - b for a, b in zip(left, right, strict=True))


def begin(at: int, values: Values, *, step_s: int, mark: Mark = Mark.MEASURED) -> Track:
    """Return a track that begins with this reading."""
    return Track(step_s, at, values, at, values, mark | Mark.PARTIAL if at % step_s else mark)


def advance(track: Track, at: int, values: Values, *, mark: Mark = Mark.MEASURED) -> tuple[Track, tuple[Slot, ...]]:
    """Take a later reading, of registers that did not fall; return the track and the slots that are complete now."""
    boundary = (track.at // track.step_s + 1) * track.step_s
    if at < boundary:
        return replace(track, at=at, values=values, mark=track.mark | mark), ()
    if at - track.at > track.step_s:
        return _after_silence(track, at, values, mark)
    closing, how = _at_edge(track, boundary, at, values)
    moved, slot = _close(track, boundary, closing, how | mark)
    return replace(moved, at=at, values=values), (slot,)


def absorb(track: Track, values: Values, *, mark: Mark) -> Track:
    """Take a reading that is no later than the last: what was counted belongs to the open slot, and time stands still."""
    return replace(track, values=values, mark=track.mark | mark)


def end(track: Track) -> Iterator[Slot]:
    """Yield what is open as a last, partial slot; nothing if nothing came after its beginning."""
    if track.is_open:
        yield Slot(track.open_start, track.open_values, track.open_steps, track.mark | Mark.PARTIAL, track.values)


def _after_silence(track: Track, at: int, values: Values, mark: Mark) -> tuple[Track, tuple[Slot, ...]]:
    silent = replace(track, mark=track.mark | Mark.SUM)
    if at % track.step_s:
        return replace(silent, at=at, values=values, mark=silent.mark | mark), ()
    moved, slot = _close(silent, at, values, mark)
    return moved, (slot,)


def _at_edge(track: Track, edge: int, at: int, values: Values) -> tuple[Values, Mark]:
    """Return the registers at a boundary between the last reading and this one."""
    if edge == at:
        return values, Mark.MEASURED
    part, whole = edge - track.at, at - track.at
    between = (old + (new - old) * part // whole for old, new in zip(track.values, values, strict=True))
    return tuple(between), Mark.ESTIMATED


def _close(track: Track, edge: int, closing: Values, mark: Mark) -> tuple[Track, Slot]:
    """Close the open slot at a boundary; the next one opens there. `mark` is that of the boundary, so of both its sides."""
    steps = -(-(edge - track.start) // track.step_s)
    slot = Slot(edge - track.step_s, minus(closing, track.opening), steps, track.mark | mark, closing)
    return Track(track.step_s, edge, closing, edge, closing, mark), slot

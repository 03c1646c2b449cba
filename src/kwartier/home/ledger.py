"""From what arrives to what is believed: one stream of register readings, with all that happens to a meter. Pure.

A reading that goes on from the last one is taken at once. One that does not is doubted, and believed when those after it go on
from it in turn; then it is one of these:

    swap       another meter: the old one's slot ends, the new one's begins, nothing is counted in between
    reset      registers fell, or rose by more than a home can draw: the count begins anew
    changed    the meter tells other registers than before
    set back   the clock went back by more than an hour while the registers went on
    silence    nothing was heard for more than a day, or the clock was set ahead: that alone breaks no count

What comes again (a recording played twice) is known already and changes nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, final

from kwartier.home import track as tracks
from kwartier.home.sample import Counter
from kwartier.home.track import Mark, Slot, Track, Values

BELIEVED_AFTER: Final = 3
"""Readings that go on from a doubted one before it is believed, itself counted."""
_BACK_S: Final = 3600
_SILENCE_S: Final = 86_400
_HOUR_S: Final = 3600
_SLACK: Final = 20
_JITTER_S: Final = 10
MOST_PER_HOUR: Final = {"Wh": 100_000, "dm3": 100_000, "kJ": 1_000_000}
"""More than any home's connection carries: 100 kW, 100 m3 of gas or water an hour, 280 kW of heat."""


@final
class Event(StrEnum):
    """What happened to a stream of readings."""

    METER_BEGAN = "meter-began"
    METER_SWAPPED = "meter-swapped"
    REGISTERS_RESET = "registers-reset"
    REGISTERS_CHANGED = "registers-changed"
    CLOCK_SET_BACK = "clock-set-back"
    LONG_SILENCE = "long-silence"
    READING_DOUBTED = "reading-doubted"


@final
@dataclass(frozen=True, slots=True)
class Reading:
    """Registers of a meter at a moment that holds."""

    meter: str
    counters: tuple[Counter, ...]
    at: int
    values: Values
    mark: Mark = Mark.MEASURED


@final
@dataclass(frozen=True, slots=True)
class Account:
    """The meter that is believed in, and where its registers are."""

    meter: str
    counters: tuple[Counter, ...]
    track: Track


@final
@dataclass(frozen=True, slots=True)
class Doubt:
    """Readings that do not go on from the account, but from one another."""

    why: Event
    account: Account
    readings: tuple[Reading, ...]


@final
@dataclass(frozen=True, slots=True)
class Ledger:
    """The state of one stream; `step_s` is the length of its intervals."""

    step_s: int
    account: Account | None = None
    doubt: Doubt | None = None


@final
@dataclass(frozen=True, slots=True)
class Entry:
    """A complete slot of a meter."""

    meter: str
    counters: tuple[Counter, ...]
    step_s: int
    slot: Slot


@final
@dataclass(frozen=True, slots=True)
class Taken:
    """What one reading led to; `is_known` if it brought nothing new."""

    entries: tuple[Entry, ...] = ()
    events: tuple[Event, ...] = ()
    is_known: bool = False


def take(ledger: Ledger, reading: Reading) -> tuple[Ledger, Taken]:
    """Take one reading."""
    if ledger.account is None:
        began = replace(ledger, account=_begin(ledger.step_s, reading))
        return began, Taken(events=(Event.METER_BEGAN,))
    if _is_known(ledger.account, reading):
        return ledger, Taken(is_known=True)
    why = _against(ledger.account, reading)
    if why is not None:
        return _doubt(ledger, ledger.account, why, reading)
    account, entries = _go_on(ledger.account, reading)
    dropped = (Event.READING_DOUBTED,) if ledger.doubt else ()
    return Ledger(ledger.step_s, account), Taken(entries, dropped)


def _begin(step_s: int, reading: Reading) -> Account:
    return Account(reading.meter, reading.counters, tracks.begin(reading.at, reading.values, step_s=step_s, mark=reading.mark))


def _is_known(account: Account, reading: Reading) -> bool:
    if (account.meter, account.counters) != (reading.meter, reading.counters):
        return False
    return reading.at <= account.track.at and all(new <= old for new, old in zip(reading.values, account.track.values, strict=True))


def _against(account: Account, reading: Reading) -> Event | None:
    """Return why a reading does not go on from the account; None if it does."""
    if reading.meter != account.meter:
        return Event.METER_SWAPPED
    if reading.counters != account.counters:
        return Event.REGISTERS_CHANGED
    passed = reading.at - account.track.at
    rises = tracks.minus(reading.values, account.track.values)
    if min(rises) < 0 or _too_much(account.counters, rises, max(passed, 0)):
        return Event.REGISTERS_RESET
    if passed < -_BACK_S:
        return Event.CLOCK_SET_BACK
    return Event.LONG_SILENCE if passed > _SILENCE_S else None


def _too_much(counters: Iterable[Counter], rises: Values, passed_s: int) -> bool:
    return any(
        rise > _SLACK + MOST_PER_HOUR[counter.unit] * (passed_s + _JITTER_S) // _HOUR_S
        for counter, rise in zip(counters, rises, strict=True)
    )


def _go_on(account: Account, reading: Reading) -> tuple[Account, tuple[Entry, ...]]:
    old = account.track
    if reading.at <= old.at:
        moved = Mark.CLOCK_MOVED if reading.at < old.at else Mark.MEASURED
        return replace(account, track=tracks.absorb(old, reading.values, mark=reading.mark | moved)), ()
    track, slots = tracks.advance(old, reading.at, reading.values, mark=reading.mark)
    return replace(account, track=track), tuple(_entry(account, slot) for slot in slots)


def _entry(account: Account, slot: Slot) -> Entry:
    return Entry(account.meter, account.counters, account.track.step_s, slot)


def _doubt(ledger: Ledger, account: Account, why: Event, reading: Reading) -> tuple[Ledger, Taken]:
    doubt = ledger.doubt
    if doubt is None or _against(doubt.account, reading) is not None:
        fresh = Doubt(why, _begin(ledger.step_s, reading), (reading,))
        return replace(ledger, doubt=fresh), Taken()
    goes_on, _ = _go_on(doubt.account, reading)
    grown = Doubt(doubt.why, goes_on, (*doubt.readings, reading))
    if len(grown.readings) < BELIEVED_AFTER:
        return replace(ledger, doubt=grown), Taken()
    return _believe(ledger.step_s, account, grown)


def _believe(step_s: int, account: Account, doubt: Doubt) -> tuple[Ledger, Taken]:
    first, *later = doubt.readings
    entries: list[Entry] = []
    if doubt.why is Event.LONG_SILENCE:
        believed, done = _go_on(account, first)
        entries += done
    else:
        entries += (_entry(account, slot) for slot in tracks.end(account.track))
        believed = _begin(step_s, first)
    for reading in later:
        believed, done = _go_on(believed, reading)
        entries += done
    return Ledger(step_s, believed), Taken(tuple(entries), (doubt.why,))

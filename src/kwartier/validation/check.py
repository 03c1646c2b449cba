"""From the rows of an answer to channel-days: what every rule says, what the permits let through, and the rest that goes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise
from typing import Final, final

import numpy as np

from kwartier.model.channel_day import ChannelDay
from kwartier.model.meter import MeterModel
from kwartier.model.permit import PermitRef
from kwartier.model.register import Channel
from kwartier.model.task import Task
from kwartier.model.verdict import Severity, Verdict
from kwartier.validation import cover, rules, span, status
from kwartier.validation.errors import NoSuchProfile
from kwartier.validation.evidence import pack
from kwartier.validation.lay import Laid, lay
from kwartier.validation.series import Series, breaches, exceeds, series
from kwartier.validation.span import Bools, Bytes, Int64s
from kwartier.wire.dlms.rows import Rows

_DAY_S: Final = 86_400


@final
@dataclass(slots=True, eq=False)
class Validated:
    """What became of an answer.

    `channel_days` holds what a keeping permit covers and no QUARANTINE verdict touches; `sums`, per channel and local day, the
    differences (int64 per interval) that a permit with keeps=False may add up: complete, sound days only; `totals` are the
    same for registers, what a local day counted between its two midnights; `registers` what they were, sound, at the single
    midnights of such permits, by their stamp. `dropped_values`
    counts the cells that no live permit covers. `evidence` is the packed answer if something is quarantined, narrowed to what
    a keeping permit covers; None if there is nothing of that kind.
    """

    channel_days: list[ChannelDay] = field(default_factory=list)
    verdicts: list[Verdict] = field(default_factory=list)
    quarantined: bool = False
    sums: dict[Channel, dict[date, Int64s]] = field(default_factory=dict)
    totals: dict[Channel, dict[date, int]] = field(default_factory=dict)
    registers: dict[Channel, dict[int, int]] = field(default_factory=dict)
    dropped_values: int = 0
    evidence: bytes | None = None


@final
@dataclass(frozen=True, slots=True, eq=False)
class _Answer:
    """One answer on its grid, and under what it may be used. `capacity` is in W, for gas in dm3 per hour."""

    task: Task
    laid: Laid
    keeping: tuple[PermitRef, ...]
    summing: tuple[PermitRef, ...]
    capacity: int
    batch: int


def validate(
    answer_rows: Rows, task: Task, model: MeterModel, *, capacity_w: int, live: Sequence[PermitRef], batch: int
) -> Validated:
    """Judge the rows of one answer and narrow them to what the live permits cover. Raises NoSuchProfile.

    `capacity_w` is the connection's capacity: W per direction, dm3 per hour for gas.
    """
    profile = model.profile(task.profile)
    if profile is None:
        msg = "the meter model does not have the profile of this task"
        raise NoSuchProfile(msg)
    daily = profile.period_s >= _DAY_S
    grid = (
        span.midnight_grid(task.first_s, task.last_s) if daily else span.interval_grid(task.first_s, task.last_s, profile.period_s)
    )
    laid, verdicts = lay(answer_rows, grid, task, span.SHORTEST_DAY_S if daily else profile.period_s)
    keeping = tuple(permit for permit in live if permit.keeps)
    answer = _Answer(task, laid, keeping, tuple(permit for permit in live if not permit.keeps), capacity_w, batch)
    found = Validated(verdicts=verdicts, dropped_values=cover.dropped(answer_rows, live))
    asked = cover.mask(live)
    for column in profile.columns:
        if column.channel is not None and asked >> column.channel & 1:
            _channel(answer, column.channel, profile.period_s, found)
    found.quarantined = any(verdict.severity is Severity.QUARANTINE for verdict in verdicts)
    if found.quarantined and keeping:
        found.evidence = pack(cover.narrow(answer_rows, keeping))
    return found


def _channel(answer: _Answer, channel: Channel, period_s: int, found: Validated) -> None:
    if channel not in answer.laid.values:
        found.verdicts.append(rules.COLUMN.found(f"channel {channel}"))
    elif period_s >= _DAY_S:
        found.channel_days.extend(_registers(answer, channel, found))
        if answer.summing:
            found.totals[channel] = dict(_totals(answer, channel))
            found.registers[channel] = dict(_single(answer, channel))
    else:
        _intervals(answer, channel, period_s, found)


def _both(one: Bools | None, other: Bools | None) -> Bools | None:
    if one is None or other is None:
        return other if one is None else one
    return one & other


def _either(one: Bools | None, other: Bools | None) -> Bools | None:
    return None if one is None or other is None else one | other


def _intervals(answer: _Answer, channel: Channel, period_s: int, found: Validated) -> None:
    laid = answer.laid
    stamps = laid.grid.stamps
    known = laid.known[channel]
    keep = cover.covered(stamps, answer.keeping, channel)
    add = cover.covered(stamps, answer.summing, channel)
    judged = _both(known, _either(keep, add))
    kept = _both(known, keep), None if keep is None else cover.spanned(stamps, answer.keeping, channel)
    summed = _both(known, add), None if add is None else cover.spanned(stamps, answer.summing, channel)
    for place, one in enumerate(laid.grid.days):
        rows = slice(one.low, one.high + 1)
        registers = laid.values[channel][rows]
        if place in laid.spoilt:
            continue
        wrong = breaches(registers, _cut(judged, rows), period_s, answer.capacity, f"channel {channel} on {one.day}")
        if wrong:
            found.verdicts.extend(wrong)
            continue
        marks = None if laid.status is None else laid.status[rows]
        inside = slice(one.low, one.high)
        got = series(registers, _cut(kept[0], rows), marks, _cut(kept[1], inside))
        if got is not None:
            bits = cover.basis(answer.keeping, channel, int(stamps[one.low]), int(stamps[one.high]))
            found.channel_days.append(_channel_day(answer, channel, one.day, got, bits))
        total = series(registers, _cut(summed[0], rows), marks, _cut(summed[1], inside))
        if total is not None and _sound(total, marks):
            found.sums.setdefault(channel, {})[one.day] = total.deltas


def _cut(places: Bools | None, rows: slice) -> Bools | None:
    return None if places is None else places[rows]


def _sound(one: Series, marks: Bytes | None) -> bool:
    """True if complete and without doubt, the opening row included; an interval without power is sound."""
    return (one.quality is None or not (one.quality & ~status.POWER_DOWN).any()) and (
        marks is None or not marks[0] & status.NOT_VALID
    )


def _channel_day(answer: _Answer, channel: Channel, day: date, got: Series, bits: int) -> ChannelDay:
    quality = b"" if got.quality is None or not got.quality.any() else got.quality.tobytes()
    deltas = got.deltas.astype(np.int32).tobytes()
    return ChannelDay(answer.task.connection, channel, day, got.start, deltas, quality, bits, answer.task.meter, answer.batch)


def _registers(answer: _Answer, channel: Channel, found: Validated) -> Iterator[ChannelDay]:
    """Yield the registers at local midnights that are covered and sound. A breach between two keeps both out."""
    laid = answer.laid
    stamps, values = laid.grid.stamps.tolist(), laid.values[channel].tolist()
    known = _both(laid.known[channel], cover.covered(laid.grid.stamps, answer.keeping, channel))
    there = [place for place in range(len(stamps)) if known is None or known[place]]
    torn = _torn(answer, channel, [(place, stamps[place], values[place]) for place in there], found)
    for place in there:
        if place not in torn and place not in laid.spoilt:
            mark = 0 if laid.status is None else int(status.QUALITY[laid.status[place]])
            bits = cover.basis(answer.keeping, channel, stamps[place], stamps[place])
            got = Series(values[place], _NOTHING, np.array([mark], np.uint8) if mark else None)
            yield _channel_day(answer, channel, laid.grid.days[place].day, got, bits)


def _totals(answer: _Answer, channel: Channel) -> Iterator[tuple[date, int]]:
    """Yield what each local day counted that a summing permit covers; a day in any doubt is left out."""
    laid, values = answer.laid, answer.laid.values[channel].tolist()
    stamps, known = laid.grid.stamps.tolist(), laid.known[channel]
    for place in np.flatnonzero(cover.spanned(laid.grid.stamps, answer.summing, channel)).tolist():
        ends = (place, place + 1)
        there = known is None or all(known[end] for end in ends)
        marks = 0 if laid.status is None else int(status.QUALITY[laid.status[place]] | status.QUALITY[laid.status[place + 1]])
        counted = values[place + 1] - values[place]
        possible = counted >= 0 and not exceeds(counted, answer.capacity * (stamps[place + 1] - stamps[place]))
        if there and possible and values[place] >= 0 and not marks & ~status.POWER_DOWN and laid.spoilt.isdisjoint(ends):
            yield laid.grid.days[place].day, counted


def _single(answer: _Answer, channel: Channel) -> Iterator[tuple[int, int]]:
    """Yield the registers of single midnights that a summing permit asks for, by their stamp; one in any doubt is left out."""
    asked = {permit.first_s for permit in answer.summing if permit.first_s == permit.last_s and permit.mask >> channel & 1}
    laid, known = answer.laid, answer.laid.known[channel]
    for place, stamp in enumerate(laid.grid.stamps.tolist()):
        value = int(laid.values[channel][place])
        marks = 0 if laid.status is None else int(status.QUALITY[laid.status[place]])
        there = (known is None or known[place]) and place not in laid.spoilt
        if stamp in asked and there and value >= 0 and not marks & ~status.POWER_DOWN:
            yield stamp, value


_NOTHING: Final = np.zeros(0, np.int64)


def _torn(answer: _Answer, channel: Channel, rows: list[tuple[int, int, int]], found: Validated) -> set[int]:
    """Return the places on either side of a breach of V06 or V07; rows are (place, stamp, register)."""
    torn = {place for place, _, value in rows if value < 0}
    fell = len(torn)
    for (before, from_s, earlier), (after, to_s, later) in pairwise(rows):
        if later < earlier:
            fell += 1
            torn |= {before, after}
        elif exceeds(later - earlier, answer.capacity * (to_s - from_s)):
            found.verdicts.append(rules.CAPACITY.found(f"channel {channel}: in {to_s - from_s} s"))
            torn |= {before, after}
    if fell:
        found.verdicts.append(rules.MONOTONE.found(f"channel {channel}: {fell} times"))
    return torn

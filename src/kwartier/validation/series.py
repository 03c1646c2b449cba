"""From registers to differences per interval: gaps are kept as gaps, and nothing is invented."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, final

import numpy as np

from kwartier.model.channel_day import Quality
from kwartier.model.verdict import Verdict
from kwartier.validation import rules, status
from kwartier.validation.span import Bools, Bytes, Int64s

_INT32_MAX: Final = 2**31 - 1
_SAFE: Final = _INT32_MAX * 3000
_TOLERANCE_S: Final = 3000
"""120 % of a capacity in W over s seconds is capacity * s * 120 / 100 / 3600 Wh = capacity * s / 3000; dm3 per hour likewise."""


@final
@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """One channel of one day, before it has an owner.

    `start + cumsum(deltas)` is the register at every known boundary up to the first time that no permit covers. `start` is the
    register at the opening midnight; if that row is missing, it is the first register known that day, the intervals before it are
    MISSING and the first of them is SUSPECT besides. `quality` is None when all are VALID.
    """

    start: int
    deltas: Int64s
    quality: Bytes | None


def series(registers: Int64s, known: Bools | None, marks: Bytes | None, spanned: Bools | None = None) -> Series | None:
    """Make the differences between n + 1 registers; None if there is none to make.

    `marks` are AMR status bytes of the rows: a row's status speaks about the interval that it closes. `spanned` are the intervals
    that a permit covers, None for all: what lies between two registers is told only where every interval of it is covered.
    """
    if (known is None or known.all()) and (spanned is None or spanned.all()):
        return Series(int(registers[0]), registers[1:] - registers[:-1], None if marks is None else status.QUALITY[marks[1:]])
    opens, closes = _pairs(np.arange(len(registers)) if known is None else np.flatnonzero(known), spanned)
    if not len(opens):
        return None
    deltas = np.zeros(len(registers) - 1, np.int64)
    deltas[closes - 1] = registers[closes] - registers[opens]
    quality = np.full(len(deltas), Quality.MISSING, np.uint8)
    quality[closes - 1] = np.where(closes - opens > 1, np.uint8(Quality.CARRIES_GAP), np.uint8(0))
    if marks is not None:
        quality[closes - 1] |= status.QUALITY[marks[closes]]
    if opens[0]:
        quality[0] |= Quality.SUSPECT
    return Series(int(registers[opens[0]]), deltas, quality)


def _pairs(at: Int64s, spanned: Bools | None) -> tuple[Int64s, Int64s]:
    """Return the places of subsequent known registers between which everything is covered."""
    opens, closes = at[:-1], at[1:]
    if spanned is None:
        return opens, closes
    bare = np.concatenate([[0], np.cumsum(~spanned)])
    whole = bare[opens] == bare[closes]
    return opens[whole], closes[whole]


def breaches(registers: Int64s, known: Bools | None, period_s: int, capacity: int, where: str) -> list[Verdict]:
    """Return what V06 and V07 find between subsequent known registers, `period_s` apart when none is missing."""
    gaps: Int64s | None = None
    if known is not None and not known.all():
        at = np.flatnonzero(known)
        registers, gaps = registers[at], at[1:] - at[:-1]
    if len(registers) < 2:  # noqa: PLR2004 - a difference has two ends
        return []
    steps = registers[1:] - registers[:-1]
    most = capacity * period_s
    ends_sound = int(registers[0]) >= 0 and int(registers[-1]) >= 0  # small steps that wrapped around would end below zero
    if ends_sound and int(steps.min()) >= 0 and int(steps.max()) * _TOLERANCE_S < most < _SAFE:
        return []
    return list(_tell(registers, steps, [most] * len(steps) if gaps is None else [most * int(gap) for gap in gaps], where))


def _tell(registers: Int64s, steps: Int64s, bounds: list[int], where: str) -> Iterator[Verdict]:
    if fell := int((steps < 0).sum()) + int((registers < 0).sum()):
        yield rules.MONOTONE.found(f"{where}: {fell} times")
    exact = [later - earlier for earlier, later in pairwise(registers.tolist())]
    over = [step for step, most in zip(exact, bounds, strict=True) if exceeds(step, most)]
    if over:
        yield rules.CAPACITY.found(f"{where}: {len(over)} periods")


def exceeds(step: int, capacity_seconds: int) -> bool:
    """True if a difference is 120 % or more of the capacity over its time (W s or dm3/h s), or more than a row can hold."""
    return step * _TOLERANCE_S >= capacity_seconds or step > _INT32_MAX

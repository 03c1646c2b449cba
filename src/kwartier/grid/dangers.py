"""S18: dangerous situations at a connection, from events and voltages, and who must act. Pure; no usage comes in here.

Sources: DSMR P3 4.2.2 event codes 40-49 and alarm register; SMR 5 power quality events 80-92 and alarm bits 28-30 (as implemented);
EN 50160: 230 V with at most 10 % above. A phase under half of that has lost its conductor, or its fuse.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, final

from kwartier.model.care import Chore, Sight
from kwartier.model.period import from_epoch_s

HIGHEST_DV: Final = 2530
LOST_DV: Final = 1150


class Danger(StrEnum):
    """What may hurt somebody, or lets somebody hurt themselves."""

    OVER_VOLTAGE = "over_voltage"
    PHASE_LOST = "phase_lost"
    TERMINAL_COVER = "terminal_cover"
    METER_COVER = "meter_cover"
    STRONG_FIELD = "strong_field"
    FAILED_LOGINS = "failed_logins"
    FRAUD_ALARM = "fraud_alarm"


class Act(StrEnum):
    """Who must act: the fault desk at once, a fitter on a visit, or the desk that looks into tampering."""

    FAULT_DESK = "fault_desk"
    FITTER = "fitter"
    TAMPER_DESK = "tamper_desk"


ACTS: Final = {
    Danger.OVER_VOLTAGE: Act.FAULT_DESK,
    Danger.PHASE_LOST: Act.FAULT_DESK,
    Danger.TERMINAL_COVER: Act.FITTER,
    Danger.METER_COVER: Act.TAMPER_DESK,
    Danger.STRONG_FIELD: Act.TAMPER_DESK,
    Danger.FAILED_LOGINS: Act.TAMPER_DESK,
    Danger.FRAUD_ALARM: Act.TAMPER_DESK,
}

ASKED: Final = (Chore.FRAUD_EVENTS, Chore.QUALITY_EVENTS, Chore.VOLTAGES, Chore.ALARMS)
"""What is asked of a meter to find dangers."""

_BEGIN: Final = {
    40: (Danger.TERMINAL_COVER, 0),
    42: (Danger.STRONG_FIELD, 0),
    44: (Danger.METER_COVER, 0),
    46: (Danger.FAILED_LOGINS, 0),
    80: (Danger.OVER_VOLTAGE, 1),
    81: (Danger.OVER_VOLTAGE, 2),
    82: (Danger.OVER_VOLTAGE, 3),
    86: (Danger.PHASE_LOST, 1),
    87: (Danger.PHASE_LOST, 2),
    88: (Danger.PHASE_LOST, 3),
}
"""Event codes with what begins, and on which phase (0: none)."""
_END: Final = {code + 1: _BEGIN[code] for code in (40, 42, 44)} | {
    code + shift: _BEGIN[code] for first, shift in ((80, 3), (86, 4)) for code in range(first, first + 3)
}
"""Covers closed, field gone, voltage normal, phase returned."""
_FIRST_PHASE_BIT, _PHASES = 28, 3
_FRAUD_BIT: Final = 13


@final
@dataclass(frozen=True, slots=True)
class Found:
    """One danger. `phase` is 1..3, 0 where it is about none; `level_dv` the voltage seen on it, tenths of a volt, None if not seen.

    `since` is when it began, or when it was seen if that is not known.
    """

    danger: Danger
    since: datetime
    phase: int = 0
    level_dv: int | None = None

    @property
    def act(self) -> Act:
        """Who must act."""
        return ACTS[self.danger]


def judge(sights: Iterable[Sight]) -> list[Found]:
    """Return the dangers at one connection, each once per phase with its earliest moment, the most urgent first.

    Voltages seen now outweigh the log: what a log says began and the voltage shows to be over is no danger any more. A fraud alarm
    that a log explains is told as what it is.
    """
    seen = list(sights)
    levels = next((sight.levels_dv for sight in seen if sight.chore is Chore.VOLTAGES), ())
    found: dict[tuple[Danger, int], Found] = {}
    for one in (found for sight in seen for found in _of(sight)):
        if _is_over(one, levels):
            continue
        key = one.danger, one.phase
        kept = found.get(key)
        level = one.level_dv if kept is None or one.level_dv is not None else kept.level_dv
        since = one.since if kept is None else min(kept.since, one.since)
        found[key] = Found(one.danger, since, one.phase, level)
    explained = any(danger in _EXPLAINS for danger, _ in found)
    return [found[key] for key in sorted(found, key=_order) if not (explained and key[0] is Danger.FRAUD_ALARM)]


_EXPLAINS: Final = frozenset({Danger.TERMINAL_COVER, Danger.METER_COVER, Danger.STRONG_FIELD, Danger.FAILED_LOGINS})


def _order(key: tuple[Danger, int]) -> tuple[int, int]:
    return list(Danger).index(key[0]), key[1]


def _of(sight: Sight) -> Iterator[Found]:
    match sight.chore:
        case Chore.VOLTAGES:
            for phase, level in enumerate(sight.levels_dv, 1):
                if level > HIGHEST_DV:
                    yield Found(Danger.OVER_VOLTAGE, sight.at, phase, level)
                elif level < LOST_DV:
                    yield Found(Danger.PHASE_LOST, sight.at, phase, level)
        case Chore.FRAUD_EVENTS | Chore.QUALITY_EVENTS:
            yield from _standing(sight)
        case Chore.ALARMS:
            for phase in range(1, _PHASES + 1):
                if sight.value >> (_FIRST_PHASE_BIT + phase - 1) & 1:
                    yield Found(Danger.PHASE_LOST, sight.at, phase)
            if sight.value >> _FRAUD_BIT & 1:
                yield Found(Danger.FRAUD_ALARM, sight.at)
        case _:
            pass


def _standing(sight: Sight) -> Iterator[Found]:
    """Yield what the log says began and does not say ended."""
    open_since: dict[tuple[Danger, int], int] = {}
    for at, code in sight.entries:
        if code in _END:
            open_since.pop(_END[code], None)
        elif code in _BEGIN:
            open_since.setdefault(_BEGIN[code], at)
    yield from (Found(danger, from_epoch_s(at), phase) for (danger, phase), at in open_since.items())


def _is_over(one: Found, levels: tuple[int, ...]) -> bool:
    """True if the voltage on its phase, seen now, says that it is over."""
    if not 0 < one.phase <= len(levels):
        return False
    level = levels[one.phase - 1]
    return level <= HIGHEST_DV if one.danger is Danger.OVER_VOLTAGE else level >= LOST_DV

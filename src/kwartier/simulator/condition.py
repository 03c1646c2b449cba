"""The condition of one meter: what its registers, logs and voltages say of what is wrong with it, and of what once was."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from random import Random
from typing import final

from kwartier.model.period import HOUR_S, ZONE, epoch_s, midnight, quarters_in
from kwartier.simulator import care, firmware
from kwartier.simulator.care import Ailment, Care
from kwartier.simulator.logs import Entry, Log
from kwartier.simulator.smr5 import Alarm, Event
from kwartier.simulator.town import Home, Town

_DAY_S = 86_400
_QUARTERS_A_DAY = 96
_PAST_DAYS = 3, 30
"""What is wrong began so many days before the town's date."""
_COVERED, _FAILED_ONCE = 0.04, 0.08
"""Homes whose terminal cover was off and put back by a fitter, and those with a power failure of their own, weeks ago."""
_BATTERY_WORDS = Event.REPLACE_BATTERY, Event.BATTERY_LOW
_GAS_POWER_LOW = 0x04
"""Bit 2 of the M-Bus status byte (DSMR P2)."""
_HIGH_DV, _ORDINARY_DV, _NEAR_NOTHING_DV = (2545, 2590), (2262, 2378), (0, 40)
"""Tenths of a volt, of a phase that is too high, of any, of one that is lost."""
_NOISE_S = 60
_FUSE_HOURS, _FUSE_MINUTES = (8, 15), (30, 200)
_WAKING_S = 40
"""Meters write a failure down some seconds after the power is back."""


@final
@dataclass(frozen=True, slots=True)
class Condition:
    """What a meter knew of itself before anybody spoke to it. `high` is a phase 1..3 with too high a voltage; 0 is none."""

    number: int
    ahead_s: int = 0
    alarms: int = 0
    errors: int = 0
    version: str = firmware.PRESENT
    gas_status: int = 0
    phases: int = 3
    high: int = 0
    logs: Mapping[Log, tuple[Entry, ...]] = field(default_factory=dict)

    def voltage_dv(self, phase: int, at: int, *, lost: bool) -> int:
        """Return a phase's voltage at a moment, in tenths of a volt."""
        bounds = _NEAR_NOTHING_DV if lost else _HIGH_DV if phase == self.high else _ORDINARY_DV
        return Random(f"{self.number}/{phase}/{at // _NOISE_S}").randint(*bounds)


@final
class Clinic:
    """Knows the condition of every meter of a town."""

    def __init__(self, town: Town) -> None:
        """Look at a town; nothing is drawn before it is asked for."""
        self._town = town

    @cached_property
    def care(self) -> Care:
        """Who has what."""
        return care.drawn(self._town)

    @cached_property
    def _last_switch(self) -> int:
        """When the clocks last changed between summer and winter before the town's date: at 01:00 UTC."""
        day = self._town.day - timedelta(days=1)
        while quarters_in(day) == _QUARTERS_A_DAY:
            day -= timedelta(days=1)
        return int(datetime(day.year, day.month, day.day, 1, tzinfo=UTC).timestamp())

    def condition(self, number: int) -> Condition:
        """Return the condition of a meter."""
        owner = self._town.at(number)
        return self._of_home(owner) if isinstance(owner, Home) else Condition(number)

    def _of_home(self, home: Home) -> Condition:
        """Put together what a home's meter says."""
        draw = Random(f"{self._town.seed}/condition/{home.index}")
        ailment = self.care.ailments.get(home.index)
        ahead = self.care.ahead_s.get(home.index, 0)
        phase = self.care.phase.get(home.index, 0)
        since = self._past(draw)
        bits, happened = _signs(ailment, phase, since, draw)
        logs: dict[Log, list[Entry]] = {log: [] for log in Log}
        for log, entry in (*happened, *self._history(home, draw)):
            logs[log].append(Entry(entry.stamp_s + ahead, entry.value))
        return Condition(
            number=home.number,
            ahead_s=ahead,
            alarms=bits,
            errors=bits & ~(1 << Alarm.FRAUD) & 0xFFFF,
            version=firmware.FIRST if ailment is Ailment.OLD_FIRMWARE else firmware.PRESENT,
            gas_status=_GAS_POWER_LOW if ailment is Ailment.GAS_BATTERY else 0,
            phases=care.phases(self._town.seed, home),
            high=phase if ailment is Ailment.OVER_VOLTAGE else 0,
            logs={log: tuple(sorted(entries)) for log, entries in logs.items()},
        )

    def _past(self, draw: Random) -> int:
        """Draw a moment of the past weeks."""
        return epoch_s(midnight(self._town.day)) - draw.randrange(_PAST_DAYS[0] * _DAY_S, _PAST_DAYS[1] * _DAY_S)

    def _history(self, home: Home, draw: Random) -> Iterator[tuple[Log, Entry]]:
        """Yield what happened to any home: the clock's change of season, a fitter's visit, failures of the power."""
        yield Log.STANDARD, Entry(self._last_switch, Event.SUMMER_TIME)
        if draw.random() < _COVERED:
            visit = self._past(draw)
            yield Log.FRAUD, Entry(visit, Event.TERMINAL_COVER_OFF)
            yield Log.FRAUD, Entry(visit + draw.randrange(600, HOUR_S), Event.TERMINAL_COVER_ON)
        if draw.random() < _FAILED_ONCE:
            yield from _failure(self._past(draw), draw.randrange(200, 2 * HOUR_S), draw)
        if self.care.ailments.get(home.index) is Ailment.OWN_FUSE:
            yield from _failure(self._fuse(draw), draw.randrange(*_FUSE_MINUTES) * 60, draw)
        if self.care.dark(home):
            outage = self.care.outage
            yield from _failure(outage.end_s, outage.end_s - outage.start_s, draw)

    def _fuse(self, draw: Random) -> int:
        """Draw when a home's own fuse was put back: on the town's date, hours before the outage."""
        day = self._town.day
        return epoch_s(datetime(day.year, day.month, day.day, draw.randint(*_FUSE_HOURS), draw.randrange(60), tzinfo=ZONE))


def _signs(ailment: Ailment | None, phase: int, since: int, draw: Random) -> tuple[int, list[tuple[Log, Entry]]]:
    """Return the alarm bits that an ailment sets, and what it wrote down."""
    memory = draw.choice(((Alarm.PROGRAM_MEMORY, Event.PROGRAM_MEMORY), (Alarm.RAM, Event.RAM)))
    bit, log, codes = {
        Ailment.BATTERY_LOW: (Alarm.REPLACE_BATTERY, Log.STANDARD, (draw.choice(_BATTERY_WORDS),)),
        Ailment.GAS_BATTERY: (None, Log.MBUS, (Event.MBUS_BATTERY,)),
        Ailment.MEMORY_ERROR: (memory[0], Log.STANDARD, (memory[1],)),
        Ailment.TERMINAL_COVER: (Alarm.FRAUD, Log.FRAUD, (Event.TERMINAL_COVER_OFF,)),
        Ailment.METER_COVER: (Alarm.FRAUD, Log.FRAUD, (Event.METER_COVER_OFF,)),
        Ailment.FAILED_LOGINS: (Alarm.FRAUD, Log.FRAUD, (Event.FAILED_LOGINS,) * draw.randint(1, 4)),
        Ailment.PHASE_LOST: (Alarm.PHASE_LOST + phase - 1, Log.QUALITY, (Event.PHASE_LOST_L1 + phase - 1,)),
        Ailment.OVER_VOLTAGE: (None, Log.QUALITY, (Event.OVER_VOLTAGE_L1 + phase - 1,)),
    }.get(ailment or Ailment.OLD_FIRMWARE, (None, Log.STANDARD, ()))
    entries = [(log, Entry(since + 20 * turn, code)) for turn, code in enumerate(codes)]
    return 0 if bit is None else 1 << bit, entries


def _failure(end_s: int, lasted_s: int, draw: Random) -> Iterator[tuple[Log, Entry]]:
    """Yield what a power failure leaves behind."""
    awake = draw.randrange(_WAKING_S)
    yield Log.STANDARD, Entry(end_s - lasted_s, Event.POWER_DOWN)
    yield Log.STANDARD, Entry(end_s + awake, Event.POWER_UP)
    yield Log.FAILURES, Entry(end_s + awake, lasted_s + awake)

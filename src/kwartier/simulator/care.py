"""What is wrong with the devices and the grid of a town, as a table beside `behaviour.TABLE`: nothing of it touches usage.

Drawn from generators of its own over homes whose meters are otherwise sound, so that the same seed gives the same town as without.
A few lie at homes that may not be asked: an operator that finds those asked too much.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import islice
from random import Random
from typing import final

from kwartier.model.period import ZONE, epoch_s
from kwartier.simulator.behaviour import Fault
from kwartier.simulator.town import NEVER_TROUBLED, Home, Town


class Ailment(StrEnum):
    """One thing that wants care. Words as in `care_truth.json`."""

    BATTERY_LOW = "battery_low"
    GAS_BATTERY = "gas_battery"
    CLOCK_OFF = "clock_off"
    MEMORY_ERROR = "memory_error"
    OLD_FIRMWARE = "old_firmware"
    TERMINAL_COVER = "terminal_cover"
    METER_COVER = "meter_cover"
    FAILED_LOGINS = "failed_logins"
    PHASE_LOST = "phase_lost"
    OVER_VOLTAGE = "over_voltage"
    OWN_FUSE = "own_fuse"


@final
@dataclass(frozen=True, slots=True)
class Share:
    """How many homes of the town have an ailment: `per_mille` of them, at least `least`; `does` says what it is.

    `at` is what else lies at a home that has it, too.
    """

    ailment: Ailment
    per_mille: int
    does: str
    least: int = 1
    at: Fault | None = None


TABLE = (
    Share(Ailment.BATTERY_LOW, 8, "the battery of the clock is low", at=Fault.ADMINISTRATIVELY_OFF),
    Share(Ailment.GAS_BATTERY, 10, "the battery of the gas meter is low"),
    Share(Ailment.CLOCK_OFF, 6, "the clock is off by minutes; one is months behind", least=3),
    Share(Ailment.MEMORY_ERROR, 3, "the program memory or the RAM failed its check"),
    Share(Ailment.OLD_FIRMWARE, 15, "an earlier update never reached it", least=2),
    Share(Ailment.TERMINAL_COVER, 3, "the terminal cover was taken off and not put back", at=Fault.REFUSED_WITH_METER),
    Share(Ailment.METER_COVER, 2, "the meter was opened"),
    Share(Ailment.FAILED_LOGINS, 3, "somebody tried to get in with false keys"),
    Share(Ailment.PHASE_LOST, 3, "one of three phases is gone"),
    Share(Ailment.OVER_VOLTAGE, 5, "one phase is above 253 V", at=Fault.ADMINISTRATIVELY_OFF),
    Share(Ailment.OWN_FUSE, 3, "its own main fuse blew: a power failure of one home"),
)
_FIRST_CLOCKS = (95, -240, -(151 * 86400 + 7 * 3600 + 1140))
"""Seconds the first three clocks are ahead; the last one is five months behind."""
_ONE_PHASE = 0.6
_SMALL_GRID = 6
_OUTAGE_MINUTES = 20, 90
_OUTAGE_HOURS = 18, 22


@final
@dataclass(frozen=True, slots=True)
class Outage:
    """The homes of these transformers were without power from `start_s` to `end_s` (epoch seconds), whole minutes."""

    transformers: tuple[int, ...]
    start_s: int
    end_s: int


@final
@dataclass(frozen=True, slots=True)
class Care:
    """Who has what: ailments by home, seconds that clocks are ahead, phases 1..3 that are lost or too high, and the outage."""

    ailments: Mapping[int, Ailment]
    ahead_s: Mapping[int, int]
    phase: Mapping[int, int]
    outage: Outage

    def homes(self, ailment: Ailment) -> list[int]:
        """Return the homes that have it, in order."""
        return sorted(home for home, has in self.ailments.items() if has is ailment)

    def dark(self, home: Home) -> bool:
        """True if the outage reached it."""
        return home.transformer in self.outage.transformers


def phases(seed: int, home: Home) -> int:
    """Return how many phases a home has: three where a big charger or a heat pump asks for them, else by chance."""
    owns = home.owns
    big = owns.heat_pump or owns.charger_w > 7400 or owns.solar_w > 5000  # noqa: PLR2004 - what one phase of 25 or 35 A cannot carry
    return 3 if big or Random(f"{seed}/phases/{home.index}").random() >= _ONE_PHASE else 1


def drawn(town: Town) -> Care:
    """Draw what is wrong in a town."""
    outage = _outage(town)
    given: dict[int, Ailment] = {}
    fits = _fitness(town, outage)
    order = [home for home in town.homes if home.fault is Fault.SOUND and home.index not in NEVER_TROUBLED]
    Random(f"{town.seed}/care").shuffle(order)
    for least in (True, False):  # the least of each first: a small town has some of everything
        for share in TABLE:
            wanted = share.least if least else max(0, (share.per_mille * len(town.homes) + 500) // 1000 - share.least)
            free = (home.index for home in order if home.index not in given and fits(share.ailment, home))
            given |= dict.fromkeys(islice(free, wanted), share.ailment)
    given |= dict(_barred(town, fits))
    return _settled(town, given, outage)


def _fitness(town: Town, outage: Outage) -> Callable[[Ailment, Home], bool]:
    """Return what says whether a home may have an ailment."""

    def fits(ailment: Ailment, home: Home) -> bool:
        if ailment is Ailment.GAS_BATTERY:
            return home.owns.gas
        if ailment is Ailment.PHASE_LOST:
            return phases(town.seed, home) == 3  # noqa: PLR2004 - three phases
        if ailment in {Ailment.CLOCK_OFF, Ailment.OWN_FUSE}:  # the outage would hide these
            return home.transformer not in outage.transformers
        return True

    return fits


def _barred(town: Town, fits: Callable[[Ailment, Home], bool]) -> Iterator[tuple[int, Ailment]]:
    """Yield what lies at homes that may not be asked, one of each."""
    taken: set[int] = set()
    for share in TABLE:
        found = next((h for h in town.homes if h.fault is share.at and h.index not in taken and fits(share.ailment, h)), None)
        if share.at and found:
            taken.add(found.index)
            yield found.index, share.ailment


def _settled(town: Town, given: Mapping[int, Ailment], outage: Outage) -> Care:
    """Settle how far clocks are off and which phase it is."""
    ahead: dict[int, int] = {}
    phase: dict[int, int] = {}
    for home, ailment in given.items():
        draw = Random(f"{town.seed}/care/{home}")
        if ailment is Ailment.CLOCK_OFF:
            drift = draw.choice((-1, 1)) * draw.randrange(61, 600)
            ahead[home] = _FIRST_CLOCKS[len(ahead)] if len(ahead) < len(_FIRST_CLOCKS) else drift
        if ailment in {Ailment.PHASE_LOST, Ailment.OVER_VOLTAGE}:
            phase[home] = draw.randrange(phases(town.seed, town.homes[home])) + 1
    return Care(given, ahead, phase, outage)


def _outage(town: Town) -> Outage:
    """Draw the outage: one transformer where there are few, else two, in the evening of the town's date."""
    draw = Random(f"{town.seed}/outage")
    sound = [t.index for t in town.transformers if not t.troubled and t.index]
    struck = draw.sample(sound, min(len(sound), 1 if len(sound) < _SMALL_GRID else 2)) or [0]
    day = town.day
    end = datetime(day.year, day.month, day.day, draw.randrange(*_OUTAGE_HOURS), draw.randrange(60), tzinfo=ZONE)
    lasted = timedelta(minutes=draw.randint(*_OUTAGE_MINUTES))
    return Outage(tuple(sorted(struck)), epoch_s(end - lasted), epoch_s(end))

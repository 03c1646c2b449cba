"""What may be wrong with a meter, as a table. Faults keep to every fourth transformer.

So the others can be read whole, and where there are faults there are enough of them for a figure of the loss to be published.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from random import Random
from typing import final


class Fault(StrEnum):
    """One thing a home's meter, or its customer's choice, does to the night. SOUND: nothing."""

    SOUND = "sound"
    REFUSED_NO_METER = "refused_no_meter"
    REFUSED_WITH_METER = "refused_with_meter"
    ADMINISTRATIVELY_OFF = "administratively_off"
    SILENT = "silent"
    SLOW = "slow"
    DROPS = "drops"
    COUNTER_TOLD = "counter_told"
    COUNTER_SILENT = "counter_silent"
    STALE_GAS = "stale_gas"
    MISSING_ROWS = "missing_rows"
    CLOCK_INVALID = "clock_invalid"
    BACKWARDS = "backwards"
    REPEATED_ROW = "repeated_row"
    WRONG_KEY = "wrong_key"
    WRONG_TAG = "wrong_tag"
    POWER_DIP = "power_dip"
    OFF_GRID = "off_grid"


@final
@dataclass(frozen=True, slots=True)
class Share:
    """How many homes of the town get a fault: `per_mille` of them, at least one, at most `most`; `does` says what it is."""

    fault: Fault
    per_mille: int
    does: str
    most: int | None = None
    needs_gas: bool = False


TABLE = (
    Share(
        Fault.ADMINISTRATIVELY_OFF, 30, "the customer had the meter switched off administratively; it still answers, nobody may ask"
    ),
    Share(Fault.SILENT, 10, "takes the connection and never answers"),
    Share(Fault.REFUSED_NO_METER, 15, "the customer refused: there is no readable meter"),
    Share(Fault.BACKWARDS, 1, "the import register falls by some kWh during the day", most=1),
    Share(Fault.MISSING_ROWS, 5, "one to three quarter-hour rows of the day are not there"),
    Share(Fault.STALE_GAS, 5, "for some hours the gas meter gave nothing new: value and capture time stand still", needs_gas=True),
    Share(Fault.COUNTER_TOLD, 5, "its last invocation counter is ahead; it answers a lower one with D8 01 06 and what it expects"),
    Share(
        Fault.COUNTER_SILENT, 5, "its last invocation counter is ahead; a lower one gets no answer, the public client can read it"
    ),
    Share(Fault.DROPS, 5, "closes the connection in the middle of the first profile answer, once"),
    Share(Fault.SLOW, 5, "answers after 0.5 to 1 s"),
    Share(Fault.CLOCK_INVALID, 5, "some rows of the day have the status clock invalid"),
    Share(Fault.REFUSED_WITH_METER, 5, "the customer refused, but the readable meter still hangs there"),
    Share(Fault.REPEATED_ROW, 3, "gives one row of the day twice"),
    Share(Fault.WRONG_KEY, 3, "its keys are others than those that were shipped; it cannot decipher what it is asked"),
    Share(Fault.WRONG_TAG, 3, "the tag of its profile answers is wrong"),
    Share(Fault.POWER_DIP, 5, "was without power for a moment in one to three quarter-hours of the day; their values are good"),
    Share(Fault.OFF_GRID, 3, "stamps one to three rows of the day some seconds or minutes past the quarter"),
)
"""In order of importance: a small town gets the first ones."""
_ROOM = 4, 5
"""Of the homes of a troubled transformer at most this fraction has a fault."""


def assign(homes: Sequence[int], with_gas: frozenset[int], total: int, draw: Random) -> dict[int, Fault]:
    """Give faults to some of `homes`, the ones that may have any, for a town of `total` homes."""
    order = draw.sample(homes, len(homes))
    room = len(homes) * _ROOM[0] // _ROOM[1]
    given: dict[int, Fault] = {}
    for fault, needs_gas in _wanted(total):
        if len(given) >= room:
            break
        home = next((h for h in order if h not in given and (h in with_gas or not needs_gas)), None)
        if home is not None:
            given[home] = fault
    return given


def _wanted(total: int) -> Iterator[tuple[Fault, bool]]:
    """Yield each fault once, then each as often as its share asks."""
    for share in TABLE:
        yield share.fault, share.needs_gas
    for share in TABLE:
        more = (share.per_mille * total + 500) // 1000 - 1
        for _ in range(more if share.most is None else min(more, share.most - 1)):
            yield share.fault, share.needs_gas

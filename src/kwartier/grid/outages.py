"""S17: outages from the power failures that meters remember, placed on their transformer. Pure; no usage comes in here.

A transformer was out when the meters behind it were without power at the same time: most of those that answered, and more than one.
One home alone has lost its own fuse. A meter remembers when a failure ended and how long it took (DSMR P3 4.2.2, 1-0:99.97.0).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, final

LEAST_HOMES: Final = 2
MOST_OF: Final = 0.5
"""The fraction of the meters asked that must have been without power."""
PHASES: Final = 3
LOST_DV: Final = 1150
"""A phase under half of 230 V is gone."""
LOOSE_S: Final = 120
"""Clocks of meters differ: moments this close together are one."""


class Failure(NamedTuple):
    """One power failure that a meter remembers, epoch seconds, half-open."""

    start_s: int
    end_s: int


@final
@dataclass(frozen=True, slots=True)
class Outage:
    """A transformer was without power. `homes` of the `asked` meters remember it; times are medians of theirs, epoch seconds."""

    transformer: int
    start_s: int
    end_s: int
    homes: int
    asked: int


@final
@dataclass(frozen=True, slots=True)
class OwnFailure:
    """A home was without power and its neighbours were not: its own fuse, or its own cable."""

    meter: int
    transformer: int
    start_s: int
    end_s: int


@final
@dataclass(frozen=True, slots=True)
class Found:
    """What the power failures of a grid come down to."""

    outages: tuple[Outage, ...]
    own: tuple[OwnFailure, ...]


def failures(entries: Iterable[tuple[int, int]]) -> list[Failure]:
    """Return the failures in a log of (end, duration in seconds)."""
    return [Failure(end - seconds, end) for end, seconds in entries]


def find(remembered: Mapping[int, Mapping[int, Sequence[Failure]]]) -> Found:
    """Find outages in {transformer: {meter: failures}}; a meter that answered and remembers none counts as asked.

    Failures belong together that overlap, give or take LOOSE_S.
    """
    outages: list[Outage] = []
    own: list[OwnFailure] = []
    for transformer, meters in sorted(remembered.items()):
        for group in _together((failure, meter) for meter, listed in meters.items() for failure in listed):
            homes = {meter for _, meter in group}
            start, end = _median([one.start_s for one, _ in group]), _median([one.end_s for one, _ in group])
            if _most(len(homes), len(meters)):
                outages.append(Outage(transformer, start, end, len(homes), len(meters)))
            else:
                own += [OwnFailure(meter, transformer, one.start_s, one.end_s) for one, meter in group]
    return Found(tuple(outages), tuple(own))


@final
@dataclass(frozen=True, slots=True)
class Dark:
    """A transformer behind which there is no power now: on one phase (1..3), or at all (0). `homes` of `asked` meters show it."""

    transformer: int
    phase: int
    homes: int
    asked: int


def dark(levels: Mapping[int, Mapping[int, Sequence[int] | None]]) -> list[Dark]:
    """Find what is out now in {transformer: {meter: voltages in tenths of a volt, L1 first; None: not to be reached}}.

    A meter without power cannot answer. One that is silent may have another reason; most behind a transformer at once have not.
    Where nobody answers behind several transformers, it is our own line that is dead, and nothing is found.
    """
    if len(levels) > 1 and all(seen is None for meters in levels.values() for seen in meters.values()):
        return []
    found = []
    for transformer, meters in sorted(levels.items()):
        silent = sum(seen is None for seen in meters.values())
        if _most(silent, len(meters)):
            found.append(Dark(transformer, 0, silent, len(meters)))
            continue
        for phase in range(1, PHASES + 1):
            there = [seen[phase - 1] for seen in meters.values() if seen is not None and len(seen) >= phase]
            lost = sum(level < LOST_DV for level in there)
            if _most(lost, len(there)):
                found.append(Dark(transformer, phase, lost, len(there)))
    return found


def _most(some: int, whole: int) -> bool:
    return some >= LEAST_HOMES and some > MOST_OF * whole


def _together(listed: Iterable[tuple[Failure, int]]) -> list[list[tuple[Failure, int]]]:
    """Gather failures that overlap, in order of time."""
    groups: list[list[tuple[Failure, int]]] = []
    reached = 0
    for failure, meter in sorted(listed):
        if not groups or failure.start_s > reached + LOOSE_S:
            groups.append([])
            reached = failure.end_s
        groups[-1].append((failure, meter))
        reached = max(reached, failure.end_s)
    return groups


def _median(numbers: list[int]) -> int:
    return sorted(numbers)[len(numbers) // 2]

"""From telegrams to history: the clock, the electricity meter and the meters behind it, in one state. Pure: no clock, no files.

Electricity is one stream of one meter, so that a new meter is a swap. Meters behind it (gas, water, heat) are each a stream of
their own, by their own stamps: an hour each, whether a value comes every five minutes or once an hour.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Final, final

from kwartier.home import clock as clocks
from kwartier.home import ledger as ledgers
from kwartier.home.clock import Clock, Placed, Receipt
from kwartier.home.ledger import Entry, Event, Ledger, Reading
from kwartier.home.sample import NO_METER, Counter, Device, Sample
from kwartier.home.track import Mark
from kwartier.model.period import HOUR_S, QUARTER_S

STAMP_REACH_S: Final = 2 * 86_400
"""A device whose stamp lies further off than this has no clock to go by."""

DeviceKey = tuple[str, Counter]


@final
@dataclass(frozen=True, slots=True)
class State:
    """All that must be remembered between two telegrams."""

    clock: Clock = field(default_factory=Clock)
    electricity: Ledger = field(default_factory=lambda: Ledger(QUARTER_S))
    devices: Mapping[DeviceKey, Ledger] = field(default_factory=lambda: MappingProxyType({}))


@final
@dataclass(frozen=True, slots=True)
class Happened:
    """Something worth telling, of which meter (a keyed hash)."""

    event: Event
    meter: str


@final
@dataclass(frozen=True, slots=True)
class Outcome:
    """What one telegram led to: the time it counts at, slots that are complete now, and what happened."""

    placed: Placed
    entries: tuple[Entry, ...] = ()
    happened: tuple[Happened, ...] = ()
    is_known: bool = False


def take(state: State, sample: Sample, receipt: Receipt) -> tuple[State, Outcome]:
    """Take one telegram."""
    clock, placed = clocks.place(state.clock, sample.at, receipt)
    taken: list[tuple[str, ledgers.Taken]] = []
    electricity = state.electricity
    if sample.registers:
        counters = tuple(counter for counter in Counter if counter in sample.registers)
        values = tuple(sample.registers[counter] for counter in counters)
        electricity, done = ledgers.take(electricity, Reading(sample.meter, counters, placed.at, values, placed.mark))
        taken.append((sample.meter, done))
    devices = dict(state.devices)
    for key, reading in _of_devices(state, sample, placed):
        devices[key], done = ledgers.take(devices.get(key, Ledger(HOUR_S)), reading)
        taken.append((reading.meter, done))
    outcome = Outcome(
        placed,
        tuple(entry for _, done in taken for entry in done.entries),
        tuple(Happened(event, meter) for meter, done in taken for event in done.events),
        all(done.is_known for _, done in taken),
    )
    return replace(state, clock=clock, electricity=electricity, devices=MappingProxyType(devices)), outcome


def _of_devices(state: State, sample: Sample, placed: Placed) -> Iterator[tuple[DeviceKey, Reading]]:
    for device in sample.devices:
        key = (device.meter, device.counter)
        if device.meter == NO_METER and any(other != key and other[1] == device.counter for other in state.devices):
            continue  # a line was lost: its number, and we know whose it would be, or not
        at, mark = _at(state.devices.get(key), device, placed)
        if at is not None:
            yield key, Reading(device.meter, (device.counter,), at, (device.value,), mark)


def _at(known: Ledger | None, device: Device, placed: Placed) -> tuple[int | None, Mark]:
    """Return when a device's value was captured; None if it is an old one, told again and again by a meter that is gone."""
    if device.at is not None and abs(device.at - placed.at) <= STAMP_REACH_S:
        return device.at, Mark.MEASURED
    if device.at is not None and known and known.account and known.account.track.values == (device.value,):
        return None, Mark.MEASURED
    return placed.at, Mark.OWN_CLOCK

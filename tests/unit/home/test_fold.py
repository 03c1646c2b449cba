"""The fold over what meters behind the meter do, over published telegrams, and over anything at all."""

import lzma
import random
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from kwartier.home import fold
from kwartier.home.clock import Receipt
from kwartier.home.fold import Outcome, State
from kwartier.home.ledger import Entry, Event
from kwartier.home.line import Line
from kwartier.home.sample import NO_METER, Counter, Device, Sample
from kwartier.home.track import Mark

AT = 1_781_000_100 // 3600 * 3600
DATA = Path(__file__).resolve().parents[2] / "data" / "p1"


def gas(at: int, value: int, *, stamp: int | None = None, meter: str = "g") -> Sample:
    """Return a telegram that tells of gas only; `at` and `stamp` are seconds after AT."""
    return Sample("m", AT + at, devices=(Device(meter, Counter.GAS, AT + (at if stamp is None else stamp), value),))


def run(samples: list[Sample], *, receipt: Receipt | None = None) -> tuple[State, list[Entry], list[Outcome]]:
    """Take samples in order."""
    state = State()
    entries: list[Entry] = []
    outcomes: list[Outcome] = []
    for sample in samples:
        state, outcome = fold.take(state, sample, receipt or Receipt(None))
        entries += outcome.entries
        outcomes.append(outcome)
    return state, entries, outcomes


def told(entries: list[Entry]) -> list[tuple[int, int, int, Mark]]:
    """Return entries as (hours since AT, value, steps, mark)."""
    return [((each.slot.start - AT) // 3600, each.slot.values[0], each.slot.steps, each.slot.mark) for each in entries]


def test_gas_once_an_hour_and_every_five_minutes_give_the_same_hours() -> None:
    hourly = [gas(at, 1000 + at // 3600 * 24, stamp=at // 3600 * 3600) for at in range(0, 4 * 3600 + 1, 10)]
    often = [gas(at, 1000 + at // 300 * 2, stamp=at // 300 * 300) for at in range(0, 4 * 3600 + 1, 10)]
    expected = [(hour, 24, 1, Mark.MEASURED) for hour in range(4)]
    assert told(run(hourly)[1]) == told(run(often)[1]) == expected


def test_a_value_told_again_for_an_hour_is_counted_once() -> None:
    _, entries, outcomes = run([gas(at, 1000, stamp=0) for at in range(0, 7200, 10)])
    assert entries == []
    assert all(outcome.is_known for outcome in outcomes[1:])


def test_a_gas_meter_with_a_broken_clock_is_placed_by_the_telegram() -> None:
    samples = [gas(at, 1000 + at // 600, stamp=-200 * 86_400) for at in range(0, 7201, 600)]
    _, entries, _ = run(samples)
    assert [(hour, value) for hour, value, _, mark in told(entries) if mark & Mark.OWN_CLOCK] == [(0, 6), (1, 6)]


def test_a_dead_gas_meter_has_no_hours_at_all() -> None:
    _, entries, _ = run([gas(at, 1000, stamp=-200 * 86_400) for at in range(0, 7201, 600)])
    assert entries == []


def test_two_gas_meters_are_two_streams() -> None:
    samples = [gas(at, 1000 + at // 360, meter="a") for at in range(0, 3601, 300)]
    samples += [gas(at, 5, meter="b") for at in range(3600, 7201, 300)]
    state, entries, outcomes = run(samples)
    assert {each.meter for each in entries} == {"a", "b"}
    assert len(state.devices) == 2
    assert [each.event for outcome in outcomes for each in outcome.happened] == [Event.METER_BEGAN, Event.METER_BEGAN]


def test_a_device_whose_number_was_lost_once_is_not_counted_twice() -> None:
    samples = [gas(at, 1000 + at // 360, meter=NO_METER if at == 3600 else "g") for at in range(0, 7201, 300)]
    state, entries, _ = run(samples)
    assert set(state.devices) == {("g", Counter.GAS)}
    assert sum(each.slot.values[0] for each in entries) == 20


def test_the_published_recording_of_ten_minutes_rises_by_what_its_registers_say() -> None:
    text = lzma.decompress((DATA / "nielsbasjes__dsmr-tools" / "ttyUSB0-raw.txt.xz").read_bytes())
    line, state, count = Line(bytes(16)), State(), 0
    for heard in line.receive(text):
        state, outcome = fold.take(state, heard.sample, Receipt(None))
        assert not outcome.is_known
        assert outcome.placed.mark == Mark.MEASURED
        count += 1
    assert count == 566
    account = state.electricity.account
    assert account is not None
    assert sum(account.track.open_values) == 94
    assert account.track.at - account.track.start == 566


def test_every_published_telegram_is_taken_or_refused_and_none_breaks_the_history() -> None:
    state, taken = State(), 0
    for path in sorted(DATA.rglob("*.telegram")):
        for heard in Line(bytes(16)).receive(path.read_bytes() + b"\r\n"):
            state, outcome = fold.take(state, heard.sample, Receipt(None))
            taken += 1
            assert all(min(entry.slot.values) >= 0 for entry in outcome.entries)
    assert taken > 30


@given(st.integers(0, 2**32))
def test_any_sequence_of_samples_is_folded_without_a_negative_value(seed: int) -> None:
    dice = random.Random(seed)
    state = State()
    for _ in range(dice.randrange(60)):
        registers = {
            counter: dice.choice([0, dice.randrange(10**4), dice.randrange(10**9)])
            for counter in dice.sample([Counter.IMPORT_LOW, Counter.IMPORT_NORMAL, Counter.EXPORT], dice.randrange(4))
        }
        devices = tuple(
            Device(
                dice.choice("ab"), Counter.GAS, dice.choice([None, AT, AT + dice.randrange(-(10**7), 10**7)]), dice.randrange(10**6)
            )
            for _ in range(dice.randrange(3))
        )
        sample = Sample(dice.choice("mn"), dice.choice([None, 0, AT + dice.randrange(-(10**6), 10**6)]), registers, devices=devices)
        receipt = dice.choice([Receipt(None, began=AT), Receipt(AT + dice.randrange(10**5), is_set=dice.random() < 0.5)])
        state, outcome = fold.take(state, sample, receipt)
        for entry in outcome.entries:
            assert min(entry.slot.values) >= 0
            assert entry.slot.steps >= 1
            assert entry.slot.start % entry.step_s == 0

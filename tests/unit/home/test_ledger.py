"""What is believed, what is doubted, and what is never counted."""

from collections.abc import Iterable
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from kwartier.home import ledger as ledgers
from kwartier.home.ledger import BELIEVED_AFTER, Entry, Event, Ledger, Reading
from kwartier.home.sample import Counter
from kwartier.home.track import Mark

BOTH = (Counter.IMPORT, Counter.EXPORT)
T0 = 1_700_000_100 // 900 * 900


def read(at: int, taken: int, *, meter: str = "old", given_back: int = 0, mark: Mark = Mark.MEASURED) -> Reading:
    """Return a reading so many seconds after T0."""
    return Reading(meter, BOTH, T0 + at, (taken, given_back), mark)


def run(readings: Iterable[Reading], ledger: Ledger | None = None) -> tuple[Ledger, list[Entry], list[Event]]:
    """Take readings in order."""
    found = ledger or Ledger(900)
    entries: list[Entry] = []
    events: list[Event] = []
    for reading in readings:
        found, taken = ledgers.take(found, reading)
        entries += taken.entries
        events += taken.events
    return found, entries, events


def told(entries: list[Entry]) -> list[tuple[str, int, int, Mark]]:
    """Return entries as (meter, quarters since T0, Wh taken, mark)."""
    return [(entry.meter, (entry.slot.start - T0) // 900, entry.slot.values[0], entry.slot.mark) for entry in entries]


def test_a_steady_meter_is_only_counted() -> None:
    _, entries, events = run(read(at, at // 10) for at in range(0, 1801, 10))
    assert told(entries) == [("old", 0, 90, Mark.MEASURED), ("old", 1, 90, Mark.MEASURED)]
    assert events == [Event.METER_BEGAN]


def test_a_new_meter_ends_the_old_ones_slot_and_counts_from_its_own_beginning() -> None:
    old = [read(at, 5_000_000 + at // 10) for at in range(0, 601, 10)]
    new = [read(at, 200 + (at - 700) // 10, meter="new") for at in range(700, 1801, 10)]
    ledger, entries, events = run([*old, *new])
    assert told(entries) == [("old", 0, 60, Mark.PARTIAL), ("new", 0, 20, Mark.PARTIAL), ("new", 1, 90, Mark.MEASURED)]
    assert events == [Event.METER_BEGAN, Event.METER_SWAPPED]
    assert ledger.account is not None
    assert ledger.account.meter == "new"


def test_one_odd_reading_is_left_out_and_told() -> None:
    for odd in (
        read(455, 9_000_000),
        read(455, 3),
        read(455, 45, meter="other"),
        Reading("old", (Counter.IMPORT,), T0 + 455, (45,)),
    ):
        steady = [read(at, 40 + at // 10) for at in range(0, 901, 10)]
        _, entries, events = run([*steady[:46], odd, *steady[46:]])
        assert told(entries) == [("old", 0, 90, Mark.MEASURED)]
        assert events == [Event.METER_BEGAN, Event.READING_DOUBTED]


def test_registers_that_begin_anew_give_no_negative_and_no_spike() -> None:
    before = [read(at, 7_000_000 + at // 10) for at in range(0, 1201, 10)]
    after = [read(at, (at - 1210) // 10) for at in range(1210, 2701, 10)]
    _, entries, events = run([*before, *after])
    assert told(entries) == [
        ("old", 0, 90, Mark.MEASURED),
        ("old", 1, 30, Mark.PARTIAL),
        ("old", 1, 59, Mark.PARTIAL),
        ("old", 2, 90, Mark.MEASURED),
    ]
    assert events == [Event.METER_BEGAN, Event.REGISTERS_RESET]


def test_a_jump_beyond_what_a_home_can_draw_is_not_counted() -> None:
    before = [read(at, at // 10) for at in range(0, 451, 10)]
    after = [read(at, 8_000_000 + at // 10) for at in range(460, 901, 10)]
    _, entries, events = run([*before, *after])
    assert sum(entry.slot.values[0] for entry in entries) == 45 + 44
    assert events == [Event.METER_BEGAN, Event.REGISTERS_RESET]


def test_after_a_day_of_silence_the_count_goes_on() -> None:
    before = [read(at, at // 10) for at in range(0, 901, 10)]
    after = [read(200_000 + at, 9000 + at // 10) for at in range(0, 901, 10)]
    _, entries, events = run([*before, *after])
    assert [entry.slot.steps for entry in entries] == [1, (T0 + 200_000) // 900 - T0 // 900]
    assert entries[1].slot.mark == Mark.SUM
    assert sum(entry.slot.values[0] for entry in entries) == 9000 + (entries[1].slot.start + 900 - T0 - 200_000) // 10
    assert events == [Event.METER_BEGAN, Event.LONG_SILENCE]


def test_a_clock_set_back_by_little_adds_to_the_quarter_that_runs() -> None:
    before = [read(at, at // 10) for at in range(0, 801, 10)]
    after = [read(at, 80 + (at - 500) // 10) for at in range(510, 901, 10)]
    _, entries, events = run([*before, *after])
    assert told(entries) == [("old", 0, 120, Mark.CLOCK_MOVED)]
    assert events == [Event.METER_BEGAN]


def test_a_clock_set_back_by_months_begins_anew_there() -> None:
    back = -150 * 86_400
    before = [read(at, at // 10) for at in range(0, 451, 10)]
    after = [read(back + at, 46 + at // 10) for at in range(0, 901, 10)]
    _, entries, events = run([*before, *after])
    assert told(entries) == [("old", 0, 45, Mark.PARTIAL), ("old", back // 900, 90, Mark.MEASURED)]
    assert events == [Event.METER_BEGAN, Event.CLOCK_SET_BACK]


def test_the_same_recording_twice_changes_nothing() -> None:
    readings = [read(at, at // 10) for at in range(0, 2701, 10)]
    once, entries, _ = run(readings)
    twice, more, events = run(readings, once)
    assert twice == once
    assert len(entries) == 3
    assert (more, events) == ([], [])


def test_a_doubt_is_not_believed_before_its_time() -> None:
    ledger, _, _ = run([read(0, 100), *(read(at, 5 + at, meter="new") for at in range(1, BELIEVED_AFTER))])
    assert ledger.account is not None
    assert ledger.account.meter == "old"
    assert ledger.doubt is not None
    assert len(ledger.doubt.readings) == BELIEVED_AFTER - 1


@st.composite
def lives(draw: st.DrawFn) -> list[Reading]:
    """A meter's life with swaps, resets, glitches and pauses."""
    at, meter, taken = 0, 0, draw(st.integers(0, 10**8))
    readings: list[Reading] = []
    for _ in range(draw(st.integers(1, 8))):
        kind = draw(st.sampled_from(["steady", "swap", "reset", "glitch", "pause", "duplicate"]))
        if kind == "swap":
            meter, taken = meter + 1, draw(st.integers(0, 10**8))
        elif kind == "reset":
            taken = draw(st.integers(0, taken))
        elif kind == "pause":
            at += draw(st.integers(1, 200_000))
        elif kind == "glitch":
            readings.append(read(at + 1, draw(st.integers(0, 10**9)), meter=draw(st.sampled_from(["x", f"m{meter}"]))))
        elif kind == "duplicate" and readings:
            readings.append(readings[-1])
        for _ in range(draw(st.integers(4, 12))):
            step, rise = draw(st.integers(1, 400)), draw(st.integers(0, 20))
            at, taken = at + 1 + step, taken + rise
            readings.append(read(at, taken, meter=f"m{meter}"))
    return readings


@given(lives())
def test_whatever_happens_nothing_is_negative_and_nothing_is_made_up(readings: list[Reading]) -> None:
    ledger, entries, _ = run(readings)
    per_meter: dict[str, int] = {}
    for entry in entries:
        assert min(entry.slot.values) >= 0
        per_meter[entry.meter] = per_meter.get(entry.meter, 0) + entry.slot.values[0]
    if ledger.account:
        name = ledger.account.meter
        per_meter[name] = per_meter.get(name, 0) + ledger.account.track.open_values[0]
    for meter, counted in per_meter.items():
        own = [reading for reading in readings if reading.meter == meter]
        assert counted <= sum(max(0, new.values[0] - old.values[0]) for old, new in pairwise(own))


@given(st.lists(st.tuples(st.integers(1, 3000), st.integers(0, 200)), min_size=1, max_size=40))
def test_of_a_meter_without_mishap_every_watt_hour_is_counted(steps: list[tuple[int, int]]) -> None:
    at = taken = 0
    readings = [read(0, 0)]
    for passed, rise in steps:
        at, taken = at + passed, taken + min(rise, 20 + passed * 20)
        readings.append(read(at, taken))
    ledger, entries, events = run(readings)
    assert ledger.account is not None
    assert sum(entry.slot.values[0] for entry in entries) + ledger.account.track.open_values[0] == taken
    assert events == [Event.METER_BEGAN]

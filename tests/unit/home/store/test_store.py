"""The store: one writer, whole batches, bounded telegrams, and a state that comes back as it was."""

import random
import sqlite3
import subprocess
import sys
from pathlib import Path
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from home_support import House
from kwartier.home import fold
from kwartier.home.clock import Clock, Receipt
from kwartier.home.errors import StoreBusy
from kwartier.home.fold import State
from kwartier.home.ledger import BELIEVED_AFTER, Account, Doubt, Entry, Event, Ledger, Reading
from kwartier.home.line import Line
from kwartier.home.sample import Counter
from kwartier.home.store import history, memory, raw, schema, writer
from kwartier.home.store.raw import Raw
from kwartier.home.store.writer import BLOCK_TELEGRAMS, Batch, Told
from kwartier.home.track import Mark, Slot, Track

AT = 1_781_000_100 // 900 * 900
COUNTERS = (Counter.IMPORT_LOW, Counter.IMPORT_NORMAL)


def entry(start: int, *values: int, steps: int = 1, mark: Mark = Mark.MEASURED, meter: str = "m") -> Entry:
    """Return a complete quarter."""
    return Entry(meter, COUNTERS[: len(values)], 900, Slot(start, values, steps, mark, values))


numbers = st.integers(0, 2**60)
marks = st.integers(0, 31).map(Mark)
words = st.text("abcdef0123456789", max_size=16)
counters = st.lists(st.sampled_from(list(Counter)), min_size=1, max_size=3, unique=True).map(tuple)


@st.composite
def accounts(draw: st.DrawFn) -> Account:
    """Any account."""
    kinds = draw(counters)
    values = st.tuples(*[numbers] * len(kinds))
    track = Track(draw(st.sampled_from([900, 3600])), draw(numbers), draw(values), draw(numbers), draw(values), draw(marks))
    return Account(draw(words), kinds, track)


@st.composite
def ledgers(draw: st.DrawFn) -> Ledger:
    """Any ledger, with and without a doubt."""
    account = draw(st.none() | accounts())
    doubt = None
    if account and draw(st.booleans()):
        kinds = draw(counters)
        reading = Reading(draw(words), kinds, draw(numbers), draw(st.tuples(*[numbers] * len(kinds))), draw(marks))
        doubt = Doubt(draw(st.sampled_from(list(Event))), draw(accounts()), (reading,) * draw(st.integers(1, BELIEVED_AFTER)))
    return Ledger(draw(st.sampled_from([900, 3600])), account, doubt)


@given(
    st.builds(
        State,
        st.builds(Clock, numbers, st.booleans(), st.integers(0, 3), st.integers(-(10**9), 10**9)),
        ledgers(),
        st.dictionaries(st.tuples(words, st.sampled_from(list(Counter))), ledgers(), max_size=3).map(MappingProxyType),
    )
)
def test_a_state_comes_back_as_it_was(state: State) -> None:
    assert memory.load(memory.dump(state)) == state


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"format": 2}', '{"format": 1}', '{"format": 1, "devices": [[1]]}'])
def test_what_is_no_state_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        memory.load(text)


@given(st.lists(st.builds(Raw, st.integers(-(2**40), 2**40), st.binary(max_size=50)), max_size=20))
def test_a_block_holds_what_was_put_in(telegrams: list[Raw]) -> None:
    assert raw.unpack(raw.pack(telegrams)) == telegrams


def test_a_batch_is_written_whole(tmp_path: Path) -> None:
    with writer.opened(tmp_path, raw_days=1, raw_mb=1) as kept:
        kept.save(Batch(State(), [entry(AT, 5, 7)], [Told(AT, "x", "m")], [Raw(AT, b"t")], [("2026-06", "m", 4000)]))
        bad = entry(AT + 900, 1, -1)
        with pytest.raises(sqlite3.IntegrityError):
            kept.save(Batch(State(), [entry(AT + 900, 1, 1), bad], [Told(AT, "y", "m")], [Raw(AT, b"u")]))
        kept.save(Batch(State(), [entry(AT + 1800, 2, 2)]))
    with history.opened(tmp_path) as opened:
        assert {start for start, _ in opened.intervals(AT, AT + 3600)} == {AT, AT + 1800}
        assert [told.kind for told in opened.events()] == ["x"]
        assert [each.telegram for each in opened.telegrams(0, 2**40)] == [b"t"]


def test_meters_and_rates_are_added_up(tmp_path: Path) -> None:
    with writer.opened(tmp_path, raw_days=1, raw_mb=1) as kept:
        kept.save(Batch(State(), [entry(AT, 5, 7, mark=Mark.PARTIAL), entry(AT, 30, meter="n", mark=Mark.ESTIMATED)]))
        kept.save(Batch(State(), [entry(AT, 1, 1)]))  # the clock was set back: the same quarter once more
    with history.opened(tmp_path) as opened:
        found = opened.intervals(AT, AT + 900)
        assert {counter: (each.value, each.mark) for (_, counter), each in found.items()} == {
            Counter.IMPORT_LOW: (36, Mark.PARTIAL | Mark.ESTIMATED),
            Counter.IMPORT_NORMAL: (8, Mark.PARTIAL),
        }
        assert opened.peak(AT, AT + 900) == (44, AT)
        assert [counters for _, counters in opened.meters()] == [COUNTERS, COUNTERS[:1]]


def test_a_sum_over_a_silence_is_no_peak(tmp_path: Path) -> None:
    with writer.opened(tmp_path, raw_days=1, raw_mb=1) as kept:
        kept.save(Batch(State(), [entry(AT, 5000, steps=9, mark=Mark.SUM), entry(AT + 900, 10)]))
    with history.opened(tmp_path) as opened:
        assert opened.peak(AT, AT + 3600) == (10, AT + 900)


def test_telegrams_are_bounded_in_days_and_in_size(tmp_path: Path) -> None:
    noise = [bytes([n % 256, n // 256]) * 700 + sys.version.encode() for n in range(BLOCK_TELEGRAMS)]
    with writer.opened(tmp_path, raw_days=2, raw_mb=1) as kept:
        for hour in range(96):
            kept.save(Batch(State(), telegrams=[Raw(AT + hour * 3600 + n * 6, noise[n]) for n in range(BLOCK_TELEGRAMS)]))
    with history.opened(tmp_path) as opened:
        kept_telegrams = list(opened.telegrams(0, 2**40))
        assert len(kept_telegrams) <= 49 * BLOCK_TELEGRAMS
        assert kept_telegrams[-1] == Raw(AT + 95 * 3600 + (BLOCK_TELEGRAMS - 1) * 6, noise[-1])
        assert kept_telegrams[0].at >= AT + 95 * 3600 - 2 * 86_400
        assert opened.raw_size()[1] <= 1024 * 1024
    assert (tmp_path / schema.FILE_NAME).stat().st_size < 4 * 1024 * 1024


def test_a_size_of_its_own_bounds_what_does_not_compress(tmp_path: Path) -> None:
    dice = random.Random(5)
    with writer.opened(tmp_path, raw_days=3660, raw_mb=1) as kept:
        for block in range(6):
            noise = [Raw(AT + block * 1000 + n, dice.randbytes(513)) for n in range(BLOCK_TELEGRAMS)]
            kept.save(Batch(State(), telegrams=noise))
    with history.opened(tmp_path) as opened:
        telegrams, size = opened.raw_size()
        assert 0 < size <= 1024 * 1024
        assert telegrams < 6 * BLOCK_TELEGRAMS
        assert max(each.at for each in opened.telegrams(0, 2**40)) == AT + 5 * 1000 + BLOCK_TELEGRAMS - 1


def test_only_one_keeps_a_folder(tmp_path: Path) -> None:
    with writer.opened(tmp_path, raw_days=1, raw_mb=1), pytest.raises(StoreBusy), writer.opened(tmp_path, raw_days=1, raw_mb=1):
        pass
    with writer.opened(tmp_path, raw_days=1, raw_mb=1):
        pass


def test_a_file_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    with writer.opened(tmp_path, raw_days=1, raw_mb=1):
        pass
    connection = sqlite3.connect(tmp_path / schema.FILE_NAME)
    connection.execute(f"PRAGMA user_version = {len(schema.STEPS) + 1}")
    connection.close()
    with pytest.raises(StoreBusy, match="newer"), writer.opened(tmp_path, raw_days=1, raw_mb=1):
        pass


def test_facts_are_made_once(tmp_path: Path) -> None:
    with writer.opened(tmp_path, raw_days=1, raw_mb=1) as kept:
        salt = kept.fact("meter_salt")
        assert len(bytes.fromhex(salt)) == 16
    with writer.opened(tmp_path, raw_days=1, raw_mb=1) as kept:
        assert kept.fact("meter_salt") == salt
        assert kept.fact("home") != salt
        assert kept.noted("line") is None
        kept.note("line", "9600 7E1")
        assert kept.noted("line") == "9600 7E1"


def test_nothing_in_the_file_tells_a_meters_number(tmp_path: Path) -> None:
    """But the telegrams that are kept, which are the customer's own."""
    line, state = Line(bytes(16)), State()
    with writer.opened(tmp_path, raw_days=1, raw_mb=1) as kept:
        for text in House(AT - 1000).telegrams(100, 30):
            [heard] = line.receive(text)
            state, outcome = fold.take(state, heard.sample, Receipt(None))
            kept.save(Batch(state, outcome.entries, [Told(0, each.event, each.meter) for each in outcome.happened]))
    content = (tmp_path / schema.FILE_NAME).read_bytes()
    for number in (b"4B5741525449", b"KWARTIER", b"KWARTIEG"):
        assert number not in content


def test_the_registers_at_midnight_are_kept(tmp_path: Path) -> None:
    midnight = 1_781_042_400  # 2026-06-10 00:00 in summer time
    with writer.opened(tmp_path, raw_days=1, raw_mb=1) as kept:
        kept.save(Batch(State(), [entry(midnight - 1800, 5, 7), entry(midnight - 900, 50, 70), entry(midnight, 500, 700)]))
    with history.opened(tmp_path) as opened:
        assert opened.readings(0, 2**40) == [
            (midnight, "m", Counter.IMPORT_LOW, 50, Mark.MEASURED),
            (midnight, "m", Counter.IMPORT_NORMAL, 70, Mark.MEASURED),
        ]


def test_a_kill_in_the_middle_loses_no_batch_that_was_written(tmp_path: Path) -> None:
    script = f"""
import os, sys
from pathlib import Path
sys.path.insert(0, {str(Path(__file__).parents[3])!r})
from kwartier.home.fold import State
from kwartier.home.store import writer
from kwartier.home.store.raw import Raw
from kwartier.home.store.writer import Batch
with writer.opened(Path({str(tmp_path)!r}), raw_days=1, raw_mb=1) as kept:
    for number in range(50):
        kept.save(Batch(State(), telegrams=[Raw(number, b"t")]))
    os.kill(os.getpid(), 9)
"""
    run = subprocess.run([sys.executable, "-c", script], check=False)
    assert run.returncode == -9
    with writer.opened(tmp_path, raw_days=1, raw_mb=1), history.opened(tmp_path) as opened:
        assert [each.at for each in opened.telegrams(-1, 100)] == list(range(50))

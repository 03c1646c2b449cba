"""The sum of the quarters is the rise of the registers, and nothing is invented."""

from hypothesis import given
from hypothesis import strategies as st

from kwartier.home import track as tracks
from kwartier.home.track import Mark, Slot, Track, Values

STEP = 900
T0 = 1_700_000_100 // STEP * STEP


def run(readings: list[tuple[int, int]]) -> tuple[Track, list[Slot]]:
    """Take readings of one register in order."""
    (at, value), *rest = readings
    track = tracks.begin(at, (value,), step_s=STEP)
    slots: list[Slot] = []
    for at, value in rest:
        track, done = tracks.advance(track, at, (value,))
        slots += done
    return track, slots


def told(slots: list[Slot]) -> list[tuple[int, int, int, Mark]]:
    """Return slots as (quarters since T0, value, steps, mark)."""
    return [((slot.start - T0) // STEP, slot.values[0], slot.steps, slot.mark) for slot in slots]


def test_boundary_readings_give_measured_quarters() -> None:
    _, slots = run([(T0, 100), (T0 + 450, 130), (T0 + 900, 160), (T0 + 1800, 161)])
    assert told(slots) == [(0, 60, 1, Mark.MEASURED), (1, 1, 1, Mark.MEASURED)]
    assert [slot.closing for slot in slots] == [(160,), (161,)]


def test_a_missing_boundary_lies_on_the_line_and_both_sides_are_marked() -> None:
    _, slots = run([(T0, 0), (T0 + 899, 899), (T0 + 902, 932), (T0 + 1800, 1000), (T0 + 2700, 1000)])
    assert told(slots) == [(0, 910, 1, Mark.ESTIMATED), (1, 90, 1, Mark.ESTIMATED), (2, 0, 1, Mark.MEASURED)]


def test_a_beginning_within_a_quarter_is_partial() -> None:
    _, slots = run([(T0 + 5, 7), (T0 + 900, 10), (T0 + 1800, 12)])
    assert told(slots) == [(0, 3, 1, Mark.PARTIAL), (1, 2, 1, Mark.MEASURED)]


def test_a_silence_is_one_sum_and_not_shaped() -> None:
    _, slots = run([(T0, 0), (T0 + 600, 10), (T0 + 4000, 500), (T0 + 4500, 520), (T0 + 5400, 530)])
    assert told(slots) == [(4, 520, 5, Mark.SUM), (5, 10, 1, Mark.MEASURED)]


def test_a_silence_that_ends_on_a_boundary_is_closed_there() -> None:
    track, slots = run([(T0, 0), (T0 + 1800, 500)])
    assert told(slots) == [(1, 500, 2, Mark.SUM)]
    assert (track.start, track.mark) == (T0 + 1800, Mark.MEASURED)


def test_a_quarter_of_silence_is_still_bridged() -> None:
    _, slots = run([(T0 + 300, 0), (T0 + 1200, 900), (T0 + 1800, 900)])
    assert told(slots) == [(0, 600, 1, Mark.PARTIAL | Mark.ESTIMATED), (1, 300, 1, Mark.ESTIMATED)]


def test_an_end_gives_what_was_seen() -> None:
    track, _ = run([(T0, 0), (T0 + 600, 10)])
    assert told(list(tracks.end(track))) == [(0, 10, 1, Mark.PARTIAL)]


def test_an_end_on_a_boundary_gives_nothing_more() -> None:
    track, _ = run([(T0, 0), (T0 + 900, 10)])
    assert list(tracks.end(track)) == []


def test_an_end_in_a_silence_says_over_how_much_it_is_a_sum() -> None:
    track, _ = run([(T0, 0), (T0 + 3000, 10)])
    assert told(list(tracks.end(track))) == [(3, 10, 4, Mark.SUM | Mark.PARTIAL)]


@st.composite
def readings(draw: st.DrawFn) -> list[tuple[int, Values]]:
    """Two registers read at any distance from a second to a day, often on boundaries."""
    at = T0 + draw(st.integers(0, 2 * STEP))
    values: Values = (draw(st.integers(0, 10**8)), draw(st.integers(0, 10**8)))
    found = [(at, values)]
    for _ in range(draw(st.integers(1, 25))):
        ahead = draw(st.one_of(st.integers(1, 30), st.integers(1, 2 * STEP), st.integers(1, 86_400)))
        at = at + ahead if draw(st.booleans()) else (at + ahead) // STEP * STEP + STEP
        values = (values[0] + draw(st.integers(0, 5000)), values[1] + draw(st.integers(0, 5000)))
        found.append((at, values))
    return found


@given(readings())
def test_the_sum_of_the_slots_is_the_rise_of_the_registers(series: list[tuple[int, Values]]) -> None:
    (at, values), *rest = series
    track = tracks.begin(at, values, step_s=STEP)
    slots: list[Slot] = []
    for later, new in rest:
        track, done = tracks.advance(track, later, new)
        slots += done
        so_far = [sum(slot.values[i] for slot in slots) + track.open_values[i] for i in (0, 1)]
        assert so_far == [new[0] - values[0], new[1] - values[1]]
    slots += tracks.end(track)
    assert [sum(slot.values[i] for slot in slots) for i in (0, 1)] == [new[i] - values[i] for i in (0, 1)]


@given(readings())
def test_slots_follow_one_another_without_hole_or_overlap_and_never_fall(series: list[tuple[int, Values]]) -> None:
    (at, values), *rest = series
    track = tracks.begin(at, values, step_s=STEP)
    slots: list[Slot] = []
    for later, new in rest:
        track, done = tracks.advance(track, later, new)
        slots += done
    slots += tracks.end(track)
    expected = at // STEP * STEP
    for slot in slots:
        assert slot.start - (slot.steps - 1) * STEP == expected
        assert min(slot.values) >= 0
        assert bool(slot.mark & Mark.SUM) == (slot.steps > 1) or slot.mark & Mark.PARTIAL
        expected = slot.start + STEP


@given(readings())
def test_what_is_measured_lies_between_two_readings_on_its_boundaries(series: list[tuple[int, Values]]) -> None:
    (at, values), *rest = series
    known = dict(series)
    track = tracks.begin(at, values, step_s=STEP)
    for later, new in rest:
        track, done = tracks.advance(track, later, new)
        for slot in done:
            if slot.mark == Mark.MEASURED:
                assert slot.values == tracks.minus(known[slot.start + STEP], known[slot.start])

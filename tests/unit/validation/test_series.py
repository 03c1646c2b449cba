from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from kwartier.model.channel_day import Quality
from kwartier.model.verdict import Severity
from kwartier.validation import status
from kwartier.validation.series import breaches, series

HOLE = Quality.MISSING | Quality.CARRIES_GAP


@st.composite
def days(draw: st.DrawFn) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Rising registers of a day and which of them are known."""
    intervals = draw(st.sampled_from([23, 24, 25, 92, 96, 100]))
    steps = draw(st.lists(st.integers(0, 4000), min_size=intervals, max_size=intervals))
    known = draw(st.lists(st.booleans(), min_size=intervals + 1, max_size=intervals + 1))
    registers = draw(st.integers(0, 2**40)) + np.cumsum([0, *steps])
    return registers.astype(np.int64), np.array(known)


@given(days())
def test_start_and_differences_give_every_known_register_whatever_the_gaps(
    day: tuple[NDArray[np.int64], NDArray[np.bool_]],
) -> None:
    registers, known = day
    got = series(np.where(known, registers, 0), known, None)
    if known.sum() < 2:
        assert got is None
        return
    assert got is not None
    again = got.start + np.cumsum([0, *got.deltas])
    assert (again[known] == registers[known]).all()


@given(days())
def test_every_interval_is_whole_missing_or_carries_what_was_missing(day: tuple[NDArray[np.int64], NDArray[np.bool_]]) -> None:
    registers, known = day
    got = series(registers, known, None)
    if got is None:
        return
    quality = np.zeros(len(got.deltas), np.uint8) if got.quality is None else got.quality
    steps = np.diff(registers)
    for i, mark in enumerate(quality & HOLE):
        assert bool(mark & Quality.MISSING) == (not known[i + 1] or not known[: i + 1].any())
        if mark == Quality.VALID:
            assert got.deltas[i] == steps[i]
            assert known[i]
        elif mark == Quality.MISSING:
            assert got.deltas[i] == 0
        else:
            assert mark == Quality.CARRIES_GAP
            before = int(np.flatnonzero(known[: i + 1])[-1])
            assert before < i
            assert got.deltas[i] == steps[before : i + 1].sum()
    assert bool(quality[0] & Quality.SUSPECT) == (not known[0])


@given(days(), st.integers(0, 2**32))
def test_nothing_missing_gives_the_same_by_either_path(day: tuple[NDArray[np.int64], NDArray[np.bool_]], seed: int) -> None:
    registers, known = day
    marks = np.random.default_rng(seed).integers(0, 256, len(registers), np.uint8)
    whole, some = series(registers, None, marks), series(registers, np.ones_like(known), marks)
    assert whole is not None
    assert some is not None
    assert (whole.start, whole.deltas.tolist()) == (some.start, some.deltas.tolist())
    assert whole.quality is not None
    assert whole.quality.tolist() == status.QUALITY[marks[1:]].tolist()


@given(days(), st.integers(1, 20_000), st.data())
def test_breaches_are_found_exactly_where_the_sentences_say(
    day: tuple[NDArray[np.int64], NDArray[np.bool_]], capacity: int, data: st.DataObject
) -> None:
    registers, known = day
    if data.draw(st.booleans()):
        registers[data.draw(st.integers(0, len(registers) - 1)) :] -= data.draw(st.integers(0, 3000))
    found = {verdict.rule for verdict in breaches(registers, known, 900, capacity, "x")}
    at = np.flatnonzero(known).tolist()
    fell = over = False
    for before, after in pairwise(at):
        step = int(registers[after] - registers[before])
        fell |= step < 0 or registers[after] < 0 or registers[before] < 0
        over |= step * 100 >= 120 * capacity * (after - before) / 4
    assert found == {rule for rule, breach in (("V06", fell), ("V07", over)) if breach}


def test_a_register_that_jumps_beyond_a_row_is_a_breach_and_no_overflow() -> None:
    for top in (2**31 + 10, 2**62, 2**63 - 1):
        found = breaches(np.array([0, top], np.int64), None, 900, 2**31 - 1, "x")
        assert [(verdict.rule, verdict.severity) for verdict in found] == [("V07", Severity.QUARANTINE)]
    assert breaches(np.array([2**63 - 1, -(2**63)], np.int64), None, 900, 2**31 - 1, "x")

"""Two rows about one channel-day: what either knows is kept, the newer one has the word, and no energy counts twice."""

from datetime import date

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from kwartier.model.channel_day import ChannelDay, Quality
from kwartier.model.register import Channel
from kwartier.store.readings import Readings
from kwartier.store.readings.combine import combined, folded
from kwartier.validation.series import series

DAY = date(2026, 11, 20)
SIZE = 12
REGISTERS = 5000 + np.cumsum([0, *(2**i for i in range(SIZE))]).astype(np.int64)
"""Every sum over intervals is another one."""


def row(known: NDArray[np.bool_], batch: int = 1, basis: int = 8) -> ChannelDay | None:
    """Return what a meter's rows of which these are known give."""
    got = series(REGISTERS, known, None)
    if got is None:
        return None
    quality = b"" if got.quality is None else got.quality.tobytes()
    return ChannelDay(7, Channel.IMPORT, DAY, got.start, got.deltas.astype(np.int32).tobytes(), quality, basis, 70, batch)


def part(first: int, last: int, batch: int = 1, basis: int = 8) -> ChannelDay:
    """Return the row of a permit over these boundaries."""
    known = np.zeros(SIZE + 1, np.bool_)
    known[first : last + 1] = True
    found = row(known, batch, basis)
    assert found is not None
    return found


def values(one: ChannelDay) -> list[int | None]:
    marks = one.quality or bytes(SIZE)
    raw = np.frombuffer(one.deltas, np.int32).tolist()
    return [None if mark & Quality.MISSING else value for value, mark in zip(raw, marks, strict=True)]


def test_a_part_does_not_take_away_the_whole() -> None:
    whole, late = part(0, SIZE), part(6, SIZE, 2, basis=128)
    both = combined(whole, late)
    assert values(both) == [2**i for i in range(SIZE)]
    assert (both.start, both.quality, both.basis, both.batch) == (5000, b"", 8 | 128, 2)
    assert combined(late, whole) == whole


def test_parts_apart_stand_beside_each_other() -> None:
    both = combined(part(9, SIZE), part(0, 3, 2))
    assert values(both) == [2**i if i < 3 or i >= 9 else None for i in range(SIZE)]
    assert both.start == 5000
    assert combined(part(0, 3), part(9, SIZE, 2)).start == 5000


def test_a_sum_over_a_gap_is_not_counted_beside_its_parts() -> None:
    gap = np.ones(SIZE + 1, np.bool_)
    gap[4:7] = False
    carries = row(gap, 2)
    assert carries is not None
    assert combined(part(0, SIZE), carries) == carries
    assert values(combined(carries, part(5, SIZE, 3)))[:5] == [1, 2, 4, None, None]


@given(st.lists(st.lists(st.booleans(), min_size=SIZE + 1, max_size=SIZE + 1), min_size=1, max_size=4))
def test_no_energy_counts_twice_and_none_that_the_newest_knows_is_lost(known: list[list[bool]]) -> None:
    rows = [found for batch, one in enumerate(known) if (found := row(np.array(one), batch))]
    if not rows:
        return
    both = folded(rows)
    bits = [value for value in values(both) if value]
    assert sum(bits) == sum(1 << i for i in range(SIZE) if any(value >> i & 1 for value in bits)), "every interval once"
    newest = values(rows[-1])
    assert [one for one, own in zip(values(both), newest, strict=True) if own is not None] == [v for v in newest if v is not None]
    assert sum(value is not None for value in values(both)) >= sum(value is not None for value in newest)
    first = next(i for i, value in enumerate(values(both)) if value is not None)
    carries = both.quality and both.quality[first] & Quality.CARRIES_GAP
    assert carries or both.start == REGISTERS[first]


def test_the_lake_keeps_the_parts_of_a_day(lake: Readings) -> None:
    """Two stretches of one night, and a part that is read when the whole is there."""
    lake.commit(1, lake.stage(1, [part(0, 3), part(9, SIZE)]))
    assert [values(one) for one in lake.day(7, DAY)] == [[2**i if i < 3 or i >= 9 else None for i in range(SIZE)]]
    lake.commit(2, lake.stage(2, [part(0, SIZE, 2)]))
    lake.commit(3, lake.stage(3, [part(6, 8, 3)]))
    expected = [2**i for i in range(SIZE)]
    assert [values(one) for one in lake.day(7, DAY)] == [values(one) for one in lake.scan(DAY)] == [expected]
    lake.finalise(DAY)
    assert [values(one) for one in lake.day(7, DAY)] == [values(one) for one in lake.scan(DAY)] == [expected]
    assert [one.batch for one in lake.day(7, DAY)] == [3]

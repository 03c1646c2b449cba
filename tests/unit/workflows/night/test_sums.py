"""What leaves a worker are sums over at least the group; no home's own quarters do."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from kwartier.model.register import Channel
from kwartier.workflows.night.job import Station
from kwartier.workflows.night.sums import TransformerSums

STATION_METER, GROUP = 900, 5


def street(homes: int) -> Station:
    return Station(1, 41, GROUP, STATION_METER, dict.fromkeys(range(10, 10 + homes), 17_250), frozenset())


def day(value: int) -> dict[Channel, np.ndarray[tuple[int], np.dtype[np.int64]]]:
    return {Channel.IMPORT: np.full(4, value, np.int64), Channel.EXPORT: np.full(4, 1, np.int64)}


@given(st.lists(st.integers(0, 4000), max_size=12))
def test_the_sum_is_told_of_a_group_only(values: list[int]) -> None:
    sums = TransformerSums([street(12)])
    sums.add(STATION_METER, 0, day(99))
    for home, value in enumerate(values, 10):
        sums.add(home, home, day(value))
        sums.add(home, home, day(value))  # a home that came twice counts once
    (found,) = sums.result()
    net = np.frombuffer(found.net_use_wh, np.int64)
    squares = np.frombuffer(found.net_use_sq, np.int64)
    assert found.read == set(range(10, 10 + len(values)))
    if len(values) < GROUP:
        assert (net.size, squares.size) == (0, 0)
    else:
        assert net.tolist() == [sum(value - 1 for value in values)] * 4
        assert squares.tolist() == [sum((value - 1) ** 2 for value in values)] * 4
    assert found.infeed_wh == np.full(4, 98, np.int64).tobytes()


def test_a_home_without_both_directions_or_on_no_transformer_counts_as_unread() -> None:
    sums = TransformerSums([street(6)])
    sums.add(10, 10, {Channel.IMPORT: np.zeros(4, np.int64)})
    sums.add(77, 77, day(5))
    (found,) = sums.result()
    assert (found.read, found.infeed_wh) == (frozenset(), None)

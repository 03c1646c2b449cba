import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from kwartier.grid import loss
from kwartier.grid.errors import BadBalance

Int64s = NDArray[np.int64]
CAPACITY_W = 5750
MOST = 1438
"""What a home of 1 x 25 A can take or give in a quarter: 5750 W / 4, in whole Wh upwards."""


@st.composite
def streets(draw: st.DrawFn) -> tuple[Int64s, Int64s, int]:
    """Net use of every home per quarter, the loss per quarter, and how many homes are read."""
    homes, quarters = draw(st.integers(1, 30)), draw(st.sampled_from([1, 4, 92, 96, 100]))
    seed = np.random.default_rng(draw(st.integers(0, 2**32)))
    net = seed.integers(-MOST, MOST + 1, (homes, quarters))
    extreme = draw(st.integers(0, homes))
    net[:extreme] = draw(st.sampled_from([-MOST, MOST]))
    return seed.permutation(net), seed.integers(0, 2000, quarters), draw(st.integers(0, homes))


def balanced(net: Int64s, lost: Int64s, read: int, min_group: int) -> loss.Balance | loss.Withheld:
    known = net[:read]
    return loss.balance(
        net.sum(0) + lost,
        known.sum(0),
        net_use_sq=(known**2).sum(0),
        homes=len(net),
        homes_read=read,
        min_group=min_group,
        unread_capacities_w=[CAPACITY_W] * (len(net) - read),
    )


@given(streets(), st.integers(2, 12))
def test_the_truth_lies_within_the_bound_always(street: tuple[Int64s, Int64s, int], min_group: int) -> None:
    net, lost, read = street
    found = balanced(net, lost, read, min_group)
    unread = len(net) - read
    if read < min_group or 0 < unread < min_group:
        assert isinstance(found, loss.Withheld)
        return
    assert isinstance(found, loss.Balance)
    assert (np.abs(found.loss_wh - lost) <= found.uncertainty_wh).all()
    assert abs(int(found.loss_wh.sum()) - int(lost.sum())) <= int(found.uncertainty_wh.sum()), "errors may all point one way"
    assert ((found.likely_wh >= 0) & (found.likely_wh <= found.uncertainty_wh)).all()


@given(streets(), st.integers(2, 12))
def test_read_completely_the_loss_is_exact(street: tuple[Int64s, Int64s, int], min_group: int) -> None:
    net, lost, _ = street
    found = balanced(net, lost, len(net), min_group)
    if isinstance(found, loss.Withheld):
        assert len(net) < min_group
        assert found.reason == loss.TOO_FEW_READ
        return
    assert found.loss_wh.tolist() == lost.tolist()
    assert not found.uncertainty_wh.any()
    assert not found.likely_wh.any()


@given(st.integers(1, 40), st.integers(0, 40), st.integers(1, 15))
def test_no_figure_and_no_difference_of_figures_shows_fewer_than_the_group(homes: int, read: int, min_group: int) -> None:
    read = min(read, homes)
    found = balanced(np.ones((homes, 4), np.int64), np.zeros(4, np.int64), read, min_group)
    if isinstance(found, loss.Balance):
        assert found.homes_read >= max(min_group, 2)
        assert found.homes == found.homes_read or found.homes - found.homes_read >= min_group


@given(streets(), st.integers(2, 12), st.data())
def test_no_figure_moves_when_use_moves_between_homes_of_a_group(
    street: tuple[Int64s, Int64s, int], min_group: int, data: st.DataObject
) -> None:
    """Whatever is told of a street is told as well of another one, in which any home used otherwise: so of no home is it told."""
    net, lost, read = street
    told = balanced(net, lost, read, min_group)
    if isinstance(told, loss.Withheld):
        return
    home = data.draw(st.integers(0, len(net) - 1))
    group = range(read) if home < read else range(read, len(net))
    others = [one for one in group if one != home]
    assert len(others) >= min_group - 1
    for other in others:
        moved = net.copy()
        moved[home] += 7
        moved[other] -= 7
        again = balanced(moved, lost, read, min_group)
        assert isinstance(again, loss.Balance)
        for figure in ("loss_wh", "estimate_wh", "uncertainty_wh"):
            assert getattr(again, figure).tolist() == getattr(told, figure).tolist()
        assert moved[:read].sum(0).tolist() == net[:read].sum(0).tolist()
        assert moved.sum(0).tolist() == net.sum(0).tolist()


def test_one_home_that_refused_is_not_shown_by_the_difference() -> None:
    found = balanced(np.full((60, 96), 100), np.zeros(96, np.int64), 59, 5)
    assert found == loss.Withheld(loss.TOO_FEW_UNREAD)


def test_two_standard_deviations_hold_about_nineteen_times_in_twenty() -> None:
    draw = np.random.default_rng(3)
    within = total = 0
    for _ in range(60):
        net = draw.gamma(2.0, 60.0, (80, 96)).astype(np.int64)
        found = balanced(net, np.zeros(96, np.int64), 60, 5)
        assert isinstance(found, loss.Balance)
        within += int((np.abs(found.loss_wh) <= found.likely_wh).sum())
        total += 96
    assert 0.93 < within / total < 0.97


@pytest.mark.parametrize(
    ("total", "unread", "read", "expected"), [(10, 3, 4, 8), (-10, 3, 4, -7), (2, 1, 4, 1), (1, 1, 4, 0), (7, 0, 4, 0)]
)
def test_an_estimate_is_rounded_to_the_nearest_wh_halves_up(total: int, unread: int, read: int, expected: int) -> None:
    net = np.array([total], np.int64)
    found = loss.balance(
        net, net, net_use_sq=net * net, homes=read + unread, homes_read=read, min_group=1, unread_capacities_w=[10**6] * unread
    )
    assert isinstance(found, loss.Balance)
    assert found.estimate_wh.tolist() == [expected]
    assert found.loss_wh.tolist() == [-expected]


def test_no_home_is_estimated_beyond_its_capacity() -> None:
    net = np.array([5 * MOST, -5 * MOST], np.int64)
    found = loss.balance(net, net, net_use_sq=net * net, homes=10, homes_read=5, min_group=2, unread_capacities_w=[401] * 5)
    assert isinstance(found, loss.Balance)
    assert found.estimate_wh.tolist() == [505, -505]
    assert found.uncertainty_wh.tolist() == [1010, 1010]


def test_squares_beyond_64_bits_do_not_wrap() -> None:
    net = np.full((1000, 1), 3_000_000, np.int64)
    net[::2] = -3_000_000
    found = loss.balance(
        net[:800].sum(0),
        net[:800].sum(0),
        net_use_sq=(net[:800] ** 2).sum(0),
        homes=1000,
        homes_read=800,
        min_group=5,
        unread_capacities_w=[12_000_000] * 200,
    )
    assert isinstance(found, loss.Balance)
    assert found.likely_wh[0] == pytest.approx(2 * 3_000_000 * (200 * 1000 / 800) ** 0.5, rel=0.001)


@pytest.mark.parametrize(("homes", "read", "capacities"), [(10, 11, 0), (10, -1, 11), (10, 5, 4), (10, 10, 1)])
def test_counts_that_do_not_fit_are_refused(homes: int, read: int, capacities: int) -> None:
    net = np.zeros(96, np.int64)
    with pytest.raises(BadBalance):
        loss.balance(
            net, net, net_use_sq=net, homes=homes, homes_read=read, min_group=2, unread_capacities_w=[CAPACITY_W] * capacities
        )


def test_days_of_different_length_are_refused() -> None:
    with pytest.raises(BadBalance):
        loss.balance(
            np.zeros(96, np.int64),
            np.zeros(92, np.int64),
            net_use_sq=np.zeros(92, np.int64),
            homes=9,
            homes_read=9,
            min_group=2,
            unread_capacities_w=[],
        )
    sums = loss.LossSums()
    sums.add(1, np.zeros(96, np.int32), np.zeros(96, np.int32))
    with pytest.raises(BadBalance):
        sums.add(1, np.zeros(92, np.int32), np.zeros(92, np.int32))


@given(st.lists(st.tuples(st.integers(1, 3), st.integers(0, 5000), st.integers(0, 5000)), max_size=30))
def test_homes_add_up_each_behind_its_own_transformer(homes: list[tuple[int, int, int]]) -> None:
    sums = loss.LossSums()
    for transformer, took, gave in homes:
        sums.add(transformer, np.full(4, took, np.int32), np.full(4, gave, np.int32))
    assert sums.by_transformer.keys() == {transformer for transformer, _, _ in homes}
    for transformer, found in sums.by_transformer.items():
        nets = [took - gave for at, took, gave in homes if at == transformer]
        assert found.homes == len(nets)
        assert found.net_use_wh.tolist() == [sum(nets)] * 4
        assert found.net_use_sq.tolist() == [sum(net * net for net in nets)] * 4


def test_a_sum_does_not_change_the_arrays_it_was_made_of() -> None:
    first, second = np.full(2, 5, np.int64), np.full(2, 6, np.int64)
    sums = loss.LossSums()
    sums.add(1, first, np.zeros(2, np.int64))
    sums.add(1, second, np.zeros(2, np.int64))
    assert (first.tolist(), second.tolist()) == ([5, 5], [6, 6])

"""S17: which power failures are one outage, where it was, and which home merely lost its own fuse."""

from hypothesis import given
from hypothesis import strategies as st

from kwartier.grid.outages import LOOSE_S, Dark, Failure, Outage, OwnFailure, dark, failures, find

START, END = 1_795_000_000, 1_795_001_800
OUT = Failure(START, END)
SOUND = (2300, 2310, 2290)


def test_a_log_has_the_end_and_how_long() -> None:
    assert failures([(END, 1800)]) == [OUT]


def test_meters_without_power_at_the_same_time_are_an_outage_of_their_transformer() -> None:
    near = Failure(START + 20, END - 15)
    found = find({7: {1: [OUT], 2: [near], 3: [OUT], 4: []}, 8: {5: [], 6: []}})
    assert found.outages == (Outage(7, START, END, 3, 4),)
    assert found.own == ()


def test_one_home_alone_has_lost_its_own_fuse() -> None:
    found = find({7: {1: [OUT], 2: [], 3: []}})
    assert found.outages == ()
    assert found.own == (OwnFailure(1, 7, START, END),)


def test_half_of_the_meters_are_not_most_of_them() -> None:
    assert find({7: {1: [OUT], 2: [OUT], 3: [], 4: []}}).outages == ()


def test_a_transformer_with_one_meter_that_answers_says_nothing_of_the_grid() -> None:
    assert find({7: {1: [OUT]}}).outages == ()


def test_two_outages_of_a_day_are_two() -> None:
    later = Failure(END + LOOSE_S + 3600, END + LOOSE_S + 7200)
    found = find({7: {1: [OUT, later], 2: [OUT, later], 3: [later]}})
    assert [(one.start_s, one.homes) for one in found.outages] == [(START, 2), (later.start_s, 3)]


def test_transformers_are_told_apart_though_they_were_out_together() -> None:
    found = find({7: {1: [OUT], 2: [OUT]}, 8: {3: [OUT], 4: [OUT]}})
    assert [one.transformer for one in found.outages] == [7, 8]


def test_where_most_meters_are_silent_it_is_dark() -> None:
    assert dark({7: {1: None, 2: None, 3: SOUND}}) == [Dark(7, 0, 2, 3)]
    assert dark({7: {1: None, 2: SOUND, 3: SOUND}}) == [], "one silent meter may have another reason"
    assert dark({7: {1: None}}) == []


def test_where_nobody_answers_anywhere_it_is_our_own_line() -> None:
    assert dark({7: {1: None, 2: None}, 8: {3: None, 4: None}}) == []
    assert dark({7: {1: None, 2: None}, 8: {3: None, 4: SOUND}}) == [Dark(7, 0, 2, 2)]
    assert dark({7: {1: None, 2: None}}) == [Dark(7, 0, 2, 2)], "of one alone that was asked nobody can say so"


def test_a_phase_gone_at_most_meters_that_have_it_is_gone_at_the_transformer() -> None:
    lost = (2300, 8, 2290)
    assert dark({7: {1: lost, 2: lost, 3: SOUND, 4: (2300,)}}) == [Dark(7, 2, 2, 3)]
    assert dark({7: {1: lost, 2: SOUND, 3: SOUND}}) == []


moments = st.tuples(st.integers(0, 50_000), st.integers(1, 5_000)).map(lambda at: Failure(at[0], at[0] + at[1]))
grids = st.dictionaries(
    st.integers(1, 3), st.dictionaries(st.integers(1, 6), st.lists(moments, max_size=3), max_size=6), max_size=3
)


@given(grids)
def test_every_failure_belongs_to_an_outage_or_is_a_homes_own(grid: dict[int, dict[int, list[Failure]]]) -> None:
    found = find(grid)
    for transformer, meters in grid.items():
        own = sum(one.transformer == transformer for one in found.own)
        in_outages = sum(one.homes for one in found.outages if one.transformer == transformer)
        assert own + in_outages <= sum(map(len, meters.values()))
        assert (own + in_outages > 0) == any(meters.values())
    for one in found.outages:
        assert 2 <= one.homes <= one.asked == len(grid[one.transformer])
        assert one.homes * 2 > one.asked

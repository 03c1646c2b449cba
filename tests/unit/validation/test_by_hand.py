"""Registers read by hand: never falling, never faster than the connection can carry, on either side."""

from hypothesis import given
from hypothesis import strategies as st

from kwartier.model.register import Channel
from kwartier.validation import by_hand, rules

YEAR_S, CAPACITY = 365 * 86_400, 17_250
KNOWN = [(0, 1_000_000), (2 * YEAR_S, 9_000_000)]


def judged(value: int, at_s: int = YEAR_S, known: list[tuple[int, int]] | None = None) -> list[str]:
    """Return the ids of the rules that speak against a register."""
    return [one.rule for one in by_hand(value, at_s, KNOWN if known is None else known, CAPACITY, Channel.DAY_IMPORT_LOW)]


def test_between_two_readings_it_lies_between_them() -> None:
    assert judged(5_000_000) == []
    assert judged(999_999) == [rules.MONOTONE.id]
    assert judged(9_000_001) == [rules.MONOTONE.id]
    assert judged(1_000_000) == [] == judged(9_000_000)


def test_the_first_one_ever_is_only_not_negative() -> None:
    assert judged(10**12, known=[]) == []
    assert judged(-1, known=[]) == [rules.MONOTONE.id]


def test_no_faster_than_the_connection_can_carry() -> None:
    hour = CAPACITY * 12 // 10
    assert judged(1_000_000 + hour - 1, 3600) == []
    assert judged(1_000_000 + hour, 3600) == [rules.CAPACITY.id]
    assert judged(1_000_000 + hour, 3600, [(0, 1_000_000), (7200, 1_000_000 + 3 * hour)]) == [rules.CAPACITY.id] * 2


@given(
    st.lists(st.tuples(st.integers(0, YEAR_S), st.integers(0, 10**7)), max_size=6), st.integers(0, YEAR_S), st.integers(0, 10**7)
)
def test_what_passes_rises_from_the_nearest_before_to_the_nearest_after(
    known: list[tuple[int, int]], at_s: int, value: int
) -> None:
    before = [v for s, v in known if (s, v) == max(((s, v) for s, v in known if s <= at_s), default=None)]
    after = [v for s, v in known if (s, v) == min(((s, v) for s, v in known if s > at_s), default=None)]
    if not judged(value, at_s, known):
        assert all(one <= value for one in before)
        assert all(value <= one for one in after)

"""So many months on is the same day, or the last one of a shorter month."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kwartier.grounds.by_hand import BY_HAND, ByHand, duties, until
from kwartier.model.ground import Role

OPERATOR, SUPPLIER = BY_HAND


@pytest.mark.parametrize(
    ("since", "by"),
    [
        ("2024-02-29T10:00:00+00:00", "2025-02-28T10:00:00+00:00"),
        ("2023-03-31T00:00:00+00:00", "2024-03-31T00:00:00+00:00"),
        ("2027-02-28T00:00:00+00:00", "2028-02-28T00:00:00+00:00"),
    ],
)
def test_the_supplier_within_a_year(since: str, by: str) -> None:
    assert until(datetime.fromisoformat(since), SUPPLIER) == datetime.fromisoformat(by)


def test_the_operator_within_three_years() -> None:
    assert until(datetime(2024, 2, 29, tzinfo=UTC), OPERATOR) == datetime(2027, 2, 28, tzinfo=UTC)
    assert [(one.whose, one.months) for one in duties(datetime(2026, 1, 1, tzinfo=UTC))] == [
        (Role.OPERATOR, 36),
        (Role.SUPPLIER, 12),
    ]
    assert duties(datetime(2001, 1, 1, tzinfo=UTC)) == []


@given(st.integers(0, 70 * 366), st.sampled_from(BY_HAND))
def test_never_longer_than_so_many_years(days: int, duty: ByHand) -> None:
    since = datetime(2012, 1, 1, tzinfo=UTC) + timedelta(days=days)
    years = duty.months // 12
    assert timedelta(days=365 * years - 1) < until(since, duty) - since <= timedelta(days=365 * years + 1)

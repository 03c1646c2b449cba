"""What was told of a day is added up per supplier and area; what is withheld is counted and never guessed."""

from datetime import UTC, date, datetime

import pytest

from kwartier.store.registry import allocation, nights
from kwartier.store.registry.allocation import AllocationRow
from kwartier.workflows import grid_care
from kwartier.workflows.installation import Installation
from registry_support import World

pytestmark = pytest.mark.database
DAY = date(2027, 1, 2)


def test_told_shares_are_added_up(opened: Installation, facts: World) -> None:
    one, other = facts.party(), facts.party()
    case = facts.use_case(purpose="allocation", data_class="register", mask=240)

    def share(batch: int, transformer: int, party: int, taken: int | None) -> AllocationRow:
        why, given = ("too few", None) if taken is None else (None, 1)
        return AllocationRow(
            batch, DAY, case, transformer, party, "electricity", "wijk-01", 12, 12 if taken else 0, taken, given, why
        )

    with opened.operator() as c:
        batch = nights.plan_batch(c, nights.begin(c, DAY, datetime(2027, 1, 3, tzinfo=UTC)))
        allocation.store(c, [share(batch, 1, one, 100), share(batch, 2, one, 50), share(batch, 1, other, None)])
        assert allocation.transformers_read(c, [1, 2, 3], DAY) == {1, 2}
        assert allocation.transformers_read(c, [1], date(2027, 1, 3)) == set()
    found = grid_care.allocated(opened, DAY)
    assert [(sums.party, sums.homes, sums.taken, sums.given) for _, sums in found.sums] == [(one, 24, 150, 2)]
    assert found.withheld == 1
    assert grid_care.allocated(opened, date(2027, 1, 3)) == grid_care.Allocation((), 0)

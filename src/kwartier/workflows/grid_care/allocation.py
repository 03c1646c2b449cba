"""Allocation: what the homes of each supplier used on a day, as far as it may be told."""

from dataclasses import dataclass
from datetime import date
from typing import final

from kwartier.store.registry import allocation, parties
from kwartier.store.registry.allocation import Allocated
from kwartier.workflows.installation import Installation


@final
@dataclass(frozen=True, slots=True)
class Allocation:
    """The sums of one day per supplier, area and product, with the suppliers' public codes; how many shares were withheld."""

    sums: tuple[tuple[str, Allocated], ...]
    withheld: int


def allocated(house: Installation, day: date) -> Allocation:
    """Return what was told of a local day."""
    with house.operator() as c:
        codes = {one.key: one.code for one in parties.every(c)}
        sums = tuple((codes[one.party], one) for one in allocation.sums(c, day))
        withheld = sum(one.withheld is not None for one in allocation.of_day(c, day))
    return Allocation(sums, withheld)

"""Reconciliation: what the homes of each supplier used in a month, as far as it may be told."""

from dataclasses import dataclass
from datetime import date
from typing import final

from kwartier.store.registry import parties, reconciliation
from kwartier.store.registry.allocation import AllocationRow
from kwartier.store.registry.reconciliation import Settled
from kwartier.workflows.installation import Installation


@final
@dataclass(frozen=True, slots=True)
class Reconciliation:
    """The sums of a month per supplier, area and product, with the suppliers' public codes; how many shares were withheld."""

    sums: tuple[tuple[str, Settled], ...]
    withheld: int


def reconciled(house: Installation, month: date) -> Reconciliation:
    """Return what was told of a calendar month; `month` is its first day."""
    with house.operator() as c:
        codes = {one.key: one.code for one in parties.every(c)}
        sums = tuple((codes[one.party], one) for one in reconciliation.sums(c, month))
        shares = reconciliation.of_month(c, month)
    keys = {told: {_key(one) for one in shares if (one.withheld is None) is told} for told in (True, False)}
    return Reconciliation(sums, len(keys[False] - keys[True]))


def _key(one: AllocationRow) -> tuple[int, int, int, str]:
    return one.use_case, one.transformer, one.party, one.product

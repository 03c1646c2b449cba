"""Usage allocated to suppliers, day by day, as it was told, or why it was not. Sums over groups of homes; nothing of one home."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import final

from kwartier.store.registry import rows as _rows
from kwartier.store.registry.rows import C

_COLUMNS = "batch, day, use_case, transformer, party, product, area, homes, homes_read, taken, given, withheld"
_INSERT = f"insert into kw.allocation ({_COLUMNS}) values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"  # noqa: S608 - a constant
_DAY = f"select {_COLUMNS} from kw.allocation where day = %s order by batch, use_case, transformer, party, product"  # noqa: S608 - a constant
_DONE = "select distinct transformer from kw.allocation where day = %s and transformer = any(%s) and homes_read > 0"
_SUMS = """
    select party, area, product, sum(homes_read)::bigint, sum(taken)::bigint, sum(given)::bigint
    from kw.allocation where day = %s and withheld is null group by party, area, product order by party, area, product
"""


@final
@dataclass(frozen=True, slots=True)
class AllocationRow:
    """One share: the homes of a supplier on one transformer. `taken` and `given` in Wh, dm3 for gas; None where it is withheld."""

    batch: int
    day: date
    use_case: int
    transformer: int
    party: int
    product: str
    area: str
    homes: int
    homes_read: int
    taken: int | None
    given: int | None
    withheld: str | None


@final
@dataclass(frozen=True, slots=True)
class Allocated:
    """What the homes of a supplier in an area used on a day, over the shares that were told."""

    party: int
    area: str
    product: str
    homes: int
    taken: int
    given: int


def store(c: C, shares: Iterable[AllocationRow]) -> None:
    """Write shares in the transaction that stages their batch."""
    values = [tuple(getattr(share, name) for name in AllocationRow.__slots__) for share in shares]
    with c.cursor() as cursor:
        cursor.executemany(_INSERT, values)


def transformers_read(c: C, transformers: Sequence[int], day: date) -> frozenset[int]:
    """Return those of the transformers whose homes were read for allocation of that day."""
    return frozenset(one for (one,) in c.execute(_DONE, (day, list(transformers))))


def of_day(c: C, day: date) -> list[AllocationRow]:
    """Return all shares of a local day."""
    with _rows.cursor(c) as cursor:
        return [AllocationRow(*row) for row in cursor.execute(_DAY, (day,))]


def sums(c: C, day: date) -> list[Allocated]:
    """Return per supplier, area and product what was told of a local day."""
    with _rows.cursor(c) as cursor:
        return [Allocated(*row) for row in cursor.execute(_SUMS, (day,))]

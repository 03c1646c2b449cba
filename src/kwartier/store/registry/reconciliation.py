"""Usage of calendar months, as it was told to settle between suppliers, or why it was not. Sums over groups of homes only.

A row is that of allocation with the first of the month as its day.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import final

from kwartier.model.period import Period, day_of
from kwartier.store.registry import rows as _rows
from kwartier.store.registry.allocation import AllocationRow
from kwartier.store.registry.rows import C

_COLUMNS = "batch, day, use_case, transformer, party, product, area, homes, homes_read, taken, given, withheld"
_INSERT = f"insert into kw.reconciliation ({_COLUMNS}) values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"  # noqa: S608 - a constant
_MONTH = f"select {_COLUMNS} from kw.reconciliation where day = %s order by batch, use_case, transformer, party, product"  # noqa: S608 - a constant
_SETTLED = """
    select distinct transformer from kw.reconciliation where day = %s and transformer = any(%s) and homes_read > 0
"""
_SUMMED_DAYS = """
    select transformer from (
        select transformer from kw.allocation where day >= %(first)s and day < %(after)s and homes_read > 0
        union select transformer from kw.loss where day >= %(first)s and day < %(after)s and homes_read > 0) as days
    where transformer = any(%(transformers)s)
"""
# A later night has rows again of what the first could not tell: a home is counted in the first.
_SUMS = """
    with shares as (
        select r.*, b.night = min(b.night) over (partition by use_case, transformer, party, product, area) as first
        from kw.reconciliation r join kw.batch b on b.id = r.batch where r.day = %s)
    select party, area, product, sum(homes) filter (where first)::bigint,
        coalesce(sum(homes_read) filter (where withheld is null), 0)::bigint, sum(taken)::bigint, sum(given)::bigint
    from shares group by party, area, product order by party, area, product
"""
_SAID = """
    select distinct r.use_case, r.transformer, r.party, r.product from kw.reconciliation r join kw.batch b on b.id = r.batch
    where r.day = %s and r.transformer = any(%s) and b.night < (select max(id) from kw.night)
"""


@final
@dataclass(frozen=True, slots=True)
class Settled:
    """What the homes of a supplier in an area used in a month, over the shares that were told: `read` of its `homes`.

    `taken` and `given` in Wh, dm3 for gas; None where no share was told.
    """

    party: int
    area: str
    product: str
    homes: int
    read: int
    taken: int | None
    given: int | None


def store(c: C, shares: Iterable[AllocationRow]) -> None:
    """Write shares in the transaction that stages their batch."""
    values = [tuple(getattr(share, name) for name in AllocationRow.__slots__) for share in shares]
    with c.cursor() as cursor:
        cursor.executemany(_INSERT, values)


def settled(c: C, transformers: Sequence[int], month: date) -> frozenset[int]:
    """Return those of the transformers whose homes were read for this month; `month` is its first day."""
    return frozenset(one for (one,) in c.execute(_SETTLED, (month, list(transformers))))


def summed_by_day(c: C, transformers: Sequence[int], month: Period) -> frozenset[int]:
    """Return those of the transformers of whose homes some day of the month has a sum.

    The month less its days would be about other homes than the group: whoever is in the one and not in the other. Where days are
    missing it still tells that home's month, but for what the group used on those days.
    """
    assert month.end is not None  # noqa: S101 - a month closes
    values = {"first": day_of(month.start), "after": day_of(month.end), "transformers": list(transformers)}
    return frozenset(one for (one,) in c.execute(_SUMMED_DAYS, values))


def said(c: C, transformers: Sequence[int], month: date) -> frozenset[tuple[int, int, int, str]]:
    """Return (use case, transformer, supplier, product) of the shares of a month of which an earlier night said something."""
    return frozenset(c.execute(_SAID, (month, list(transformers))).fetchall())


def of_month(c: C, month: date) -> list[AllocationRow]:
    """Return all shares of a month, which its first day names."""
    with _rows.cursor(c) as cursor:
        return [AllocationRow(*row) for row in cursor.execute(_MONTH, (month,))]


def sums(c: C, month: date) -> list[Settled]:
    """Return per supplier, area and product what was told of a month, and of how many homes."""
    with _rows.cursor(c) as cursor:
        return [Settled(*row) for row in cursor.execute(_SUMS, (month,))]

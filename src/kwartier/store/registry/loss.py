"""Energy loss per transformer and day as it was published, or why it was not. Written once: no second figure of one day.

Two figures of the same day over different homes would differ by the homes between them; so the first one stands.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import final

from kwartier.store.registry import rows as _rows
from kwartier.store.registry.rows import C

_COLUMNS = """transformer, day, use_case, batch, homes, homes_read, infeed_wh, net_use_wh, loss_wh, uncertainty_wh, withheld"""
_INSERT = f"""
    insert into kw.loss ({_COLUMNS}) values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) on conflict do nothing
"""  # noqa: S608 - a constant
_SELECT = f"select {_COLUMNS} from kw.loss where day = %s order by transformer"  # noqa: S608 - a constant


@final
@dataclass(frozen=True, slots=True)
class LossRow:
    """One balance. The four series are int64 per quarter in native order.

    Where no figure goes out all four are None, and `withheld` says why.
    """

    transformer: int
    day: date
    use_case: int
    batch: int
    homes: int
    homes_read: int
    infeed_wh: bytes | None
    net_use_wh: bytes | None
    loss_wh: bytes | None
    uncertainty_wh: bytes | None
    withheld: str | None


def store(c: C, balances: Iterable[LossRow]) -> int:
    """Write balances in the transaction that stages their batch. One that exists stands. Returns how many were new."""
    values = [tuple(getattr(balance, name) for name in LossRow.__slots__) for balance in balances]
    with c.cursor() as cursor:
        cursor.executemany(_INSERT, values)
        return cursor.rowcount if values else 0


def days_done(c: C, transformers: Sequence[int], day: date) -> frozenset[int]:
    """Return those of the transformers that have their balance of the local day, published or withheld."""
    found = c.execute("select transformer from kw.loss where day = %s and transformer = any(%s)", (day, list(transformers)))
    return frozenset(transformer for (transformer,) in found)


def of_day(c: C, day: date) -> list[LossRow]:
    """Return all balances of a local day."""
    with _rows.cursor(c) as cursor:
        return [LossRow(*row) for row in cursor.execute(_SELECT, (day,))]

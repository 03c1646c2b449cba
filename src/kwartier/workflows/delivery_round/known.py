"""What a delivery needs to know of a connection."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, final

from psycopg import Connection

from kwartier.model.ean import Ean
from kwartier.model.ground import Facts
from kwartier.model.period import Period, day_of
from kwartier.model.register import Product
from kwartier.store.registry import disputes, facts, names


@final
@dataclass(frozen=True, slots=True)
class Known:
    """Its facts, what a document calls it, and the times about which its readings are disputed."""

    facts: Facts
    product: Product
    ean: Ean
    disputed: Sequence[Period] = ()


def known_of(c: Connection[Any], keys: Collection[int], at: datetime) -> dict[int, Known]:
    """Return what is known of these connections."""
    eans = names.eans(c, sorted(keys))
    rows = facts.rows(c, sorted(keys), year=at.year, day=day_of(at))
    doubts = disputes.of(c, keys, at)
    return {row.key: Known(row.facts, row.product, eans[row.key], doubts.get(row.key, ())) for row in rows}

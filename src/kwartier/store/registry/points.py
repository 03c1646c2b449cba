"""Metering points as parties name them, by EAN: the connection, its product, and who lives there at a moment."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, final

from kwartier.model.ean import Ean
from kwartier.model.register import Product
from kwartier.store.registry import rows as _rows
from kwartier.store.registry.rows import C

# `is true` has no index: by the moment alone almost everybody is found, and that for each connection anew.
_FIND = """
    select c.ean, c.key, c.product, o.subject, s.code from kw.connection c
    left join kw.occupancy o on o.connection = c.key and (o.period @> %(at)s) is true
    left join kw.subject s on s.key = o.subject
    where c.ean = any(%(eans)s)
"""


@final
@dataclass(frozen=True, slots=True)
class Point:
    """A connection as it is found; all None for an EAN that we do not know, the subject None where nobody lives."""

    connection: int | None
    product: Product | None
    subject: int | None
    code: str | None


NOWHERE: Final = Point(None, None, None, None)
"""What an EAN names that we do not know."""


def find(c: C, eans: Sequence[Ean], at: datetime) -> dict[Ean, Point]:
    """Return the connections that we know by these EANs. Works as the operator."""
    with _rows.cursor(c) as cursor:
        found = cursor.execute(_FIND, {"eans": [one.reveal() for one in eans], "at": at})
        return {Ean(ean): Point(key, Product(product), subject, code) for ean, key, product, subject, code in found}

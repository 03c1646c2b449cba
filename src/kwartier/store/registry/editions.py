"""Of which editions of the code of conduct the log was told. Each once; the table is only there to know that."""

from collections.abc import Mapping
from datetime import datetime

from kwartier.store.registry.rows import C

_TELL = """
    insert into kw.edition (id, digest, told) select id, digest, %(at)s
    from unnest(%(ids)s::text[], %(digests)s::text[]) as new (id, digest) on conflict do nothing returning id
"""


def tell(c: C, digests: Mapping[str, str], at: datetime) -> frozenset[str]:
    """Note these editions as told; return those that were not before. The caller tells the log in the same transaction."""
    found = c.execute(_TELL, {"at": at, "ids": list(digests), "digests": list(digests.values())})
    return frozenset(edition for (edition,) in found)

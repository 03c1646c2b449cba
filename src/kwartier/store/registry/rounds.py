"""In which order a night walks the grid: whole transformers, each home with the gas connections its meter carries."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any, final

from psycopg import Connection

from kwartier.store.registry.facts import end_of

_HOMES = """
    select coalesce(c.transformer, 0), c.key, array_remove(array_agg(k.connection order by k.connection), null)
    from kw.connection c
    left join kw.meter m on m.connection = c.key and m.placed @> %(at)s
    left join kw.coupling k on k.meter = m.key and k.period @> %(at)s
    where c.product = 'electricity'
    group by c.transformer, c.key
    order by coalesce(c.transformer, 0), c.key
"""


@final
@dataclass(frozen=True, slots=True)
class Round:
    """Some transformers with all connections behind them, enough for one batch."""

    transformers: tuple[int, ...]
    homes: int
    connections: tuple[int, ...]


def rounds(c: Connection[Any], day: date, homes: int) -> Iterator[Round]:
    """Yield rounds of about `homes` electricity connections, wired as at the end of the day, never splitting a transformer.

    Streams from a server-side cursor, so memory does not grow with the grid; the transaction must stay open meanwhile.
    """
    transformers: list[int] = []
    keys: list[int] = []
    count = 0
    with c.cursor(name="rounds") as cursor:
        cursor.itersize = 5000
        for transformer, key, gas in cursor.execute(_HOMES, {"at": end_of(day)}):
            fresh = not transformers or transformers[-1] != transformer
            if fresh and count >= homes:
                yield Round(tuple(transformers), count, tuple(keys))
                transformers, keys, count = [], [], 0
            if fresh:
                transformers.append(transformer)
            keys += [key, *gas]
            count += 1
    if keys:
        yield Round(tuple(transformers), count, tuple(keys))

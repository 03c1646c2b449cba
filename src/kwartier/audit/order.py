"""Which line has which place in the tree: 64 to a row of `audit.place`, by their ids."""

from collections.abc import Collection, Iterator
from typing import Any, Final

from psycopg import Connection

from kwartier.audit.arrays import Int8s

C = Connection[Any]

PAGE: Final = 64


def size(c: C) -> int:
    """Return how many lines the tree has."""
    found = c.execute("select page * 64 + cardinality(ids) from audit.place order by page desc limit 1").fetchone()
    return int(found[0]) if found else 0


def append(c: C, before: int, waiting: Int8s) -> None:
    """Give the lines of these rows of `audit.waiting`, by the first of each, the places from `before` on."""
    c.execute(
        "insert into audit.place as p (page, greatest, ids)"
        " select place / 64, max(id), array_agg(id order by id) from ("
        "  select id, %s + row_number() over (order by id) - 1 as place"
        "  from audit.waiting, unnest(ids) as id where first = any(%b)) as line group by 1"
        " on conflict (page) do update set greatest = greatest(p.greatest, excluded.greatest), ids = p.ids || excluded.ids",
        (before, waiting),
    )


PLACE: Final = """
    select page * 64 + array_position(ids, e.id) - 1 as place from audit.place
    where greatest >= e.id and e.id = any(ids) order by greatest limit 1"""
"""The place of the line `e`."""


def places(c: C, ids: Collection[int]) -> dict[int, int]:
    """Return the place of each of these lines that has one."""
    rows = c.execute(
        f"select e.id, p.place from unnest(%b) as e (id), lateral ({PLACE}) as p",  # noqa: S608 - ours
        (Int8s(ids),),
        binary=True,
    )
    return dict(rows.fetchall())


def pages(c: C, together: int) -> Iterator[list[tuple[int, int]]]:
    """Yield place and id of every line in the order of the tree, `together` rows at a time."""
    after = -1
    while rows := c.execute(
        "select page, ids from audit.place where page > %s order by page limit %s", (after, together)
    ).fetchall():
        after = rows[-1][0]
        yield [(page * PAGE + n, number) for page, ids in rows for n, number in enumerate(ids)]

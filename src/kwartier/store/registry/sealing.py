"""The names that installations from before have in clear: taken out a part at a time, then their column goes. As the owner."""

from collections.abc import Sequence
from typing import Final

from kwartier.store.registry.rows import C

AT_ONCE: Final = 10_000


def in_clear(c: C) -> bool:
    """True if the registry still has a column of names in clear."""
    query = (
        "select exists (select from pg_attribute where attrelid = 'kw.subject'::regclass and attname = 'name' and not attisdropped)"
    )
    found = c.execute(query).fetchone()
    return found is not None and bool(found[0])


def clear_names(c: C) -> list[tuple[int, str]]:
    """Return (person, name) of the next ones; an empty list is the end."""
    return c.execute("select key, name from kw.subject where name is not null order by key limit %s", (AT_ONCE,)).fetchall()


def put(c: C, sealed: Sequence[tuple[int, bytes, bytes]]) -> None:
    """Write (person, sealed name, wrapped key) in the place of names in clear."""
    with c.cursor() as cursor:
        cursor.executemany(
            "insert into kw.subject_key (subject, wrapped) values (%(who)s, %(key)s)"
            " on conflict (subject) do update set wrapped = excluded.wrapped",
            [{"who": who, "key": wrapped} for who, _, wrapped in sealed],
        )
        cursor.executemany(
            "update kw.subject set sealed_name = %(name)s, name = null where key = %(who)s",
            [{"who": who, "name": name} for who, name, _ in sealed],
        )


def finish(c: C) -> None:
    """Drop the column: no name in clear is left in it."""
    c.execute("alter table kw.subject drop column name")


def rewrite(c: C) -> None:
    """Write the table anew, so that no page of it holds what was in that column. Not within a transaction."""
    c.execute("vacuum full kw.subject")


def key_of(c: C, subject: int, new: bytes | None = None) -> bytes | None:
    """Return the wrapped key of a person; `new` is kept where there is none yet. None for nobody, or who was forgotten."""
    if new is not None:
        c.execute(
            "insert into kw.subject_key (subject, wrapped) select key, %s from kw.subject"
            " where key = %s and code not like 'forgotten:%%' on conflict do nothing",
            (new, subject),
        )
    found = c.execute("select wrapped from kw.subject_key where subject = %s", (subject,)).fetchone()
    return None if found is None else bytes(found[0])


def rename(c: C, subject: int, sealed: bytes) -> None:
    """Give a person another name, sealed; the one before is not kept."""
    c.execute("update kw.subject set sealed_name = %s where key = %s", (sealed, subject))

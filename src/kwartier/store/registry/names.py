"""From surrogate keys to what people outside call them, for the edge and for receivers only."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, final

from psycopg import Connection

from kwartier.model.ean import Ean
from kwartier.model.period import Period
from kwartier.model.register import Product

C = Connection[Any]


def eans(c: C, keys: Iterable[int]) -> dict[int, Ean]:
    """Return the EAN of each connection."""
    rows = c.execute("select key, ean from kw.connection where key = any(%s)", (list(keys),)).fetchall()
    return {key: Ean(text) for key, text in rows}


@final
@dataclass(frozen=True, slots=True)
class Own:
    """A connection and the time one person has or had there."""

    key: int
    ean: Ean
    product: Product
    mine: Period


def own(c: C, subject: int) -> list[Own]:
    """Return the connections of one person, the present ones first, electricity before gas. Works under row-level security."""
    rows = c.execute(
        "select c.key, c.ean, c.product, lower(o.period), upper(o.period)"
        " from kw.occupancy o join kw.connection c on c.key = o.connection where o.subject = %s"
        " order by upper_inf(o.period) desc, c.product, lower(o.period) desc",
        (subject,),
    ).fetchall()
    return [Own(key, Ean(text), Product(product), Period(start, end)) for key, text, product, start, end in rows]


@final
@dataclass(frozen=True, slots=True)
class Person:
    """Somebody: the surrogate key, the code that proofs are made with, and the name, sealed under the person's wrapped key.

    Both are None for whom no name was given, or who was forgotten. `Installation.name_of` opens it.
    """

    key: int
    code: str
    sealed: bytes | None
    wrapped: bytes | None


def person(c: C, *, code: str | None = None, key: int | None = None) -> Person | None:
    """Find a person by code or key."""
    row = c.execute(
        "select s.key, s.code, s.sealed_name, k.wrapped from kw.subject s left join kw.subject_key k on k.subject = s.key"
        " where s.code = %s or s.key = %s",
        (code, key),
    ).fetchone()
    return Person(*row) if row else None


def parties(c: C) -> dict[int, str]:
    """Return the public name of every party."""
    return dict(c.execute("select key, name from kw.party").fetchall())


def use_cases(c: C) -> dict[int, str]:
    """Return the code of every use case of the operator's."""
    return dict(c.execute("select id, code from kw.use_case").fetchall())


def party_code(c: C, party: int) -> str:
    """Return the public code of a party, the name of its box; empty if there is no such party."""
    row = c.execute("select code from kw.party where key = %s", (party,)).fetchone()
    return str(row[0]) if row else ""

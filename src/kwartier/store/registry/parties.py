"""Parties of the market, and the agreements in which they bind themselves to the privacy law."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

from kwartier.model.ground import Agreement, Role
from kwartier.store.registry import rows as _rows
from kwartier.store.registry.rows import C

_ALL = "select key, code, name, role from kw.party order by code"
_ONE = "select key, code, name, role from kw.party where code = %s"
_AGREEMENTS = """
    select a.id, a.party, p.role, a.period from kw.agreement a join kw.party p on p.key = a.party
    where a.party = any(%s) order by a.party, a.id
"""


@final
@dataclass(frozen=True, slots=True)
class Party:
    """A supplier or a third party. Code and name are public."""

    key: int
    code: str
    name: str
    role: Role


def every(c: C) -> list[Party]:
    """Return all parties by code."""
    return [Party(key, code, name, Role(role)) for key, code, name, role in c.execute(_ALL)]


def by_code(c: C, code: str) -> Party | None:
    """Find a party by its public code."""
    found = c.execute(_ONE, (code,)).fetchone()
    return Party(found[0], found[1], found[2], Role(found[3])) if found else None


def agreements(c: C, parties: Sequence[int]) -> list[Agreement]:
    """Return every agreement that these parties have or had."""
    with _rows.cursor(c) as cursor:
        found = cursor.execute(_AGREEMENTS, (list(parties),)).fetchall()
    return [Agreement(i, party, Role(role), period) for i, party, role, period in found]

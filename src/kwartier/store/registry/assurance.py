"""What parties owe under their agreements, and what came: statements that they keep to them. The documents are kept elsewhere."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import final

from kwartier.store.registry import rows as _rows
from kwartier.store.registry.errors import NotFound
from kwartier.store.registry.rows import C

_SELECT = """
    select s.id, s.agreement, a.party, s.kind, s.due, s.told, s.received, s.sha256, s.missed
    from kw.assurance s join kw.agreement a on a.id = s.agreement
"""
_OF_PARTY = _SELECT + " where a.party = %s order by s.due, s.kind"
_OPEN = _SELECT + " where s.received is null order by s.due, s.kind, s.id for update of s"
_OPEN_OF = _SELECT + " where a.party = %s and s.kind = %s and s.received is null order by s.due limit 1 for update of s"
# Once for a party: of agreements that follow one another it may have been written down under a later one.
_OWE = """
    insert into kw.assurance (agreement, kind, due, told) select g.id, %(kind)s, %(due)s, %(told)s from kw.agreement g
    where g.id = %(agreement)s and not exists (select from kw.assurance s join kw.agreement a on a.id = s.agreement
        where a.party = g.party and s.kind = %(kind)s and s.due = %(due)s)
    on conflict do nothing returning id
"""
_RECEIVE = "update kw.assurance set received = %s, sha256 = %s where id = %s"
_MISS = "update kw.assurance set missed = %s where id = %s and missed is null"


@final
@dataclass(frozen=True, slots=True)
class Statement:
    """One statement that is owed: `kind` is "management" or "accountant", `told` when the party was told of it.

    `sha256` is the hash of the document that came at `received`; `missed` is when it was found to be overdue.
    """

    id: int
    agreement: int
    party: int
    kind: str
    due: date
    told: datetime
    received: datetime | None
    sha256: bytes | None
    missed: datetime | None


def of_party(c: C, party: int) -> list[Statement]:
    """Return every statement that a party owes or owed, by date."""
    with _rows.cursor(c) as cursor:
        return [Statement(*row) for row in cursor.execute(_OF_PARTY, (party,))]


def not_received(c: C) -> list[Statement]:
    """Return what is owed still, locked until the transaction ends."""
    with _rows.cursor(c) as cursor:
        return [Statement(*row) for row in cursor.execute(_OPEN)]


def owe(c: C, agreement: int, kind: str, due: date, told: datetime) -> bool:
    """Write down that a statement is owed. False if it was written down before."""
    values = {"agreement": agreement, "kind": kind, "due": due, "told": told}
    return c.execute(_OWE, values).fetchone() is not None


def receive(c: C, party: int, kind: str, sha256: bytes, at: datetime) -> Statement:
    """Take the earliest statement of this kind that the party owes as received. Raises NotFound if it owes none."""
    with _rows.cursor(c) as cursor:
        found = cursor.execute(_OPEN_OF, (party, kind)).fetchone()
        if found is None:
            msg = "this party owes no statement of this kind"
            raise NotFound(msg)
        cursor.execute(_RECEIVE, (at, sha256, found[0]))
    return Statement(*found)


def miss(c: C, statement: int, at: datetime) -> bool:
    """Write down that a statement is overdue. False if that was written down before."""
    return c.execute(_MISS, (at, statement)).rowcount > 0

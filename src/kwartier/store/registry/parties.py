"""Parties of the market, the agreements in which they bind themselves to the privacy law, and when these are suspended."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import final

from kwartier.model.ground import Agreement, Role, Suspension
from kwartier.store.registry import rows as _rows
from kwartier.store.registry.errors import NotFound
from kwartier.store.registry.rows import C

_ALL = "select key, code, name, role from kw.party order by code"
_ONE = "select key, code, name, role from kw.party where code = %s"
_AGREEMENTS = """
    select a.id, a.party, p.role, a.period from kw.agreement a join kw.party p on p.key = a.party
    where a.party = any(%s) order by a.party, a.id
"""
_SUSPENSIONS = "select id, party, period from kw.suspension where party = any(%s) order by party, id"
_LOCK = "select key from kw.party where key = %s for update"
_SUSPENDED = "select id from kw.suspension where party = %(party)s and period @> %(at)s"
_SUSPEND = """
    insert into kw.suspension (party, period, because) values (%(party)s, tstzrange(%(at)s, null), %(because)s) returning id
"""
_REINSTATE = """
    update kw.suspension set period = tstzrange(lower(period), %(at)s)
    where party = %(party)s and upper_inf(period) and lower(period) < %(at)s returning id
"""
_SINCE = "select lower(period) from kw.suspension where id = %s"
_BEGIN_DEFAULT = "insert into kw.supplier_default (party, period) values (%(party)s, tstzrange(%(at)s, null)) returning id"
_IN_DEFAULT = "select id from kw.supplier_default where party = %(party)s and period @> %(at)s"
_END_DEFAULT = """
    update kw.supplier_default set period = tstzrange(lower(period), %(at)s)
    where party = %(party)s and upper_inf(period) and lower(period) < %(at)s returning id
"""
_SAID_OF_DEFAULT = """
    select party, floor(extract(epoch from lower(period)))::bigint, floor(extract(epoch from upper(period)))::bigint
    from kw.supplier_default where id = %s
"""
_SAID = """
    select party, because, floor(extract(epoch from lower(period)))::bigint, floor(extract(epoch from upper(period)))::bigint
    from kw.suspension where id = %s
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


def suspensions(c: C, parties: Sequence[int]) -> list[Suspension]:
    """Return every suspension of these parties."""
    with _rows.cursor(c) as cursor:
        return [Suspension(*row) for row in cursor.execute(_SUSPENSIONS, (list(parties),))]


def lock(c: C, party: int) -> None:
    """Let nobody else suspend or reinstate this party until the transaction ends. Raises NotFound for an unknown party."""
    if c.execute(_LOCK, (party,)).fetchone() is None:
        msg = "no such party"
        raise NotFound(msg)


def suspended(c: C, party: int, at: datetime) -> bool:
    """Tell whether a party is suspended at that moment."""
    return c.execute(_SUSPENDED, {"party": party, "at": at}).fetchone() is not None


def suspend(c: C, party: int, at: datetime, because: str) -> int:
    """Suspend a party from `at` on until it is reinstated, and stop what rests on its agreements. Returns the suspension's id.

    `because` is a word in lower case, as `assurance_missed`: no prose, so no name. A party that is suspended at `at` stays so, by
    the suspension that it has. The log has to be told in the same transaction (`told_of`). Raises NotFound for an unknown party.
    """
    lock(c, party)
    values = {"party": party, "at": at, "because": because}
    found = c.execute(_SUSPENDED, values).fetchone() or c.execute(_SUSPEND, values).fetchone()
    assert found is not None  # noqa: S101 - an insert returns its row
    return int(found[0])


def reinstate(c: C, party: int, at: datetime) -> int:
    """End the suspension of a party at `at`. Returns its id. Raises NotFound for one that is unknown, or not suspended before."""
    lock(c, party)
    found = c.execute(_REINSTATE, {"party": party, "at": at}).fetchone()
    if found is None:
        msg = "this party was not suspended"
        raise NotFound(msg)
    return int(found[0])


def suspended_since(c: C, suspension: int) -> datetime:
    """Return when a suspension began. Raises NotFound."""
    found = c.execute(_SINCE, (suspension,)).fetchone()
    if found is None:
        msg = "no such suspension"
        raise NotFound(msg)
    since: datetime = found[0]
    return since


def told_of(c: C, suspension: int) -> dict[str, int | str | None]:
    """Return what the log is told of a suspension when it begins, or ends: moments in epoch seconds."""
    found = c.execute(_SAID, (suspension,)).fetchone()
    if found is None:
        msg = "no such suspension"
        raise NotFound(msg)
    party, because, start, end = found
    return {"suspension": suspension, "party": party, "because": because, "start": start, "end": end}


def in_default(c: C, party: int, at: datetime) -> bool:
    """Tell whether a supplier is in default at that moment."""
    return c.execute(_IN_DEFAULT, {"party": party, "at": at}).fetchone() is not None


def begin_default(c: C, party: int, at: datetime) -> int:
    """Say that a supplier is in default from `at` on. Returns the fact's id. The log has to be told, as of a suspension."""
    found = c.execute(_BEGIN_DEFAULT, {"party": party, "at": at}).fetchone()
    assert found is not None  # noqa: S101 - an insert returns its row
    return int(found[0])


def end_default(c: C, party: int, at: datetime) -> int:
    """Say that a supplier is no longer in default. Returns the fact's id. Raises NotFound if it was not before."""
    found = c.execute(_END_DEFAULT, {"party": party, "at": at}).fetchone()
    if found is None:
        msg = "this supplier was not in default"
        raise NotFound(msg)
    return int(found[0])


def told_of_default(c: C, default: int) -> dict[str, int | None]:
    """Return what the log is told of a default when it begins, or ends: moments in epoch seconds."""
    found = c.execute(_SAID_OF_DEFAULT, (default,)).fetchone()
    if found is None:
        msg = "no such default"
        raise NotFound(msg)
    party, start, end = found
    return {"default": default, "party": party, "start": start, "end": end}

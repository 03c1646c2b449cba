"""What customers said of their meter: refused, administratively off, or nothing of the kind. A new word ends the one before.

As the portal row-level security keeps a person to the electricity connection where they live at that moment.
"""

from psycopg.errors import ExclusionViolation, InsufficientPrivilege

from kwartier.model.ground import Restriction, RestrictionKind
from kwartier.model.period import Period
from kwartier.store.registry import rows
from kwartier.store.registry.errors import AlreadyRestricted, NotAnOccupant
from kwartier.store.registry.rows import C

_STANDING = """
    select id, kind, period from kw.restriction where connection = %s and upper_inf(period) order by lower(period) desc limit 1
"""
_END = """
    update kw.restriction set period = tstzrange(lower(period), %(end)s) where id = %(id)s and upper_inf(period) returning id
"""
_BEGIN = "insert into kw.restriction (connection, kind, period) values (%s, %s, %s) returning id"


def standing(c: C, connection: int) -> Restriction | None:
    """Return the restriction of an electricity connection that has no end, None if there is none, or none that is shown."""
    with rows.cursor(c) as cursor:
        found = cursor.execute(_STANDING, (connection,)).fetchone()
    return None if found is None else Restriction(found[0], RestrictionKind(found[1]), found[2])


def end(c: C, one: Restriction, period: Period) -> None:
    """Let a restriction end as the period says. Raises NotAnOccupant where that is not this person's to say."""
    try:
        with rows.cursor(c) as cursor:
            found = cursor.execute(_END, {"id": one.id, "end": period.end}).fetchone()
    except InsufficientPrivilege:
        found = None
    if found is None:
        msg = "only who lives there can say this of the meter"
        raise NotAnOccupant(msg)


def begin(c: C, connection: int, kind: RestrictionKind, period: Period) -> int:
    """Restrict a connection; its stops stand in the same transaction. Returns the id. Raises NotAnOccupant, AlreadyRestricted."""
    try:
        with rows.cursor(c) as cursor:
            found = cursor.execute(_BEGIN, (connection, kind, period)).fetchone()
    except InsufficientPrivilege:
        msg = "only who lives there can say this of the meter"
        raise NotAnOccupant(msg) from None
    except ExclusionViolation:
        msg = "this connection is restricted then already"
        raise AlreadyRestricted(msg) from None
    assert found is not None  # noqa: S101 - an insert that returns
    return int(found[0])

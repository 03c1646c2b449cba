"""What customers said of their meter: refused, administratively off, or nothing of the kind. A new word takes the others' place.

As the portal row-level security keeps a person to the electricity connection where they live at that moment.
"""

from datetime import datetime

from psycopg.errors import ExclusionViolation, InsufficientPrivilege

from kwartier.model.ground import Restriction, RestrictionKind
from kwartier.model.period import Period
from kwartier.store.registry import rows
from kwartier.store.registry.errors import AlreadyRestricted, NotAnOccupant
from kwartier.store.registry.rows import C

_SAID = "select id, kind, period from kw.restriction where connection = %s order by lower(period)"
_END = """
    update kw.restriction set period = tstzrange(lower(period), %(end)s)
    where id = %(id)s and coalesce(upper(period), 'infinity') > %(end)s returning id
"""
_TAKE_BACK = "select kw.take_back_restriction(%s, %s)"
_BEGIN = "insert into kw.restriction (connection, kind, period) values (%s, %s, %s) returning id"


def said(c: C, connection: int) -> list[Restriction]:
    """Return the restrictions of an electricity connection in order of time: of now, of before and for later, as far as shown."""
    with rows.cursor(c) as cursor:
        return [Restriction(key, RestrictionKind(kind), period) for key, kind, period in cursor.execute(_SAID, (connection,))]


def end(c: C, one: Restriction, period: Period) -> None:
    """Let a restriction end sooner, as the period says. Raises NotAnOccupant where that is not this person's to say."""
    try:
        with rows.cursor(c) as cursor:
            found = cursor.execute(_END, {"id": one.id, "end": period.end}).fetchone()
    except InsufficientPrivilege:
        found = None
    if found is None:
        msg = "only who lives there can say this of the meter"
        raise NotAnOccupant(msg)


def take_back(c: C, one: Restriction, at: datetime) -> None:
    """Take back a restriction that has not begun at a moment. Raises NotAnOccupant where that is not this person's to say."""
    with rows.cursor(c) as cursor:
        found = cursor.execute(_TAKE_BACK, (one.id, at)).fetchone()
    if found is None or not found[0]:
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

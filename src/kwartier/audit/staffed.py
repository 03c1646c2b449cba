"""Which of the operator's people did something, and why: kept beside the log, with a commitment to it in the line.

The line has `staff`, HMAC-SHA256(salt, canonical JSON of {"because", "person"}) in hexadecimal. So a proof shows the operator's
role and nobody's name, while whoever is given salt, person and reason can check that the line was about these from the beginning.
"""

import hmac
import os
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from psycopg import Connection

from kwartier.audit.canonical import canonical
from kwartier.audit.errors import NotInLog
from kwartier.audit.events import Event
from kwartier.audit.subjects import SALT_SIZE
from kwartier.model.staff import Staff

C = Connection[Any]

OPERATOR: Final = "operator"


class Act(NamedTuple):
    """Who, why, and the salt that opens the commitment to it."""

    staff: Staff
    salt: bytes

    @property
    def commitment(self) -> bytes:
        """What stands in the line."""
        said = canonical({"because": self.staff.reason, "person": self.staff.person})
        return hmac.digest(self.salt, said, "sha256")


class Kept(NamedTuple):
    """What an auditor is shown of an entry, and whether the entry holds the commitment to it."""

    at: datetime
    act: Act
    agrees: bool


def act(event: Event, staff: Staff | None) -> Act | None:
    """Return who did this, if it was one of the operator's people; `staff` is who works here, None for what runs by itself."""
    return None if staff is None or event.actor != OPERATOR else Act(staff, os.urandom(SALT_SIZE))


def keep(c: C, entries: Sequence[int], events: Sequence[Event], acts: Iterable[Act | None]) -> None:
    """Store who did what, by the entry of each event."""
    rows = [
        (entry, one.staff.person, one.staff.reason, one.salt, event.at)
        for entry, event, one in zip(entries, events, acts, strict=True)
        if one is not None
    ]
    if rows:
        c.execute(
            "insert into kw.staff_act (entry, person, reason, salt, at)"
            " select * from unnest(%b::bigint[], %b::text[], %b::text[], %b::bytea[], %b::timestamptz[])",
            [list(column) for column in zip(*rows, strict=True)],
        )


def of(c: C, entry: int) -> Kept | None:
    """Return who did what this entry says, None where it names nobody. Raises NotInLog if there is no such entry."""
    found = c.execute(
        "select convert_from(l.leaf, 'UTF8')::jsonb ->> 'staff', a.at, a.person, a.reason, a.salt from audit.event l"
        " left join kw.staff_act a on a.entry = l.id where l.id = %s",
        (entry,),
    ).fetchone()
    if found is None:
        msg = "the log has no such line"
        raise NotInLog(msg)
    said, at, person, reason, salt = found
    if person is None:
        return None
    one = Act(Staff(person, reason), salt)
    return Kept(at, one, said == one.commitment.hex())

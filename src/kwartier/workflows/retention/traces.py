"""What an erasure leaves on disk after its rows are gone: dead rows in tables, statistics, the server's own log. All of it goes.

A server that somebody else runs lets us write our tables anew, but its log is its administrator's: it is said what is left to do.
"""

from datetime import datetime
from typing import Final

from kwartier.store import postgres
from kwartier.store.postgres import traces
from kwartier.store.registry import erasures
from kwartier.workflows.installation import Installation

TABLES: Final = (
    "kw.subject",
    "kw.subject_key",
    "kw.permission",
    "kw.permission_request",
    "kw.quarantine",
    "kw.correction",
    "kw.sight",
    "kw.alarm",
    "kw.import_reject",
    "audit.event",
    "audit.block",
    "audit.head",
    "audit.page",
)
"""Every table that an erasure takes something from."""


def remove(house: Installation, *, at: datetime) -> tuple[str, ...]:
    """Remove the traces of erasures that were carried out. Returns what only the administrator of the server can do."""
    with house.operator() as c:
        carried = erasures.unfinished(c)
    if not carried:
        return ()
    with house.auditor() as c:
        house.log.integrate(c)
    traces.rewrite(house.dsns.owner, TABLES)
    left: tuple[str, ...] = ()
    if house.settings.embedded:
        traces.begin_anew(postgres.admin_dsn(house.data, house.dsns))
    else:
        left = traces.BY_ADMINISTRATOR
    with house.operator() as c:
        erasures.finished(c, carried, at)
    return left

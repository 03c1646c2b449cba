"""S4: what is published of the code of conduct stands in the log, so that a past decision can be held against it."""

from datetime import datetime
from typing import Any

from psycopg import Connection

from kwartier.audit.events import Event, EventKind
from kwartier.grounds import conduct
from kwartier.grounds.digest import digest
from kwartier.model.period import epoch_s
from kwartier.store.registry import editions
from kwartier.workflows.installation import Installation

ACTOR = "operator"


def publish(house: Installation, c: Connection[Any], *, at: datetime) -> None:
    """Tell the log of every edition that it was not told of, in the caller's transaction: its digest and from when it counts."""
    digests = {edition.id: digest(edition) for edition in conduct.EDITIONS}
    new = editions.tell(c, digests, at)
    house.log.record(
        c,
        [
            Event(
                at,
                EventKind.EDITION_PUBLISHED,
                ACTOR,
                body={"edition": edition.id, "digest": digests[edition.id], "start": epoch_s(edition.in_force.start)},
            )
            for edition in conduct.EDITIONS
            if edition.id in new
        ],
    )

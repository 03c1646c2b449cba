"""The editions of the code of conduct as the log was told them: what decides again must mean what was published then."""

from collections import defaultdict
from datetime import datetime
from functools import cache
from typing import Any, final

from psycopg import Connection

from kwartier.audit import evidence
from kwartier.audit.events import EventKind
from kwartier.grounds import conduct
from kwartier.grounds.digest import digest
from kwartier.workflows.replay.findings import Findings

_digest = cache(digest)


@final
class Editions:
    """Looks at each edition that decides something, once."""

    def __init__(self, c: Connection[Any], found: Findings) -> None:
        """`c` sees the log; what is not as it was published goes to `found`."""
        self._found = found
        self._seen: set[str] = set()
        self._told: dict[str, set[str]] = defaultdict(set)
        for one in evidence.told(c, (EventKind.EDITION_PUBLISHED,)):
            self._told[str(one.body.get("edition"))].add(str(one.body.get("digest")))

    def look(self, at: datetime) -> None:
        """Look at the edition in force at a moment."""
        edition = conduct.edition_at(at)
        if edition.id in self._seen:
            return
        self._seen.add(edition.id)
        told = self._told.get(edition.id)
        if told is None:
            self._found.add("edition-not-told", edition=edition.id)
        elif told != {_digest(edition)}:
            self._found.add("edition-differs", edition=edition.id)

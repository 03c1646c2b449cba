"""Who of the operator's people did what, against what the log says: a name without a line, a line whose name is gone or another's.

A line has a commitment only, HMAC-SHA256(salt, canonical JSON of why and who), written out here once more. Neither names nor
reasons leave this module. What retention said that it takes away, names whose term is over, is not missed.
"""

import hmac
import json
from datetime import UTC, datetime
from typing import Any, Final, final

from psycopg import Connection

from kwartier.audit.evidence import Entry
from kwartier.grounds.retention import Kept
from kwartier.store.registry import replay
from kwartier.store.registry.replay import StaffAct
from kwartier.workflows.replay import terms
from kwartier.workflows.replay.findings import Findings

C = Connection[Any]
AT_ONCE: Final = 500


@final
class Named:
    """Takes up the log's entries that were made by a person."""

    def __init__(self, c: C, found: Findings) -> None:
        """Contradictions go to `found`."""
        self._c = c
        self._found = found
        self._waiting: dict[int, tuple[datetime, str]] = {}
        self._missing: list[tuple[datetime, int]] = []
        self._kept_from = datetime(1, 1, 1, tzinfo=UTC)
        self._said = 0

    def take(self, entry: Entry) -> None:
        """Take up an entry of the log."""
        if entry.kind == "retention:applied":
            self._given_up(entry)
        said = entry.said.get("staff")
        if said is not None:
            self._waiting[entry.id] = entry.at, str(said)
            if len(self._waiting) >= AT_ONCE:
                self._compare()

    def _given_up(self, entry: Entry) -> None:
        """Names of lines from before `staff_from` went, which must not lie within their term."""
        since = entry.said["body"].get("staff_from")
        before = None if since is None else terms.given_up(Kept.STAFF, since, entry.at, self._found, table="staff_act")
        self._kept_from = max(self._kept_from, before or self._kept_from)

    def _compare(self) -> None:
        waiting, self._waiting = self._waiting, {}
        there = replay.staff_acts(self._c, waiting)
        self._said += len(there)
        self._found.compared["staff"] += len(waiting)
        for entry, (at, said) in waiting.items():
            act = there.get(entry)
            if act is None:
                self._missing.append((at, entry))
            elif _commitment(act) != said:
                self._found.add("staff-differs", entry=entry)

    def check(self) -> None:
        """After the last entry: what stands beside no line that speaks of it."""
        self._compare()
        for entry in (entry for at, entry in self._missing if at >= self._kept_from):
            self._found.add("staff-missing", entry=entry)
        if beside := replay.staff_acts_in_all(self._c) - self._said:
            self._found.add("staff-without-line", beside)


def _commitment(act: StaffAct) -> str:
    said = json.dumps({"because": act.reason, "person": act.person}, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hmac.new(act.salt, said.encode(), "sha256").hexdigest()

"""What was refused or withheld, decided again: nobody may be refused what there was a ground for, or for another reason than said.

Somebody has a right to what they may know. A platform that refuses too much shows nobody anything that it should not; so this is
found and told, but it does not count as uncovered, over-broad or late.
"""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, final

from kwartier.audit import leaves
from kwartier.audit.evidence import Entry, Line
from kwartier.model.errors import KwartierError
from kwartier.model.ground import STATION, Refusal, Request
from kwartier.model.period import day_of
from kwartier.model.permit import Permit
from kwartier.workflows.replay.again import PREPARING, Again, decided_at
from kwartier.workflows.replay.findings import Findings
from kwartier.workflows.replay.window import WHOLE, Window


@final
class Refusals:
    """Takes up what the log says was refused."""

    def __init__(self, again: Again, found: Findings, window: Window = WHOLE) -> None:
        """Contradictions go to `found`."""
        self._again = again
        self._found = found
        self._window = window

    def take(self, entry: Entry, lines: Sequence[Line]) -> None:
        """Take up an entry of the log, in the log's order."""
        if not self._window.holds(entry.at):
            return
        if entry.kind == "batch:refused":
            self._all(entry, [json.loads(line.body) for line in lines], "refused")
        elif entry.kind == "parcel:withheld":
            self._all(entry, [entry.said["body"]], "withheld")

    def _all(self, entry: Entry, bodies: Sequence[dict[str, Any]], what: str) -> None:
        self._again.known.load({body["c"] for body in bodies})
        moments = _moments(entry)
        for body in bodies:
            self._found.compared["refusals"] += 1
            try:
                self._one(entry, leaves.request_of(body), str(body.get("x", body.get("rule"))), what, moments)
            except (KeyError, TypeError, ValueError, KwartierError):
                self._found.add("not-understood", entry=entry.id)

    def _one(self, entry: Entry, request: Request, rule: str, what: str, moments: Sequence[datetime]) -> None:
        """A no that cannot have been said at any moment is wrong; of what nothing is known at all, any no is right."""
        detail: dict[str, Any] = {"entry": entry.id, "connection": request.connection, "purpose": str(request.purpose)}
        meter = self._station(request, entry) if request.connection == STATION else 0
        answers = [self._again.answer(request, moment, meter=meter, before=entry.position) for moment in moments]
        if all(isinstance(one, Permit) for one in answers):
            self._found.add(f"{what}-with-ground", **detail)
        elif None not in answers and rule not in {one.rule for one in answers if isinstance(one, Refusal)}:
            self._found.add(f"{what}-otherwise", **detail, rule=rule)

    def _station(self, request: Request, entry: Entry) -> int:
        """Return a station meter of the area that the operator's use case names: a line says of none which one it was."""
        return self._again.known.station_of(request.requester.id, day_of(request.period.start), entry.at, entry.position)


def _moments(entry: Entry) -> tuple[datetime, ...]:
    """Return from when until when it may have been decided: facts are loaded after the moment that is noted."""
    decided = decided_at(entry)
    return (entry.at, entry.at + PREPARING) if decided is None else (decided, entry.at)

"""Mandates that began by silence: a letter must have lain there before, and the time that it gives must be over.

A permission that one of the operator's processes wrote down as the answer to a request was given by nobody but by silence; what a
customer says is in the customer's name. Permissions from before letters were told do not say what they answer, and are left alone.
"""

from datetime import datetime, timedelta
from typing import Final, final

from kwartier.audit.evidence import Entry
from kwartier.model.period import from_epoch_s
from kwartier.workflows.replay.findings import Findings
from kwartier.workflows.replay.window import WHOLE, Window

LEAST: Final = timedelta(days=1)
"""The shortest notice that an installation can be set to."""
_ENDED: Final = frozenset({"permission:rejected", "permission:found_invalid"})


@final
class Letters:
    """Takes up letters, and what began after them."""

    def __init__(self, found: Findings, window: Window = WHOLE) -> None:
        """Contradictions in the time that is compared go to `found`."""
        self._found = found
        self._window = window
        self._over: dict[int, datetime] = {}

    def take(self, entry: Entry) -> None:
        """Take up an entry of the log, in the log's order."""
        body = entry.said["body"]
        if entry.kind == "letter:laid" and "request" in body:
            self._over[body["request"]] = max(from_epoch_s(body["answer_by"]), entry.at + LEAST)
        elif entry.kind in _ENDED:
            self._over.pop(body["request"], None)
        elif entry.kind == "permission:granted" and "request" in body:
            self._begun(entry, body["request"])

    def _begun(self, entry: Entry, request: int) -> None:
        over = self._over.pop(request, None)
        if entry.said["actor"] != "operator" or not self._window.holds(entry.at):
            return
        self._found.compared["mandates"] += 1
        if over is None or entry.at < over:
            code = "mandate-without-letter" if over is None else "mandate-too-soon"
            self._found.add(code, request=request, connection=entry.connection)

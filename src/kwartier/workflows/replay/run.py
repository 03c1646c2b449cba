"""The replay: everything that was recorded, stored, remembered by meters and handed out, compared both ways."""

from datetime import datetime
from pathlib import Path
from typing import Any

from psycopg import Connection

from kwartier.audit import checkpoint, evidence
from kwartier.audit.errors import BrokenLog
from kwartier.model.errors import KwartierError
from kwartier.store.registry import replay
from kwartier.workflows.installation import Installation, meter_models
from kwartier.workflows.replay.again import Again
from kwartier.workflows.replay.book import Book
from kwartier.workflows.replay.chain import Chain
from kwartier.workflows.replay.deliveries import Deliveries
from kwartier.workflows.replay.findings import Findings
from kwartier.workflows.replay.lake import Lake
from kwartier.workflows.replay.sessions import Sessions

C = Connection[Any]

JOURNAL = Path("town", "sessions.jsonl")
"""Where the simulated meters keep their journal. Meters elsewhere have none here; then deeds are not held against one."""


def run(house: Installation, *, at: datetime) -> Findings:
    """Compare log, store and the meters' journals. Signs what is still pending first; changes nothing else.

    Meant for an installation at rest: `at` is noted as the time of the check, and what a running night adds after the log was
    read is left alone.
    """
    found = Findings(at)
    with house.auditor() as c:
        house.log.integrate(c)
    with house.operator() as c:
        c.execute("set transaction isolation level repeatable read")
        compare(house, c, found)
    return found


def compare(house: Installation, c: C, found: Findings) -> None:
    """Compare everything as one connection sees it."""
    states = replay.batches(c)
    again = Again(c, replay.stops(c), found)
    book = Book.empty(again, found)
    for entry, lines in Chain(c, house.log, found, None if house.witness is None else house.witness.vkey).entries():
        try:
            book.take(entry, lines)
        except (KeyError, TypeError, ValueError, KwartierError):
            found.add("not-understood", entry=entry.id)
    _published(house, c, found)
    Lake(house.readings, book, states, lambda: _batches_now(house), found).check()
    journal = house.data / JOURNAL
    if journal.exists():
        Sessions(book, replay.meters(c), meter_models(), house.settings.stop_age_s, found).check(journal)
    Deliveries(c, again, book.parcels, house.outbox, found, book.parcels_from).check()


def _batches_now(house: Installation) -> dict[int, str]:
    with house.operator() as c:
        return replay.batches(c)


def _published(house: Installation, c: C, found: Findings) -> None:
    """The published checkpoint must be one of this log, word for word."""
    try:
        shown = checkpoint.published(house.data / "audit")
    except BrokenLog:
        found.add("checkpoint-refused", why="unreadable")
        return
    stored = evidence.checkpoints(c)
    if shown is not None and (shown[0] not in stored or stored[shown[0]][1] != shown[1]):
        found.add("checkpoint-refused", size=shown[0], why="published")

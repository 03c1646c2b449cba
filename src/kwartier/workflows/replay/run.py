"""The replay: everything that was recorded, stored, remembered by meters and handed out, compared both ways."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from psycopg import Connection

from kwartier.audit import checkpoint, evidence
from kwartier.audit.errors import BrokenLog
from kwartier.model.errors import KwartierError
from kwartier.store.registry import replay
from kwartier.workflows.installation import Installation, meter_models
from kwartier.workflows.replay import lake, registry
from kwartier.workflows.replay.again import Again
from kwartier.workflows.replay.book import Book
from kwartier.workflows.replay.chain import Chain
from kwartier.workflows.replay.corrections import Corrections
from kwartier.workflows.replay.deliveries import Deliveries
from kwartier.workflows.replay.findings import Findings
from kwartier.workflows.replay.held import Held
from kwartier.workflows.replay.lake import Lake
from kwartier.workflows.replay.letters import Letters
from kwartier.workflows.replay.refusals import Refusals
from kwartier.workflows.replay.sessions import Sessions
from kwartier.workflows.replay.staff import Named
from kwartier.workflows.replay.sums import Sums
from kwartier.workflows.replay.views import Views
from kwartier.workflows.replay.window import WHOLE, Window

C = Connection[Any]

LAKE = "lake"
JOURNAL = Path("town", "sessions.jsonl")
"""Where the simulated meters keep their journal. Meters elsewhere have none here; then deeds are not held against one."""


def run(house: Installation, *, at: datetime, window: Window = WHOLE) -> Findings:
    """Compare log, store and the meters' journals. Signs what is still pending first; changes nothing else.

    Meant for an installation at rest: `at` is noted as the time of the check, and what a running night adds after the log was
    read is left alone. The log is always checked whole; what happened is compared in `window`.
    """
    found = Findings(at)
    with house.auditor() as c:
        house.log.integrate(c)
    with house.operator() as c:
        c.execute("set transaction isolation level repeatable read")
        compare(house, c, found, window)
    return found


def compare(house: Installation, c: C, found: Findings, window: Window = WHOLE) -> None:
    """Compare everything as one connection sees it."""
    shown = _published(house, found)  # first: beside a sequencer that signs the file goes on, and what it shows is stored by then
    states = replay.batches(c)
    again = Again(c, found)
    chosen = house.settings
    book = Book(again, found, window, timedelta(seconds=chosen.stop_age_s + chosen.session_s))
    deliveries, views = Deliveries(c, again, house.outbox, found, window), Views(c, again, found, window)
    corrections, letters = Corrections(c, found), Letters(found, window)
    refusals, named, gone = Refusals(again, found, window), Named(c, found), registry.Gone(found)
    sums = Sums(again, found, window)
    sessions = _sessions(house, c, book, found, window)
    witness = None if house.witness is None else house.witness.vkey
    for entry, lines in Chain(c, house.log, found, witness).entries():
        try:
            book.take(entry, lines)
            deliveries.take(entry, lines)
            views.take(entry)
            corrections.take(entry)
            refusals.take(entry, lines)
            letters.take(entry)
            named.take(entry)
            gone.take(entry)
            sums.take(entry)
        except (KeyError, TypeError, ValueError, OverflowError, KwartierError):
            found.add("not-understood", entry=entry.id)
        if entry.kind == "batch:read":
            sessions.until(entry.at)
    sessions.finish()
    book.end(states)
    views.end()
    named.check()
    _is_stored(shown, c, found)
    registry.check(c, again.known, found, gone, sums.page)
    sums.check(c)
    held = _held(house, found)
    book.take_out(corrections.gone())
    Lake(held, book, states, lambda: _batches_now(house), found).check()
    corrections.check(held)
    lake.put_aside(replay.put_aside(c), book, found)
    book.bases.check(held, book.elsewhere, found)
    deliveries.check(held, corrections, book.parcels_from)


class _Quiet:
    """Where no meter keeps a journal here: deeds are not held against one."""

    def __init__(self, book: Book) -> None:
        self._book = book

    def until(self, moment: datetime) -> None:
        self._book.let_go(moment)

    def finish(self) -> None:
        """Do nothing: the book is read."""


def _sessions(house: Installation, c: C, book: Book, found: Findings, window: Window) -> Sessions | _Quiet:
    journal = house.data / JOURNAL
    if not journal.exists():
        return _Quiet(book)
    return Sessions(book, replay.meters(c), meter_models(), house.settings.stop_age_s, found, journal=journal, window=window)


def _held(house: Installation, found: Findings) -> Held:
    try:
        return Held(house.data / LAKE)
    except (OSError, KeyError, TypeError, ValueError):
        found.add("not-understood", lake=1)
        return Held.nothing()


def _batches_now(house: Installation) -> dict[int, str]:
    with house.operator() as c:
        return replay.batches(c)


def _published(house: Installation, found: Findings) -> tuple[int, str] | None:
    """Return size and text of the published checkpoint."""
    try:
        return checkpoint.published(house.data / "audit")
    except BrokenLog:
        found.add("checkpoint-refused", why="unreadable")
        return None


def _is_stored(shown: tuple[int, str] | None, c: C, found: Findings) -> None:
    """The published checkpoint must be one of this log, word for word."""
    stored = evidence.checkpoints(c)
    if shown is not None and (shown[0] not in stored or stored[shown[0]][1] != shown[1]):
        found.add("checkpoint-refused", size=shown[0], why="published")

"""Deliveries, three ways: what the registry says left, what the log says left, and what lies in the outbox."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final, final

from psycopg import Connection

from kwartier.delivery.document import REGISTERS
from kwartier.model.parcel import ParcelStatus
from kwartier.store.registry import deliveries, replay
from kwartier.store.registry.replay import Sent
from kwartier.workflows.replay.again import Again
from kwartier.workflows.replay.book import Book
from kwartier.workflows.replay.findings import Findings

C = Connection[Any]

_CHANNELS: Final = {(code, tariff): channel for channel, (code, _, tariff) in REGISTERS.items()}
_STEPS: Final = {"PT15M": timedelta(minutes=15), "PT1H": timedelta(hours=1)}


@final
class Parcels:
    """Compares every parcel that ended."""

    def __init__(self, c: C, again: Again, book: Book, outbox: Path, found: Findings) -> None:
        """`c` is a connection as operator; `outbox` has a folder per receiver."""
        self._c = c
        self._again = again
        self._book = book
        self._outbox = outbox
        self._found = found

    def check(self) -> None:
        """Compare all of them; then what the log or the outbox has beyond the registry."""
        sent: dict[str, Sent] = {}
        while page := replay.parcels(self._c, after=max(sent, default="")):
            self._again.load((0, _request(one)) for one in page)
            for one in page:
                sent[one.id] = one
                self._found.compared["parcels"] += 1
                self._one(one)
        for key, (kind, _, _) in self._book.parcels.items():
            if kind == "parcel:delivered" and key not in sent:
                self._found.add("event-without-parcel")
        for reference, document in self._documents():
            delivered = sent.get(reference)
            if delivered is None or delivered.status != ParcelStatus.DELIVERED:
                self._found.add("file-without-parcel")
            elif _beyond(document, delivered):
                self._found.add("parcel-beyond-permit", connection=delivered.connection)

    def _one(self, one: Sent) -> None:
        kind, _, body = self._book.parcels.get(one.id, ("", None, {}))
        if kind != f"parcel:{one.status}" or body.get("permit") != (one.permit.hex() if one.permit else None):
            self._found.add("parcel-without-event", connection=one.connection, status=one.status)
        if one.status != ParcelStatus.DELIVERED:
            return
        permit = self._again.permit(_request(one), one.decided)
        if permit is None or permit.id != one.permit:
            self._found.add("parcel-not-decided", connection=one.connection, purpose=one.purpose.value)

    def _documents(self) -> Iterator[tuple[str, dict[str, Any]]]:
        for path in sorted(self._outbox.glob("*/*.jsonl")):
            with path.open(encoding="utf-8") as lines:
                for line in lines:
                    document = json.loads(line)
                    yield document["reference"], document


def _request(one: Sent) -> Any:  # noqa: ANN401 - the request of deliveries.request
    return deliveries.request(one.receiver, one.connection, one.purpose, one.mask, one.period)


def _beyond(document: dict[str, Any], one: Sent) -> bool:
    """Tell whether a document holds a channel or a time that its request did not name."""
    for part in [*document["series"], *document["readings"]]:
        channel = _CHANNELS.get((part["register"], part.get("tariff")))
        if part["register"] == "0-n:24.2.2":
            inside = one.mask & (1 << 3 | 1 << 8)
        else:
            inside = one.mask >> channel & 1 if channel is not None else 0
        if not inside:
            return True
    return any(not _within(one, *_span(part)) for part in document["series"]) or any(
        not _within(one, *_moment(part)) for part in document["readings"]
    )


def _span(part: dict[str, Any]) -> tuple[datetime, datetime]:
    start = datetime.fromisoformat(part["start"])
    return start, start + len(part["values"]) * _STEPS[part["resolution"]]


def _moment(part: dict[str, Any]) -> tuple[datetime, datetime]:
    at = datetime.fromisoformat(part["at"])
    return at, at


def _within(one: Sent, start: datetime, end: datetime) -> bool:
    return one.period.start <= start and (one.period.end is None or end <= one.period.end)

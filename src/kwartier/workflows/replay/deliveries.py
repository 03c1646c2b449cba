"""Parcels against the log, the outbox and the grounds: decided again, known to the log, and no document beyond its permit."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, final

from psycopg import Connection

from kwartier.delivery.document import REGISTERS
from kwartier.model.ean import Ean
from kwartier.model.errors import BadInput, KwartierError
from kwartier.model.ground import Request
from kwartier.model.parcel import ParcelStatus
from kwartier.model.period import Period, epoch_s
from kwartier.model.register import DAY_MASK, GAS_MASK, INTERVAL_MASK, Product, channels_of
from kwartier.store.registry import deliveries, names, replay
from kwartier.store.registry.replay import Sent
from kwartier.workflows.replay import papers
from kwartier.workflows.replay.again import Again
from kwartier.workflows.replay.findings import Findings

C = Connection[Any]
Told = Mapping[str, tuple[str, datetime, Mapping[str, Any]]]
ASIDE = ".aside"
"""What is being written and nobody can fetch."""
_EVER = datetime(1, 1, 1, tzinfo=UTC)
_RESOLUTION = {"PT15M": timedelta(minutes=15), "PT1H": timedelta(hours=1)}


@final
class Deliveries:
    """Compares the registry's parcels with what the log was told of them, and with the documents that left."""

    def __init__(self, c: C, again: Again, told: Told, outbox: Path, found: Findings, since: datetime = _EVER) -> None:
        """`told` is what the log says of each parcel by its id: kind, when and body; from `since` on all must still be there."""
        self._since = since
        self._c = c
        self._again = again
        self._told = told
        self._outbox = outbox
        self._found = found
        self._known: set[str] = set()
        self._sent: dict[str, dict[str, Request]] = {}

    def check(self) -> None:
        """Compare all parcels, then the outbox."""
        after = ""
        while page := replay.parcels(self._c, after=after):
            after = page[-1].id
            self._page(page)
        for parcel, (kind, at, body) in self._told.items():
            if kind == "parcel:delivered" and parcel not in self._known and at >= self._since:
                self._found.add("event-without-parcel", parcel=parcel, connection=body["c"])
        self._documents()

    def _page(self, page: Sequence[Sent]) -> None:
        asked = {one.id: deliveries.request(one.receiver, one.connection, one.purpose, one.mask, one.period) for one in page}
        self._again.load((0, request) for request in asked.values())
        for one in page:
            self._found.compared["parcels"] += 1
            if one.status == ParcelStatus.DELIVERED:
                self._delivered(one, asked[one.id])

    def _delivered(self, one: Sent, request: Request) -> None:
        self._known.add(one.id)
        permit = self._again.permit(request, one.decided)
        if permit is None or permit.id != one.permit:
            self._found.add("parcel-not-decided", parcel=one.id, connection=one.connection, purpose=str(one.purpose))
        kind, _, body = self._told.get(one.id, ("", one.decided, {}))
        if kind != "parcel:delivered" or not _same(one, request, body):
            self._found.add("parcel-without-event", parcel=one.id, connection=one.connection)
        if one.box is not None and one.bundle is not None:
            self._sent.setdefault(f"{one.box}/{one.bundle}", {})[one.id] = request

    def _documents(self) -> None:
        """Every document a receiver can fetch is a delivered parcel of that receiver, and holds no more than was permitted."""
        for path in sorted(self._outbox.rglob("*")):
            if path.is_dir() or path.suffix == ASIDE:
                continue
            if path.name.endswith(papers.SUFFIX):
                self._papers(path)
                continue
            if path.suffix != ".jsonl":
                self._found.add("file-without-parcel", parcel=None)
                continue
            sent = self._sent.get(f"{path.parent.name}/{path.stem}", {})
            eans = names.eans(self._c, {request.connection for request in sent.values()})
            for document in _documents(path):
                self._found.compared["documents"] += 1
                parcel = str(document.get("reference"))
                request = sent.get(parcel)
                if request is None:
                    self._found.add("file-without-parcel", parcel=parcel)
                    continue
                if not _speaks_of(document, request, eans):
                    self._found.add("parcel-of-another", parcel=parcel, connection=request.connection)
                if not _holds_no_more(document, request):
                    self._found.add("parcel-beyond-permit", parcel=parcel, connection=request.connection)

    def _papers(self, path: Path) -> None:
        """What lies beside a bundle follows from parcels of the same receiver, and from nothing else."""
        box, bundle = path.parent.name, path.name.removesuffix(papers.SUFFIX)
        handed = {
            parcel: request for place, sent in self._sent.items() if place.startswith(f"{box}/") for parcel, request in sent.items()
        }
        for name, body in papers.read(path):
            self._found.compared["papers"] += 1
            parcel = str(body.get("reference"))
            request = self._sent.get(f"{box}/{bundle}", {}).get(parcel)
            if request is None:
                self._found.add("file-without-parcel", parcel=parcel)
            elif not _speaks_of(body, request, names.eans(self._c, {request.connection})):
                self._found.add("parcel-of-another", parcel=parcel, connection=request.connection)
            elif not papers.follows(name, body, request.connection, handed):
                self._found.add("paper-beyond-parcels", parcel=parcel, connection=request.connection)


def _same(one: Sent, request: Request, body: Mapping[str, Any]) -> bool:
    """Tell whether the log was told the same of a parcel as the registry."""
    end = request.period.end
    return one.permit is not None and (
        body.get("permit"),
        body.get("c"),
        body.get("o"),
        body.get("i"),
        body.get("u"),
        body.get("mask"),
        body.get("start"),
        body.get("end"),
    ) == (
        one.permit.hex(),
        request.connection,
        request.requester.role,
        request.requester.id,
        request.purpose,
        request.mask,
        epoch_s(request.period.start),
        None if end is None else epoch_s(end),
    )


def _documents(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the documents of a file; what is none has no reference, and so no parcel."""
    with path.open("rb") as file:
        for line in file:
            try:
                found = json.loads(line)
            except ValueError:
                found = None
            yield found if isinstance(found, dict) else {}


def _speaks_of(document: Mapping[str, Any], request: Request, eans: Mapping[int, Ean]) -> bool:
    """True if a document is about the metering point, the product and the purpose that were asked for."""
    product = Product.GAS if request.mask & GAS_MASK else Product.ELECTRICITY
    try:
        about = Ean.parse(str(document.get("metering_point")))
    except BadInput:
        return False
    return eans.get(request.connection) == about and (document.get("product"), document.get("purpose")) == (
        product,
        request.purpose,
    )


def _holds_no_more(document: Mapping[str, Any], request: Request) -> bool:
    """True if every value lies within the period, and in a register and direction, that was asked for and permitted."""
    try:
        return _within(document, request)
    except (KeyError, TypeError, ValueError, KwartierError):
        return False  # what cannot be read cannot be shown to hold no more


def _within(document: Mapping[str, Any], request: Request) -> bool:
    intervals = {REGISTERS[channel][:2] for channel in channels_of(request.mask & INTERVAL_MASK)}
    registers = {REGISTERS[channel] for channel in channels_of(request.mask & DAY_MASK)}
    return all(_series_within(one, intervals, request.period) for one in document["series"]) and all(
        (one["register"], one["direction"], one.get("tariff")) in registers and _reaches(request.period, one["at"])
        for one in document["readings"]
    )


def _series_within(one: Mapping[str, Any], allowed: set[tuple[str, str]], period: Period) -> bool:
    start = datetime.fromisoformat(one["start"])
    end = start + len(one["values"]) * _RESOLUTION[one["resolution"]]
    return (one["register"], one["direction"]) in allowed and period.covers(Period(start, end))


def _reaches(period: Period, at: str) -> bool:
    moment = datetime.fromisoformat(at)
    return period.covers(Period(moment, moment))

"""The papers that lie beside bundles: whatever one says follows from readings in parcels that went to the same receiver."""

import json
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from psycopg import Connection

from kwartier.delivery.document import REGISTERS
from kwartier.delivery.paper_page import files
from kwartier.delivery.papers import BILL
from kwartier.model.errors import KwartierError
from kwartier.model.ground import Purpose, Request
from kwartier.model.parcel import ParcelStatus
from kwartier.model.period import Period
from kwartier.model.register import channels_of
from kwartier.store.registry import replay
from kwartier.store.registry.replay import Sent
from kwartier.workflows.replay import wording
from kwartier.workflows.replay.documents import speaks_of
from kwartier.workflows.replay.findings import Findings

SUFFIX = ".papers.zip"
C = Connection[Any]
Paper = Mapping[str, Any]
Parts = Mapping[str, bytes]
Register = tuple[str, str, str | None]
Told = Mapping[datetime, set[Register]]
"""Which registers were handed over of a moment."""
LARGEST = 1 << 22
"""Bytes of one file in it: nothing of ours is near it, and nothing larger is unpacked."""


def read(path: Path) -> Iterator[tuple[Parts, Paper]]:
    """Yield the papers of a file, each with the bytes of its parts; what is no paper of ours is an empty one."""
    try:
        with zipfile.ZipFile(path) as box:
            if any(one.file_size > LARGEST for one in box.infolist()):
                yield {}, {}
                return
            parts = {name: box.read(name) for name in box.namelist()}
    except (OSError, EOFError, RuntimeError, ValueError, struct.error, zipfile.BadZipFile, zlib.error):
        yield {}, {}
        return
    for paper in sorted({name.split("/")[0] for name in parts}):
        mine = {name: content for name, content in parts.items() if name.split("/")[0] == paper}
        yield mine, _body(mine)


def _body(parts: Parts) -> Paper:
    """Return what the one JSON among the parts says, nothing if there is none."""
    try:
        (written,) = (content for name, content in parts.items() if name.endswith(".json"))
        found = json.loads(written)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def check(c: C, path: Path, sent: Mapping[str, Sent], found: Findings) -> None:
    """What lies beside a bundle follows from parcels of the same receiver, and from nothing else."""
    for parts, body in read(path):
        found.compared["papers"] += 1
        parcel = str(body.get("reference"))
        one = sent.get(parcel) or _closed_before(c, path, body, sent)
        if one is None:
            found.add("file-without-parcel", parcel=parcel)
        elif not speaks_of(body, one.request, purpose(body, one.request), replay.eans(c, {one.connection})):
            found.add("parcel-of-another", parcel=parcel, connection=one.connection)
        elif not follows(parts, body, one.connection, _delivered(c, path, {str(each) for each in named(body)})):
            found.add("paper-beyond-parcels", parcel=parcel, connection=one.connection)


def _closed_before(c: C, path: Path, body: Paper, sent: Mapping[str, Sent]) -> Sent | None:
    """Return the parcel that closed a paper before, if this one replaces that and quotes something that left with this bundle."""
    parcel = str(body.get("reference"))
    if body.get("replaces") != [parcel] or not sent.keys() & {str(one) for one in named(body)}:
        return None
    one = replay.these_parcels(c, {parcel}).get(parcel)
    return one if one is not None and _is_in(one, path) else None


def _delivered(c: C, path: Path, parcels: set[str]) -> dict[str, Request]:
    """Return those of these parcels that went to this receiver."""
    return {one.id: one.request for one in replay.these_parcels(c, parcels).values() if _is_in(one, path)}


def _is_in(one: Sent, path: Path) -> bool:
    return one.box == path.parent.name and one.status == ParcelStatus.DELIVERED


def named(body: Paper) -> list[object]:
    """Return the parcels on which a paper says that it rests."""
    readings = body.get("readings")
    return [one.get("parcel") for one in readings if isinstance(one, dict)] if isinstance(readings, list) else []


def purpose(body: Paper, request: Request) -> Purpose:
    """Return what a paper that a reading closes says of itself: a bill, also where somebody took that reading by hand."""
    by_hand = request.purpose is Purpose.HAND_READING and body.get("format") == BILL
    return Purpose.ANNUAL_BILL if by_hand else request.purpose


def follows(parts: Parts, body: Paper, connection: int, handed: Mapping[str, Request]) -> bool:
    """True if the parts are what the body makes, and the body rests on parcels about this connection alone, in their words."""
    try:
        purposes = {parcel: request.purpose for parcel, request in handed.items()}
        return dict(parts) == files(body) and _rests_on(body, connection, handed) and wording.of_paper(body, purposes)
    except (KeyError, TypeError, ValueError, AttributeError, KwartierError):
        return False  # what cannot be read cannot be shown to follow


def _rests_on(body: Paper, connection: int, handed: Mapping[str, Request]) -> bool:
    told: dict[datetime, set[Register]] = {}
    for one in body["readings"]:
        at, request = datetime.fromisoformat(one["at"]), handed.get(one["parcel"])
        if request is None or request.connection != connection or request.period != Period(at, at):
            return False
        told[at] = {REGISTERS[channel] for channel in channels_of(request.mask)}
    spans = (body, *body.get("earlier", ()), *([body["year_before"]] if "year_before" in body else ()))
    return all(_known(span, told) for span in spans)


def _known(span: Paper, told: Told) -> bool:
    """True if each value of a span lies between two readings that were handed over, and each stand is one of them."""
    opening, closing = (told.get(datetime.fromisoformat(span["period"][name]), set()) for name in ("start", "end"))
    return all(
        (one["value"] is None or _register(one) in opening & closing)
        and (one.get("opening") is None or _register(one) in opening)
        and (one.get("closing") is None or _register(one) in closing)
        for one in span.get("usage", ())
    )


def _register(one: Paper) -> Register:
    return one["register"], one["direction"], one.get("tariff")

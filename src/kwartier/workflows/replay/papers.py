"""The papers that lie beside bundles: whatever one says follows from readings in parcels that went to the same receiver."""

import json
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from kwartier.delivery.document import REGISTERS
from kwartier.delivery.paper_page import files
from kwartier.delivery.papers import BILL
from kwartier.model.errors import KwartierError
from kwartier.model.ground import Purpose, Request
from kwartier.model.period import Period
from kwartier.model.register import channels_of

SUFFIX = ".papers.zip"
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


def named(body: Paper) -> list[object]:
    """Return the parcels on which a paper says that it rests."""
    readings = body.get("readings")
    return [one.get("parcel") for one in readings if isinstance(one, dict)] if isinstance(readings, list) else []


def purpose(body: Paper, request: Request) -> Purpose:
    """Return what a paper that a reading closes says of itself: a bill, also where somebody took that reading by hand."""
    by_hand = request.purpose is Purpose.HAND_READING and body.get("format") == BILL
    return Purpose.ANNUAL_BILL if by_hand else request.purpose


def follows(parts: Parts, body: Paper, connection: int, handed: Mapping[str, Request]) -> bool:
    """True if the parts are what the body makes, and the body rests on parcels about this connection alone."""
    try:
        return dict(parts) == files(body) and _rests_on(body, connection, handed)
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

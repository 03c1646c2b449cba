"""Art. 19: whoever was handed what was wrong is told so, in the own box: which parcels and papers, and what was wrong; no values.

A notice is told whatever ground there is left: it says nothing of a person that the receiver was not handed before. What the ground
still allows comes as a parcel that names those it corrects.
"""

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from kwartier.audit.canonical import Json
from kwartier.audit.events import Event, EventKind
from kwartier.store.registry import notices
from kwartier.store.registry.notices import Notice
from kwartier.workflows.delivery_round import bundle
from kwartier.workflows.installation import Installation

FORMAT: Final = "kwartier/correction/1"
SUFFIX: Final = ".notice.json"
ACTOR: Final = "operator"
WHAT: Final = {
    "reading": "values in these parcels were wrong; what you may still have comes as a parcel that names these",
    "coupling": "values in these parcels were of another gas meter than the metering point's: use them no longer, erase them",
    "occupancy": "these parcels were about another time, or another person, than was believed: use them within your ground only",
}


def tell(house: Installation, at: datetime) -> int:
    """Lay each notice in its receiver's box, and say so in the log. Safe to repeat. Returns how many."""
    with house.operator() as c:
        waiting = notices.waiting(c)
    for one in waiting:
        path = path_of(house.outbox, one)
        _write(path, document(one))
        bundle.name(path)
        with house.operator() as c:
            if notices.told(c, one.id, at):
                house.log.record(c, [_event(one, code, at) for code in one.codes or (None,)])
    return len(waiting)


def path_of(outbox: Path, one: Notice) -> Path:
    """Return where the receiver finds it."""
    return outbox / one.box / f"{one.id}{SUFFIX}"


def document(one: Notice) -> bytes:
    """Return the notice: canonical UTF-8 JSON on one line."""
    body = {
        "format": FORMAT,
        "reference": one.id,
        "wrong": one.fact,
        "what": WHAT[one.fact],
        "corrected": one.corrected.astimezone(UTC).isoformat(),
        "parcels": list(one.parcels),
        "papers": list(one.papers),
        "article": "GDPR art. 19",
    }
    return json.dumps(body, separators=(",", ":"), sort_keys=True).encode()


def _write(path: Path, body: bytes) -> None:
    path.parent.mkdir(mode=0o700, exist_ok=True)
    with path.with_suffix(bundle.ASIDE).open("wb") as out:
        out.write(body + b"\n")
        out.flush()
        os.fsync(out.fileno())


def _event(one: Notice, code: str | None, at: datetime) -> Event:
    body: dict[str, Json] = {
        "rectification": one.rectification,
        "notice": one.id,
        "o": one.role,
        "i": one.receiver,
        "parcels": len(one.parcels),
    }
    return Event(at, EventKind.RECTIFICATION_TOLD, ACTOR, code, one.connection, body)

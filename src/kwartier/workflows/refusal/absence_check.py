"""Checks a proof of absence offline: the log's part of it, which needs nobody's word. Needs the log's key and the person's code."""

import io
import json
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, final

from kwartier.audit.left_out import left_out
from kwartier.audit.verify import Rejected, Verified, verify

FORMAT: Final = "kwartier/absence/1"
STATEMENT: Final = "absence.json"
MOST_BYTES: Final = 64 << 20
MOST_FILES: Final = 50_000
_USAGE: Final = frozenset({"e_interval", "e_day", "g_interval", "g_day"})
_CAME: Final = frozenset({"withdrawn", "quarantined"})


@final
@dataclass(frozen=True, slots=True)
class Checked:
    """What a file proves: `faults` is empty if all of it holds; `open_end` tells what it cannot know.

    `batches` of its `lines` are lines of batches, by which readings are told: of a chain that is left out whole nothing is missing.
    """

    statement: Mapping[str, Any]
    lines: int
    faults: list[str]
    open_end: bool
    batches: int = 0


def is_reading(kind: str, body: Mapping[str, Any], start_s: int, end_s: int) -> bool:
    """True if a line of the log says that usage came from the meter in that time, or about it; kept or not."""
    if kind != "batch:read" or body.get("p") not in _USAGE:
        return False
    if body.get("r") != "read" and body.get("w") not in _CAME:
        return False
    came_s, first_s, last_s = body["at"] / 1000, body["f"], body["l"]
    about = start_s < first_s < end_s if first_s == last_s else first_s < end_s and start_s < last_s
    return bool(start_s <= came_s < end_s or about)


def check(data: bytes, vkey: str, subject_code: str, witness: str | None = None) -> Checked:
    """Check a whole file. Whatever is wrong is a fault with its words; nothing is raised."""
    try:
        statement, proofs = _opened(data)
        start_s, end_s, connection = int(statement["start"]), int(statement["end"]), int(statement["connection"])
    except (ValueError, KeyError, TypeError, zipfile.BadZipFile, RuntimeError) as fault:
        return Checked({}, 0, [f"this is not a proof of absence ({type(fault).__name__})"], open_end=True)
    faults: list[str] = []
    found: list[Verified] = []
    for name, text in proofs.items():
        try:
            found.append(verify(text, vkey, subject_code, witness))
        except Rejected as fault:
            faults.append(f"{name}: {fault.code}: {fault}")
    mine = [one for one in found if one.place is not None and one.place.connection == connection]
    faults += [f"{len(found) - len(mine)} of the proofs are about another connection"] if len(found) != len(mine) else []
    faults += left_out(mine)
    faults += [_told(one) for one in mine if is_reading(str(one.event["kind"]), one.says, start_s, end_s)]
    for batch in (False, True):
        chain = [one for one in mine if one.place is not None and one.place.batch is batch]
        faults += _begins(chain, start_s, batch=batch)
    faults += [] if mine else ["there is not one line about this person"]
    batches = sum(one.place is not None and one.place.batch for one in mine)
    return Checked(statement, len(found), faults, open_end=not _ends(mine, end_s), batches=batches)


def _opened(data: bytes) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Return the statement and the proofs by name. Raises ValueError and what zipfile raises."""
    with zipfile.ZipFile(io.BytesIO(data)) as box:
        files = box.infolist()
        if len(files) > MOST_FILES or sum(one.file_size for one in files) > MOST_BYTES:
            msg = "too large"
            raise ValueError(msg)
        statement = json.loads(box.read(STATEMENT))
        proofs = {one.filename: box.read(one) for one in files if one.filename != STATEMENT}
    if statement["format"] != FORMAT or int(statement["proofs"]) != len(proofs):
        msg = "another format, or proofs are missing"
        raise ValueError(msg)
    return statement, proofs


def _begins(chain: Iterable[Verified], start_s: int, *, batch: bool) -> list[str]:
    """The first line must be from before the time, or the very first there is."""
    places = {one.place.nth: _at(one) for one in chain if one.place is not None}
    if not places or min(places) == 1 or places[min(places)] < start_s:
        return []
    return [f"lines of {'batches' if batch else 'single events'} before the first one given may be about this time"]


def _ends(found: Iterable[Verified], end_s: int) -> bool:
    """True if a line of batches from after the time is there, so that none can have been left out at its end."""
    return any(_at(one) >= end_s for one in found if one.place is not None and one.place.batch)


def _at(one: Verified) -> float:
    return datetime.fromisoformat(str(one.event["at"])).timestamp()


def _told(one: Verified) -> str:
    return f"the line at {one.event['at']} is a reading of usage"

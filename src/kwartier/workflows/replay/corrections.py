"""Readings that were put right: each has its ground in the log, says what the log was told, and is what the lake holds since.

Written apart from who puts readings right: a correction that nobody answers for is found, and so is a document that tells after it
what was known before, or before it what was known only after.
"""

from array import array
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from hashlib import sha256
from typing import Any, Final, NamedTuple, final

from psycopg import Connection

from kwartier.audit.evidence import Entry
from kwartier.model.channel_day import Quality
from kwartier.model.period import epoch_s, midnight
from kwartier.store.registry import replay_corrections as testimony
from kwartier.store.registry.replay_corrections import Put, Said
from kwartier.workflows.replay.findings import Findings
from kwartier.workflows.replay.held import Held, Value

C = Connection[Any]
FACTS: Final = frozenset({"reading", "coupling"})


class _Ground(NamedTuple):
    """What a rectification says of itself in the log."""

    connection: int | None
    fact: str
    start: int
    end: int | None
    of_person: bool
    """False where nobody lived there whose reading it could be."""


@final
class Corrections:
    """Takes up what the log says of corrections; `check` holds registry and lake against it."""

    def __init__(self, c: C, found: Findings) -> None:
        """Contradictions go to `found`."""
        self._found = found
        self._grounds: dict[int, list[_Ground]] = defaultdict(list)
        self._said: dict[int, Mapping[str, Any]] = {}
        self._places: dict[date, set[int]] = defaultdict(set)
        self._put = testimony.corrections(c)
        self._later: dict[tuple[date, int], list[Put]] = defaultdict(list)
        for one in self._put:
            self._later[one.day, _code(one)].append(one)

    def take(self, entry: Entry) -> None:
        """Take up an entry of the log, in the log's order: the ground of a correction stands before it."""
        body = entry.said["body"]
        if entry.kind == "rectification:done" and "rectification" in body and "start" in body:
            ground = _Ground(entry.connection, body["fact"], body["start"], body["end"], entry.tie is not None)
            self._grounds[body["rectification"]].append(ground)
        elif entry.kind == "reading:corrected":
            self._found.compared["corrections"] += 1
            self._said[body["correction"]] = body
            day, channel = date.fromisoformat(body["day"]), body["channel"]
            self._places[day].add((entry.connection or 0) << 4 | channel)
            grounds = self._grounds.get(body["rectification"], ())
            if not any(_covers(one, entry.connection, day, of_person=entry.tie is not None) for one in grounds):
                self._found.add("correction-without-ground", entry=entry.id, connection=entry.connection, day=body["day"])

    def check(self, held: Held) -> None:
        """Compare what the registry keeps of corrections, and what the lake has as corrected, with what the log was told."""
        for one in self._put:
            said = self._said.get(one.id)
            if said is None or one.ground != one.connection or one.fact not in FACTS:
                self._found.add("correction-without-ground", correction=one.id, connection=one.connection)
            elif _says(said) != (one.channel, one.day.isoformat(), _digest(one)):
                self._found.add("correction-differs", correction=one.id, connection=one.connection)
        for day in sorted(held.days()):
            for code in sorted(held.corrected(day) - self._places.get(day, set())):
                self._found.add("correction-without-ground", day=day.isoformat(), connection=code >> 4, channel=code & 15)
        self._held(held)

    def _held(self, held: Held) -> None:
        """The last correction of a channel-day is what the lake holds of it, if it holds anything any more."""
        for (day, code), puts in self._later.items():
            last = puts[-1]
            if last.done is None or last.now is None:
                continue
            for row in held.values(day, {code >> 4}).get(code, ()):
                if not _is(last.now, row):
                    self._found.add("correction-differs", correction=last.id, connection=code >> 4, day=day.isoformat())

    def then(self, day: date, code: int, at: datetime) -> Sequence[Value] | None:
        """Return what a channel-day said at a moment, if it was put right later; else None: what is held counts.

        Of what was taken out later nothing is known any more: it was another home's.
        """
        later = next((one for one in self._later.get((day, code), ()) if one.at > at), None)
        if later is None:
            return None
        return [] if later.was is None else [_value(later.was)]

    def gone(self) -> Sequence[tuple[date, int, int]]:
        """Return (day, code, batch) of the channel-days that the log says were taken out."""
        last = {place: puts[-1] for place, puts in self._later.items()}
        return [(day, code, one.batch) for (day, code), one in last.items() if one.now is None and one.id in self._said]


def _code(one: Put) -> int:
    return one.connection << 4 | one.channel


def _covers(ground: _Ground, connection: int | None, day: date, *, of_person: bool) -> bool:
    opens, closes = (epoch_s(midnight(one)) for one in (day, day + timedelta(days=1)))
    whose = ground.of_person and of_person if ground.fact == "reading" else True
    time = ground.start < closes and (ground.end is None or ground.end >= opens)
    return whose and ground.connection == connection and ground.fact in FACTS and time


def _says(body: Mapping[str, Any]) -> tuple[int, str, str | None]:
    return body["channel"], body["day"], body.get("digest")


def _digest(one: Put) -> str | None:
    """Return what the log must have been told; None of what was taken out, of which no values are kept."""
    if one.was is None or one.now is None:
        return None
    return sha256(one.salt + _bytes(one.was) + _bytes(one.now)).hexdigest()


def _bytes(said: Said) -> bytes:
    sizes = (str(said.start), str(len(said.deltas)), str(len(said.quality)))
    return f"{sizes[0]}|{sizes[1]}|".encode() + said.deltas + f"|{sizes[2]}|".encode() + said.quality


def _value(said: Said) -> Value:
    return Value(said.start, array("i", said.deltas), said.quality)


def _is(now: Said, row: Value) -> bool:
    """True if a stored row has every corrected value; what it knows nothing of any more proves nothing."""
    values = array("i", now.deltas)
    if not values:
        return not now.quality or not now.quality[0] & Quality.CORRECTED or row.start == now.start
    marks = row.quality or bytes(len(row.deltas))
    return all(
        not mark & Quality.CORRECTED or place >= len(row.deltas) or marks[place] & Quality.MISSING or row.deltas[place] == value
        for place, (mark, value) in enumerate(zip(now.quality, values, strict=False))
    )

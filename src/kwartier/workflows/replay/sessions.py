"""The meters' own journals against the log, both ways: no request for usage without its intent, no deed that a meter forgot."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, NamedTuple, final

from kwartier.audit.leaves import Grant
from kwartier.model.care import WRITES, Chore
from kwartier.model.errors import KwartierError
from kwartier.model.meter import MeterModel
from kwartier.model.register import MEASURING, Obis
from kwartier.model.task import ProfileName
from kwartier.store.registry.replay import MeterRow
from kwartier.workflows.replay.book import Book
from kwartier.workflows.replay.findings import Findings
from kwartier.workflows.replay.journal import Remembered, ordered
from kwartier.workflows.replay.rows import bare
from kwartier.workflows.replay.tasks import Asked
from kwartier.workflows.replay.window import WHOLE, Window

TRAVEL: Final = timedelta(milliseconds=50)
"""From the look at the stop list to the meter's own clock: the way there, and both clocks."""
CLOCK: Final = timedelta(milliseconds=2)
"""Journals are written in whole milliseconds."""
ON_CHANNEL: Final = frozenset({Chore.GAS_STATUS})
"""Chores at an object of one M-Bus channel: what hangs on another one is another meter."""
PUBLIC: Final = 16
"""The client without keys."""
COUNTER: Final = (1, 2)
"""Class and attribute of the invocation counter: an association cannot begin without, so any client may ask where it stands."""
CLOCK_OBJECT: Final = (8, "0-0:1.0.0", 2)
"""Class, logical name and attribute of the clock: it says nothing of anybody, and everybody may ask. With keys it is a chore."""
QUIET: Final = frozenset({"associated", "refused", "released", "denied", "unreleased", "bad_frame", "dropped"})
"""Events by which a meter gave nothing and took nothing."""


MOST_CHANNELS: Final = 5
"""The meter itself and four M-Bus channels."""
_LATEST: Final = datetime.max.replace(tzinfo=UTC)


class Request(NamedTuple):
    """A request for rows of a profile, as a meter remembers it. `first_s`, `last_s` None: everything it had."""

    at: datetime
    meter: int
    profile: str
    mbus: int
    first_s: int | None
    last_s: int | None


@final
class Sessions:
    """Reads a journal beside the log, in the order of time, and holds every request against the tasks of its moment."""

    def __init__(
        self,
        book: Book,
        meters: Mapping[str, MeterRow],
        models: Mapping[str, MeterModel],
        stop_age_s: float,
        found: Findings,
        *,
        journal: Path,
        window: Window = WHOLE,
    ) -> None:
        """`meters` by equipment id; `stop_age_s` is how old a stop list may be when a request goes out."""
        self._book = book
        self._meters = meters
        self._profiles = {name: _profiles(model) for name, model in models.items()}
        self._chores = {name: _chores(model) for name, model in models.items()}
        self._counters = {name: str(model.public_counter) for name, model in models.items() if model.public_counter}
        self._found = found
        self._allowed = timedelta(seconds=stop_age_s) + TRAVEL
        self._lines = ordered(journal)
        self._window = window
        self._next: Remembered | None = None
        self._present: set[int] = set()
        self._read: Counter[int] = Counter()
        self._unseen: list[Asked] = []

    def until(self, moment: datetime) -> None:
        """Compare what meters remember up to a moment: the log was read as far. Then let go of what was over before it."""
        while (line := self._next or next(self._lines, None)) is not None:
            self._next = line
            if line.at > moment:
                break
            self._next = None
            if line.said is None:
                self._found.add("not-understood", journal="sessions.jsonl")
            elif self._window.holds(line.at):
                self._take(line.said)
        self._let_go(moment - CLOCK)

    def finish(self) -> None:
        """Compare the rest, then say what was done and no meter remembers."""
        self.until(_LATEST)
        self._let_go(_LATEST)
        self._found.compared["deeds"] += sum(count for meter, count in self._read.items() if meter in self._present)
        for one in self._unseen:
            if one.key.meter in self._present:
                self._found.add("deed-without-session", batch=one.batch, meter=one.key.meter, profile=one.key.profile)

    def _let_go(self, moment: datetime) -> None:
        for one in self._book.let_go(moment):
            self._read[one.key.meter] += one.read
            if one.read and not one.seen:
                self._unseen.append(one)

    def _take(self, said: Mapping[str, Any]) -> None:
        try:
            self._line(said)
        except (KeyError, TypeError, ValueError, KwartierError):
            self._found.add("not-understood", journal="sessions.jsonl")

    def _line(self, said: Mapping[str, Any]) -> None:
        meter = self._meters.get(said["equipment_id"])
        if meter is None:
            return
        self._present.add(meter.key)
        match said["event"]:
            case "profile":
                self._profile(meter, said)
            case "object":
                if not self._is_needed(meter, said):
                    self._object(meter, said)
            case "written" | "called" | "write_denied" | "call_denied":
                self._set(meter, said)
            case event:
                if event not in QUIET:
                    self._found.add("not-understood", journal="sessions.jsonl")

    def _is_needed(self, meter: MeterRow, line: Mapping[str, Any]) -> bool:
        """True if somebody asked for what every association may: the counter, and without keys the clock."""
        one = line["class_id"], str(Obis.parse(line["obis"])), line["attribute"]
        counter = self._counters.get(meter.model)
        return one == (COUNTER[0], counter, COUNTER[1]) or (line["sap"] == PUBLIC and one == CLOCK_OBJECT)

    def _profile(self, meter: MeterRow, line: Mapping[str, Any]) -> None:
        obis = Obis.parse(line["obis"])
        named = self._profiles.get(meter.model, {}).get(obis.on_any_channel)
        if named is None:
            self._object(meter, line)
            return
        mbus = obis.mbus if named.startswith("g_") else 0
        self._found.compared["requests"] += 1
        self._request(Request(datetime.fromisoformat(line["at"]), meter.key, named, mbus, line["first_s"], line["last_s"]))

    def _object(self, meter: MeterRow, line: Mapping[str, Any]) -> None:
        """Anything else that was asked for: some chore must have been meant to look at it; a log only within its range.

        What no chore is about, nobody can have meant: a profile or an object that the meter's model does not name.
        """
        chores = self._chores_at(meter, line["obis"])
        self._chore(meter, line, chores, "get-without-intent" if chores or not _is_register(line) else "register-read")

    def _set(self, meter: MeterRow, line: Mapping[str, Any]) -> None:
        """Whatever was set or called at a meter must have been meant, even if the meter denied it."""
        chores = frozenset(chore for chore in self._chores_at(meter, line["obis"]) if chore in WRITES)
        self._chore(meter, line, chores, "set-without-intent")

    def _chores_at(self, meter: MeterRow, obis: str) -> frozenset[Chore]:
        return self._chores.get(meter.model, {}).get(Obis.parse(obis).on_any_channel, frozenset())

    def _chore(self, meter: MeterRow, line: Mapping[str, Any], chores: frozenset[Chore], code: str) -> None:
        at, channel = datetime.fromisoformat(line["at"]), Obis.parse(line["obis"]).mbus
        self._found.compared["requests"] += 1
        then = [
            one
            for chore in chores
            for mbus in range(MOST_CHANNELS)
            for one in self._book.by_meter.get((meter.key, chore, mbus), ())
            if one.since - CLOCK <= at <= one.until + CLOCK and (chore not in ON_CHANNEL or one.key.mbus == channel)
        ]
        if not then:
            self._found.add(code, meter=meter.key, obis=line["obis"], at=line["at"])
            return
        first, last = line.get("first_s"), line.get("last_s")
        if line["event"] == "profile":
            fitting = [one for one in then if _within(Request(at, meter.key, "", 0, first, last), one)]
            if not fitting:
                self._found.add("get-beyond-task", meter=meter.key, profile=then[0].key.profile, at=line["at"])
            then = fitting or then
        for one in then:
            one.seen = True
        stands = (stopped >= at - self._allowed for one in then for stopped in one.stopped)
        if not any(stands):
            self._found.add("get-after-stop", meter=meter.key, at=line["at"])
        if all(_barred(one, at - self._allowed) for one in then):
            self._found.add("get-while-restricted", meter=meter.key, profile=then[0].key.profile, at=line["at"])

    def _request(self, get: Request) -> None:
        then = [
            one
            for one in self._book.by_meter.get((get.meter, get.profile, get.mbus), ())
            if one.since - CLOCK <= get.at <= one.until + CLOCK
        ]
        if not then:
            self._found.add("get-without-intent", meter=get.meter, profile=get.profile, at=get.at.isoformat())
            return
        fitting = [one for one in then if _within(get, one)]
        for one in fitting:
            one.seen = True
        if not fitting:
            self._found.add("get-beyond-task", meter=get.meter, profile=get.profile, at=get.at.isoformat())
        self._grounds(get, fitting or then)

    def _grounds(self, get: Request, asked: list[Asked]) -> None:
        if all(_barred(one, get.at - self._allowed) for one in asked):
            self._found.add("get-while-restricted", meter=get.meter, profile=get.profile, at=get.at.isoformat())
        grounds = [(grant, stopped) for one in asked for grant, stopped in zip(one.grants, one.stopped, strict=True)]
        standing = [grant for grant, stopped in grounds if stopped >= get.at - self._allowed]
        if not standing:
            over = min((get.at - stopped for _, stopped in grounds), default=timedelta())
            self._found.add("get-after-stop", meter=get.meter, at=get.at.isoformat(), after_s=str(over.total_seconds()))
        elif len(standing) < len(grounds) and _beyond(get, standing):
            self._found.add("get-beyond-stop", meter=get.meter, profile=get.profile, at=get.at.isoformat())


def _is_register(line: Mapping[str, Any]) -> bool:
    """True if an object, whatever its class, holds something measured."""
    measured = not Obis.parse(line["obis"]).is_abstract
    return line["event"] == "object" and (measured or line["class_id"] in MEASURING)


def _profiles(model: MeterModel) -> dict[Obis, ProfileName]:
    return {profile.obis.on_any_channel: profile.name for profile in model.profiles}


def _chores(model: MeterModel) -> dict[Obis, frozenset[Chore]]:
    """Return by logical name, on any M-Bus channel, the chores that look at an object or set it."""
    found: dict[Obis, frozenset[Chore]] = {}
    for chore in Chore:
        for one in model.objects_of(chore):
            key = one.obis.on_any_channel
            found[key] = found.get(key, frozenset()) | {chore}
    return found


def _within(get: Request, one: Asked) -> bool:
    return get.first_s is not None and get.last_s is not None and one.key.first_s <= get.first_s and get.last_s <= one.key.last_s


def _beyond(get: Request, standing: Sequence[Grant]) -> bool:
    """True if a request reaches over rows of which no ground stands any more; one for everything is told elsewhere."""
    return get.first_s is not None and get.last_s is not None and bare(get.profile, standing, get.first_s, get.last_s)


def _barred(one: Asked, at: datetime) -> bool:
    """True if a restriction, said by then, held at that moment."""
    return any(start <= at and (end is None or at < end) and told <= at for start, end, told in one.restricted)

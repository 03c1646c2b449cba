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
from kwartier.model.register import Obis
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
REGISTERS: Final = frozenset({3, 4, 5})
"""Interface classes that hold a measured value: register, extended register, demand register."""


ON_CHANNEL: Final = frozenset({Chore.GAS_STATUS})
"""Chores at an object of one M-Bus channel: what hangs on another one is another meter."""
MANAGEMENT: Final = 1
"""The client that may ask for more than a counter and a clock. What the public client may ask for says nothing of anybody."""


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
            case "object" if said["sap"] == MANAGEMENT:
                self._object(meter, said)
            case "written" | "called" | "write_denied" | "call_denied":
                self._set(meter, said)
            case _:
                pass

    def _profile(self, meter: MeterRow, line: Mapping[str, Any]) -> None:
        named = self._profiles.get(meter.model, {}).get(_on_any_channel(Obis.parse(line["obis"])))
        if named is None:
            self._object(meter, line)
            return
        obis = Obis.parse(line["obis"])
        mbus = obis.code[1] if named.startswith("g_") else 0
        self._found.compared["requests"] += 1
        self._request(Request(datetime.fromisoformat(line["at"]), meter.key, named, mbus, line["first_s"], line["last_s"]))

    def _object(self, meter: MeterRow, line: Mapping[str, Any]) -> None:
        """Anything but usage that was asked for: some chore must have been meant to look at it; a log only within its range."""
        chores = self._chores_at(meter, line["obis"])
        if not chores and line.get("class_id") not in REGISTERS:
            return  # what makes an association work: its own object, the counter
        if not chores:
            self._found.compared["requests"] += 1
            self._found.add("register-read", meter=meter.key, obis=line["obis"], at=line["at"])
            return
        self._chore(meter, line, chores, "get-without-intent")

    def _set(self, meter: MeterRow, line: Mapping[str, Any]) -> None:
        """Whatever was set or called at a meter must have been meant, even if the meter denied it."""
        chores = frozenset(chore for chore in self._chores_at(meter, line["obis"]) if chore in WRITES)
        self._chore(meter, line, chores, "set-without-intent")

    def _chores_at(self, meter: MeterRow, obis: str) -> frozenset[Chore]:
        return self._chores.get(meter.model, {}).get(_on_any_channel(Obis.parse(obis)), frozenset())

    def _chore(self, meter: MeterRow, line: Mapping[str, Any], chores: frozenset[Chore], code: str) -> None:
        at, channel = datetime.fromisoformat(line["at"]), Obis.parse(line["obis"]).code[1]
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


def _on_any_channel(obis: Obis) -> bytes:
    """Return the code with its M-Bus channel taken out: 0-n:24.3.0 is one profile on any channel."""
    a, _, c, d, e, f = obis.code
    return bytes((a, 0, c, d, e, f))


def _profiles(model: MeterModel) -> dict[bytes, ProfileName]:
    return {_on_any_channel(profile.obis): profile.name for profile in model.profiles}


def _chores(model: MeterModel) -> dict[bytes, frozenset[Chore]]:
    """Return by logical name, on any M-Bus channel, the chores that look at an object or set it."""
    found: dict[bytes, frozenset[Chore]] = {}
    for chore in Chore:
        for one in model.objects_of(chore):
            key = _on_any_channel(one.obis)
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

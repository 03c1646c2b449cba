"""The meters' own session logs against the intents, both ways: who was asked, for what, when, and was that meant."""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final, final

from kwartier.model.meter import MeterModel
from kwartier.model.register import Obis
from kwartier.model.task import ProfileName
from kwartier.store.registry.replay import MeterRow
from kwartier.workflows.replay.book import Asked, Book
from kwartier.workflows.replay.findings import Findings

STOP_AGE: Final = timedelta(milliseconds=250)
"""Oldest stop list under which a GET may go out."""
CLOCKS: Final = timedelta(seconds=2)
"""How far the clock of a meter may be from ours, and how long a GET may be under way."""
_MBUS_PROFILE: Final = 24
_TOTALS: Final = frozenset({1, 2})
_ENERGY: Final = 8


@final
class Journal:
    """Holds every usage request that a meter remembers against what the log says was meant."""

    def __init__(self, book: Book, meters: Mapping[str, MeterRow], models: Mapping[str, MeterModel], found: Findings) -> None:
        """`meters` are by equipment id, `models` by name."""
        self._book = book
        self._meters = meters
        self._profiles = {name: {profile.obis.code: profile.name for profile in model.profiles} for name, model in models.items()}
        self._found = found

    def check(self, path: Path) -> None:
        """Compare a file of session logs, a JSON object per line."""
        for said in _lines(path):
            meter = self._meters.get(said["equipment_id"])
            if meter is None:
                continue
            if said["event"] == "profile":
                self._found.compared["gets"] += 1
                self._get(meter, said)
            elif said["event"] == "object" and _is_usage(Obis.parse(said["obis"])):
                self._found.add("register-read", meter=meter.key)
        for asked in self._book.by_meter.values():
            for one in asked:
                if one.read and not one.seen:
                    self._found.add("deed-without-session", batch=one.batch, meter=one.key.meter, profile=one.key.profile)

    def _get(self, meter: MeterRow, said: dict[str, Any]) -> None:
        at = datetime.fromisoformat(said["at"])
        profile, mbus = self._profile(meter.model, Obis.parse(said["obis"]))
        meant = [] if profile is None else self._book.by_meter.get((meter.key, profile, mbus), [])
        then = [one for one in meant if one.since - CLOCKS <= at <= one.until + CLOCKS]
        if not then:
            self._found.add("get-without-intent", meter=meter.key, profile=str(profile))
            return
        within = [one for one in then if one.key.first_s <= said["first_s"] and said["last_s"] <= one.key.last_s]
        if not within:
            self._found.add("get-beyond-task", meter=meter.key, batch=then[0].batch)
        for one in within:
            one.seen = True
        self._grounds(meter, at, then)

    def _grounds(self, meter: MeterRow, at: datetime, then: list[Asked]) -> None:
        """All that was meant then may have been stopped, or the connection restricted, before the meter was asked."""
        if all(at - STOP_AGE - CLOCKS > one.stopped for one in then):
            self._found.add("get-after-stop", meter=meter.key, batch=then[0].batch)
        for start, end, said in then[0].restricted:
            if max(start, said) + STOP_AGE + CLOCKS < at and (end is None or at < end):
                self._found.add("get-while-restricted", meter=meter.key, batch=then[0].batch)

    def _profile(self, model: str, obis: Obis) -> tuple[ProfileName | None, int]:
        """Return the profile with this logical name and the M-Bus channel in it."""
        mbus = obis.code[1] if obis.code[0] == 0 and obis.code[2] == _MBUS_PROFILE else 0
        code = bytes((obis.code[0], 0, *obis.code[2:])) if mbus else obis.code
        return self._profiles[model].get(code), mbus


def _is_usage(obis: Obis) -> bool:
    """Tell whether this is an energy register or a gas value."""
    a, _, c, d, _, _ = obis.code
    return (a == 1 and c in _TOTALS and d == _ENERGY) or (a == 0 and c == _MBUS_PROFILE and d in {2, 3})


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)

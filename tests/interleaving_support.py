"""A night and its deliveries, step by step, with revocations put between any two steps.

Every step is the real one; it is only told that it begins and that it has ended. A revocation goes the customer's own way, in a
thread of its own: where it has to wait (at the gate, while a bundle leaves) the night goes on, as it does in the field.
"""

import importlib
import json
import threading
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from care_rounds_support import Street
from care_support import DAY
from kwartier.engine import Inline
from kwartier.headend import connection, request
from kwartier.model.channel_day import ChannelDay
from kwartier.model.permit import Permit, PermitRef
from kwartier.model.register import ALL_MASK, GAS_MASK, Mask, mask_of
from kwartier.model.register import Channel as Ch
from kwartier.store.readings import Readings
from kwartier.store.registry import stops
from kwartier.workflows import delivery_round, permission
from kwartier.workflows.delivery_round import bundle
from kwartier.workflows.night import run as nights
from kwartier.workflows.night import settle, work
from kwartier.workflows.night.intent import Intent
from kwartier.workflows.visits import standing
from registry_support import ALWAYS

ELECTRICITY = ALL_MASK & ~GAS_MASK
rounds = importlib.import_module("kwartier.workflows.delivery_round.run")  # the package has a function of this name
SEEN = 0.3
"""Seconds after which a revocation is taken to wait for somebody."""

Steps = Callable[..., object] | None


@dataclass(frozen=True)
class Given:
    """One permission of the story; `party` None is the customer's own."""

    id: int
    place: int
    party: int | None
    mask: Mask


@dataclass(frozen=True)
class Get:
    """A GET about to be sent, under these permits; how old the stop list was, and the step at which that list was asked for."""

    step: int
    permits: tuple[PermitRef, ...]
    looked: int
    age_s: float


@dataclass
class Told:
    """What happened, each with the number of the step at which it did."""

    steps: int = 0
    revoked: dict[int, int] = field(default_factory=dict)
    gets: list[Get] = field(default_factory=list)
    accepted: dict[int, int] = field(default_factory=dict)
    handed: dict[tuple[str, str], list[int]] = field(default_factory=lambda: defaultdict(list))
    permits: dict[bytes, Permit] = field(default_factory=dict)
    looked: tuple[int, float] = (0, 0.0)
    decided: int = 0
    staged: int = 0
    named: dict[str, int] = field(default_factory=dict)


@dataclass
class Script:
    """Revokes permissions at the steps it is told, and writes down what happens."""

    street: Street
    plan: Mapping[int | str, Sequence[Given]]
    """What to revoke at a step, by its number or (the first time) by its name."""
    told: Told = field(default_factory=Told)
    waiting: list[threading.Thread] = field(default_factory=list)

    def step(self, name: str = "") -> None:
        """Count a step, and revoke what is to be revoked there."""
        self.told.steps += 1
        first = name not in self.told.named
        self.told.named.setdefault(name, self.told.steps)
        for one in (*self.plan.get(self.told.steps, ()), *(self.plan.get(name, ()) if first else ())):
            self.revoke(one)

    def revoke(self, one: Given) -> None:
        """Let the customer click; go on when that is committed, or when it turns out to wait."""

        def click() -> None:
            permission.revoke(self.street.house, self.street.places[one.place].person, one.id, at=self.street.clock())
            self.told.revoked[one.id] = self.told.steps

        clicking = threading.Thread(target=click)
        clicking.start()
        clicking.join(SEEN)
        self.waiting.append(clicking)

    def wait(self) -> None:
        """Let everything that waits come to its end."""
        for one in self.waiting:
            one.join(30)
            assert not one.is_alive()


def given(street: Street) -> list[Given]:
    """Let two apps and two customers have permissions that overlap: one GET serves several, each alone serves less."""
    apps = [street.facts.party("third_party") for _ in range(2)]
    for app in apps:
        street.facts.agreement(app)
    imports = mask_of([Ch.IMPORT])
    made: list[tuple[int, int | None, Mask]] = [
        (0, apps[0], ELECTRICITY),
        (0, apps[1], imports),
        (0, None, imports),
        (1, apps[0], ELECTRICITY),
        (2, apps[1], imports),
    ]
    purpose = f"story {street.facts.number()}"
    found = []
    for place, whom, mask in made:
        home = street.places[place]
        number = street.facts.permission(home.connection, home.person, whom, ALWAYS, purpose=purpose, mask=mask)
        found.append(Given(number, place, whom, mask))
    return found


class _Watch:
    """Puts itself around every step. What is told of a step stands with its number."""

    def __init__(self, script: Script, patch: pytest.MonkeyPatch) -> None:
        self.script, self.told, self.patch = script, script.told, patch
        self._look: Callable[..., object] = stops.since
        self._came = 0.0
        """When the step under way was reached: a click that is put there takes time of its own."""

    def around(self, place: object, name: str, before: Steps = None, after: Steps = None) -> None:
        """Tell of a step of the night; `after` gets what the step returned first."""
        real: Callable[..., object] = getattr(place, name)

        def stepped(*args: object, **kwargs: object) -> object:
            self._came = time.monotonic()
            self.script.step(name)
            if before is not None:
                before(*args)
            found = real(*args, **kwargs)
            if after is not None:
                after(found, *args)
            self.script.step()
            return found

        self.patch.setattr(place, name, stepped)

    def looked(self, *args: object, now: object = None, **options: object) -> object:
        """A look at what ended; a worker's list, where nobody says what time it is."""
        self.script.step()
        began = self.told.steps, time.monotonic()
        found = self._look(*args, now=now, **options)
        if now is None:
            self.told.looked = began
        self.script.step()
        return found

    def asks(self, _requests: object, _model: object, _task: object, live: tuple[PermitRef, ...]) -> None:
        self.told.gets.append(Get(self.told.steps, live, self.told.looked[0], self._came - self.told.looked[1]))

    def decides(self, *_: object) -> None:
        self.told.decided = self.told.steps

    def keeps(self, found: Intent, *_: object) -> None:
        self.told.permits |= found.permits

    def stages(self, *_: object) -> None:
        self.told.staged = self.told.steps

    def accepts(self, _found: object, _house: object, batch: int, *_: object) -> None:
        assert self.told.decided > self.told.staged, "who accepts looks last"
        self.told.accepted.setdefault(batch, self.told.decided)

    def leaves(self, _found: object, path: Path) -> None:
        if path.suffix == ".jsonl":
            for line in path.read_text("utf-8").splitlines():
                self.told.handed[path.parent.name, json.loads(line)["metering_point"]].append(self.told.steps)

    def everything(self) -> None:
        """Put itself around all that a night and a round of delivery do."""
        self.patch.setattr(stops, "since", self.looked)
        self.around(nights, "decide_round", after=self.keeps)
        self.around(request.Requests, "get", before=self.asks)
        self.around(standing, "ended", before=self.decides)
        self.around(settle, "stage", after=self.stages)
        self.around(settle, "commit", after=self.accepts)
        self.around(bundle, "name", after=self.leaves)
        steps: list[tuple[object, Sequence[str]]] = [
            (nights, ["write_intent"]),
            (work, ["harvested"]),
            (Readings, ["stage", "restage"]),
            (rounds, ["_pending", "_drafts", "_decided", "_mark"]),
            (bundle, ["write_aside"]),
            (stops, ["alone"]),
        ]
        for place, names in steps:
            for name in names:
                self.around(place, name)
        real: Callable[..., Awaitable[object]] = connection.Connection.converse

        async def conversed(self_: object, *args: object) -> object:
            answer = await real(self_, *args)
            self.script.step()
            return answer

        self.patch.setattr(connection.Connection, "converse", conversed)


def run(script: Script) -> None:
    """Run a night and its deliveries under the script."""
    house, clock = script.street.house, script.street.clock
    with pytest.MonkeyPatch.context() as patch:
        _Watch(script, patch).everything()
        nights.run(house, DAY, Inline(), clock=clock)
        delivery_round.run(house, clock=clock)
        script.wait()
    delivery_round.run(house, clock=clock)


def rows(script: Script) -> dict[int, list[ChannelDay]]:
    """Return what is stored, by the batch that stored it."""
    found: dict[int, list[ChannelDay]] = defaultdict(list)
    for day in script.street.house.readings.days_held():
        for one in script.street.house.readings.scan(day):
            found[one.batch].append(one)
    return found

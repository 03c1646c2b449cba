"""A night and its deliveries, step by step, with revocations put between any two steps.

Every step is the real one; it is only told that it begins and that it has ended. A revocation goes the customer's own way, in a thread
of its own: where it has to wait (at the gate, while a bundle leaves) the night goes on, as it does in the field.
"""

import importlib
import json
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

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
from kwartier.workflows.visits import standing
from registry_support import ALWAYS

ELECTRICITY = ALL_MASK & ~GAS_MASK
rounds = importlib.import_module("kwartier.workflows.delivery_round.run")  # the package has a function of this name
SEEN = 0.3
"""Seconds after which a revocation is taken to wait for somebody."""


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


@dataclass
class Script:
    """Revokes permissions at the steps it is told, and writes down what happens."""

    street: Street
    plan: Mapping[int, Sequence[Given]]
    told: Told = field(default_factory=Told)
    waiting: list[threading.Thread] = field(default_factory=list)

    def step(self) -> int:
        """Count a step, and revoke what is to be revoked there."""
        self.told.steps += 1
        for one in self.plan.get(self.told.steps, ()):
            self.revoke(one)
        return self.told.steps

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
    made = [(0, apps[0], ELECTRICITY), (0, apps[1], imports), (0, None, imports), (1, apps[0], ELECTRICITY), (2, apps[1], imports)]
    purpose = f"story {street.facts.number()}"
    found = []
    for place, app, mask in made:
        home = street.places[place]
        number = street.facts.permission(home.connection, home.person, app, ALWAYS, purpose=purpose, mask=mask)
        found.append(Given(number, place, app, mask))
    return found


@contextmanager
def watched(script: Script) -> Iterator[None]:
    """Tell the script of every step of a night and its deliveries."""
    told = script.told
    with pytest.MonkeyPatch.context() as patch:

        def around(
            place: Any, name: str, before: Callable[..., object] | None = None, after: Callable[..., object] | None = None
        ) -> None:
            real = getattr(place, name)

            def stepped(*args: Any, **kwargs: Any) -> Any:
                script.step()
                if before is not None:
                    before(*args, **kwargs)
                found = real(*args, **kwargs)
                if after is not None:
                    after(found, *args, **kwargs)
                script.step()
                return found

            patch.setattr(place, name, stepped)

        look = stops.since

        def looked(*args: Any, now: Any = None, **options: Any) -> Any:
            script.step()
            began = told.steps, time.monotonic()
            found = look(*args, now=now, **options)
            if now is None:  # a worker's list; who accepts or hands over says what time it is
                told.looked = began
            script.step()
            return found

        patch.setattr(stops, "since", looked)

        def asks(_requests: object, _model: object, _task: object, live: tuple[PermitRef, ...]) -> None:
            told.gets.append(Get(told.steps, live, told.looked[0], time.monotonic() - told.looked[1]))

        def decides(*_: object, **__: object) -> None:
            told.decided = told.steps

        def keeps(found: Any, *_: object) -> None:
            told.permits |= found.permits

        def accepts(_found: object, _house: object, batch: int, *_: object) -> None:
            told.accepted.setdefault(batch, told.decided)

        def leaves(_found: object, path: Path) -> None:
            if path.suffix == ".jsonl":
                for line in path.read_text("utf-8").splitlines():
                    told.handed[path.parent.name, json.loads(line)["metering_point"]].append(told.steps)

        around(nights, "decide_round", after=keeps)
        around(nights, "write_intent")
        around(request.Requests, "get", before=asks)
        around(work, "harvested")
        around(Readings, "stage")
        around(Readings, "restage")
        around(standing, "ended", before=decides)
        around(settle, "stage")
        around(settle, "commit", after=accepts)
        around(rounds, "_pending")
        around(rounds, "_drafts")
        around(rounds, "_decided")
        around(bundle, "write_aside")
        around(stops, "alone")
        around(bundle, "name", after=leaves)
        around(rounds, "_mark")
        real = connection.Connection.converse

        async def conversed(self: Any, *args: Any) -> Any:
            answer = await real(self, *args)
            script.step()
            return answer

        patch.setattr(connection.Connection, "converse", conversed)
        yield


def run(script: Script) -> None:
    """Run a night and its deliveries under the script."""
    house, clock = script.street.house, script.street.clock
    with watched(script):
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

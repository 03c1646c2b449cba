"""A few homes of the town entered in a registry, their meters answering on this machine: what rounds of care are tested with."""

import asyncio
import json
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from care_support import NIGHT, TOWN
from kwartier.engine import Inline
from kwartier.model.period import Period, from_epoch_s
from kwartier.simulator import identity, journal, serve
from kwartier.simulator.devices import Fleet
from kwartier.simulator.town import Home
from kwartier.workflows.installation import Installation
from registry_support import ALWAYS, World, between

YEARS = between("2026-01-01", "2100-01-01")
"""How long use cases are approved: the stop list looks at the clock of the machine, too."""
AT = from_epoch_s(NIGHT) + timedelta(minutes=30)


class Watching(Executor):
    """Does something before a worker begins, which may break it, and when it is back."""

    def __init__(self, before: Callable[[], object] = lambda: None, after: Callable[[], object] = lambda: None) -> None:
        """Take what to do."""
        self.before, self.after = before, after

    def submit(self, job: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:  # noqa: ANN401 - an executor's own signature
        """Do the job in this thread, unless what comes before it fails: then that is how it ended."""
        try:
            self.before()
        except Exception as fault:  # noqa: BLE001 - it is the worker's
            broken: Future[Any] = Future()
            broken.set_exception(fault)
            return broken
        done = Inline().submit(job, *args, **kwargs)
        self.after()
        return done


@dataclass
class Place:
    """One home: its keys in the registry."""

    home: Home
    connection: int
    meter: int
    person: int


@dataclass
class Street:
    """The homes, their meters on a port of this machine, and the clock of the operator."""

    house: Installation
    facts: World
    folder: Path
    places: list[Place] = field(default_factory=list)
    transformer: int = 0
    port: int = 0
    now: datetime = AT

    def clock(self) -> datetime:
        """Return a moment later each time."""
        self.now += timedelta(milliseconds=20)
        return self.now

    def use_case(
        self,
        purpose: str,
        data_class: str,
        *,
        limit: int = 14,
        days: Period = YEARS,
        approved: Period = YEARS,
        area: str = "wijk-01",
    ) -> int:
        """Register a use case."""
        code, why = f"{purpose}-{data_class}-{self.facts.number()}", {"necessity": "n", "subsidiarity": "s", "proportionality": "p"}
        about: dict[str, Any] = {"code": code, "purpose": purpose, "data_class": data_class, "mask": 0, "area": area, "days": days}
        return self.facts.new(
            "use_case", **about, approved=approved, approved_by="the officer", yearly_limit=limit, min_group=10, **why
        )

    def add(self, home: Home) -> Place:
        """Let somebody live at a home of the town, with its meter."""
        facts, number = self.facts, home.number
        connection, person = facts.connection(transformer=self.transformer), facts.subject()
        facts.occupancy(connection, person)
        who = {"equipment_id": identity.equipment_id(number), "model": "SMR5", "system_title": identity.system_title(number)}
        where = {"host": identity.host(number), "port": self.port, "connection": connection, "placed": ALWAYS}
        meter = facts.new("meter", **who, **where)
        keys = identity.keys(TOWN.seed, number)
        wrapped = meter, self.house.vault.wrap(keys.guek), self.house.vault.wrap(keys.gak)
        facts.c.execute("insert into kw.meter_key (meter, guek, gak) values (%s, %s, %s)", wrapped)
        self.places.append(Place(home, connection, meter, person))
        return self.places[-1]

    def journal(self, *events: str) -> list[dict[str, Any]]:
        """Return what the meters remember, of these kinds or of all."""
        lines = (self.folder / journal.SESSIONS).read_text("utf-8").splitlines()
        return [one for one in map(json.loads, lines) if not events or one["event"] in events]

    def all(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """Ask the registry."""
        with self.house.operator() as c:
            return c.execute(query.encode(), values).fetchall()

    def entries(self) -> list[tuple[str, dict[str, Any]]]:
        """Return the log, kind and body, in order; what is pending is integrated first."""
        with self.house.auditor() as c:
            self.house.log.integrate(c)
            found = c.execute("select kind, leaf from audit.entry order by position").fetchall()
        return [(kind, json.loads(bytes(leaf))["body"]) for kind, leaf in found]

    def kinds(self) -> list[str]:
        """Return the kinds of the log's events in order."""
        return [kind for kind, _ in self.entries()]

    def lines(self, kind: str) -> list[dict[str, Any]]:
        """Return the lines of the batches of a kind."""
        self.entries()
        query = "select l.body from audit.leaf l join audit.entry e on e.id = l.entry where e.kind = %s order by l.entry, l.number"
        with self.house.auditor() as c:
            return [json.loads(bytes(body)) for (body,) in c.execute(query, (kind,)).fetchall()]


@contextmanager
def street(house: Installation, facts: World, folder: Path, homes: Sequence[Home]) -> Iterator[Street]:
    """Serve these homes' meters, in a thread, and enter them."""
    made = Street(house, facts, folder)
    made.transformer = facts.transformer()
    ready, end, loops = threading.Event(), asyncio.Event(), []

    async def serving() -> None:
        book = journal.Journal(folder)
        sockets = serve.claim(0, [home.number for home in homes])
        made.port = sockets[0].getsockname()[1]
        async with serve.listening(sockets, serve.Switchboard(Fleet(TOWN, {}), book, NIGHT)):
            loops.append(asyncio.get_running_loop())
            ready.set()
            await end.wait()
            await asyncio.sleep(0.05)
        book.close()

    thread = threading.Thread(target=lambda: asyncio.run(serving()), daemon=True)
    thread.start()
    try:
        assert ready.wait(20)
        for home in homes:
            made.add(home)
        yield made
    finally:
        loops[0].call_soon_threadsafe(end.set)
        thread.join(20)

"""One town over many nights, with its people's lives going on: real meters, real files, real pages; only the clocks are ahead.

Meters, operator and log all have this machine's time with the same number of seconds added, which rises from night to night.
Nights lie in the future of this machine: to its clock an end that was announced has not come yet, as for any operator.
"""

import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from kwartier.model.ean import Ean
from kwartier.model.errors import KwartierError
from kwartier.model.period import ZONE, midnight
from kwartier.model.register import Direction, Kind
from kwartier.model.task import Task
from kwartier.store.registry import assurance
from kwartier.store.registry import parties as registry
from kwartier.workflows import delivery_round, enrolment, inquiry, installation, parties, permission
from kwartier.workflows.installation import Installation
from kwartier.workflows.night import run as nights
from kwartier.workflows.night.job import BatchJob, BatchResult
from kwartier.workflows.parties import Kind as Statement
from kwartier.workflows.parties import suspending
from kwartier.workflows.permission import mandates
from kwartier.workflows.permission.placing import Claim
from kwartier.workflows.visits.only import WorkerLost
from lives_support import APP, DAY, Day, Lives, first_day
from permission_support import posted

QUICK = "connect_s = 1.0\nanswer_s = 0.45\nsession_s = 20.0\ntries = 1\nconcurrency = 40\nmandate_notice_days = 1\n"
"""A meter of a town answers at once or not at all; few at a time, so that none waits its turn."""
WELL_KNOWN_S = 0.4
LOST_EVERY = 5
"""Every so many nights a worker dies, and the night is run again."""
NO_POST_EVERY = 6
"""Every so many days nobody comes for the letters."""


def spring(year: int) -> date:
    """Return the last Sunday of March: the day of 23 hours."""
    last = date(year, 3, 31)
    return last - (last.weekday() + 1) % 7 * DAY


@dataclass
class Ahead:
    """The clock of town and operator."""

    town: subprocess.Popen[str]
    seconds: int = 0

    def now(self) -> datetime:
        """Return the moment it is."""
        return datetime.now(UTC) + timedelta(seconds=self.seconds)

    def set(self, moment: datetime) -> None:
        """Go on to a moment: the town first, and its answer is waited for."""
        self.seconds = int((moment - datetime.now(UTC)).total_seconds())
        assert self.town.stdin is not None
        assert self.town.stdout is not None
        self.town.stdin.write(f"ahead {self.seconds}\n")
        self.town.stdin.flush()
        assert json.loads(self.town.stdout.readline()) == {"ahead": self.seconds}


class Workers(Executor):
    """Lets batches be read by an executor, says their moments by the clock, and may lose a worker."""

    def __init__(self, inner: Executor, clock: Ahead) -> None:
        """Nothing is lost unless `lose` says before which batch."""
        self._inner = inner
        self._clock = clock
        self.lose: int | None = None
        self.before: Callable[[BatchJob], object] = lambda _: None
        """Done when a batch was decided and no worker has it yet."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":  # noqa: ANN401 - as Executor has it
        """Hand a batch over."""
        self.before(args[0])
        if self.lose is not None:
            self.lose -= 1
            if self.lose < 0:
                msg = "a worker process died"
                raise WorkerLost(msg)
        made: Future[Any] = Future()
        self._inner.submit(fn, *args, **kwargs).add_done_callback(lambda done: self._pass_on(done, made))
        return made

    def _pass_on(self, done: "Future[BatchResult]", made: "Future[Any]") -> None:
        fault = done.exception()
        if fault is not None:
            made.set_exception(fault)
            return
        result = done.result()
        ahead = timedelta(seconds=self._clock.seconds)
        result.outcomes = [replace(one, at=one.at + ahead) if one.at < self._clock.now() - DAY else one for one in result.outcomes]
        made.set_result(result)


@dataclass
class Nights:
    """A town under way. `said` sums up what nights and deliveries counted."""

    house: Installation
    clock: Ahead
    lives: Lives
    workers: Workers
    today: date
    said: Counter[str] = field(default_factory=Counter)
    past: int = 0
    _to_revoke: int = 0

    def pass_one(self) -> None:
        """Let a night and a day pass."""
        self.past += 1
        made = self.lives.day(self.today)
        self._night(made)
        self.clock.set(datetime(self.today.year, self.today.month, self.today.day, 10, 0, tzinfo=ZONE))
        self._take(made)
        self._claims(made)
        self._revoke_all(made.revoked)
        for party in made.suspended:
            suspending.suspend(self.house, party, suspending.Because.BREACH, at=self.clock.now())
        for party in made.reinstated:
            suspending.reinstate(self.house, party, at=self.clock.now())
        self._hand_in()
        for person in made.lookers:
            self._look(person)
        if self.past % NO_POST_EVERY:
            posted(self.house)
        self.today += DAY

    def _night(self, made: Day) -> None:
        self.clock.set(datetime(self.today.year, self.today.month, self.today.day, 3, 30, tzinfo=ZONE))
        self._to_revoke = made.in_the_night
        self.workers.before = self._revoke_in_the_night
        if self.past % LOST_EVERY == 0:
            self.workers.lose = 1
            try:
                self._read()
            except WorkerLost:
                self.said["workers lost"] += 1
            self.workers.lose = None
        self._read()
        self._revoke_all(made.before_delivery)
        report = delivery_round.run(self.house, clock=self.clock.now)
        self.said.update(delivered=report.delivered, withheld=report.withheld, papers=report.papers)

    def _read(self) -> None:
        counts = nights.run(self.house, self.today - DAY, self.workers, clock=self.clock.now).counts()
        self.said.update({name: counts[name] for name in ("tasks", "read", "stopped", "refused", "channel_days", "quarantined")})

    def _hand_in(self) -> None:
        """Let every app hand in the statements that it was told it owes."""
        with self.house.operator() as c:
            codes = {one.key: one.code for one in registry.every(c)}
            owed = assurance.not_received(c)
        for one in owed:
            parties.receive(self.house, codes[one.party], Statement(one.kind), bytes(32), at=self.clock.now())
            self.said["statements"] += 1

    def _take(self, made: Day) -> None:
        if not any(made.rows.values()):
            return
        folder = self.house.data / "told" / self.today.isoformat()
        made.write(folder)
        report = enrolment.take(self.house, folder, dry_run=False, at=self.clock.now())
        self.said["rows refused"] += report.rejected

    def _claims(self, made: Day) -> None:
        """Upload the mandates of an app's party; let people say no to some of them."""
        rows = [
            Claim(
                Ean(one.ean), midnight(one.begin), midnight(one.end), one.reference,
                (Kind.INTERVAL, Kind.DAY), Direction.COMBINED, one.reference,
            )
            for one in made.claimed
        ]  # fmt: skip
        if rows:
            found = mandates.claim(self.house, APP, rows, at=self.clock.now())
            self.said.update({"claims presented": found.presented, "claims invalid": sum(found.invalid.values())})
        for reference in made.vetoed:
            with self.house.operator() as c:
                row = c.execute("select subject, id from kw.permission_request where reference = %s", (reference,)).fetchone()
            try:
                if row is not None and row[0] is not None:
                    mandates.veto(self.house, row[0], row[1], at=self.clock.now())
                    self.said["vetoed"] += 1
            except KwartierError:
                self.said["ended before it was vetoed"] += 1

    def _revoke_in_the_night(self, job: BatchJob) -> None:
        """Let people revoke what this batch is about to be read under.

        No meter is asked before the stop is older than a stop list may be: then it is late if one is.
        """
        permits = (permit for target in job.targets for task in target.tasks if isinstance(task, Task) for permit in task.permits)
        grounds = {number for permit in permits for table, number in permit.facts if table == "permission"}
        chosen = sorted(grounds)[: self._to_revoke]
        self._to_revoke -= len(chosen)
        with self.house.operator() as c:
            rows = c.execute("select subject, id from kw.permission where id = any(%s)", (chosen,)).fetchall()
        for subject, number in rows:
            permission.revoke(self.house, subject, number, at=self.clock.now())
            self.said["revoked"] += 1
        if rows:
            time.sleep(WELL_KNOWN_S)

    def _revoke_all(self, references: Sequence[str]) -> None:
        for reference in references:
            self.revoke(reference)

    def revoke(self, reference: str) -> None:
        """Let the customer take a permission back, if it stands."""
        with self.house.operator() as c:
            row = c.execute("select subject, id from kw.permission where reference = %s", (reference,)).fetchone()
        try:
            if row is not None:
                permission.revoke(self.house, row[0], row[1], at=self.clock.now())
                self.said["revoked"] += 1
        except permission.NoSuchPermission:
            self.said["ended before it was revoked"] += 1

    def _look(self, person: str) -> None:
        """Somebody looks at the day before yesterday, and takes the week along."""
        with self.house.operator() as c:
            rows = c.execute(
                "select s.key, o.connection from kw.subject s join kw.occupancy o on o.subject = s.key where s.code = %s", (person,)
            ).fetchall()
        for subject, connection in rows:
            try:
                day = inquiry.usage(self.house, subject, connection, self.today - 2 * DAY, at=self.clock.now())
                self.said["looks" if day.refusal is None else "looks refused"] += 1
                first = self.today - 7 * DAY
                inquiry.download(self.house, subject, connection, first, self.today - 2 * DAY, "json", at=self.clock.now())
                self.said["downloads"] += 1
            except KwartierError:
                self.said["looks at what is not theirs"] += 1


@contextmanager
def town_of_nights(
    data: Path, *, homes: int, count: int, busy: int, seed: int = 11, first: date, batch: int = 2000
) -> Iterator[Nights]:
    """Build a town whose meters live through `count` nights from the one after `first` on, enrol it, and open it."""
    installation.create(data)
    (data / "kwartier.toml").write_text(f"{QUICK}batch_meters = {batch}\n", "utf-8")
    command = [sys.executable, "-m", "kwartier.simulator", "--homes", str(homes), "--seed", str(seed), "--date", first.isoformat()]
    command += ["--days-after", str(count), "--dir", str(data / "town"), "--shipment-key", str(data / "keys" / "shipment.pub")]
    with ExitStack() as stack:
        town = stack.enter_context(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
        stack.callback(town.terminate)
        assert town.stdout is not None
        assert json.loads(town.stdout.readline())["ready"]
        house = stack.enter_context(installation.opened(data))
        clock = Ahead(town)
        clock.set(datetime(first.year, first.month, first.day, 10, 0, tzinfo=ZONE))
        enrolment.take(house, data / "town" / "import", dry_run=False, at=clock.now())
        once = first_day()
        once.write(data / "told" / "once")
        enrolment.take(house, data / "told" / "once", dry_run=False, at=clock.now())
        workers = Workers(stack.enter_context(house.executor()), clock)
        yield Nights(house, clock, Lives(data / "town" / "import", seed, busy), workers, first + DAY)

"""S13, S14: one night. The numbered steps are those of docs/NIGHT.md, and in that order."""

from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial
from typing import final

from kwartier.audit.events import Event, EventKind
from kwartier.model.period import midnight
from kwartier.model.task import GapReason
from kwartier.store.registry import meters, nights
from kwartier.store.registry.rounds import Round, rounds
from kwartier.workflows import parties, permission
from kwartier.workflows.installation import Clock, Installation
from kwartier.workflows.night.intent import ACTOR, Intent
from kwartier.workflows.night.job import BatchResult
from kwartier.workflows.night.prepare import decide_round, plan_again, write_intent
from kwartier.workflows.night.report import NightReport
from kwartier.workflows.night.settle import recover, settle, sweep
from kwartier.workflows.night.work import read_batch
from kwartier.workflows.publishing import publish
from kwartier.workflows.visits.held import is_held
from kwartier.workflows.visits.only import NightRuns, WorkerLost, only_one

__all__ = ["NightRuns", "WorkerLost", "run"]


Progress = Callable[[int, int], None]
"""Told (homes done, homes in all) whenever a batch is durable."""


def run(
    house: Installation, day: date, executor: Executor, *, clock: Clock, progress: Progress = lambda _done, _all: None
) -> NightReport:
    """Read what was used on `day`, for those who have a ground. Raises NightRuns.

    Running it again asks only what is still missing: what is planned minus what was served.
    """
    with only_one(house):
        report = NightReport(day)
        begun = clock()
        found = recover(house, begun)
        report.rolled_forward, report.abandoned = found.forward, found.abandoned
        report.swept = sweep(house)
        parties.check(house, at=begun)  # first: what is permitted to who is suspended now ends in what follows
        parties.begin(house, at=begun)
        report.letters = permission.keep_up(house, at=begun).waiting
        with house.operator() as c:
            night = nights.begin(c, day, clock())
            report.meters = meters.in_service(c, midnight(day))
            publish(house, c, at=clock())
            house.log.record(c, [Event(clock(), EventKind.NIGHT_INTENDED, ACTOR, body={"night": night, "day": day.isoformat()})])
        _Pass(house, executor, night, report, clock).walk(progress)
        for day_read in house.readings.loose_days():  # those of a night that was killed before it came here, too
            house.readings.finalise(day_read)
        with house.operator() as c:
            house.log.record(c, [Event(clock(), EventKind.NIGHT_ENDED, ACTOR, body={"night": night, **report.counts()})])
            nights.end(c, night, clock(), report.counts())
        with house.auditor() as c:
            house.log.integrate(c)
        return report


def _result(one: "Future[BatchResult]") -> BatchResult:
    """Return what a worker brought home. Raises WorkerLost."""
    try:
        return one.result()
    except BrokenExecutor as fault:
        msg = "a worker process died"
        raise WorkerLost(msg) from fault


@final
@dataclass(frozen=True, slots=True)
class _Out:
    """A batch that is out with a worker. `again` if its meters are asked once more: then not a third time."""

    intent: Intent
    again: bool


@final
@dataclass(slots=True)
class _Pass:
    """A night under way. Batches out with workers are bounded, so that memory does not grow with the grid."""

    house: Installation
    executor: Executor
    night: int
    report: NightReport
    clock: Clock
    out: dict["Future[BatchResult]", _Out] = field(default_factory=dict)

    def walk(self, progress: Progress) -> None:
        """Walk the grid round by round: decide and plan the next while workers read the last."""
        most = self.house.settings.workers + 1
        with self.house.operator() as c:
            homes = nights.homes(c)
            for this in rounds(c, self.report.day, self.house.settings.batch_meters):
                self._plan(this)
                while len(self.out) >= most:
                    self._land()
                    progress(self.report.homes, homes)
            while self.out:
                self._land()
        progress(homes, homes)

    def _plan(self, this: Round) -> None:
        """Decide one round, write down what is meant, and send it out, unless there is nothing to ask."""
        with self.house.looking() as c:
            intent = decide_round(c, this, self.report.day, self.clock(), partial(is_held, self.house.readings))
        with self.house.operator() as c:
            job = write_intent(self.house, c, self.night, intent, self.report.day, self.clock())
        self.report.planned(intent)
        self.report.homes += this.homes
        if job is None:
            with self.house.operator() as c:
                nights.mark_empty(c, intent.batch, self.clock())
            return
        self.out[self.executor.submit(read_batch, job)] = _Out(intent, again=False)

    def _land(self) -> None:
        """Wait for at least one batch and make durable what is back. A worker's error surfaces here."""
        done, _ = wait(self.out, return_when=FIRST_COMPLETED)
        for future in done:
            one, result = self.out.pop(future), _result(future)
            self.report.settled(settle(self.house, one.intent, result, self.report.day, self.clock))
            if result.counters and not one.again:
                self._ask_again(one.intent, result.counters)

    def _ask_again(self, intent: Intent, counters: Mapping[int, int]) -> None:
        """Ask meters again whose counter was ahead: above the counter they told, within a bound, and never for a sum.

        A sum over a transformer is made by one batch in one go, so that no difference of sums can show one home. At once and not
        when the grid was walked: after a restore it is every meter, and nobody holds the plan of a whole night.
        """
        with self.house.operator() as c:
            believed = set(meters.raise_to(c, counters))
        left = [task for task in intent.tasks if task.meter in believed and any(permit.keeps for permit in task.permits)]
        tasks = plan_again(intent, left)
        if not tasks:
            return
        once_more = replace(intent, tasks=tasks, refusals=[], stations=[], untold=[], shares=[], untold_shares=[])
        with self.house.operator() as c:
            job = write_intent(self.house, c, self.night, once_more, self.report.day, self.clock())
        if job is None:
            return
        self.report.gaps[GapReason.COUNTER] -= len(left)
        self.report.tasks += len(tasks) - len(left)
        self.out[self.executor.submit(read_batch, job)] = _Out(once_more, again=True)

"""S13, S14: one night. The numbered steps are those of docs/NIGHT.md, and in that order."""

from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from dataclasses import dataclass, field, replace
from datetime import date
from typing import final

from kwartier.audit.events import Event, EventKind
from kwartier.model.period import midnight
from kwartier.model.task import GapReason, Task
from kwartier.store.registry import meters, nights
from kwartier.store.registry.rounds import rounds
from kwartier.workflows import permission
from kwartier.workflows.installation import Clock, Installation
from kwartier.workflows.night.intent import ACTOR, Intent
from kwartier.workflows.night.job import BatchResult
from kwartier.workflows.night.prepare import decide_round, write_intent
from kwartier.workflows.night.report import NightReport
from kwartier.workflows.night.settle import recover, settle, sweep
from kwartier.workflows.night.work import read_batch
from kwartier.workflows.publishing import publish
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
        permission.keep_up(house, at=begun)
        with house.operator() as c:
            night = nights.begin(c, day, clock())
            report.meters = meters.in_service(c, midnight(day))
            publish(house, c, at=clock())
            house.log.record(c, [Event(clock(), EventKind.NIGHT_INTENDED, ACTOR, body={"night": night, "day": day.isoformat()})])
        retry = _first_pass(house, executor, night, report, clock, progress)
        _second_pass(house, executor, night, retry, report, clock)
        for day_read in house.readings.loose_days():  # those of a night that was killed before it came here, too
            house.readings.finalise(day_read)
        with house.operator() as c:
            house.log.record(c, [Event(clock(), EventKind.NIGHT_ENDED, ACTOR, body={"night": night, **report.counts()})])
            nights.end(c, night, clock(), report.counts())
        with house.auditor() as c:
            house.log.integrate(c)
        return report


@final
@dataclass(slots=True)
class _InFlight:
    """Batches out with workers: bounded, so that memory does not grow with the grid."""

    most: int
    waiting: dict["Future[BatchResult]", Intent] = field(default_factory=dict)

    def full(self) -> bool:
        return len(self.waiting) >= self.most

    def landed(self) -> list[tuple[Intent, BatchResult]]:
        """Wait for at least one and return those that are back. A worker's error surfaces here."""
        done, _ = wait(self.waiting, return_when=FIRST_COMPLETED)
        return [(self.waiting.pop(one), _result(one)) for one in done]


def _result(one: "Future[BatchResult]") -> BatchResult:
    """Return what a worker brought home. Raises WorkerLost."""
    try:
        return one.result()
    except BrokenExecutor as fault:
        msg = "a worker process died"
        raise WorkerLost(msg) from fault


def _first_pass(
    house: Installation, executor: Executor, night: int, report: NightReport, clock: Clock, progress: Progress
) -> dict[int, "_Retry"]:
    """Walk the grid round by round: decide and plan the next while workers read the last."""
    out = _InFlight(house.settings.workers + 1)
    retry: dict[int, _Retry] = {}
    with house.operator() as walk:
        homes = nights.homes(walk)
        for this in rounds(walk, report.day, house.settings.batch_meters):
            with house.operator() as c:
                intent = decide_round(c, this, report.day, clock())
                job = write_intent(house, c, night, intent, report.day, clock())
            report.planned(intent)
            report.homes += this.homes
            if job is None:
                with house.operator() as c:
                    nights.mark_empty(c, intent.batch, clock())
                continue
            out.waiting[executor.submit(read_batch, job)] = intent
            if out.full():
                _land(house, out, report, retry, clock)
                progress(report.homes, homes)
        while out.waiting:
            _land(house, out, report, retry, clock)
    progress(homes, homes)
    return retry


@final
@dataclass(frozen=True, slots=True)
class _Retry:
    """A meter whose counter was ahead of ours: what to ask once more, above the counter it told."""

    intent: Intent
    counter: int


def _land(house: Installation, out: _InFlight, report: NightReport, retry: dict[int, _Retry], clock: Clock) -> None:
    for intent, result in out.landed():
        report.settled(settle(house, intent, result, report.day, clock))
        for meter, counter in result.counters.items():
            retry[meter] = _Retry(intent, counter)


def _second_pass(
    house: Installation, executor: Executor, night: int, retry: dict[int, _Retry], report: NightReport, clock: Clock
) -> None:
    """Ask meters again whose counter was ahead: above the counter they told, within a bound, and never for a sum.

    A sum over a transformer is made by one batch in one go, so that no difference of sums can show one home.
    """
    if not retry:
        return
    with house.operator() as c:
        believed = meters.raise_to(c, {meter: one.counter for meter, one in retry.items()})
    again: dict[int, tuple[Intent, list[Task]]] = {}
    for meter in sorted(believed):
        intent = retry[meter].intent
        tasks = [kept for task in intent.tasks if task.meter == meter and (kept := _without_sums(task))]
        again.setdefault(id(intent), (intent, []))[1].extend(tasks)
    for intent, tasks in again.values():
        if not tasks:
            continue
        once_more = replace(intent, tasks=tasks, refusals=[], stations=[], untold=[], shares=[], untold_shares=[])
        with house.operator() as c:
            job = write_intent(house, c, night, once_more, report.day, clock())
        if job is None:
            continue
        report.gaps[GapReason.COUNTER] -= len(tasks)
        result = _result(executor.submit(read_batch, job))
        report.settled(settle(house, once_more, result, report.day, clock))


def _without_sums(task: Task) -> Task | None:
    kept = tuple(permit for permit in task.permits if permit.keeps)
    return replace(task, permits=kept) if kept else None

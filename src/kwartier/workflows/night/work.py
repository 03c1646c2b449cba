"""What a worker does with one batch: visit the meters, validate, stage. It commits nothing (design.md, a night, step 7)."""

from collections.abc import Iterable
from pathlib import Path

from kwartier import headend, validation
from kwartier.model.channel_day import ChannelDay
from kwartier.model.register import DAY_MASK
from kwartier.model.task import GapReason, Result, Task
from kwartier.store.readings import Readings
from kwartier.workflows.installation import meter_models
from kwartier.workflows.night.job import BatchJob, BatchResult, Outcome, Quarantined
from kwartier.workflows.night.sums import ShareTotals, TransformerSums
from kwartier.workflows.visits.carry import limits, meter_job, tap
from kwartier.workflows.visits.stops import PolledStops


class _Harvest:
    """Turns answers into channel-days, outcomes, sums and quarantine."""

    def __init__(self, job: BatchJob) -> None:
        self.job = job
        self.result = BatchResult(job.batch)
        self.days: list[ChannelDay] = []
        self.sums = TransformerSums(job.stations)
        self.shares = ShareTotals(job.shares, job.capacities_w)
        self.models = {target.meter: meter_models()[target.model] for target in job.targets}

    def take(self, answer: headend.MeterAnswer) -> None:
        if answer.meter_ic is not None and any(one.reason is GapReason.COUNTER for one in answer.answers):
            self.result.counters[answer.meter] = answer.meter_ic
        for one in answer.answers:
            assert isinstance(one.task, Task)  # noqa: S101 - a night has no errands
            self._take_task(one, one.task)

    def _take_task(self, one: headend.TaskAnswer, task: Task) -> None:
        if one.result is not Result.READ:
            self.result.outcomes.append(Outcome(task, one.result, one.reason, (), one.at))
        elif one.rows is None:
            self.result.outcomes.append(Outcome(task, one.result, one.reason, one.live, one.at))
        else:
            self.result.outcomes.append(self._take_rows(one, one.rows, task))

    def _take_rows(self, one: headend.TaskAnswer, rows: "validation.Rows", task: Task) -> Outcome:
        if not _says_something(rows):
            return Outcome(task, Result.GAP, GapReason.NOT_THERE, (), one.at)
        found = validation.validate(
            rows,
            task,
            self.models[task.meter],
            capacity_w=self.job.capacities_w[task.connection],
            live=one.live,
            batch=self.job.batch,
        )
        self.result.overread += found.dropped_values
        self.days.extend(found.channel_days)
        if found.quarantined:
            # only what a keeping permit covers is kept as evidence; a doubted answer makes no sum
            self.result.quarantined.append(Quarantined(task, tuple(found.verdicts), found.evidence or b""))
        else:
            self._add_up(task, found)
        short = tuple(ref for ref in one.live if ref.keeps and not any(validation.gives(day, ref) for day in found.channel_days))
        reason = GapReason.QUARANTINED if found.quarantined else GapReason.FELL_SHORT if short else None
        return Outcome(task, one.result, reason, one.live, one.at, short)

    def _add_up(self, task: Task, found: validation.Validated) -> None:
        self.sums.add(
            task.meter, task.connection, {c: days[self.job.day] for c, days in found.sums.items() if self.job.day in days}
        )
        self.shares.add(task.connection, {c: days[self.job.day] for c, days in found.totals.items() if self.job.day in days})
        self.shares.register(task.connection, found.registers)


def _says_something(rows: "validation.Rows") -> bool:
    """True if an answer holds any value. Rows that a meter does not have yet, or that are empty, tell nothing of anybody."""
    return any(bool((~rows.missing[channel]).any()) for channel in rows.values)


def read_batch(job: BatchJob) -> BatchResult:
    """Read every meter of the batch, validate the answers and stage the channel-days. Runs in a worker process."""
    show, close_tap = tap(job.place, job.batch)
    stops = PolledStops(job.place.dsn_operator, job.place.since)
    try:
        jobs = [meter_job(target, job.place) for target in job.targets]
        return harvested(job, headend.run(jobs, limits=limits(job.place), stops=stops, tap=show))
    finally:
        stops.close()
        close_tap()


def harvested(job: BatchJob, answers: Iterable[headend.MeterAnswer]) -> BatchResult:
    """Validate what the meters answered and stage what may be kept of it."""
    harvest = _Harvest(job)
    harvest.result.outcomes += [Outcome(task, Result.GAP, reason, (), job.place.since.at) for task, reason in job.unasked]
    for answer in answers:
        harvest.take(answer)
    result = harvest.result
    result.sums = harvest.sums.result()
    result.shares = harvest.shares.result()
    result.files = Readings(Path(job.place.data) / "lake").stage(job.batch, harvest.days) if harvest.days else []
    result.channel_days = sum(file.rows for file in result.files)
    parts_once = {(day.key, day.channel, day.day): day for day in harvest.days}  # a day that came in two stretches is one row
    result.readings = sum(len(day.deltas) // 4 if not 1 << day.channel & DAY_MASK else 1 for day in parts_once.values())
    return result

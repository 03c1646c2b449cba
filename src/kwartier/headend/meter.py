"""One meter in one night: associations until its tasks ended or its tries are used up, and why it failed if it did."""

import asyncio
from datetime import UTC, datetime
from typing import final

from kwartier.headend.counter import meter_counter
from kwartier.headend.errors import Dropped, Silent
from kwartier.headend.reasons import TRIED_AGAIN, reason_of
from kwartier.headend.session import Outcome, Run, Session
from kwartier.headend.values import MeterAnswer, MeterJob, TaskAnswer
from kwartier.model.permit import PermitRef
from kwartier.model.task import GapReason, Result
from kwartier.wire.dlms.client.ciphering import Counters, Secrets
from kwartier.wire.dlms.client.xdlms import COUNTER_ERROR
from kwartier.wire.dlms.errors import ExceptionAnswer, Misuse


async def read_meter(run: Run, job: MeterJob) -> MeterAnswer:
    """Carry all tasks of a meter. Whatever the meter does, each ends as READ, GAP with a reason, or STOPPED.

    Raises only what the stop list and the tap raise.
    """
    meter = _Meter(run, job)
    try:
        secrets = Secrets(job.client_title, job.system_title, job.guek, job.gak)
        counters = Counters(job.first_ic, job.end_ic)
    except Misuse:
        return meter.answer(GapReason.NO_KEYS, job.first_ic)
    reason = await meter.visit(secrets, counters)
    return meter.answer(reason, counters.next)


@final
class _Meter:
    """What is known of one meter so far."""

    def __init__(self, run: Run, job: MeterJob) -> None:
        self._run = run
        self._job = job
        self._ended: dict[int, TaskAnswer] = {}
        self._asked: dict[int, tuple[PermitRef, ...]] = {}
        self._meter_ic: int | None = None
        self._diagnosed = False

    async def visit(self, secrets: Secrets, counters: Counters) -> GapReason:
        """Visit the meter until nothing is left to do or trying again makes no sense; return why what is left was not read."""
        run = self._run
        reason = GapReason.OUT_OF_TIME
        for attempt in range(run.limits.tries):
            left = [place for place in range(len(self._job.tasks)) if place not in self._ended]
            if not left or (run.until is not None and asyncio.get_running_loop().time() >= run.until):
                break
            if attempt:
                await asyncio.sleep(run.limits.pause_s)
            outcome = await Session(run, self._job, secrets, counters).carry(left)
            self._ended.update(outcome.answers)
            self._asked.update(outcome.asked)
            if outcome.failure is None:
                break
            reason = GapReason.COUNTER if await self._is_counter(outcome, counters.next) else reason_of(outcome.failure)
            if reason not in TRIED_AGAIN:
                break
        return reason

    async def _is_counter(self, outcome: Outcome, next_ic: int) -> bool:
        """Find out whether the association failed because the meter has seen counters that we have yet to use: `next_ic` on.

        Meters say so with an exception-response, or stay silent, or hang up (DSMR P3). Only then, and once per meter, is it asked.
        """
        failure = outcome.failure
        refused = isinstance(failure, ExceptionAnswer) and failure.service_error == COUNTER_ERROR
        muted = isinstance(failure, Silent | Dropped) and outcome.unheard
        if not (refused or muted):
            return False
        if not self._diagnosed:
            self._diagnosed = True
            await asyncio.sleep(self._run.limits.pause_s)
            self._meter_ic = await meter_counter(self._job, self._run.limits, self._run.tap)
        if self._meter_ic is None and isinstance(failure, ExceptionAnswer):
            self._meter_ic = failure.counter
        return refused or (self._meter_ic is not None and self._meter_ic >= next_ic)

    def answer(self, reason: GapReason, next_ic: int) -> MeterAnswer:
        """Return what became of every task; what did not end is a gap with this reason."""
        now = datetime.now(UTC)
        answers = tuple(
            self._ended.get(place) or TaskAnswer(task, Result.GAP, reason, None, self._asked.get(place, ()), now)
            for place, task in enumerate(self._job.tasks)
        )
        return MeterAnswer(self._job.meter, answers, next_ic, self._meter_ic)

"""One meter in one night: associations until its tasks ended or its tries are used up, and why it failed if it did."""

import asyncio
from datetime import UTC, datetime
from typing import final

from kwartier.headend.counter import meter_counter
from kwartier.headend.errors import Dropped, Silent
from kwartier.headend.reasons import TRIED_AGAIN, reason_of
from kwartier.headend.session import Outcome, Session, Tap
from kwartier.headend.values import Limits, MeterAnswer, MeterJob, StopList, TaskAnswer
from kwartier.model.permit import PermitRef
from kwartier.model.task import GapReason, Result
from kwartier.wire.dlms.client.ciphering import Counters, Secrets
from kwartier.wire.dlms.client.xdlms import COUNTER_ERROR
from kwartier.wire.dlms.errors import ExceptionAnswer, Misuse


async def read_meter(
    job: MeterJob, limits: Limits, stops: StopList, tap: Tap | None = None, until: float | None = None
) -> MeterAnswer:
    """Carry all tasks of a meter. Whatever the meter does, each ends as READ, GAP with a reason, or STOPPED.

    No association begins after `until` (time of the loop). Raises only what the stop list and the tap raise.
    """
    visit = _Meter(job, limits)
    try:
        secrets = Secrets(job.client_title, job.system_title, job.guek, job.gak)
        visit.counters = Counters(job.first_ic, job.end_ic)
    except Misuse:
        visit.reason = GapReason.NO_KEYS
        return visit.answer()
    await visit.try_all(secrets, stops, tap, until)
    return visit.answer()


@final
class _Meter:
    """What is known of one meter so far."""

    def __init__(self, job: MeterJob, limits: Limits) -> None:
        self.counters: Counters | None = None
        self.reason = GapReason.OUT_OF_TIME
        self._job = job
        self._limits = limits
        self._ended: dict[int, TaskAnswer] = {}
        self._asked: dict[int, tuple[PermitRef, ...]] = {}
        self._meter_ic: int | None = None
        self._diagnosed = False

    async def try_all(self, secrets: Secrets, stops: StopList, tap: Tap | None, until: float | None) -> None:
        """Visit the meter until nothing is left to do or trying again makes no sense."""
        assert self.counters is not None  # noqa: S101 - read_meter sets it; this tells mypy
        loop = asyncio.get_running_loop()
        for attempt in range(self._limits.tries):
            left = [place for place in range(len(self._job.tasks)) if place not in self._ended]
            if not left or (until is not None and loop.time() >= until):
                return
            if attempt:
                await asyncio.sleep(self._limits.pause_s)
            session = Session(self._job, secrets, self.counters, self._limits, stops, tap)
            if not await self._learn(await session.carry(left), tap):
                return

    async def _learn(self, outcome: Outcome, tap: Tap | None) -> bool:
        """Keep what ended; return whether another association may mend the rest."""
        self._ended.update(outcome.answers)
        self._asked.update(outcome.asked)
        if outcome.failure is None:
            return False
        self.reason = reason_of(outcome.failure)
        if await self._is_counter(outcome, tap):
            self.reason = GapReason.COUNTER
        return self.reason in TRIED_AGAIN

    async def _is_counter(self, outcome: Outcome, tap: Tap | None) -> bool:
        """Find out whether the association failed because the meter has seen higher counters than ours.

        Meters say so with an exception-response, or stay silent, or hang up (DSMR P3). Only then, and once per meter, is it asked.
        """
        failure = outcome.failure
        refused = isinstance(failure, ExceptionAnswer) and failure.service_error == COUNTER_ERROR
        muted = isinstance(failure, Silent | Dropped) and not outcome.associated
        if outcome.hello_ic is None or not (refused or muted) or (self._diagnosed and not refused):
            return False
        if not self._diagnosed:
            self._diagnosed = True
            await asyncio.sleep(self._limits.pause_s)
            self._meter_ic = await meter_counter(self._job, self._limits, tap)
        if self._meter_ic is None and isinstance(failure, ExceptionAnswer):
            self._meter_ic = failure.counter
        return refused or (self._meter_ic is not None and self._meter_ic > outcome.hello_ic)

    def answer(self) -> MeterAnswer:
        """Return what became of every task."""
        job = self._job
        now = datetime.now(UTC)
        answers = tuple(
            self._ended.get(place) or TaskAnswer(task, Result.GAP, self.reason, None, self._asked.get(place, ()), now)
            for place, task in enumerate(job.tasks)
        )
        return MeterAnswer(job.meter, answers, self.counters.next if self.counters else job.first_ic, self._meter_ic)

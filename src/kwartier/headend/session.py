"""One association with one meter: open it, carry the tasks one by one, release it. What fails is told, not raised."""

import asyncio
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Final, final

from kwartier.headend.connection import Connection, Tap, connect
from kwartier.headend.errors import HeadendError, Silent, Stopped
from kwartier.headend.reasons import reason_of
from kwartier.headend.request import GetRequest, Requests, joined
from kwartier.headend.values import Limits, MeterJob, StopList, TaskAnswer
from kwartier.model.care import WRITES, Chore, Errand, Sight
from kwartier.model.permit import PermitRef
from kwartier.model.task import GapReason, Result
from kwartier.wire.dlms import rows
from kwartier.wire.dlms.client import chores
from kwartier.wire.dlms.client.association import CLIENT_PORT, Answer, Association, Event, State
from kwartier.wire.dlms.client.chores import Service
from kwartier.wire.dlms.client.ciphering import Counters, Secrets
from kwartier.wire.dlms.errors import AccessRefused, DlmsError, Malformed, Misuse, OutOfTurn

CHALLENGE: Final = 16
"""Bytes of our challenge. 8 and 16 are taken by every server met; with 32 and 64 some of them fail."""


_SERVICES: Final[Mapping[Service, Callable[[Association, bytes], bytes]]] = {
    Service.GET: Association.get,
    Service.SET: Association.set,
    Service.ACT: Association.act,
}


def _sight(errand: Errand, seen: chores.Seen) -> Sight:
    """Say what was seen, and when. Of a clock what counts is how far it is ahead of ours."""
    at = datetime.now(UTC)
    value = seen.value - round(at.timestamp()) if errand.chore is Chore.CLOCK else seen.value
    return Sight(errand.chore, at, value, seen.text, seen.entries, seen.levels_dv)


@final
@dataclass(frozen=True, slots=True)
class Run:
    """What the meters of one run share. `tap` sees each frame before it is sent; after `until` (time of the loop) none is begun."""

    limits: Limits
    stops: StopList
    tap: Tap | None = None
    until: float | None = None
    requests: Requests = field(default_factory=Requests)


@final
@dataclass(slots=True)
class Outcome:
    """How far one association came."""

    answers: dict[int, TaskAnswer] = field(default_factory=dict)
    """By the place of the task in the job: those that ended for good."""
    asked: dict[int, tuple[PermitRef, ...]] = field(default_factory=dict)
    """By the same: the live permits of every task whose GET was sent."""
    failure: HeadendError | DlmsError | None = None
    """Why the other tasks did not end."""
    unheard: bool = False
    """True if the AARQ was sent and the meter said nothing to it."""


@final
class Session:
    """Carries tasks to one meter over one association."""

    __slots__ = ("_association", "_connection", "_counters", "_job", "_run", "_secrets", "outcome")

    def __init__(self, run: Run, job: MeterJob, secrets: Secrets, counters: Counters) -> None:
        """Take the meter's job and what is left of its counters."""
        self._run = run
        self._job = job
        self._secrets = secrets
        self._counters = counters
        self._connection: Connection[Event] | None = None
        self._association: Association | None = None
        self.outcome = Outcome()

    async def carry(self, places: Iterable[int]) -> Outcome:
        """Do as many of the job's tasks at these places as the meter lets us. Raises only what the stop list and the tap raise."""
        try:
            connection, association = await self._open()
            for place in places:
                await self._one(connection, association, place)
        except (HeadendError, DlmsError) as error:
            self.outcome.failure = error.with_traceback(None)  # its frames hold the keys, and this session in a circle
            self.outcome.unheard = self._association is not None and self._association.state is State.ASSOCIATING
        finally:
            await self._close()
        return self.outcome

    async def _open(self) -> tuple[Connection[Event], Association]:
        """Connect and associate; both sides prove that they hold the keys."""
        job, run, limits = self._job, self._run, self._run.limits
        connection: Connection[Event] = await connect(run.limits, job, CLIENT_PORT, run.tap)
        self._connection = connection
        association = Association(
            self._secrets, self._counters, os.urandom(CHALLENGE), run.requests.bounds(job.model), general=limits.general_glo
        )
        self._association = association
        await connection.converse(association.associate(), association.receive, limits.answer_s)
        return connection, association

    async def _one(self, connection: Connection[Event], association: Association, place: int) -> None:
        """Ask for one task, unless every permit of it was stopped. What fails for this task alone ends it alone."""
        task = self._job.tasks[place]
        await self._run.stops.fresh(self._run.limits.stop_age_s)
        live = tuple(permit for permit in task.permits if not self._run.stops.stopped(permit))
        if not live:
            self._end(place, Result.STOPPED)
            return
        if isinstance(task, Errand):
            await self._errand(connection, association, place, task, live)
            return
        live = joined(self._job.model, task, live)
        try:
            request = self._run.requests.get(self._job.model, task, live)
        except Misuse:
            self._end(place, Result.GAP, GapReason.ACCESS_DENIED)  # this model of meter has no such profile, or not such a range
            return
        connection.ready()
        frame = association.get(request.plain)
        self.outcome.asked[place] = live
        try:
            answer = await connection.converse(frame, association.receive, self._run.limits.answer_s)
        except AccessRefused as error:
            self._end(place, Result.GAP, reason_of(error))
            return
        left = tuple(permit for permit in live if not self._run.stops.stopped(permit))
        if not left:
            self._end(place, Result.STOPPED, GapReason.WITHDRAWN)
            return
        self.outcome.asked[place] = left
        self._take(place, request, answer)

    async def _errand(
        self, connection: Connection[Event], association: Association, place: int, errand: Errand, live: tuple[PermitRef, ...]
    ) -> None:
        """Do a chore step by step. What the meter refuses, or answers with nonsense, ends this chore alone."""
        image = self._job.images.get(errand.image)
        self.outcome.asked[place] = live
        try:
            steps = chores.steps(errand, self._job.model, room=association.room, image=image)
            seen = await self._carry_out(connection, association, steps, live)
        except Stopped:
            self._end(place, Result.STOPPED)
        except (AccessRefused, Malformed) as error:
            error.with_traceback(None)  # its frames hold the chore, which holds what was thrown into it, in a circle
            if association.state is not State.READY:
                raise
            self._end(place, Result.GAP, reason_of(error))
        except Misuse:
            self._end(place, Result.GAP, GapReason.ACCESS_DENIED)  # this model of meter has no such object
        else:
            if errand.chore not in WRITES and all(self._run.stops.stopped(permit) for permit in live):
                self._end(place, Result.STOPPED, GapReason.WITHDRAWN)
            else:
                self._end(place, Result.READ, sight=_sight(errand, seen))

    async def _carry_out(
        self, connection: Connection[Event], association: Association, steps: chores.Steps, live: tuple[PermitRef, ...]
    ) -> chores.Seen:
        """Send each step and give its answer back to the chore. Raises Stopped if every ground of it is stopped meanwhile."""
        step = next(steps)
        while True:
            try:
                data = await self._step(connection, association, step, live)
            except AccessRefused as refused:
                move = partial(steps.throw, refused)
            else:
                move = partial(steps.send, data)
            try:
                step = move()
            except StopIteration as end:
                seen: chores.Seen = end.value
                return seen

    async def _step(
        self, connection: Connection[Event], association: Association, step: chores.Step | chores.Pause, live: tuple[PermitRef, ...]
    ) -> bytes:
        if isinstance(step, chores.Pause):
            await asyncio.sleep(step.seconds)
            return b""
        await self._run.stops.fresh(self._run.limits.stop_age_s)
        if all(self._run.stops.stopped(permit) for permit in live):
            raise Stopped
        connection.ready()
        frame = _SERVICES[step.service](association, step.plain)
        answer = await connection.converse(frame, association.receive, self._run.limits.answer_s)
        if not isinstance(answer, Answer):
            msg = "a request ended without an answer"
            raise OutOfTurn(msg)
        return answer.data

    def _take(self, place: int, request: GetRequest, answer: Event) -> None:
        """Decode the data of a GET. Nonsense under sound protection is this meter's own; asking again gives the same."""
        try:
            if not isinstance(answer, Answer):
                msg = "a GET ended without data"
                raise OutOfTurn(msg)  # noqa: TRY301 - the same end as other nonsense
            found = rows.decode(answer.data, request.profile, request.columns)
        except (Malformed, OutOfTurn) as error:
            self._end(place, Result.GAP, reason_of(error))
            return
        self._end(place, Result.READ, found=found)

    def _end(
        self,
        place: int,
        result: Result,
        reason: GapReason | None = None,
        found: rows.Rows | None = None,
        sight: Sight | None = None,
    ) -> None:
        """Note that a task ended for good."""
        live = self.outcome.asked.get(place, ())
        self.outcome.answers[place] = TaskAnswer(self._job.tasks[place], result, reason, found, live, datetime.now(UTC), sight)

    async def _close(self) -> None:
        """Release what may stand, also after an error: a meter without a release may stay deaf. Then close."""
        if self._connection is None:
            return
        try:
            await self._release(self._connection, self._association)
        except (HeadendError, DlmsError) as error:
            error.with_traceback(None)  # there is nothing more that we could do, and what was read stays read
        finally:
            self._connection.close()

    async def _release(self, connection: Connection[Event], association: Association | None) -> None:
        """Send the release; wait for its answer unless the meter has stopped answering."""
        if association is None or not association.standing or connection.ended:
            return
        frame = association.release()
        if isinstance(self.outcome.failure, Silent):
            connection.send(frame)
        else:
            await connection.converse(frame, association.receive, self._run.limits.release_s)

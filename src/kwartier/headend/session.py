"""One association with one meter: open it, carry the tasks one by one, release it. What fails is told, not raised."""

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, final

from kwartier.headend.connection import Connection, Tap, connect
from kwartier.headend.errors import HeadendError, Silent
from kwartier.headend.reasons import reason_of
from kwartier.headend.request import GetRequest, Requests, joined
from kwartier.headend.values import Limits, MeterJob, StopList, TaskAnswer
from kwartier.model.permit import PermitRef
from kwartier.model.task import GapReason, Result
from kwartier.wire.dlms import rows
from kwartier.wire.dlms.client.association import CLIENT_PORT, Answer, Association, Event, State
from kwartier.wire.dlms.client.ciphering import Counters, Secrets
from kwartier.wire.dlms.errors import AccessRefused, DlmsError, Malformed, Misuse, OutOfTurn

CHALLENGE: Final = 16
"""Bytes of our challenge. 8 and 16 are taken by every server met; with 32 and 64 some of them fail."""


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
        self._take(place, request, answer)

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

    def _end(self, place: int, result: Result, reason: GapReason | None = None, found: rows.Rows | None = None) -> None:
        """Note that a task ended for good."""
        live = self.outcome.asked.get(place, ())
        self.outcome.answers[place] = TaskAnswer(self._job.tasks[place], result, reason, found, live, datetime.now(UTC))

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

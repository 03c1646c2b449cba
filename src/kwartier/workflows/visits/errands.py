"""A round of chores at meters, whatever for: decided, written down, done, and written down again. The night's order, in small.

1. Under the lock of the night, batch by batch: decide every request; what is refused goes into the log and to no meter.
2. Intent and reserved counters are committed before any meter is touched.
3. Workers visit the meters; the stop list is looked at before each request.
4. What was seen, how it ended and the deeds are committed in one transaction.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final, final

from psycopg import Connection

from kwartier import headend
from kwartier.audit import leaves
from kwartier.audit.events import EventKind
from kwartier.grounds.decide import decide, ref
from kwartier.grounds.limits import uses
from kwartier.model.care import WRITES, Chore, Errand, Sight
from kwartier.model.ground import Facts, Refusal, Request
from kwartier.model.period import day_of
from kwartier.model.permit import Permit, PermitRef
from kwartier.model.task import GapReason, Result
from kwartier.store.registry import care, nights, people
from kwartier.store.registry.stops import Loaded
from kwartier.wire.dlms.client.chores import Image
from kwartier.workflows.installation import Clock, Installation
from kwartier.workflows.visits import standing
from kwartier.workflows.visits.carry import limits, meter_job, tap
from kwartier.workflows.visits.forward import give_up
from kwartier.workflows.visits.only import WorkerLost, only_one
from kwartier.workflows.visits.reach import MeterTarget, Place, place, targets
from kwartier.workflows.visits.stops import PolledStops

C = Connection[Any]
ACTOR: Final = "operator"


@final
@dataclass(frozen=True, slots=True)
class Wish:
    """Chores that somebody would like done at one meter for one reason: a request to decide, and where the meter hangs.

    `seen` is the snapshot in which the facts were loaded, one for all wishes of a batch.
    `image` is the registry's number of the firmware to load, for Chore.UPDATE only.
    """

    request: Request
    facts: Facts
    seen: str
    chores: tuple[Chore, ...]
    meter: int
    mbus: int = 0
    image: int = 0


@final
@dataclass(frozen=True, slots=True)
class Done:
    """How an errand ended. `sight` is what it found, if it was done; `served` are the permits that were live."""

    errand: Errand
    result: Result
    reason: GapReason | None
    served: tuple[PermitRef, ...]
    at: datetime
    sight: Sight | None


@final
@dataclass(slots=True)
class Round:
    """What became of a round, counted. `meters` were visited, `chores` done; `gaps` by reason, `refused` by rule."""

    meters: int = 0
    chores: int = 0
    stopped: int = 0
    gaps: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)

    def take(self, refusals: Iterable[Refusal], done: Sequence[Done]) -> None:
        """Count a batch."""
        self.refused.update(one.rule for one in refusals)
        self.meters += len({one.errand.meter for one in done})
        self.chores += sum(one.result is Result.READ for one in done)
        self.stopped += sum(one.result is Result.STOPPED for one in done)
        self.gaps.update(str(one.reason) for one in done if one.result is Result.GAP)

    def counts(self) -> dict[str, Any]:
        """Return the counts as JSON-ready values."""
        return {
            "meters": self.meters,
            "chores": self.chores,
            "stopped": self.stopped,
            "gaps": dict(sorted(self.gaps.items())),
            "refused": dict(sorted(self.refused.items())),
        }


@final
@dataclass(frozen=True, slots=True)
class ErrandJob:
    """One batch of errands for a worker: plain values, picklable."""

    batch: int
    place: Place
    targets: tuple[MeterTarget, ...]
    images: Mapping[int, Image]


def carry(
    house: Installation,
    batches: Iterable[Sequence[Wish]],
    executor: Executor,
    *,
    clock: Clock,
    images: Mapping[int, Image] | None = None,
    each: Callable[[Done], object] = lambda _done: None,
) -> Round:
    """Do all wishes that have a ground; `each` is told how each errand ended. Raises NightRuns while another is at the meters.

    All wishes about one meter stand in one batch: it is then visited once. The facts of a batch were loaded together. `batches` is
    first asked under the lock, so that facts which it loads are those that count. Raises what a worker raised, WorkerLost where it
    died, once none is at a meter any more.
    """
    whole = _Whole(house, executor, clock, images or {}, each)
    with only_one(house):
        give_up(house, clock())
        try:
            for wishes in batches:
                whole.begin(wishes)
                if len(whole.out) > house.settings.workers:
                    whole.land()
        finally:
            whole.end()
    with house.auditor() as c:
        house.log.integrate(c)
    return whole.round


@final
@dataclass(slots=True)
class _Plan:
    """One batch, decided."""

    loaded: Loaded
    errands: list[Errand] = field(default_factory=list)
    permits: dict[bytes, Permit] = field(default_factory=dict)
    refusals: list[Refusal] = field(default_factory=list)
    codes: dict[int, str] = field(default_factory=dict)

    def take(self, wish: Wish, at: datetime) -> None:
        answer = decide(wish.request, wish.facts, at=at)
        if isinstance(answer, Refusal):
            self.refusals.append(answer)
            return
        self.permits[answer.id] = answer
        named = ref(answer)
        about = wish.request.connection, wish.meter
        self.errands += [
            Errand(*about, chore, wish.mbus, named.first_s, named.last_s, (named,), wish.image) for chore in wish.chores
        ]

    def code(self, subject: int | None) -> str | None:
        return None if subject is None else self.codes.get(subject)

    def whom(self, errand: Errand) -> str | None:
        return self.code(self.permits[errand.permits[0].id].subject)


@final
@dataclass(slots=True)
class _Whole:
    """A round under way. `out` are batches with workers: bounded, so that memory does not grow with the grid."""

    house: Installation
    executor: Executor
    clock: Clock
    images: Mapping[int, Image]
    each: Callable[[Done], object]
    round: Round = field(default_factory=Round)
    out: "dict[Future[list[Done]], tuple[int, _Plan, list[Done]]]" = field(default_factory=dict)

    def begin(self, wishes: Sequence[Wish]) -> None:
        """Decide a batch, write it down, and send a worker if there is anything to do."""
        if not wishes:
            return
        at = self.clock()
        (seen,) = {wish.seen for wish in wishes}  # more than one would be a fault of whoever loaded them
        plan = _Plan(Loaded(at, seen))
        for wish in wishes:
            plan.take(wish, at)
        with self.house.operator() as c:
            job, unasked = _intend(self.house, c, plan, at, self.images)
        undone = [Done(errand, Result.GAP, reason, (), at, None) for errand, reason in unasked]
        if job is None:
            self.round.take(plan.refusals, undone)
        else:
            self.out[self.executor.submit(visit, job)] = job.batch, plan, undone

    def land(self) -> None:
        """Wait for a worker, and write down what it did."""
        landed, _ = wait(self.out, return_when=FIRST_COMPLETED)
        for one in landed:
            batch, plan, done = self.out.pop(one)
            done += _result(one)
            at = self.clock()
            with self.house.operator() as c:
                since = plan.loaded
                done = _accepted(done, standing.ended(c, plan.permits.values(), since=since, at=at, day=day_of(since.at)))
                _settle(self.house, c, batch, plan, done, at)
            self.round.take(plan.refusals, done)
            for ended in done:
                self.each(ended)

    def end(self) -> None:
        """Land all that is out, whatever fails of it. Raises the first failure when nobody is at a meter any more."""
        faults: list[Exception] = []
        while self.out:
            try:
                self.land()
            except Exception as fault:  # noqa: BLE001 - told below; what other workers did is written down first
                faults.append(fault)
        if faults:
            raise faults[0]


def _result(one: "Future[list[Done]]") -> list[Done]:
    """Return what a worker brought home. Raises WorkerLost."""
    try:
        return one.result()
    except BrokenExecutor as fault:
        msg = "a worker process died"
        raise WorkerLost(msg) from fault


def _intend(
    house: Installation, c: C, plan: _Plan, at: datetime, images: Mapping[int, Image]
) -> tuple[ErrandJob | None, list[tuple[Errand, GapReason]]]:
    """Write down what is meant and what was refused, and reserve the counters."""
    subjects = {permit.subject for permit in plan.permits.values()} | {refusal.subject for refusal in plan.refusals}
    plan.codes = people.codes(c, {one for one in subjects if one is not None})
    batch = nights.plan_batch(c, None)
    requests = {key: permit.request for key, permit in plan.permits.items()}
    said = {
        EventKind.BATCH_REFUSED: [leaves.refused(one, plan.code(one.subject)) for one in plan.refusals],
        EventKind.BATCH_INTENDED: [leaves.intended(errand, requests, plan.whom(errand)) for errand in plan.errands],
    }
    told = {kind: some for kind, some in said.items() if some}
    house.log.record_batches(c, batch, at, ACTOR, told, {"decided": int(at.timestamp() * 1000)})
    if not plan.errands:
        nights.mark_empty(c, batch, at)
        return None, []
    found, unasked = targets(c, plan.errands, tries=house.settings.tries, images=images)
    return ErrandJob(batch, place(house, plan.loaded), tuple(found), images), unasked


def visit(job: ErrandJob) -> list[Done]:
    """Visit every meter of a batch. Runs in a worker process; commits nothing."""
    show, close_tap = tap(job.place, job.batch)
    stops = PolledStops(job.place.dsn_operator, job.place.since)
    try:
        jobs = [meter_job(target, job.place, job.images) for target in job.targets]
        answers = headend.run(jobs, limits=limits(job.place), stops=stops, tap=show)
    finally:
        stops.close()
        close_tap()
    return [_done(one) for answer in answers for one in answer.answers]


def _done(one: headend.TaskAnswer) -> Done:
    assert isinstance(one.task, Errand)  # noqa: S101 - a round has nothing else
    return Done(one.task, one.result, one.reason, one.live if one.result is Result.READ else (), one.at, one.sight)


def _accepted(done: Iterable[Done], ended: frozenset[bytes]) -> list[Done]:
    """Throw away what was seen under a ground that ended meanwhile. What was set at a meter is set, and is told."""
    return [
        replace(one, result=Result.STOPPED, reason=GapReason.WITHDRAWN, served=(), sight=None)
        if one.served and one.errand.chore not in WRITES and all(ref.id in ended for ref in one.served)
        else one
        for one in done
    ]


def _settle(house: Installation, c: C, batch: int, plan: _Plan, done: Sequence[Done], at: datetime) -> None:
    """Write what became of it: outcomes, visits that count against a limit, what was seen, and the deeds; all or nothing."""
    nights.stage(c, batch, [], at)
    served = {id(one): b"".join(permit.id for permit in one.served) for one in done}
    nights.add_outcomes(c, batch, [nights.OutcomeRow(one.errand, one.result, one.reason, served[id(one)], one.at) for one in done])
    nights.use(c, (use for one in done for permit in one.served for use in uses(plan.permits[permit.id].request, one.at)))
    care.keep(
        c,
        batch,
        [
            (one.errand.meter, one.errand.connection, plan.permits[one.errand.permits[0].id].request.purpose, one.sight)
            for one in done
            if one.sight is not None
        ],
    )
    said = [
        leaves.read(one.errand, one.result, one.reason, (permit.id for permit in one.served), one.at, plan.whom(one.errand))
        for one in done
    ]
    house.log.record_batch(c, EventKind.BATCH_READ, batch, at, ACTOR, said, {})
    nights.mark_committed(c, batch, at)

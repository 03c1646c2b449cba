"""Steps 1 to 4 of a night for one round: load the facts, decide, plan, and write down the intent before any meter is touched."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, final

from psycopg import Connection

from kwartier.audit import leaves
from kwartier.audit.events import EventKind
from kwartier.grounds.decide import STATION, decide
from kwartier.headend import frames_for
from kwartier.model.ground import Facts, Purpose, Refusal, Request
from kwartier.model.period import day_period, epoch_s
from kwartier.model.permit import Permit
from kwartier.model.register import Product
from kwartier.model.task import GapReason, Task
from kwartier.planning import due, plan
from kwartier.store.registry import facts, loss, meters, nights
from kwartier.store.registry.rounds import Round, subject_codes
from kwartier.workflows.installation import Installation, meter_models
from kwartier.workflows.night.job import BatchJob, MeterTarget, Place, Station

STATION_CAPACITY_W = 2_000_000
"""Bound of a station meter's plausible power per direction: above any low-voltage transformer (630 kVA is common)."""
ACTOR = "operator"


@final
@dataclass(slots=True)
class Intent:
    """One round decided and planned. `permits` by id; `refusals` go to the log with the tasks."""

    batch: int = 0
    tasks: list[Task] = field(default_factory=list)
    permits: dict[bytes, Permit] = field(default_factory=dict)
    refusals: list[Refusal] = field(default_factory=list)
    all_reads: int = 0
    subjects: dict[int, str] = field(default_factory=dict)
    capacities_w: dict[int, int] = field(default_factory=dict)
    stations: list[Station] = field(default_factory=list)
    loaded: datetime | None = None


@final
@dataclass(slots=True)
class _Grid:
    """What a round teaches about its transformers. `balanced` have their balance of this day already."""

    balanced: frozenset[int]
    homes: dict[int, dict[int, int]] = field(default_factory=lambda: defaultdict(dict))

    def add(self, row: facts.ConnectionRow) -> None:
        if row.transformer is not None and row.product is Product.ELECTRICITY:
            self.homes[row.transformer][row.key] = row.capacity_w


def decide_round(c: Connection[Any], this: Round, day: date, at: datetime) -> Intent:
    """Load the facts of a round, decide every request that could be due and plan the least reads. Writes nothing."""
    intent = Intent(loaded=at, subjects=subject_codes(c, this.connections, day))
    span = day_period(day)
    assert span.end is not None  # noqa: S101 - a day always closes
    served = nights.served(c, list(this.connections), epoch_s(span.start), epoch_s(span.end))
    grid = _Grid(loss.days_done(c, list(this.transformers), day))
    for row in facts.rows(c, list(this.connections), year=day.year, day=day):
        intent.capacities_w[row.key] = row.capacity_w
        grid.add(row)
        requests = [
            r for r in due.due(row.facts, row.product, day, at=at) if not (_is_loss(r) and row.transformer in grid.balanced)
        ]
        permits = _decide(requests, row.facts, at, intent)
        if row.wired is not None:
            wired = plan.Wired(row.key, row.wired.meter, meter_models()[row.wired.model], row.wired.mbus)
            intent.all_reads += plan.all_reads(wired, day)
            intent.tasks += plan.plan(permits, wired, served.get(row.key, frozenset()))
    _stations(c, this, intent, grid, day, at)
    return intent


def _is_loss(request: Request) -> bool:
    return request.purpose is Purpose.ENERGY_LOSS


def _decide(requests: Iterable[Request], known: Facts, at: datetime, intent: Intent) -> list[Permit]:
    permits = []
    for request in requests:
        answer = decide(request, known, at=at)
        if isinstance(answer, Permit):
            permits.append(answer)
            intent.permits[answer.id] = answer
        else:
            intent.refusals.append(answer)
    return permits


def _stations(c: Connection[Any], this: Round, intent: Intent, grid: _Grid, day: date, at: datetime) -> None:
    """Plan the station meters of the round's transformers: the operator's own assets, read for the energy loss only."""
    intent.capacities_w[STATION] = STATION_CAPACITY_W
    for row in facts.station_meters(c, [t for t in this.transformers if t not in grid.balanced], day=day):
        intent.all_reads += 1
        permits = _decide(due.due(row.facts, Product.ELECTRICITY, day, at=at), row.facts, at, intent)
        if not permits:
            continue
        intent.tasks += plan.plan(permits, plan.Wired(STATION, row.meter, meter_models()[row.model], 0))
        case = permits[0].request.requester.id
        intent.stations.append(Station(row.transformer, case, permits[0].min_group, row.meter, grid.homes.get(row.transformer, {})))


def write_intent(house: Installation, c: Connection[Any], night: int, intent: Intent, day: date, at: datetime) -> BatchJob | None:
    """Record what is meant and what was refused, and reserve the counters; all in the caller's transaction.

    Returns the job for a worker, None if there is nothing to ask.
    """
    intent.batch = nights.plan_batch(c, night)
    if intent.refusals:
        lines = [leaves.refused(one, intent.subjects.get(one.request.connection)) for one in intent.refusals]
        house.log.record_batch(c, EventKind.BATCH_REFUSED, intent.batch, at, ACTOR, lines, {"night": night})
    if not intent.tasks:
        return None
    requests = {key: permit.request for key, permit in intent.permits.items()}
    lines = [leaves.intended(task, requests, intent.subjects.get(task.connection)) for task in intent.tasks]
    decided = int((intent.loaded or at).timestamp() * 1000)
    house.log.record_batch(c, EventKind.BATCH_INTENDED, intent.batch, at, ACTOR, lines, {"night": night, "decided": decided})
    found, unasked = targets(c, intent.tasks, tries=house.settings.tries)
    return BatchJob(
        batch=intent.batch,
        day=day,
        place=place(house, intent.loaded or at),
        targets=tuple(found),
        unasked=tuple(unasked),
        capacities_w=intent.capacities_w,
        stations=tuple(intent.stations),
    )


def targets(c: Connection[Any], tasks: Iterable[Task], *, tries: int) -> tuple[list[MeterTarget], list[tuple[Task, GapReason]]]:
    """Gather the tasks by meter and reserve invocation counters for every try, so that none is ever used twice.

    Returns beside them the tasks that cannot be asked: the meter has no keys, or its key has no counters left.
    """
    by_meter: dict[int, list[Task]] = defaultdict(list)
    for task in tasks:
        by_meter[task.meter].append(task)
    known = meters.targets(c, list(by_meter))
    frames = max((frames_for(meter_models()[known[m].model], asked) for m, asked in by_meter.items() if m in known), default=1)
    counters = meters.reserve(c, list(by_meter), tries * frames)
    found = [
        _target(known[meter], counters[meter], asked) for meter, asked in by_meter.items() if meter in known and meter in counters
    ]
    unasked = [
        (task, GapReason.COUNTER if meter in known else GapReason.NO_KEYS)
        for meter, asked in by_meter.items()
        if meter not in known or meter not in counters
        for task in asked
    ]
    return found, unasked


def _target(known: meters.Target, counters: tuple[int, int], asked: list[Task]) -> MeterTarget:
    return MeterTarget(
        meter=asked[0].meter,
        host=known.host,
        port=known.port,
        model=known.model,
        system_title=known.system_title,
        guek=known.guek,
        gak=known.gak,
        first_ic=counters[0],
        end_ic=counters[1],
        tasks=tuple(asked),
    )


def place(house: Installation, since: datetime) -> Place:
    """Tell a worker how to reach what it needs."""
    chosen = house.settings
    return Place(
        data=str(house.data),
        dsn_operator=house.dsns.operator,
        client_title=CLIENT_TITLE,
        since=since,
        connect_s=chosen.connect_s,
        answer_s=chosen.answer_s,
        session_s=chosen.session_s,
        tries=chosen.tries,
        concurrency=chosen.concurrency,
        stop_age_s=chosen.stop_age_s,
        tap=chosen.tap or None,
    )


CLIENT_TITLE = b"KWA\x00\x00\x00\x00\x01"
"""System title of the head-end: three letters of a FLAG id, then the number of this head-end. One site, one title."""

"""Steps 1 to 4 of a night for one round: load the facts, decide, plan, and write down the intent before any meter is touched."""

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from psycopg import Connection

from kwartier.audit.canonical import Json
from kwartier.grounds.decide import decide
from kwartier.grounds.moments import METER_KEEPS, day_opened_by
from kwartier.model.ground import STATION, Action, Facts, Purpose, Request
from kwartier.model.period import day_of, day_period, epoch_s, midnight
from kwartier.model.permit import Permit
from kwartier.model.register import Product
from kwartier.model.task import Task
from kwartier.planning import due, plan
from kwartier.store.registry import allocation, facts, late, loss, nights, people, reconciliation, stops
from kwartier.store.registry.late import Waiting
from kwartier.store.registry.rounds import Round
from kwartier.workflows.installation import Installation, meter_models
from kwartier.workflows.night import allocate, balance, lines
from kwartier.workflows.night.intent import ACTOR, Intent
from kwartier.workflows.night.job import BatchJob
from kwartier.workflows.night.shares import ON_NONE, Shares, is_share
from kwartier.workflows.night.transformers import Transformer, belongs, is_loss
from kwartier.workflows.visits.reach import place, targets

STATION_CAPACITY_W = 2_000_000
"""Bound of a station meter's plausible power per direction: above any low-voltage transformer (630 kVA is common)."""


def decide_round(c: Connection[Any], this: Round, day: date, at: datetime, held: Callable[[Waiting], bool]) -> Intent:
    """Load the facts of a round, decide every request that could be due and plan the least reads. Writes nothing.

    `held` tells whether what a supplier waits for lies in the lake: that is no meter asked for.
    """
    intent = Intent(stops.loaded(c, at))  # first: what comes in while facts are loaded counts as not seen
    month = due.month_to_settle(day)
    grid, spoken_for = _stations(c, this, intent, day, at)
    days = Shares(day_period(day))
    months = None if month is None else Shares(month, Purpose.RECONCILIATION)
    told_late = _told_late(c, this, day, held)
    decided = []
    for row in facts.rows(c, list(this.connections), year=day.year, day=day):
        intent.capacities_w[row.key] = row.capacity_w
        here = None if row.transformer is None else grid.get(row.transformer)
        requests = [request for request in due.due(row.facts, row.product, day, at=at) if belongs(request, here)]
        permits = _decide(dict.fromkeys([*requests, *told_late.get(row.key, ())]), row.facts, at, intent)
        if here is not None:
            here.add(row, permits, day)
        for each in (days, months):
            if each is not None:
                each.add(row, permits)
        decided.append((row, permits))
    of_month = frozenset[int]() if months is None else _months(c, this, months, day, intent)
    balanced = _balances({key: one for key, one in grid.items() if key not in of_month}, intent)
    _days(days, spoken_for | of_month | balanced.keys(), intent)
    summed = {(one.use_case, home) for one in balanced.values() for home in one.read()}
    summed |= {(share.key.use_case, home) for share in intent.shares for home in share.read}
    _plan(c, this, decided, summed, intent, day)
    intent.tasks += [task for one in balanced.values() for task in plan.plan([one.permit], _wired_station(one))]
    intent.subjects = people.codes(c, lines.about(intent))
    return intent


def _told_late(c: Connection[Any], this: Round, day: date, held: Callable[[Waiting], bool]) -> dict[int, list[Request]]:
    """Return what suppliers wait for, told late or of a boundary not given, as far as meters keep it and we do not."""
    closes = midnight(day + timedelta(days=1))
    found: dict[int, list[Request]] = {}
    for one in late.waiting(c, since=closes - METER_KEEPS, connections=this.connections):
        if day_opened_by(one.moment) is not None and one.moment <= closes and not held(one):
            found.setdefault(one.connection, []).append(one.request(Action.READ))
    return found


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


def _stations(
    c: Connection[Any], this: Round, intent: Intent, day: date, at: datetime
) -> tuple[dict[int, Transformer], frozenset[int]]:
    """Return the round's transformers without a balance of this day whose station meter, the operator's own, may be read for it.

    And those that have one. Where homes were read for allocation of this day there is none either: sums beside sums. Nor of a day
    in a month that was settled.
    """
    balanced = loss.days_done(c, list(this.transformers), day)
    balanced |= reconciliation.settled(c, list(this.transformers), day.replace(day=1)) - {ON_NONE}
    done = balanced | allocation.transformers_read(c, list(this.transformers), day)
    intent.capacities_w[STATION] = STATION_CAPACITY_W
    found = {}
    for row in facts.station_meters(c, [t for t in this.transformers if t not in done], day=day):
        intent.all_reads += 1
        permits = _decide(due.due(row.facts, Product.ELECTRICITY, day, at=at), row.facts, at, intent)
        if permits:
            found[row.transformer] = Transformer(row, permits[0])
    return found, balanced


def _months(c: Connection[Any], this: Round, months: Shares, day: date, intent: Intent) -> frozenset[int]:
    """Choose the shares of the month that are told, and return of which transformers the day is not told beside them.

    The month comes before its last day, which the first night about it could tell as well: a month that has a sum of one day can be
    told in no other night. Days of the month after are no part of it.
    """
    around = sorted({*this.transformers, ON_NONE})
    first = day_of(months.about.start)
    settled = reconciliation.settled(c, around, first) - {ON_NONE}
    told, untold = months.made(settled | reconciliation.summed_by_day(c, around, months.about))
    said = reconciliation.said(c, around, first) if untold else frozenset()
    intent.shares += told
    intent.untold_shares += [(share, why) for share, why in untold if share.key not in said]  # a month is tried in several nights
    return frozenset(share.key.transformer for share in told if months.about.contains(midnight(day)))


def _days(days: Shares, spoken_for: Container[int], intent: Intent) -> None:
    """Choose the shares of the day that are told: none of a transformer that has a balance of it, or its month."""
    told, untold = days.made(spoken_for)
    intent.shares += told
    intent.untold_shares += untold


def _balances(grid: Mapping[int, Transformer], intent: Intent) -> dict[int, Transformer]:
    """Return the transformers whose figure could be told; of the others it is noted why not."""
    told = {}
    for key, one in grid.items():
        why = one.untold()
        if why is None:
            told[key] = one
            intent.stations.append(one.station())
        else:
            intent.untold.append((one.station(), why))
    return told


def _plan(
    c: Connection[Any],
    this: Round,
    decided: Sequence[tuple[facts.ConnectionRow, list[Permit]]],
    summed: Container[tuple[int, int]],
    intent: Intent,
    day: date,
) -> None:
    """Plan every connection that has a meter; for a sum only those that are in it: `summed` has (use case, home).

    What one end of a month was is not kept: it is asked again with the other, until the home is in a sum.
    """
    span = day_period(day)
    assert span.end is not None  # noqa: S101 - a day always closes
    starts = [permit.request.period.start for _, permits in decided for permit in permits]
    served = nights.served(c, list(this.connections), epoch_s(min([span.start, *starts])), epoch_s(span.end))
    intent.made_before += nights.reads_made(c, list(this.connections), epoch_s(span.start), epoch_s(span.end))
    for row, permits in decided:
        if row.wired is not None:
            wired = intent.wired[row.key] = _wired(row.key, row.wired)
            wanted = [one for one in permits if _is_wanted(one.request, row.key, summed)]
            intent.all_reads += plan.all_reads(wired, day)
            again = {one.id for one in wanted if one.request.purpose is Purpose.RECONCILIATION}
            intent.tasks += plan.plan(wanted, wired, served.get(row.key, frozenset()) - again)


def plan_again(intent: Intent, tasks: Iterable[Task]) -> list[Task]:
    """Return the least reads for what is kept of these tasks of an intent: without its sum a read may be shorter, or be two."""
    kept: dict[int, list[Permit]] = {}
    for task in tasks:
        kept.setdefault(task.connection, []).extend(intent.permits[permit.id] for permit in task.permits if permit.keeps)
    return [read for connection, permits in kept.items() if permits for read in plan.plan(permits, intent.wired[connection])]


def _is_wanted(request: Request, home: int, summed: Container[tuple[int, int]]) -> bool:
    """True unless a question is for a sum that this home is not in."""
    return not (is_loss(request) or is_share(request)) or (request.requester.id, home) in summed


def _wired(connection: int, how: facts.Wired) -> plan.Wired:
    return plan.Wired(connection, how.meter, meter_models()[how.model], how.mbus, epoch_s(how.since))


def _wired_station(one: Transformer) -> plan.Wired:
    return plan.Wired(STATION, one.row.meter, meter_models()[one.row.model], 0)


def write_intent(house: Installation, c: Connection[Any], night: int, intent: Intent, day: date, at: datetime) -> BatchJob | None:
    """Record what is meant and what was refused, and reserve the counters; all in the caller's transaction.

    Returns the job for a worker, None if there is nothing to ask.
    """
    intent.batch = nights.plan_batch(c, night)
    balance.store_untold(house, c, intent, day, at)
    allocate.store_untold(house, c, intent, day, at)
    body: dict[str, Json] = {"night": night, "decided": int(intent.loaded.at.timestamp() * 1000)}
    house.log.record_batches(c, intent.batch, at, ACTOR, lines.before(intent), body)
    if not intent.tasks:
        return None
    found, unasked = targets(c, intent.tasks, tries=house.settings.tries)
    return BatchJob(
        batch=intent.batch,
        day=day,
        place=place(house, intent.loaded),
        targets=tuple(found),
        unasked=tuple(unasked),
        capacities_w=intent.capacities_w,
        stations=tuple(intent.stations),
        shares=tuple(intent.shares),
    )

"""The energy loss of the transformers in a batch: balanced from sums, stored or withheld with its reason (S19)."""

from dataclasses import replace
from datetime import date, datetime
from typing import Any

import numpy as np
from psycopg import Connection

from kwartier.audit.canonical import Json
from kwartier.audit.events import Event, EventKind
from kwartier.grid import loss
from kwartier.store.registry import loss as losses
from kwartier.store.registry.loss import LossRow
from kwartier.workflows.installation import Installation
from kwartier.workflows.night.intent import ACTOR, Intent
from kwartier.workflows.night.job import BatchResult, Station, StationSums

NO_INFEED = "the station meter was not read"
GROUND_ENDED = "a ground for it ended while it was being read"


def store(house: Installation, c: Connection[Any], intent: Intent, result: BatchResult, day: date, at: datetime) -> None:
    """Balance every transformer of the batch, in the transaction that stages it."""
    sums = {one.transformer: one for one in result.sums}
    _write(house, c, [_balance(station, sums[station.transformer], day, result.batch) for station in intent.stations], at)


def store_untold(house: Installation, c: Connection[Any], intent: Intent, day: date, at: datetime) -> None:
    """Write down of which transformers no figure could be told, so that nobody is read for one; with the intent."""
    _write(house, c, [_withheld(station, day, intent.batch, 0, why) for station, why in intent.untold], at)


def _write(house: Installation, c: Connection[Any], rows: list[LossRow], at: datetime) -> None:
    losses.store(c, rows)
    house.log.record(c, [_event(row, at) for row in rows])


def _withheld(station: Station, day: date, batch: int, read: int, why: str | None) -> LossRow:
    return LossRow(
        transformer=station.transformer,
        day=day,
        use_case=station.use_case,
        batch=batch,
        homes=len(station.capacities_w),
        homes_read=read,
        infeed_wh=None,
        net_use_wh=None,
        loss_wh=None,
        uncertainty_wh=None,
        withheld=why,
    )


def _balance(station: Station, sums: StationSums, day: date, batch: int) -> LossRow:
    found = _balanced(station, sums)
    if isinstance(found, loss.Withheld):
        return _withheld(station, day, batch, len(sums.read), found.reason)
    return replace(
        _withheld(station, day, batch, len(sums.read), None),
        infeed_wh=sums.infeed_wh,
        net_use_wh=sums.net_use_wh,
        loss_wh=found.loss_wh.tobytes(),
        uncertainty_wh=found.uncertainty_wh.tobytes(),
    )


def _balanced(station: Station, sums: StationSums) -> loss.Balance | loss.Withheld:
    if sums.withdrawn:
        return loss.Withheld(GROUND_ENDED)
    if sums.infeed_wh is None:
        return loss.Withheld(NO_INFEED)
    people = station.capacities_w.keys() - station.vacant
    if (why := loss.withheld(len(people & sums.read), len(people - sums.read), station.min_group)) is not None:
        return why
    return loss.balance(
        np.frombuffer(sums.infeed_wh, np.int64),
        np.frombuffer(sums.net_use_wh, np.int64),
        net_use_sq=np.frombuffer(sums.net_use_sq, np.int64),
        homes=len(station.capacities_w),
        homes_read=len(sums.read),
        min_group=station.min_group,
        unread_capacities_w=[watts for key, watts in station.capacities_w.items() if key not in sums.read],
    )


def _event(row: LossRow, at: datetime) -> Event:
    kind = EventKind.LOSS_PUBLISHED if row.withheld is None else EventKind.LOSS_WITHHELD
    body: dict[str, Json] = {
        "transformer": row.transformer,
        "use_case": row.use_case,
        "day": row.day.isoformat(),
        "homes": row.homes,
        "read": row.homes_read,
    }
    return Event(at, kind, ACTOR, body=body)

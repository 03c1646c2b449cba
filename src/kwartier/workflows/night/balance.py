"""The energy loss of the transformers in a batch: balanced from sums, stored or withheld with its reason (S19)."""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

import numpy as np
from psycopg import Connection

from kwartier.audit.events import Event, EventKind
from kwartier.grid import loss
from kwartier.store.registry import loss as losses
from kwartier.store.registry import nights
from kwartier.store.registry.loss import LossRow
from kwartier.workflows.installation import Installation
from kwartier.workflows.night.job import BatchResult, Station, StationSums
from kwartier.workflows.night.prepare import ACTOR, Intent

NO_INFEED = "the station meter was not read"


def store(house: Installation, c: Connection[Any], intent: Intent, result: BatchResult, day: date, at: datetime) -> None:
    """Balance every transformer of the batch, in the transaction that stages it."""
    sums = {one.transformer: one for one in result.sums}
    rows = [_balance(station, sums[station.transformer]) for station in intent.stations]
    losses.store(c, result.batch, day, rows)
    nights.use(c, _read(intent.stations, sums, day))
    house.log.record(c, [_event(row, day, at) for row in rows])


def _read(stations: list[Station], sums: dict[int, StationSums], day: date) -> Iterator[tuple[int, int, date]]:
    for station in stations:
        for connection in sums[station.transformer].read:
            yield station.use_case, connection, day


def _balance(station: Station, sums: StationSums) -> LossRow:
    homes, read = len(station.capacities_w), len(sums.read)
    if sums.infeed_wh is None:
        return _withheld(station, homes, read, NO_INFEED)
    unread = [watts for key, watts in station.capacities_w.items() if key not in sums.read]
    found = loss.balance(
        np.frombuffer(sums.infeed_wh, np.int64),
        np.frombuffer(sums.net_use_wh, np.int64),
        net_use_sq=np.frombuffer(sums.net_use_sq, np.int64),
        homes=homes,
        homes_read=read,
        min_group=station.min_group,
        unread_capacities_w=unread,
    )
    if isinstance(found, loss.Withheld):
        return _withheld(station, homes, read, found.reason)
    return LossRow(
        station.transformer, station.use_case, homes, read, sums.infeed_wh, sums.net_use_wh,
        found.loss_wh.tobytes(), found.uncertainty_wh.tobytes(), None,
    )  # fmt: skip


def _withheld(station: Station, homes: int, read: int, reason: str) -> LossRow:
    return LossRow(station.transformer, station.use_case, homes, read, None, None, None, None, reason)


def _event(row: LossRow, day: date, at: datetime) -> Event:
    kind = EventKind.LOSS_PUBLISHED if row.withheld is None else EventKind.LOSS_WITHHELD
    body = {
        "transformer": row.transformer,
        "use_case": row.use_case,
        "day": day.isoformat(),
        "homes": row.homes,
        "read": row.homes_read,
    }
    return Event(at, kind, ACTOR, body=body)

"""The shares of a batch, of day and month: stored as told, or withheld with the reason, in the transaction that stages it."""

from datetime import date, datetime
from typing import Any

from psycopg import Connection

from kwartier.audit.canonical import Json
from kwartier.audit.events import Event, EventKind
from kwartier.model.period import day_of
from kwartier.store.registry import allocation, reconciliation
from kwartier.store.registry.allocation import AllocationRow
from kwartier.workflows.installation import Installation
from kwartier.workflows.night import hiding
from kwartier.workflows.night.intent import ACTOR, Intent
from kwartier.workflows.night.job import BatchResult, Share, ShareSums

WITHDRAWN = "a ground for it ended before it was accepted"


def store(house: Installation, c: Connection[Any], intent: Intent, result: BatchResult, day: date, at: datetime) -> None:
    """Write every share of the batch."""
    sums = {one.key: one for one in result.shares}
    _write(house, c, [(share, _row(share, sums[share.key], day, result.batch)) for share in intent.shares], at)


def store_untold(house: Installation, c: Connection[Any], intent: Intent, day: date, at: datetime) -> None:
    """Write down which shares could not be told whatever was read, so that nobody is read for them; with the intent."""
    _write(house, c, [(share, _withheld(share, 0, day, intent.batch, why)) for share, why in intent.untold_shares], at)


def _row(share: Share, sums: ShareSums, day: date, batch: int) -> AllocationRow:
    why = WITHDRAWN if sums.withdrawn else hiding.untold(share.people, sums.read, share.min_group)
    if why is not None or sums.taken is None or sums.given is None:
        return _withheld(share, len(sums.read), day, batch, why or WITHDRAWN)
    return _made(share, len(sums.read), day, batch, sums.taken, sums.given, None)


def _withheld(share: Share, read: int, day: date, batch: int, why: str) -> AllocationRow:
    return _made(share, read, day, batch, None, None, why)


def _made(  # noqa: PLR0917 - a row
    share: Share, read: int, day: date, batch: int, taken: int | None, given: int | None, why: str | None
) -> AllocationRow:
    key = share.key
    about = (key.use_case, key.transformer, key.party, str(key.product), share.area)
    first = day if share.month is None else day_of(share.month.start)
    return AllocationRow(batch, first, *about, len(share.people), read, taken, given, why)


def _write(house: Installation, c: Connection[Any], rows: list[tuple[Share, AllocationRow]], at: datetime) -> None:
    if rows:
        allocation.store(c, [row for share, row in rows if share.month is None])
        reconciliation.store(c, [row for share, row in rows if share.month is not None])
        house.log.record(c, [_event(share, row, at) for share, row in rows])


_ALLOCATION = EventKind.ALLOCATION_TOLD, EventKind.ALLOCATION_WITHHELD
_RECONCILIATION = EventKind.RECONCILIATION_TOLD, EventKind.RECONCILIATION_WITHHELD


def _event(share: Share, row: AllocationRow, at: datetime) -> Event:
    told, withheld = _ALLOCATION if share.month is None else _RECONCILIATION
    kind = told if row.withheld is None else withheld
    body: dict[str, Json] = {
        "use_case": row.use_case,
        "day" if share.month is None else "month": row.day.isoformat(),
        "transformer": row.transformer,
        "party": row.party,
        "product": row.product,
        "homes": row.homes,
        "read": row.homes_read,
    }
    return Event(at, kind, ACTOR, body=body)

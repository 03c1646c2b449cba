"""What the end of a ground takes out of a batch that was read and is not accepted yet: rows, evidence, sums and promises.

A batch is accepted by the transaction that stages it, and that transaction looks at the stops last. What another permit covers as
well stays, on that permit alone; what none covers was read, and is kept nowhere.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import final

from kwartier import validation
from kwartier.model.channel_day import ChannelDay
from kwartier.model.permit import PermitRef
from kwartier.model.task import GapReason, Result, Task
from kwartier.store.readings import Readings, StagedFile
from kwartier.workflows.night.job import BatchResult, Outcome, ShareSums, Station, StationSums

Ended = frozenset[bytes]
"""Ids of permits."""


def served(result: BatchResult) -> set[bytes]:
    """Return the ids of the permits under which something in the batch was read."""
    return {ref.id for one in result.outcomes for ref in one.served}


def withdrawn(readings: Readings, result: BatchResult, stations: Iterable[Station], gone: Ended) -> BatchResult:
    """Return the batch without what no standing permit covers; its files are written anew. Nothing of it may be staged yet."""
    ended = {one.task: lost for one in result.outcomes if (lost := tuple(ref for ref in one.served if ref.id in gone))}
    outcomes = [_without(one, ended.get(one.task, ())) for one in result.outcomes]
    narrowing = _Narrowing(_standing(outcomes, {task.connection for task in ended}))
    files = [left for one in result.files if (left := _narrow(readings, result.batch, one, narrowing)) is not None]
    return replace(
        result,
        files=files,
        outcomes=outcomes,
        quarantined=[replace(one, rows=b"") if one.task in ended else one for one in result.quarantined],
        sums=list(_sums(result.sums, stations, ended)),
        shares=list(_shares(result.shares, ended)),
        channel_days=sum(file.rows for file in files),
        readings=result.readings - narrowing.lost,
    )


def _without(one: Outcome, gone: Sequence[PermitRef]) -> Outcome:
    if not gone:
        return one
    left = tuple(ref for ref in one.served if ref not in gone)
    if left:
        return replace(one, served=left)
    return replace(one, result=Result.STOPPED, reason=GapReason.WITHDRAWN, served=())


def _standing(outcomes: Iterable[Outcome], touched: set[int]) -> dict[int, list[PermitRef]]:
    """Return the permits that still stand at each connection where one ended."""
    found: dict[int, list[PermitRef]] = {connection: [] for connection in touched}
    for one in outcomes:
        if one.task.connection in touched:
            found[one.task.connection] += one.served
    return found


@final
@dataclass(slots=True)
class _Narrowing:
    """Narrows rows of the connections where a permit ended, and counts the values of those that go whole."""

    standing: Mapping[int, Sequence[PermitRef]]
    lost: int = 0

    def __call__(self, one: ChannelDay) -> ChannelDay | None:
        permits = self.standing.get(one.key)
        if permits is None:
            return one
        left = validation.narrowed(one, permits)
        if left is None:
            self.lost += max(len(one.deltas) // 4, 1)
        return left


def _narrow(readings: Readings, batch: int, one: StagedFile, narrowing: _Narrowing) -> StagedFile | None:
    if not any(one.min_key <= key <= one.max_key for key in narrowing.standing):
        return one
    return readings.restage(batch, one, narrowing)


def _sums(
    sums: Iterable[StationSums], stations: Iterable[Station], ended: Mapping[Task, Sequence[PermitRef]]
) -> Iterable[StationSums]:
    """Take back the sum of every transformer to which a home or its own meter gave values whose ground ended.

    A sum without that home would tell, beside the one with it, what it used: so there is none.
    """
    meters = {one.meter: one.transformer for one in stations}
    summed = {task for task, gone in ended.items() if any(not ref.keeps for ref in gone)}
    homes, own = {task.connection for task in summed if task.connection}, {meters.get(task.meter) for task in summed}
    for one in sums:
        spoilt = one.transformer in own or not homes.isdisjoint(one.read)
        yield StationSums(one.transformer, None, b"", b"", frozenset(), withdrawn=True) if spoilt else one


def _shares(shares: Iterable[ShareSums], ended: Mapping[Task, Sequence[PermitRef]]) -> Iterable[ShareSums]:
    """Take back every share to which a home gave values whose ground ended, for the same reason."""
    homes = {task.connection for task, gone in ended.items() if any(not ref.keeps for ref in gone)}
    for one in shares:
        yield one if homes.isdisjoint(one.read) else ShareSums(one.key, None, None, frozenset(), withdrawn=True)

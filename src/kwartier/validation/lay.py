"""An answer laid on the grid of its profile: which values are there, and which days cannot be trusted because rows lie wrong."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

import numpy as np

from kwartier.model.register import Channel
from kwartier.model.task import Task
from kwartier.model.verdict import Verdict
from kwartier.validation import rules, status
from kwartier.validation.span import SHORTEST_DAY_S, Bools, Bytes, Grid, Int64s
from kwartier.wire.dlms.rows import Rows


@final
@dataclass(frozen=True, slots=True, eq=False)
class Laid:
    """Columns by place on the grid. Where `known` is False the value means nothing; None stands for "all known".

    `status` is None if no row has a status that speaks. `spoilt` are the days (places in `grid.days`) with misplaced rows.
    """

    grid: Grid
    values: Mapping[Channel, Int64s]
    known: Mapping[Channel, Bools | None]
    status: Bytes | None
    spoilt: frozenset[int]


def lay(rows: Rows, grid: Grid, task: Task, step_s: int) -> tuple[Laid, list[Verdict]]:
    """Lay the rows on the grid; `step_s` is the shortest time between two places. Rows that lie wrong stay out, with a verdict."""
    verdicts: list[Verdict] = []
    places: Int64s | None = None
    spoilt: frozenset[int] = frozenset()
    if not np.array_equal(rows.stamps, grid.stamps):
        rows, places, spoilt = _sort_out(rows, grid, task, verdicts)
    fresh = _fresh(rows, step_s, verdicts)
    known = {channel: _known(rows, channel, fresh, verdicts) for channel in rows.values}
    speaks = (rows.status & status.SPEAKS) != 0
    if loud := int(np.count_nonzero(speaks)):
        verdicts.append(rules.STATUS.found(f"{loud} rows"))
    if places is None:
        return Laid(grid, rows.values, known, rows.status if loud else None, spoilt), verdicts
    size = len(grid.stamps)
    values = {channel: _wide(column, places, size) for channel, column in rows.values.items()}
    there = {channel: _there(one, places, size) for channel, one in known.items()}
    wide = np.zeros(size, np.uint8)
    wide[places] = rows.status
    return Laid(grid, values, there, wide if loud else None, spoilt), verdicts


def _wide(column: Int64s, places: Int64s, size: int) -> Int64s:
    wide = np.zeros(size, np.int64)
    wide[places] = column
    return wide


def _there(known: Bools | None, places: Int64s, size: int) -> Bools:
    wide = np.zeros(size, np.bool_)
    wide[places] = True if known is None else known
    return wide


def _sort_out(rows: Rows, grid: Grid, task: Task, verdicts: list[Verdict]) -> tuple[Rows, Int64s, frozenset[int]]:
    """Return the rows that lie right, their places, and the days that the others spoil. Tells every breach of V01..V04."""
    stamps = rows.stamps
    inside = (stamps >= task.first_s) & (stamps <= task.last_s)
    places = np.searchsorted(grid.stamps, stamps)
    on_grid = (
        grid.stamps[np.minimum(places, len(grid.stamps) - 1)] == stamps if len(grid.stamps) else np.zeros(len(stamps), np.bool_)
    )
    rising = np.ones(len(stamps), np.bool_)
    rising[1:] = stamps[1:] > np.maximum.accumulate(stamps)[:-1]
    right = inside & on_grid & rising
    _tell(verdicts, rules.GRID, inside & ~on_grid)
    _tell(verdicts, rules.RISING, inside & ~rising)
    _tell(verdicts, rules.RANGE, ~inside)
    if (got := int(right.sum())) != grid.expected:
        verdicts.append(rules.COUNT.found(f"{got} of {grid.expected} rows"))
    return _take(rows, right), places[right], _days_of(stamps[inside & ~right], grid)


def _tell(verdicts: list[Verdict], rule: rules.Rule, breach: Bools) -> None:
    if count := int(breach.sum()):
        verdicts.append(rule.found(f"{count} rows"))


def _days_of(stamps: Int64s, grid: Grid) -> frozenset[int]:
    """Return the days these stamps touch; a midnight touches the two it parts, on a grid of midnights the one it opens."""
    touched = set()
    for i, one in enumerate(grid.days):
        until = int(grid.stamps[one.high]) if one.high > one.low else int(grid.stamps[one.low]) + SHORTEST_DAY_S - 1
        if ((stamps >= grid.stamps[one.low]) & (stamps <= until)).any():
            touched.add(i)
    return frozenset(touched)


def _take(rows: Rows, right: Bools) -> Rows:
    return Rows(
        rows.stamps[right],
        rows.status[right],
        {channel: column[right] for channel, column in rows.values.items()},
        {channel: column[right] for channel, column in rows.missing.items()},
        None if rows.capture is None else rows.capture[right],
    )


def _known(rows: Rows, channel: Channel, fresh: Bools | None, verdicts: list[Verdict]) -> Bools | None:
    missing = rows.missing.get(channel)
    if missing is None or not missing.any():
        return fresh
    verdicts.append(rules.NULL.found(f"channel {channel}: {int(missing.sum())} rows"))
    return ~missing if fresh is None else fresh & ~missing


def _fresh(rows: Rows, step_s: int, verdicts: list[Verdict]) -> Bools | None:
    """Return which values were taken in their own period, None for all.

    A value is old when its capture time lies a whole period further behind its stamp than that of the freshest row: then it did
    not move when the stamp did. A meter that always captures some time early is not old by that, and a capture time well in the
    future of its stamp is no freshness.
    """
    if rows.capture is None or not len(rows.stamps):
        return None
    behind = rows.stamps - rows.capture
    sane = behind > -step_s
    freshest = int(behind[sane].min()) if sane.any() else 0
    fresh = sane & (behind < freshest + step_s)
    if fresh.all():
        return None
    verdicts.append(rules.STALE.found(f"{int((~fresh).sum())} rows"))
    return fresh

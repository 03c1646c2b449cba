"""The history as CSV: intervals, days, registers at midnight.

UTF-8, comma, header line; local time with its offset; whole Wh, dm3 and kJ.
"""

import csv
import io
from collections.abc import Iterable, Iterator
from datetime import date
from typing import Final

from kwartier.home import overview
from kwartier.home.fold import State
from kwartier.home.overview import Kind, Row
from kwartier.home.store.history import History
from kwartier.home.track import Mark
from kwartier.model.period import HOUR_S, QUARTER_S, ZONE, day_period, epoch_s, from_epoch_s

INTERVAL_COLUMNS: Final = ("start", "end", "kind", "value", "unit", "marks")
DAY_COLUMNS: Final = ("day", "kind", "value", "unit", "marks")
READING_COLUMNS: Final = ("at", "meter", "register", "value", "unit", "marks")
UNITS: Final = {Kind.TAKEN: "Wh", Kind.GIVEN: "Wh", Kind.HEAT: "kJ", Kind.COOLING: "kJ"}
_SEVERAL: Final = ";"


def intervals(history: History, state: State, first: date, last: date) -> Iterator[str]:
    """Yield quarter-hours and hours of the days in [first, last] as CSV, a piece per day. A sum over a silence is one row."""
    yield _lines([INTERVAL_COLUMNS])
    for number in range(first.toordinal(), last.toordinal() + 1):
        yield _lines(_of_day(overview.day(history, state, date.fromordinal(number))))


def _of_day(whole: overview.Day) -> Iterator[tuple[object, ...]]:
    rows = [(start, start + QUARTER_S, row) for start, row in whole.quarters.items()]
    rows += [(start, start + HOUR_S, row) for start, row in whole.hours.items()]
    rows += [(silence.start, silence.end, silence.row) for silence in whole.silences]
    for start, end, row in sorted(rows, key=lambda each: each[:2]):
        for kind, amount in row.kinds.items():
            yield _local(start), _local(end), kind.value, amount.value, UNITS.get(kind, "dm3"), _marks(amount.mark)


def days(rows: dict[date, Row]) -> str:
    """Return days as CSV."""
    found: list[tuple[object, ...]] = [DAY_COLUMNS]
    for day, row in rows.items():
        for kind, amount in row.kinds.items():
            found.append((day.isoformat(), kind.value, amount.value, UNITS.get(kind, "dm3"), _marks(amount.mark)))
    return _lines(found)


def readings(history: History, first: date, last: date) -> str:
    """Return the registers at the midnights of [first, last] as CSV, as an operator has them as day readings."""
    start, end = epoch_s(day_period(first).start), epoch_s(day_period(last).start)
    found: list[tuple[object, ...]] = [READING_COLUMNS]
    for at, meter, counter, value, mark in history.readings(start, end):
        found.append((_local(at), meter, counter.value, value, counter.unit, _marks(mark)))
    return _lines(found)


def _marks(mark: Mark) -> str:
    return _SEVERAL.join((each.name or "").lower().replace("_", "-") for each in mark) or "measured"


def _local(at: int) -> str:
    return from_epoch_s(at).astimezone(ZONE).isoformat()


def _lines(rows: Iterable[tuple[object, ...]]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue()

"""What the store knows, for pages, files and comparisons. Read only; any thread may have its own."""

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TypeVar, final

from kwartier.home.fold import State
from kwartier.home.ledger import Ledger
from kwartier.home.sample import Counter
from kwartier.home.store import memory, raw, schema
from kwartier.home.store.raw import Raw
from kwartier.home.store.writer import Told
from kwartier.home.track import Mark
from kwartier.model.period import HOUR_S, QUARTER_S, day_period, epoch_s

_Key = TypeVar("_Key")

Key = tuple[int, Counter]
"""Start of an interval, and what was counted."""


@final
@dataclass(frozen=True, slots=True)
class Amount:
    """A value over `steps` intervals (or over one day), with all marks of what it is made of."""

    value: int
    steps: int = 1
    mark: Mark = Mark.MEASURED

    def plus(self, other: "Amount") -> "Amount":
        """Add what another meter, or another rate, counted in the same time."""
        return Amount(self.value + other.value, max(self.steps, other.steps), self.mark | other.mark)


@final
@dataclass(frozen=True, slots=True)
class Peak:
    """The highest quarter-hour of a month: its mean power (W) and its start; `meter_w` is what the meter itself says."""

    power_w: int
    start: int
    meter_w: int | None = None


@final
class History:
    """Made by `opened`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        """Take an open connection."""
        self._db = connection

    def state(self) -> State:
        """Return where the reading was when it was saved last."""
        found = self._db.execute("SELECT value FROM state WHERE name = 'fold'").fetchone()
        return memory.load(found[0]) if found else State()

    def intervals(self, start: int, end: int) -> dict[Key, Amount]:
        """Return what was counted in the intervals that begin in [start, end), all meters together, the open one not yet."""
        rows = self._db.execute(
            """SELECT slots.start, counter, value, steps, mark FROM slots JOIN series ON series.id = slots.series
            WHERE slots.start >= ? AND slots.start < ? ORDER BY slots.start""",
            (start, end),
        )
        found: dict[Key, Amount] = {}
        for at, counter, value, steps, mark in rows:
            _add(found, (at, Counter(counter)), Amount(value, steps, Mark(mark)))
        return found

    def days(self, first: date, last: date) -> dict[tuple[date, Counter], Amount]:
        """Return what was counted on each local day, both included."""
        rows = self._db.execute(
            """SELECT day, counter, value, mark FROM days JOIN series ON series.id = days.series WHERE day BETWEEN ? AND ?""",
            (first.toordinal(), last.toordinal()),
        )
        found: dict[tuple[date, Counter], Amount] = {}
        for day, counter, value, mark in rows:
            _add(found, (date.fromordinal(day), Counter(counter)), Amount(value, 1, Mark(mark)))
        return found

    def span(self) -> tuple[date, date] | None:
        """Return the first and last day about which anything is known."""
        first, last = self._db.execute("SELECT min(day), max(day) FROM days").fetchone()
        return None if first is None else (date.fromordinal(first), date.fromordinal(last))

    def peak(self, start: int, end: int) -> tuple[int, int] | None:
        """Return (Wh, start) of the quarter-hour in [start, end) in which most was taken; sums over a silence do not count."""
        found = self._db.execute(
            """SELECT sum(value) AS taken, slots.start FROM slots JOIN series ON series.id = slots.series
            WHERE slots.start >= ? AND slots.start < ? AND steps = 1 AND counter GLOB 'import*'
            GROUP BY slots.start ORDER BY taken DESC, slots.start LIMIT 1""",
            (start, end),
        ).fetchone()
        return (int(found[0]), int(found[1])) if found else None

    def peaks(self, months: Iterable[date]) -> dict[date, Peak]:
        """Return the peak of each month, named by its first day, that has one."""
        found = {}
        for month in months:
            whole = month_period(month)
            highest = self.peak(*whole)
            if highest:
                (said,) = self._db.execute("SELECT max(power_w) FROM peaks WHERE month = ?", (f"{month:%Y-%m}",)).fetchone()
                found[month] = Peak(highest[0] * HOUR_S // QUARTER_S, highest[1], said)
        return found

    def readings(self, start: int, end: int) -> list[tuple[int, str, Counter, int, Mark]]:
        """Return (moment, meter, counter, register, mark) at each local midnight in [start, end]."""
        rows = self._db.execute(
            """SELECT at, meter, counter, value, mark FROM readings JOIN series ON series.id = readings.series
            WHERE at BETWEEN ? AND ? ORDER BY at, meter, counter""",
            (start, end),
        )
        return [(at, meter, Counter(counter), value, Mark(mark)) for at, meter, counter, value, mark in rows]

    def events(self, most: int = 50) -> list[Told]:
        """Return what happened, newest first."""
        rows = self._db.execute("SELECT at, kind, meter FROM events ORDER BY id DESC LIMIT ?", (most,))
        return [Told(*row) for row in rows]

    def meters(self) -> list[tuple[str, tuple[Counter, ...]]]:
        """Return the meters (keyed hashes) ever heard, with what they count."""
        found: dict[str, list[Counter]] = defaultdict(list)
        for meter, counter in self._db.execute("SELECT meter, counter FROM series ORDER BY id"):
            found[meter].append(Counter(counter))
        return [(meter, tuple(counters)) for meter, counters in found.items()]

    def telegrams(self, start: int, end: int) -> Iterator[Raw]:
        """Yield the telegrams kept that count in [start, end)."""
        for (block,) in self._db.execute("SELECT block FROM raw WHERE until >= ? AND start < ? ORDER BY start", (start, end)):
            yield from (each for each in raw.unpack(block) if start <= each.at < end)
        for at, telegram in self._db.execute("SELECT at, telegram FROM tail WHERE at >= ? AND at < ? ORDER BY id", (start, end)):
            yield Raw(at, telegram)

    def raw_size(self) -> tuple[int, int]:
        """Return telegrams and bytes of the blocks that are kept."""
        telegrams, size = self._db.execute("SELECT ifnull(sum(telegrams), 0), ifnull(sum(length(block)), 0) FROM raw").fetchone()
        return int(telegrams), int(size)


def month_period(month: date) -> tuple[int, int]:
    """Return the local month that begins with this day, as [start, end)."""
    following = (month.replace(day=1) + timedelta(days=31)).replace(day=1)
    return epoch_s(day_period(month.replace(day=1)).start), epoch_s(day_period(following).start)


def still_open(state: State) -> dict[Key, Amount]:
    """Return what the open intervals of a state hold so far, by the interval in which the last reading lies."""
    found: dict[Key, Amount] = {}
    for ledger in (state.electricity, *state.devices.values()):
        for counter, at, amount in _open(ledger):
            _add(found, (at, counter), amount)
    return found


def _open(ledger: Ledger) -> Iterator[tuple[Counter, int, Amount]]:
    if ledger.account is None or not ledger.account.track.is_open:
        return
    track = ledger.account.track
    for counter, value in zip(ledger.account.counters, track.open_values, strict=True):
        yield counter, track.open_start, Amount(value, track.open_steps, track.mark | Mark.PARTIAL)


def _add(found: dict[_Key, Amount], key: _Key, amount: Amount) -> None:
    known = found.get(key)
    found[key] = known.plus(amount) if known else amount


@contextmanager
def opened(folder: Path) -> Iterator[History]:
    """Open the store of a folder to read. Raises sqlite3.OperationalError if there is none yet."""
    connection = schema.connect(folder, read_only=True)
    try:
        yield History(connection)
    finally:
        connection.close()

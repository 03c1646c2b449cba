"""The one writer of the store. What it takes stands in one transaction: history, state and telegrams never differ."""

import fcntl
import secrets
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, final

from kwartier.home.errors import StoreBusy
from kwartier.home.fold import State
from kwartier.home.ledger import Entry
from kwartier.home.store import memory, raw, schema
from kwartier.home.store.raw import Raw
from kwartier.model.period import day_of, epoch_s, from_epoch_s, midnight

BLOCK_TELEGRAMS: Final = 600
_MEBI: Final = 1024 * 1024
_KEPT_EVENTS: Final = 5000

_ADD_SLOT: Final = """
    INSERT INTO slots (series, start, value, steps, mark) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET value = value + excluded.value, steps = max(steps, excluded.steps), mark = mark | excluded.mark"""
_ADD_DAY: Final = """
    INSERT INTO days (series, day, value, mark) VALUES (?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET value = value + excluded.value, mark = mark | excluded.mark"""


@final
@dataclass(frozen=True, slots=True)
class Told:
    """An event as it is kept."""

    at: int
    kind: str
    meter: str


@final
@dataclass(frozen=True, slots=True)
class Batch:
    """What is saved at once. `month_peaks` are (month, meter, W)."""

    state: State
    entries: Sequence[Entry] = ()
    events: Sequence[Told] = ()
    telegrams: Sequence[Raw] = ()
    month_peaks: Sequence[tuple[str, str, int]] = ()


@final
class Writer:
    """Made by `opened`; not to be shared between threads that write."""

    def __init__(self, connection: sqlite3.Connection, *, raw_days: int, raw_mb: int) -> None:
        """Take an open, prepared connection."""
        self._db = connection
        self._raw_days = raw_days
        self._raw_mb = raw_mb
        self._series: dict[tuple[str, str], int] = {}

    def fact(self, name: str) -> str:
        """Return a random name of 32 hexadecimal digits that is made once and kept."""
        self._db.execute("INSERT OR IGNORE INTO facts VALUES (?, ?)", (name, secrets.token_hex(16)))
        (value,) = self._db.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
        return str(value)

    def state(self) -> State:
        """Return the state that was saved last; a fresh one for a fresh store."""
        found = self._db.execute("SELECT value FROM state WHERE name = 'fold'").fetchone()
        return memory.load(found[0]) if found else State()

    def note(self, name: str, value: str) -> None:
        """Keep a small fact that changes, such as the line settings that worked last."""
        self._db.execute("INSERT OR REPLACE INTO state VALUES (?, ?)", (name, value))

    def noted(self, name: str) -> str | None:
        """Return what was noted last."""
        found = self._db.execute("SELECT value FROM state WHERE name = ?", (name,)).fetchone()
        return str(found[0]) if found else None

    def save(self, batch: Batch) -> None:
        """Write a batch, whole or not at all."""
        with self._transaction():
            for entry in batch.entries:
                self._add(entry)
            self._db.executemany(
                "INSERT INTO events (at, kind, meter) VALUES (?, ?, ?)", [(e.at, e.kind, e.meter) for e in batch.events]
            )
            self._db.executemany("INSERT OR REPLACE INTO peaks VALUES (?, ?, ?)", batch.month_peaks)
            self._db.executemany("INSERT INTO tail (at, telegram) VALUES (?, ?)", [(t.at, t.telegram) for t in batch.telegrams])
            self.note("fold", memory.dump(batch.state))
            self._settle_raw()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._series.clear()
            if self._db.in_transaction:  # on a full disk SQLite has done it already
                self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def _add(self, entry: Entry) -> None:
        slot, mark = entry.slot, int(entry.slot.mark)
        day, end = day_of(from_epoch_s(slot.start)).toordinal(), slot.start + entry.step_s
        for counter, value, closing in zip(entry.counters, slot.values, slot.closing, strict=True):
            series = self._id(entry.meter, counter, entry.step_s)
            self._db.execute(_ADD_SLOT, (series, slot.start, value, slot.steps, mark))
            self._db.execute(_ADD_DAY, (series, day, value, mark))
            if _is_midnight(end):
                self._db.execute("INSERT OR REPLACE INTO readings VALUES (?, ?, ?, ?)", (series, end, closing, mark))

    def _id(self, meter: str, counter: str, step_s: int) -> int:
        found = self._series.get((meter, counter))
        if found is None:
            self._db.execute("INSERT OR IGNORE INTO series (meter, counter, step_s) VALUES (?, ?, ?)", (meter, counter, step_s))
            (found,) = self._db.execute("SELECT id FROM series WHERE meter = ? AND counter = ?", (meter, counter)).fetchone()
            self._series[meter, counter] = int(found)
        return int(found)

    def _settle_raw(self) -> None:
        """Make blocks of the newest telegrams, and drop the oldest beyond the days and the size that are kept."""
        while True:
            rows = self._db.execute("SELECT id, at, telegram FROM tail ORDER BY id LIMIT ?", (BLOCK_TELEGRAMS,)).fetchall()
            if len(rows) < BLOCK_TELEGRAMS:
                break
            telegrams = [Raw(at, telegram) for _, at, telegram in rows]
            self._db.execute("DELETE FROM tail WHERE id <= ?", (rows[-1][0],))
            self._add_block(telegrams)

    def _add_block(self, telegrams: Sequence[Raw]) -> None:
        start, until = telegrams[0].at, telegrams[-1].at
        while self._db.execute("SELECT 1 FROM raw WHERE start = ?", (start,)).fetchone():
            start += 1  # the clock went back, or the same recording came again from its beginning
        self._db.execute("INSERT INTO raw VALUES (?, ?, ?, ?)", (start, until, len(telegrams), raw.pack(telegrams)))
        self._db.execute("DELETE FROM raw WHERE start < ?", (until - self._raw_days * 86_400,))
        sizes = self._db.execute("SELECT start, length(block) FROM raw ORDER BY start DESC").fetchall()
        kept = 0
        for begun, size in sizes:
            kept += size
            if kept > self._raw_mb * _MEBI:
                self._db.execute("DELETE FROM raw WHERE start <= ?", (begun,))
                break
        self._db.execute("DELETE FROM events WHERE id <= (SELECT max(id) FROM events) - ?", (_KEPT_EVENTS,))


def _is_midnight(at: int) -> bool:
    moment = from_epoch_s(at)
    return epoch_s(midnight(day_of(moment))) == at


@contextmanager
def opened(folder: Path, *, raw_days: int, raw_mb: int) -> Iterator[Writer]:
    """Open the store of a folder to write, making it if it is not there. Raises StoreBusy while another process has it."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (folder / "home.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as reason:
            msg = "another kwartier-home keeps this folder"
            raise StoreBusy(msg) from reason
        connection = schema.connect(folder, read_only=False)
        try:
            schema.prepare(connection)
            yield Writer(connection, raw_days=raw_days, raw_mb=raw_mb)
        finally:
            connection.close()

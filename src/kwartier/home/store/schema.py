"""The tables, by numbered steps; `user_version` says how many of them a file has taken.

    facts      what is told once: the name of this home in topics, the key of the hashes of meter numbers
    series     one counter of one meter (a keyed hash of its number), with the length of its intervals
    slots      intervals for good: `value` in the series' unit over `steps` intervals, the last of which begins at `start`
    days       the same by local day (proleptic Gregorian ordinal), for good
    readings   registers at local midnight, for good
    peaks      the highest quarter-hour of a month as a Belgian meter says it
    raw, tail  telegrams as they came: compressed blocks, and the newest ones that make no block yet
    events     what happened to meters, clocks and lines
    state      where the reading is, to go on from after a restart

Moments are seconds since 1970 (UTC).
"""

import sqlite3
from pathlib import Path
from typing import Final

from kwartier.home.errors import StoreBusy

FILE_NAME: Final = "home.db"

STEPS: Final[tuple[str, ...]] = (
    """
    CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE state (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE series (
        id INTEGER PRIMARY KEY, meter TEXT NOT NULL, counter TEXT NOT NULL, step_s INTEGER NOT NULL, UNIQUE (meter, counter)
    );
    CREATE TABLE slots (
        series INTEGER NOT NULL REFERENCES series, start INTEGER NOT NULL, value INTEGER NOT NULL CHECK (value >= 0),
        steps INTEGER NOT NULL, mark INTEGER NOT NULL, PRIMARY KEY (series, start)
    ) WITHOUT ROWID;
    CREATE TABLE days (
        series INTEGER NOT NULL REFERENCES series, day INTEGER NOT NULL, value INTEGER NOT NULL CHECK (value >= 0),
        mark INTEGER NOT NULL, PRIMARY KEY (series, day)
    ) WITHOUT ROWID;
    CREATE TABLE readings (
        series INTEGER NOT NULL REFERENCES series, at INTEGER NOT NULL, value INTEGER NOT NULL, mark INTEGER NOT NULL,
        PRIMARY KEY (series, at)
    ) WITHOUT ROWID;
    CREATE TABLE peaks (
        month TEXT NOT NULL, meter TEXT NOT NULL, power_w INTEGER NOT NULL, PRIMARY KEY (month, meter)
    ) WITHOUT ROWID;
    CREATE TABLE raw (start INTEGER PRIMARY KEY, until INTEGER NOT NULL, telegrams INTEGER NOT NULL, block BLOB NOT NULL);
    CREATE TABLE tail (id INTEGER PRIMARY KEY, at INTEGER NOT NULL, telegram BLOB NOT NULL);
    CREATE TABLE events (id INTEGER PRIMARY KEY, at INTEGER NOT NULL, kind TEXT NOT NULL, meter TEXT NOT NULL);
    CREATE INDEX events_at ON events (at);
    """,
)


def connect(folder: Path, *, read_only: bool) -> sqlite3.Connection:
    """Open the file; the caller closes it. A page reads while the writer writes. Raises sqlite3.Error."""
    path = folder / FILE_NAME
    uri = f"{path.absolute().as_uri()}?mode={'ro' if read_only else 'rwc'}"
    connection = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=10, check_same_thread=False)
    connection.execute("PRAGMA busy_timeout = 10000")
    return connection


def prepare(connection: sqlite3.Connection) -> None:
    """Bring a file up to date.

    A write-ahead log without a sync per commit: a crash of the process loses nothing, and a memory card lives long.
    Raises StoreBusy for a file that a newer version wrote.
    """
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA foreign_keys = ON")
    (taken,) = connection.execute("PRAGMA user_version").fetchone()
    if taken > len(STEPS):
        msg = "a newer kwartier-home wrote this folder"
        raise StoreBusy(msg)
    for number in range(taken, len(STEPS)):
        connection.executescript(f"BEGIN IMMEDIATE; {STEPS[number]} PRAGMA user_version = {number + 1}; COMMIT;")

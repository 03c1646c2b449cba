"""One data file, open for reading: which row groups hold a key, and the rows themselves. Files never change once they are there."""

import threading
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from kwartier.store.readings import layout
from kwartier.store.readings.errors import BrokenTable


@final
@dataclass(frozen=True, slots=True)
class _Footer:
    """The parsed end of a file: its metadata and, per row group, the first and last key."""

    metadata: pq.FileMetaData
    first: NDArray[np.int64]
    last: NDArray[np.int64]


@final
class Footers:
    """The footers of the files used last. Parsing one of a large file costs milliseconds, a point read has one."""

    def __init__(self, most: int = 512) -> None:
        """Keep at most so many."""
        self._most = most
        self._kept: OrderedDict[Path, _Footer] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, path: Path) -> _Footer | None:
        """Return the footer, if it is known."""
        with self._lock:
            found = self._kept.get(path)
            if found is not None:
                self._kept.move_to_end(path)
            return found

    def put(self, path: Path, footer: _Footer) -> None:
        """Remember the footer."""
        with self._lock:
            self._kept[path] = footer
            if len(self._kept) > self._most:
                self._kept.popitem(last=False)


@final
class DataFile:
    """A file whose rows are sorted by (key, ch). It stays readable while it is open, even when it is swept meanwhile."""

    def __init__(self, path: Path, footers: Footers) -> None:
        """Open the file. Raises FileNotFoundError and BrokenTable."""
        known = footers.get(path)
        try:
            self._file = pq.ParquetFile(path, metadata=known.metadata if known else None, memory_map=True)
            self._footer = known or _footer(self._file.metadata)
        except pa.ArrowException as error:
            msg = "a file of readings cannot be read"
            raise BrokenTable(msg) from error
        if known is None:
            footers.put(path, self._footer)
        self._parsed: tuple[int, pa.Table] | None = None

    @property
    def groups(self) -> int:
        """How many row groups it has."""
        return len(self._footer.first)

    @property
    def last_keys(self) -> NDArray[np.int64]:
        """The last key of each row group."""
        return self._footer.last

    def first_key(self, group: int) -> int:
        """Return the first key of a row group."""
        return int(self._footer.first[group])

    def read(self, group: int, columns: list[str] | None = None) -> pa.Table:
        """Return the rows of one row group. Raises BrokenTable."""
        try:
            return self._file.read_row_group(group, columns=columns, use_threads=False)
        except (pa.ArrowException, OSError) as error:
            msg = "a file of readings cannot be read"
            raise BrokenTable(msg) from error

    def rows_of(self, key: int, *, sure: bool) -> list[pa.Table]:
        """Return the rows of one key. Not `sure` that it is here: look at the keys alone first."""
        low = int(np.searchsorted(self._footer.last, key, "left"))
        high = int(np.searchsorted(self._footer.first, key, "right"))
        return [rows for group in range(low, high) if (rows := self._slice(group, key, sure=sure)).num_rows]

    def may_hold(self, key: int) -> bool:
        """True unless the key lies before the first or after the last."""
        return bool(self.groups) and bool(self._footer.first[0] <= key <= self._footer.last[-1])

    def _slice(self, group: int, key: int, *, sure: bool) -> pa.Table:
        """Return the rows of a key in a group; the group that was parsed last is at hand for the next key."""
        if self._parsed is None or self._parsed[0] != group:
            if not sure and not _within(keys := self.read(group, ["key"]), key).num_rows:
                return keys.slice(0, 0)
            self._parsed = group, self.read(group)
        return _within(self._parsed[1], key)

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def _within(table: pa.Table, key: int) -> pa.Table:
    low, high = np.searchsorted(layout.numbers(table, "key"), [key, key + 1])
    return table.slice(int(low), int(high - low))


def _footer(metadata: pq.FileMetaData) -> _Footer:
    bounds = [bound for group in range(metadata.num_row_groups) if (bound := metadata.row_group(group).column(0).statistics)]
    if len(bounds) < metadata.num_row_groups:
        msg = "a file of readings has no key index"
        raise BrokenTable(msg)
    return _Footer(metadata, np.array([b.min for b in bounds], np.int64), np.array([b.max for b in bounds], np.int64))

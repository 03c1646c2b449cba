"""What the lake holds, read from its files alone: which they are by the Delta log's own text, their rows by Parquet.

Nothing of `store.readings` is used: what the reader of the pages would leave out, combine or never find is looked at here as well.
"""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any, NamedTuple, final
from urllib.parse import unquote

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from kwartier.model.period import HOUR_S, QUARTER_S, epoch_s, midnight

Numbers = NDArray[np.int64]
LOG = "_delta_log"
_QUARTERS, _GAS = (1, 2), 3
"""Channels of quarter-hours, and the one of hours; the others are registers at a midnight."""
_CORRECTED = 32
"""The mark of a value that was put right, as it stands in the file."""


class Rows(NamedTuple):
    """The rows of one local day in all its files: connection and channel in one number, and the batch each says that it is of."""

    codes: Numbers
    batches: Numbers


class Value(NamedTuple):
    """One stored channel-day: the register at its opening midnight, its differences, and a quality per interval (none: valid)."""

    start: int
    deltas: Sequence[int]
    quality: bytes


@final
class Held:
    """A lake as it lies on disk at this moment."""

    def __init__(self, lake: Path) -> None:
        """Read which files make up the table. Raises OSError, ValueError, KeyError for a log that is none."""
        self._files: dict[date, list[Path]] = {}
        for path, day in sorted(_files(lake / LOG).items()):
            self._files.setdefault(day, []).append(lake / path)

    @classmethod
    def nothing(cls) -> "Held":
        """Return a lake that holds nothing: of one that nobody understands everything is missing."""
        made = cls.__new__(cls)
        made._files = {}  # noqa: SLF001 - of its own class
        return made

    def days(self) -> set[date]:
        """Return the local days of which there is a file."""
        return set(self._files)

    def files(self, day: date) -> Sequence[Path]:
        """Return the files that make up a day."""
        return self._files.get(day, ())

    def rows(self, day: date) -> Rows:
        """Return which channel-days lie in the files of a day, and which batch each says that it is of."""
        return Rows(*self._numbers(day, "batch"))

    def bases(self, day: date) -> tuple[Numbers, Numbers, Numbers]:
        """Return the same, and the rules that each names, as bits."""
        codes, batches, bases = self._numbers(day, "batch", "basis")
        return codes, batches, bases

    def _numbers(self, day: date, *names: str) -> list[Numbers]:
        """Return connection and channel of each row of a day in one number, then these columns."""
        tables = [pq.ParquetFile(path).read(["key", "ch", *names]) for path in self.files(day)]
        key, channel, *others = (
            np.concatenate([np.zeros(0, np.int64), *(np.asarray(table.column(name).to_numpy(), np.int64) for table in tables)])
            for name in ("key", "ch", *names)
        )
        return [key << 4 | channel, *others]

    def corrected(self, day: date) -> set[int]:
        """Return the channel-days of a day of which a value is marked as put right, by connection and channel in one number."""
        found: set[int] = set()
        for path in self.files(day):
            table = pq.ParquetFile(path).read(["key", "ch", "q"])
            marked = table.filter(pc.is_valid(table.column("q")))
            for key, channel, marks in zip(*(marked.column(name).to_pylist() for name in marked.column_names), strict=True):
                if any(mark & _CORRECTED for mark in marks):
                    found.add(key << 4 | channel)
        return found

    def too_long(self, day: date) -> set[int]:
        """Return the channel-days of a day with more values, or marks, than it has intervals; a register has none, and one mark."""
        seconds = epoch_s(midnight(day + timedelta(days=1))) - epoch_s(midnight(day))
        found: set[int] = set()
        for file in map(pq.ParquetFile, self.files(day)):
            for group in range(file.metadata.num_row_groups):
                rows = file.read_row_group(group, ["key", "ch", "v", "q"])
                key, channel = (np.asarray(rows.column(name).to_numpy(), np.int64) for name in ("key", "ch"))
                sizes = (pc.list_value_length(rows.column("v")), pc.binary_length(rows.column("q")))
                values, marks = (np.asarray(size.fill_null(0).to_numpy(), np.int64) for size in sizes)
                most = np.select([channel == _GAS, np.isin(channel, _QUARTERS)], [seconds // HOUR_S, seconds // QUARTER_S], 0)
                found |= set((key << 4 | channel)[(values > most) | (marks > np.maximum(most, 1))].tolist())
        return found

    def values(self, day: date, keys: Collection[int]) -> dict[int, list[Value]]:
        """Return what is held of these connections on a day, by the number of connection and channel."""
        made: dict[int, list[Value]] = {}
        wanted = np.unique(np.fromiter(keys, np.int64))
        for path in self.files(day):
            for code, value in _read(pq.ParquetFile(path), wanted):
                made.setdefault(code, []).append(value)
        return made


def _read(file: pq.ParquetFile, wanted: Numbers) -> Iterator[tuple[int, Value]]:
    groups = [group for group in range(file.metadata.num_row_groups) if _may_hold(file.metadata.row_group(group), wanted)]
    if not groups:
        return
    table = file.read_row_groups(groups, ["key", "ch", "start", "v", "q"])
    table = table.filter(pa.array(np.isin(table.column("key").to_numpy(), wanted)))
    for key, channel, start, deltas, mark in zip(*(table.column(name).to_pylist() for name in table.column_names), strict=True):
        yield key << 4 | channel, Value(start, deltas, mark or b"")


def _may_hold(group: pq.RowGroupMetaData, wanted: Numbers) -> bool:
    """True if one of the keys lies between the least and the greatest of a row group, or the group does not say which these are."""
    named = (group.column(place) for place in range(group.num_columns))
    bounds = next((one.statistics for one in named if one.path_in_schema == "key"), None)
    if bounds is None or bounds.min is None or bounds.max is None:
        return True
    least, most = (np.int64(one) for one in (bounds.min, bounds.max))
    return bool(np.searchsorted(wanted, least) < np.searchsorted(wanted, most, "right"))


def _files(log: Path) -> dict[str, date]:
    """Return path and local day of each file that the log has added and not removed: the last checkpoint, then what came after."""
    found: dict[str, date] = {}
    version = -1
    if (last := log / "_last_checkpoint").exists():
        version = int(json.loads(last.read_bytes())["version"])
        for path in sorted(log.glob(f"{version:020d}.checkpoint*.parquet")):
            for action in pq.ParquetFile(path).read(["add"]).column("add").to_pylist():
                _apply({"add": action}, found)
    for path in sorted(log.glob("*.json")):
        if path.stem.isdecimal() and int(path.stem) > version:
            for line in path.read_bytes().splitlines():
                _apply(json.loads(line), found)
    return found


def _apply(action: Mapping[str, Any], files: dict[str, date]) -> None:
    if (added := action.get("add")) is not None:
        files[unquote(added["path"])] = date.fromisoformat(dict(added["partitionValues"])["day"])
    if (removed := action.get("remove")) is not None:
        files.pop(unquote(removed["path"]), None)

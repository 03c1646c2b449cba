"""Many sorted files read as one: in slices by key, so that memory does not grow with the number of connections."""

from collections.abc import Iterator, Sequence
from typing import Final, final

import numpy as np
import pyarrow as pa

from kwartier.store.readings import layout
from kwartier.store.readings.files import DataFile

_ORDER: Final = ("key", "ch", "batch")
_COMBINED: Final = frozenset({"start", "v", "q", "basis", "meter"})
"""What of a row depends on all rows about its channel-day."""
_SLICE_GROUPS: Final = 50


def merged(files: Sequence[DataFile], columns: Sequence[str] = layout.COLUMNS) -> Iterator[pa.Table]:
    """Yield the rows of all files in order of (key, ch), equal ones combined, with these columns, in slices."""
    wanted = list(columns)
    if len(files) == 1:
        for group in range(files[0].groups):
            yield files[0].read(group, wanted).select(wanted)
        return
    needed = list(layout.COLUMNS if _COMBINED.intersection(wanted) else _ORDER)
    cursors = [_Cursor(file, needed) for file in files]
    for bound in _bounds(files):
        rows = pa.concat_tables([part for cursor in cursors for part in cursor.up_to(bound)])
        yield layout.in_order(rows).select(wanted)


def _bounds(files: Sequence[DataFile]) -> list[int]:
    """Return rising keys that cut the whole into slices of about fifty row groups; the last is the largest key."""
    ends = np.sort(np.concatenate([file.last_keys for file in files])) if files else np.zeros(0, np.int64)
    cuts = [*ends[_SLICE_GROUPS - 1 :: _SLICE_GROUPS].tolist(), *ends[-1:].tolist()]
    return sorted(set(cuts))


@final
class _Cursor:
    """The place in one file: row groups before `_next` are read, `_rest` are rows of theirs not yet given."""

    def __init__(self, file: DataFile, columns: list[str]) -> None:
        self._file = file
        self._columns = columns
        self._next = 0
        self._rest: pa.Table | None = None

    def up_to(self, bound: int) -> Iterator[pa.Table]:
        """Yield the rows up to and with this key that were not given before."""
        if self._rest is not None:
            part, self._rest = self._cut(self._rest, bound)
            yield part
        while self._rest is None and self._next < self._file.groups and self._file.first_key(self._next) <= bound:
            part, self._rest = self._cut(self._file.read(self._next, self._columns), bound)
            self._next += 1
            yield part

    def _cut(self, table: pa.Table, bound: int) -> tuple[pa.Table, pa.Table | None]:
        at = int(np.searchsorted(layout.numbers(table, "key"), bound, "right"))
        return table.slice(0, at), table.slice(at) if at < table.num_rows else None


def in_row_groups(tables: Iterator[pa.Table]) -> Iterator[pa.Table]:
    """Regroup slices so that each but the last is a whole number of row groups."""
    rest = layout.FILE_SCHEMA.empty_table()
    for table in tables:
        rest = pa.concat_tables([rest, table.cast(layout.FILE_SCHEMA)])
        whole = rest.num_rows // layout.ROW_GROUP * layout.ROW_GROUP
        if whole:
            yield rest.slice(0, whole)
            rest = rest.slice(whole)
    if rest.num_rows:
        yield rest

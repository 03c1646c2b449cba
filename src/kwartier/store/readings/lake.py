"""The readings: staged by workers, committed by one, finalised per day, read by key and day or in bulk.

    stage     a worker writes data files, fsynced; nobody sees them yet
    commit    under the lake's lock the files of a batch become part of the table, once per batch, all or none
    finalise  the files of a day become one, sorted, one row for each (key, channel)
    sweep     files go that are no part of the table and never will be
    rewrite   rows of a day go, or lose a part; `purge` then leaves no trace of what they were

A process may die at any point: the table stays readable and holds whole batches only.
"""

import hashlib
import io
import os
import re
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from datetime import date
from itertools import chain
from pathlib import Path
from typing import Final, final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from kwartier.model.channel_day import ChannelDay
from kwartier.model.register import ALL_MASK, Mask
from kwartier.store.readings import durable, layout, log, merge
from kwartier.store.readings.errors import BadChannelDay, BrokenTable, NotStaged
from kwartier.store.readings.files import DataFile, Footers
from kwartier.store.readings.glance import Glance, found
from kwartier.store.readings.staged import StagedFile

_TRIES: Final = 4
GRACE_S: Final = 3600.0
"""How long a file that was replaced stays, for readers that are not ours."""
_OF_BATCH: Final = re.compile(r"b(\d+)-")
_OF_DAY: Final = re.compile(r"f\d+\.parquet")

Ended = Callable[[Collection[int]], Mapping[int, bool]]
"""Says which of these batches have ended, so that nobody will ever commit them: True if they were committed, False if given up."""


@final
class Readings:
    """The table of channel-days below one folder. Any number of processes and threads may use it at once."""

    def __init__(self, root: Path) -> None:
        """Open the table. Raises NoTable and BrokenTable."""
        self._root = root
        self._lock = root / "lake.lock"
        self._log = log.Log(root)
        self._footers = Footers()

    @staticmethod
    def create(root: Path) -> None:
        """Make an empty table below this folder; nothing happens if there is one."""
        log.create(root)

    def stage(self, batch: int, channel_days: Iterable[ChannelDay]) -> list[StagedFile]:
        """Write the channel-days of a batch, a file per day, and commit nothing. Raises BadChannelDay.

        A file is named after batch and content, so staging the same again replaces each file by itself. A large batch may be
        staged in several calls; all its files go into one commit.
        """
        days: dict[date, list[ChannelDay]] = defaultdict(list)
        for one in channel_days:
            if one.batch != batch:
                msg = "a channel-day of another batch"
                raise BadChannelDay(msg)
            days[one.day].append(one)
        return [self._stage_day(batch, day, layout.to_table(days[day])) for day in sorted(days)]

    def restage(self, batch: int, one: StagedFile, narrow: Callable[[ChannelDay], ChannelDay | None]) -> StagedFile | None:
        """Write a staged file anew with what `narrow` leaves of each row, and remove the old one; None if nothing is left.

        Only before its batch is staged in the registry: until then nobody but the coordinator knows the file. Raises NotStaged.
        """
        self._verify(one)
        path = self._root / one.path
        with closing(DataFile(path, self._footers)) as file:
            rows = [day for group in range(file.groups) for day in layout.channel_days(file.read(group), one.day)]
        left = [found for day in rows if (found := narrow(day)) is not None]
        anew = self._stage_day(batch, one.day, layout.to_table(left)) if left else None
        if anew is None or anew.path != one.path:
            path.unlink(missing_ok=True)
        return anew

    def _stage_day(self, batch: int, day: date, table: pa.Table) -> StagedFile:
        body = io.BytesIO()
        with layout.writer(body) as out:
            out.write_table(table, row_group_size=layout.ROW_GROUP)
        content = body.getvalue()
        path = self._folder(day) / f"b{batch}-{hashlib.sha256(content).hexdigest()[:24]}.parquet"
        with durable.appearing(path) as draft:
            draft.write_bytes(content)
        return _staged(path, day, len(content), layout.numbers(table, "key"))

    def _folder(self, day: date) -> Path:
        folder = self._root / f"day={day.isoformat()}"
        durable.make_folder(folder)
        return folder

    def commit(self, batch: int, files: Sequence[StagedFile]) -> bool:
        """Make the files of a batch part of the table. False if the batch was committed before. Raises NotStaged."""
        with durable.alone(self._lock):
            if self._log.holds(batch):
                return False
            for one in files:
                self._verify(one)
            self._log.commit(files, batch=batch)
            return True

    def newest_batch(self) -> int:
        """Return the greatest number of a batch that was committed: one that is given again would be taken for done."""
        return self._log.newest()

    def greatest_key(self) -> int:
        """Return the greatest key of a connection that anything is held of; 0 if nothing is."""
        return max((one.max_key for files in self._log.days().values() for one in files), default=0)

    def _verify(self, one: StagedFile) -> None:
        try:
            found = (self._root / one.path).stat().st_size
        except FileNotFoundError:
            found = 0
        if found != one.size:
            msg = f"a staged file has {found} bytes instead of {one.size}"
            raise NotStaged(msg)

    def finalise(self, day: date) -> None:
        """Replace the files of a day by one that is sorted and has each (key, channel) once.

        A day of one file is left alone: every file is written sorted and single.
        """
        with durable.alone(self._lock), ExitStack() as opened:
            old = self._log.days().get(day, ())
            if len(old) > 1:
                tables = merge.merged([self._open(one, opened) for one in old])
                final = self._write_final(day, merge.in_row_groups(tables))
                for one in old:
                    os.utime(self._root / one.path)  # from now on the grace of `sweep` runs
                self._log.commit([final], old)

    def rewrite(self, day: date, change: Callable[[pa.Table], pa.Table]) -> None:
        """Replace the files of a day by one that has what `change` makes of its rows: fewer rows, or the same ones with less.

        `change` gets slices in order of (key, channel), with all columns, and keeps that order. A day without rows is no day.
        """
        with durable.alone(self._lock), ExitStack() as opened:
            old = self._log.days().get(day, ())
            if not old:
                return
            rows = merge.in_row_groups(map(change, merge.merged([self._open(one, opened) for one in old])))
            first = next(rows, None)
            new = [] if first is None else [self._write_final(day, chain([first], rows))]
            self._log.commit(new, old)

    def drop(self, day: date) -> None:
        """Take a whole day out of the table."""
        with durable.alone(self._lock):
            old = self._log.days().get(day, ())
            if old:
                self._log.commit((), old)

    def purge(self, ended: Ended) -> int:
        """Delete at once whatever the table holds no longer, in data files and in its own log. Returns how many data files.

        Readers that are not ours get no grace: what they have open they keep, what they look for is gone.
        """
        gone = self.sweep(ended, grace_s=0.0)
        with durable.alone(self._lock):
            self._log.renew()
        return gone

    def _write_final(self, day: date, tables: Iterator[pa.Table]) -> StagedFile:
        """Write the file of a day. Its name holds the version that will refer to it, so a left-over of a kill is replaced."""
        path = self._folder(day) / f"f{self._log.version + 1:010d}.parquet"
        keys: list[NDArray[np.int64]] = []
        with durable.appearing(path) as draft:
            with layout.writer(draft) as out:
                for table in tables:
                    out.write_table(table, row_group_size=layout.ROW_GROUP)
                    keys.append(layout.numbers(table, "key"))
            size = draft.stat().st_size
        return _staged(path, day, size, np.concatenate(keys))

    def sweep(self, ended: Ended, *, grace_s: float = GRACE_S) -> int:
        """Delete the files that nobody will ever need again; return how many. Any number of processes may stage, commit and read.

        It is safe because of the order. (1) The files are listed. A batch is durable in the registry before its worker writes a
        file, so (2) `ended`, asked afterwards, knows the batch of every listed file; it has ended for good or is left alone,
        however long its process slept, and so is one that the registry does not know. (3) Under the lake's lock nobody commits: a
        file of an ended batch that the table does not hold now was given up or replaced, and so was a day's file.

        A reader of ours that has the file open keeps it, and one about to open it looks at the table again (`_open_day`). A reader
        of another kind does neither, so what the table once held stays `grace_s` from when it was replaced.
        """
        held = self._held()
        stray = [path for path in self._root.glob("day=*/*") if path not in held]
        fate = ended({int(found[1]) for path in stray if (found := _OF_BATCH.match(path.name))})
        before = time.time() - grace_s
        with durable.alone(self._lock):
            held = self._held()
            gone = [path for path in stray if path not in held and _is_dead(path, fate, before)]
            gone += self._log.left_overs()
            for path in gone:
                path.unlink(missing_ok=True)
        return len(gone)

    def _held(self) -> set[Path]:
        return {self._root / one.path for files in self._log.days().values() for one in files}

    def day(self, key: int, day: date, mask: Mask = ALL_MASK) -> list[ChannelDay]:
        """Return what is held of one connection on one local day, by channel."""
        with ExitStack() as opened:
            return found(self._open_day(day, opened, key), key, day, mask)

    def days(self, key: int, first: date, last: date, mask: Mask = ALL_MASK) -> list[ChannelDay]:
        """Return what is held of one connection from `first` to `last`, both included, by day and channel."""
        return [one for day in self.days_held() if first <= day <= last for one in self.day(key, day, mask)]

    @contextmanager
    def glance(self) -> Iterator[Glance]:
        """Look up many connections one after another: see glance.py."""
        with closing(Glance(self.days_held(), self._open_day)) as made:
            yield made

    def days_held(self) -> list[date]:
        """Return the local days that have rows, in order."""
        return list(self._log.days())

    def loose_days(self) -> list[date]:
        """Return the local days that lie in more than one file: those to finalise."""
        return [day for day, files in self._log.days().items() if len(files) > 1]

    def scan(self, day: date) -> Iterator[ChannelDay]:
        """Yield all channel-days of one local day in order of key and channel."""
        for table in self.scan_table(day):
            yield from layout.channel_days(table, day)

    def scan_table(self, day: date, columns: Sequence[str] = layout.COLUMNS) -> Iterator[pa.Table]:
        """Yield the rows of one local day in order of key and channel, as tables with these columns (layout.FILE_SCHEMA).

        A scan shows the day as it was when it began, whatever is committed or finalised meanwhile.
        """
        with ExitStack() as opened:
            yield from merge.merged(self._open_day(day, opened), columns)

    def _open_day(self, day: date, opened: ExitStack, key: int | None = None) -> list[DataFile]:
        """Open the files of a day, those that may hold `key`. Retries: a file may be replaced and swept just before."""
        for _ in range(_TRIES):
            held = self._log.days().get(day, ())
            try:
                return [self._open(one, opened) for one in held if key is None or one.min_key <= key <= one.max_key]
            except FileNotFoundError:
                opened.close()
        msg = "a file of the readings is gone"
        raise BrokenTable(msg)

    def _open(self, one: StagedFile, opened: ExitStack) -> DataFile:
        file = DataFile(self._root / one.path, self._footers)
        opened.callback(file.close)
        return file


def _is_dead(path: Path, fate: Mapping[int, bool], before: float) -> bool:
    """True for a file outside the table that nobody will need: given up, or replaced before this moment."""
    of_batch = _OF_BATCH.match(path.name)
    if of_batch is None and not _OF_DAY.match(path.name):
        return False  # not ours
    committed = fate.get(int(of_batch[1])) if of_batch else True
    if committed is None:
        return False  # it may still be committed
    try:
        return not committed or path.stat().st_mtime <= before
    except FileNotFoundError:
        return False


def _staged(path: Path, day: date, size: int, keys: NDArray[np.int64]) -> StagedFile:
    return StagedFile(f"{path.parent.name}/{path.name}", day, len(keys), size, int(keys[0]), int(keys[-1]))

"""The Delta log of the lake: which files make up the table, and the only way to change that.

Facts that bind (deltalake 1.6): it does not sync what it writes; application transactions are recorded but do not refuse a second
commit, so the caller asks first, under the lock; a table object does not move on with its own commits.
"""

import json
import threading
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Final, final

import pyarrow as pa
from deltalake import CommitProperties, DeltaTable, PostCommitHookProperties, Transaction
from deltalake.exceptions import DeltaError, TableNotFoundError
from deltalake.transaction import AddAction, RemoveAction

from kwartier.store.readings import durable, layout
from kwartier.store.readings.errors import BrokenTable, NoTable
from kwartier.store.readings.staged import StagedFile

_CHECKPOINT_EVERY: Final = 100
_TOMBSTONES: Final = {"delta.deletedFileRetentionDuration": "interval 0 seconds"}
"""A checkpoint names no file that is gone: our own readers look again, and those of others have the grace of `sweep`."""
_QUIET: Final = PostCommitHookProperties(create_checkpoint=False, cleanup_expired_logs=False)


def create(root: Path) -> None:
    """Make the empty table; nothing happens if there is one."""
    root.mkdir(parents=True, exist_ok=True)
    with durable.alone(root / "lake.lock"):
        DeltaTable.create(root, layout.TABLE_SCHEMA, mode="ignore", partition_by=["day"], configuration=_TOMBSTONES)
        durable.sync(root / "_delta_log" / f"{0:020d}.json")
        for folder in (root / "_delta_log", root, root.parent):
            durable.sync(folder)


@final
class Log:
    """The table's log as one process sees it; it catches up by itself."""

    def __init__(self, root: Path) -> None:
        """Open the log. Raises NoTable and BrokenTable."""
        self._folder = root / "_delta_log"
        self._lock = root / "lake.lock"
        self._guard = threading.Lock()
        self._table = self._open()
        self._days = _days(self._table)

    def _open(self) -> DeltaTable:
        if not (self._folder / f"{0:020d}.json").exists() and not (self._folder / "_last_checkpoint").exists():
            msg = "this folder holds no table of readings"
            raise NoTable(msg)
        try:
            return DeltaTable(self._folder.parent)
        except DeltaError:
            with durable.alone(self._lock):
                self._mend()
        try:
            return DeltaTable(self._folder.parent)
        except DeltaError as error:
            msg = "the log of the readings cannot be read"
            raise BrokenTable(msg) from error

    def _mend(self) -> None:
        """Put aside a last commit that a power cut tore: it was never synced, so nobody was told that it happened."""
        newest = max(self._folder.glob("*.json"))
        try:
            for line in newest.read_text().splitlines():
                json.loads(line)
        except ValueError:
            newest.rename(newest.with_suffix(".torn"))
            durable.sync(self._folder)

    @property
    def version(self) -> int:
        """The version seen last."""
        return self._table.version()

    def days(self) -> Mapping[date, tuple[StagedFile, ...]]:
        """Return the files of each local day as of now. Costs a look at two file names when nothing changed."""
        with self._guard:
            version = self._table.version()
            if self._entry(version + 1).exists() or not self._entry(version).exists():
                self._catch_up()
            return self._days

    def _entry(self, version: int) -> Path:
        return self._folder / f"{version:020d}.json"

    def _catch_up(self) -> None:
        """See what happened since. With the log renewed, the entries between are gone: then it is read from its beginning."""
        try:
            self._table.update_incremental()
        except (DeltaError, TableNotFoundError):
            self._reopen()
        else:
            if not self._entry(self._table.version()).exists():
                self._reopen()
        self._days = _days(self._table)

    def _reopen(self) -> None:
        try:
            self._table = DeltaTable(self._folder.parent)
        except (DeltaError, TableNotFoundError) as error:
            msg = "the log of the readings cannot be read"
            raise BrokenTable(msg) from error

    def holds(self, batch: int) -> bool:
        """True if this batch was committed. Only worth something under the lock."""
        return self._marked(_app(batch)) is not None

    def newest(self) -> int:
        """Return the greatest number of a batch that was committed; 0 if there is none, or none since that is kept."""
        return self._marked(_NEWEST) or 0

    def _marked(self, name: str) -> int | None:
        self.days()
        try:
            return self._table.transaction_version(name)
        except DeltaError:  # it looks into entries that were there when the table was opened, and are gone with the log renewed
            self._reopen()
            return self._table.transaction_version(name)

    def commit(self, add: Sequence[StagedFile], remove: Sequence[StagedFile] = (), *, batch: int | None = None) -> None:
        """Add and remove files in one durable step. The caller holds the lock and has caught up under it."""
        now = time.time_ns() // 1_000_000
        actions: list[AddAction | RemoveAction] = [_add(one, now) for one in add]
        actions += [RemoveAction(one.path, True, now, one.size, {"day": one.day.isoformat()}) for one in remove]  # noqa: FBT003 - delta-rs names it so
        marks = [] if batch is None else [Transaction(_app(batch), 1, now), Transaction(_NEWEST, max(batch, self.newest()), now)]
        self._table.create_write_transaction(
            actions,
            "append",
            self._table.schema(),
            ["day"],
            commit_properties=CommitProperties(app_transactions=marks),
            post_commithook_properties=_QUIET,
        )
        self._sync_tail()

    def _sync_tail(self) -> None:
        with self._guard:
            self._catch_up()
            version = self._table.version()
        durable.sync(self._folder / f"{version:020d}.json")
        durable.sync(self._folder)
        if version % _CHECKPOINT_EVERY == 0:
            self._checkpoint(version)

    def renew(self) -> None:
        """Let the log begin with a checkpoint of now. The caller holds the lock.

        Older entries and checkpoints go, and with them the paths of files that are gone and the bounds of their keys.
        """
        self.days()
        if _TOMBSTONES.items() <= self._table.metadata().configuration.items():
            self.commit(())
        else:
            self._table.alter.set_table_properties(_TOMBSTONES)
            self._sync_tail()
        version = self._table.version()
        self._checkpoint(version)
        kept = f"{version:020d}."
        for path in self._folder.iterdir():
            if path.name != "_last_checkpoint" and not path.name.startswith(kept):
                path.unlink()
        durable.sync(self._folder)
        with self._guard:
            self._reopen()

    def left_overs(self) -> list[Path]:
        """Return what kills left of commits that never were (delta-rs writes `N.json#1` first). The caller holds the lock."""
        return list(self._folder.glob("*#*"))

    def _checkpoint(self, version: int) -> None:
        """Shorten what an opening reads. Expired log files go only after the checkpoint that replaces them is on disk."""
        self._table.create_checkpoint()
        for path in (*self._folder.glob(f"{version:020d}.checkpoint*"), self._folder / "_last_checkpoint", self._folder):
            durable.sync(path)
        self._table.cleanup_metadata()


_NEWEST: Final = "newest-batch"
"""Under this name the log holds the greatest number of a batch."""


def _app(batch: int) -> str:
    return f"batch-{batch}"


def _add(one: StagedFile, now_ms: int) -> AddAction:
    stats = {"numRecords": one.rows, "minValues": {"key": one.min_key}, "maxValues": {"key": one.max_key}, "nullCount": {"key": 0}}
    return AddAction(one.path, one.size, {"day": one.day.isoformat()}, now_ms, True, json.dumps(stats))  # noqa: FBT003 - delta-rs names it so


def _days(table: DeltaTable) -> Mapping[date, tuple[StagedFile, ...]]:
    names = ["path", "partition.day", "num_records", "size_bytes", "min.key", "max.key"]
    adds = pa.table(table.get_add_actions(flatten=True))
    days: dict[date, list[StagedFile]] = defaultdict(list)
    if adds.num_rows:
        for path, day, rows, size, low, high in zip(*(adds.column(name).to_pylist() for name in names), strict=True):
            days[day].append(StagedFile(path, day, rows, size, low, high))
    return MappingProxyType({day: tuple(sorted(days[day], key=lambda one: one.path)) for day in sorted(days)})

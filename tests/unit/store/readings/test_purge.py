"""Rows that go, go wholly: from the table, from the disk, and from what the table's own log tells of them."""

import threading
from collections.abc import Callable, Collection
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import DeltaTable

from kwartier.model.channel_day import ChannelDay
from kwartier.store.readings import Readings

DAY = date(2026, 11, 20)
NEXT = DAY + timedelta(days=1)
Make = Callable[..., ChannelDay]


def put(lake: Readings, batch: int, days: list[ChannelDay]) -> None:
    assert lake.commit(batch, lake.stage(batch, days))


def without(*keys: int) -> Callable[[pa.Table], pa.Table]:
    return lambda rows: rows.filter(pa.array(~np.isin(rows["key"].to_numpy(), keys)))


def all_ended(batches: Collection[int]) -> dict[int, bool]:
    return dict.fromkeys(batches, True)


def told(root: Path) -> str:
    """Return all that the table's log says, its checkpoints decoded."""
    folder = root / "_delta_log"
    entries = [path.read_text("utf-8") for path in folder.glob("*.json")]
    return "".join([*entries, *(str(pq.read_table(path).to_pylist()) for path in folder.glob("*.parquet"))])


def test_rows_that_go_are_no_more_and_others_stay(lake: Readings, make: Make) -> None:
    put(lake, 1, [make(1), make(2), make(3)])
    put(lake, 2, [make(2, batch=2), make(4, batch=2)])
    lake.rewrite(DAY, without(2))
    assert [one.key for one in lake.scan(DAY)] == [1, 3, 4]
    assert lake.day(2, DAY) == []


def test_a_day_of_which_nothing_stays_is_no_day(lake: Readings, make: Make) -> None:
    put(lake, 1, [make(1), make(1, day=NEXT)])
    lake.rewrite(DAY, without(1))
    assert lake.days_held() == [NEXT]
    lake.drop(NEXT)
    assert lake.days_held() == []
    lake.rewrite(DAY, without(1))
    lake.drop(NEXT)


def test_rewriting_many_slices_keeps_their_order(lake: Readings, make: Make) -> None:
    put(lake, 1, [make(key) for key in range(5000)])
    put(lake, 2, [make(key, batch=2) for key in range(2500, 7500)])
    lake.rewrite(DAY, lambda rows: rows.filter(pa.array(rows["key"].to_numpy() % 2 == 0)))
    assert [one.key for one in lake.scan(DAY)] == list(range(0, 7500, 2))
    assert lake.day(5000, DAY)[0].batch == 2


def test_a_batch_is_committed_once_also_after_a_purge(lake: Readings, make: Make) -> None:
    files = lake.stage(1, [make(1)])
    assert lake.commit(1, files)
    lake.purge(all_ended)
    assert not lake.commit(1, files)
    assert lake.day(1, DAY) == [make(1)]


def test_no_file_and_no_line_of_the_log_tells_of_what_went(root: Path, lake: Readings, make: Make) -> None:
    put(lake, 1, [make(1), make(424_242_424)])
    old = next(root.glob("day=*/*")).name
    assert "424242424" in told(root)
    lake.rewrite(DAY, without(424_242_424))
    assert lake.purge(all_ended) == 1
    assert "424242424" not in told(root)
    assert old not in told(root)
    assert [path.name for path in root.glob("day=*/*")] != [old]
    assert len(list(root.glob("day=*/*"))) == 1
    assert [one.key for one in Readings(root).scan(DAY)] == [1]


def test_what_a_running_worker_staged_is_left_alone(lake: Readings, make: Make) -> None:
    staged = lake.stage(7, [make(5, batch=7)])
    assert lake.purge(lambda _: {}) == 0
    assert lake.commit(7, staged)
    assert lake.day(5, DAY) == [make(5, batch=7)]


def test_whoever_has_the_table_open_sees_what_a_purge_left(root: Path, lake: Readings, make: Make) -> None:
    other = Readings(root)
    for batch in range(1, 6):
        put(lake, batch, [make(batch, batch=batch)])
    assert len(list(other.scan(DAY))) == 5
    lake.rewrite(DAY, without(3))
    lake.purge(all_ended)
    assert [one.key for one in other.scan(DAY)] == [1, 2, 4, 5]
    put(lake, 9, [make(9, batch=9)])
    assert [one.key for one in other.scan(DAY)] == [1, 2, 4, 5, 9]
    lake.purge(all_ended)
    lake.purge(all_ended)
    put(other, 10, [make(10, batch=10)])
    assert [one.key for one in lake.scan(DAY)] == [1, 2, 4, 5, 9, 10]


def test_a_table_from_before_forgets_its_files_too(root: Path, lake: Readings, make: Make) -> None:
    table = DeltaTable(root)
    table.alter.set_table_properties({"delta.deletedFileRetentionDuration": "interval 1 week"})
    put(lake, 1, [make(1), make(2)])
    old = next(root.glob("day=*/*")).name
    lake.rewrite(DAY, without(2))
    lake.purge(all_ended)
    assert old not in told(root)
    assert [one.key for one in lake.scan(DAY)] == [1]


def test_readers_beside_a_purge_always_find_a_whole_day(root: Path, lake: Readings, make: Make) -> None:
    """Twenty rounds of rewriting and purging: whoever reads meanwhile sees the rows that stay, each time."""
    put(lake, 1, [make(key) for key in range(30)])
    over = threading.Event()
    faults: list[object] = []
    stay = set(range(20, 30))

    def read() -> None:
        mine = Readings(root)
        while not over.is_set():
            try:
                seen = {one.key for one in mine.scan(DAY)}
                if not stay <= seen:
                    faults.append(seen)
            except Exception as fault:  # noqa: BLE001 - whatever it is, it is a finding
                faults.append(fault)

    threads = [threading.Thread(target=read) for _ in range(2)]
    for one in threads:
        one.start()
    for key in range(20):
        lake.rewrite(DAY, without(key))
        lake.purge(all_ended)
    over.set()
    for one in threads:
        one.join()
    assert faults == []

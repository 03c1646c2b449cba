import os
import threading
from collections.abc import Callable, Collection
from datetime import date, timedelta
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kwartier.model.channel_day import ChannelDay
from kwartier.model.register import Channel, mask_of
from kwartier.store.readings import Readings, StagedFile, layout
from kwartier.store.readings.errors import BadChannelDay, BrokenTable, NoTable, NotStaged

DAY = date(2026, 11, 20)
NEXT = DAY + timedelta(days=1)
Make = Callable[..., ChannelDay]


def put(lake: Readings, batch: int, days: list[ChannelDay]) -> list[StagedFile]:
    files = lake.stage(batch, days)
    assert lake.commit(batch, files)
    return files


def on_disk(root: Path) -> set[str]:
    return {str(path.relative_to(root)) for path in root.glob("day=*/*")}


def test_a_folder_without_a_table_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(NoTable):
        Readings(tmp_path)


def test_creating_twice_keeps_what_is_there(root: Path, lake: Readings, make: Make) -> None:
    put(lake, 1, [make(1)])
    Readings.create(root)
    assert Readings(root).day(1, DAY) == [make(1)]


def test_staged_is_not_yet_there(lake: Readings, make: Make) -> None:
    lake.stage(1, [make(1)])
    assert lake.days_held() == []
    assert lake.day(1, DAY) == []


def test_a_batch_is_committed_once(lake: Readings, make: Make) -> None:
    files = lake.stage(1, [make(1), make(2, day=NEXT)])
    assert lake.commit(1, files)
    assert not lake.commit(1, files)
    assert lake.days_held() == [DAY, NEXT]
    assert list(lake.scan(DAY)) == [make(1)]


def test_the_newest_batch_is_known_whatever_becomes_of_its_rows(root: Path, lake: Readings, make: Make) -> None:
    assert [lake.newest_batch(), lake.greatest_key()] == [0, 0]
    for batch in (1, 12, 7):
        put(lake, batch, [make(batch, batch)])
    lake.finalise(DAY)
    assert [lake.newest_batch(), Readings(root).newest_batch()] == [12, 12]
    assert lake.greatest_key() == 12
    lake.purge(lambda batches: dict.fromkeys(batches, True))
    assert [lake.newest_batch(), Readings(root).newest_batch()] == [12, 12]
    put(lake, 13, [make(13, 13)])
    assert [lake.newest_batch(), Readings(root).newest_batch()] == [13, 13]


def test_an_empty_batch_is_committed_once_too(lake: Readings) -> None:
    assert lake.stage(4, []) == []
    assert lake.commit(4, [])
    assert not lake.commit(4, [])


def test_staging_again_replaces(root: Path, lake: Readings, make: Make) -> None:
    days = [make(key) for key in range(50)]
    once = lake.stage(1, days)
    again = Readings(root).stage(1, reversed(days))
    assert once == again
    assert on_disk(root) == {once[0].path}


def test_staging_after_the_commit_harms_nothing(lake: Readings, make: Make) -> None:
    put(lake, 1, [make(1)])
    lake.stage(1, [make(1)])
    lake.stage(1, [make(2)])
    assert list(lake.scan(DAY)) == [make(1)]


def test_a_channel_day_of_another_batch_is_refused(lake: Readings, make: Make) -> None:
    with pytest.raises(BadChannelDay):
        lake.stage(1, [make(1, batch=2)])


def test_a_lost_or_torn_staged_file_is_not_committed(root: Path, lake: Readings, make: Make) -> None:
    files = lake.stage(1, [make(1), make(1, day=NEXT)])
    (root / files[0].path).write_bytes((root / files[0].path).read_bytes()[:-1])
    with pytest.raises(NotStaged):
        lake.commit(1, files)
    (root / files[0].path).unlink()
    with pytest.raises(NotStaged):
        lake.commit(1, files)
    assert lake.days_held() == []
    assert lake.commit(1, lake.stage(1, [make(1), make(1, day=NEXT)]))


def test_the_newest_batch_speaks_before_and_after_finalising(lake: Readings, make: Make) -> None:
    old = [make(key, 1, channel) for key in range(1, 30) for channel in (Channel.IMPORT, Channel.DAY_GAS)]
    new = [make(key, 2) for key in range(10, 20)]
    put(lake, 2, new)
    put(lake, 1, old)
    expected = [make(key, 2 if 10 <= key < 20 and channel is Channel.IMPORT else 1, channel)
                for key in range(1, 30) for channel in (Channel.IMPORT, Channel.DAY_GAS)]  # fmt: skip
    assert list(lake.scan(DAY)) == expected
    assert lake.day(12, DAY) == [make(12, 2), make(12, 1, Channel.DAY_GAS)]
    lake.finalise(DAY)
    assert list(lake.scan(DAY)) == expected
    assert lake.day(12, DAY) == [make(12, 2), make(12, 1, Channel.DAY_GAS)]


def test_a_finalised_day_is_one_file_and_forgets_no_batch(root: Path, lake: Readings, make: Make) -> None:
    files = [put(lake, batch, [make(batch, batch)]) for batch in (1, 2, 3)]
    lake.finalise(DAY)
    lake.finalise(DAY)
    assert len(DeltaTable(root).file_uris()) == 1
    assert not any(Readings(root).commit(batch, files[batch - 1]) for batch in (1, 2, 3))


def test_a_day_may_be_looked_up_by_channel_and_period(lake: Readings, make: Make) -> None:
    held = [make(1, 1, channel, DAY + timedelta(days=n)) for n in range(3) for channel in (Channel.IMPORT, Channel.EXPORT)]
    put(lake, 1, [*held, make(2)])
    assert lake.day(1, NEXT, mask_of([Channel.EXPORT])) == [held[3]]
    assert lake.days(1, NEXT, NEXT + timedelta(days=9)) == held[2:]
    assert lake.days(1, DAY, DAY, mask_of([Channel.IMPORT])) == held[:1]
    assert lake.day(3, DAY) == lake.day(1, date(2020, 1, 1)) == []


def test_row_groups_part_no_key(lake: Readings, make: Make) -> None:
    channels = (Channel.IMPORT, Channel.EXPORT, Channel.GAS)
    put(lake, 1, [make(key, 1, channel) for key in range(1500) for channel in channels])
    for key in (0, 665, 666, 667, 1332, 1333, 1334, 1499):
        assert lake.day(key, DAY) == [make(key, 1, channel) for channel in channels]


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(st.integers(1, 9000), max_size=400, unique=True), min_size=2, max_size=4), st.data())
def test_any_batches_in_any_order_merge_to_the_newest(
    tmp_path_factory: pytest.TempPathFactory, make: Make, batches: list[list[int]], data: st.DataObject
) -> None:
    root = tmp_path_factory.mktemp("merge") / "lake"
    Readings.create(root)
    lake = Readings(root)
    newest: dict[int, int] = {}
    for batch, keys in data.draw(st.permutations(list(enumerate(batches, 1)))):
        put(lake, batch, [make(key, batch) for key in keys])
        newest |= {key: max(batch, newest.get(key, 0)) for key in keys}
    expected = [make(key, newest[key]) for key in sorted(newest)]
    assert list(lake.scan(DAY)) == expected
    lake.finalise(DAY)
    assert list(lake.scan(DAY)) == expected


def test_slices_do_not_show(monkeypatch: pytest.MonkeyPatch, lake: Readings, make: Make) -> None:
    monkeypatch.setattr("kwartier.store.readings.merge._SLICE_GROUPS", 1)
    monkeypatch.setattr("kwartier.store.readings.layout.ROW_GROUP", 7)
    for batch in (1, 2, 3):
        put(lake, batch, [make(key, batch) for key in range(batch, 200, batch)])
    expected = [make(key, max(b for b in (1, 2, 3) if key % b == 0)) for key in range(1, 200)]
    assert list(lake.scan(DAY)) == expected
    lake.finalise(DAY)
    assert list(lake.scan(DAY)) == expected
    assert [t.num_rows for t in lake.scan_table(DAY)] == [7] * 28 + [3]


def test_bulk_columns(lake: Readings, make: Make) -> None:
    put(lake, 1, [make(key) for key in (3, 1)])
    put(lake, 2, [make(2, 2)])
    whole = pa.concat_tables(lake.scan_table(DAY, ["key", "meter"]))
    assert whole.to_pydict() == {"key": [1, 2, 3], "meter": [8, 9, 10]}
    lake.finalise(DAY)
    assert pa.concat_tables(lake.scan_table(DAY, ["meter", "key"])).to_pydict() == {"meter": [8, 9, 10], "key": [1, 2, 3]}


def test_any_delta_reader_sees_the_same(root: Path, lake: Readings, make: Make) -> None:
    put(lake, 1, [make(1, quality=bytes([4] * 96)), make(2, channel=Channel.DAY_GAS)])
    table = DeltaTable(root).to_pyarrow_table().sort_by("key")
    assert table.column("day").to_pylist() == [DAY, DAY]
    assert list(layout.channel_days(table.select(layout.COLUMNS), DAY)) == list(lake.scan(DAY))


def test_another_process_s_commit_is_seen_at_once(root: Path, lake: Readings, make: Make) -> None:
    put(Readings(root), 1, [make(1)])
    assert lake.day(1, DAY) == [make(1)]


def all_committed(batches: Collection[int]) -> dict[int, bool]:
    """Say that every batch was committed."""
    return dict.fromkeys(batches, True)


def test_sweeping_takes_what_nobody_will_need(root: Path, lake: Readings, make: Make) -> None:
    """Of a given-up batch at once, of a replaced file after its grace; never of a batch that may be committed, or is unknown."""
    put(lake, 1, [make(1)])
    put(lake, 2, [make(2, 2)])
    lake.finalise(DAY)
    staged = lake.stage(3, [make(3, 3)])
    for batch in (4, 5):
        lake.stage(batch, [make(4, batch)])
    folder = root / f"day={DAY}"
    half = {batch: folder / f"b{batch}-00ff.parquet.77.tmp" for batch in (3, 4)}
    for path in (*half.values(), folder / "f0000000002.parquet.77.tmp", folder / "somebody else's"):
        path.write_bytes(b"half")
    (root / "_delta_log" / f"{4:020d}.json#1").write_bytes(b"half")
    asked: list[Collection[int]] = []

    def ended(batches: Collection[int]) -> dict[int, bool]:
        asked.append(set(batches))
        return {1: True, 2: True, 4: False}

    assert lake.sweep(ended) == 3
    assert asked == [{1, 2, 3, 4, 5}]
    assert not half[4].exists()
    assert not list((root / "_delta_log").glob("*#*"))
    assert lake.sweep(ended, grace_s=0) == 3
    assert lake.commit(3, staged)
    assert [one.key for one in lake.scan(DAY)] == [1, 2, 3]
    left = {Path(path).name.split("-")[0] for path in on_disk(root)}
    assert left == {"f0000000003.parquet", "b3", "b5", "somebody else's"}


def test_the_grace_of_a_replaced_file_begins_when_it_is_replaced(root: Path, lake: Readings, make: Make) -> None:
    files = [*put(lake, 1, [make(1)]), *put(lake, 2, [make(2, 2)])]
    for one in files:
        os.utime(root / one.path, (0, 0))
    lake.finalise(DAY)
    assert lake.sweep(all_committed) == 0
    for one in files:
        os.utime(root / one.path, (0, 0))
    assert lake.sweep(all_committed) == 2


def test_what_is_staged_or_committed_while_a_sweep_asks_stays(lake: Readings, make: Make) -> None:
    """The registry's answer is as old as the question: what happened since must not be mistaken for what it was about."""
    early = lake.stage(1, [make(1)])
    late: list[StagedFile] = []

    def ended(batches: Collection[int]) -> dict[int, bool]:
        assert set(batches) == {1}
        assert lake.commit(1, early)
        late.extend(lake.stage(2, [make(2, 2)]))
        return {1: True, 2: False}

    assert lake.sweep(ended, grace_s=0) == 0
    assert lake.commit(2, late)
    assert [one.key for one in lake.scan(DAY)] == [1, 2]


def test_days_of_more_than_one_file_are_loose(lake: Readings, make: Make) -> None:
    put(lake, 1, [make(1), make(1, day=NEXT)])
    put(lake, 2, [make(2, 2)])
    assert lake.loose_days() == [DAY]
    lake.finalise(DAY)
    assert lake.loose_days() == []


def test_a_scan_outlives_finalise_and_sweep(lake: Readings, make: Make) -> None:
    put(lake, 1, [make(key) for key in range(3000)])
    scan = lake.scan(DAY)
    assert next(scan).key == 0
    put(lake, 2, [make(1, 2)])
    lake.finalise(DAY)
    lake.sweep(all_committed, grace_s=0)
    assert [one.batch for one in scan] == [1] * 2999


def test_readers_beside_writers_see_whole_batches(root: Path, lake: Readings, make: Make) -> None:
    failed: list[BaseException] = []
    over = threading.Event()

    def read() -> None:
        mine = Readings(root)
        try:
            while not over.is_set():
                batches = [one.batch for one in mine.scan(DAY)]
                assert all(batches.count(batch) == 30 for batch in set(batches))
                assert len(mine.day(1, DAY)) == 1
        except BaseException as error:  # noqa: BLE001 - a thread's failure is the test's
            failed.append(error)

    readers = [threading.Thread(target=read) for _ in range(2)]
    put(lake, 1, [make(n + 1) for n in range(30)])
    for one in readers:
        one.start()
    for batch in range(2, 25):
        put(lake, batch, [make(30 * (batch - 1) + n + 1, batch) for n in range(30)])
        if batch % 3 == 0:
            lake.finalise(DAY)
            lake.sweep(all_committed, grace_s=0)
    over.set()
    for one in readers:
        one.join()
    assert not failed


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Paths in the order in which they were really synced."""
    seen: list[str] = []
    real = os.fsync

    def fsync(handle: int) -> None:
        real(handle)
        seen.append(Path(f"/proc/self/fd/{handle}").resolve().name)

    monkeypatch.setattr(os, "fsync", fsync)
    return seen


def test_staged_and_committed_are_on_the_disk(lake: Readings, make: Make, synced: list[str]) -> None:
    files = lake.stage(1, [make(1)])
    name = Path(files[0].path).name
    assert [one.startswith(name) for one in synced if "parquet" in one] == [True]
    assert synced[-1] == f"day={DAY}"
    synced.clear()
    lake.commit(1, files)
    assert synced == [f"{1:020d}.json", "_delta_log"]
    put(lake, 2, [make(2, 2)])
    synced.clear()
    lake.finalise(DAY)
    assert [one.split(".")[0] for one in synced] == [f"f{3:010d}", f"day={DAY}", f"{3:020d}", "_delta_log"]


@pytest.mark.parametrize("left", [0, 1, 30, -1, -2])
def test_a_torn_last_commit_never_happened(root: Path, lake: Readings, make: Make, left: int) -> None:
    put(lake, 1, [make(1)])
    files = put(lake, 2, [make(2, 2)])
    newest = root / "_delta_log" / f"{2:020d}.json"
    newest.write_bytes(newest.read_bytes()[:left])
    again = Readings(root)
    assert [one.key for one in again.scan(DAY)] in ([1], [1, 2])
    again.commit(2, files)
    assert [one.key for one in Readings(root).scan(DAY)] == [1, 2]


def test_a_log_broken_elsewhere_is_said_so(root: Path, lake: Readings, make: Make) -> None:
    put(lake, 1, [make(1)])
    put(lake, 2, [make(2, 2)])
    (root / "_delta_log" / f"{1:020d}.json").write_bytes(b'{"add":')
    with pytest.raises(BrokenTable):
        Readings(root)


def test_a_broken_or_missing_data_file_is_said_so(root: Path, lake: Readings, make: Make) -> None:
    path = root / put(lake, 1, [make(1)])[0].path
    path.write_bytes(bytes(path.stat().st_size))
    with pytest.raises(BrokenTable):
        lake.day(1, DAY)
    path.unlink()
    with pytest.raises(BrokenTable):
        lake.day(1, DAY)


def test_checkpoints_keep_days_and_batches(root: Path, lake: Readings, make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kwartier.store.readings.log._CHECKPOINT_EVERY", 4)
    files = {batch: put(lake, batch, [make(batch, batch)]) for batch in range(1, 11)}
    assert (root / "_delta_log" / "_last_checkpoint").exists()
    again = Readings(root)
    assert [one.key for one in again.scan(DAY)] == list(range(1, 11))
    assert not any(again.commit(batch, held) for batch, held in files.items())


def test_nothing_but_the_surrogate_names_a_connection() -> None:
    assert set(layout.COLUMNS) == {"key", "ch", "start", "v", "q", "basis", "meter", "batch"}

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kwartier.model.channel_day import ChannelDay
from kwartier.model.register import ALL_MASK, Channel, mask_of
from kwartier.store.readings import Readings, files, glance

DAY = date(2026, 11, 20)
Make = Callable[..., ChannelDay]


def put(lake: Readings, batch: int, days: list[ChannelDay]) -> None:
    assert lake.commit(batch, lake.stage(batch, days))


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    stored=st.lists(
        st.sets(st.tuples(st.integers(1, 6), st.integers(0, 3), st.sampled_from((Channel.IMPORT, Channel.DAY_GAS)))),
        min_size=1,
        max_size=4,
    ),
    asked=st.lists(st.tuples(st.integers(0, 7), st.integers(-1, 4), st.integers(0, 4)), max_size=12),
    mask=st.sampled_from((ALL_MASK, mask_of([Channel.IMPORT]))),
)
def test_a_glance_says_what_single_looks_say(
    tmp_path_factory: pytest.TempPathFactory,
    make: Make,
    stored: list[set[tuple[int, int, Channel]]],
    asked: list[tuple[int, int, int]],
    mask: int,
) -> None:
    """In any order, over days in one file and in several."""
    root = tmp_path_factory.mktemp("lake")
    Readings.create(root)
    lake = Readings(root)
    for batch, rows in enumerate(stored, 1):
        put(lake, batch, [make(key, batch, channel, DAY + timedelta(days=day)) for key, day, channel in rows])
    spans = [(key, DAY + timedelta(days=first), DAY + timedelta(days=first + more)) for key, first, more in asked]
    with lake.glance() as readings:
        assert [readings.days(*span, mask) for span in spans] == [lake.days(*span, mask) for span in spans]


def test_a_row_group_is_parsed_once(lake: Readings, make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    put(lake, 1, [make(key) for key in range(100)])
    parsed: list[int] = []
    read = files.DataFile.read

    def counted(file: files.DataFile, group: int, columns: list[str] | None = None) -> pa.Table:
        parsed.append(group)
        return read(file, group, columns)

    monkeypatch.setattr(files.DataFile, "read", counted)
    with lake.glance() as readings:
        assert [readings.days(key, DAY, DAY) for key in range(100)] == [[make(key)] for key in range(100)]
    assert parsed == [0]


def test_a_day_stays_as_it_was_when_it_is_replaced_and_swept(lake: Readings, make: Make) -> None:
    put(lake, 1, [make(1)])
    put(lake, 2, [make(2, 2)])
    with lake.glance() as readings:
        assert readings.days(1, DAY, DAY) == [make(1)]
        put(lake, 3, [make(2, 3)])
        lake.finalise(DAY)
        assert lake.sweep(lambda batches: dict.fromkeys(batches, True), grace_s=0)
        assert readings.days(2, DAY, DAY) == [make(2, 2)]


def test_few_files_are_open_at_once(lake: Readings, make: Make) -> None:
    days = [DAY + timedelta(days=n) for n in range(40)]
    put(lake, 1, [make(1, day=day) for day in days])
    before = len(list(Path("/proc/self/fd").iterdir()))
    with lake.glance() as readings:
        assert [one.day for one in readings.days(1, days[0], days[-1])] == days
        assert len(list(Path("/proc/self/fd").iterdir())) - before <= glance.OPEN
    assert len(list(Path("/proc/self/fd").iterdir())) <= before

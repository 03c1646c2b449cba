"""Date-times, both ways, over both switches of the year."""

from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kwartier.model.period import ZONE
from kwartier.wire.dlms.errors import Malformed
from kwartier.wire.dlms.server import moments

ANY = st.integers(946_684_800, 4_102_444_800)  # 2000 to 2100


@given(st.lists(ANY, min_size=1, max_size=20))
def test_what_is_written_is_read_back(seconds: list[int]) -> None:
    cells = moments.write_all(np.array(seconds, np.int64))
    assert [moments.read(cell.tobytes()) for cell in cells] == seconds


@given(ANY)
def test_the_fields_are_local_time_as_zoneinfo_has_it(second: int) -> None:
    local = datetime.fromtimestamp(second, UTC).astimezone(ZONE)
    cell = moments.write(second)
    assert (int.from_bytes(cell[:2], "big"), cell[2], cell[3], cell[4]) == (local.year, local.month, local.day, local.isoweekday())
    assert (cell[5], cell[6], cell[7]) == (local.hour, local.minute, local.second)
    offset = local.utcoffset()
    assert offset is not None
    assert int.from_bytes(cell[9:11], "big", signed=True) == -offset.total_seconds() / 60
    assert cell[11] == (0x80 if local.dst() else 0)


@pytest.mark.parametrize(
    ("encoded", "utc"),
    [
        ("07ea0b16070000000 0ffc400", "2026-11-21T23:00:00"),
        ("07ea0719ff0c0000ff ff8880", "2026-07-25T10:00:00"),
        ("07ea0a19ff021e0000 ff8880", "2026-10-25T00:30:00"),
        ("07ea0a19ff021e0000 ffc400", "2026-10-25T01:30:00"),
        ("07ea0a19ff021e0000 800080", "2026-10-25T00:30:00"),
        ("07ea0a19ff021e0000 800000", "2026-10-25T01:30:00"),
        ("07ea0a19ff021effff 8000ff", "2026-10-25T00:30:00"),
        ("07ea0b16ff17000000 000000", "2026-11-22T23:00:00"),
    ],
    ids=["winter", "summer", "02:30 first", "02:30 second", "open, summer", "open, winter", "open, no status", "UTC"],
)
def test_the_deviation_decides_and_without_one_the_zone(encoded: str, utc: str) -> None:
    assert moments.read(bytes.fromhex(encoded.replace(" ", ""))) == int(datetime.fromisoformat(utc + "+00:00").timestamp())


@pytest.mark.parametrize(
    "encoded",
    [
        "",
        "07ea0b160700000000ffc4",
        "ffff0b160700000000ffc400",
        "07eaff160700000000ffc400",
        "07ea0b1607ff000000ffc400",
        "07ea021e0700000000ffc400",
        "07ea0b160700000000 03e800",
        "270f0c1f00173b3b00034800",
    ],
    ids=["nothing", "short", "any year", "any month", "any hour", "30 February", "deviation too large", "past the calendar"],
)
def test_what_is_no_moment_is_malformed(encoded: str) -> None:
    with pytest.raises(Malformed):
        moments.read(bytes.fromhex(encoded))

"""Which rows a client asks for."""

import pytest

from kwartier.wire.dlms.errors import Malformed
from kwartier.wire.dlms.server.selection import Entries, Range, read
from meter_support import by_range, date_time

FIRST, LAST = date_time("07ea0b16ff00000000ffc400"), date_time("07ea0b16ff01000000ffc400")
DAY = by_range(FIRST, LAST)


def test_a_range_of_the_clock_in_epoch_seconds() -> None:
    assert read(DAY) == Range(1_795_302_000, 1_795_305_600)


def test_bounds_may_be_date_times_instead_of_octet_strings() -> None:
    assert read(DAY.replace(b"\x09\x0c", b"\x19")) == Range(1_795_302_000, 1_795_305_600)


def test_no_selector_selects_everything() -> None:
    assert read(b"") is None


def test_entries() -> None:
    assert read(bytes.fromhex("02020406 00000002 06 00000005 120001120000".replace(" ", ""))) == Entries(2, 5)


@pytest.mark.parametrize(
    "selector",
    [
        b"\x03" + DAY[1:],
        DAY[:-1],
        DAY + b"\x00",
        by_range(FIRST, LAST, b"\x01\x01\x00"),
        DAY.replace(bytes.fromhex("0000010000ff"), bytes.fromhex("0100010800ff")),
        by_range(FIRST, b"\x07\xea"),
        DAY.replace(b"\x09\x0c", b"\x06\x0c"),
        bytes.fromhex("0202040600000002060000000512000212 0000".replace(" ", "")),
    ],
    ids=[
        "unknown selector",
        "short",
        "long",
        "columns chosen",
        "not the clock",
        "half a moment",
        "no moment",
        "columns of entries",
    ],
)
def test_what_cannot_be_selected_is_malformed(selector: bytes) -> None:
    with pytest.raises(Malformed):
        read(selector)

"""Profile generic: its eight attributes, and the rows of a selection."""

import pytest

from kwartier.wire.dlms.server.errors import Access, AccessDenied
from kwartier.wire.dlms.server.profile import Profile
from kwartier.wire.dlms.server.selection import Entries, Range, Selection
from meter_support import COLUMNS, NOW, PROFILE, Table

MADE = Profile(PROFILE, COLUMNS, 900, 960, Table(10))
FIRST_ROW = bytes.fromhex("0203090c07ea0b16070000000 0ffc400110006000003e8".replace(" ", ""))


def test_a_row_is_a_structure_of_clock_status_and_register() -> None:
    value = MADE.get(2, Range(NOW, NOW), NOW)
    assert value.data == b"\x01\x01" + FIRST_ROW
    assert value.rows == 1


@pytest.mark.parametrize(
    ("selected", "count"),
    [
        (None, 10),
        (Range(NOW, NOW + 900), 2),
        (Range(NOW + 1, NOW + 899), 0),
        (Range(NOW - 10**6, NOW - 1), 0),
        (Range(NOW + 900, NOW), 0),
        (Range(NOW - 5, NOW + 10**9), 10),
        (Entries(1, 0), 10),
        (Entries(0, 3), 3),
        (Entries(9, 99), 2),
        (Entries(11, 0), 0),
        (Entries(5, 4), 0),
    ],
)
def test_both_ends_are_included_and_nothing_selected_is_an_empty_array(selected: Selection, count: int) -> None:
    value = MADE.get(2, selected, NOW)
    assert value.rows == count
    assert value.data[:2] == bytes((1, count))
    assert len(value.data) == 2 + count * len(FIRST_ROW)


def test_the_attributes_around_the_buffer() -> None:
    assert MADE.get(1, None, NOW).data == bytes.fromhex("09060100630100ff")
    assert MADE.get(3, None, NOW).data[:21].hex() == "01030204120008090600000100" + "00ff0f0212000002"
    assert MADE.get(4, None, NOW).data == bytes.fromhex("0600000384")
    assert MADE.get(5, None, NOW).data == b"\x16\x01"
    assert MADE.get(6, None, NOW).data == bytes.fromhex("02041200080906000001 0000ff0f02120000".replace(" ", ""))
    assert MADE.get(7, None, NOW).data == bytes.fromhex("060000000a")
    assert MADE.get(8, None, NOW).data == bytes.fromhex("06000003c0")


def test_the_capture_objects_are_listed_in_order() -> None:
    listed = MADE.get(3, None, NOW).data
    assert listed.count(b"\x02\x04\x12") == 3
    assert listed.index(bytes.fromhex("0000600a02ff")) < listed.index(bytes.fromhex("0100010800ff"))


@pytest.mark.parametrize(
    ("attribute", "selected", "result"), [(9, None, Access.READ_WRITE_DENIED), (3, Entries(1, 0), Access.TYPE_UNMATCHED)]
)
def test_what_it_has_not_is_denied(attribute: int, selected: Selection, result: Access) -> None:
    with pytest.raises(AccessDenied) as denied:
        MADE.get(attribute, selected, NOW)
    assert denied.value.result is result

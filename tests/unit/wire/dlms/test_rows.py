"""Rows: the quick way and the slow way give the same; what fits neither is refused."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import dlms_support as meter
from kwartier.model.meter import Column, Profile
from kwartier.model.period import day_period, epoch_s, midnight
from kwartier.model.register import Channel
from kwartier.model.task import ProfileName
from kwartier.wire.dlms import rows
from kwartier.wire.dlms.errors import Malformed

NULL = b"\x00"
START = datetime(2026, 1, 14, 23, 0, tzinfo=UTC)
T0 = epoch_s(START)


def profile(name: ProfileName = ProfileName.E_INTERVAL) -> Profile:
    found = meter.smr5().profile(name)
    assert found is not None
    return found


def stamp(index: int, period: int = 900) -> bytes:
    return meter.octets(meter.date_time(START + timedelta(seconds=period * index)))


def same(one: rows.Rows, other: rows.Rows) -> None:
    """Fail unless two Rows are equal in values and types."""
    for a, b in ((one.stamps, other.stamps), (one.status, other.status), (one.capture, other.capture)):
        assert (a is None) == (b is None)
        if a is not None and b is not None:
            np.testing.assert_array_equal(a, b, strict=True)
    assert list(one.values) == list(other.values) == list(one.missing) == list(other.missing)
    for channel in one.values:
        np.testing.assert_array_equal(one.values[channel], other.values[channel], strict=True)
        np.testing.assert_array_equal(one.missing[channel], other.missing[channel], strict=True)


def test_a_regular_day() -> None:
    found = rows.decode(meter.quarters(START, 97), profile())
    assert found.stamps.dtype == np.int64
    assert found.status.dtype == np.uint8
    assert found.stamps.tolist() == [T0 + 900 * i for i in range(97)]
    assert found.status.tolist() == [8] * 97
    assert found.values[Channel.IMPORT].tolist() == [1000 + 7 * i for i in range(97)]
    assert found.values[Channel.EXPORT].tolist() == [50 + i for i in range(97)]
    assert not any(missing.any() for missing in found.missing.values())
    assert found.capture is None


@pytest.mark.parametrize(("day", "count"), [("2026-03-29", 93), ("2026-10-25", 101)])
def test_the_days_on_which_the_clock_changes(day: str, count: int) -> None:
    whole = day_period(datetime.fromisoformat(day).date())
    assert whole.end is not None
    found = rows.decode(meter.quarters(whole.start, count), profile())
    assert found.stamps[0] == epoch_s(whole.start)
    assert found.stamps[-1] == epoch_s(whole.end)
    assert set(np.diff(found.stamps).tolist()) == {900}


def test_null_data_stands_for_the_next_stamp_and_the_same_value() -> None:
    first = meter.structure(stamp(0), meter.u8(8), meter.u32(5), meter.u32(6))
    packed = meter.array(
        [
            first,
            meter.structure(NULL, NULL, meter.u32(7), NULL),
            meter.structure(NULL, meter.u8(0), NULL, meter.u32(9)),
        ]
    )
    plain = meter.array(
        [
            first,
            meter.structure(stamp(1), meter.u8(8), meter.u32(7), meter.u32(6)),
            meter.structure(stamp(2), meter.u8(0), meter.u32(7), meter.u32(9)),
        ]
    )
    same(rows.decode(packed, profile()), rows.decode(plain, profile()))


@pytest.mark.parametrize("change", ["2026-03-29", "2026-10-25"])
def test_the_next_stamp_of_a_daily_profile_is_the_next_local_midnight(change: str) -> None:
    day = datetime.fromisoformat(change).date()
    values = (meter.u8(0), *[meter.u32(1)] * 4)
    data = meter.array([meter.structure(meter.octets(meter.date_time(midnight(day))), *values), meter.structure(NULL, *values)])
    found = rows.decode(data, profile(ProfileName.E_DAY))
    assert found.stamps.tolist() == [epoch_s(midnight(day)), epoch_s(midnight(day + timedelta(days=1)))]


WIDTHS = [(0x11, 1), (0x12, 2), (0x06, 4), (0x15, 8), (0x0F, 1), (0x10, 2), (0x05, 4), (0x14, 8)]


@given(
    st.lists(st.tuples(st.integers(0, 127), st.sampled_from(WIDTHS), st.integers(0, 255)), min_size=1, max_size=12),
    st.sampled_from(WIDTHS),
)
def test_both_ways_agree(drawn: list[tuple[int, tuple[int, int], int]], width: tuple[int, int]) -> None:
    def row(index: int, value: int, kind: tuple[int, int], status: int) -> bytes:
        number = bytes((kind[0],)) + value.to_bytes(kind[1], "big")
        return meter.structure(stamp(index), meter.u8(status), number, meter.u32(value))

    regular = meter.array([row(i, value, width, status) for i, (value, _, status) in enumerate(drawn)])
    mixed = meter.array([row(i, value, kind, status) for i, (value, kind, status) in enumerate(drawn)])
    same(rows.decode(regular, profile()), rows.decode(mixed, profile()))


def gas(value: bytes, capture: bytes, index: int = 0) -> bytes:
    return meter.structure(stamp(index, 3600), meter.u8(0), value, meter.octets(capture))


def test_gas_has_a_capture_time() -> None:
    g = profile(ProfileName.G_INTERVAL)
    late = meter.date_time(START + timedelta(minutes=3))
    found = rows.decode(meter.array([gas(meter.u32(123456), late)]), g)
    assert found.values[Channel.GAS].tolist() == [123456]
    assert found.capture is not None
    assert found.capture.tolist() == [T0 + 180]


@pytest.mark.parametrize("quick", [True, False])
def test_a_value_that_nobody_knows_the_time_of_is_missing(*, quick: bool) -> None:
    g = profile(ProfileName.G_INTERVAL)
    known, unknown = meter.date_time(START), b"\xff" * 9 + b"\x80\x00\xff"
    second = gas(meter.u32(8) if quick else b"\x12\x00\x08", unknown, 1)
    found = rows.decode(meter.array([gas(meter.u32(7), known), second]), g)
    assert found.capture is not None
    assert found.capture.tolist() == [T0, rows.NO_CAPTURE]
    assert found.missing[Channel.GAS].tolist() == [False, True]
    assert found.values[Channel.GAS].tolist() == [7, 0]


@pytest.mark.parametrize("capture", [bytes(11), bytes(13), b""])
def test_a_capture_time_of_another_length_is_not_one_that_is_unknown(capture: bytes) -> None:
    with pytest.raises(Malformed):
        rows.decode(meter.array([gas(meter.u32(7), capture)]), profile(ProfileName.G_INTERVAL))


def test_null_data_with_nothing_before_is_a_missing_value_but_no_stamp() -> None:
    data = meter.array([meter.structure(stamp(0), meter.u8(0), NULL, meter.u32(6)), meter.structure(NULL, NULL, NULL, NULL)])
    found = rows.decode(data, profile())
    assert found.missing[Channel.IMPORT].tolist() == [True, True]
    assert found.missing[Channel.EXPORT].tolist() == [False, False]
    for first in (meter.structure(NULL, meter.u8(0), *[meter.u32(1)] * 2), meter.structure(stamp(0), NULL, *[meter.u32(1)] * 2)):
        with pytest.raises(Malformed):
            rows.decode(meter.array([first]), profile())


def test_no_rows() -> None:
    found = rows.decode(b"\x01\x00", profile())
    assert len(found.stamps) == len(found.status) == 0
    assert set(found.values) == {Channel.IMPORT, Channel.EXPORT}


def test_a_clock_may_be_a_date_time_of_its_own_type() -> None:
    written = b"\x19" + meter.date_time(START)
    data = meter.array([meter.structure(written, meter.u8(0), meter.u32(1), meter.u32(2))] * 2)
    assert rows.decode(data, profile()).stamps.tolist() == [T0, T0]


def scaled(power: int) -> Profile:
    e = profile()
    return replace(e, columns=tuple(replace(c, to_base=power) if c.channel else c for c in e.columns))


@pytest.mark.parametrize(("power", "expected"), [(0, 1239), (3, 1_239_000), (-1, 123), (-3, 1), (-4, 0)])
@pytest.mark.parametrize("quick", [True, False])
def test_raw_numbers_become_wh_rounded_down(power: int, expected: int, *, quick: bool) -> None:
    second = meter.structure(stamp(1) if quick else NULL, meter.u8(0), meter.u32(1239), meter.u32(0))
    data = meter.array([meter.structure(stamp(0), meter.u8(0), meter.u32(1239), meter.u32(0)), second])
    assert rows.decode(data, scaled(power)).values[Channel.IMPORT].tolist() == [expected] * 2


def test_numbers_beyond_an_int64_are_refused() -> None:
    def one(number: bytes) -> bytes:
        return meter.array([meter.structure(stamp(0), meter.u8(0), number, meter.u32(0))])

    most = (2**63 - 1).to_bytes(8, "big")
    assert rows.decode(one(b"\x15" + most), profile()).values[Channel.IMPORT].tolist() == [2**63 - 1]
    for number, model in ((b"\x15\x80" + bytes(7), profile()), (b"\x15" + most, scaled(1)), (b"\x05\xff\xff\xff\xff", profile())):
        with pytest.raises(Malformed):
            rows.decode(one(number), model)


def test_a_column_we_do_not_store_is_read_and_left_out() -> None:
    e = profile()
    other = Column("value", 3, e.columns[2].obis, 2, None, 0)
    found = rows.decode(meter.quarters(START, 3), replace(e, columns=(*e.columns[:2], other, e.columns[3])))
    assert set(found.values) == {Channel.EXPORT}


def test_a_selection_of_columns_is_read_as_such() -> None:
    e = profile()
    data = meter.array([meter.structure(stamp(0), meter.u8(0), meter.u32(5))])
    assert rows.decode(data, e, e.columns[:3]).values[Channel.IMPORT].tolist() == [5]


def test_what_is_returned_can_be_changed_without_changing_the_next() -> None:
    data = meter.quarters(START, 3)
    first = rows.decode(data, profile())
    with pytest.raises(ValueError, match="read-only"):
        first.stamps[0] = 0
    first.values[Channel.IMPORT][0] = 0
    assert rows.decode(data, profile()).values[Channel.IMPORT][0] == 1000


GOOD = meter.structure(stamp(0), meter.u8(0), meter.u32(1), meter.u32(2))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x01",
        b"\x02\x01" + GOOD,
        b"\x00",
        b"\x01\x02" + GOOD,
        b"\x01\x01" + GOOD + b"\x00",
        b"\x01\x00\x00",
        b"\x01\x01" + GOOD[:-1],
        meter.array([meter.structure(stamp(0), meter.u8(0), meter.u32(1))]),
        meter.array([meter.structure(stamp(0), meter.u8(0), meter.u32(1), meter.u32(2), meter.u32(3))]),
        meter.array([meter.structure(stamp(0), meter.u8(0), meter.octets(b"1"), meter.u32(2))]),
        meter.array([meter.structure(meter.u32(0), meter.u8(0), meter.u32(1), meter.u32(2))]),
        meter.array([meter.structure(stamp(0), b"\x12\x01\x00", meter.u32(1), meter.u32(2))]),
        meter.array([GOOD, meter.structure(NULL, b"\x12\x01\x00", meter.u32(1), meter.u32(2))]),
        meter.array([meter.structure(meter.octets(bytes(12)), meter.u8(0), meter.u32(1), meter.u32(2))]),
        meter.array([meter.structure(meter.octets(bytes(11)), meter.u8(0), meter.u32(1), meter.u32(2))]),
        meter.array([GOOD, meter.structure(meter.octets(bytes(12)), NULL, meter.u32(1), meter.u32(2))]),
        meter.array([GOOD] * 962),
        meter.array([meter.u32(5)]),
    ],
)
def test_what_fits_neither_way_is_refused(data: bytes) -> None:
    with pytest.raises(Malformed):
        rows.decode(data, profile())


def test_bytes_doubled_at_a_block_border_are_refused() -> None:
    """A server in the field does this, and protection does not notice."""
    data = meter.quarters(START, 97)
    for at in (300, 700, 1500):
        with pytest.raises(Malformed):
            rows.decode(data[:at] + data[at : at + 2] + data[at:], profile())

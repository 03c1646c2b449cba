"""Which rows go: by the basis, by a person's time, and at the boundary between two persons."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kwartier.model.channel_day import ChannelDay, Quality
from kwartier.model.period import Period, midnight
from kwartier.model.register import Channel
from kwartier.store.readings import Readings, layout
from kwartier.store.readings.going import NEEDED, Going, Part, without

DAY = date(2026, 11, 20)
NEXT = DAY + timedelta(days=1)
OWN, SUPPLIER, THIRD = 1 << 2, 1 << 3, 1 << 7
Make = Callable[..., ChannelDay]


def days(first: date, last: date) -> Period:
    return Period(midnight(first), midnight(last))


def table(*rows: ChannelDay) -> pa.Table:
    return layout.to_table(rows)


def kept(going: Going, *rows: ChannelDay) -> list[tuple[int, Channel, int]]:
    whole = table(*rows)
    going.count(whole.select(list(NEEDED)))
    return [(one.key, one.channel, one.basis) for one in layout.channel_days(going.stays(whole), DAY)]


def test_a_row_stays_as_long_as_one_rule_of_its_basis_holds_it(make: Make) -> None:
    rows = [replace(make(key), basis=basis) for key, basis in ((1, OWN), (2, SUPPLIER), (3, OWN | SUPPLIER), (4, 0))]
    going = Going(DAY, SUPPLIER | THIRD)
    assert kept(going, *rows) == [(2, Channel.IMPORT, SUPPLIER), (3, Channel.IMPORT, OWN | SUPPLIER)]
    assert (going.gone, going.erased) == ({1: 2}, 0)


def test_a_part_takes_rules_away_of_one_connection_only(make: Make) -> None:
    rows = [replace(make(key), basis=basis) for key, basis in ((1, OWN), (2, OWN), (3, OWN | SUPPLIER), (5, OWN | THIRD))]
    parts = [Part(key, days(date(2026, 1, 1), NEXT), OWN) for key in (1, 3, 4, 5)]
    going = Going(DAY, OWN | SUPPLIER | THIRD, parts)
    assert kept(going, *rows) == [(2, Channel.IMPORT, OWN), (3, Channel.IMPORT, SUPPLIER), (5, Channel.IMPORT, THIRD)]
    assert (going.gone, going.erased) == ({1: 1}, 1)


@pytest.mark.parametrize(
    ("period", "opens", "closes", "goes"),
    [
        (days(date(2026, 1, 1), DAY), True, True, True),
        (days(date(2026, 1, 1), DAY), True, False, False),
        (days(DAY, date(2026, 12, 1)), True, False, True),
        (days(DAY, date(2026, 12, 1)), False, True, False),
        (days(date(2026, 1, 1), NEXT), False, False, True),
        (days(NEXT, date(2026, 12, 1)), True, True, False),
        (days(date(2026, 1, 1), DAY - timedelta(days=1)), True, True, False),
    ],
)
def test_a_register_goes_where_nobody_else_shares_its_moment(
    make: Make,
    period: Period,
    opens: bool,  # noqa: FBT001 - pytest names them
    closes: bool,  # noqa: FBT001 - pytest names them
    goes: bool,  # noqa: FBT001 - pytest names them
) -> None:
    row = replace(make(1, channel=Channel.DAY_IMPORT_LOW), basis=OWN)
    going = Going(DAY, OWN, [Part(1, period, OWN, opens, closes)])
    assert kept(going, row) == ([] if goes else [(1, Channel.DAY_IMPORT_LOW, OWN)])


def test_of_a_day_that_two_share_only_the_intervals_of_the_one_go(make: Make) -> None:
    noon = midnight(DAY) + timedelta(hours=12)
    row = replace(make(1), basis=OWN, start=5000)
    values = np.frombuffer(row.deltas, np.int32)
    first = without(row, Period(midnight(DAY), noon))
    assert first is not None
    assert np.frombuffer(first.deltas, np.int32).tolist() == [0] * 48 + values[48:].tolist()
    assert first.start == 5000 + values[:48].sum(), "the register goes on from where the other's time begins"
    assert list(first.quality) == [Quality.MISSING] * 48 + [0] * 48
    last = without(row, Period(noon, midnight(NEXT)))
    assert last is not None
    assert np.frombuffer(last.deltas, np.int32).tolist() == values[:48].tolist() + [0] * 48
    assert last.start == 5000
    assert without(row, Period(midnight(DAY), midnight(NEXT))) is None
    going = Going(DAY, OWN | SUPPLIER, [Part(1, Period(noon, midnight(NEXT)), OWN)])
    assert kept(going, row, replace(make(2), basis=OWN)) == [(1, Channel.IMPORT, OWN), (2, Channel.IMPORT, OWN)]
    held = Going(DAY, OWN | SUPPLIER, [Part(1, Period(noon, midnight(NEXT)), OWN)])
    both = replace(row, basis=OWN | SUPPLIER)
    assert list(layout.channel_days(held.stays(table(both)), DAY)) == [both]
    assert (held.gone, going.gone) == ({}, {1: 1})


@given(st.integers(0, 96), st.integers(0, 96), st.binary(min_size=96, max_size=96))
def test_what_stays_of_a_row_is_what_it_was(start: int, end: int, noise: bytes) -> None:
    start, end = sorted((start, end))
    deltas = np.frombuffer(noise, np.uint8).astype(np.int32)
    row = ChannelDay(1, Channel.IMPORT, DAY, 100, deltas.tobytes(), b"", OWN, 1, 1)

    def at(place: int) -> datetime:
        return midnight(DAY) + timedelta(minutes=15 * place)

    left = without(row, Period(at(start), at(end)))
    if (start, end) == (0, 96):
        assert left is None
        return
    assert left is not None
    registers = 100 + np.concatenate([[0], np.cumsum(deltas)])
    found = left.start + np.concatenate([[0], np.cumsum(np.frombuffer(left.deltas, np.int32))])
    if start > 0:
        assert found[: start + 1].tolist() == registers[: start + 1].tolist()
    else:
        assert found[end:].tolist() == registers[end:].tolist()


def test_going_through_the_lake(lake: Readings, make: Make) -> None:
    assert lake.commit(1, lake.stage(1, [replace(make(key), basis=OWN if key % 2 else SUPPLIER) for key in range(5000)]))
    going = Going(DAY, OWN | SUPPLIER, [Part(7, days(date(2026, 1, 1), NEXT), OWN)])
    for rows in lake.scan_table(DAY, NEEDED):
        going.count(rows)
    lake.rewrite(DAY, going.stays)
    assert going.gone == {1: 1}
    assert [one.key for one in lake.scan(DAY)] == [key for key in range(5000) if key != 7]
    assert lake.day(8, DAY)[0] == replace(make(8), basis=SUPPLIER)

"""Range selectors: the bytes, and what cannot be asked."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

import dlms_support as meter
from kwartier.model.meter import Profile
from kwartier.model.period import epoch_s
from kwartier.model.register import Channel, Obis, mask_of
from kwartier.model.task import ProfileName
from kwartier.wire.dlms.client import selector
from kwartier.wire.dlms.errors import Misuse

MODEL = meter.smr5()
FIRST = epoch_s(datetime.fromisoformat("2026-07-15T00:00:00+02:00"))
LAST = epoch_s(datetime.fromisoformat("2026-07-16T00:00:00+02:00"))


def profile(name: ProfileName) -> Profile:
    found = MODEL.profile(name)
    assert found is not None
    return found


def test_a_range_names_the_clock_both_ends_and_all_columns() -> None:
    e = profile(ProfileName.E_INTERVAL)
    written = selector.by_range(e, 0, FIRST, LAST, e.columns)
    assert written.hex() == (
        "010204"
        "020412000809060000010000ff0f02120000"
        "090c07ea070fff00000000ff8880"
        "090c07ea0710ff00000000ff8880"
        "0100"
    )  # fmt: skip


def test_the_m_bus_channel_is_value_group_b_but_the_clock_stays_the_meters_own() -> None:
    g = profile(ProfileName.G_INTERVAL)
    assert str(selector.on_channel(g.obis, 2)) == "0-2:24.3.0"
    written = selector.by_range(g, 2, FIRST, LAST, g.columns[:3])
    assert bytes.fromhex("12000809060000010000ff") in written
    assert bytes.fromhex("12000109060002600a03ff") in written
    assert bytes.fromhex("120004090600021802") in written


def test_only_needed_columns_are_asked_where_the_meter_can_select_them() -> None:
    e = profile(ProfileName.E_INTERVAL)
    only_import = mask_of([Channel.IMPORT])
    assert selector.columns_for(MODEL, e, only_import) == e.columns
    able = replace(MODEL, selects_columns=True)
    columns = selector.columns_for(able, e, only_import)
    assert [c.channel for c in columns] == [None, None, Channel.IMPORT]
    written = selector.by_range(e, 0, FIRST, LAST, columns)
    assert bytes.fromhex("0103") in written
    assert Obis.parse("1-0:1.8.0").code in written
    assert Obis.parse("1-0:2.8.0").code not in written


def test_what_cannot_be_asked_is_our_own_error() -> None:
    e = profile(ProfileName.E_INTERVAL)
    with pytest.raises(Misuse):
        selector.by_range(e, 0, LAST, FIRST, e.columns)
    with pytest.raises(Misuse):
        selector.on_channel(e.obis, 5)
    clockless = replace(e, columns=e.columns[1:])
    with pytest.raises(Misuse):
        selector.by_range(clockless, 0, FIRST, LAST, clockless.columns)


def test_a_log_is_asked_by_its_clock_byte_by_byte() -> None:
    first, last = (int(datetime(2026, month, 1, tzinfo=UTC).timestamp()) for month in (7, 12))
    assert (
        selector.by_clock(first, last).hex()
        == (
            "010204"  # selector 1, four parameters
            "0204120008090600000100" + "00ff0f02120000"  # clock, 0-0:1.0.0, attribute 2
            "090c07ea0701ff02000000ff8880"  # 2026-07-01 02:00 in summer
            "090c07ea0c01ff01000000ffc400"  # 2026-12-01 01:00 in winter
            "0100"  # all columns
        )
    )
    with pytest.raises(Misuse):
        selector.by_clock(last, first)
    assert selector.by_clock(first, first)

"""gurux-dlms, written by others, reads every profile of our meter, all rows and by range: HLS5-GMAC, authenticated and encrypted.

What a meter holds is told twice by the town: in its truth.parquet for the two days of it, and by its own series for every row.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import Any

import pytest

from chain_support import DAY, HOMES, SEED
from foreign_client_support import Truth, ask, sound_meter
from kwartier.model.period import HOUR_S, QUARTER_S, ZONE, epoch_s, midnight
from kwartier.model.register import Channel
from kwartier.simulator import devices, identity, smr5
from kwartier.simulator.held import Series
from kwartier.simulator.town import Town

E_INTERVAL, E_DAY, G_INTERVAL, G_DAY = "1.0.99.1.0.255", "1.0.99.2.0.255", "0.1.24.3.0.255", "0.1.24.3.1.255"
LAYOUTS = {E_INTERVAL: smr5.E_INTERVAL, E_DAY: smr5.E_DAY, G_INTERVAL: smr5.G_INTERVAL, G_DAY: smr5.G_DAY}
CHANNELS = {
    E_INTERVAL: (Channel.IMPORT, Channel.EXPORT),
    E_DAY: (Channel.DAY_IMPORT_LOW, Channel.DAY_IMPORT_NORMAL, Channel.DAY_EXPORT_LOW, Channel.DAY_EXPORT_NORMAL),
    G_INTERVAL: (Channel.GAS,),
    G_DAY: (Channel.DAY_GAS,),
}
DAYS = (DAY - timedelta(days=1), DAY)
OPENS, CLOSES = midnight(DAYS[0]), midnight(DAY + timedelta(days=1))


@dataclass(frozen=True)
class Read:
    """What gurux-dlms read, by profile, and what the town says the meter holds."""

    said: dict[str, Any]
    truth: Truth


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> Read:
    """Read the meter once, all profiles in one association."""
    with sound_meter(tmp_path_factory.mktemp("gurux") / "data") as meter:
        moments = (OPENS.astimezone(ZONE).isoformat(), CLOSES.astimezone(ZONE).isoformat())
        return Read(ask("gurux-dlms", "foreign_gurux.py", meter, *moments, *LAYOUTS), meter.truth)


def moment(cell: str) -> int:
    """Return epoch seconds of a COSEM date-time: local fields, and the minutes from them to UTC."""
    octets = bytes.fromhex(cell)
    year, offset = int.from_bytes(octets[:2], "big"), int.from_bytes(octets[9:11], "big", signed=True)
    month, day, _, hour, minute, second = octets[2:8]
    return epoch_s(datetime(year, month, day, hour, minute, second, tzinfo=UTC) + timedelta(minutes=offset))


def registers(truth: Truth, channel: Channel) -> dict[int, int]:
    """Return what truth.parquet says the register stood at, at every moment of the two days, both their ends included."""
    if channel >= Channel.DAY_IMPORT_LOW:
        return {epoch_s(midnight(day)): truth[channel, day]["start"] for day in (*DAYS, DAY + timedelta(days=1))}
    step = HOUR_S if channel is Channel.GAS else QUARTER_S
    found: dict[int, int] = {}
    for day in DAYS:
        held = truth[channel, day]
        assert not held["quality"], "a sound meter"
        stood = accumulate(held["deltas"], initial=held["start"])
        found |= {epoch_s(midnight(day)) + step * place: value for place, value in enumerate(stood)}
    return found


def series(name: str) -> Series:
    """Return what the town's first home holds in this profile, newest rows and older ones, from the same seed."""
    meter = devices.meter_of(Town(SEED, HOMES, DAY), identity.home_number(0))
    return {E_INTERVAL: meter.intervals, E_DAY: meter.days, G_INTERVAL: meter.gas_hours, G_DAY: meter.gas_days}[name]()


def column(rows: Sequence[Sequence[Any]], place: int) -> dict[int, int]:
    """Return a column by its rows' moments."""
    return {moment(row[0]): row[place] for row in rows}


@pytest.mark.parametrize("name", LAYOUTS)
def test_it_learns_what_a_profile_captures(read: Read, name: str) -> None:
    told = [[".".join(map(str, each.obis.code)), each.attribute] for each in LAYOUTS[name].columns]
    assert read.said[name]["captures"] == told


@pytest.mark.parametrize("name", LAYOUTS)
def test_by_range_it_reads_what_the_truth_says(read: Read, name: str) -> None:
    rows = read.said[name]["range"]
    for place, channel in enumerate(CHANNELS[name], start=2):
        truth = registers(read.truth, channel)
        assert len(rows) == len(truth)
        assert column(rows, place) == truth


@pytest.mark.parametrize("name", LAYOUTS)
def test_all_rows_are_those_that_the_meter_holds(read: Read, name: str) -> None:
    rows, held, layout = read.said[name]["all"], series(name), LAYOUTS[name]
    newest = [moment(row[0]) for row in rows]
    assert len(rows) == layout.entries, "the memory is full"
    end = list(held.stamps).index(newest[-1]) + 1
    kept = slice(end - layout.entries, end)
    assert newest == held.stamps[kept].tolist()
    assert [row[1] for row in rows] == held.status[kept].tolist()
    for place in range(len(CHANNELS[name])):
        assert [row[2 + place] for row in rows] == held.values[place][kept].tolist()
    if held.capture is not None:
        assert [moment(row[-1]) for row in rows] == held.capture[kept].tolist()

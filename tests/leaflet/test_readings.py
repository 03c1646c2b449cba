"""The leaflet on reading: remotely, in principle at night, quarter-hours and hours, for all connections."""

from collections import Counter
from datetime import datetime, timedelta

import numpy as np
import pyarrow.parquet as pq
import pytest

from chain_support import DAY
from kwartier.model.period import day_period, midnight
from kwartier.model.register import Channel
from kwartier.store.registry import names
from kwartier.workflows import installation
from leaflet_support import HOMES, Place

pytestmark = [pytest.mark.database, pytest.mark.xdist_group("leaflet")]


def test_s01_the_operator_can_read_smart_meters_remotely(place: Place) -> None:
    """Over encrypted associations, each released; what was stored is what the meters held."""
    events = Counter(one["event"] for one in place.sessions())
    assert events["profile"] >= place.said["read"] > HOMES
    assert events["associated"] == events["released"] + events["dropped"]
    assert events["unreleased"] == 0
    table = pq.read_table(place.data / "town" / "truth.parquet").to_pylist()
    truth = {(row["ean"], row["channel"], row["day"]): (row["start"], list(row["deltas"])) for row in table}
    with installation.opened(place.data) as house:
        held = [day for when in house.readings.days_held() for day in house.readings.scan(when)]
        with house.operator() as c:
            eans = names.eans(c, {day.key for day in held})
    assert len(held) >= place.said["channel_days"] > 100
    stored = {(eans[day.key].reveal(), int(day.channel), day.day): day for day in held if day.day == DAY}
    assert stored
    for key, day in stored.items():
        assert (day.start, np.frombuffer(day.deltas, np.int32).tolist()) == truth[key]


def test_s13_in_principle_read_at_night_what_was_used_that_day(place: Place) -> None:
    """The night is about the day that is over: no row of another day than its own, and its two midnights, is asked for usage."""
    opens, closes = (round(moment.timestamp()) for moment in (midnight(DAY), midnight(DAY + timedelta(days=1))))
    asked = [
        one for one in place.sessions() if one["event"] == "profile" and "99.98" not in one["obis"] and "99.97" not in one["obis"]
    ]
    of_the_day = [one for one in asked if opens <= one["first_s"] <= one["last_s"] <= closes]
    assert len(of_the_day) >= place.said["read"]
    assert place.said["date"] == DAY.isoformat()
    assert all(datetime.fromisoformat(one["at"]) >= day_period(DAY).start for one in asked)


def test_s14_quarter_hour_values_for_electricity_and_hourly_values_for_gas(place: Place) -> None:
    whole = day_period(DAY)
    assert whole.end is not None
    hours = round((whole.end - whole.start).total_seconds()) // 3600
    with installation.opened(place.data) as house:
        lengths = {(day.channel, len(day.deltas) // 4) for day in house.readings.scan(DAY)}
    assert (Channel.IMPORT, 4 * hours) in lengths
    assert (Channel.GAS, hours) in lengths
    fine = {length for channel, length in lengths if channel in {Channel.IMPORT, Channel.EXPORT}}
    assert fine == {4 * hours}


def test_s20_all_of_it_for_every_connection_every_night(place: Place) -> None:
    """Batch by batch, in any number: the same night again asks nothing new, and every home is in its account."""
    place.night()  # what was permitted since the first one
    again = place.night()
    assert (again["homes"], again["meters"]) == (HOMES, place.said["meters"])
    assert again["read"] == again["parcels"] == 0
    assert place.asked("audit", "replay")["uncovered"] == 0

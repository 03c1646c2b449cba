"""Documents hold exactly what the permit covers, in local time with offsets, with units."""

import json
from array import array
from datetime import UTC, date, datetime, timedelta

import pytest

from kwartier.delivery import customer, document, supplier, third_party
from kwartier.delivery.errors import NotForReceiver
from kwartier.grounds.decide import decide
from kwartier.model.channel_day import ChannelDay, Quality
from kwartier.model.ean import Ean
from kwartier.model.ground import (
    Action,
    Agreement,
    DataClass,
    Facts,
    Occupancy,
    Permission,
    Purpose,
    Request,
    Requester,
    Role,
    Supply,
)
from kwartier.model.period import Period, day_period, midnight
from kwartier.model.permit import Permit
from kwartier.model.register import DAY_MASK, GAS_MASK, Channel, Product, mask_of

EAN = Ean("871687400002065714")
AT = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
LONG = Period(datetime(2020, 1, 1, tzinfo=UTC))
DAY = date(2026, 11, 23)
IMPORT_ONLY = mask_of([Channel.IMPORT])
E_DAY = DAY_MASK & ~GAS_MASK

FACTS = Facts(
    connection=5,
    area="noord",
    occupancies=(Occupancy(1, 70, LONG),),
    supplies=(Supply(2, 80, LONG),),
    agreements=(Agreement(3, 80, Role.SUPPLIER, LONG), Agreement(4, 90, Role.THIRD_PARTY, LONG)),
    permissions=(Permission(6, 70, 90, IMPORT_ONLY, "advice", LONG, LONG),),
)


def permit(role: Role, who: int, action: Action, purpose: Purpose, mask: int, period: Period) -> Permit:
    """Return the permit for a request, by the real decision."""
    kind = DataClass.REGISTER if mask & DAY_MASK else DataClass.PROFILE
    answer = decide(Request(Requester(role, who), action, purpose, 5, mask, period, kind), FACTS, at=AT)
    assert isinstance(answer, Permit), answer
    return answer


def quarters(day: date, channel: Channel, count: int, quality: bytes = b"") -> ChannelDay:
    """Return a channel-day whose n-th interval is worth n."""
    return ChannelDay(5, channel, day, 1000, array("i", range(count)).tobytes(), quality, 0, 1, 1)


def app_permit(day: date) -> Permit:
    """Return the third party's permit to have a day delivered."""
    return permit(Role.THIRD_PARTY, 90, Action.DELIVER, Purpose.THIRD_PARTY_SERVICE, IMPORT_ONLY, day_period(day))


def heading(granted: Permit) -> document.Heading:
    """Return a heading about what was granted."""
    return document.Heading("ref", AT, EAN, Product.ELECTRICITY, granted.request.purpose, granted.request.period, (granted,))


def test_a_third_party_gets_the_channels_of_the_permission_and_no_other() -> None:
    days = [quarters(DAY, Channel.IMPORT, 96), quarters(DAY, Channel.EXPORT, 96)]
    body = json.loads(third_party.usage(heading(app_permit(DAY)), days))
    assert [one["register"] for one in body["series"]] == ["1-0:1.8.0"]
    assert body["series"][0]["values"] == list(range(96))
    assert body["metering_point"] == EAN.reveal()
    assert body["grounds"][0]["permit"] == app_permit(DAY).id.hex()


@pytest.mark.parametrize(("day", "count"), [(date(2026, 3, 29), 92), (date(2025, 10, 26), 100), (DAY, 96)])
def test_every_quarter_of_a_day_starts_where_the_clock_says(day: date, count: int) -> None:
    body = json.loads(third_party.usage(heading(app_permit(day)), [quarters(day, Channel.IMPORT, count)]))
    starts = document.starts(body["series"][0])
    assert len(starts) == len(set(starts)) == count
    assert starts[0] == document.local(midnight(day))
    if count == 100:
        assert {s[11:] for s in starts} >= {"02:00:00+02:00", "02:00:00+01:00"}


def test_a_missing_interval_has_no_value_and_says_so() -> None:
    marks = bytes([Quality.MISSING, Quality.CARRIES_GAP, *[0] * 94])
    body = json.loads(third_party.usage(heading(app_permit(DAY)), [quarters(DAY, Channel.IMPORT, 96, marks)]))
    assert body["series"][0]["values"][:3] == [None, 1, 2]
    assert body["series"][0]["quality"][:3] == ["missing", "sum-of-gap", "valid"]


def test_a_supplier_gets_registers_with_their_tariff() -> None:
    moment = Period(midnight(DAY), midnight(DAY))
    granted = permit(Role.SUPPLIER, 80, Action.DELIVER, Purpose.PERIODIC_READING, E_DAY, moment)
    low = ChannelDay(5, Channel.DAY_IMPORT_LOW, DAY, 4711, b"", b"", 0, 1, 1)
    other_day = ChannelDay(5, Channel.DAY_IMPORT_LOW, date(2026, 11, 22), 4700, b"", b"", 0, 1, 1)
    body = json.loads(supplier.readings(heading(granted), [low, other_day]))
    assert body["series"] == []
    assert {r["at"] for r in body["readings"]} == {"2026-11-23T00:00:00+01:00"}
    assert [(r["register"], r["tariff"], r["value"], r["unit"], r.get("quality")) for r in body["readings"]] == [
        ("1-0:1.8.1", "low", 4711, "Wh", None),
        ("1-0:1.8.2", "normal", None, "Wh", "missing"),
        ("1-0:2.8.1", "low", None, "Wh", "missing"),
        ("1-0:2.8.2", "normal", None, "Wh", "missing"),
    ]


def test_a_register_that_the_meter_doubts_says_so() -> None:
    moment = Period(midnight(DAY), midnight(DAY))
    doubted = ChannelDay(5, Channel.DAY_IMPORT_LOW, DAY, 4711, b"", bytes([Quality.NOT_VALID]), 0, 1, 1)
    granted = permit(Role.SUPPLIER, 80, Action.DELIVER, Purpose.PERIODIC_READING, E_DAY, moment)
    body = json.loads(supplier.readings(heading(granted), [doubted]))
    assert (body["readings"][0]["value"], body["readings"][0]["quality"]) == (4711, "not-valid")
    own = permit(Role.CUSTOMER, 70, Action.DELIVER, Purpose.OWN_ACCESS, E_DAY, moment)
    assert customer.download_csv(heading(own), [doubted]).decode().splitlines()[1:] == [
        f"{EAN.reveal()},1-0:1.8.1,consumption,low,2026-11-23T00:00:00+01:00,,4711,Wh,not-valid"
    ]


def test_a_day_that_is_not_there_is_missing_to_a_party_and_absent_from_a_download() -> None:
    body = json.loads(third_party.usage(heading(app_permit(DAY)), []))
    (one,) = body["series"]
    assert (one["values"], one["quality"]) == ([None] * 96, ["missing"] * 96)
    own = permit(Role.CUSTOMER, 70, Action.DELIVER, Purpose.OWN_ACCESS, IMPORT_ONLY, day_period(DAY))
    body = json.loads(customer.download_json(heading(own), []))
    assert (body["series"], body["readings"]) == ([], [])


@pytest.mark.parametrize("day", [date(2026, 3, 29), date(2025, 10, 26), DAY])
def test_part_of_a_day_is_told_from_there_and_until_there(day: date) -> None:
    count = {date(2026, 3, 29): 92, date(2025, 10, 26): 100}.get(day, 96)
    opens = midnight(day)
    part = Period(opens + timedelta(hours=6), opens + timedelta(hours=20, minutes=7))
    granted = permit(Role.THIRD_PARTY, 90, Action.DELIVER, Purpose.THIRD_PARTY_SERVICE, IMPORT_ONLY, part)
    (one,) = json.loads(third_party.usage(heading(granted), [quarters(day, Channel.IMPORT, count)]))["series"]
    assert one["values"] == list(range(24, 80)), "the quarter that ends after the period is no part of it"
    assert document.starts(one)[0] == document.local(part.start)


def test_each_kind_of_receiver_takes_only_its_own_kind_of_permit() -> None:
    days = [quarters(DAY, Channel.IMPORT, 96)]
    with pytest.raises(NotForReceiver):
        supplier.readings(heading(app_permit(DAY)), days)
    with pytest.raises(NotForReceiver):
        customer.download_csv(heading(app_permit(DAY)), days)
    moment = Period(midnight(DAY), midnight(DAY))
    granted = permit(Role.SUPPLIER, 80, Action.DELIVER, Purpose.PERIODIC_READING, E_DAY, moment)
    with pytest.raises(NotForReceiver):
        third_party.usage(heading(granted), days)


def test_the_customers_csv_has_a_line_for_every_value() -> None:
    granted = permit(Role.CUSTOMER, 70, Action.DELIVER, Purpose.OWN_ACCESS, IMPORT_ONLY, day_period(DAY))
    lines = customer.download_csv(heading(granted), [quarters(DAY, Channel.IMPORT, 96)]).decode().splitlines()
    assert len(lines) == 1 + 96
    assert lines[2] == f"{EAN.reveal()},1-0:1.8.0,consumption,,2026-11-23T00:15:00+01:00,PT15M,1,Wh,valid"

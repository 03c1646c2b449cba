"""A reading that closes a year or a period gives its paper once, whatever is killed meanwhile, of what this supplier was handed."""

import json
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from kwartier.model.ground import Purpose, Requester, Role
from kwartier.model.period import midnight
from kwartier.model.register import DAY_MASK, GAS_MASK, Channel, channels_of
from kwartier.workflows import delivery_round, refusal
from kwartier.workflows.delivery_round import bundle
from kwartier.workflows.delivery_round.papers import path_of
from kwartier.workflows.installation import Installation
from readings_support import channel_day, moment, permit, read
from registry_support import World, between

BEGAN, CLOSES, MONTH = date(2025, 3, 11), date(2026, 3, 11), date(2026, 4, 1)
E_DAY = DAY_MASK & ~GAS_MASK


class Supplied:
    """One home and its supplier, which was handed the reading at the start of its supply."""

    def __init__(self, facts: World, house: Installation) -> None:
        """Write the facts, read and deliver."""
        self.facts, self.house = facts, house
        self.home = facts.connection()
        facts.occupancy(self.home, facts.subject("PERSON"), between("2020-01-01"))
        facts.meter(self.home)
        self.party = facts.party()
        facts.agreement(self.party, between("2020-01-01"))
        self.supply = facts.supply(self.home, self.party, between("2025-03-11"))
        self.read(BEGAN, 1000, Purpose.SWITCH)
        self.round(BEGAN)

    def read(self, day: date, value: int, *purposes: Purpose) -> None:
        """Leave the registers of a midnight, read for the supplier; each channel stands a thousand higher than the one before."""
        who, at = Requester(Role.SUPPLIER, self.party), midnight(day) + timedelta(hours=2)
        permits = [permit(self.house, who, purpose, self.home, E_DAY, moment(day), at=at) for purpose in purposes]
        rows = [replace(channel_day(self.home, channel, day), start=value + 1000 * channel) for channel in channels_of(E_DAY)]
        read(self.house, rows, permits, at=at)

    def round(self, day: date, *then: Callable[[], object]) -> delivery_round.DeliveryReport:
        """Deliver in the morning of a day; at the n-th look at the clock the n-th thing happens first."""
        looks = iter(range(1000))

        def clock() -> datetime:
            n = next(looks)
            if n < len(then):
                then[n]()
            return midnight(day) + timedelta(hours=6, seconds=n)

        return delivery_round.run(self.house, clock=clock)

    def by_hand(self, day: date, value: int) -> delivery_round.DeliveryReport:
        """Let the customer read the registers in the morning of a day, in the same steps, and deliver the morning after."""
        at = midnight(day) + timedelta(hours=9)
        values = {channel: value + 1000 * channel for channel in channels_of(E_DAY)}
        refusal.take(self.house, self.home, values, read_at=at, how=refusal.How.CUSTOMER, at=at)
        return self.round(day + timedelta(days=1))

    def bill(self, opens: str) -> dict[str, Any]:
        """Return the bill of the year that began on a day."""
        return written(self.house)[f"annual-bill.json {opens}"]


@pytest.fixture
def supplied(opened: Installation, facts: World) -> Supplied:
    return Supplied(facts, opened)


def nothing() -> None:
    """Let time pass."""


def interrupt() -> None:
    """Be killed."""
    raise KeyboardInterrupt


def written(house: Installation) -> dict[str, dict[str, Any]]:
    """Return the papers in the outbox by the names of their files, without the parcel's."""
    found = {}
    for path in sorted(house.outbox.glob("*/*.papers.zip")):
        with zipfile.ZipFile(path) as box:
            assert box.testzip() is None
            for name in box.namelist():
                if name.endswith(".json"):
                    body = json.loads(box.read(name))
                    assert name == f"{body['reference']}/{name.split('/')[1]}"
                    found[f"{name.split('/')[1]} {body['period']['start'][:10]}"] = body
    return found


def test_a_reading_that_closes_a_year_gives_the_bill_once(supplied: Supplied) -> None:
    assert written(supplied.house) == {}
    supplied.read(CLOSES, 1700, Purpose.ANNUAL_BILL, Purpose.PERIODIC_READING)
    report = supplied.round(CLOSES)
    assert (report.delivered, report.papers) == (2, 1)
    (body,) = written(supplied.house).values()
    assert [(one["opening"], one["closing"], one["value"]) for one in body["usage"]] == [
        (1000 + 1000 * channel, 1700 + 1000 * channel, 700) for channel in channels_of(E_DAY)
    ]
    assert [one["rule"] for one in body["readings"]] == ["S4", "S2"]
    assert supplied.round(CLOSES) == delivery_round.DeliveryReport()
    assert list(written(supplied.house).values()) == [body]


def test_a_reading_that_ends_a_month_gives_the_overview(supplied: Supplied) -> None:
    supplied.read(date(2026, 3, 1), 1600, Purpose.PERIODIC_READING)
    supplied.round(date(2026, 3, 1))
    supplied.read(MONTH, 1900, Purpose.PERIODIC_READING)
    assert supplied.round(MONTH).papers == 1
    body = written(supplied.house)["overview.json 2026-03-01"]
    assert {one["value"] for one in body["usage"]} == {300}
    assert body["year_before"]["why"] == "not-own-period"
    assert supplied.round(MONTH).papers == 0


def test_a_reading_in_between_gives_no_paper(supplied: Supplied) -> None:
    supplied.read(date(2026, 3, 12), 1600, Purpose.PERIODIC_READING)
    report = supplied.round(date(2026, 3, 12))
    assert (report.delivered, report.papers) == (1, 0)
    assert not list(supplied.house.outbox.glob("*/*.zip"))


@pytest.mark.parametrize("look", [4, 5])
def test_killed_after_the_name_a_start_makes_the_papers_whole(supplied: Supplied, look: int) -> None:
    """At look 4 before the papers are made, at look 5 after, before the bundle is marked."""
    supplied.read(CLOSES, 1700, Purpose.ANNUAL_BILL)
    with pytest.raises(KeyboardInterrupt):
        supplied.round(CLOSES, *[nothing] * look, interrupt)
    assert len(written(supplied.house)) == look - 4
    assert supplied.round(CLOSES) == delivery_round.DeliveryReport()
    (body,) = written(supplied.house).values()
    assert {one["value"] for one in body["usage"]} == {700}
    assert len(list(supplied.house.outbox.glob("*/*.zip"))) == 1


def test_papers_half_written_are_swept(supplied: Supplied) -> None:
    (box,) = {path.parent for path in supplied.house.outbox.glob("*/*.jsonl")}
    half = path_of(box / "gone.jsonl").with_suffix(bundle.ASIDE)
    half.write_bytes(b"PK")
    supplied.round(CLOSES)
    assert not half.exists()


def test_an_opening_reading_that_the_supplier_may_not_have_any_more_is_not_used(supplied: Supplied) -> None:
    """It turned out that the meter was off until then: a register at the end of that tells what was used before."""
    supplied.facts.restriction(supplied.home, between("2025-02-01", "2025-03-11"))
    supplied.read(CLOSES, 1700, Purpose.ANNUAL_BILL)
    supplied.round(CLOSES)
    (body,) = written(supplied.house).values()
    assert {one["why"] for one in body["usage"]} == {"no-reading-delivered"}
    assert {one["opening"] for one in body["usage"]} == {None}
    assert [one["at"][:10] for one in body["readings"]] == ["2026-03-11"]


def test_time_in_which_the_meter_was_off_is_not_told(supplied: Supplied) -> None:
    supplied.facts.restriction(supplied.home, between("2025-06-01", "2025-09-01"))
    supplied.read(CLOSES, 1700, Purpose.ANNUAL_BILL)
    supplied.round(CLOSES)
    (body,) = written(supplied.house).values()
    assert {one["why"] for one in body["usage"]} == {"not-readable-in-between"}


def test_readings_of_another_supplier_are_not_used(supplied: Supplied) -> None:
    """The registers of the year before lie in the lake: they were read for somebody else."""
    rows = [replace(channel_day(supplied.home, Channel.DAY_IMPORT_LOW, date(2025, 4, 1)), start=1)]
    read(supplied.house, rows, at=midnight(date(2025, 4, 1)) + timedelta(hours=2))
    supplied.read(date(2025, 5, 1), 1200, Purpose.PERIODIC_READING)
    supplied.round(date(2025, 5, 1))
    body = written(supplied.house)["overview.json 2025-03-11"]
    assert {one["value"] for one in body["usage"]} == {200}
    assert {one["at"][:10] for one in body["readings"]} == {"2025-03-11", "2025-05-01"}


@pytest.fixture
def off(supplied: Supplied) -> Supplied:
    """The bill of the first year has left; half a year later the meter was switched off administratively."""
    supplied.read(CLOSES, 1700, Purpose.ANNUAL_BILL)
    supplied.round(CLOSES)
    supplied.facts.restriction(supplied.home, between("2026-09-01", "2027-09-01"))
    return supplied


def test_a_year_that_no_meter_closes_is_closed_by_the_first_reading_by_hand_after_it(off: Supplied) -> None:
    report = off.by_hand(date(2027, 3, 20), 2500)
    assert (report.delivered, report.papers) == (1, 1)
    body = off.bill("2026-03-11")
    assert {one["value"] for one in body["usage"]} == {800}, "it tells of the time in which nobody read remotely, by its own row"
    assert body["period"]["end"] == "2027-03-20T09:00:00+01:00"
    assert [(one["rule"], one.get("read"), one.get("by"), one.get("method")) for one in body["readings"]] == [
        ("S2", None, None, None),
        ("S5", "by-hand", "customer", "22"),
    ]
    (path,) = [one for one in off.house.outbox.glob("*/*.papers.zip") if body["reference"] in zipfile.ZipFile(one).namelist()[0]]
    pages = {name.split(".")[-2]: zipfile.ZipFile(path).read(name).decode() for name in zipfile.ZipFile(path).namelist()}
    assert "De stand van 20 maart 2027 heeft iemand aan de meter zelf opgenomen" in pages["nl"]
    assert "The reading of 20 March 2027 was taken at the meter itself" in pages["en"]


def test_one_reading_by_hand_closes_a_year_and_the_next_opens_with_it(off: Supplied) -> None:
    off.by_hand(date(2027, 3, 20), 2500)
    assert off.by_hand(date(2027, 6, 1), 2600).papers == 0
    off.read(date(2028, 3, 11), 3000, Purpose.ANNUAL_BILL)
    assert off.round(date(2028, 3, 11)).papers == 1, "read remotely again"
    assert {one["value"] for one in off.bill("2027-03-20")["usage"]} == {500}


def test_two_that_come_at_once_give_one_bill_of_the_first(off: Supplied) -> None:
    for day, value in ((date(2027, 3, 21), 2510), (date(2027, 3, 20), 2500)):
        at = midnight(day) + timedelta(hours=9)
        now = midnight(date(2027, 3, 22))
        low = {Channel.DAY_IMPORT_LOW: value + 1000 * Channel.DAY_IMPORT_LOW}
        refusal.take(off.house, off.home, low, read_at=at, how=refusal.How.VISIT, at=now)
    report = off.round(date(2027, 3, 22))
    assert (report.delivered, report.papers) == (2, 1)
    assert [one["value"] for one in off.bill("2026-03-11")["usage"]] == [800]


def test_a_reading_that_comes_after_a_later_one_closed_the_year_gives_no_second_bill(off: Supplied) -> None:
    off.by_hand(date(2027, 3, 21), 2510)
    assert off.by_hand(date(2027, 3, 20), 2500).papers == 0


def test_in_the_first_year_nothing_is_closed_by_hand(supplied: Supplied) -> None:
    facts = supplied.facts
    home, supplier = facts.connection(), facts.party()
    facts.meter(home)
    facts.agreement(supplier)
    facts.supply(home, supplier, between("2026-08-01"))
    facts.restriction(home)
    at = midnight(date(2027, 3, 20))
    refusal.take(supplied.house, home, {Channel.DAY_IMPORT_LOW: 1}, read_at=at, how=refusal.How.VISIT, at=at)
    report = supplied.round(date(2027, 3, 20))
    assert (report.delivered, report.papers) == (1, 0)

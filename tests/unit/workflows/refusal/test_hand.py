"""Readings at the meter: whose turn it is, what is taken, and what contradicts what is known."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from kwartier.model.errors import BadInput
from kwartier.model.ground import Role
from kwartier.model.period import Period, epoch_s, midnight
from kwartier.model.register import Channel
from kwartier.model.task import ProfileName, Result, Task
from kwartier.store.registry import nights
from kwartier.store.registry.errors import AlreadyTaken
from kwartier.workflows import delivery_round, enrolment, inquiry, refusal, replay
from kwartier.workflows.installation import Installation
from kwartier.workflows.refusal import How, Implausible, NotYourMeter
from readings_support import channel_day, read
from registry_support import ALWAYS, DAY, NOON, World, between, on, outcome

LOW, NORMAL = Channel.DAY_IMPORT_LOW, Channel.DAY_IMPORT_NORMAL
YEAR = timedelta(days=365)


class Home:
    """Somebody whose meter, which carries the gas, has been administratively off since the beginning of 2023."""

    def __init__(self, facts: World) -> None:
        """Write its facts."""
        self.power, self.gas, self.meter = facts.home()
        self.me = facts.subject("ME")
        for place in (self.power, self.gas):
            facts.occupancy(place, self.me)
        facts.restriction(self.power, between("2023-02-01"))


@pytest.fixture
def home(facts: World) -> Home:
    return Home(facts)


def turns(house: Installation, at: datetime, **ahead: timedelta) -> list[tuple[int, str, str]]:
    return [(one.connection, one.whose, one.by.date().isoformat()) for one in refusal.due(house, at=at, **ahead)]


def test_the_supplier_every_year_and_the_operator_every_three(opened: Installation, home: Home, facts: World) -> None:
    elsewhere = facts.connection()
    assert turns(opened, NOON.replace(year=2023)) == []
    assert turns(opened, NOON.replace(year=2024)) == [
        (home.power, Role.SUPPLIER, "2024-01-31"),
        (home.gas, Role.SUPPLIER, "2024-01-31"),
    ]
    assert {whose for _, whose, _ in turns(opened, NOON)} == {Role.SUPPLIER, Role.OPERATOR}
    assert elsewhere not in {connection for connection, _, _ in turns(opened, NOON)}
    for connection, values in ((home.power, {LOW: 5_000, NORMAL: 7_000}), (home.gas, {Channel.DAY_GAS: 900})):
        refusal.take(opened, connection, values, read_at=NOON - timedelta(days=1), how=How.CUSTOMER, at=NOON)
    assert turns(opened, NOON) == [(home.power, Role.OPERATOR, "2026-01-31"), (home.gas, Role.OPERATOR, "2026-01-31")]
    refusal.take(opened, home.power, {LOW: 5_001, NORMAL: 7_001}, read_at=NOON, how=How.VISIT, at=NOON)
    assert turns(opened, NOON) == [(home.gas, Role.OPERATOR, "2026-01-31")]
    assert (home.power, Role.SUPPLIER, "2027-03-10") in turns(opened, NOON, ahead=YEAR)


def test_another_choice_begins_no_turn_anew(opened: Installation, facts: World) -> None:
    power, gas, _ = facts.home()
    spans = [("2023-02-01", "2025-06-01"), ("2025-06-01", "2025-06-02"), ("2025-06-02", None)]
    for (first, last), kind in zip(spans, ("administratively_off", "refused", "administratively_off"), strict=True):
        facts.restriction(power, between(first, last), kind)
    visit = on("2023-03-01")
    for place, values in ((power, {LOW: 5_000}), (gas, {Channel.DAY_GAS: 900})):
        refusal.take(opened, place, values, read_at=visit, how=How.VISIT, at=visit)
    later = NOON.replace(year=2027)
    mine = [one for one in refusal.due(opened, at=later) if one.whose is Role.OPERATOR]
    by = visit.replace(year=2026)
    assert [(one.connection, one.kind, one.last, one.by) for one in mine] == [
        (place, "administratively_off", visit, by) for place in (power, gas)
    ]


def test_a_time_in_which_it_was_read_remotely_begins_them_anew(opened: Installation, facts: World) -> None:
    power = facts.connection()
    facts.meter(power)
    facts.restriction(power, between("2023-02-01", "2025-06-01"))
    facts.restriction(power, between("2025-07-01"), "refused")
    refusal.take(opened, power, {LOW: 5_000}, read_at=on("2023-03-01"), how=How.VISIT, at=NOON)
    assert {(one.last, one.by - on("2025-07-01") > YEAR) for one in refusal.due(opened, at=NOON, ahead=4 * YEAR)} == {
        (None, True),
        (None, False),
    }


def test_another_gas_meter_begins_no_turn_anew_but_its_closing_reading_does(opened: Installation, facts: World) -> None:
    power, gas = facts.connection(), facts.connection("gas")
    swapped = on("2024-06-01")
    for placed in (Period(on("2020-01-01"), swapped), Period(swapped)):
        facts.coupling(facts.meter(power, placed=placed), gas, placed)
    facts.restriction(power, between("2023-02-01"))
    assert (gas, Role.OPERATOR, "2026-01-31") in turns(opened, NOON)
    closing = swapped - timedelta(hours=1)
    refusal.take(opened, gas, {Channel.DAY_GAS: 900}, read_at=closing, how=How.VISIT, at=NOON)
    found = turns(opened, NOON, ahead=4 * YEAR)
    assert [by for place, whose, by in found if (place, whose) == (gas, Role.OPERATOR)] == ["2027-05-31"]


def test_what_was_taken_is_a_line_of_the_person_who_sees_it_on_that_day(opened: Installation, home: Home) -> None:
    refusal.take(opened, home.power, {LOW: 5_000, NORMAL: 7_000}, read_at=NOON, how=How.P1, at=NOON + timedelta(minutes=5))
    found = refusal.readings(opened, home.power, Period(NOON, NOON))
    assert [(one.channel, one.value, one.how) for one in found] == [(LOW, 5_000, "p1"), (NORMAL, 7_000, "p1")]
    (line,) = inquiry.who_saw(opened, home.me, DAY)
    assert (line.kind, line.mask) == ("hand_reading:taken", 1 << LOW | 1 << NORMAL)
    assert inquiry.who_saw(opened, home.me, DAY + timedelta(days=1)) == []


def test_what_contradicts_what_is_known_is_not_written_down(opened: Installation, home: Home) -> None:
    refusal.take(opened, home.power, {LOW: 5_000}, read_at=NOON - timedelta(days=9), how=How.VISIT, at=NOON)
    for values, rule in (({LOW: 4_999}, "V06"), ({LOW: 5_000 + 9 * 24 * 17_250 * 2}, "V07")):
        with pytest.raises(Implausible) as refused:
            refusal.take(opened, home.power, values, read_at=NOON, how=How.CUSTOMER, at=NOON)
        assert refused.value.rules == [rule]
        assert str(next(iter(values.values()))) not in str(refused.value)
    with pytest.raises(AlreadyTaken):
        refusal.take(opened, home.power, {LOW: 5_000}, read_at=NOON - timedelta(days=9), how=How.VISIT, at=NOON)
    assert len(refusal.readings(opened, home.power, Period(NOON - YEAR, NOON))) == 1


def test_what_the_meter_told_before_counts_too(opened: Installation, home: Home) -> None:
    day = DAY - timedelta(days=30)
    told = channel_day(home.power, LOW, day)
    batch = read(opened, [type(told)(told.key, LOW, day, 4711, b"", b"", 8, home.meter, 0)], at=NOON - timedelta(days=29))
    at_s = epoch_s(midnight(day))
    asked = Task(home.power, home.meter, ProfileName.E_DAY, 0, at_s, at_s, ())
    with opened.operator() as c:
        nights.add_outcomes(c, batch, [outcome(asked, Result.READ)])
    with pytest.raises(Implausible):
        refusal.take(opened, home.power, {LOW: 4_710}, read_at=NOON, how=How.CUSTOMER, at=NOON)
    assert refusal.take(opened, home.power, {LOW: 4_711}, read_at=NOON, how=How.CUSTOMER, at=NOON) == 1


def test_registers_of_something_else_or_of_nothing_are_refused(opened: Installation, home: Home, facts: World) -> None:
    for values, read_at in (({}, NOON), ({Channel.DAY_GAS: 1}, NOON), ({Channel.IMPORT: 1}, NOON), ({LOW: 1}, NOON + YEAR)):
        with pytest.raises(BadInput):
            refusal.take(opened, home.power, values, read_at=read_at, how=How.VISIT, at=NOON)
    for nowhere in (facts.connection(), 999):
        with pytest.raises(NotYourMeter):
            refusal.take(opened, nowhere, {LOW: 1}, read_at=NOON, how=How.VISIT, at=NOON)


IN_2027 = datetime(2027, 3, 10, 12, tzinfo=UTC)


AFTER = IN_2027 + timedelta(hours=1)


def parcels(house: Installation, at: datetime = AFTER) -> list[tuple[int, int, str]]:
    """Run a delivery round; return (receiver, mask, status) of what was handed over or withheld of readings taken by hand."""
    delivery_round.run(house, clock=lambda: at)
    with house.operator() as c:
        query = "select receiver, mask, status from kw.parcel where purpose = 'hand_reading' order by receiver"
        return c.execute(query).fetchall()


def test_from_its_edition_on_the_supplier_gets_what_was_taken(opened: Installation, home: Home, facts: World) -> None:
    supplier = facts.party()
    facts.agreement(supplier)
    facts.supply(home.power, supplier)
    refusal.take(opened, home.power, {LOW: 5_000}, read_at=NOON, how=How.CUSTOMER, at=NOON)
    assert parcels(opened, NOON + timedelta(hours=1)) == [], "the edition of 2026 has no row that lets it leave"
    refusal.take(opened, home.power, {LOW: 6_000, NORMAL: 1_000}, read_at=IN_2027, how=How.VISIT, at=IN_2027)
    assert parcels(opened) == [(supplier, 1 << LOW | 1 << NORMAL, "delivered")]
    (path,) = opened.outbox.glob("*/*.jsonl")
    document = json.loads(path.read_text("utf-8"))
    assert [(one["value"], one["at"], one["read"], one["by"], one["method"]) for one in document["readings"]] == [
        (6_000, "2027-03-10T13:00:00+01:00", "by-hand", "visit", "003"),
        (1_000, "2027-03-10T13:00:00+01:00", "by-hand", "visit", "003"),
    ]
    assert [one["rule"] for one in document["grounds"]] == ["S5"]


def test_of_a_meter_that_is_read_remotely_nothing_is_promised(opened: Installation, home: Home, facts: World) -> None:
    supplier, other = facts.party(), facts.home()[0]
    facts.agreement(supplier)
    facts.supply(other, supplier)
    refusal.take(opened, other, {LOW: 6_000}, read_at=IN_2027, how=How.VISIT, at=IN_2027)
    refusal.take(opened, home.power, {LOW: 6_000}, read_at=IN_2027, how=How.VISIT, at=IN_2027)
    assert parcels(opened) == [], "nor where nobody supplies"


def told(house: Installation, tmp_path: Path, file: str, *lines: str) -> None:
    """Import one file of facts a month after the reading."""
    folder = tmp_path / file
    folder.mkdir()
    (folder / f"{file}.csv").write_text("\n".join(lines) + "\n", "utf-8")
    report = enrolment.take(house, folder, dry_run=False, at=IN_2027 + MONTH)
    assert report.rejected == 0


def name(facts: World, query: str, key: int) -> str:
    (found,) = facts.c.execute(query.encode(), (key,)).fetchone() or ("",)
    return str(found)


EAN, CODE = "select ean from kw.connection where key = %s", "select code from kw.party where key = %s"
MONTH = timedelta(days=30)


def test_a_supplier_that_turns_out_to_have_supplied_then_gets_it_too(
    opened: Installation, home: Home, facts: World, tmp_path: Path
) -> None:
    first, second, never = facts.party(), facts.party(), facts.party()
    for one in (first, second, never):
        facts.agreement(one)
    facts.supply(home.power, first, between("2020-01-01", "2027-03-10"))
    refusal.take(opened, home.power, {LOW: 6_000}, read_at=IN_2027, how=How.VISIT, at=IN_2027)
    assert parcels(opened) == [], "nobody is known to have supplied then"
    there = name(facts, EAN, home.power)
    told(
        opened,
        tmp_path,
        "contracts",
        "ean,party,start,end",
        f"{there},{name(facts, CODE, second)},2027-03-10,2027-03-20",
        f"{there},{name(facts, CODE, never)},2027-03-20,",
    )
    late = AFTER + MONTH
    assert parcels(opened, late) == [(second, 1 << LOW, "delivered")]
    assert parcels(opened, late + timedelta(hours=1)) == [(second, 1 << LOW, "delivered")], "once"


def test_so_does_the_supplier_where_the_meter_turns_out_to_have_been_off(
    opened: Installation, facts: World, tmp_path: Path
) -> None:
    """Gas goes with the meter that carries it."""
    power, gas, _ = facts.home()
    supplier = facts.party()
    facts.agreement(supplier)
    for place in (power, gas):
        facts.occupancy(place, facts.subject())
        facts.supply(place, supplier)
    refusal.take(opened, gas, {Channel.DAY_GAS: 900}, read_at=IN_2027, how=How.CUSTOMER, at=IN_2027)
    assert parcels(opened) == []
    line = f"{name(facts, EAN, power)},administratively_off,2027-03-01,"
    told(opened, tmp_path, "restrictions", "ean,kind,start,end", line)
    assert parcels(opened, AFTER + MONTH) == [(supplier, 1 << Channel.DAY_GAS, "delivered")]


def test_what_was_taken_before_the_edition_goes_to_nobody_also_when_a_supplier_is_told_after(
    opened: Installation, home: Home, facts: World, tmp_path: Path
) -> None:
    supplier = facts.party()
    facts.agreement(supplier)
    refusal.take(opened, home.power, {LOW: 5_000}, read_at=NOON, how=How.CUSTOMER, at=NOON)
    line = f"{name(facts, EAN, home.power)},{name(facts, CODE, supplier)},2020-01-01,"
    told(opened, tmp_path, "contracts", "ean,party,start,end", line)
    assert parcels(opened, AFTER + MONTH) == []


def test_a_document_of_other_registers_than_were_taken_is_found(opened: Installation, home: Home, facts: World) -> None:
    supplier = facts.party()
    facts.agreement(supplier)
    facts.supply(home.power, supplier)
    refusal.take(opened, home.power, {LOW: 6_000}, read_at=IN_2027, how=How.VISIT, at=IN_2027)
    delivery_round.run(opened, clock=lambda: IN_2027 + timedelta(hours=1))

    def found() -> set[str]:
        return {one.code for one in replay.run(opened, at=IN_2027 + timedelta(days=1)).findings}

    before = found()
    assert "parcel-value-differs" not in before
    (path,) = opened.outbox.glob("*/*.jsonl")
    path.write_text(path.read_text("utf-8").replace('"value":6000', '"value":6001'), "utf-8")
    assert found() - before == {"parcel-value-differs"}


REPLACED = on("2026-02-01")


class Refused:
    """A home that refused: its smart meter is gone since February 2026, and a conventional one is there for each product."""

    def __init__(self, facts: World) -> None:
        """Write its facts."""
        self.power, self.gas, _ = facts.home(Period(ALWAYS.start, REPLACED))
        self.me = facts.subject("ME")
        for place in (self.power, self.gas):
            facts.occupancy(place, self.me)
            facts.restriction(place, Period(REPLACED), "refused")
            facts.conventional(place, Period(REPLACED), digits=5)


@pytest.fixture
def refused(facts: World) -> Refused:
    return Refused(facts)


def test_a_refused_home_is_read_at_its_conventional_meter_and_its_turns_pass(opened: Installation, refused: Refused) -> None:
    long_after = NOON.replace(year=2029)
    every = [(place, whose) for place in (refused.power, refused.gas) for whose in (Role.OPERATOR, Role.SUPPLIER)]
    assert {(place, whose) for place, whose, _ in turns(opened, long_after)} == set(every)
    visit = long_after - timedelta(days=1)
    refusal.take(opened, refused.power, {NORMAL: 12_345_600}, read_at=visit, how=How.VISIT, at=long_after)
    assert {place for place, _, _ in turns(opened, long_after)} == {refused.gas}
    refusal.take(opened, refused.gas, {Channel.DAY_GAS: 901_000}, read_at=visit, how=How.VISIT, at=long_after)
    assert turns(opened, long_after) == []
    (line,) = inquiry.who_saw(opened, refused.me, visit.date())[:1]
    assert line.kind == "hand_reading:taken"


def test_a_conventional_meter_is_judged_by_its_own_counters_alone(opened: Installation, refused: Refused) -> None:
    """What the smart meter before it showed is another counter's."""
    before, first, later = REPLACED - timedelta(days=1), REPLACED + timedelta(days=1), NOON
    refusal.take(opened, refused.power, {NORMAL: 40_000_000}, read_at=before, how=How.VISIT, at=NOON)
    refusal.take(opened, refused.power, {NORMAL: 12_000}, read_at=first, how=How.VISIT, at=NOON)
    with pytest.raises(Implausible) as lower:
        refusal.take(opened, refused.power, {NORMAL: 11_999}, read_at=later, how=How.CUSTOMER, at=NOON)
    assert lower.value.rules == ["V06"]
    assert refusal.take(opened, refused.power, {NORMAL: 12_000}, read_at=later, how=How.CUSTOMER, at=NOON) == 1
    for values, how in (({NORMAL: 100_000_000}, How.VISIT), ({NORMAL: 12_001}, How.P1), ({Channel.DAY_GAS: 1}, How.VISIT)):
        with pytest.raises(BadInput) as told:
            refusal.take(opened, refused.power, values, read_at=later, how=how, at=NOON)
        assert not isinstance(told.value, Implausible)
        assert "100" not in str(told.value)


def test_the_supplier_of_a_refused_home_gets_it_and_a_replay_decides_it_again(
    opened: Installation, refused: Refused, facts: World
) -> None:
    supplier = facts.party()
    facts.agreement(supplier)
    for place in (refused.power, refused.gas):
        facts.supply(place, supplier)
    for place, channel in ((refused.power, NORMAL), (refused.gas, Channel.DAY_GAS)):
        refusal.take(opened, place, {channel: 7_000}, read_at=IN_2027, how=How.CUSTOMER, at=IN_2027)
    assert sorted(parcels(opened)) == [(supplier, 1 << NORMAL, "delivered"), (supplier, 1 << Channel.DAY_GAS, "delivered")]

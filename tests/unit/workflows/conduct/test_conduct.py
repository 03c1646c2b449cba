"""Who may know what, and what a proposed edition would change, over a registry of a few homes."""

from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path

import pytest

from kwartier.grounds.errors import BadProposal
from kwartier.model.ground import Role
from kwartier.model.period import Period
from kwartier.model.register import DAY_MASK, GAS_MASK, INTERVAL_MASK
from kwartier.store.registry import parties
from kwartier.store.registry.errors import NotFound
from kwartier.workflows import conduct
from kwartier.workflows.conduct import Difference, Outcome
from kwartier.workflows.installation import Installation
from registry_support import DAY, NOON, World, between

pytestmark = pytest.mark.database

NOW = NOON + timedelta(days=400)


def code(house: Installation, key: int) -> str:
    with house.operator() as c:
        return next(one.code for one in parties.every(c) if one.key == key)


def wanted(house: Installation, folder: Path, text: str, *, days: int = 1, at_a_time: int = 99) -> tuple[Outcome, list[Difference]]:
    """Return what a proposal would change in the nights from DAY on, and every permit of it."""
    file = folder / "proposal.toml"
    file.write_text('id = "next"\n' + text)
    found: list[Difference] = []
    outcome = conduct.what_if(house, *conduct.read(file, at=NOON), DAY, days, at_a_time=at_a_time, each=found.append)
    return outcome, found


def test_a_party_is_told_what_it_may_see_and_why_it_may_not(opened: Installation, facts: World) -> None:
    home, anna, app = facts.connection(), facts.subject(), facts.party("third_party")
    supplier, other = facts.party(), facts.party()
    facts.occupancy(home, anna)
    for party in (app, supplier, other):
        facts.agreement(party)
    facts.supply(home, supplier)
    given = facts.permission(home, anna, app, mask=INTERVAL_MASK, live=between("2026-01-01", "2026-04-01"))
    found = conduct.may(opened, code(opened, app), home, at=NOON, now=NOW)
    assert [(one.rule, one.mask, one.fact) for one in found.may] == [("T1", INTERVAL_MASK, ("permission", given))]
    assert found.may_not == ()
    later = conduct.may(opened, code(opened, app), home, at=NOON + timedelta(days=60), now=NOW)
    assert (later.may, [one.rule for one in later.may_not]) == ((), ["F7"])
    assert [one.rule for one in conduct.may(opened, code(opened, supplier), home, at=NOON, now=NOW).may] == ["S1", "S2", "S3", "S4"]
    strange = conduct.may(opened, code(opened, other), home, at=NOON, now=NOW)
    assert strange.may == ()
    assert {one.rule for one in strange.may_not} == {"F4", "F5"}, "it has an agreement, though none with this connection"
    facts.restriction(home)
    barred = conduct.may(opened, code(opened, supplier), home, at=NOON, now=NOW)
    assert (barred.may, [one.rule for one in barred.bars]) == ((), ["F2"])


def test_that_the_operator_looks_after_a_meter_is_told_though_its_row_knows_usage_too(opened: Installation, facts: World) -> None:
    """An outage is traced by a log of events, a danger by voltages: of no product, so of gas as well."""
    for connection in (facts.connection(), facts.connection("gas")):
        facts.occupancy(connection, facts.subject())
        for purpose, data_class in (("outage", "event_log"), ("danger", "power_quality"), ("device_care", "device_state")):
            facts.use_case(purpose=purpose, data_class=data_class, mask=0)
        found = conduct.who(opened, connection, at=NOON, now=NOW)
        assert {one.rule for one in found.lines if one.requester.role is Role.OPERATOR} == {"O1", "O2", "O3"}


def test_who_may_see_a_connection_is_told_by_number_and_public_name(opened: Installation, facts: World) -> None:
    home, gas, anna, app = facts.connection(), facts.connection("gas"), facts.subject(), facts.party("third_party")
    facts.agreement(app)
    for connection in (home, gas):
        facts.occupancy(connection, anna)
    facts.permission(home, anna, app, mask=DAY_MASK)
    found = conduct.who(opened, home, at=NOON, now=NOW)
    assert [(one.rule, one.requester.role, one.requester.id) for one in found.lines] == [
        ("C1", Role.CUSTOMER, anna),
        ("T1", Role.THIRD_PARTY, app),
    ]
    assert found.parties[app] == "A party"
    assert [one.rule for one in conduct.who(opened, gas, at=NOON, now=NOW).lines] == ["C1"]


def test_a_look_stands_in_the_log_of_who_lived_there_then(opened: Installation, facts: World) -> None:
    home, before, now = facts.connection(), facts.subject("earlier-1"), facts.subject("later-1")
    facts.occupancy(home, before, between("2025-01-01", "2026-06-01"))
    facts.occupancy(home, now, between("2026-06-01"))
    supplier = facts.party()
    conduct.who(opened, home, at=NOON, now=NOW)
    conduct.may(opened, code(opened, supplier), home, at=NOW, now=NOW)
    looks = Period(NOW, NOW + timedelta(seconds=1))
    with opened.operator() as c:
        told = {who: opened.log.of_subject(c, who, home, looks) for who in ("earlier-1", "later-1")}
    shown = [(one.kind, one.actor, one.body) for one in told["earlier-1"] + told["later-1"]]
    assert shown == [("view:shown", "operator", {"shown": "grounds", "asked": party}) for party in (None, supplier)]


def test_what_is_not_there_is_not_found(opened: Installation, facts: World) -> None:
    home, supplier = facts.connection(), facts.party()
    with pytest.raises(NotFound):
        conduct.may(opened, "nobody", home, at=NOON, now=NOW)
    with pytest.raises(NotFound):
        conduct.may(opened, code(opened, supplier), home + 1, at=NOON, now=NOW)
    with pytest.raises(NotFound):
        conduct.who(opened, home + 1, at=NOON, now=NOW)


@pytest.fixture
def street(facts: World) -> Mapping[str, int]:
    """Three homes with one supplier: one shares with an app, one is administratively off; and a station under a use case."""
    supplier, app, transformer = facts.party(), facts.party("third_party"), facts.transformer()
    facts.agreement(supplier)
    facts.agreement(app)
    homes = [facts.connection(transformer=transformer) for _ in range(3)]
    for home in homes:
        facts.occupancy(home, facts.subject())
        facts.supply(home, supplier)
    subject = facts.c.execute("select subject from kw.occupancy where connection = %s", (homes[1],)).fetchone()
    assert subject is not None
    facts.permission(homes[1], subject[0], app, mask=INTERVAL_MASK)
    facts.restriction(homes[2])
    facts.use_case()
    facts.meter(transformer=transformer)
    return {"plain": homes[0], "shared": homes[1], "off": homes[2]}


def test_a_proposal_that_changes_nothing_changes_no_permit(opened: Installation, street: Mapping[str, int], tmp_path: Path) -> None:
    outcome, found = wanted(opened, tmp_path, "")
    assert (outcome.connections, outcome.touched, found) == (len(street), 0, [])
    assert outcome.asked == outcome.same > 0
    assert (outcome.base, outcome.proposal) == ("2026", "next")


def test_rows_that_are_off_take_their_permits_along(opened: Installation, street: Mapping[str, int], tmp_path: Path) -> None:
    outcome, found = wanted(opened, tmp_path, 'off = ["T1", "O5"]')
    assert [(one.connection, one.appears, one.rule, str(one.action)) for one in found] == [
        (street["shared"], False, "T1", "read"),
        (street["shared"], False, "T1", "deliver"),
        (0, False, "O5", "read"),
    ]
    assert outcome.touched == 1
    assert outcome.vanish.total() == len(found)
    assert outcome.same == outcome.asked - len(found)


def test_a_schedule_shows_over_a_month(opened: Installation, street: Mapping[str, int], tmp_path: Path) -> None:
    """Of 31 nights from 10 March on that about 31 March closes with a first of the month; the home that is off has no permit."""
    outcome, _ = wanted(opened, tmp_path, "[rule.S1]\nschedule = { days = [1] }\n", days=31)
    assert {(rule, str(action)): count for (rule, _, action), count in outcome.vanish.items()} == {
        ("S1", "read"): 2 * 30,
        ("S1", "deliver"): 2 * 30,
    }
    assert (outcome.appear.total(), outcome.touched) == (0, 2)
    back, _ = wanted(opened, tmp_path, 'base = "leaflet"\n[rule.S1]\nschedule = { }\n', days=31)
    assert back.appear.total() == 2 * 2 * 31, "no first of an odd month among these days"
    assert (back.vanish.total(), len(street)) == (0, back.connections)


def test_what_may_be_read_of_a_meter_that_is_off_appears_there_alone(
    opened: Installation, street: Mapping[str, int], facts: World, tmp_path: Path
) -> None:
    facts.use_case(purpose="device_care", data_class="device_state", mask=0)
    _, found = wanted(opened, tmp_path, "[when_off]\ndevice_state = true\n")
    assert [(one.connection, one.appears, one.rule) for one in found] == [(street["off"], True, "O1")]


def test_the_rows_of_an_edition_that_is_published_for_later_show_what_it_will_change(
    opened: Installation, street: Mapping[str, int], facts: World, tmp_path: Path
) -> None:
    facts.use_case(purpose="allocation", data_class="register", mask=DAY_MASK & ~GAS_MASK)
    outcome, found = wanted(opened, tmp_path, 'rows = "2027"')
    assert [(one.connection, one.appears, one.rule, str(one.action)) for one in found] == [
        *((street[name], True, "O8", "read") for name in ("plain", "shared")),
        (street["off"], True, "S5", "deliver"),
    ]
    assert (outcome.base, outcome.vanish.total()) == ("2026", 0)
    _, none = wanted(opened, tmp_path, 'rows = "2027"\noff = ["O8", "S5"]')
    assert none == []
    back, lost = wanted(opened, tmp_path, 'base = "2027"\nrows = "2026"')
    assert ([one.appears for one in lost], back.base) == ([False] * 3, "2027")


def test_the_edition_of_2028_takes_usage_from_outages_and_dangers_and_nothing_else(
    opened: Installation, street: Mapping[str, int], facts: World, tmp_path: Path
) -> None:
    for purpose in ("outage", "danger"):
        facts.use_case(purpose=purpose, data_class="profile", mask=INTERVAL_MASK & ~GAS_MASK)
        facts.use_case(purpose=purpose, data_class="event_log", mask=0)
    facts.use_case()
    outcome, found = wanted(opened, tmp_path, 'base = "2027"\nrows = "2028"')
    assert outcome.appear.total() == 0
    assert {(one.rule, str(one.action), one.appears) for one in found} == {(rule, "read", False) for rule in ("O2", "O3")}
    assert {one.connection for one in found} == {street[name] for name in ("plain", "shared")}
    assert len(found) == 4, "what the meter says of itself stays"


def test_some_connections_at_a_time_give_the_same_and_nothing_is_written(
    opened: Installation, street: Mapping[str, int], tmp_path: Path
) -> None:
    whole = wanted(opened, tmp_path, 'off = ["S1"]', days=3)
    with opened.operator() as c:
        before = c.execute("select count(*) from audit.pending").fetchone()
    assert wanted(opened, tmp_path, 'off = ["S1"]', days=3, at_a_time=1) == whole
    assert [one.connection for one in whole[1]] == sorted(one.connection for one in whole[1])
    assert {one.connection for one in whole[1]} == {street["plain"], street["shared"]}
    with opened.operator() as c:
        assert c.execute("select count(*) from audit.pending").fetchone() == before


@pytest.mark.parametrize(
    "text",
    [
        "no toml",
        'id = "x"\nbase = "2099"',
        'id = "x"\nrows = "2099"',
        'id = "x"\nrows = 3',
        'id = "x"\nbase = []',
        "id = 3",
        "\xff",
        "id = " + "[" * 100_000,
    ],
    ids=lambda text: text[:20],
)
def test_a_file_that_is_no_proposal_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "proposal.toml"
    file.write_bytes(text.encode("latin-1"))
    with pytest.raises(BadProposal):
        conduct.read(file, at=NOON)


def test_the_base_is_the_edition_of_the_day_unless_it_is_named(tmp_path: Path) -> None:
    file = tmp_path / "proposal.toml"
    file.write_text('id = "x"')
    assert [conduct.read(file, at=at)[0].id for at in (NOON, NOON - timedelta(days=365))] == ["2026", "leaflet"]
    assert date(2026, 1, 1).year == NOON.year

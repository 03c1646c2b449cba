"""Access gives everything about a person and nothing about who lived there before or after; portability only what was provided."""

import csv
import io
import json
import zipfile
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from kwartier.grounds.holdings import HOLDINGS
from kwartier.grounds.rights import Right, Why
from kwartier.model.period import Period, midnight
from kwartier.model.register import Channel
from kwartier.store.registry import holdings, nights, notices, rectifications
from kwartier.store.registry.rectifications import Rectification, Told
from kwartier.web.portal import show_data
from kwartier.web.portal.words import Words
from kwartier.workflows import delivery_round, inquiry, permission
from kwartier.workflows.rights import access, portable, register
from kwartier.workflows.rights.errors import NoSuchRequest
from readings_support import channel_day, read
from registry_support import ALWAYS, DAY, between
from rights_support import AFTER, AT, BEFORE, Household


def answered(household: Household, who: int, right: Right = Right.ACCESS) -> int:
    return register.ask(household.house, who, right, at=AT).id


def document(household: Household, who: int) -> dict[str, Any]:
    return access.document(household.house, who, answered(household, who), at=AT)


def test_each_has_the_own_time_and_nothing_of_the_other(household: Household) -> None:
    facts = household.facts
    facts.permission(household.home, household.left, facts.party("third_party"), between("2025-01-01", "2026-03-01"), purpose="old")
    facts.restriction(household.home, between("2025-01-01", "2025-02-01"), "refused")
    mine, theirs = document(household, household.came), document(household, household.left)
    assert mine["person"]["recorded"] == access.plain(ALWAYS.start)
    (home,) = mine["connections"]
    assert (home["from"], home["to"]) == ("2026-03-01T00:00:00+01:00", None)
    assert {one["start"][:10] for each in home["readings"] for one in each["series"]} == {AFTER.isoformat()}
    assert {one["at"][:10] for each in home["readings"] for one in each["readings"]} == {AFTER.isoformat()}
    assert [one["purpose"] for one in mine["permissions"]] == ["inzicht"]
    assert home["restrictions"] == []
    assert [(one["supplier"], one["from"][:10]) for one in home["supplies"]] == [("A party", "2026-03-01")]
    assert [one["equipment_id"] for one in home["meters"]] == ["E2"]
    assert "LEFT" not in json.dumps(mine)
    for trace in (BEFORE.isoformat(), "2020-01-01", "2025-"):
        assert trace not in json.dumps(mine["connections"]), trace
    (before,) = theirs["connections"]
    assert [one["purpose"] for one in theirs["permissions"]] == ["old"]
    assert [one["kind"] for one in before["restrictions"]] == ["refused"]
    assert "CAME" not in json.dumps(theirs)
    assert AFTER.isoformat() not in json.dumps(theirs["connections"])


def test_a_permission_is_told_with_the_connection_that_it_is_for(household: Household) -> None:
    """Of two homes, where all else of two permissions may be alike."""
    second = household.facts.connection()
    household.facts.occupancy(second, household.came, between("2026-03-01"))
    household.facts.permission(second, household.came, household.app, between("2026-03-01"))
    found = document(household, household.came)
    rows = household.facts.c.execute(
        "select c.ean from kw.permission p join kw.connection c on c.key = p.connection order by p.id desc"
    )
    points = [point for (point,) in rows.fetchall()]
    assert len(set(points)) == 2
    assert [one["metering_point"] for one in found["permissions"]] == points
    (table,) = (one for one in show_data.tables(Words("en"), found) if one.title == "Permissions")
    assert [row[0] for row in table.rows] == [f"…{point[-4:]}" for point in points]
    number = answered(household, household.came, Right.PORTABILITY)
    box = zipfile.ZipFile(io.BytesIO(portable.download(household.house, household.came, number, "csv", at=AT).body))
    rows_of = csv.DictReader(io.StringIO(box.read("permissions.csv").decode()))
    assert [row["metering_point"] for row in rows_of] == points


@pytest.mark.parametrize(
    ("language", "said"),
    [
        (
            "nl",
            [
                "gebruikt",
                "afgebroken: niemand weet of er is gelezen, en er is niets van bewaard; de dag telt wel mee voor het jaar",
            ],
        ),
        ("en", ["used", "broken off: nobody knows whether it was read, and nothing of it was kept; it counts for the year"]),
    ],
)
def test_a_day_that_was_lost_is_told_apart_from_one_that_was_used(household: Household, language: str, said: list[str]) -> None:
    for use, day in ((nights.use, AFTER), (nights.lose, AFTER + timedelta(days=1)), (nights.lose, BEFORE)):
        use(household.facts.c, [(household.case, household.home, day)])
    found = document(household, household.came)
    (home,) = found["connections"]
    told = [(one["day"], one["came_of_it"]) for one in home["use_case_days"]]
    assert told == [("2026-03-10", "used"), ("2026-03-11", "lost")]
    words = Words(language)
    title = words.text("Days counted for the grid operator's own task")
    (table,) = (one for one in show_data.tables(words, found) if one.title == title)
    assert [row[-1] for row in table.rows] == said


def test_an_answer_put_aside_is_told_to_whose_time_it_is_about_and_no_further(household: Household) -> None:
    """One ends where the home changed hands, one reaches over it: who came hears nothing of the time before."""
    moved = int(midnight(date(2026, 3, 1)).timestamp())
    for first, last in ((moved - 86400, moved), (moved - 86400, moved + 86400), (moved, moved)):
        household.facts.c.execute(
            "insert into kw.quarantine (batch, connection, meter, profile, first_s, last_s, verdicts, rows)"
            " select min(b.id), %s, min(m.key), 'e_interval', %s, %s, '[]', '' from kw.batch b, kw.meter m",
            (household.home, first, last),
        )

    def told(who: int) -> list[tuple[str, str]]:
        (home,) = document(household, who)["connections"]
        return [(one["first"][:10], one["last"][:10]) for one in home["put_aside"]]

    assert told(household.came) == [("2026-03-01", "2026-03-02"), ("2026-03-01", "2026-03-01")]
    assert told(household.left) == [("2026-02-28", "2026-03-01")] * 2 + [("2026-03-01", "2026-03-01")]


def test_it_says_purposes_sources_terms_rights_and_what_it_leaves_out(household: Household) -> None:
    found = document(household, household.came)
    assert {(one["rule"], one["recipient"]) for one in found["purposes"]} >= {
        ("S1", "A party"),
        ("O2", "operator"),
        ("C1", "customer"),
    }
    assert {one["id"] for one in found["held"]} == {one.id for one in HOLDINGS}
    assert set(found["rights"]) == {str(right) for right in Right}
    said = {"meter_keys", "meter_address", "put_aside_values", "person_key", "staff", "copies", "imports", "others"}
    assert {one["what"] for one in found["left_out"]} == said
    assert {one["kind"] for one in found["log"]} >= {"right:asked", "right:answered"}
    assert found["requests"][0]["right"] == "access"


def test_what_is_restricted_time_is_left_out_and_the_rest_is_there(household: Household) -> None:
    """A register on the boundary of restricted time belongs to it; the quarter-hours outside do not."""
    household.facts.restriction(household.home, between("2026-03-05", "2026-03-10"))
    held = [
        channel_day(household.home, kind, DAY.replace(day=n))
        for n in (4, 7, 11)
        for kind in (Channel.IMPORT, Channel.DAY_IMPORT_LOW)
    ]
    read(household.house, held, at=AT)
    (home,) = document(household, household.came)["connections"]
    intervals = {one["start"][:10] for each in home["readings"] for one in each["series"]}
    registers = {one["at"][:10] for each in home["readings"] for one in each["readings"]}
    assert (intervals, registers) == ({"2026-03-04", "2026-03-10", "2026-03-11"}, {"2026-03-04", "2026-03-11"})


def test_portability_is_what_was_provided_and_read_by_consent(household: Household) -> None:
    opted = replace(channel_day(household.home, Channel.IMPORT, DAY.replace(day=8)), basis=portable.consented())
    read(household.house, [opted], at=AT)
    number = answered(household, household.came, Right.PORTABILITY)
    found = portable.document(household.house, household.came, number, at=AT)
    assert {one["start"][:10] for each in found["readings"] for one in each["series"]} == {"2026-03-08"}
    assert [one for each in found["readings"] for one in each["readings"]] == [], "registers were read for the supplier"
    assert {one["rule"] for one in found["left_out"]} >= {"S1", "C1", "O1"}
    assert [one["party"] for one in found["permissions"]] == ["A party"]


def test_portability_is_refused_to_who_never_consented_and_access_is_not(household: Household) -> None:
    """What is held of who left was read for the supplier: there is nothing to carry along, and no empty file says so."""
    one = register.ask(household.house, household.left, Right.PORTABILITY, at=AT)
    assert (one.state, one.is_open) == ("refused", False)
    assert {each.why for each in one.events[-1].reached} == {Why.NOT_PORTABLE, Why.NOTHING_GIVEN}
    assert one.events[-1].entry is not None, "with a receipt"
    for form in portable.FORMS:
        with pytest.raises(NoSuchRequest):
            portable.download(household.house, household.left, one.id, form, at=AT)
    assert register.ask(household.house, household.left, Right.ACCESS, at=AT).state == "answered"


def test_a_permission_that_was_taken_back_was_consent_all_the_same(household: Household) -> None:
    permission.revoke(household.house, household.came, household.permission, at=AT)
    one = register.ask(household.house, household.came, Right.PORTABILITY, at=AT)
    assert (one.state, [each.rule for each in one.events[-1].reached if each.done]) == ("answered", ["T1"])
    left_out = portable.document(household.house, household.came, one.id, at=AT)["left_out"]
    (opt_in,) = [each["why"] for each in left_out if each["rule"] == "C2"]
    assert "you gave none of this kind" in opt_in


def test_as_csv_it_is_a_file_per_kind(household: Household) -> None:
    opted = replace(channel_day(household.home, Channel.IMPORT, DAY.replace(day=8)), basis=portable.consented())
    read(household.house, [opted], at=AT)
    number = answered(household, household.came, Right.PORTABILITY)
    file = portable.download(household.house, household.came, number, "csv", at=AT)
    box = zipfile.ZipFile(io.BytesIO(file.body))
    rows = {name: list(csv.DictReader(io.StringIO(box.read(name).decode()))) for name in box.namelist()}
    assert rows["person.csv"] == [{"code": "CAME", "name": ""}]
    assert rows["permissions.csv"][0]["purpose"] == "inzicht"
    why = {row["rule"]: row["why"] for row in rows["left_out.csv"]}
    assert why.pop("C2").startswith("it would rest on your consent"), "the app alone was permitted anything"
    assert {one[:9] for one in why.values()} == {"it rests "}
    assert len(rows["readings-1.csv"]) == 96


@pytest.mark.parametrize("form", portable.FORMS)
def test_an_answer_is_for_who_asked_it_and_of_its_right_only(household: Household, form: str) -> None:
    number = answered(household, household.came)
    with pytest.raises(NoSuchRequest):
        access.document(household.house, household.left, number, at=AT)
    with pytest.raises(NoSuchRequest):
        portable.download(household.house, household.came, number, form, at=AT)


def test_every_look_is_logged_under_the_persons_own_ground(household: Household) -> None:
    document(household, household.came)
    with household.house.operator() as c:
        rows = c.execute(
            "select convert_from(leaf, 'UTF8')::jsonb -> 'body' ->> 'rule' from audit.pending where kind = 'view:shown'"
        )
        assert {row[0] for row in rows} == {"C1"}


def test_every_table_with_personal_data_is_of_some_kind_that_is_told(household: Household) -> None:
    """A table with a person or a connection in it belongs to a kind of data that access tells of."""
    listed = {place for one in HOLDINGS for place in one.where}
    with household.house.operator() as c:
        found = {
            row[0]
            for row in c.execute(
                "select distinct table_schema || '.' || table_name from information_schema.columns"
                " join information_schema.tables using (table_schema, table_name)"
                " where table_type = 'BASE TABLE' and table_schema in ('kw', 'audit')"
                " and column_name in ('subject', 'connection', 'code', 'words')"
            )
        }
    working = {"audit.leaf", "kw.outcome", "kw.party", "kw.use_case", "kw.use_case_proposal", "kw.import_reject"}
    assert found - working <= listed
    assert set(holdings.QUERIES) >= {"supplies", "meters", "recipients", "care", "alarms"}


def test_what_waits_on_the_boundary_is_told_to_whom_it_is_owed_for(household: Household) -> None:
    """The register of the move closes one stay and opens the next: each hears of the own supplier and app, no more."""
    facts = household.facts
    moved = int(midnight(date(2026, 3, 1)).timestamp())
    batch = facts.c.execute("select min(id) from kw.batch").fetchone()
    assert batch is not None
    for role, receiver, purpose in (
        ("supplier", household.supplier, "move"),
        ("third_party", household.app, "third_party_service"),
    ):
        facts.c.execute(
            "insert into kw.delivery_due (batch, role, receiver, connection, purpose, mask, first_s, last_s, permit)"
            " values (%s, %s, %s, %s, %s, 64, %s, %s, %s)",
            (batch[0], role, receiver, household.home, purpose, moved, moved, purpose.encode().ljust(16)[:16]),
        )

    def told(who: int) -> list[tuple[str, str, str]]:
        (home,) = document(household, who)["connections"]
        return [(one["purpose"], one["from"][:10], one["to"][:10]) for one in home["promised"]]

    day = "2026-03-01"
    assert told(household.left) == [("move", day, day)]
    assert told(household.came) == [("move", day, day), ("third_party_service", day, day)]


def test_a_regular_register_that_waits_for_a_supply_told_late_is_told_with_its_supplier(household: Household) -> None:
    facts = household.facts
    moment, told = midnight(date(2026, 4, 1)), midnight(date(2026, 4, 9))
    supply = facts.c.execute("select id from kw.supply where connection = %s order by id", (household.home,)).fetchone()
    assert supply is not None
    facts.c.execute("insert into kw.late_change (connection, moment, told) values (%s, %s, %s)", (household.home, moment, told))
    facts.c.execute(
        "insert into kw.late_regular (connection, moment, supply, purpose) values (%s, %s, %s, 'periodic_reading')",
        (household.home, moment, supply[0]),
    )
    (home,) = document(household, household.came)["connections"]
    (waits,) = home["told_late"]
    assert (waits["at"][:10], waits["told"][:10], waits["purpose"]) == ("2026-04-01", "2026-04-09", "periodic_reading")
    assert waits["receiver"] in {one["supplier"] for one in home["supplies"]}
    (left,) = document(household, household.left)["connections"]
    assert left["told_late"] == []


def test_a_correction_on_the_boundary_is_told_to_both_and_its_receivers_to_whose_they_were(household: Household) -> None:
    facts, moved = household.facts, midnight(date(2026, 3, 1))
    parcels = []
    for number, (who, receiver) in enumerate(((household.left, household.supplier), (household.came, household.app))):
        parcels.append(f"parcel-{number}")
        facts.c.execute(
            "insert into kw.parcel (id, receiver_role, receiver, connection, purpose, period, mask, subject, status, at)"
            " values (%s, 'supplier', %s, %s, 'move', tstzrange(%s, %s, '[]'), 64, %s, 'delivered', %s)",
            (parcels[-1], receiver, household.home, moved, moved, who, AT),
        )
    made = Rectification(0, None, household.home, "reading", Period(moved, moved), AT, ())
    number = rectifications.add(facts.c, made, household.left, "A. Officer")
    told = [Told("supplier", household.supplier, (parcels[0],)), Told("third_party", household.app, (parcels[1],))]
    notices.add(facts.c, number, [(f"notice-{one.party}", one, ()) for one in told])
    facts.c.execute("update kw.party set name = 'An app' where key = %s", (household.app,))
    for who, name in ((household.left, "A party"), (household.came, "An app")):
        (home,) = document(household, who)["connections"]
        assert [(one["fact"], one["from"][:10], one["to"][:10]) for one in home["corrections"]] == [
            ("reading", "2026-03-01", "2026-03-01")
        ]
        assert [one["receiver"] for one in home["told_of_corrections"]] == [name]
    assert delivery_round.run(household.house, clock=lambda: AT).notices == 2
    for who in (household.left, household.came):
        lines = inquiry.access_log(household.house, who, most=99)
        assert [line.kind for line in lines].count("rectification:told") == 1, "of the own receiver"

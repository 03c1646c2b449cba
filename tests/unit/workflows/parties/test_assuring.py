"""Statements of assurance: told in time, missed with a suspension, received by a hash; twice is once, and no name anywhere."""

from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kwartier.model.ground import Agreement, Role
from kwartier.model.period import Period
from kwartier.store.registry import facts as loader
from kwartier.store.registry import parties as registry
from kwartier.store.registry.errors import NotFound
from kwartier.workflows import parties
from kwartier.workflows.installation import Installation
from kwartier.workflows.parties import Kind
from kwartier.workflows.parties.assuring import NOTICE, joined, months_after, owed
from registry_support import World, between

DOCUMENT = sha256(b"a statement").digest()


def noon(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}T12:00:00").replace(tzinfo=UTC)


def told(house: Installation) -> list[tuple[str, dict[str, Any]]]:
    with house.auditor() as c:
        house.log.integrate(c)
        rows = c.execute(
            "select kind, convert_from(leaf, 'UTF8')::jsonb -> 'body' from audit.entry"
            " where kind like 'assurance:%' or kind like 'suspension:%' order by position"
        )
        return list(rows.fetchall())


def under(start: str, end: str | None, today: str) -> list[tuple[str, str]]:
    agreement = Agreement(1, 2, Role.THIRD_PARTY, between(start, end))
    return [(kind.value, due.isoformat()) for kind, due in owed(agreement, date.fromisoformat(today))]


@pytest.mark.parametrize(
    ("today", "found"),
    [
        ("2026-02-01", []),
        ("2026-04-20", [("management", "2026-05-15")]),
        ("2026-05-15", [("management", "2026-05-15")]),
        ("2026-12-10", [("management", "2026-05-15")]),
        ("2026-12-20", [("management", "2026-05-15"), ("accountant", "2027-01-15")]),
        ("2027-01-15", [("accountant", "2027-01-15")]),
        ("2030-06-01", [("accountant", "2030-01-15")]),
    ],
)
def test_what_is_owed_by_then(today: str, found: list[tuple[str, str]]) -> None:
    assert under("2026-01-15", None, today) == found


def test_an_agreement_that_ends_before_owes_nothing_more() -> None:
    assert under("2026-01-15", "2026-05-15", "2026-05-14") == []
    assert under("2026-01-15", "2026-05-16", "2026-05-15") == [("management", "2026-05-15")]


def years(*parts: tuple[str, str | None]) -> list[tuple[int, Period]]:
    made = [Agreement(n, 2, Role.THIRD_PARTY, between(*part)) for n, part in enumerate(parts, 1)]
    others = [Agreement(9, 3, Role.THIRD_PARTY, between("2027-01-15", None))]
    return [(one.id, one.period) for one in joined([*reversed(made), *others]) if one.party == 2]


def test_agreements_without_a_gap_are_one() -> None:
    first, second, third = ("2026-01-15", "2027-01-15"), ("2027-01-15", "2028-01-15"), ("2028-01-15", None)
    assert years(first, second, third) == [(1, between("2026-01-15", None))]
    assert years(first, third) == [(1, between(*first)), (2, between(*third))], "a year apart"
    assert years(third) == [(1, between(*third))]


@pytest.mark.database
def test_a_new_agreement_each_year_owes_what_a_long_one_does(opened: Installation, facts: World) -> None:
    app = facts.party("third_party")
    for period in (between("2026-01-15", "2027-01-15"), between("2027-01-15", "2028-01-15"), between("2028-01-15")):
        facts.agreement(app, period)
    days = ("2026-05-01", "2026-05-20", "2026-12-30", "2027-01-20", "2027-12-30", "2028-02-01")
    found = [(kind, due.isoformat()) for day in days for _, kind, due in parties.check(opened, at=noon(day)).due]
    assert found == [("management", "2026-05-15"), ("accountant", "2027-01-15"), ("accountant", "2028-01-15")], "each once"


@given(st.dates(date(2000, 1, 1), date(2090, 1, 1)), st.integers(0, 240))
def test_months_are_those_of_the_calendar(day: date, months: int) -> None:
    later = months_after(day, months)
    assert (later.year * 12 + later.month) - (day.year * 12 + day.month) == months
    assert later.day == day.day or (later + timedelta(days=1)).day == 1


@pytest.mark.database
def test_told_then_missed_and_suspended_then_received_and_reinstated(opened: Installation, facts: World) -> None:
    app, supplier = facts.party("third_party"), facts.party()
    agreement = facts.agreement(app, between("2026-01-15"))
    facts.agreement(supplier, between("2026-01-15"))
    with opened.operator() as c:
        code = next(one.code for one in registry.every(c) if one.key == app)
    due = date(2026, 5, 15)
    assert parties.check(opened, at=noon("2026-04-20")).due == [(code, "management", due)]
    assert parties.check(opened, at=noon("2026-04-21")) == parties.Checked(), "told once"
    assert parties.check(opened, at=noon("2026-05-15")).suspended == [], "the day itself is in time"
    early = parties.check(opened, at=noon("2026-05-16"))
    assert early == parties.Checked(), "told on the 20th of April: thirty days are not over"
    late = parties.check(opened, at=noon("2026-05-21"))
    assert (late.missed, late.suspended) == ([(code, "management", due)], [code])
    assert parties.check(opened, at=noon("2026-05-22")) == parties.Checked()
    parties.reinstate(opened, code, at=noon("2026-05-23"))
    again = parties.check(opened, at=noon("2026-05-24"))
    assert (again.missed, again.suspended) == ([], [code]), "reinstated without its statement"
    assert parties.receive(opened, code, Kind.MANAGEMENT, DOCUMENT, at=noon("2026-05-25")) == due
    parties.reinstate(opened, code, at=noon("2026-05-26"))
    assert parties.check(opened, at=noon("2026-05-27")) == parties.Checked()
    assert [kind for kind, _ in told(opened)] == [
        "assurance:due",
        "assurance:missed",
        "suspension:began",
        "suspension:ended",
        "suspension:began",
        "assurance:received",
        "suspension:ended",
    ]
    about = {"agreement": agreement, "party": app, "kind": "management", "due": "2026-05-15"}
    assert told(opened)[0][1] == about
    assert told(opened)[5][1] == about | {"sha256": DOCUMENT.hex()}
    with opened.operator() as c:
        assert not registry.suspended(c, supplier, noon("2026-05-22")), "suppliers owe none: theirs is a task under law"


@pytest.mark.database
def test_an_old_agreement_is_told_first_and_not_suspended_by_surprise(opened: Installation, facts: World) -> None:
    facts.agreement(facts.party("third_party"), between("2020-01-01"))
    first = parties.check(opened, at=noon("2026-11-01"))
    assert [(kind, due) for _, kind, due in first.due] == [("accountant", date(2026, 1, 1))]
    assert first.suspended == []
    assert parties.check(opened, at=noon("2026-11-01") + NOTICE).suspended != []


@pytest.mark.database
def test_what_is_not_owed_is_not_received(opened: Installation, facts: World) -> None:
    facts.agreement(facts.party("third_party"), between("2026-01-15"))
    for code in ("P1", "P9"):
        with pytest.raises(NotFound):
            parties.receive(opened, code, Kind.ACCOUNTANT, DOCUMENT, at=noon("2026-02-01"))
    assert told(opened) == []


@pytest.mark.database
def test_a_default_begins_and_ends_once(opened: Installation, facts: World) -> None:
    supplier, app = facts.party(), facts.party("third_party")
    with opened.operator() as c:
        codes = {one.key: one.code for one in registry.every(c)}
    assert parties.begin_default(opened, codes[supplier], at=noon("2027-01-15"))
    assert not parties.begin_default(opened, codes[supplier], at=noon("2027-01-16"))
    parties.end_default(opened, codes[supplier], at=noon("2027-01-17"))
    with pytest.raises(parties.NotInDefault):
        parties.end_default(opened, codes[supplier], at=noon("2027-01-18"))
    with pytest.raises(parties.NotASupplier):
        parties.begin_default(opened, codes[app], at=noon("2027-01-15"))
    with opened.auditor() as c:
        opened.log.integrate(c)
        kinds = c.execute("select kind from audit.entry where kind like 'default:%' order by position").fetchall()
    assert kinds == [("default:began",), ("default:ended",)]
    period = Period(noon("2027-01-15"), noon("2027-01-17"))
    home = facts.connection()
    facts.supply(home, supplier)
    with opened.operator() as c:
        assert [one.period for one in loader.facts(c, home, year=2027).defaults] == [period]
        stops = c.execute("select at from kw.stop where fact = 'default'").fetchall()
    assert stops == [(noon("2027-01-17"),)]

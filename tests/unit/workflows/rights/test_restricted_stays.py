"""Rule 5 of an erasure: what a person had restricted stays, doubted answers and sights too. What was corrected goes along."""

from dataclasses import replace
from datetime import date, timedelta

from kwartier.grounds.erasure import Freed
from kwartier.grounds.retention import permitted
from kwartier.grounds.rights import Right
from kwartier.model.period import midnight
from kwartier.model.register import Channel
from kwartier.store.registry import corrections, erasures
from kwartier.workflows import retention
from kwartier.workflows.rights import correct, portable, register
from kwartier.workflows.rights.correct import Right as Right_
from kwartier.workflows.rights.erasure import BY_HAND
from kwartier.workflows.rights.rectify import Answer
from readings_support import channel_day, read
from registry_support import between
from rights_support import AT, BEFORE, Household

HOUR = timedelta(hours=1)
TABLES = ("sight", "alarm", "quarantine")


def seen(household: Household) -> None:
    """Let care have seen something, an alarm have come and an answer be doubted in the time of who left."""
    c, at, meter = household.facts.c, midnight(BEFORE), household.facts.c.execute("select min(key) from kw.meter").fetchone()
    assert meter is not None
    batch = c.execute("select min(id) from kw.batch").fetchone()
    assert batch is not None
    c.execute(
        "insert into kw.sight values (%s, 'clock', 'device_care', %s, %s, %s, 1, '', '{}', '{}')",
        (meter[0], household.home, batch[0], at),
    )
    c.execute(
        "insert into kw.alarm (meter, connection, at, register, permit, use_case) values (%s, %s, %s, 1, 'p', %s)",
        (meter[0], household.home, at, household.case),
    )
    c.execute(
        "insert into kw.quarantine (batch, connection, meter, profile, first_s, last_s, verdicts, rows)"
        " values (%s, %s, %s, 'e_day', extract(epoch from %s::timestamptz)::bigint, extract(epoch from %s::timestamptz)::bigint,"
        " '[]', 'x')",
        (batch[0], household.home, meter[0], at, at + HOUR),
    )


def left(household: Household) -> dict[str, int]:
    """Return how many rows there are of each."""
    rows = [household.facts.c.execute(f"select count(*) from kw.{table}".encode()).fetchone() for table in TABLES]  # noqa: S608 - constants
    return {table: row[0] for table, row in zip(TABLES, rows, strict=True) if row}


def test_what_a_reading_said_before_it_was_put_right_goes_with_it(household: Household) -> None:
    house, by_consent = household.house, BEFORE.replace(day=12)
    asked = replace(channel_day(household.home, Channel.IMPORT, by_consent), basis=portable.consented())
    lawful = replace(channel_day(household.home, Channel.DAY_IMPORT_LOW, BEFORE.replace(day=13)), basis=BY_HAND)
    read(house, [asked, lawful], at=AT)
    for one in (asked, lawful):
        right = [Right_(one.channel, midnight(one.day), 7)]
        correct.correct(house, household.home, right, Answer("A. Officer", "it was wrong"), at=AT)
    register.ask(house, household.left, Right.ERASURE, at=AT + HOUR)
    retention.nightly(house, at=AT + 2 * HOUR)
    with house.operator() as c:
        kept = corrections.of(c, household.home, date(2026, 1, 1), date(2026, 12, 31))
    assert [one.was.day for one in kept] == [lawful.day], "a reading that the law asks for stays, with what it said before"
    retention.nightly(house, at=midnight(date(2031, 3, 1)))  # the reading's five years are over, the request's are not
    with house.operator() as c:
        assert corrections.of(c, household.home, date(2026, 1, 1), date(2026, 12, 31)) == []


def test_what_is_restricted_stays_whichever_was_asked_first_and_goes_once_it_is_lifted(household: Household) -> None:
    house, gone = household.house, household.left
    seen(household)
    stop = register.ask(house, gone, Right.RESTRICTION, at=AT)
    register.ask(house, gone, Right.ERASURE, at=AT + HOUR)
    retention.nightly(house, at=AT + 2 * HOUR)
    assert left(household) == dict.fromkeys(TABLES, 1)
    register.lift(house, gone, stop.id, at=AT + 3 * HOUR)
    register.ask(house, gone, Right.ERASURE, at=AT + 4 * HOUR)
    register.ask(house, gone, Right.RESTRICTION, at=AT + 5 * HOUR)
    retention.nightly(house, at=AT + 6 * HOUR)
    assert left(household) == dict.fromkeys(TABLES, 1), "said before it was carried out"
    stop = next(one for one in register.mine(house, gone) if one.right is Right.RESTRICTION and one.state == "answered")
    register.lift(house, gone, stop.id, at=AT + 7 * HOUR)
    register.ask(house, gone, Right.ERASURE, at=AT + 8 * HOUR)
    retention.nightly(house, at=AT + 9 * HOUR)
    assert left(household) == dict.fromkeys(TABLES, 0)


def test_a_document_in_a_receivers_box_stays_as_long_as_it_is_restricted(household: Household) -> None:
    c, home, gone = household.facts.c, household.home, household.left
    c.execute("insert into kw.bundle (id, receiver, state, at) values ('box', %s, 'sent', %s)", (household.app, AT))
    c.execute(
        "insert into kw.parcel (id, receiver_role, receiver, connection, purpose, period, mask, subject, status, at, bundle)"
        " values ('parcel', 'third_party', %s, %s, 'third_party_service', %s, 6, %s, 'delivered', %s, 'box')",
        (household.app, home, f"[{midnight(BEFORE)},{midnight(BEFORE) + HOUR})", gone, AT),
    )
    erasures.ask(c, gone, AT, [Freed(home, between("2020-01-01", "2026-03-01"), permitted(), opens=True, closes=True)])
    (one,) = erasures.waiting(c, AT)
    assert [parcel for _, _, parcel in erasures.documents(c, one, permitted(), AT)] == ["parcel"]
    number = register.ask(household.house, gone, Right.RESTRICTION, at=AT).id
    assert erasures.documents(c, one, permitted(), AT + HOUR) == []
    register.lift(household.house, gone, number, at=AT + 2 * HOUR)
    assert [parcel for _, _, parcel in erasures.documents(c, one, permitted(), AT + 3 * HOUR)] == ["parcel"]

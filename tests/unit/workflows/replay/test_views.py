"""What people looked at, took along and had proved is decided again; what documents tell is what was read."""

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from kwartier.audit.canonical import Json
from kwartier.audit.events import Event, EventKind
from kwartier.audit.log import Log
from kwartier.keys import signing
from kwartier.model.ground import Action, DataClass, Purpose, Request, Requester, Role
from kwartier.model.period import Period, epoch_s
from kwartier.model.register import GAS_MASK, INTERVAL_MASK
from kwartier.model.staff import Staff
from kwartier.workflows.replay.again import Again
from kwartier.workflows.replay.findings import Category, Findings
from kwartier.workflows.replay.run import compare
from kwartier.workflows.replay.window import Window
from replay_support import Faulty

pytestmark = pytest.mark.database


class Person(NamedTuple):
    """Somebody who lives at an electricity connection, and a day of theirs."""

    connection: int
    subject: int
    code: str
    day: Period
    now: datetime


def resident(night: Faulty, place: int = 0) -> Person:
    row = night.c.execute(
        "select o.connection, s.key, s.code from kw.occupancy o join kw.subject s on s.key = o.subject"
        " join kw.connection c on c.key = o.connection where c.product = 'electricity' and upper_inf(o.period)"
        " and not exists (select from kw.restriction r where r.connection = o.connection) order by o.connection offset %s",
        (place,),
    ).fetchone()
    assert row is not None
    now: datetime = night.one("select max(at) from audit.entry")
    start = now.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=2)
    connection, subject, code = row
    return Person(connection, subject, code, Period(start, start + timedelta(days=1)), now + timedelta(seconds=1))


def looked(night: Faulty, who: Person, permit: bytes | None, *, by: int | None = None) -> int:
    """Let the log be told that somebody was shown, or refused, a day of this person's."""
    assert who.day.end is not None
    span: dict[str, Json] = {"start": epoch_s(who.day.start), "end": epoch_s(who.day.end)}
    body = {"permit": None if permit is None else permit.hex(), "rule": "C1", "u": "own_access", **span}
    return told(night, EventKind.VIEW_REFUSED if permit is None else EventKind.VIEW_SHOWN, who, by or who.subject, body)


def told(night: Faulty, kind: EventKind, who: Person, by: int, body: dict[str, Json]) -> int:
    (entry,) = night.house.log.record(night.c, [Event(who.now, kind, f"{Role.CUSTOMER}:{by}", who.code, who.connection, body)])
    night.house.log.integrate(night.c)
    return entry


def permit(night: Faulty, who: Person, action: Action) -> bytes:
    """Return the permit that this person gets for a day of their own."""
    mask = INTERVAL_MASK & ~GAS_MASK
    request = Request(
        Requester(Role.CUSTOMER, who.subject), action, Purpose.OWN_ACCESS, who.connection, mask, who.day, DataClass.PROFILE
    )
    again = Again(night.c, Findings(who.now))
    again.load([request])
    found = again.permit(request, who.now)
    assert found is not None
    return found.id


@pytest.mark.parametrize("action", [Action.VIEW, Action.DELIVER])
def test_who_looks_at_an_own_day_or_takes_it_along_has_a_ground(night: Faulty, action: Action) -> None:
    who = resident(night)
    looked(night, who, permit(night, who, action))
    found = night.found()
    assert found.findings == []
    assert found.compared["views"] == 1


def test_who_was_shown_something_under_no_permit(night: Faulty) -> None:
    looked(night, resident(night), bytes(16))
    found = night.found()
    assert [one.code for one in found.findings] == ["view-not-decided"]
    assert (found.uncovered_views, found.uncovered) == (1, 1)


def test_who_was_shown_another_time_than_the_permit_names(night: Faulty) -> None:
    who = resident(night)
    shown = permit(night, who, Action.VIEW)
    looked(night, who._replace(day=Period(who.day.start - timedelta(days=1), who.day.end)), shown)
    assert night.codes() == {"view-not-decided"}


def test_who_looked_at_another_persons_day(night: Faulty) -> None:
    who = resident(night)
    looked(night, who, permit(night, who, Action.VIEW), by=resident(night, 1).subject)
    found = night.found()
    assert [one.code for one in found.findings] == ["view-of-another"]
    assert found.counts[Category.VIEW] == 1


def test_who_was_refused_an_own_day(night: Faulty) -> None:
    looked(night, resident(night), None)
    assert night.codes() == {"view-refused-with-ground"}


@pytest.mark.parametrize(("place", "codes"), [(0, set()), (1, {"proof-of-another"})])
def test_a_proof_is_of_a_line_about_the_same_person(night: Faulty, place: int, codes: set[str]) -> None:
    who, owner = resident(night), resident(night, place)
    entry = night.one("select min(id) from audit.entry where kind = 'occupancy:began' and connection = %s", owner.connection)
    told(night, EventKind.PROOF_GIVEN, who, who.subject, {"entry": entry})
    assert night.codes() == codes


def test_a_proof_of_absence_is_of_no_line(night: Faulty) -> None:
    who = resident(night)
    assert who.day.end is not None
    told(night, EventKind.PROOF_GIVEN, who, who.subject, {"absence": True, "start": 0, "end": epoch_s(who.day.end)})
    assert night.codes() == set()


def looked_by_staff(
    night: Faulty, who: Person, staff: Staff | None, kind: EventKind = EventKind.VIEW_SHOWN, *, at_home: bool = True
) -> int:
    """Let one of the operator's people look at what is known of a connection, as the command line has it written."""
    log = Log(signing.load(night.house.data / "keys"), night.house.data / "audit", staff)
    body: dict[str, Json] = {"asked": None, "shown": "grounds"}
    (entry,) = log.record(night.c, [Event(who.now, kind, "operator", who.code, who.connection if at_home else None, body)])
    log.integrate(night.c)
    return entry


def test_who_of_the_operators_people_looked_is_in_order_by_name(night: Faulty) -> None:
    looked_by_staff(night, resident(night), Staff("M. de Vries", "belt: wie ziet dit"))
    found = night.found()
    assert found.findings == []
    assert found.compared["looks"] == 1


def test_a_look_of_which_the_line_says_of_nobody_who_and_why(night: Faulty) -> None:
    who = resident(night)
    entry = looked_by_staff(night, who, None)
    found = night.found()
    assert [(one.code, one.detail) for one in found.findings] == [("look-unnamed", {"entry": entry})]
    assert (found.uncovered_views, found.uncovered) == (1, 1)
    before = Findings(who.now)
    compare(night.house, night.c, before, Window(None, who.now))
    assert before.findings == [], "only what happened in the time asked about is compared"


def test_a_look_at_a_person_and_no_connection_is_taken_up_as_any(night: Faulty) -> None:
    who = resident(night)
    looked_by_staff(night, who, Staff("M. de Vries", "a letter"), at_home=False)
    found = night.found()
    assert (found.findings, found.compared["looks"]) == ([], 1)
    entry = looked_by_staff(night, who, None, at_home=False)
    assert [(one.code, one.detail) for one in night.found().findings] == [("look-unnamed", {"entry": entry})]


def test_what_a_timer_looked_at_before_looks_had_names_is_no_finding(night: Faulty) -> None:
    """An installation from before is told once that they have; what comes after that is found, whatever is told again."""
    who = resident(night)
    looked_by_staff(night, who, None)
    night.tell(EventKind.LOOKS_NAMED, None, who.now)
    assert night.codes() == set()
    looked_by_staff(night, who, None)
    night.tell(EventKind.LOOKS_NAMED, None, who.now)
    found = night.found()
    assert {one.code for one in found.findings} == {"look-unnamed"}
    assert found.uncovered == 1


def test_a_refusal_to_nobody_is_found_too(night: Faulty) -> None:
    looked_by_staff(night, resident(night), None, EventKind.VIEW_REFUSED)
    assert "look-unnamed" in night.codes()


def test_a_look_that_nobody_understands_hides_no_other(night: Faulty) -> None:
    who = resident(night)
    entry = told(night, EventKind.PROOF_GIVEN, who, who.subject, {"proof": 1})
    looked(night, who, bytes(16))
    found = night.found()
    assert [one.code for one in found.findings] == ["not-understood", "view-not-decided"]
    assert found.findings[0].detail == {"entry": entry}


def documents(night: Faulty, part: str) -> tuple[Path, list[dict[str, Any]], dict[str, Any]]:
    for path in sorted((night.house.data / "outbox").glob("*/*.jsonl")):
        held = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
        for one in held:
            if any(each.get("value", 1) is not None for each in one[part]):
                return path, held, one
    pytest.fail("no such document in this night")


@pytest.mark.parametrize("part", ["series", "readings"])
def test_a_document_that_tells_another_value_than_was_read(night: Faulty, part: str) -> None:
    path, held, one = documents(night, part)
    if part == "series":
        values = one["series"][0]["values"]
        place = next(i for i, value in enumerate(values) if value is not None)
        values[place] += 1
    else:
        next(each for each in one["readings"] if each["value"] is not None)["value"] += 1
    path.write_text("".join(json.dumps(each) + "\n" for each in held), encoding="utf-8")
    found = night.found()
    assert [(each.code, each.detail["parcel"]) for each in found.findings] == [("parcel-value-differs", one["reference"])]
    assert found.uncovered_deliveries == 1


def test_an_answer_that_was_taken_long_after_its_ground_had_gone(night: Faulty) -> None:
    """The deed says that the answer came an hour later; the permission was revoked a second after the intent."""
    row = night.c.execute(
        "select l.entry, l.number, l.body, i.at, s.id, s.connection from audit.leaf l join audit.entry e on e.id = l.entry"
        " join kw.permission_state s on s.connection = l.connection and s.party is not null"
        " join kw.parcel p on p.connection = s.connection and p.receiver = s.party and p.status = 'delivered'"
        " join audit.entry i on i.kind = 'batch:intended' and i.position < e.position"
        " where e.kind = 'batch:read' and convert_from(l.body, 'UTF8')::jsonb ->> 'p' = 'e_interval' order by i.at desc, l.number"
    ).fetchone()
    assert row is not None
    entry, number, body, intended, permission, connection = row
    said = json.loads(body)
    said["at"] += 3_600_000
    changed = json.dumps(said, sort_keys=True, separators=(",", ":")).encode()
    night.change("update audit.leaf set body = %s where entry = %s and number = %s", changed, entry, number)
    night.tell(EventKind.PERMISSION_REVOKED, connection, intended + timedelta(seconds=1), permission=permission, mask=2)
    found = night.found()
    assert "kept-after-stop" in found.codes
    assert found.late > 0

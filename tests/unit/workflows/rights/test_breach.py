"""A breach: whom it touched by the log alone, 72 hours, and persons who read on their page that it touched them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from kwartier.audit.canonical import Json, canonical
from kwartier.audit.events import Event, EventKind
from kwartier.audit.leaves import Leaf
from kwartier.model.period import Period
from kwartier.workflows import inquiry
from kwartier.workflows.rights import Scope, breach
from kwartier.workflows.rights.breach import Whom
from kwartier.workflows.rights.errors import AlreadyAnswered, CannotBeAsked, NoSuchBreach, ReasonMissing
from rights_support import AT, Household

BY = "A. Officer"
NATURE = "A file lay open for an hour"
HOUR = Period(AT - timedelta(minutes=30), AT + timedelta(minutes=30))
WHOLE = Scope(HOUR)


@pytest.fixture
def told(household: Household) -> Household:
    """Let the log say a few things: single lines and those of a batch, about both, about nobody, within the hour and not."""
    house, home = household.house, household.home
    party: dict[str, Json] = {"o": "third_party", "i": household.app, "c": home}
    with house.operator() as c:
        house.log.record(
            c,
            [
                Event(AT, EventKind.VIEW_SHOWN, f"customer:{household.came}", "CAME", home, {"rule": "C1"}),
                Event(AT, EventKind.PARCEL_DELIVERED, "operator", "CAME", home, {**party, "parcel": "p"}),
                Event(AT - timedelta(hours=2), EventKind.VIEW_SHOWN, "operator", "CAME", home, {}),
                Event(AT, EventKind.NIGHT_ENDED, "operator", None, None, {}),
                Event(AT, EventKind.VIEW_SHOWN, "operator", "SOMEBODY ELSE", home, {}),
            ],
        )
        lines = [Leaf(home, who, b'{"c":%d,"s":[]}' % home) for who in ("LEFT", "CAME", None)]
        house.log.record_batch(c, EventKind.BATCH_READ, 1, AT, "operator", lines, {})
    return household


def opened_(household: Household, scope: Scope = WHOLE) -> int:
    return breach.open_(household.house, scope, NATURE, by=BY, known=AT, at=AT).id


def found(household: Household, scope: Scope) -> dict[str, int]:
    reach = breach.touched(household.house, opened_(household, scope))
    names = {household.left: "left", household.came: "came"}
    return {names[one.subject]: one.lines for one in reach.touched}


def test_whom_it_touched_is_found_in_single_lines_and_in_batches(told: Household) -> None:
    assert found(told, WHOLE) == {"left": 1, "came": 3}
    reach = breach.touched(told.house, 1)
    assert (reach.erased, reach.unknown, reach.persons) == (0, 1, {told.left, told.came})
    with told.house.auditor() as c:
        told.house.log.integrate(c)
    assert found(told, WHOLE) == {"left": 1, "came": 3}, "signed or not"


def test_the_scope_narrows_it(told: Household) -> None:
    assert found(told, replace(WHOLE, kinds=("batch:read",))) == {"left": 1, "came": 1}
    assert found(told, replace(WHOLE, actor=f"customer:{told.came}")) == {"came": 1}
    assert found(told, replace(WHOLE, party=told.app)) == {"came": 1}
    assert found(told, replace(WHOLE, connections=(told.facts.connection(),))) == {}
    assert found(told, replace(WHOLE, period=Period(AT - timedelta(hours=3), AT - timedelta(hours=1)))) == {"came": 1}


def test_what_was_read_for_a_party_is_known_from_what_was_meant(told: Household) -> None:
    """A deed names its permits; on whose behalf they were stands in the intent, which may lie before the time of the breach."""
    grant: list[Json] = ["ab" * 16, 7, 6, 0, 900, True, "third_party", told.app, "third_party_service", "profile", 0, 900]
    intent = canonical({"c": told.home, "g": [grant]})
    deed = canonical({"c": told.home, "s": ["ab" * 16]})
    with told.house.operator() as c:
        before = AT - timedelta(hours=2)
        told.house.log.record_batch(c, EventKind.BATCH_INTENDED, 2, before, "operator", [Leaf(told.home, "LEFT", intent)], {})
        told.house.log.record_batch(c, EventKind.BATCH_READ, 2, AT, "operator", [Leaf(told.home, "LEFT", deed)], {})
    assert found(told, replace(WHOLE, party=told.app)) == {"left": 1, "came": 1}
    assert found(told, replace(WHOLE, party=told.supplier)) == {}
    since_ever = Period(datetime(1, 1, 1, tzinfo=UTC), AT + timedelta(hours=1))
    assert found(told, replace(WHOLE, party=told.app, period=since_ever)) == {"left": 2, "came": 1}, "intent and deed"


def test_what_was_erased_is_about_nobody_and_counted(told: Household) -> None:
    with told.house.auditor() as c:
        told.house.log.integrate(c)
        told.house.log.erase(c, "LEFT", told.home, Period(AT - timedelta(days=1)))
    reach = breach.touched(told.house, opened_(told))
    assert (reach.persons, reach.erased) == ({told.came}, 1)


def test_the_authority_is_told_within_72_hours_or_with_the_reason(told: Household) -> None:
    number = opened_(told)
    (authority, persons) = breach.owed(breach.touched(told.house, number))
    assert (authority.whom, authority.until, authority.done) == (Whom.AUTHORITY, AT + timedelta(hours=72), False)
    assert persons.whom is Whom.PERSONS
    late = AT + timedelta(hours=73)
    with pytest.raises(ReasonMissing):
        breach.notify(told.house, number, Whom.AUTHORITY, by=BY, because="", at=late)
    with pytest.raises(ReasonMissing):
        breach.notify(told.house, number, Whom.AUTHORITY, by=" ", because="x", at=AT)
    reach = breach.notify(told.house, number, Whom.AUTHORITY, by=BY, because="found out slowly", at=late)
    assert breach.owed(reach)[0].done
    with told.house.operator() as c:
        rows = c.execute("select convert_from(leaf, 'UTF8') from audit.pending where kind = 'breach:notified'").fetchall()
    assert ['"late":true' in row[0] for row in rows] == [True]


def test_persons_read_on_their_page_and_in_their_log_that_it_touched_them(told: Household) -> None:
    number = opened_(told)
    assert breach.touched_me(told.house, told.came) == []
    breach.notify(told.house, number, Whom.PERSONS, by=BY, because="", at=AT)
    breach.notify(told.house, number, Whom.PERSONS, by=BY, because="once more", at=AT)
    (mine,) = breach.touched_me(told.house, told.came)
    assert (mine.nature, mine.lines) == (NATURE, 3)
    for who in (told.came, told.left):
        kinds = [line.kind for line in inquiry.access_log(told.house, who, most=99)]
        assert kinds.count("breach:notified") == 1, "once each"
    nobody = told.facts.subject("NOBODY")
    assert breach.touched_me(told.house, nobody) == []


def test_it_closes_when_all_were_told_or_with_the_reason(told: Household) -> None:
    number = opened_(told)
    with pytest.raises(ReasonMissing):
        breach.close(told.house, number, by=BY, because="", at=AT)
    assert breach.close(told.house, number, by=BY, because="The file was empty.", at=AT).closed
    with pytest.raises(AlreadyAnswered):
        breach.notify(told.house, number, Whom.PERSONS, by=BY, because="", at=AT)
    assert [one.id for one in breach.listed(told.house)] == [number]


def test_what_makes_no_sense_is_refused(told: Household) -> None:
    with pytest.raises(NoSuchBreach):
        breach.touched(told.house, 99)
    with pytest.raises(ReasonMissing):
        breach.open_(told.house, Scope(HOUR), " ", by=BY, known=AT, at=AT)
    for scope, known in ((Scope(Period(AT)), AT), (Scope(HOUR), AT + timedelta(hours=1))):
        with pytest.raises(CannotBeAsked):
            breach.open_(told.house, scope, NATURE, by=BY, known=known, at=AT)
    with pytest.raises(CannotBeAsked):
        breach.notify(told.house, opened_(told), Whom.PARTY, by=BY, because="", at=AT)
    with pytest.raises(CannotBeAsked):
        breach.party(told.house, "nobody")


@pytest.mark.parametrize(
    "slip", [replace(WHOLE, kinds=("parcel:deliverd",)), replace(WHOLE, connections=(99,)), Scope(Period(AT, AT))]
)
def test_a_slip_of_the_pen_in_the_scope_is_no_breach_that_touched_nobody(told: Household, slip: Scope) -> None:
    with pytest.raises(CannotBeAsked):
        opened_(told, slip)
    assert breach.listed(told.house) == []


def test_who_is_found_after_the_others_were_told_is_still_owed_it(told: Household) -> None:
    number = opened_(told, replace(WHOLE, kinds=("view:shown",)))
    reach = breach.notify(told.house, number, Whom.PERSONS, by=BY, because="", at=AT)
    assert [one.done for one in breach.owed(reach)] == [False, True]
    with told.house.operator() as c:
        late = Event(AT + timedelta(minutes=5), EventKind.VIEW_SHOWN, "operator", "LEFT", told.home, {})
        told.house.log.record(c, [late])
    assert [one.done for one in breach.owed(breach.touched(told.house, number))] == [False, False]
    breach.notify(told.house, number, Whom.AUTHORITY, by=BY, because="", at=AT)
    with pytest.raises(ReasonMissing):
        breach.close(told.house, number, by=BY, because="", at=AT)
    breach.notify(told.house, number, Whom.PERSONS, by=BY, because="", at=AT)
    assert breach.close(told.house, number, by=BY, because="", at=AT).closed

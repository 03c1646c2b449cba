"""Every request has its term, its answer per ground and its receipts; what somebody must weigh waits for a named person."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from functools import partial
from itertools import pairwise
from threading import Barrier

import psycopg
import pytest

from kwartier.audit import verify
from kwartier.audit.events import EventKind
from kwartier.grounds.rights import Right, Why
from kwartier.model.errors import KwartierError
from kwartier.model.period import Period, midnight
from kwartier.store.registry import facts, rights
from kwartier.workflows import inquiry, retention
from kwartier.workflows.installation import Installation
from kwartier.workflows.rights import rectify, register
from kwartier.workflows.rights.errors import (
    AlreadyAnswered,
    AlreadyAsked,
    CannotBeAsked,
    NoSuchRequest,
    ReasonMissing,
    WordsMissing,
)
from registry_support import waits_for_a_lock
from rights_support import AT, Household

PERSON = "A. Officer"
LATER = AT + timedelta(days=3)


def kinds(household: Household, who: int) -> list[str]:
    """Return what the person's own log says, the oldest first, once it is signed."""
    with household.house.auditor() as c:
        household.house.log.integrate(c)
    return [line.kind for line in reversed(inquiry.access_log(household.house, who, most=100))]


def test_access_is_answered_as_it_is_asked_and_both_are_proved(household: Household) -> None:
    house = household.house
    one = register.ask(house, household.came, Right.ACCESS, at=AT)
    assert (one.state, one.is_open, one.due) == ("answered", False, midnight(date(2026, 4, 12)))
    assert all(each.done for each in one.events[-1].reached)
    assert kinds(household, household.came) == ["right:asked", "right:answered"]
    for event in one.events:
        assert event.entry is not None
        text = inquiry.proof(house, household.came, event.entry, None, at=AT).body.decode()
        assert verify.verify(text, house.log.vkey, "CAME").about_subject


def test_the_log_says_what_was_asked_and_not_in_whose_words(household: Household) -> None:
    one = register.ask(household.house, household.came, Right.RECTIFICATION, at=AT, words="  my name is Jansen\x00  ")
    assert one.words == "my name is Jansen"
    with household.house.operator() as c:
        leaves = b"".join(row[0] for row in c.execute("select leaf from audit.pending where kind = 'right:asked'"))
    assert b"rectification" in leaves
    assert b"Jansen" not in leaves
    assert b"CAME" not in leaves


def test_who_reads_what_a_person_wrote_or_asks_where_the_person_lives_stands_in_that_persons_log(household: Household) -> None:
    house, facts = household.house, household.facts
    other = facts.connection()
    facts.occupancy(other, household.left)
    one = register.ask(house, household.left, Right.RECTIFICATION, at=AT, words="my name is Jansen")
    assert register.look(house, one.id, at=LATER).words == "my name is Jansen"
    rectify.stays(house, "LEFT", at=LATER)
    with house.operator() as c:
        lines = [
            (connection, line.kind, line.actor, line.body)
            for connection in (household.home, other)
            for line in house.log.of_subject(c, "LEFT", connection, Period(LATER, LATER + timedelta(seconds=1)))
        ]
        assert house.log.of_subject(c, "CAME", household.home, Period(AT)) == [], "who lives there now is not meant"
    looks = [{"asked": None, "shown": what} for what in ("request", "stays")]
    assert lines == [(connection, "view:shown", "operator", body) for connection in (household.home, other) for body in looks]


def test_words_and_reasons_are_sealed_under_the_persons_own_key_and_go_with_it(household: Household) -> None:
    one = register.ask(household.house, household.came, Right.RECTIFICATION, at=AT, words="my name is Jansen")
    register.answer(household.house, one.id, by=PERSON, because="Jansen it is", refused=False, at=LATER)
    (told,) = register.mine(household.house, household.came)
    assert (told.words, told.events[-1].because) == ("my name is Jansen", "Jansen it is")
    with psycopg.connect(household.house.dsns.owner) as c:
        rows = c.execute("select words from kw.rights_request union select because from kw.rights_event").fetchall()
        assert not any(b"Jansen" in (row[0] or b"") for row in rows)
        c.execute("delete from kw.subject_key")
    (told,) = register.mine(household.house, household.came)
    assert (told.words, told.events[-1].because, told.state) == ("", "", "answered")


def test_what_must_be_weighed_waits_for_a_named_person_with_a_reason(household: Household) -> None:
    house = household.house
    one = register.ask(house, household.came, Right.RECTIFICATION, at=AT, words="it is wrong")
    assert one.is_open
    assert [each.id for each in register.listed(house, only_open=True)] == [one.id]
    for by, because in (("", "a reason"), (PERSON, " ")):
        with pytest.raises(ReasonMissing):
            register.answer(house, one.id, by=by, because=because, refused=True, at=LATER)
    answered = register.answer(house, one.id, by=PERSON, because="kept by law", refused=True, at=LATER)
    assert (answered.state, answered.events[-1].because) == ("refused", "kept by law")
    assert register.listed(house, only_open=True) == []
    assert kinds(household, household.came)[-1] == EventKind.RIGHT_REFUSED
    with pytest.raises(AlreadyAnswered):
        register.answer(house, one.id, by=PERSON, because="again", refused=False, at=LATER)


def test_a_term_is_extended_once_within_the_first_month_to_three(household: Household) -> None:
    house = household.house
    one = register.ask(house, household.came, Right.RECTIFICATION, at=AT, words="it is wrong")
    with pytest.raises(AlreadyAnswered):
        register.extend(house, one.id, by=PERSON, because="much", at=one.due)
    longer = register.extend(house, one.id, by=PERSON, because="many readings", at=LATER)
    assert (longer.due, longer.state, longer.is_open) == (midnight(date(2026, 6, 12)), "extended", True)
    with pytest.raises(AlreadyAnswered):
        register.extend(house, one.id, by=PERSON, because="still", at=LATER)


@pytest.mark.parametrize("words", ["", " \n\t ", "\x00 \u200b"])
def test_what_should_be_put_right_is_said_in_words_or_nothing_is_asked(household: Household, words: str) -> None:
    house = household.house
    with pytest.raises(WordsMissing):
        register.ask(house, household.came, Right.RECTIFICATION, at=AT, words=words)
    with pytest.raises(WordsMissing):
        register.ask_for(house, "CAME", Right.RECTIFICATION, at=AT, words=words)
    assert register.mine(house, household.came) == []
    assert kinds(household, household.came) == []
    assert register.ask(house, household.came, Right.RECTIFICATION, at=AT, words="it is wrong").is_open, "nothing bars the next"


def test_nobody_asks_twice_or_for_what_cannot_be(household: Household) -> None:
    house = household.house
    register.ask(house, household.came, Right.RECTIFICATION, at=AT, words="it is wrong")
    with pytest.raises(AlreadyAsked):
        register.ask(house, household.came, Right.RECTIFICATION, at=AT, words="it is wrong")
    for right, about in ((Right.OBJECTION, ""), (Right.OBJECTION, "periodic_reading"), (Right.ACCESS, "outage")):
        with pytest.raises(CannotBeAsked):
            register.ask(house, household.came, right, about=about, at=AT)
    with pytest.raises(CannotBeAsked):
        register.ask(house, 999, Right.ACCESS, at=AT)
    with pytest.raises(NoSuchRequest):
        register.request(house, 999)


def test_an_objection_is_refused_about_the_grounds_it_cannot_reach(household: Household) -> None:
    one = register.ask(household.house, household.came, Right.OBJECTION, about="outage", at=AT)
    reached = {each.rule: each for each in one.events[-1].reached}
    assert {rule for rule, each in reached.items() if each.done} == {"O2"}
    assert {reached["S1"].why, reached["T1"].why} == {Why.BY_LAW, Why.REVOKE}
    with pytest.raises(AlreadyAsked):
        register.ask(household.house, household.came, Right.OBJECTION, about="outage", at=LATER)
    register.ask(household.house, household.came, Right.OBJECTION, about="danger", at=LATER)


def test_a_person_sees_and_lifts_the_own_requests_only(household: Household) -> None:
    house = household.house
    one = register.ask(house, household.came, Right.RESTRICTION, at=AT)
    assert register.mine(house, household.left) == []
    with pytest.raises(NoSuchRequest):
        register.lift(house, household.left, one.id, at=LATER)
    assert register.lift(house, household.came, one.id, at=LATER).state == "lifted"
    with pytest.raises(AlreadyAnswered):
        register.lift(house, household.came, one.id, at=LATER)
    register.ask(house, household.came, Right.RESTRICTION, at=LATER)


@pytest.mark.parametrize(
    "statement",
    [
        "update kw.rights_request set words = 'x'",
        "delete from kw.rights_event",
        "update kw.rights_event set because = 'x'",
    ],
)
def test_the_register_is_append_only(household: Household, statement: str) -> None:
    register.ask(household.house, household.came, Right.ACCESS, at=AT)
    with (
        pytest.raises((psycopg.errors.InsufficientPrivilege, psycopg.errors.IntegrityConstraintViolation)),
        household.house.operator() as c,
    ):
        c.execute(statement.encode())
    with psycopg.connect(household.house.dsns.owner) as c, pytest.raises(psycopg.errors.IntegrityConstraintViolation):
        c.execute(statement.encode())


@pytest.mark.parametrize(
    "statement",
    [
        "insert into kw.rights_request (subject, kind, asked, due) values (%(other)s, 'access', now(), now() + interval '1 day')",
        "insert into kw.rights_event (request, at, event, by) values (%(request)s, now(), 'answered', 'customer')",
        "insert into kw.rights_event (request, at, event, by) values (%(request)s, now(), 'asked', 'customer')",
        "select by from kw.rights_event",
        "insert into kw.hold (connection, subject, request, period) values (1, 1, 1, tstzrange(now(), null))",
        "select nature, by from kw.breach",
        "select * from kw.superseded",
    ],
)
def test_the_portal_asks_for_oneself_and_answers_nothing(household: Household, opened: Installation, statement: str) -> None:
    theirs = register.ask(opened, household.left, Right.ACCESS, at=AT)
    with pytest.raises(psycopg.errors.InsufficientPrivilege), opened.portal(household.came) as c:
        c.execute(statement.encode(), {"other": household.left, "request": theirs.id})


def test_who_has_no_connection_can_ask_all_the_same(household: Household) -> None:
    nobody = household.facts.subject("NOBODY")
    assert register.ask(household.house, nobody, Right.ACCESS, at=AT).state == "answered"
    assert Period(AT).contains(register.mine(household.house, nobody)[0].asked)


def test_erasure_is_answered_per_ground_and_waits_for_the_night(household: Household) -> None:
    """The readings were taken for the supplier, who may have them for two years; nothing rests on consent alone."""
    one = register.ask(household.house, household.came, Right.ERASURE, at=AT)
    reached = {each.rule: each.why for each in one.events[-1].reached}
    assert (one.state, reached["S1"]) == ("answered", Why.KEPT)
    assert "S1: 2028-" in one.events[-1].because
    with household.house.operator() as c:
        assert c.execute("select subject, state from kw.erasure").fetchall() == [(household.came, "asked")]
    with pytest.raises(AlreadyAsked):
        register.ask(household.house, household.came, Right.ERASURE, at=LATER)


def test_an_erasure_that_waits_does_not_promise_what_was_decided_after_it(household: Household) -> None:
    """What the nightly run takes away was fixed with the first answer; a second one would promise more."""
    house, left = household.house, household.left
    first = register.ask(house, left, Right.ERASURE, at=AT)
    with pytest.raises(AlreadyAsked):
        register.ask(house, left, Right.ERASURE, at=LATER)
    assert [one.id for one in register.mine(house, left)] == [first.id], "nothing is promised, and nothing waits"
    retention.nightly(house, at=LATER)
    assert register.ask(house, household.came, Right.ERASURE, at=LATER).state == "answered"


def test_two_that_lift_at_once_end_it_once(household: Household) -> None:
    house, c = household.house, household.facts.c
    one = register.ask(house, household.came, Right.RESTRICTION, at=AT)
    with ThreadPoolExecutor(1) as other:
        with house.operator() as first:
            first.execute("update kw.hold set period = tstzrange(lower(period), %s)", (LATER,))
            second = other.submit(register.lift, house, household.came, one.id, at=LATER + timedelta(hours=1))
            waits_for_a_lock(c, second)
        with pytest.raises(AlreadyAnswered):
            second.result()
    assert c.execute("select upper(period) from kw.hold").fetchall() == [(LATER,)]
    assert kinds(household, household.came).count("hold:ended") == 0


def test_two_forms_at_once_ask_once(household: Household) -> None:
    house = household.house
    with ThreadPoolExecutor(1) as other:
        with house.portal(household.came) as first:
            rights.alone(first, household.came)
            number = rights.ask(first, household.came, Right.RECTIFICATION, Period(AT, LATER))
            rights.asked(first, number, AT, 1)
            second = other.submit(register.ask, house, household.came, Right.RECTIFICATION, at=AT, words="it is wrong")
            waits_for_a_lock(household.facts.c, second)
        with pytest.raises(AlreadyAsked):
            second.result()
    assert len(register.mine(house, household.came)) == 1


def at_once(*doing: Callable[[], object]) -> list[str]:
    """Do these at the same moment; return how each ended: `done`, or the code of a typed error."""
    together = Barrier(len(doing))

    def one(what: Callable[[], object]) -> str:
        together.wait(30)
        try:
            what()
        except KwartierError as fault:
            return fault.code
        return "done"

    with ThreadPoolExecutor(len(doing)) as threads:
        return sorted(threads.map(one, doing))


def test_two_who_answer_or_extend_at_once_do_it_once_and_nothing_half(household: Household) -> None:
    house = household.house
    for what in (
        partial(register.extend, house, by="A", because="much to look at", at=AT),
        partial(register.answer, house, by="A", because="it was right", refused=True, at=AT),
    ):
        asked = register.ask(house, household.came, Right.RECTIFICATION, at=AT, words="it is wrong")
        assert at_once(*[partial(what, asked.id)] * 3) == ["done", "right-ended", "right-ended"]
        found = register.request(house, asked.id)
        assert len(found.events) == 2
        if found.is_open:
            register.answer(house, asked.id, by="A", because="it was right", refused=True, at=AT)
    told = kinds(household, household.came)
    assert (told.count("right:extended"), told.count("right:refused")) == (1, 2)


def test_what_is_lifted_can_be_asked_again_in_the_same_second(household: Household) -> None:
    house, came = household.house, household.came
    for right, about in ((Right.RESTRICTION, ""), (Right.OBJECTION, "outage")):
        for _ in range(3):
            one = register.ask(house, came, right, at=AT, about=about)
            register.lift(house, came, one.id, at=AT)
        register.ask(house, came, right, at=AT, about=about)
    with house.operator() as c:
        known = facts.facts(c, household.home, year=AT.year)
    for marks in (known.holds, known.objections):
        spans = sorted((one.period.start, one.period.end or AT.replace(year=2030)) for one in marks)
        assert len(spans) == 4
        assert all(before[1] <= after[0] for before, after in pairwise(spans)), "each in its own time"

"""Readings that a person disputes are marked wherever they go, until a named person says what became of it."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from kwartier.grounds.rights import Right
from kwartier.model.ground import Purpose, Requester, Role
from kwartier.model.register import Channel
from kwartier.workflows import delivery_round, inquiry
from kwartier.workflows.rights import dispute, register
from kwartier.workflows.rights.errors import AlreadyAnswered, CannotBeAsked, NoSuchRequest, ReasonMissing
from kwartier.workflows.rights.rectify import Answer
from readings_support import channel_day, moment, permit, read, whole
from rights_support import AFTER, AT, BEFORE, Household

ANSWER = Answer("A. Officer", "the display showed less")
LATER = AT + timedelta(days=1)


def qualities(household: Household, *, later: bool = False) -> set[str]:
    """Return how the day's values are told in a download."""
    found = inquiry.download(household.house, household.came, household.home, AFTER, AFTER, "json", at=LATER if later else AT)
    document = json.loads(found.body)
    told = {mark for one in document["series"] for mark in one.get("quality", ["valid"])}
    return told | {one.get("quality", "valid") for one in document["readings"]}


def test_what_is_disputed_is_told_as_doubted_until_it_is_settled(household: Household) -> None:
    house = household.house
    asked = register.ask(house, household.came, Right.RECTIFICATION, at=AT, words="the tenth is wrong")
    assert qualities(household) == {"valid"}
    number = dispute.dispute(house, household.home, whole(AFTER), ANSWER, at=AT)
    assert qualities(household) == {"not-valid"}
    (day,) = inquiry.usage(house, household.came, household.home, AFTER, at=AT).days
    assert set(day.quality) == {16}
    assert "rectification:done" in {line.kind for line in inquiry.access_log(house, household.came, most=99)}
    theirs = register.ask(house, household.left, Right.RECTIFICATION, at=AT, words="it is wrong")
    with pytest.raises(NoSuchRequest):
        dispute.settle(house, number, dispute.RIGHT, replace(ANSWER, request=theirs.id), at=LATER)
    assert qualities(household, later=True) == {"not-valid"}, "whose request it is not is told nothing, and nothing is settled"
    dispute.settle(house, number, dispute.RIGHT, replace(ANSWER, request=asked.id), at=LATER)
    assert qualities(household, later=True) == {"valid"}
    assert register.request(house, asked.id).state == "refused"
    lines = len(inquiry.access_log(house, household.came, most=99))
    for outcome in (dispute.RIGHT, dispute.WRONG):
        with pytest.raises(AlreadyAnswered):
            dispute.settle(house, number, outcome, ANSWER, at=LATER)
    assert len(inquiry.access_log(house, household.came, most=99)) == lines, "the log says nothing else after it"


def test_what_was_wrong_stays_marked(household: Household) -> None:
    number = dispute.dispute(household.house, household.home, whole(AFTER), ANSWER, at=AT)
    dispute.settle(household.house, number, dispute.WRONG, ANSWER, at=AT)
    assert qualities(household, later=True) == {"not-valid"}


def test_a_supplier_is_handed_it_with_its_mark(household: Household) -> None:
    house, low = household.house, 1 << Channel.DAY_IMPORT_LOW
    who = Requester(Role.SUPPLIER, household.supplier)
    asked = permit(house, who, Purpose.PERIODIC_READING, household.home, low, moment(AFTER), at=AT)
    read(house, [channel_day(household.home, Channel.DAY_IMPORT_LOW, AFTER)], [asked], at=AT)
    dispute.dispute(house, household.home, whole(AFTER), ANSWER, at=AT)
    delivery_round.run(house, clock=lambda: AT)
    (line,) = [json.loads(text) for path in house.outbox.glob("*/*.jsonl") for text in path.read_text("utf-8").splitlines()]
    assert [one["quality"] for one in line["readings"]] == ["not-valid"]


def test_what_makes_no_sense_is_refused(household: Household) -> None:
    house = household.house
    across = replace(whole(AFTER), start=whole(BEFORE).start)
    for connection, period in ((household.home, across), (999, whole(AFTER))):
        with pytest.raises(CannotBeAsked):
            dispute.dispute(house, connection, period, ANSWER, at=AT)
    with pytest.raises(ReasonMissing):
        dispute.dispute(house, household.home, whole(AFTER), replace(ANSWER, by=""), at=AT)
    for number, outcome in ((1, "perhaps"), (99, dispute.RIGHT)):
        with pytest.raises(CannotBeAsked):
            dispute.settle(house, number, outcome, ANSWER, at=AT)


def test_a_dispute_is_settled_with_its_answer_or_not_at_all(household: Household, monkeypatch: pytest.MonkeyPatch) -> None:
    house = household.house
    asked = register.ask(house, household.came, Right.RECTIFICATION, at=AT, words="it is wrong")
    number = dispute.dispute(house, household.home, whole(AFTER), ANSWER, at=AT)

    def broken(*_: object, **__: object) -> None:
        raise NoSuchRequest

    with monkeypatch.context() as patched:
        patched.setattr("kwartier.workflows.rights.register.tell", broken)
        with pytest.raises(NoSuchRequest):
            dispute.settle(house, number, dispute.RIGHT, replace(ANSWER, request=asked.id), at=LATER)
    assert qualities(household, later=True) == {"not-valid"}
    dispute.settle(house, number, dispute.RIGHT, replace(ANSWER, request=asked.id), at=LATER)
    assert qualities(household, later=True) == {"valid"}

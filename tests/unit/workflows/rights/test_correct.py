"""A reading that was wrong is replaced: everybody is told the right one since, and what was known before can still be asked."""

import json
import shutil
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from kwartier.grounds.rights import Right as Asked
from kwartier.model.channel_day import Quality
from kwartier.model.ground import Purpose, Requester, Role
from kwartier.model.period import midnight
from kwartier.model.register import Channel
from kwartier.store.registry import deliveries
from kwartier.store.registry.corrections import Correction
from kwartier.workflows import delivery_round, inquiry, replay
from kwartier.workflows.installation import Installation
from kwartier.workflows.night import settle
from kwartier.workflows.permission.desk import revoke
from kwartier.workflows.rights import access, correct, dispute, rectify, register
from kwartier.workflows.rights.correct import Right
from kwartier.workflows.rights.errors import AlreadyAnswered, CannotBeAsked, NoSuchRequest, ReasonMissing
from kwartier.workflows.rights.rectify import Answer
from readings_support import channel_day, moment, permit, read, whole
from registry_support import between
from rights_support import AFTER, AT, BEFORE, Household

ANSWER = Answer("A. Officer", "the display showed less")
LATER = AT + timedelta(days=1)
QUARTER = timedelta(minutes=15)
LOW = 1 << Channel.DAY_IMPORT_LOW
OPENING = midnight(AFTER)


def usage(household: Household) -> tuple[int, ...]:
    """Return the quarter-hours that the person sees."""
    (day,) = inquiry.usage(household.house, household.came, household.home, AFTER, at=LATER).days
    return tuple(memoryview(day.deltas).cast("i"))


def known(household: Household, then: datetime | None) -> list[int]:
    """Return the quarter-hours that the person can take away, as they were known at a moment."""
    found = inquiry.download(household.house, household.came, household.home, AFTER, AFTER, "json", at=LATER, known=then)
    return list(json.loads(found.body)["series"][0]["values"])


def promised(household: Household) -> int:
    """Read the register of the day for the supplier, and the day for the app by a permission; return that."""
    house = household.house
    given = household.facts.permission(household.home, household.came, household.app, between("2026-03-02"), purpose="advies")
    asked = [
        permit(
            house,
            Requester(Role.SUPPLIER, household.supplier),
            Purpose.PERIODIC_READING,
            household.home,
            LOW,
            moment(AFTER),
            at=AT,
        ),
        permit(
            house,
            Requester(Role.THIRD_PARTY, household.app),
            Purpose.THIRD_PARTY_SERVICE,
            household.home,
            1 << Channel.IMPORT,
            whole(AFTER),
            at=AT,
        ),
    ]
    found = [channel_day(household.home, kind, AFTER) for kind in (Channel.DAY_IMPORT_LOW, Channel.IMPORT)]
    read(house, found, asked, at=AT)
    return given


def boxes(household: Household, pattern: str) -> list[dict[str, Any]]:
    """Return what lies in the boxes, in the order in which it came there."""
    paths = sorted(household.house.outbox.glob(f"*/*{pattern}"), key=lambda path: path.stat().st_mtime_ns)
    return [json.loads(line) for path in paths for line in path.read_text("utf-8").splitlines()]


def test_a_corrected_quarter_is_what_everybody_is_told_and_what_was_known_stays_known(household: Household) -> None:
    house = household.house
    assert usage(household)[3] == 3
    made = correct.correct(house, household.home, [Right(Channel.IMPORT, OPENING + 3 * QUARTER, 77)], ANSWER, at=LATER)
    assert usage(household)[:5] == (0, 1, 2, 77, 4)
    (day,) = house.readings.day(household.home, AFTER, 1 << Channel.IMPORT)
    assert day.quality[3] == Quality.CORRECTED
    assert sum(day.quality) == Quality.CORRECTED
    assert (known(household, AT)[3], known(household, LATER)[3], known(household, None)[3]) == (3, 77, 77)
    assert made.wrong is not None
    assert (made.fact, made.wrong.start) == ("reading", OPENING + 3 * QUARTER)
    kinds = {line.kind for line in inquiry.access_log(house, household.came, most=99)}
    assert kinds >= {"rectification:done", "reading:corrected"}
    assert "reading:corrected" not in {line.kind for line in inquiry.access_log(house, household.left, most=99)}


def test_a_download_says_which_value_was_put_right(household: Household) -> None:
    house = household.house
    correct.correct(house, household.home, [Right(Channel.DAY_IMPORT_LOW, OPENING, 12)], ANSWER, at=LATER)
    found = inquiry.download(house, household.came, household.home, AFTER, AFTER, "json", at=LATER)
    told = [one for one in json.loads(found.body)["readings"] if one["value"] == 12]
    assert [one["quality"] for one in told] == ["corrected"]


def test_receivers_are_told_and_what_their_ground_still_allows_is_handed_over_once_more(household: Household) -> None:
    house = household.house
    promised(household)
    delivery_round.run(house, clock=lambda: AT)
    before = boxes(household, ".jsonl")
    values = [Right(Channel.DAY_IMPORT_LOW, OPENING, 4000), Right(Channel.IMPORT, OPENING, 9)]
    made = correct.correct(house, household.home, values, ANSWER, at=LATER)
    assert {(one.role, one.party) for one in made.tell} == {("supplier", household.supplier), ("third_party", household.app)}
    assert [one.told for one in rectify.told(house, made.id)] == [None, None]
    report = delivery_round.run(house, clock=lambda: LATER + QUARTER)
    assert (report.delivered, report.withheld, report.notices) == (2, 0, 2)
    again = boxes(household, ".jsonl")[len(before) :]
    wrong = {one["purpose"]: one["reference"] for one in before}
    assert {one["purpose"]: one["corrects"] for one in again} == {purpose: [parcel] for purpose, parcel in wrong.items()}
    assert {one["readings"][0]["value"] for one in again if one["readings"]} == {4000}
    assert {one["series"][0]["values"][0] for one in again if one["series"]} == {9}
    notices = boxes(household, ".notice.json")
    assert sorted(parcel for one in notices for parcel in one["parcels"]) == sorted(wrong.values())
    assert {one.told for one in rectify.told(house, made.id)} == {LATER + QUARTER}
    assert "rectification:told" in {line.kind for line in inquiry.access_log(house, household.came, most=99)}
    quiet = delivery_round.run(house, clock=lambda: LATER + 2 * QUARTER)
    assert (quiet.delivered, quiet.withheld, quiet.notices) == (0, 0, 0), "once"


def test_the_overview_that_it_closes_is_made_again_of_the_parcel_that_corrects(household: Household) -> None:
    house, first = household.house, date(2026, 4, 1)
    now = midnight(first) + timedelta(days=1)
    who = Requester(Role.SUPPLIER, household.supplier)
    for day in (date(2026, 3, 1), first):
        asked = permit(house, who, Purpose.PERIODIC_READING, household.home, LOW, moment(day), at=now)
        read(house, [channel_day(household.home, Channel.DAY_IMPORT_LOW, day)], [asked], at=now)
    delivery_round.run(house, clock=lambda: now)
    correct.correct(house, household.home, [Right(Channel.DAY_IMPORT_LOW, midnight(first), 5011)], ANSWER, at=now + QUARTER)
    assert delivery_round.run(house, clock=lambda: now + 2 * QUARTER).papers == 1
    (again,) = [one for one in boxes(household, ".jsonl") if "corrects" in one]
    papers = [zipfile.ZipFile(path) for path in house.outbox.glob("*/*.papers.zip")]
    made = {name: one.read(name).decode() for one in papers for name in one.namelist() if name.endswith(".json")}
    (newest,) = [text for name, text in made.items() if name.startswith(again["reference"])]
    assert ":300" in newest, "usage is the difference of the stands"
    assert again["corrects"][0] not in {one["parcel"] for one in json.loads(newest)["readings"]}
    assert json.loads(newest)["replaces"] == again["corrects"]


def overviews(household: Household) -> list[dict[str, Any]]:
    """Return the overviews in the boxes, in the order in which they came there."""
    files = [zipfile.ZipFile(path) for path in paper_files(household)]
    return [json.loads(one.read(name)) for one in files for name in one.namelist() if name.endswith("overview.json")]


def paper_files(household: Household) -> list[Path]:
    return sorted(household.house.outbox.glob("*/*.papers.zip"), key=lambda path: path.stat().st_mtime_ns)


@pytest.fixture
def told_thrice(household: Household) -> Household:
    """The supplier was handed the registers that open April, close it, and close May."""
    house, who = household.house, Requester(Role.SUPPLIER, household.supplier)
    for month in (4, 5, 6):
        day = date(2026, month, 1)
        now = midnight(day) + timedelta(days=1)
        asked = permit(house, who, Purpose.PERIODIC_READING, household.home, LOW, moment(day), at=now)
        row = replace(channel_day(household.home, Channel.DAY_IMPORT_LOW, day), start=1000 * month)
        read(house, [row], [asked], at=now)
        delivered(household, now)
    return household


def delivered(household: Household, at: datetime) -> int:
    """Deliver; return how many papers were made."""
    return delivery_round.run(household.house, clock=lambda: at).papers


def put_right(household: Household, month: int, value: int) -> int:
    """Put the register at the beginning of a month right, and deliver; return how many papers were made."""
    right = [Right(Channel.DAY_IMPORT_LOW, midnight(date(2026, month, 1)), value)]
    correct.correct(household.house, household.home, right, ANSWER, at=IN_JUNE)
    return delivered(household, IN_JUNE)


IN_JUNE = midnight(date(2026, 6, 3))


def replayed(household: Household) -> set[str]:
    return {one.code for one in replay.run(household.house, at=IN_JUNE + timedelta(days=1)).findings}


def test_whatever_quotes_it_is_made_anew_says_what_it_replaces_and_the_receiver_is_told(told_thrice: Household) -> None:
    """The register of 1 May closes April and opens the month after; the overview of 1 April knows nothing of it."""
    first, second, third = overviews(told_thrice)
    assert [one["usage"][0]["value"] for one in (second, third)] == [1000, 1000]
    assert put_right(told_thrice, 5, 5300) == 2
    april, may = sorted(overviews(told_thrice)[3:], key=lambda one: str(one["period"]["end"]))
    assert [one["usage"][0]["value"] for one in (april, may)] == [1300, 700]
    assert may["earlier"][0]["usage"][0]["value"] == 1300
    assert (april["replaces"], may["replaces"]) == ([second["reference"]], [third["reference"]])
    (notice,) = boxes(told_thrice, ".notice.json")
    assert notice["papers"] == sorted([second["reference"], third["reference"]])
    assert first["reference"] not in notice["papers"]
    assert not replayed(told_thrice) & {"file-without-parcel", "paper-beyond-parcels", "parcel-of-another", "parcel-beyond-permit"}


def test_a_paper_that_is_put_right_twice_replaces_the_last(told_thrice: Household) -> None:
    assert [put_right(told_thrice, *right) for right in ((6, 6500), (5, 5300))] == [1, 2]
    may = [one for one in overviews(told_thrice) if one["period"]["end"].startswith("2026-06-01")]
    assert [one["usage"][0]["value"] for one in may] == [1000, 1500, 1200]
    assert [one.get("replaces") for one in may] == [None, [may[0]["reference"]], [may[1]["reference"]]]


def test_usage_of_intervals_that_is_put_right_changes_no_paper(told_thrice: Household) -> None:
    house = told_thrice.house
    correct.correct(house, told_thrice.home, [Right(Channel.IMPORT, OPENING, 9)], ANSWER, at=IN_JUNE)
    assert delivered(told_thrice, IN_JUNE) == 0


def test_a_paper_that_claims_to_replace_one_and_quotes_nothing_of_its_bundle_is_found(told_thrice: Household) -> None:
    put_right(told_thrice, 5, 5300)
    first, *_, last = paper_files(told_thrice)
    shutil.copy(last, first)
    assert "file-without-parcel" in replayed(told_thrice)


def test_who_has_no_ground_any_more_is_told_and_gets_no_value(household: Household) -> None:
    house = household.house
    given = promised(household)
    delivery_round.run(house, clock=lambda: AT)
    for one in (given, household.permission):
        revoke(house, household.came, one, at=AT + QUARTER)
    correct.correct(house, household.home, [Right(Channel.IMPORT, OPENING, 9)], ANSWER, at=LATER)
    report = delivery_round.run(house, clock=lambda: LATER + QUARTER)
    assert (report.delivered, report.withheld, report.notices) == (0, 1, 1)


def test_access_tells_what_it_said_before_who_was_told_and_what_is_still_to_come(household: Household) -> None:
    house = household.house
    promised(household)
    delivery_round.run(house, clock=lambda: AT)
    dispute.dispute(house, household.home, whole(AFTER), ANSWER, at=AT)
    correct.correct(house, household.home, [Right(Channel.DAY_IMPORT_LOW, OPENING, 4000)], ANSWER, at=LATER)
    number = register.ask(house, household.came, Asked.ACCESS, at=LATER).id
    (stay,) = access.document(house, household.came, number, at=LATER)["connections"]
    assert [one["value"] for before in stay["readings_before_corrections"] for one in before["readings"]] == [4711]
    assert {one["value"] for file in stay["readings"] for one in file["readings"]} == {4000}
    assert [(one["fact"], one["at"]) for one in stay["told_of_corrections"]] == [("reading", None)]
    assert [one["purpose"] for one in stay["promised"]] == ["periodic_reading"]
    assert [one["outcome"] for one in stay["disputes"]] == [""]
    assert stay["connection"][0]["capacity_w"] == 17_250
    theirs = register.ask(house, household.left, Asked.ACCESS, at=LATER).id
    (before,) = access.document(house, household.left, theirs, at=LATER)["connections"]
    assert not any(before[part] for part in ("readings_before_corrections", "told_of_corrections", "promised", "disputes"))


def test_what_a_meter_says_again_does_not_undo_it(household: Household) -> None:
    house = household.house
    values = [Right(Channel.IMPORT, OPENING, 9), Right(Channel.DAY_IMPORT_LOW, OPENING, 4000)]
    correct.correct(house, household.home, values, ANSWER, at=LATER)
    read(house, [channel_day(household.home, kind, AFTER) for kind in (Channel.IMPORT, Channel.DAY_IMPORT_LOW)], at=LATER)
    for finalised in (False, True):
        if finalised:
            house.readings.finalise(AFTER)
        first, register_ = house.readings.day(household.home, AFTER)
        assert (memoryview(first.deltas).cast("i")[0], register_.start) == (9, 4000)


def test_what_was_put_right_wrongly_is_put_right_again(household: Household) -> None:
    house = household.house
    for value, at in ((9, LATER), (10, LATER + QUARTER)):
        correct.correct(house, household.home, [Right(Channel.IMPORT, OPENING, value)], ANSWER, at=at)
    assert usage(household)[0] == 10
    assert [known(household, at)[0] for at in (AT, LATER, LATER + QUARTER)] == [0, 9, 10]


def test_it_answers_the_request_and_ends_the_dispute_in_one_step(household: Household) -> None:
    house = household.house
    asked = register.ask(house, household.came, Asked.RECTIFICATION, at=AT, words="the tenth is wrong")
    number = dispute.dispute(house, household.home, whole(AFTER), ANSWER, at=AT)
    answer = replace(ANSWER, request=asked.id)
    correct.correct(house, household.home, [Right(Channel.IMPORT, OPENING, 9)], answer, at=LATER, dispute=number)
    assert register.request(house, asked.id).state == "answered"
    (day,) = inquiry.usage(house, household.came, household.home, AFTER, at=LATER).days
    assert set(day.quality) == {0, Quality.CORRECTED}
    with pytest.raises(AlreadyAnswered):
        correct.correct(house, household.home, [Right(Channel.IMPORT, OPENING, 8)], ANSWER, at=LATER, dispute=number)
    assert usage(household)[0] == 9


@pytest.mark.parametrize(
    "values",
    [
        [],
        [Right(Channel.IMPORT, OPENING + timedelta(seconds=1), 9)],
        [Right(Channel.DAY_IMPORT_LOW, OPENING + QUARTER, 9)],
        [Right(Channel.IMPORT, OPENING, 0)],
        [Right(Channel.IMPORT, OPENING, -1)],
        [Right(Channel.IMPORT, OPENING, 2**31)],
        [Right(Channel.IMPORT, OPENING, 9), Right(Channel.IMPORT, OPENING, 9)],
        [Right(Channel.EXPORT, OPENING, 9)],
        [Right(Channel.IMPORT, OPENING + timedelta(days=1), 9)],
        [Right(Channel.IMPORT, OPENING, 9), Right(Channel.IMPORT, midnight(BEFORE), 9)],
    ],
)
def test_what_makes_no_sense_is_refused_and_changes_nothing(household: Household, values: list[Right]) -> None:
    house = household.house
    before = house.readings.day(household.home, AFTER)
    with pytest.raises(CannotBeAsked):
        correct.correct(house, household.home, values, ANSWER, at=LATER)
    assert house.readings.day(household.home, AFTER) == before
    with house.operator() as c:
        assert c.execute("select count(*) from kw.rectification").fetchone() == (0,)


def test_it_takes_a_named_person_with_a_reason_and_the_persons_own_request(household: Household) -> None:
    house = household.house
    theirs = register.ask(house, household.left, Asked.RECTIFICATION, at=AT, words="it is wrong")
    value = [Right(Channel.IMPORT, OPENING, 9)]
    for answer, why in ((replace(ANSWER, by=""), ReasonMissing), (replace(ANSWER, request=theirs.id), NoSuchRequest)):
        with pytest.raises(why):
            correct.correct(house, household.home, value, answer, at=LATER)
    assert usage(household)[0] == 0


def test_nothing_is_put_right_while_somebody_hands_over(household: Household) -> None:
    house = household.house
    with house.operator() as c:
        assert deliveries.lock(c)
        with pytest.raises(delivery_round.DeliveryRuns):
            correct.correct(house, household.home, [Right(Channel.IMPORT, OPENING, 9)], ANSWER, at=LATER)
        c.execute("select pg_advisory_unlock(%s)", (deliveries.LOCK,))


@pytest.mark.parametrize("next_one", [delivery_round.recover, settle.recover])
def test_what_a_kill_left_said_and_not_done_is_carried_on(
    household: Household, monkeypatch: pytest.MonkeyPatch, next_one: Callable[[Installation, datetime], object]
) -> None:
    """By a delivery round or a night, whichever begins first."""
    house = household.house

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("kwartier.workflows.visits.corrected._change", killed)
        with pytest.raises(KeyboardInterrupt):
            correct.correct(house, household.home, [Right(Channel.IMPORT, OPENING, 9)], ANSWER, at=LATER)
    assert usage(household)[0] == 0
    next_one(house, LATER + QUARTER)
    assert usage(household)[0] == 9
    assert Correction.__slots__


def test_a_reading_that_was_taken_by_hand_is_not_said_to_be_wrong_with_one_of_the_meter(household: Household) -> None:
    """The same register of the same moment: what somebody read at the meter is another reading."""
    household.facts.c.execute(
        "insert into kw.parcel (id, receiver_role, receiver, connection, purpose, period, mask, subject, status, at)"
        " values ('by hand', 'supplier', %s, %s, 'hand_reading', tstzrange(%s, %s, '[]'), %s, %s, 'delivered', %s)",
        (household.supplier, household.home, OPENING, OPENING, LOW, household.came, AT),
    )
    made = correct.correct(household.house, household.home, [Right(Channel.DAY_IMPORT_LOW, OPENING, 12)], ANSWER, at=LATER)
    assert made.tell == ()

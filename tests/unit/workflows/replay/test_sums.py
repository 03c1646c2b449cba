"""A sum that was told is one over enough homes, all of them read for it, and no two differ by fewer."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kwartier.audit.events import EventKind
from kwartier.audit.evidence import Entry
from kwartier.grid import loss
from kwartier.model.ground import Supply
from kwartier.model.period import Period
from kwartier.model.register import Product
from kwartier.workflows.replay.findings import CODES, Category
from kwartier.workflows.replay.one import Own
from kwartier.workflows.replay.places import Location
from kwartier.workflows.replay.sums import Count, Moment, Sum, differ_by_few
from replay_support import Faulty

AT = datetime(2027, 6, 2, 1, tzinfo=UTC)
GROUPS = st.integers(2, 6)
HOMES = st.integers(0, 12)


def one(table: str = "allocation", day: str = "2027-05-31", **other: Any) -> Sum:  # noqa: ANN401 - parts of a body
    body = {"use_case": 1, "transformer": 1, "homes": 9, "read": 9, "month" if table == "reconciliation" else "day": day}
    body |= {} if table == "loss" else {"party": 7, "product": "electricity"}
    kind = f"{table}:told"
    return Sum.of(Entry(5, 5, kind, AT, None, b"", {"body": body | other}, None), [Moment(AT, 5)])


# By counting alone


@given(people_read=HOMES, unread=HOMES, group=GROUPS)
def test_where_all_that_were_read_are_in_it_the_guard_is_that_of_the_night(people_read: int, unread: int, group: int) -> None:
    count = Count(people_read + unread, people_read, vacant_read=0)
    assert count.shows_few(people_read, group) is (loss.withheld(people_read, unread, group) is not None)


@given(people=st.lists(st.booleans(), max_size=9), empty=st.lists(st.booleans(), max_size=3), group=GROUPS, data=st.data())
def test_nothing_is_said_against_what_may_have_been_in_order(
    people: list[bool], empty: list[bool], group: int, data: st.DataObject
) -> None:
    """Of the homes that were read some had gaps: whichever they were, if the sum over the others was in order none is found."""
    sound = [
        (lived, data.draw(st.booleans())) for lived, read in [*((True, r) for r in people), *((False, r) for r in empty)] if read
    ]
    count = Count(len(people), sum(people), sum(empty))
    in_it = sum(lived and whole for lived, whole in sound)
    if loss.withheld(in_it, len(people) - in_it, group) is None:
        assert not count.shows_few(sum(whole for _, whole in sound), group)


def test_what_is_about_few_whichever_they_are_is_found() -> None:
    assert Count(people=9, people_read=8, vacant_read=0).shows_few(8, 2), "all but one"
    assert not Count(people=9, people_read=8, vacant_read=1).shows_few(8, 2), "the empty one and seven, perhaps"
    assert Count(people=9, people_read=9, vacant_read=0).shows_few(8, 2), "one with gaps is one that is not in it"
    assert Count(people=3, people_read=3, vacant_read=4).shows_few(5, 4), "at most three in which somebody lives"
    assert Count(people=1, people_read=1, vacant_read=0).shows_few(1, 1), "a group of one is no group"


# Beside each other


@pytest.mark.parametrize(
    ("first", "second", "found"),
    [
        (one("loss"), one("loss", use_case=2), True),
        (one("loss"), one("allocation"), True),
        (one("loss"), one("allocation", product="gas"), False),
        (one("loss"), one("loss", "2027-05-30"), False),
        (one(), one(), True),
        (one(), one(party=8), False),
        (one(), one(use_case=2), True),
        (one(), one(use_case=3), False),
        (one(), one("allocation", "2027-05-30", use_case=2), False),
        (one("reconciliation", "2027-05-01"), one("allocation"), True),
        (one("reconciliation", "2027-05-01"), one("loss"), True),
        (one("reconciliation", "2027-05-01"), one("allocation", "2027-06-01"), False),
        (one("reconciliation", "2027-05-01"), one("allocation", "2027-04-30"), False),
        (one("reconciliation", "2027-05-01"), one("reconciliation", "2027-05-01", party=8), False),
        (one("reconciliation", "2027-05-01"), one("reconciliation", "2027-04-01"), False),
        (one(transformer=0), one(transformer=0), False),
    ],
)
def test_two_sums_beside_each_other(first: Sum, second: Sum, *, found: bool) -> None:
    area = {1: "north", 2: "north", 3: "south"}.get
    assert (differ_by_few(first, second, area), differ_by_few(second, first, area)) == (found, found)


def test_a_month_counts_the_days_that_its_two_midnights_close() -> None:
    assert one("reconciliation", "2027-12-01").days == {"2027-11-30", "2027-12-31"}
    assert one("reconciliation", "2027-02-01").days == {"2027-01-31", "2027-02-28"}
    assert one("loss", "2027-02-01").days == {"2027-02-01"}


def test_a_share_is_about_the_homes_of_its_supplier() -> None:
    share, may = one(), Period(datetime(2027, 5, 1, tzinfo=UTC), datetime(2027, 6, 1, tzinfo=UTC))
    here = Location(1, AT, "north", Product.ELECTRICITY, 1)

    def own(*supplies: Supply) -> Own:
        return Own((), supplies, (), (), (), ())

    assert share.has(here, own(Supply(1, 7, may)), "north")
    assert not share.has(here, own(Supply(1, 8, may)), "north"), "another's"
    assert not share.has(here, own(), "north"), "nobody's"
    assert not share.has(here, own(Supply(1, 7, Period(may.start, share.about.start))), "north"), "no longer"
    assert not share.has(here._replace(transformer=2), own(Supply(1, 7, may)), "north")
    assert not share.has(here._replace(product=Product.GAS), own(Supply(1, 7, may)), "north")
    assert one("loss").has(here, own(), "north"), "all that hang on the transformer, whoever supplies them"
    assert not share.has(here, own(Supply(1, 7, may)), "south"), "another area's use case"
    assert one("loss").has(here, own(), "south")
    assert one(transformer=0).has(here._replace(transformer=None), own(Supply(1, 7, may)), "north")


# In a night


@pytest.fixture
def told(night: Faulty) -> dict[str, Any]:
    """Return what the log says of the one balance of the night."""
    body: dict[str, Any] = night.one(
        "select convert_from(leaf, 'UTF8')::jsonb -> 'body' from audit.event where kind = 'loss:published'"
    )
    assert body["read"] == body["homes"]
    return body


@pytest.mark.database
def test_the_sums_of_a_night_are_compared(night: Faulty, told: dict[str, Any]) -> None:
    found = night.found()
    assert found.findings == []
    assert found.compared["sums"] == 2, "the one that was told, and the one that the registry holds"
    assert told["read"] > 0


@pytest.mark.database
def test_one_over_homes_that_were_not_read(night: Faulty, told: dict[str, Any]) -> None:
    tell(night, told | {"day": "2026-01-05"})
    assert night.codes() == {"sum-of-unread"}


@pytest.mark.database
def test_one_that_leaves_one_home_beside_it(night: Faulty, told: dict[str, Any]) -> None:
    """All but one: with what flows into the transformer it tells what that one used."""
    night.change("update kw.loss set homes_read = homes_read - 1")
    tell(night, told | {"read": told["read"] - 1})
    assert night.codes() == {"sum-of-few", "sum-beside-sum"}


@pytest.mark.database
def test_one_over_a_few_homes(night: Faulty, told: dict[str, Any]) -> None:
    tell(night, told | {"read": 4})
    assert night.codes() == {"sum-of-few", "sum-beside-sum"}, "of groups of five"


@pytest.mark.database
def test_one_for_a_use_case_that_never_was(night: Faulty, told: dict[str, Any]) -> None:
    tell(night, told | {"use_case": 990, "read": 0, "day": "2026-01-05"})
    assert night.codes() == {"sum-of-few"}


@pytest.mark.database
@pytest.mark.parametrize(
    "change",
    [
        "update kw.loss set homes_read = homes_read - 1",
        "update kw.loss set homes = homes + 1",
        "update kw.loss set day = day - 1",
        "update kw.loss set withheld = 'no'",
    ],
)
def test_one_that_the_registry_holds_otherwise(night: Faulty, change: str) -> None:
    night.change(change)
    assert night.codes() == {"sum-without-event"}


@pytest.mark.database
def test_one_that_was_said_to_be_withheld_is_none(night: Faulty, told: dict[str, Any]) -> None:
    night.tell(EventKind.LOSS_WITHHELD, None, later(night), **told | {"day": "2026-01-05"})
    assert night.codes() == set()


@pytest.mark.database
def test_one_for_a_use_case_that_does_not_say_how_many_are_enough(night: Faulty, told: dict[str, Any]) -> None:
    """Whoever writes such a line does not keep the replay from its end."""
    span = {"days_start": 0, "days_end": None, "start": 0, "end": None}
    night.tell(EventKind.USE_CASE_REGISTERED, None, later(night), use_case=990, **span)
    tell(night, told | {"use_case": 990, "read": 0, "day": "2026-01-05"})
    assert {"sum-of-few", "not-understood"} <= night.codes()


@pytest.mark.database
@pytest.mark.parametrize("wrong", [{"day": "yesterday"}, {"read": "all"}, {"use_case": [1]}, {"transformer": None}])
def test_one_without_its_form(night: Faulty, told: dict[str, Any], wrong: dict[str, Any]) -> None:
    tell(night, told | wrong)
    assert night.codes() == {"not-understood"}


def test_what_is_found_counts_as_a_delivery() -> None:
    assert {CODES[code][0] for code in ("sum-of-few", "sum-of-unread", "sum-without-event")} == {Category.DELIVERY}
    assert CODES["sum-beside-sum"][0] is Category.OVER_BROAD


def tell(night: Faulty, body: dict[str, Any]) -> None:
    night.tell(EventKind.LOSS_PUBLISHED, None, later(night), **body)


def later(night: Faulty) -> datetime:
    moment: datetime = night.one("select max(at) from audit.event")
    return moment + timedelta(seconds=1)

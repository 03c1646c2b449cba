"""Whatever kept a register from a supplier for a while, it comes to it once it has a ground again: stories of nights and rounds."""

import shutil
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from kwartier.grounds.rights import Right
from kwartier.workflows import delivery_round, installation, replay
from kwartier.workflows.delivery_round import by_hand
from kwartier.workflows.rights import register
from night_support import Story, parcels

pytestmark = pytest.mark.database
FOLDER = Path(__file__).parents[3] / "scenarios" / "night_switch_registered_late"
OLD, NEW = "8716874900019", "8716874900026"
BOTH = [("Dijk & Duin", "delivered", ""), ("Lage Landen", "delivered", "")]
Begin = Callable[[str], Story]


@pytest.fixture
def begin(installation_dir: Path, tmp_path: Path) -> Iterator[Begin]:
    """Begin the story of Anna, who changes to another supplier; nobody was told yet."""
    (tmp_path / "registers.csv").symlink_to(FOLDER / "registers.csv")
    (tmp_path / "given").symlink_to(FOLDER / "given")
    installation.create(installation_dir)
    with installation.opened(installation_dir) as house:
        yield lambda at: Story.begin(house, tmp_path, moment(at))


def moment(text: str) -> datetime:
    return datetime.fromisoformat(f"2025-{text}+02:00")


def told(story: Story, day: str, at: str) -> None:
    """Let Anna's switch at this midnight come in."""
    lines = (f"{OLD},2022-01-01,{day}", f"{NEW},{day},")
    imported(story, "contracts", "ean,party,start,end", *(f"871600000000000017,{line}" for line in lines), at=at)


def imported(story: Story, name: str, *lines: str, at: str) -> None:
    folder = story.folder / "when" / at.replace(":", "")
    folder.mkdir(parents=True)
    (folder / f"{name}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    story.now = moment(at)
    story.take(f"when/{folder.name}")


def night(story: Story, about: str, at: str) -> None:
    story.now = moment(at)
    story.night(date.fromisoformat(f"2025-{about}"))


def deliver(story: Story, at: str) -> None:
    story.now = moment(at)
    story.step("deliver", "")


def switches(story: Story) -> list[tuple[str, str, str]]:
    """Return to whom the registers of Anna's switch went, or why not."""
    return sorted((one["receiver"], one["status"], one["rule"]) for one in parcels(story.house) if one["purpose"] == "switch")


def periodic(story: Story) -> list[tuple[str, str, str]]:
    """Return to whom the registers of Anna's usage overview went, or why not."""
    found = [one for one in parcels(story.house) if one["purpose"] == "periodic_reading" and one["connection"] == "0017"]
    return sorted((one["receiver"], one["status"], one["content"][9:20] or one["rule"]) for one in found)


def is_over(story: Story) -> None:
    """Nobody waits any more, and nothing is wrong with what was done."""
    with story.house.operator() as c:
        assert c.execute("select connection, moment from kw.late_change").fetchall() == []
    checked = replay.run(story.house, at=story.clock())
    assert (checked.findings, checked.uncovered, checked.over_broad, checked.late) == ([], 0, 0, 0)


def test_what_is_told_less_than_a_day_after_while_its_night_decides_is_asked_by_the_next(begin: Begin) -> None:
    """The import began half a minute before midnight; the night that still asks for the midnight before decided meanwhile."""
    story = begin("05-11T02:00:00")
    night(story, "05-10", "05-11T02:00:00")
    night(story, "05-11", "05-12T00:10:00")
    told(story, "2025-05-11", "05-11T23:59:30")
    night(story, "05-12", "05-13T00:10:00")
    deliver(story, "05-13T06:00:00")
    assert switches(story) == BOTH
    deliver(story, "05-13T07:00:00")
    is_over(story)


def test_what_a_supply_told_late_missed_is_asked_for_it_alone_and_once(begin: Begin) -> None:
    """The first of May is on the schedule of the leaflet's edition. By then the new one supplied, which nobody was told."""
    story = begin("05-02T02:00:00")
    told(story, "2025-04-28", "05-13T12:00:00")
    deliver(story, "05-13T13:00:00")
    assert periodic(story) == [], "no meter was asked yet"
    night(story, "05-13", "05-14T02:00:00")
    asked = [(line["first"][:10], line["for"]) for line in story.tasks if line["meter"] == "E0001"]
    assert asked == [("2025-04-28", "Dijk & Duin:switch Lage Landen:switch"), ("2025-05-01", "Dijk & Duin:periodic_reading")]
    for hour in (6, 7):
        deliver(story, f"05-14T0{hour}:00:00")
        assert periodic(story) == [("Dijk & Duin", "delivered", "@2025-05-01")]
    assert switches(story) == BOTH
    is_over(story)


def test_what_a_supply_told_late_missed_and_the_old_one_was_handed_is_not_asked_again(begin: Begin) -> None:
    story = begin("05-01T02:00:00")
    night(story, "04-30", "05-01T02:00:00")
    deliver(story, "05-01T06:00:00")
    told(story, "2025-04-28", "05-13T12:00:00")
    story.tasks.clear()
    deliver(story, "05-13T13:00:00")
    night(story, "05-13", "05-14T02:00:00")
    assert [line["first"][:10] for line in story.tasks if line["meter"] == "E0001"] == ["2025-04-28"]
    deliver(story, "05-14T06:00:00")
    assert periodic(story) == [("Dijk & Duin", "delivered", "@2025-05-01"), ("Lage Landen", "delivered", "@2025-05-01")]
    is_over(story)


def switched(begin: Begin) -> Story:
    """Let Anna's switch on 12 May be told in time, and be read at night."""
    story = begin("05-11T02:00:00")
    told(story, "2025-05-12", "05-11T09:00:00")
    night(story, "05-11", "05-12T02:00:00")
    return story


@pytest.mark.parametrize("weeks", [0, 10], ids=["soon", "when no meter has it any more"])
def test_what_was_read_and_withheld_for_a_while_goes_out_when_that_ends(begin: Begin, weeks: int) -> None:
    """Between reading and delivery both suppliers are suspended: their parcels are withheld, and the register is held."""
    story = switched(begin)
    story.now = moment("05-12T03:00:00")
    for party in (OLD, NEW):
        story.step("suspend", party)
    kept = [("Dijk & Duin", "withheld", "F13"), ("Lage Landen", "withheld", "F13")]
    for hour in (6, 7, 8):
        deliver(story, f"05-12T0{hour}:00:00")
        assert switches(story) == kept, "said once"
    is_over(story)
    story.now = moment("05-13T09:00:00") + timedelta(weeks=weeks)
    story.step("reinstate", NEW)
    delivery_round.run(story.house, clock=story.clock)
    assert switches(story) == sorted([*kept, BOTH[0]]), "the other is suspended still"
    story.step("reinstate", OLD)
    story.tasks.clear()
    story.night(story.now.date())
    delivery_round.run(story.house, clock=story.clock)
    assert switches(story) == sorted([*kept, *BOTH])
    assert not [line for line in story.tasks if "switch" in line["for"]], "what is held is asked of no meter"
    delivery_round.run(story.house, clock=story.clock)
    assert switches(story) == sorted([*kept, *BOTH]), "once"
    is_over(story)


def test_suspended_between_promise_and_delivery_it_is_promised_anew(begin: Begin, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is promised of a switch told late has the permit under which it would leave: the same as after the suspension."""
    story = begin("05-01T02:00:00")
    night(story, "04-30", "05-01T02:00:00")
    deliver(story, "05-01T06:00:00")
    told(story, "2025-05-01", "05-13T12:00:00")
    with monkeypatch.context() as between:
        between.setattr(by_hand, "promise", lambda _house, _at: story.step("suspend", NEW))
        deliver(story, "05-13T13:00:00")
    assert switches(story) == [("Dijk & Duin", "withheld", "F13"), BOTH[1]]
    story.step("reinstate", NEW)
    deliver(story, "05-14T06:00:00")
    assert switches(story) == [BOTH[0], ("Dijk & Duin", "withheld", "F13"), BOTH[1]]
    deliver(story, "05-14T07:00:00")
    is_over(story)


def test_what_the_customer_refuses_for_good_stays_where_it_is(begin: Begin) -> None:
    """A supplier is reinstated; meanwhile the meter was refused, and of that time nothing is handed over."""
    story = switched(begin)
    story.step("suspend", NEW)
    deliver(story, "05-12T06:00:00")
    imported(story, "restrictions", "ean,kind,start,end", "871600000000000017,refused,2025-05-12,", at="05-12T08:00:00")
    story.step("reinstate", NEW)
    deliver(story, "05-13T10:00:00")
    assert [one for one in switches(story) if one[0] == "Dijk & Duin"] == [
        ("Dijk & Duin", "withheld", "F1"),
        ("Dijk & Duin", "withheld", "F13"),
    ]
    is_over(story)


def test_what_a_night_refused_for_a_suspension_is_asked_after_it(begin: Begin) -> None:
    story = begin("05-11T02:00:00")
    told(story, "2025-05-12", "05-11T09:00:00")
    for party in (OLD, NEW):
        story.step("suspend", party)
    for day, at in ((11, 12), (12, 13)):
        night(story, f"05-{day}", f"05-{at}T02:00:00")
        deliver(story, f"05-{at}T06:00:00")
    story.step("reinstate", NEW)
    night(story, "05-13", "05-14T02:00:00")
    deliver(story, "05-14T06:00:00")
    assert [one for one in switches(story) if one[1] == "delivered"] == BOTH[:1]
    story.step("reinstate", OLD)
    deliver(story, "05-14T07:00:00")
    assert [one for one in switches(story) if one[1] == "delivered"] == BOTH
    deliver(story, "05-14T08:00:00")
    is_over(story)


@pytest.fixture
def unbound(begin: Begin, tmp_path: Path) -> Begin:
    """As `begin`, but the new supplier has no agreement yet."""
    given = (tmp_path / "given").resolve()
    (tmp_path / "given").unlink()
    shutil.copytree(given, tmp_path / "given")
    (tmp_path / "given" / "agreements.csv").write_text(f"party,start,end\n{OLD},2020-01-01,\n", encoding="utf-8")
    return begin


def agreed(story: Story, at: str, since: str = "2025-05-01") -> None:
    """Let the new supplier's agreement come in, in force since a day."""
    imported(story, "agreements", "party,start,end", f"{NEW},{since},", at=at)


@pytest.mark.parametrize("since", ["2025-05-01", "2025-05-14"], ids=["in force at the switch", "after the switch"])
def test_what_was_refused_while_no_agreement_was_known_comes_after_it(unbound: Begin, since: str) -> None:
    story = unbound("05-11T02:00:00")
    told(story, "2025-05-12", "05-11T09:00:00")
    for day, at in ((11, 12), (12, 13), (13, 14)):
        night(story, f"05-{day}", f"05-{at}T02:00:00")
        deliver(story, f"05-{at}T06:00:00")
    assert switches(story) == BOTH[1:]
    agreed(story, "05-14T12:00:00", since)
    deliver(story, "05-14T13:00:00")
    assert switches(story) == BOTH, "the register is held for the old one"
    is_over(story)


def test_what_was_refused_before_an_agreement_begins_comes_when_it_does(unbound: Begin) -> None:
    """It was told in time, and nothing is told any more when it begins."""
    story = unbound("05-11T02:00:00")
    told(story, "2025-05-12", "05-11T09:00:00")
    agreed(story, "05-11T10:00:00", since="2025-05-14")
    for day, at in ((11, 12), (12, 13)):
        night(story, f"05-{day}", f"05-{at}T02:00:00")
        deliver(story, f"05-{at}T06:00:00")
    assert switches(story) == BOTH[1:]
    deliver(story, "05-13T23:59:00")
    assert switches(story) == BOTH[1:]
    deliver(story, "05-14T00:01:00")
    assert switches(story) == BOTH
    is_over(story)


def test_what_is_not_held_is_asked_by_the_night_after_an_agreement_began(unbound: Begin) -> None:
    story = unbound("05-11T02:00:00")
    told(story, "2025-05-12", "05-11T09:00:00")
    agreed(story, "05-11T10:00:00", since="2025-05-14")
    story.step("suspend", OLD)
    for day in (11, 12, 13):
        night(story, f"05-{day}", f"05-{day + 1}T02:00:00")
    deliver(story, "05-14T06:00:00")
    assert [one for one in switches(story) if one[1] == "delivered"] == BOTH[:1]
    deliver(story, "05-14T07:00:00")
    is_over(story)


KEPT = [("Dijk & Duin", "withheld", "F3"), ("Lage Landen", "withheld", "F13")]


@pytest.mark.parametrize(("day", "said"), [("2025-05-01", KEPT), ("2025-05-10", [])], ids=["held", "at the meter"])
def test_a_switch_told_late_waits_for_the_agreement(unbound: Begin, day: str, said: list[tuple[str, str, str]]) -> None:
    """Of 1 May the old supplier's register is held: then both are told at once why they cannot have it yet."""
    story = unbound("05-01T02:00:00")
    night(story, "04-30", "05-01T02:00:00")
    deliver(story, "05-01T06:00:00")
    story.step("suspend", OLD)
    told(story, day, "05-13T12:00:00")
    deliver(story, "05-13T13:00:00")
    assert switches(story) == said
    night(story, "05-13", "05-14T02:00:00")
    deliver(story, "05-14T06:00:00")
    agreed(story, "05-14T12:00:00")
    story.step("reinstate", OLD)
    night(story, "05-14", "05-15T02:00:00")
    deliver(story, "05-15T06:00:00")
    assert [one for one in switches(story) if one[1] == "delivered"] == BOTH
    deliver(story, "05-15T07:00:00")
    is_over(story)


def test_who_has_no_agreement_for_as_long_as_a_meter_keeps_it_is_told_so(unbound: Begin) -> None:
    story = unbound("05-11T02:00:00")
    story.step("suspend", OLD)
    told(story, "2025-05-10", "05-13T12:00:00")
    deliver(story, "06-18T23:00:00")
    assert switches(story) == []
    deliver(story, "06-19T01:00:00")
    assert switches(story) == KEPT
    deliver(story, "06-19T02:00:00")
    is_over(story)


def test_what_comes_in_with_an_agreement_is_no_boundary_of_before_the_first_night(unbound: Begin) -> None:
    story = unbound("05-11T02:00:00")
    told(story, "2025-05-10", "05-10T00:00:00")
    with story.house.operator() as c:
        c.execute("delete from kw.late_change")
    agreed(story, "05-14T12:00:00")
    is_over(story)


def restricted(story: Story, at: str) -> Callable[[str], None]:
    """Let Anna restrict what is done with her data. Returns how she ends it."""
    with story.house.operator() as c:
        (anna,) = c.execute("select key from kw.subject where code = 'ANNA'").fetchone() or (0,)
    one = register.ask(story.house, anna, Right.RESTRICTION, at=moment(at))

    def lift(at: str) -> None:
        register.lift(story.house, anna, one.id, at=moment(at))

    return lift


def test_what_was_withheld_for_a_restriction_goes_out_after_it_and_each_reason_has_its_own_end(begin: Begin) -> None:
    """Between reading and delivery the old supplier is suspended and Anna restricts; she ends it first."""
    story = switched(begin)
    story.now = moment("05-12T03:00:00")
    story.step("suspend", OLD)
    lift = restricted(story, "05-12T04:00:00")
    kept = [("Dijk & Duin", "withheld", "F14"), ("Lage Landen", "withheld", "F13")]
    for hour in (6, 7):
        deliver(story, f"05-12T0{hour}:00:00")
        assert switches(story) == kept, "said once"
    lift("05-13T09:00:00")
    deliver(story, "05-13T10:00:00")
    assert switches(story) == sorted([*kept, BOTH[0]]), "the old one is suspended still"
    story.step("reinstate", OLD)
    deliver(story, "05-13T11:00:00")
    assert switches(story) == sorted([*kept, *BOTH])
    deliver(story, "05-13T12:00:00")
    is_over(story)


def test_who_is_reinstated_while_it_is_restricted_gets_it_after_that(begin: Begin) -> None:
    story = switched(begin)
    lift = restricted(story, "05-12T03:00:00")
    deliver(story, "05-12T06:00:00")
    story.step("suspend", NEW)
    lift("05-13T09:00:00")
    deliver(story, "05-13T10:00:00")
    assert [one for one in switches(story) if one[1] == "delivered"] == BOTH[1:]
    story.step("reinstate", NEW)
    deliver(story, "05-14T06:00:00")
    assert [one for one in switches(story) if one[1] == "delivered"] == BOTH
    deliver(story, "05-14T07:00:00")
    is_over(story)


def test_what_a_night_refused_for_a_restriction_is_asked_after_it(begin: Begin) -> None:
    story = begin("05-11T02:00:00")
    told(story, "2025-05-12", "05-11T09:00:00")
    lift = restricted(story, "05-11T12:00:00")
    for day, at in ((11, 12), (12, 13), (13, 14)):
        night(story, f"05-{day}", f"05-{at}T02:00:00")
        deliver(story, f"05-{at}T06:00:00")
    assert switches(story) == []
    lift("05-15T01:00:00")
    night(story, "05-14", "05-15T02:00:00")
    deliver(story, "05-15T06:00:00")
    assert switches(story) == BOTH
    deliver(story, "05-15T07:00:00")
    is_over(story)


def test_what_was_refused_at_the_meter_meanwhile_stays_withheld_after_a_restriction(begin: Begin) -> None:
    story = switched(begin)
    lift = restricted(story, "05-12T04:00:00")
    deliver(story, "05-12T06:00:00")
    imported(story, "restrictions", "ean,kind,start,end", "871600000000000017,refused,2025-05-12,", at="05-12T08:00:00")
    lift("05-13T09:00:00")
    deliver(story, "05-13T10:00:00")
    assert {(status, rule) for _, status, rule in switches(story)} == {("withheld", "F14"), ("withheld", "F1")}
    is_over(story)

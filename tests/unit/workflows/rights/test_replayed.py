"""Nights in which somebody stops what is done, and lets it go on: a replay knows it from the log and finds nothing uncovered."""

from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

import psycopg
import pytest

from kwartier.grounds.rights import Right
from kwartier.workflows import delivery_round, installation, replay
from kwartier.workflows.rights import access, portable, register
from night_support import Story, parcels

FOLDER = Path(__file__).resolve().parents[3] / "scenarios" / "night_move"


@pytest.fixture
def story(installation_dir: Path) -> Iterator[Story]:
    """Begin the story of a move: Anna left and Bram came on 11 March."""
    installation.create(installation_dir)
    with installation.opened(installation_dir) as house:
        yield Story.begin(house, FOLDER, datetime.fromisoformat("2026-03-11T02:00:00+01:00"))


def bram(story: Story) -> int:
    with story.house.operator() as c:
        row = c.execute("select key from kw.subject where code = 'BRAM'").fetchone()
    assert row is not None
    return int(row[0])


def at(story: Story, moment: str) -> datetime:
    story.now = datetime.fromisoformat(f"2026-03-{moment}:00+01:00")
    return story.clock()


def sound(story: Story) -> None:
    checked = replay.run(story.house, at=story.clock())
    assert (checked.findings, checked.uncovered, checked.over_broad, checked.late) == ([], 0, 0, 0)


def test_what_is_stopped_is_not_read_and_goes_on_when_it_is_lifted(story: Story) -> None:
    story.night(date(2026, 3, 10))
    delivery_round.run(story.house, clock=story.clock)
    one = register.ask(story.house, bram(story), Right.RESTRICTION, at=at(story, "12T01:00"))
    at(story, "12T02:00")
    story.tasks.clear()
    story.refused.clear()
    story.night(date(2026, 3, 11))
    assert {line["for"] for line in story.tasks} == {"BRAM:own_insight"}, "the own opt-in goes on"
    assert "F14" in {line["rule"] for line in story.refused}
    register.lift(story.house, bram(story), one.id, at=at(story, "13T01:00"))
    at(story, "13T02:00")
    story.tasks.clear()
    story.night(date(2026, 3, 12))
    assert any("periodic_reading" in line["for"] for line in story.tasks)
    sound(story)


def test_what_was_read_before_is_withheld_with_the_rule_and_the_leavers_is_not(story: Story) -> None:
    story.night(date(2026, 3, 10))
    register.ask(story.house, bram(story), Right.RESTRICTION, at=at(story, "11T05:00"))
    delivery_round.run(story.house, clock=story.clock)
    found = {(line["about"], line["status"], line["rule"]) for line in parcels(story.house)}
    assert found == {("BRAM", "withheld", "F14"), ("ANNA", "delivered", "")}
    sound(story)


def test_a_restriction_that_the_log_was_not_told_is_found_and_denies_all_the_same(story: Story) -> None:
    story.night(date(2026, 3, 10))
    who = bram(story)
    with psycopg.connect(story.house.dsns.operator) as c:
        row = c.execute(
            "insert into kw.rights_request (subject, kind, asked, due)"
            " values (%s, 'restriction', '2026-03-01', '2026-04-01') returning id",
            (who,),
        ).fetchone()
        assert row is not None
        c.execute(
            "insert into kw.hold (connection, subject, request, period)"
            " select connection, subject, %s, '[2026-03-10T00:00Z,)' from kw.occupancy where subject = %s",
            (row[0], who),
        )
    checked = replay.run(story.house, at=story.clock())
    assert "fact-not-told" in {one.code for one in checked.findings}


def test_what_somebody_took_along_on_the_day_itself_is_decided_again(story: Story) -> None:
    """A day that is not over yet is told up to now, which lies between two seconds; the log has whole ones."""
    story.night(date(2026, 3, 10))
    for right, told in ((Right.ACCESS, access.document), (Right.PORTABILITY, portable.document)):
        one = register.ask(story.house, bram(story), right, at=at(story, "11T09:30"))
        assert story.now.microsecond
        assert told(story.house, bram(story), one.id, at=story.clock())
    sound(story)

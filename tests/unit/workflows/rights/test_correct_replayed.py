"""A replay takes a correction with its ground, tells what was known when, and finds one that nobody answers for."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import psycopg
import pyarrow as pa
import pytest

from kwartier.audit.canonical import Json
from kwartier.audit.events import Event, EventKind
from kwartier.model.period import midnight
from kwartier.model.register import DAY_MASK, Channel
from kwartier.store.readings import layout, put_right
from kwartier.workflows import delivery_round, installation, replay
from kwartier.workflows.installation import Installation
from kwartier.workflows.rights import correct, couple, rectify
from kwartier.workflows.rights.correct import Right
from kwartier.workflows.rights.rectify import Answer
from night_support import Story
from registry_support import World, between, on
from replay_support import whereabouts

FOLDER = Path(__file__).resolve().parents[3] / "scenarios" / "night_move"
DAY = date(2026, 3, 11)
SPAN: dict[str, Json] = {"start": int(on("2026-01-01").timestamp()), "end": None}
ANSWER = Answer("A. Officer", "the display showed less")


@pytest.fixture
def story(installation_dir: Path) -> Iterator[Story]:
    """Begin the story of a move with a night that was read and delivered, and one register of it put right since."""
    installation.create(installation_dir)
    with installation.opened(installation_dir) as house:
        made = Story.begin(house, FOLDER, datetime.fromisoformat("2026-03-11T02:00:00+01:00"))
        made.night(date(2026, 3, 10))
        delivery_round.run(house, clock=made.clock)
        yield made


def a_register(house: Installation) -> tuple[int, Right]:
    """Return a register at a midnight that a supplier was handed, and what it should be."""
    with house.operator() as c:
        row = c.execute(
            "select connection, mask from kw.parcel where status = 'delivered' and mask & %s <> 0", (DAY_MASK,)
        ).fetchone()
    assert row is not None
    held = house.readings.day(row[0], DAY, row[1])[0]
    return row[0], Right(held.channel, midnight(DAY), held.start + 5)


def put(story: Story) -> int:
    connection, right = a_register(story.house)
    story.now = datetime.fromisoformat("2026-03-12T10:00:00+01:00")
    correct.correct(story.house, connection, [right], ANSWER, at=story.clock())
    return connection


def codes(story: Story, house: Installation | None = None) -> set[str]:
    return {one.code for one in replay.run(house or story.house, at=story.clock()).findings}


def test_what_was_handed_over_before_and_after_is_each_what_was_known_then(story: Story) -> None:
    put(story)
    assert codes(story) == set(), "what left before told what was known before"
    again = delivery_round.run(story.house, clock=story.clock)
    assert again.delivered > 0
    checked = replay.run(story.house, at=story.clock())
    assert (checked.findings, checked.uncovered, checked.over_broad, checked.late) == ([], 0, 0, 0)
    assert checked.compared["corrections"] == 1
    assert checked.compared["notices"] == again.notices > 0


def test_a_document_that_tells_the_old_value_after_it_was_put_right_is_found(story: Story) -> None:
    put(story)
    delivery_round.run(story.house, clock=story.clock)
    with psycopg.connect(story.house.dsns.operator) as c:
        c.execute("update kw.bundle set at = now()")
    assert "parcel-value-differs" in codes(story)


def test_a_value_marked_as_put_right_in_the_lake_alone_is_found(story: Story) -> None:
    connection, right = a_register(story.house)

    def forged(rows: pa.Table) -> pa.Table:
        return layout.changed(rows, DAY, {(connection, right.channel)}, lambda row: put_right.with_values(row, {0: right.value}))

    story.house.readings.rewrite(DAY, forged)
    assert "correction-without-ground" in codes(story)


def test_a_correction_behind_the_log_is_found(story: Story) -> None:
    put(story)
    with psycopg.connect(story.house.dsns.operator) as c:
        c.execute(
            "insert into kw.correction (rectification, connection, channel, day, meter, batch, basis, at, was_start, was_deltas,"
            " was_quality, now_start, now_deltas, now_quality, period, salt) select rectification, connection, channel, day, meter,"
            " batch, basis, at, now_start, now_deltas, now_quality, was_start, was_deltas, was_quality, period, salt"
            " from kw.correction"
        )
    assert "correction-without-ground" in codes(story)


def test_another_value_than_the_log_was_told_is_found(story: Story) -> None:
    connection = put(story)
    with psycopg.connect(story.house.dsns.owner) as c:
        c.execute("alter table kw.correction disable trigger user")
        c.execute("update kw.correction set now_start = now_start + 1")
    assert codes(story) == {"correction-differs"}
    assert connection


def test_another_value_in_the_lake_is_found(story: Story) -> None:
    connection = put(story)
    with story.house.operator() as c:
        row = c.execute("select channel from kw.correction").fetchone()
    assert row is not None
    wanted = {(connection, Channel(row[0]))}
    story.house.readings.rewrite(DAY, lambda rows: layout.changed(rows, DAY, wanted, lambda one: replace(one, start=one.start + 1)))
    assert "correction-differs" in codes(story)


def test_a_notice_that_nobody_wrote_or_that_tells_more_is_found(story: Story) -> None:
    put(story)
    delivery_round.run(story.house, clock=story.clock)
    notice = next(story.house.outbox.glob("*/*.notice.json"))
    shutil.copy(notice, notice.with_name("0" * 32 + ".notice.json"))
    assert codes(story) == {"file-without-parcel"}
    notice.with_name("0" * 32 + ".notice.json").unlink()
    notice.write_text(notice.read_text("utf-8").replace('"article"', '"value":4711,"article"'), encoding="utf-8")
    assert codes(story) == {"parcel-beyond-permit"}


def test_a_gas_meter_that_was_anothers_leaves_no_row_and_no_finding(story: Story) -> None:
    with story.house.operator() as c:
        row = c.execute("select connection from kw.coupling").fetchone()
    assert row is not None
    (coupling,) = couple.couplings(story.house, row[0])
    held = [one for one in story.house.readings.day(coupling.connection, DAY) if one.meter == coupling.meter]
    assert held
    story.now = datetime.fromisoformat("2026-03-12T10:00:00+01:00")
    couple.correct(story.house, [(coupling.id, None)], ANSWER, at=story.clock())
    assert story.house.readings.day(coupling.connection, DAY) == []
    delivery_round.run(story.house, clock=story.clock)
    assert codes(story) == set()


def test_what_was_read_at_an_empty_home_has_its_ground_before_it(story: Story) -> None:
    """Nobody lived there: its lines are about nobody, and come after the one about whoever lived there once."""
    with story.house.operator() as c:
        anna, bram = c.execute(
            "select o.id, connection from kw.occupancy o join kw.coupling k using (connection) order by lower(o.period)"
        ).fetchall()
    connection = anna[1]
    rectify.correct_stay(story.house, bram[0], None, ANSWER, at=story.clock())
    rectify.correct_stay(story.house, anna[0], between("2020-01-01", "2026-03-05"), ANSWER, at=story.clock())
    (coupling,) = couple.couplings(story.house, connection)
    assert story.house.readings.day(connection, DAY)
    story.now = datetime.fromisoformat("2026-03-12T10:00:00+01:00")
    couple.correct(story.house, [(coupling.id, None)], ANSWER, at=story.clock())
    assert codes(story) == set()


def test_what_was_decided_by_a_coupling_that_was_wrong_is_decided_again_by_it(installation_dir: Path) -> None:
    """The meter that really carries the gas is off: that bars what is asked since it is known, and nothing before."""
    installation.create(installation_dir)
    with installation.opened(installation_dir) as house:
        story = Story.begin(house, FOLDER, datetime.fromisoformat("2026-03-11T02:00:00+01:00"))
        with house.operator() as c:
            row = c.execute("select connection from kw.coupling").fetchone()
            assert row is not None
            (wrong,) = couple.couplings(house, row[0])
            world = World(c)
            for _ in range(230):  # beyond the numbers of the story's own homes
                world.number()
            home, gas = world.connection(), world.connection("gas")
            other = world.coupling(world.meter(home), gas, wrong.period)
            bar = world.restriction(home, between("2026-01-01"))
            body: dict[str, Json] = {"restriction": bar, "kind": "administratively_off"}
            before = datetime.fromisoformat("2026-03-01T02:00:00+01:00")
            house.log.record(
                c,
                [
                    Event(before, EventKind.RESTRICTION_BEGAN, "operator", None, home, body | SPAN),
                    *whereabouts(c, before, (home, gas)),
                ],
            )
        story.night(date(2026, 3, 10))
        delivery_round.run(house, clock=story.clock)
        story.now = datetime.fromisoformat("2026-03-12T10:00:00+01:00")
        couple.correct(house, [(wrong.id, None), (other, wrong.connection)], ANSWER, at=story.clock())
        assert codes(story) == set()

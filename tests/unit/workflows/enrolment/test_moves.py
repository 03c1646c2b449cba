"""A move told late by an import: who was handed something meanwhile is told, and who left and who came, once, in that import."""

import shutil
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

import psycopg
import pytest

from kwartier.grounds.rights import Right
from kwartier.model.period import Period, midnight
from kwartier.model.register import INTERVAL_MASK
from kwartier.store.registry import holdings
from kwartier.workflows import delivery_round, enrolment, inquiry, installation, replay, retention
from kwartier.workflows.enrolment import moves
from kwartier.workflows.installation import Installation
from kwartier.workflows.rights import access, erasure, register
from night_support import Story
from registry_support import between

pytestmark = pytest.mark.database
FOLDER = Path(__file__).parents[3] / "scenarios" / "night_move_told_late"
MOVE = FOLDER / "when" / "move"
TOLD = datetime.fromisoformat("2026-03-15T09:00:00+01:00")
BOUNDARY, DAY = midnight(date(2026, 3, 11)), date(2026, 3, 12)
SAME_DAY = datetime.fromisoformat("2026-03-11T12:00:00+01:00")


def begun(house: Installation, *nights: int) -> Story:
    story = Story.begin(house, FOLDER, datetime.fromisoformat("2026-03-10T02:00:00+01:00"))
    for day in nights:
        story.now = datetime.fromisoformat(f"2026-03-{day + 1}T02:00:00+01:00")
        story.night(date(2026, 3, day))
        delivery_round.run(house, clock=story.clock)
    return story


@pytest.fixture
def house(installation_dir: Path) -> Iterator[Installation]:
    installation.create(installation_dir)
    with installation.opened(installation_dir) as made:
        yield made


@pytest.fixture
def story(house: Installation) -> Story:
    """Let the app of Anna be handed two days of hers and two that turn out to be of Bram."""
    return begun(house, 9, 10, 11, 12)


def person(story: Story, code: str) -> int:
    with story.house.operator() as c:
        row = c.execute("select key from kw.subject where code = %s", (code,)).fetchone()
    assert row is not None
    return int(row[0])


def kinds(story: Story, code: str) -> list[str]:
    return [one.kind for one in inquiry.access_log(story.house, person(story, code), most=999) if not one.registered_then]


def notices(house: Installation) -> list[tuple[str, str, int]]:
    with house.operator() as c:
        return c.execute(
            "select n.role, o.product, cardinality(n.parcels) from kw.rectification_notice n"
            " join kw.rectification x on x.id = n.rectification join kw.connection o on o.key = x.connection order by 2, 1"
        ).fetchall()


HANDED = [("supplier", "electricity", 2), ("third_party", "electricity", 2), ("supplier", "gas", 2)]


def told(story: Story, folder: Path = MOVE, at: datetime = TOLD) -> None:
    story.now = at
    assert enrolment.take(story.house, folder, dry_run=False, at=story.clock()).rejected == 0


def apart(tmp_path: Path, *, ends: bool) -> Path:
    """Return a folder with the ends of the move alone, or with the beginnings alone."""
    folder = tmp_path / ("ends" if ends else "begins")
    shutil.copytree(MOVE, folder)
    header, *lines = (MOVE / "occupancies.csv").read_text("utf-8").splitlines()
    kept = [line for line in lines if (",ANNA," in line) is ends]
    (folder / "occupancies.csv").write_text("\n".join([header, *kept]) + "\n", encoding="utf-8")
    return folder


def test_receivers_and_both_people_are_told_once(story: Story) -> None:
    for _ in range(2):
        told(story)
        assert notices(story.house) == HANDED
    assert delivery_round.run(story.house, clock=story.clock).notices == len(HANDED)
    for code in ("ANNA", "BRAM"):
        assert kinds(story, code).count("rectification:done") == 2, "of electricity and of gas"
        assert kinds(story, code).count("rectification:told") == len(HANDED)
    checked = replay.run(story.house, at=story.clock())
    assert (checked.findings, checked.compared["notices"]) == ([], len(HANDED))


def test_the_register_of_the_move_itself_is_of_both_and_no_mistake(story: Story) -> None:
    told(story)
    with story.house.operator() as c:
        found = c.execute(
            "select min(lower(p.period)), max(upper(p.period)) from kw.rectification_notice n"
            " join kw.parcel p on p.id = any(n.parcels) where n.role = 'supplier'"
        ).fetchone()
    assert found == (midnight(DAY), midnight(date(2026, 3, 13)))


def test_an_import_that_is_killed_has_told_nobody_and_does_it_when_it_runs_again(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    really = moves.put_right

    def killed(house: Installation, c: psycopg.Connection, *, at: datetime) -> None:
        really(house, c, at=at)
        raise InterruptedError

    with monkeypatch.context() as patched:
        patched.setattr(moves, "put_right", killed)
        with pytest.raises(InterruptedError):
            told(story)
    assert notices(story.house) == []
    assert "occupancy:ended" not in kinds(story, "ANNA")
    told(story)
    assert notices(story.house) == HANDED
    assert kinds(story, "BRAM").count("rectification:done") == 2


def test_who_comes_in_a_later_file_is_told_and_receivers_not_again(story: Story, tmp_path: Path) -> None:
    told(story, apart(tmp_path, ends=True))
    assert notices(story.house) == HANDED
    assert (kinds(story, "ANNA").count("rectification:done"), kinds(story, "BRAM").count("rectification:done")) == (2, 0)
    told(story, apart(tmp_path, ends=False), datetime.fromisoformat("2026-03-16T09:00:00+01:00"))
    assert notices(story.house) == HANDED
    assert (kinds(story, "ANNA").count("rectification:done"), kinds(story, "BRAM").count("rectification:done")) == (2, 2)
    assert inquiry.who_saw(story.house, person(story, "BRAM"), DAY)


def test_a_move_told_before_anything_was_asked_makes_nothing_wrong(house: Installation) -> None:
    story = begun(house, 9, 10)
    told(story, at=SAME_DAY)
    assert notices(house) == []
    assert not {"rectification:done"} & {*kinds(story, "ANNA"), *kinds(story, "BRAM")}


def test_a_dry_run_tells_nobody(story: Story) -> None:
    story.now = TOLD
    enrolment.take(story.house, MOVE, dry_run=True, at=story.clock())
    assert notices(story.house) == []


def test_who_came_sees_who_saw_the_own_days_without_whose_name_it_was(story: Story) -> None:
    told(story)
    bram, anna = person(story, "BRAM"), person(story, "ANNA")
    mine = inquiry.who_saw(story.house, bram, DAY)
    assert {one.who for one in mine if one.kind == "parcel:delivered"} == {("Zonnebloem",), ("Lage Landen",)}
    assert {(one.registered_then, one.entry, one.leaf) for one in mine} == {(True, None, None)}
    assert all(one.period is not None and one.period.start >= BOUNDARY for one in mine)
    hers = inquiry.who_saw(story.house, anna, DAY)
    assert {(one.kind, one.who, one.period) for one in hers} == {(one.kind, one.who, one.period) for one in mine}
    assert not any(one.registered_then for one in hers), "in her own log it is as it was"
    assert inquiry.who_saw(story.house, bram, date(2026, 3, 9)) == [], "nothing of her days"
    assert not [one for one in inquiry.access_log(story.house, anna, most=999) if one.registered_then]


def test_what_was_shown_to_who_was_registered_there_then_is_told_too(story: Story) -> None:
    with story.house.operator() as c:
        row = c.execute("select key from kw.connection where product = 'electricity'").fetchone()
    assert row is not None
    anna = person(story, "ANNA")
    inquiry.usage(story.house, anna, row[0], DAY, at=story.clock())
    told(story)
    (seen,) = [one for one in inquiry.who_saw(story.house, person(story, "BRAM"), DAY) if one.kind == "view:shown"]
    assert (seen.who, seen.registered_then) == (("customer",), True)


def answered(story: Story, code: str) -> list[dict[str, object]]:
    """Return who got something, as the document of access has it, of electricity."""
    asked = register.ask(story.house, person(story, code), Right.ACCESS, at=story.clock())
    found = access.document(story.house, person(story, code), asked.id, at=story.clock())
    (home,) = [one for one in found["connections"] if one["product"] == "electricity"]
    return [*home["recipients"]]


def test_recipients_of_who_came_are_those_who_got_the_own_days(story: Story) -> None:
    told(story)
    app = [(one["from"], one["in_the_name_of"]) for one in answered(story, "BRAM") if one["receiver"] == "Zonnebloem"]
    assert app == [(f"2026-03-{day}T00:00:00+01:00", "registered_then") for day in (11, 12)]
    hers = [(one["from"], one["in_the_name_of"]) for one in answered(story, "ANNA") if one["receiver"] == "Zonnebloem"]
    assert hers == [(f"2026-03-{day:02}T00:00:00+01:00", None) for day in (9, 10)]


def test_of_what_is_partly_the_own_time_the_own_part_is_told(story: Story) -> None:
    long = "a" * 32
    with story.house.operator() as c:
        c.execute(
            "insert into kw.parcel (id, receiver_role, receiver, connection, purpose, period, mask, subject, status, at)"
            " select %s, receiver_role, receiver, connection, purpose, tstzrange(%s, %s, '[]'), %s, subject, 'delivered', at"
            " from kw.parcel where receiver_role = 'third_party' limit 1",
            (long, midnight(date(2026, 3, 9)), midnight(date(2026, 3, 12)), INTERVAL_MASK),
        )
    told(story)
    with story.house.operator() as c:
        (stay,) = [one for one in holdings.of_person(c, person(story, "BRAM")).values() if one.holds["meters"]]
    own = Period(BOUNDARY, midnight(date(2026, 3, 12)))
    assert [one["period"] for one in stay.holds["recipients"] if one["receiver"] == "Zonnebloem"].count(own) == 2


SEEN = "select id, lower(period), upper(period), receiver_role from kw.parcel where receiver_role = 'third_party' order by period"


def test_the_portal_sees_of_another_what_was_handed_over_of_the_own_time_and_not_whose_it_was(story: Story) -> None:
    def seen(code: str) -> list[datetime]:
        with story.house.portal(person(story, code)) as c:
            return [row[1] for row in c.execute(SEEN)]

    days = [midnight(date(2026, 3, day)) for day in (9, 10, 11, 12)]
    assert seen("ANNA") == days
    told(story)
    assert (seen("ANNA"), seen("BRAM")) == (days[:2], days[2:])
    with story.house.operator() as c:
        c.execute(
            "insert into kw.parcel (id, receiver_role, receiver, connection, purpose, period, mask, subject, status, reason, at)"
            " select repeat('b', 32), receiver_role, receiver, connection, purpose, period, mask, subject, 'withheld', 'F9', at"
            " from kw.parcel where receiver_role = 'third_party' and lower(period) = %s",
            (days[3],),
        )
    assert seen("BRAM") == days[2:], "what was not handed over is of the other alone"
    with story.house.portal(person(story, "BRAM")) as c:
        registers = {row[0] for row in c.execute("select lower(period) from kw.parcel where receiver_role = 'supplier'")}
    assert registers == {midnight(date(2026, 3, day)) for day in (12, 13)}, "the one on the boundary was said of her"
    for column in (b"subject", b"permit", b"due", b"bundle", b"*"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege), story.house.portal(person(story, "BRAM")) as c:
            c.execute(b"select " + column + b" from kw.parcel")


@pytest.mark.parametrize("period", [between("2026-03-01", "2026-03-05"), between("2026-03-05", "2026-03-11")])
def test_of_two_stays_that_follow_one_another_nothing_is_astray(house: Installation, period: Period) -> None:
    begun(house)
    with house.operator() as c:
        anna = c.execute("select connection, subject from kw.occupancy limit 1").fetchone()
        assert anna is not None
        split = midnight(date(2026, 3, 5))
        c.execute("update kw.occupancy set period = tstzrange(lower(period), %s)", (split,))
        c.execute("insert into kw.occupancy (connection, subject, period) values (%s, %s, tstzrange(%s, null))", (*anna, split))

        def astray(whom: int | None, about: Period) -> bool:
            row = c.execute("select kw.astray(%s, %s, tstzrange(%s, %s, '[]'))", (anna[0], whom, about.start, about.end)).fetchone()
            assert row is not None
            return bool(row[0])

        across = Period(midnight(date(2026, 3, 4)), midnight(date(2026, 3, 7)))
        assert not astray(anna[1], period)
        assert not astray(anna[1], across)
        assert not astray(None, across)
        assert astray(anna[1], between("2019-12-31", "2020-01-03"))
        assert astray(anna[1] + 99, period)


def known(story: Story) -> set[date]:
    """Return of which days quarter-hours are held."""
    with story.house.operator() as c:
        row = c.execute("select key from kw.connection where product = 'electricity'").fetchone()
    assert row is not None
    return {day for day in story.house.readings.days_held() if story.house.readings.day(row[0], day, INTERVAL_MASK)}


def test_what_was_read_meanwhile_is_who_came_s_until_its_term_or_until_they_ask_for_erasure(story: Story) -> None:
    told(story)
    bram = person(story, "BRAM")
    with story.house.operator() as c:
        row = c.execute("select key from kw.connection where product = 'electricity'").fetchone()
    assert row is not None
    days = {date(2026, 3, day) for day in (9, 10, 11, 12)}
    assert inquiry.usage(story.house, bram, row[0], date(2026, 3, 11), at=story.clock()).days
    retention.nightly(story.house, at=story.clock())
    assert known(story) == days
    erasure.erase(story.house, bram, at=story.clock())
    retention.nightly(story.house, at=story.clock())
    assert known(story) == {date(2026, 3, day) for day in (9, 10)}
    assert replay.run(story.house, at=story.clock()).findings == []

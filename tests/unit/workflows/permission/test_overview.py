"""What a permission administrator shows: active and past permissions, the provision log, and what was handed over under each."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from kwartier.grounds import information
from kwartier.grounds.information import END_OF_EVENT, EndReason, MeteredDataSpecification
from kwartier.grounds.permission import Because
from kwartier.model.ground import Purpose, Requester, Role
from kwartier.model.period import Period, midnight
from kwartier.model.register import Channel, Direction, Kind, Product
from kwartier.store.registry import parties, permissions
from kwartier.store.registry.errors import NotFound
from kwartier.store.registry.permissions import Grant
from kwartier.workflows import delivery_round, permission
from kwartier.workflows.permission import elsewhere, ends, overview, requests
from permission_support import DAY, E_INTERVAL, Home, wish
from readings_support import channel_day, permit, read, whole
from registry_support import DAY as MARCH_10
from registry_support import NOON, between, on


def test_active_and_past_ones_are_told_apart_with_the_reason_for_each_end(home: Home) -> None:
    world = home.world
    kept = world.permission(home.connection, home.person, home.app, between("2026-01-01"), mask=E_INTERVAL)
    gone = world.permission(home.connection, home.person, home.app, between("2026-01-01"), purpose="b", mask=E_INTERVAL)
    world.permission(home.connection, home.person, home.app, between("2026-01-01", "2026-02-01"), purpose="c", mask=E_INTERVAL)
    own = world.permission(home.connection, home.person, None, between("2026-01-01"), purpose="own", mask=E_INTERVAL)
    permission.revoke(home.house, home.person, gone, at=NOON)
    ends.sweep(home.house, at=NOON)
    at = NOON + DAY
    assert [one.id for one in overview.every(home.house, active_at=at)] == [kept, own]
    assert [one.id for one in overview.every(home.house, party=home.code(), active_at=at)] == [kept]
    reasons = [overview.information(one, at).reason_for_end for one in overview.every(home.house)]
    assert reasons == [None, EndReason.REVOKED, EndReason.END_REACHED, None]
    lines = list(overview.log(home.house, party=home.code()))
    assert [(one.event, one.identifier) for one in lines] == [("revoked", f"kw-{gone}"), ("expired", f"kw-{gone + 1}")]
    with pytest.raises(NotFound):
        overview.show(home.house, "kw-0", at=at)


def test_every_line_comes_once_however_many_pages_they_are(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    world, house = home.world, home.house
    made = [
        world.permission(home.connection, home.person, home.app, between("2026-01-01", "2026-02-01"), purpose=f"{n}")
        for n in range(4)
    ]
    other = world.party("third_party")
    world.permission(home.connection, home.person, other, between("2026-01-01", "2026-02-01"))
    ends.sweep(house, at=NOON)
    for size in (1, 2, 4, 5, 1000):
        monkeypatch.setattr(overview, "PAGE", size)
        assert [one.id for one in overview.every(house, party=home.code())] == made
        assert [one.id for one in overview.every(house)][:4] == made
        assert [one.id for one in overview.every(house, after=f"kw-{made[1]}", party=home.code())] == made[2:]
        lines = [one.id for one in overview.log(house)]
        assert len(lines) == len(set(lines)) == 5
        assert [one.id for one in overview.log(house, after=lines[2])] == lines[3:]
        told = list(overview.notifications(house, home.code(), at=NOON))
        assert len(told) == 4
        assert list(overview.notifications(house, home.code(), at=NOON, after=lines[1])) == told[2:]


def test_a_permission_as_the_regulation_has_it_comes_back_as_it_went(home: Home) -> None:
    asked = requests.ask(home.house, home.code(), home.ean(), wish(), at=NOON)
    number = requests.grant(home.house, home.person, asked.id, at=NOON)
    found = overview.show(home.house, f"kw-{number}", at=NOON)
    said = information.as_json(found.information.established)
    assert information.read(said) == found.information.established
    assert said["permission"]["request"]["specification"] == {
        "reading_start": "2019-12-31T23:00:00Z",
        "reading_end": None,
        "direction": "combined",
        "energy_product": "electricity",
        "granularity": ["interval", "day"],
    }
    assert [one.event for one in found.log] == ["granted"]
    before, came = (information.as_json(one) for one in overview.asked(home.house, asked.id))
    assert before["specification"] == said["permission"]["request"]["specification"]
    assert (before["eligible_party"], before["metering_point"]) == (home.code(), {"identifier": home.ean().reveal()})
    assert came == {"object": "request_validation_information", "validation_result": "valid"}
    with pytest.raises(NotFound):
        overview.asked(home.house, asked.id + 1)
    assert overview.validation(None).validation_result == "valid"
    assert overview.validation("scope").validation_result == "scope"


def moved_out(home: Home) -> None:
    cut(home, "occupancy")


def agreement_ended(home: Home) -> None:
    cut(home, "agreement")


def cut(home: Home, table: str) -> None:
    home.world.c.execute(f"update kw.{table} set period = tstzrange(lower(period), %s)".encode(), (OVER,))  # noqa: S608 - a test's own


def refused(home: Home) -> None:
    home.world.restriction(home.connection, Period(OVER), kind="refused")


def party_suspended(home: Home) -> None:
    with home.house.operator() as c:
        parties.suspend(c, home.app, OVER, "breach")


def fulfilled(home: Home) -> None:
    home.world.c.execute(
        "insert into kw.parcel (id, receiver_role, receiver, connection, purpose, period, mask, status, at) values"
        " ('p', 'third_party', %s, %s, 'third_party_service', tstzrange(%s, %s, '[]'), %s, 'delivered', %s)",
        (home.app, home.connection, LIVE.start, LIVE.start + DAY, E_INTERVAL, OVER),
    )


def expired(_home: Home) -> None:
    """Let the time pass."""


def revoked(home: Home) -> None:
    permission.revoke(home.house, home.person, only(home), at=OVER)


def terminated(home: Home) -> None:
    ends.terminate(home.house, home.code(), f"kw-{only(home)}", at=OVER)


def only(home: Home) -> int:
    """Return the one permission there is."""
    ((number,),) = home.world.c.execute("select id from kw.permission").fetchall()
    return int(number)


LIVE = between("2026-03-12", "2026-06-01")
OVER = on("2026-03-20") + timedelta(hours=3)
EVERY_END: dict[Callable[[Home], None], tuple[str, Because | None]] = {
    revoked: ("revoked", None),
    terminated: ("terminated", None),
    expired: ("expired", None),
    fulfilled: ("fulfilled", None),
    moved_out: ("invalidated", Because.MOVED_OUT),
    refused: ("invalidated", Because.REFUSED),
    agreement_ended: ("invalidated", Because.AGREEMENT_ENDED),
    party_suspended: ("invalidated", Because.PARTY_SUSPENDED),
}


def test_there_are_no_other_ends() -> None:
    assert {event for event, _ in EVERY_END.values()} == set(END_OF_EVENT)
    assert {because for _, because in EVERY_END.values()} == {None, *Because}


@pytest.mark.parametrize("over", EVERY_END)
def test_what_a_party_is_told_is_what_another_body_takes(home: Home, tmp_path: Path, over: Callable[[Home], None]) -> None:
    """The lines for the party, read by an installation that gives no permissions itself: the same permission, once, and its end."""
    data = Period(LIVE.start, LIVE.start + DAY)
    about = (home.connection, home.person, home.app, E_INTERVAL, "inzicht", data, LIVE)
    with home.house.operator() as c:
        permissions.grant(c, Grant(*about), NOON)
    over(home)
    ends.sweep(home.house, at=on("2026-06-02"))
    said = [information.as_json(one) for one in overview.notifications(home.house, home.code(), at=on("2026-06-02"))]
    assert (said[0]["creation_timestamp"], said[0]["valid_from"]) == ("2026-03-10T12:00:00Z", "2026-03-11T23:00:00Z")
    file = tmp_path / "permissions.jsonl"
    foreign = [json.dumps(one).replace('"kw-', '"pa-').replace("inzicht", "elders") + "\n" for one in said]
    there = replace(home.house, settings=replace(home.house.settings, permission_administrator="elsewhere"))
    file.write_text("".join(foreign), "utf-8")
    report = elsewhere.take(there, file, at=on("2026-06-03"))
    assert (report.established, report.ended, report.refused.total()) == (1, 1, 0)
    report = elsewhere.take(there, file, at=on("2026-06-03"))
    assert (report.established, report.ended, report.known, report.refused.total()) == (0, 0, 2, 0)
    rows = home.world.c.execute(
        "select e.event, e.at, e.because, s.live from kw.permission p join kw.permission_state s on s.id = p.id"
        " join kw.permission_event e on e.permission = p.id order by p.id, e.id"
    ).fetchall()
    here, taken = rows[:2], rows[2:]
    assert here == taken
    assert [row[0] for row in taken] == ["granted", EVERY_END[over][0]]
    assert taken[1][2] == EVERY_END[over][1]
    assert taken[1][3].upper == (LIVE.end if over is expired else OVER)
    assert home.told()[-1] == (f"permission:{taken[1][0]}", taken[1][1]), "the log is told, as of any end"


@pytest.mark.parametrize("direction", [*Direction])
@pytest.mark.parametrize("kinds", [(Kind.INTERVAL,), (Kind.DAY,), (Kind.INTERVAL, Kind.DAY)])
def test_a_specification_says_the_channels_and_nothing_else(direction: Direction, kinds: tuple[Kind, ...]) -> None:
    mask = wish(direction=direction, kinds=kinds).scope.mask
    assert MeteredDataSpecification.of(mask, between("2026-01-01"), Product.ELECTRICITY).mask == mask


def handed_over(home: Home) -> datetime:
    """Read the quarter-hours of a day for the app in the night after it, and hand them over; return when it was read."""
    night = midnight(MARCH_10) + DAY + timedelta(hours=2)
    who = Requester(Role.THIRD_PARTY, home.app)
    granted = permit(home.house, who, Purpose.THIRD_PARTY_SERVICE, home.connection, E_INTERVAL, whole(MARCH_10), at=night)
    rows = [channel_day(home.connection, channel, MARCH_10) for channel in (Channel.IMPORT, Channel.EXPORT)]
    read(home.house, rows, [granted], at=night)
    assert delivery_round.run(home.house, clock=lambda: night + timedelta(hours=1)).delivered == 1
    return night


def test_what_was_handed_over_stands_under_its_own_permission(home: Home) -> None:
    """Two permissions of one party: the parcel left under the first, and nothing under the second."""
    world = home.world
    first = world.permission(home.connection, home.person, home.app, between("2026-01-01"), mask=E_INTERVAL)
    second = world.permission(home.connection, home.person, home.app, between("2026-01-01"), purpose="b", mask=E_INTERVAL)
    night = handed_over(home)
    world.c.execute("update kw.occupancy set period = tstzrange(lower(period), %s)", (night + DAY,))
    ends.sweep(home.house, at=night + 2 * DAY)
    at = night + 3 * DAY
    accessed = {key: overview.show(home.house, f"kw-{key}", at=at).accessed for key in (first, second)}
    assert [one.period for one in accessed[first]] == [whole(MARCH_10)]
    assert accessed[second] == []


@pytest.mark.parametrize("table", ["agreement", "occupancy"])
def test_what_was_handed_over_under_a_second_agreement_or_stay_stands_under_the_permission(home: Home, table: str) -> None:
    """One follows the other at once, and the permission goes on: it began under the first."""
    world = home.world
    given = world.permission(home.connection, home.person, home.app, between("2026-01-01"), mask=E_INTERVAL)
    cut_at = on("2026-02-01")
    world.c.execute(f"update kw.{table} set period = tstzrange(lower(period), %s)".encode(), (cut_at,))  # noqa: S608 - a test's own
    if table == "agreement":
        world.agreement(home.app, Period(cut_at))
    else:
        world.occupancy(home.connection, home.person, Period(cut_at))
    night = handed_over(home)
    assert [one.period for one in overview.show(home.house, f"kw-{given}", at=night + DAY).accessed] == [whole(MARCH_10)]

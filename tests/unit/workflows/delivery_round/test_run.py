"""What was read for somebody goes to that somebody once, decided again to the last moment, and on the right person's account."""

import importlib
import json
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from kwartier.audit.events import EventKind
from kwartier.model.ground import Purpose, Requester, Role
from kwartier.model.period import Period, midnight
from kwartier.model.register import DAY_MASK, GAS_MASK, INTERVAL_MASK, Channel
from kwartier.store.registry import deliveries, permissions
from kwartier.workflows import delivery_round, parties
from kwartier.workflows.delivery_round import bundle
from kwartier.workflows.installation import Installation
from readings_support import channel_day, moment, permit, read, whole
from registry_support import ALWAYS, DAY, World, between

rounds = importlib.import_module("kwartier.workflows.delivery_round.run")  # the package has a function of this name
NIGHT = midnight(DAY + timedelta(days=1)) + timedelta(hours=2)
E_DAY, E_INTERVAL = DAY_MASK & ~GAS_MASK, INTERVAL_MASK & ~GAS_MASK
REGISTERS = [c for c in Channel if 1 << c & E_DAY]


class Street:
    """One home with a third party's permission."""

    def __init__(self, facts: World, code: str = "PERSON", live: Period = ALWAYS) -> None:
        """Write the facts."""
        self.home = facts.connection()
        self.person = facts.subject(code)
        facts.occupancy(self.home, self.person)
        self.app = facts.party("third_party")
        facts.agreement(self.app)
        self.permission = facts.permission(self.home, self.person, self.app, live)
        self.who = Requester(Role.THIRD_PARTY, self.app)

    def served(self, house: Installation, *, at: datetime = NIGHT) -> None:
        """Read a day of quarter-hours for the party."""
        granted = permit(house, self.who, Purpose.THIRD_PARTY_SERVICE, self.home, E_INTERVAL, whole(DAY), at=at)
        read(house, [channel_day(self.home, Channel.IMPORT, DAY), channel_day(self.home, Channel.EXPORT, DAY)], [granted], at=at)


@pytest.fixture
def street(facts: World) -> Street:
    return Street(facts)


def ticking(*then: Callable[[], object]) -> Callable[[], datetime]:
    """Return a clock that shows a second more each time; at the n-th look the n-th thing happens first."""
    looks = iter(range(1000))

    def clock() -> datetime:
        n = next(looks)
        if n < len(then):
            then[n]()
        return NIGHT + timedelta(hours=1, seconds=n)

    return clock


def nothing() -> None:
    """Let time pass."""


def documents(house: Installation) -> list[dict[str, Any]]:
    return [json.loads(line) for path in house.outbox.glob("*/*.jsonl") for line in path.read_text("utf-8").splitlines()]


def parcels(house: Installation) -> list[tuple[str, str | None, int | None]]:
    with house.operator() as c:
        return c.execute("select status, reason, subject from kw.parcel order by at, id").fetchall()


def told(house: Installation, code: str, connection: int, kind: EventKind) -> int:
    with house.operator() as c:
        return sum(line.kind is kind for line in house.log.of_subject(c, code, connection, ALWAYS))


def test_a_day_of_quarter_hours_goes_to_the_party_and_into_the_persons_log(opened: Installation, street: Street) -> None:
    street.served(opened)
    assert delivery_round.run(opened, clock=ticking()).delivered == 1
    (document,) = documents(opened)
    assert {(one["register"], one["direction"], one["unit"], len(one["values"])) for one in document["series"]} == {
        ("1-0:1.8.0", "consumption", "Wh", 96),
        ("1-0:2.8.0", "production", "Wh", 96),
    }
    assert parcels(opened) == [("delivered", None, street.person)]
    assert told(opened, "PERSON", street.home, EventKind.PARCEL_DELIVERED) == 1
    assert delivery_round.run(opened, clock=ticking()) == delivery_round.DeliveryReport()


def test_nothing_leaves_to_a_party_whose_statement_is_overdue_though_nobody_asked(opened: Installation, street: Street) -> None:
    """It was told long ago what it owes; that nothing came, the round finds by itself."""
    parties.check(opened, at=NIGHT - timedelta(days=40))
    street.served(opened)
    report = delivery_round.run(opened, clock=ticking())
    assert (report.delivered, report.withheld) == (0, 1)
    assert parcels(opened) == [("withheld", "F13", street.person)]
    with opened.operator() as c:
        kinds = [kind for (kind,) in c.execute("select kind from audit.event where kind ~ '^(assurance|suspension)' order by id")]
    assert kinds == ["assurance:due", "assurance:missed", "suspension:began"]


@pytest.mark.parametrize("look", [0, 1, 2])
def test_revoked_before_the_last_look_nothing_leaves(opened: Installation, street: Street, look: int) -> None:
    """At looks 0 (recovery), 1 (drafts) and 2 (the last one): documents that are made already stay here too."""
    street.served(opened)

    def revoke() -> None:
        with opened.operator() as c:
            permissions.revoke(c, street.permission, NIGHT)

    report = delivery_round.run(opened, clock=ticking(*[nothing] * look, revoke))
    assert (report.delivered, report.withheld) == (0, 1)
    assert documents(opened) == []
    assert list(opened.outbox.glob("*/*")) == []
    assert parcels(opened) == [("withheld", "F7", street.person)]
    assert told(opened, "PERSON", street.home, EventKind.PARCEL_WITHHELD) == 1
    with opened.operator() as c:
        assert c.execute("select at from kw.parcel").fetchone() == (NIGHT + timedelta(hours=1, seconds=2),), (
            "by the decision just before, not by taking back what was announced"
        )


def test_a_permit_that_goes_while_documents_are_made_is_decided_on_again_and_withheld(opened: Installation, facts: World) -> None:
    """Making them took hours, and nobody said a stop: the permission ran out by itself."""
    runs_out = NIGHT + timedelta(hours=1, minutes=2)
    street = Street(facts, live=Period(ALWAYS.start, runs_out))
    street.served(opened)
    times = iter([runs_out - timedelta(minutes=2)] * 2)

    report = delivery_round.run(opened, clock=lambda: next(times, runs_out + timedelta(hours=3)))
    assert (report.delivered, report.withheld) == (0, 1)
    assert list(opened.outbox.glob("*/*")) == []
    assert [status for status, _, _ in parcels(opened)] == ["withheld"]
    assert told(opened, "PERSON", street.home, EventKind.PARCEL_DELIVERED) == 0


def test_a_ground_that_ends_while_a_slow_bundle_is_written_holds_it_back(
    opened: Installation, street: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Minutes after the decision, longer than clocks differ: the last look is as of when the bundle leaves."""
    street.served(opened)
    now, write = [NIGHT + timedelta(hours=1)], bundle.write_aside

    def slowly(path: Path, bodies: Iterable[bytes]) -> None:
        write(path, bodies)
        now[0] += timedelta(minutes=5)
        with opened.operator() as c:
            permissions.revoke(c, street.permission, now[0])

    monkeypatch.setattr(bundle, "write_aside", slowly)
    report = delivery_round.run(opened, clock=lambda: now[0])
    assert (report.delivered, report.withheld) == (0, 1)
    assert documents(opened) == []
    assert list(opened.outbox.glob("*/*")) == []
    assert parcels(opened) == [("withheld", "F7", street.person)]


def test_the_same_answer_is_not_sent_twice_under_another_ground(opened: Installation, street: Street, facts: World) -> None:
    """The permission was given anew and the night ran again: the party has this day already, and the round goes on."""
    street.served(opened)
    delivery_round.run(opened, clock=ticking())
    with opened.operator() as c:
        permissions.revoke(c, street.permission, NIGHT)
    facts.permission(street.home, street.person, street.app, Period(NIGHT))
    street.served(opened, at=NIGHT + timedelta(hours=1))
    report = delivery_round.run(opened, clock=ticking())
    assert (report.delivered, report.withheld) == (0, 0)
    assert len(documents(opened)) == 1
    assert delivery_round.run(opened, clock=ticking()).delivered == 0


def test_what_was_withheld_goes_when_it_is_read_under_a_new_ground(opened: Installation, street: Street, facts: World) -> None:
    street.served(opened)
    with opened.operator() as c:
        permissions.revoke(c, street.permission, NIGHT)
    delivery_round.run(opened, clock=ticking())
    facts.permission(street.home, street.person, street.app, Period(NIGHT))
    street.served(opened, at=NIGHT + timedelta(hours=1))
    assert delivery_round.run(opened, clock=ticking()).delivered == 1
    assert [status for status, _, _ in parcels(opened)] == ["withheld", "delivered"]


def test_at_a_move_with_a_switch_each_parcel_is_on_the_account_of_whom_it_is_about(opened: Installation, facts: World) -> None:
    """It leaves when the new occupant lives there, and the closing register is still about the former one."""
    home, moved = facts.connection(), "2026-03-11"
    left, came = facts.subject("LEFT"), facts.subject("CAME")
    facts.occupancy(home, left, between("2020-01-01", moved))
    facts.occupancy(home, came, between(moved))
    old, new = facts.party(), facts.party()
    facts.supply(home, old, between("2020-01-01", moved))
    facts.supply(home, new, between(moved))
    permits = []
    for party in (old, new):
        facts.agreement(party)
        for purpose in (Purpose.MOVE, Purpose.SWITCH, Purpose.PERIODIC_READING):
            who, at = Requester(Role.SUPPLIER, party), moment(DAY + timedelta(days=1))
            permits.append(permit(opened, who, purpose, home, E_DAY, at, at=NIGHT))
    read(opened, [channel_day(home, c, DAY + timedelta(days=1)) for c in REGISTERS], permits, at=NIGHT)
    assert delivery_round.run(opened, clock=ticking()).delivered == 6
    assert {subject for _, _, subject in parcels(opened)} == {left, came}
    assert told(opened, "LEFT", home, EventKind.PARCEL_DELIVERED) == 3
    assert told(opened, "CAME", home, EventKind.PARCEL_DELIVERED) == 3
    for document in documents(opened):
        assert [(one["register"], one["value"], one["at"]) for one in document["readings"]] == [
            (register, 4711, "2026-03-11T00:00:00+01:00") for register in ("1-0:1.8.1", "1-0:1.8.2", "1-0:2.8.1", "1-0:2.8.2")
        ]


def test_a_switch_in_time_between_reading_and_delivery_withholds_nothing_of_the_old_suppliers_own(
    opened: Installation, facts: World
) -> None:
    home = facts.connection()
    facts.occupancy(home, facts.subject())
    supplier = facts.party()
    agreement = facts.agreement(supplier)
    supply = facts.supply(home, supplier)
    granted = permit(opened, Requester(Role.SUPPLIER, supplier), Purpose.PERIODIC_READING, home, E_DAY, moment(DAY), at=NIGHT)
    read(opened, [channel_day(home, c, DAY) for c in REGISTERS], [granted], at=NIGHT)
    ends = "update kw.{} set period = tstzrange(lower(period), %s) where id = %s"
    facts.c.execute(ends.format("supply").encode(), (midnight(DAY + timedelta(days=1)), supply))
    assert delivery_round.run(opened, clock=ticking()).delivered == 1
    facts.c.execute(ends.format("agreement").encode(), (NIGHT, agreement))
    switched = moment(DAY + timedelta(days=1))
    before = NIGHT - timedelta(hours=1)
    granted = permit(opened, Requester(Role.SUPPLIER, supplier), Purpose.SWITCH, home, E_DAY, switched, at=before)
    read(opened, [channel_day(home, c, DAY + timedelta(days=1)) for c in REGISTERS], [granted], at=NIGHT)
    report = delivery_round.run(opened, clock=ticking())
    assert (report.delivered, report.withheld) == (0, 1)
    assert sorted(ended[:2] for ended in parcels(opened)) == [("delivered", None), ("withheld", "F3")]


def test_a_round_does_not_look_again_past_what_it_delivered(
    opened: Installation, facts: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each look begins behind the last one, or a round takes the square of the number of homes; then one more finds none."""
    for number in range(3):
        Street(facts, f"PERSON {number}").served(opened)
    looks, pending = list[tuple[int, list[int]]](), deliveries.pending

    def looked(c: psycopg.Connection[Any], limit: int, after: int = 0) -> list[deliveries.Due]:
        found = pending(c, limit, after)
        looks.append((after, [one.id for one in found]))
        return found

    monkeypatch.setattr(deliveries, "pending", looked)
    monkeypatch.setattr(rounds, "PER_BUNDLE", 1)
    assert delivery_round.run(opened, clock=ticking()).delivered == 3
    ids = [one for _, found in looks for one in found]
    assert ids == sorted(set(ids))
    assert looks == [*((after, [one]) for after, one in zip([0, *ids], ids, strict=False)), (ids[-1], []), (0, [])]


def test_two_rounds_at_once_are_one_too_many(opened: Installation, street: Street) -> None:
    street.served(opened)

    def meanwhile() -> None:
        with pytest.raises(delivery_round.DeliveryRuns):
            delivery_round.run(opened, clock=ticking())

    assert delivery_round.run(opened, clock=ticking(nothing, meanwhile)).delivered == 1


def test_a_round_killed_before_the_name_is_taken_back_and_after_it_is_finished(opened: Installation, street: Street) -> None:
    street.served(opened)
    (opened.outbox / "box").mkdir()
    bundle.write_aside(opened.outbox / "box" / "stray.jsonl", [b"{}"])
    with pytest.raises(KeyboardInterrupt):
        delivery_round.run(opened, clock=ticking(*[nothing] * 4, interrupt))
    (document,) = documents(opened)
    delivery_round.run(opened, clock=ticking())
    assert documents(opened) == [document]
    assert parcels(opened) == [("delivered", None, street.person)]
    assert told(opened, "PERSON", street.home, EventKind.PARCEL_DELIVERED) == 1
    assert not list(opened.outbox.glob("*/*.aside"))


def interrupt() -> None:
    """Be killed between the name and the mark."""
    raise KeyboardInterrupt


def test_the_registry_would_not_take_the_same_delivery_twice(opened: Installation, street: Street) -> None:
    street.served(opened)
    delivery_round.run(opened, clock=ticking())
    again = "insert into kw.parcel (id, receiver_role, receiver, connection, purpose, period, mask, permit, status, at)"
    with pytest.raises(psycopg.errors.UniqueViolation), opened.operator() as c:
        c.execute(
            again.encode() + b" select 'again', receiver_role, receiver, connection, purpose, period, mask, permit, status, at"
            b" from kw.parcel"
        )

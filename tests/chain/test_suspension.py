"""A party is suspended during a night: no read for it starts later than the stop list's age, and nothing leaves to it after."""

import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from chain_support import DAY, town
from kwartier.model.ground import Role
from kwartier.store.registry import parties as registry
from kwartier.workflows import delivery_round, installation, parties, replay
from kwartier.workflows.installation import Installation, system_clock
from kwartier.workflows.night import run as nights
from kwartier.workflows.parties import Because

pytestmark = pytest.mark.database
ONE_BY_ONE = "batch_meters = 30\nworkers = 1\nconcurrency = 1\nconnect_s = 1.0\nanswer_s = 3.0\n"


def those(house: Installation) -> list[registry.Party]:
    """Return a supplier and every third party with an agreement."""
    with house.operator() as c:
        found = registry.every(c)
        bound = {one.party for one in registry.agreements(c, [one.key for one in found]) if one.period.contains(system_clock())}
    supplier = next(one for one in found if one.role is Role.SUPPLIER)
    return [supplier, *(one for one in found if one.role is Role.THIRD_PARTY and one.key in bound)]


def test_suspended_during_the_night(unread: Path) -> None:
    """With one meter at a time most of the night is still to come when a supplier and the apps are suspended."""
    (unread / "kwartier.toml").write_text(ONE_BY_ONE)
    with town(unread), installation.opened(unread) as house:
        chosen = those(house)
        started, said = threading.Event(), list[datetime]()

        def suspend() -> None:
            started.wait(60)
            for one in chosen:
                parties.suspend(house, one.code, Because.SECURITY, at=system_clock())
            said.append(datetime.now(UTC))

        workers = [threading.Thread(target=suspend), threading.Thread(target=lambda: wait_for_read(unread, started))]
        for worker in workers:
            worker.start()
        with house.executor() as executor:
            counts = nights.run(house, DAY, executor, clock=system_clock).counts()
        for worker in workers:
            worker.join()
        assert said, "it was suspended while the night ran"
        assert counts["stopped"] > 0
        assert promised(house, chosen, said[0]) == 0, "rows of a batch that was not accepted yet are withdrawn for it"
        delivery_round.run(house, clock=system_clock)
        with house.operator() as c:
            ends = c.execute(
                "select status, reason, count(*) from kw.parcel where receiver = any(%s) group by 1, 2", (keys(chosen),)
            )
            assert {(status, reason) for status, reason, _ in ends} <= {("withheld", "F13")}
            others = c.execute("select count(*) from kw.parcel where status = 'delivered'").fetchone()
        assert others is not None
        assert others[0] > 0, "who was not suspended is served"
        found = replay.run(house, at=system_clock())
        assert (found.findings, found.uncovered, found.over_broad, found.late) == ([], 0, 0, 0)


def wait_for_read(data: Path, started: threading.Event) -> None:
    """Set the event as soon as a meter was asked for a profile."""
    journal = data / "town" / "sessions.jsonl"
    while not started.wait(0.02):
        if journal.exists() and b'"profile"' in journal.read_bytes():
            started.set()


def keys(chosen: list[registry.Party]) -> list[int]:
    return [one.key for one in chosen]


def promised(house: Installation, chosen: list[registry.Party], moment: datetime) -> int:
    """Count deliveries to them that rest on answers which came more than a second after they were suspended."""
    with house.operator() as c:
        row = c.execute(
            "select count(*) from kw.delivery_due d where d.receiver = any(%s) and exists (select from kw.outcome o"
            " where o.batch = d.batch and o.connection = d.connection and o.result = 'read'"
            " and o.at > %s + interval '1 second' and position(d.permit in o.permits) > 0)",
            (keys(chosen), moment),
        ).fetchone()
    assert row is not None
    return int(row[0])

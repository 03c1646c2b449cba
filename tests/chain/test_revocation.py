"""A revocation stops the next read and the next delivery, and the log says why."""

import json
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from chain_support import DAY, town
from kwartier.audit.events import EventKind
from kwartier.grounds import conduct
from kwartier.model.ground import Role
from kwartier.model.period import Period, midnight
from kwartier.model.register import Obis
from kwartier.model.task import ProfileName
from kwartier.store.registry import names
from kwartier.workflows import delivery_round, installation, permission
from kwartier.workflows.installation import Installation, meter_models, system_clock
from kwartier.workflows.night import run as nights

pytestmark = pytest.mark.database

ONE_BY_ONE = "batch_meters = 30\nworkers = 1\nconcurrency = 1\nconnect_s = 1.0\nanswer_s = 3.0\n"


def read(house: Installation) -> dict[str, Any]:
    """Run a night without its deliveries."""
    with house.executor() as executor:
        return nights.run(house, DAY, executor, clock=system_clock).counts()


def permissions_of_parties(house: Installation) -> list[tuple[int, int, int]]:
    """Return (permission, subject, connection) of the live permissions to third parties."""
    with house.operator() as c:
        return c.execute(
            "select id, subject, connection from kw.permission_state where party is not null and live @> now() order by id"
        ).fetchall()


def test_revoked_between_reading_and_delivery_nothing_leaves_and_the_log_says_why(unread: Path) -> None:
    with town(unread), installation.opened(unread) as house:
        assert read(house)["read"] > 0
        with house.operator() as c:
            due = c.execute("select receiver, connection from kw.delivery_due where role = 'third_party' order by id").fetchall()
            party, connection = due[0]
            row = c.execute(
                "select id, subject from kw.permission_state where party = %s and connection = %s and live @> now()",
                (party, connection),
            ).fetchone()
        assert row is not None
        permission.revoke(house, row[1], row[0], at=system_clock())
        report = delivery_round.run(house, clock=system_clock)
        assert report.delivered == len(all_due(house)) - report.withheld
        with house.operator() as c:
            ends = c.execute(
                "select status, reason, permit from kw.parcel"
                " where receiver = %s and connection = %s and receiver_role = 'third_party'",
                (party, connection),
            ).fetchall()
            person = names.person(c, key=row[1])
            ean = names.eans(c, [connection])[connection].reveal()
            assert person is not None
            lines = house.log.of_subject(c, person.code, connection, Period(midnight(DAY)))
            code = names.party_code(c, party)
        assert ends
        assert {(status, permit) for status, _, permit in ends} == {("withheld", None)}
        assert all(conduct.edition("2026").rule(reason).nl for _, reason, _ in ends)
        said = {line.kind: line for line in lines}
        assert said[EventKind.PERMISSION_REVOKED].at < said[EventKind.PARCEL_WITHHELD].at
        assert said[EventKind.PARCEL_WITHHELD].body["rule"] in {reason for _, reason, _ in ends}
        parcels = [
            json.loads(line) for path in (house.outbox / code).glob("*.jsonl") for line in path.read_text("utf-8").splitlines()
        ]
        assert [one for one in parcels if one["metering_point"] == ean] == []


def all_due(house: Installation) -> list[int]:
    """Return every due delivery of the installation."""
    with house.operator() as c:
        return [key for (key,) in c.execute("select id from kw.delivery_due").fetchall()]


def test_revoked_during_the_night_no_get_starts_later_than_the_stop_lists_age(unread: Path) -> None:
    """With one meter at a time most of the night is still to come when every permission to a third party is revoked."""
    (unread / "kwartier.toml").write_text(ONE_BY_ONE)
    with town(unread), installation.opened(unread) as house:
        revoked: dict[int, datetime] = {}
        started = threading.Event()

        def revoke_all() -> None:
            started.wait(60)
            for key, subject, _ in permissions_of_parties(house):
                permission.revoke(house, subject, key, at=system_clock())
                revoked[key] = datetime.now(UTC)

        revoking = threading.Thread(target=revoke_all)
        revoking.start()

        def clock() -> datetime:
            if first_get(unread):
                started.set()
            return system_clock()

        watcher = threading.Thread(target=lambda: wait_for_get(unread, started))
        watcher.start()
        with house.executor() as executor:
            counts = nights.run(house, DAY, executor, clock=clock).counts()
        revoking.join()
        watcher.join()
        assert revoked
        assert counts["stopped"] > 0
        late = late_gets(house, unread, revoked)
        assert late == []


def first_get(data: Path) -> bool:
    """Tell whether a meter was asked for a profile."""
    path = data / "town" / "sessions.jsonl"
    return path.exists() and b'"profile"' in path.read_bytes()


def wait_for_get(data: Path, started: threading.Event) -> None:
    """Set the event as soon as a meter was asked."""
    while not started.wait(0.02):
        if first_get(data):
            started.set()


def obis(task: dict[str, Any]) -> str:
    """Return the logical name of the profile that a task asks, with its M-Bus channel."""
    profile = meter_models()["SMR5"].profile(ProfileName(task["p"]))
    assert profile is not None
    code = bytearray(profile.obis.code)
    if task["b"]:
        code[1] = task["b"]
    return str(Obis(bytes(code)))


def late_gets(house: Installation, data: Path, revoked: dict[int, datetime]) -> list[tuple[str, float]]:
    """Return reads of a meter that rested on revoked permissions alone and reached it later than the stop list's age allows."""
    with house.operator() as c:
        rows = c.execute(
            "select m.equipment_id, l.body from audit.leaf l join audit.entry e on e.id = l.entry"
            " join kw.meter m on m.key = (convert_from(l.body, 'UTF8')::jsonb ->> 'm')::bigint where e.kind = 'batch:intended'"
        ).fetchall()
        facts = c.execute("select id, connection, party from kw.permission_state where id = any(%s)", (list(revoked),)).fetchall()
    by_ground = {(connection, party): revoked[key] for key, connection, party in facts}
    doomed: dict[tuple[str, str, int, int], datetime] = {}
    for equipment, raw in rows:
        task = json.loads(bytes(raw))
        grounds = [by_ground.get((task["c"], grant[7])) if grant[6] == Role.THIRD_PARTY else None for grant in task["g"]]
        if all(grounds):
            doomed[equipment, obis(task), task["f"], task["l"]] = max(moment for moment in grounds if moment)
    assert doomed
    late = []
    for line in (data / "town" / "sessions.jsonl").read_text("utf-8").splitlines():
        said = json.loads(line)
        if said["event"] != "profile":
            continue
        stopped = doomed.get((said["equipment_id"], said["obis"], said["first_s"], said["last_s"]))
        if stopped is None:
            continue
        after = (datetime.fromisoformat(said["at"]) - stopped).total_seconds()
        if after > house.settings.stop_age_s + 0.05:  # 50 ms: the GET left us in time and the meter wrote it down when it came
            late.append((said["equipment_id"], after))
    return late

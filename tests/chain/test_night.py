"""What `./demo --once --json` promises, checked against the town's own record of what every meter held and was asked."""

import json
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import pyarrow.parquet as pq
import pytest

from chain_support import DAY, HOMES, PATIENCE, SEED, Night, demo, processes_of, town
from command_support import kwartier_here
from kwartier.model.register import Channel
from kwartier.model.task import GapReason
from kwartier.store.registry import names
from kwartier.workflows import installation, replay
from kwartier.workflows.night import run as nights
from kwartier.workflows.night.report import NightReport
from kwartier.workflows.permission import asked

pytestmark = pytest.mark.database

KEYS = {
    *("homes", "meters", "date", "tasks", "read", "gaps", "refused", "avoided_reads", "unavoidable_overread", "channel_days"),
    *("readings", "quarantined", "parcels", "uncovered_reads", "uncovered_deliveries", "transformers", "loss_wh"),
    *("loss_uncertainty_wh", "checkpoint", "seconds", "cpu_us_per_meter", "peak_mb"),
}


Held = tuple[int, list[int], list[int]]


def truth(night: Night) -> dict[tuple[str, int, str], Held]:
    """Return what the meters held: (ean, channel, day) to start, deltas and quality (empty when all is valid)."""
    table = pq.read_table(night.data / "town" / "truth.parquet")
    return {
        (row["ean"], row["channel"], str(row["day"])): (row["start"], list(row["deltas"]), list(row["quality"]))
        for row in table.to_pylist()
    }


def stored(night: Night) -> Iterator[tuple[tuple[str, int, str], Held]]:
    """Yield every stored channel-day under the name the truth has for it."""
    with installation.opened(night.data) as house:
        held = [day for when in house.readings.days_held() for day in house.readings.scan(when)]
        with house.operator() as c:
            eans = names.eans(c, {day.key for day in held})
    for day in held:
        values = np.frombuffer(day.deltas, np.int32).tolist()
        yield (eans[day.key].reveal(), int(day.channel), day.day.isoformat()), (day.start, values, list(day.quality))


def test_the_object_says_everything(night: Night) -> None:
    assert night.said.keys() >= KEYS
    assert night.said["uncovered_reads"] == night.said["uncovered_deliveries"] == 0
    assert night.said["read"] > 0
    assert night.said["parcels"] > 0
    assert night.said["avoided_reads"] > 0
    assert night.said["date"] == DAY.isoformat()


def test_every_stored_channel_day_equals_the_truth(night: Night) -> None:
    """Registers, differences and quality marks: also where rows were missing, or a gas meter gave nothing new."""
    known = truth(night)
    found = list(stored(night))
    assert len(found) == night.said["channel_days"] > 100
    assert [name for name, held in found if known.get(name) != held] == []


def sessions(night: Night) -> list[dict[str, Any]]:
    """Return the meters' own session logs."""
    return [json.loads(line) for line in (night.data / "town" / "sessions.jsonl").read_text("utf-8").splitlines()]


def test_no_meter_was_left_with_an_association(night: Night) -> None:
    events = [one["event"] for one in sessions(night)]
    assert "unreleased" not in events
    assert events.count("associated") == events.count("released") + events.count("dropped") > 0


def restricted(night: Night, kind: str) -> set[str]:
    """Return the EANs of connections under a restriction."""
    lines = (night.data / "town" / "import" / "restrictions.csv").read_text("utf-8").splitlines()
    rows = [dict(zip(lines[0].split(","), line.split(","), strict=True)) for line in lines[1:]]
    return {row["ean"] for row in rows if row["kind"] == kind}


def meters_of(night: Night, eans: set[str]) -> set[str]:
    """Return the equipment ids of the meters on these connections."""
    lines = (night.data / "town" / "import" / "meters.csv").read_text("utf-8").splitlines()
    rows = [dict(zip(lines[0].split(","), line.split(","), strict=True)) for line in lines[1:]]
    return {row["equipment_id"] for row in rows if row["ean"] in eans}


def test_no_meter_that_is_off_was_asked_for_usage(night: Night) -> None:
    off = meters_of(night, restricted(night, "administratively_off"))
    assert off, "the town has meters that are administratively off"
    assert [one for one in sessions(night) if one["equipment_id"] in off and "profile" in json.dumps(one)] == []


def test_who_refused_is_in_no_plan(night: Night) -> None:
    """But for the switch itself, which is set as its customer chose."""
    refused = restricted(night, "refused") | restricted(night, "administratively_off")
    assert restricted(night, "refused")
    with installation.opened(night.data) as house, house.operator() as c:
        planned = {
            key
            for (key,) in c.execute(
                "select distinct connection from kw.outcome where connection <> 0 and profile <> 'switch_off'"
            ).fetchall()
        }
        eans = {one.reveal() for one in names.eans(c, planned).values()}
        logged = c.execute(
            "select count(*) from audit.leaf l join audit.entry e on e.id = l.entry join kw.connection n on n.key = l.connection"
            " where e.kind in ('batch:intended', 'batch:read') and n.ean = any(%s)"
            " and convert_from(l.body, 'UTF8')::jsonb ->> 'p' <> 'switch_off'",
            (list(refused),),
        ).fetchone()
    assert planned
    assert not eans & refused
    assert logged == (0,)


def test_the_loss_is_exact_where_every_home_was_read_and_bounded_elsewhere(night: Night) -> None:
    table = pq.read_table(night.data / "town" / "loss.parquet").to_pylist()
    true: dict[str, list[int]] = {}
    for row in sorted((row for row in table if row["day"] == DAY), key=lambda row: (row["transformer"], row["quarter"])):
        true.setdefault(row["transformer"], []).append(row["technical_wh"] + row["theft_wh"])
    with installation.opened(night.data) as house, house.operator() as c:
        rows = c.execute(
            "select t.name, l.homes, l.homes_read, l.loss_wh, l.uncertainty_wh, l.withheld from kw.loss l"
            " join kw.transformer t on t.key = l.transformer"
        ).fetchall()
    assert {row[0] for row in rows} == set(true)
    exact = bounded = 0
    for name, homes, read, loss, uncertainty, withheld in rows:
        if withheld:
            assert loss is None
            continue
        told, margin = np.frombuffer(loss, np.int64), np.frombuffer(uncertainty, np.int64)
        if homes == read:
            exact += 1
            assert told.tolist() == true[name]
        else:
            bounded += 1
            assert (np.abs(told - np.array(true[name])) <= margin).all()
    assert exact
    assert bounded


def test_gas_and_registers_are_there_too(night: Night) -> None:
    channels = {name[1] for name, _ in stored(night)}
    assert channels >= {Channel.IMPORT, Channel.EXPORT, Channel.GAS, Channel.DAY_IMPORT_LOW, Channel.DAY_GAS}


def test_the_same_night_again_reads_nothing_new_and_leaves_nothing_running(night: Night) -> None:
    before = list(stored(night))
    again = demo(night.data, "--homes", str(HOMES), "--seed", str(SEED))
    assert again["read"] == 0
    assert 0 < again["avoided_reads"] <= night.said["avoided_reads"] + night.said["gaps"], "what was read is not avoided"
    assert again["parcels"] == 0
    assert again["uncovered_reads"] == again["uncovered_deliveries"] == 0
    assert list(stored(night)) == before
    assert processes_of(night.data) == []


def test_somebody_in_the_town_has_a_request_to_answer_and_a_mandate_to_veto(night: Night) -> None:
    personas = json.loads((night.data / "town" / "personas.json").read_text("utf-8"))
    code = next(one["subject"] for one in personas if one["persona"] == "switched")
    with installation.opened(night.data) as house:
        with house.operator() as c:
            person = names.person(c, code=code)
        assert person is not None
        waiting = asked.waiting(house, person.key, at=installation.system_clock())
    assert sorted((one.claimed, one.scope.purpose) for one in waiting) == [
        (False, "slim laden"),
        (True, "vergelijking met de buurt"),
    ]
    assert all(one.begins > one.asked for one in waiting if one.claimed), "there is time for a no"


def test_replay_on_the_command_line(night: Night) -> None:
    found = json.loads(kwartier_here("--data", night.data, "audit", "replay", "--json").stdout.splitlines()[-1])
    assert found["checked"] > 100
    assert (found["uncovered"], found["over_broad"], found["late"]) == (0, 0, 0)


def test_a_meter_that_cannot_be_asked_is_a_gap_with_its_reason(unread: Path) -> None:
    """One meter has no keys, another's key has no counters left: neither is visited, and no task is lost."""
    with town(unread), installation.opened(unread) as house:
        with psycopg.connect(house.dsns.owner) as c:
            meters = [key for (key,) in c.execute("select key from kw.meter where connection is not null order by key").fetchall()]
            c.execute("delete from kw.meter_key where meter = %s", (meters[0],))
            c.execute("update kw.meter_key set next_ic = 4294967296 where meter = %s", (meters[1],))
        with house.executor("inline") as executor:
            report = nights.run(house, DAY, executor, clock=installation.system_clock)
        with house.operator() as c:
            ends = c.execute(
                "select meter, result, reason from kw.outcome where meter = any(%s) group by 1, 2, 3 order by 1", (meters[:2],)
            ).fetchall()
        found = replay.run(house, at=installation.system_clock())
    assert ends == [(meters[0], "gap", "no_keys"), (meters[1], "gap", "counter")]
    assert report.tasks == report.read + report.stopped + sum(report.gaps.values())
    assert (found.uncovered, found.over_broad, found.late) == (0, 0, 0)


def test_a_day_nobody_read_is_an_empty_day(night: Night) -> None:
    with installation.opened(night.data) as house:
        assert list(house.readings.scan(DAY - timedelta(days=30))) == []


def test_after_a_restore_a_meter_is_asked_once_more_when_its_batch_is_back(unread: Path, tmp_path: Path) -> None:
    """The meters remember a night that the operator does not: each tells a counter above ours, and is asked again above that.

    At once: it is every meter, and whoever asked them at the end would hold the plan of the whole night until then.
    """
    (unread / "kwartier.toml").write_text(f"{PATIENCE}batch_meters = 10\nworkers = 1\n", "utf-8")
    restored = Path(shutil.copytree(unread, tmp_path / "restored", ignore=shutil.ignore_patterns("town")))

    def read(data: Path) -> tuple[NightReport, list[tuple[int, int]]]:
        """Return the report, and of each meter that was asked in two batches which."""
        with installation.opened(data) as house, house.executor("inline") as executor:
            report = nights.run(house, DAY, executor, clock=installation.system_clock)
            with house.operator() as c:
                twice = "select min(batch), max(batch) from kw.outcome group by meter having count(distinct batch) > 1"
                return report, c.execute(twice).fetchall()

    with town(unread):
        (first, _), (again, twice) = read(unread), read(restored)
    assert first.gaps[GapReason.COUNTER] == 0
    assert first.read == again.read + again.gaps[GapReason.COUNTER], "what is not asked again is for a sum"
    assert again.read > first.read / 2
    assert len(twice) > 30
    assert min(late for _, late in twice) < max(early for early, _ in twice)

"""kill -9 at any moment of a night loses and doubles nothing, and no nonce is used twice."""

import json
import os
import random
import re
import signal
import struct
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable

from chain_support import DAY, kwartier, processes_of, town
from kwartier.audit import evidence
from kwartier.audit.leaves import Grant
from kwartier.store.registry import names
from kwartier.workflows import installation

pytestmark = [pytest.mark.database, pytest.mark.timeout(900)]

HEADER = struct.Struct(">QI")
MORE = 5
"""Nights at the most, until one finds nothing left to read."""
# Small batches and few meters at once, so that a night has many moments between its steps.
SETTINGS = 'batch_meters = 12\nworkers = 2\nconcurrency = 4\nconnect_s = 1.0\nanswer_s = 2.0\nsession_s = 20.0\ntap = "{tap}"\n'


@pytest.fixture
def fresh(unread: Path) -> Path:
    """Return an unread installation with a tap on every frame sent."""
    tap = unread.parent / "tap"
    tap.mkdir()
    (unread / "kwartier.toml").write_text(SETTINGS.format(tap=tap))
    return unread


def start_night(data: Path) -> subprocess.Popen[bytes]:
    """Start a night in a process group of its own."""
    command = [sys.executable, "-m", "kwartier.cli.main", "--data", str(data), "night", "run", "--date", DAY.isoformat()]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)


def children(pid: int) -> list[int]:
    """Return the processes that this one started and that live."""
    try:
        return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()]
    except OSError:
        return []


def kill(night: subprocess.Popen[bytes], victim: str, rng: random.Random) -> None:
    """Kill -9 the coordinator, one of its workers, or all of them at once."""
    workers = children(night.pid)
    chosen = {"coordinator": [night.pid], "worker": rng.sample(workers, min(1, len(workers))), "all": [night.pid, *workers]}[victim]
    for pid in chosen:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
    night.wait(60)


def frames(data: Path) -> Iterator[tuple[int, bytes]]:
    """Yield (meter, frame) of everything that was sent."""
    for path in sorted((data.parent / "tap").glob("*.frames")):
        raw = path.read_bytes()
        at = 0
        while at + HEADER.size <= len(raw):
            meter, length = HEADER.unpack_from(raw, at)
            frame = raw[at + HEADER.size : at + HEADER.size + length]
            at += HEADER.size + length
            if len(frame) == length:
                yield meter, frame


def counters_of(frame: bytes) -> Iterator[int]:
    """Yield the invocation counter of a ciphered frame: after the security control byte 0x30 that follows tag and length."""
    apdu = frame[8:]
    tags = {0xC8, 0xCB, 0xDB}
    if apdu[0] in tags:
        at = 1 + (1 + apdu[1] if apdu[0] == 0xDB else 0)
        at += 1 + (apdu[at] & 0x7F if apdu[at] & 0x80 else 0)
        assert apdu[at] == 0x30
        yield int.from_bytes(apdu[at + 1 : at + 5], "big")
    elif apdu[0] in {0x60, 0x62}:  # AARQ and RLRQ carry an initiate request ciphered in glo-initiate-request (0x21)
        at = apdu.find(b"\x21", 2)
        while at >= 0:
            if apdu[at + 2 : at + 3] == b"\x30" and at + 1 + apdu[at + 1] + 1 == len(apdu):
                yield int.from_bytes(apdu[at + 3 : at + 7], "big")
            at = apdu.find(b"\x21", at + 1)


def assert_no_nonce_twice(data: Path) -> None:
    """By the tap on our side, and by what the meters say they accepted."""
    from kwartier.simulator import journal  # noqa: PLC0415 - the town's own record, read by its own words

    sent = Counter((meter, counter) for meter, frame in frames(data) for counter in counters_of(frame))
    assert sent
    assert [nonce for nonce, times in sent.items() if times > 1] == []
    taken = Counter((f.number, f.key_version, f.title, f.counter) for f in journal.accepted(data / "town"))
    assert taken
    assert [nonce for nonce, times in taken.items() if times > 1] == []


def assert_whole(data: Path) -> None:
    """Everything that was read stands once in the lake, equal to the truth, and the log agrees with store and meters."""
    table = pq.read_table(data / "town" / "truth.parquet").to_pylist()
    truth = {(row["ean"], row["channel"], str(row["day"])): (row["start"], list(row["deltas"])) for row in table}
    with installation.opened(data) as house:
        held = [one for day in house.readings.days_held() for one in house.readings.scan(day)]
        with house.operator() as c:
            eans = names.eans(c, {one.key for one in held})
            states = dict(c.execute("select state, count(*) from kw.batch group by state").fetchall())
            lost = c.execute(
                "select count(*) from kw.outcome o join kw.batch b on b.id = o.batch where o.result = 'read'"
                " and o.reason is null and o.connection <> 0 and b.state <> 'committed'"
            ).fetchone()
    assert set(states) <= {"committed", "abandoned"}
    assert lost == (0,)
    rows = [(eans[one.key].reveal(), int(one.channel), one.day.isoformat()) for one in held]
    assert len(rows) == len(set(rows))
    for name, one in zip(rows, held, strict=True):
        if not any(one.quality):
            assert (one.start, np.frombuffer(one.deltas, np.int32).tolist()) == truth[name]


def assert_counted(data: Path) -> None:
    """What batches that were given up meant to read for use cases counts against their limits."""
    with installation.opened(data) as house, house.operator() as c:
        given_up = [batch for (batch,) in c.execute("select id from kw.batch where state = 'abandoned'")]
        bodies = [json.loads(line.body) for _, lines in evidence.batches(c, "batch:intended", given_up) for line in lines]
        grants = [(Grant(*one), body["c"]) for body in bodies if body["c"] for one in body["g"]]
        meant = {(grant.requester, home) for grant, home in grants if grant.role == "operator" and grant.requester}
        counted = {(case, home) for case, home in c.execute("select use_case, connection from kw.use_case_day")}
        said = [json.loads(leaf)["body"] for (leaf,) in c.execute("select leaf from audit.event where kind = 'intent:abandoned'")]
    assert meant <= counted
    assert said == [{"batch": batch} for batch in given_up]


def assert_no_dead_files(data: Path) -> None:
    """Beside what the table holds there lies, for a while, what sorting the days replaced; nothing of a batch that was given up."""
    held = {uri.rsplit("/", 1)[-1] for uri in DeltaTable(data / "lake").file_uris()}
    stray = {path.name for path in (data / "lake").glob("day=*/*")} - held
    known = [re.fullmatch(r"(?:b(\d+)-[0-9a-f]+|f\d+)\.parquet", name) for name in sorted(stray)]
    with installation.opened(data) as house:
        with house.operator() as c:
            committed = {batch for (batch,) in c.execute("select id from kw.batch where state = 'committed'")}
        assert house.readings.loose_days() == []
    assert all(known), stray
    assert {int(one[1]) for one in known if one and one[1]} <= committed


def run_night(data: Path) -> dict[str, Any]:
    """Run the night, whatever of it is left; return what is said of it."""
    said = kwartier("--data", str(data), "night", "run", "--date", DAY.isoformat(), "--json").stdout
    found: dict[str, Any] = json.loads(said.splitlines()[-1])
    return found


def run_killed(data: Path, seed: int, span_s: float) -> None:
    """Kill a night at a seeded moment, run it again, and look at what stands."""
    rng = random.Random(seed)
    with town(data):
        night = start_night(data)
        time.sleep(rng.uniform(0.4, span_s))
        kill(night, ("coordinator", "worker", "all")[seed % 3], rng)
        after = run_night(data)
        again = run_night(data)
        for _ in range(MORE):  # on a busy machine a meter may not answer in time; what was read is not read again
            again = run_night(data) if again["read"] else again
        assert again["read"] == 0
        assert after["homes"] == again["homes"]
    assert_whole(data)
    assert_counted(data)
    assert_no_dead_files(data)
    assert_no_nonce_twice(data)
    found = json.loads(kwartier("--data", str(data), "audit", "replay", "--json").stdout.splitlines()[-1])
    assert (found["uncovered"], found["over_broad"], found["late"]) == (0, 0, 0)
    assert processes_of(data) == []


@pytest.mark.parametrize("seed", range(2))
def test_a_killed_night_loses_and_doubles_nothing(fresh: Path, seed: int) -> None:
    run_killed(fresh, seed, span_s=4.0)


@pytest.mark.full
@pytest.mark.parametrize("seed", range(2, 20))
def test_a_killed_night_loses_and_doubles_nothing_in_full(fresh: Path, seed: int) -> None:
    run_killed(fresh, seed, span_s=6.0)

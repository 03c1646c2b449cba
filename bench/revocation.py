"""How late the last request and the last byte leave after somebody took a ground back, while a night runs.

Load: a town of 2,000 homes, seed 7, in a process of its own, its faults included; its night, carried by as many workers as the
machine has processors, and rounds of delivery beside it all the time, as often as one ends. Meanwhile another process clicks,
as the portal does (`workflows.permission.revoke`, `workflows.refusal.choose`, each under the row-level security of its person):
at random moments, `RATE` a second on the average, some permission that is in force is revoked (an app's or the own page's, each
as likely as it is frequent), and one click in ten says something of a meter instead: refused or administratively off, in turn.
When a night ends before `CLICKS` were made, the night about the day before it follows. No click is left out, also those with
nothing under way; who takes back what went with a meter that was refused before is told so, and that is no click.

A click begins to hold when it is committed; `kw.stop.said`, which the database wrote just before, is taken for that moment, so
what is told here is never too little. The last request: every line of the meters' own journal (milliseconds, when it came
there) that asks rows on grounds of which this click was the last to end. The last byte: the moment (ctime) at which a bundle
got its name that holds a parcel resting on what was revoked. A click with nothing later counts 0 s. `accepted_after` counts
outcomes that a batch was accepted with on such grounds although it looked after the commit. `clicked_p99_s` is from the click
to its commit. Prints one JSON object on the last line.
"""

import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from kwartier.model.ground import Role
from kwartier.model.period import day_of
from kwartier.model.register import Obis
from kwartier.model.task import ProfileName
from kwartier.workflows import delivery_round, enrolment, installation, permission, refusal
from kwartier.workflows.installation import Installation, meter_models, system_clock
from kwartier.workflows.night import run as nights
from kwartier.workflows.permission.errors import HasEnded
from kwartier.workflows.refusal import Choice

HOMES, SEED, CLICKS, RATE, OF_METERS, MOST_NIGHTS = 2_000, 7, 300, 12.0, 10, 6
LIMITS = {"revocation_p99_s": ("<=", 1), "revocations": (">=", 200), "accepted_after": ("<=", 0)}
SETTINGS = "connect_s = 2.0\nanswer_s = 2.5\nsession_s = 30.0\nbatch_meters = 250\n"
_SECOND = timedelta(seconds=1)

Ground = tuple[int, str, int]
"""Whose data (connection), for whom: a role and the id in it."""


@dataclass(frozen=True)
class Click:
    """One thing that a customer said; `at` is when it held (the database's clock), `took_s` from the click to its commit."""

    kind: str
    took_s: float
    at: datetime
    grounds: frozenset[Ground] = frozenset()
    connections: frozenset[int] = frozenset()


@dataclass
class Lateness:
    """Seconds from each click to the last request and the last byte that still left."""

    request_s: dict[int, float] = field(default_factory=lambda: defaultdict(float))
    byte_s: dict[int, float] = field(default_factory=lambda: defaultdict(float))


# The process that clicks


def click(data: Path, until: Path) -> None:
    """Click at random moments until the file is there; print a line for each click."""
    draw = random.Random(SEED)
    with installation.opened(data) as house:
        waiting = _permissions(house)
        homes = _homes(house)
        draw.shuffle(waiting)
        draw.shuffle(homes)
        for number in range(CLICKS):
            time.sleep(draw.expovariate(RATE))
            if until.exists():
                return
            if number % OF_METERS == 0 and homes:
                _say(house, *homes.pop(), (Choice.REFUSE, Choice.OFF)[number // OF_METERS % 2])
            elif waiting:
                _revoke(house, *waiting.pop())


def _permissions(house: Installation) -> list[tuple[int, int]]:
    with house.operator() as c:
        return c.execute("select id, subject from kw.permission_state where live @> now() order by id").fetchall()


def _homes(house: Installation) -> list[tuple[int, int]]:
    with house.operator() as c:
        return c.execute(
            "select c.key, o.subject from kw.connection c join kw.occupancy o on o.connection = c.key and o.period @> now()"
            " where c.product = 'electricity' and not exists (select from kw.restriction r where r.connection = c.key) order by 1"
        ).fetchall()


def _revoke(house: Installation, number: int, subject: int) -> None:
    began = time.perf_counter()
    try:
        permission.revoke(house, subject, number, at=system_clock())
    except HasEnded:  # the meter was refused by an earlier click, which took this ground too: there is nothing to take back
        return
    print(json.dumps({"kind": "revoked", "fact": "permission", "ref": number, "took": time.perf_counter() - began}), flush=True)


def _say(house: Installation, connection: int, subject: int, choice: Choice) -> None:
    began = time.perf_counter()
    refusal.choose(house, subject, connection, choice, at=system_clock())
    print(
        json.dumps({"kind": str(choice), "fact": "connection", "ref": connection, "took": time.perf_counter() - began}), flush=True
    )


# The night, its deliveries, and the town


@contextmanager
def town(data: Path, day: date) -> Iterator[None]:
    """Let a town listen."""
    command = [sys.executable, "-m", "kwartier.simulator", "--homes", str(HOMES), "--seed", str(SEED), "--date", day.isoformat()]
    command += ["--dir", str(data / "town"), "--shipment-key", str(data / "keys" / "shipment.pub")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None  # noqa: S101 - asked for above
        try:
            process.stdout.readline()
            yield
        finally:
            process.terminate()


def under_load(house: Installation, day: date, over: Path) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Run nights and rounds of delivery while the other process clicks; return its lines and what the nights counted."""
    command = [sys.executable, __file__, "--click", str(house.data), str(over)]
    counts: Counter[str] = Counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as clicking:
        delivering = threading.Thread(target=_deliver, args=(house, over, counts))
        delivering.start()
        with house.executor() as executor:
            for back in range(MOST_NIGHTS):
                report = nights.run(house, day - timedelta(days=back), executor, clock=system_clock).counts()
                counts.update({name: report[name] for name in ("tasks", "read", "stopped", "channel_days")}, nights=1)
                if clicking.poll() is not None:
                    break
        over.touch()
        delivering.join()
        said = [json.loads(line) for line in clicking.stdout or ()]
    if clicking.returncode:
        msg = "the process that clicks ended too early"
        raise RuntimeError(msg)
    delivery_round.run(house, clock=system_clock)
    return said, dict(counts)


def _deliver(house: Installation, over: Path, counts: Counter[str]) -> None:
    while not over.exists():
        done = delivery_round.run(house, clock=system_clock)
        counts.update(rounds=1, parcels=done.delivered, withheld=done.withheld)


# What came of it


def clicks(house: Installation, said: list[dict[str, Any]]) -> list[Click]:
    """Return every click with the moment from which it held, and whose grounds it ended."""
    with house.operator() as c:
        stops = {
            (fact, ref): at for fact, ref, at in c.execute("select fact, ref, min(said) from kw.stop group by 1, 2").fetchall()
        }
        given = c.execute("select id, connection, party, subject from kw.permission_state").fetchall()
        carried = defaultdict(set)
        for power, gas in c.execute(
            "select m.connection, k.connection from kw.coupling k join kw.meter m on m.key = k.meter"
        ).fetchall():
            carried[power].add(gas)
    grounds = {
        number: (connection, Role.CUSTOMER if party is None else Role.THIRD_PARTY, subject if party is None else party)
        for number, connection, party, subject in given
    }
    return [
        Click(
            kind=one["kind"] if one["fact"] == "connection" else _whose(grounds[one["ref"]]),
            took_s=one["took"],
            at=stops[one["fact"], one["ref"]],
            grounds=frozenset({grounds[one["ref"]]} if one["fact"] == "permission" else ()),
            connections=frozenset({one["ref"], *carried[one["ref"]]} if one["fact"] == "connection" else ()),
        )
        for one in said
    ]


def _whose(ground: Ground) -> str:
    return "own_page" if ground[1] == Role.CUSTOMER else "app"


class Ends:
    """When each ground ended, and by which click."""

    def __init__(self, made: list[Click], live: Mapping[Ground, int]) -> None:
        """`live` is how many permissions stood for each ground: it ends with the last of them."""
        by_ground: dict[Ground, list[tuple[datetime, int]]] = defaultdict(list)
        self._by_connection: dict[int, tuple[datetime, int]] = {}
        for number, one in enumerate(made):
            for ground in one.grounds:
                by_ground[ground].append((one.at, number))
            for connection in one.connections:
                self._by_connection[connection] = (one.at, number)
        self._by_ground = {ground: max(ends) for ground, ends in by_ground.items() if len(ends) == live[ground]}

    def of(self, connection: int, role: str, who: int) -> tuple[datetime, int] | None:
        """Return when the ground ended and by which click; None if it never did."""
        ends = [end for end in (self._by_ground.get((connection, role, who)), self._by_connection.get(connection)) if end]
        return min(ends) if ends else None

    def of_permission(self, ground: Ground) -> tuple[datetime, int] | None:
        """Return the same of a permission alone: what was read before a refusal may still be handed over."""
        return self._by_ground.get(ground)


def live(house: Installation) -> Counter[Ground]:
    """Return how many permissions ever stood for each ground: those in force when the clicking began."""
    with house.operator() as c:
        rows = c.execute(
            "select connection, party, subject from kw.permission_state s where not exists"
            " (select from kw.permission_event e where e.permission = s.id and e.event <> 'granted')"
            " and s.live @> now()"
        ).fetchall()
    return Counter((c, Role.CUSTOMER if p is None else Role.THIRD_PARTY, s if p is None else p) for c, p, s in rows)


def late_requests(house: Installation, ends: Ends, late: Lateness) -> int:
    """Compare the meters' own journal with the intents; return how many requests for usage it holds."""
    with house.operator() as c:
        rows = c.execute(
            "select m.equipment_id, l.body from audit.leaf l join audit.entry e on e.id = l.entry"
            " join kw.meter m on m.key = (convert_from(l.body, 'UTF8')::jsonb ->> 'm')::bigint where e.kind = 'batch:intended'"
        ).fetchall()
    grants: dict[tuple[str, str, int, int], list[tuple[int, str, int]]] = defaultdict(list)
    for equipment, raw in rows:
        task = json.loads(bytes(raw))
        for grant in task["g"]:
            grants[equipment, _obis(task), task["f"], task["l"]].append((task["c"], grant[6], grant[7]))
    requests = 0
    for line in (house.data / "town" / "sessions.jsonl").read_text("utf-8").splitlines():
        said = json.loads(line)
        if said["event"] != "profile":
            continue
        requests += 1
        known = grants.get((said["equipment_id"], said["obis"], said["first_s"], said["last_s"]), [])
        over = [ends.of(*one) for one in known]
        if known and all(over):
            end, number = max(one for one in over if one)
            late.request_s[number] = max(late.request_s[number], _s(datetime.fromisoformat(said["at"]) - end))
    return requests


def _obis(task: Mapping[str, Any]) -> str:
    profile = meter_models()["SMR5"].profile(ProfileName(task["p"]))
    assert profile is not None  # noqa: S101 - the town has this model only
    code = bytearray(profile.obis.code)
    if task["b"]:
        code[1] = task["b"]
    return str(Obis(bytes(code)))


def late_bytes(house: Installation, ends: Ends, late: Lateness) -> int:
    """Compare when bundles got their names with the ends of what their parcels rest on; return how many parcels there are."""
    with house.operator() as c:
        connections = dict(c.execute("select ean, key from kw.connection").fetchall())
        parties = dict(c.execute("select code, key from kw.party where role = 'third_party'").fetchall())
    parcels = 0
    for path in house.outbox.glob("*/*.jsonl"):
        named = datetime.fromtimestamp(path.stat().st_ctime_ns / 1e9, UTC)
        for line in path.read_text("utf-8").splitlines():
            parcels += 1
            party = parties.get(path.parent.name)
            connection = connections[json.loads(line)["metering_point"]]
            end = None if party is None else ends.of_permission((connection, Role.THIRD_PARTY, party))
            if end is not None:
                late.byte_s[end[1]] = max(late.byte_s[end[1]], _s(named - end[0]))
    return parcels


def accepted_after(house: Installation, ends: Ends) -> tuple[int, int]:
    """Count outcomes accepted on grounds that had ended before their batch looked, and those that were withdrawn."""
    with house.operator() as c:
        grants: dict[str, Ground] = {}
        for (raw,) in c.execute(
            "select l.body from audit.leaf l join audit.entry e on e.id = l.entry where e.kind = 'batch:intended'"
        ).fetchall():
            task = json.loads(bytes(raw))
            grants |= {grant[0]: (task["c"], grant[6], grant[7]) for grant in task["g"]}
        rows = c.execute(
            "select o.permits, b.staged from kw.outcome o join kw.batch b on b.id = o.batch where length(o.permits) > 0"
        ).fetchall()
        (withdrawn,) = c.execute("select count(*) from kw.outcome where reason = 'withdrawn'").fetchone() or (0,)
    wrong = 0
    for permits, looked in rows:
        served = [bytes(permits)[at : at + 16].hex() for at in range(0, len(permits), 16)]
        ended = [ends.of(*grants[one]) for one in served]
        wrong += any(one is not None and one[0] < looked for one in ended)
    return wrong, withdrawn


def _s(passed: timedelta) -> float:
    return max(passed / _SECOND, 0.0)


def p99(values: list[float]) -> float:
    """Return the value that 99 in 100 do not exceed."""
    return sorted(values)[-(-len(values) * 99 // 100) - 1] if values else float("nan")


def measured(house: Installation, day: date, over: Path) -> dict[str, Any]:
    """Run it, and return the figures."""
    stood = live(house)
    began = time.perf_counter()
    said, counts = under_load(house, day, over)
    seconds = time.perf_counter() - began
    with house.auditor() as c:
        house.log.integrate(c)
    made = clicks(house, said)
    ends, late = Ends(made, stood), Lateness()
    requests, parcels = late_requests(house, ends, late), late_bytes(house, ends, late)
    wrong, withdrawn = accepted_after(house, ends)
    each = [max(late.request_s.get(n, 0.0), late.byte_s.get(n, 0.0)) for n in range(len(made))]
    return {
        "homes": HOMES,
        "seconds": round(seconds, 1),
        "processors": os.cpu_count(),
        "revocations": len(made),
        "mix": dict(sorted(Counter(one.kind for one in made).items())),
        "revocation_p99_s": round(p99(each), 3),
        "revocation_median_s": round(statistics.median(each), 3) if each else None,
        "revocation_max_s": round(max(each, default=0.0), 3),
        "request_max_s": round(max(late.request_s.values(), default=0.0), 3),
        "byte_max_s": round(max(late.byte_s.values(), default=0.0), 3),
        "with_a_request_after": sum(value > 0 for value in late.request_s.values()),
        "with_a_byte_after": sum(value > 0 for value in late.byte_s.values()),
        "clicked_p99_s": round(p99([one.took_s for one in made]), 3),
        "clicked_max_s": round(max((one.took_s for one in made), default=0.0), 3),
        "accepted_after": wrong,
        "withdrawn": withdrawn,
        "requests": requests,
        "parcels_checked": parcels,
        "night": counts,
    }


def main() -> None:
    """Measure and print."""
    day = day_of(system_clock()) - timedelta(days=1)
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        installation.create(data)
        (data / "kwartier.toml").write_text(SETTINGS, "utf-8")
        with town(data, day), installation.opened(data) as house:
            enrolment.take(house, data / "town" / "import", dry_run=False, at=system_clock())
            figures = measured(house, day, Path(folder) / "over")
    targets = [
        {"id": name, "limit": f"{sign} {limit}", "actual": figures[name], "met": met(figures[name], sign, limit)}
        for name, (sign, limit) in LIMITS.items()
    ]
    print(json.dumps({"bench": "revocation", "figures": figures, "targets": targets}))
    sys.exit(not all(each["met"] for each in targets))


def met(actual: float, sign: str, limit: float) -> bool:
    """True if the figure is within its limit."""
    return actual <= limit if sign == "<=" else actual >= limit


if __name__ == "__main__":
    if sys.argv[1:2] == ["--click"]:
        click(Path(sys.argv[2]), Path(sys.argv[3]))
    else:
        main()

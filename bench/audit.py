"""What the log costs: a night's lines, single events, proofs at a million entries, their check, and an event beside a batch.

Load, on an embedded PostgreSQL that is durable as installed, fixed seeds:

* A night is 20,000 meters in batches of 2,000. Each has a task for day registers with a supplier's permit; three of ten another for
  quarter-hours with two permits; one of ten a refusal. Every task has a line of intent and a line of deed. Counted is all from
  making the lines to the commit, and the sequencer's signature behind the last batch, divided by meters. The least of five nights.
* Single events are a million lines about 100,000 people, 1,000 in a transaction: from making the first event until the last one has
  its place in the signed tree. The sequencer works in a process of its own meanwhile, as it does beside pages and night, looks ten
  times a second and takes what there is whenever that is 10,000 lines; `event_cpu_us` is the CPU of both and of PostgreSQL.
* Proofs are of 20,000 random entries of that tree, 200 asked for together, as a page of a customer's log is; one alone is given.
  Checks are of the same files, as bytes, with the customer's code, by the check that customers have, one after another.
* Beside a batch: one process records batches of 20,000 lines, commits and signs, again and again, while this one records one event
  after another about the same people, each with a commit of its own.

* Floors, in the same run: the same bytes by COPY into a table without index, committed as often, and as many SHA-256 of the same
  lengths as a line needs (tag 2, link, leaf, tree), nothing else. Nothing that is durable and hashed costs less. And an event's
  bytes inserted and committed beside a process that stores those of 20,000 lines by COPY, ten times a second at the most.

The server has its memory in huge pages where the machine gives them (`bench/_huge_pages.py`; `huge_pages` says whether it has).
Figures ending in _us are wall time in the one process that writes, so what PostgreSQL does for it is in; `_cpu_us` is the CPU of
all processes and of PostgreSQL together. `python_loop_ns` tells what this machine is (`bench/_machine.py`).
Prints one JSON object on the last line.
"""

import gc
import json
import multiprocessing
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from multiprocessing.context import SpawnProcess
from multiprocessing.synchronize import Event as Flag
from pathlib import Path

import _huge_pages
import _machine
import psutil
import psycopg

from kwartier.audit import leaves
from kwartier.audit.canonical import Json
from kwartier.audit.events import Event, EventKind
from kwartier.audit.leaves import Leaf
from kwartier.audit.verify import verify
from kwartier.model.ground import Action, DataClass, Purpose, Refusal, Request, Requester, Role, Ruling
from kwartier.model.period import day_period, epoch_s
from kwartier.model.permit import PermitRef
from kwartier.model.register import DAY_MASK, Channel
from kwartier.model.task import ProfileName, Result, Task
from kwartier.workflows.installation import Installation, opened

METERS, BATCH, NIGHTS = 20_000, 2_000, 5
EVENTS, PEOPLE, TOGETHER = 1_000_000, 100_000, 1_000
PROOFS, PAGE, ALONE = 20_000, 200, 300
SINGLES, BIG = 2_000, 20_000
TAKEN, PAUSE_S = 10 * TOGETHER, 0.1
AT = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)
NO = Ruling("F7", 55, "2026", "S6", "", "", "")
SPAN = day_period(AT.date() - timedelta(days=1))
FIRST, LAST = epoch_s(SPAN.start), epoch_s(SPAN.start) + 86_400
QUARTERS = 1 << Channel.IMPORT | 1 << Channel.EXPORT


def code(person: int) -> str:
    """Return a customer's code."""
    return f"subject-{person:07}"


class Drawn:
    """Tasks of a batch with the requests of their permits, and refusals, and the codes of the people: a night has them before."""

    def __init__(self, first: int, count: int, draw: random.Random) -> None:
        """Draw for the connections [first, first + count)."""
        self.codes = {connection: code(connection) for connection in range(first, first + count)}
        self.requests: dict[bytes, Request] = {}
        self.tasks: list[Task] = []
        self.refusals: list[Refusal] = []
        for connection in range(first, first + count):
            supplier = self._permit(draw, connection, Role.SUPPLIER, Purpose.PERIODIC_READING, DAY_MASK)
            self._task(connection, ProfileName.E_DAY, supplier)
            if connection % 10 < 3:  # noqa: PLR2004 - the mix
                app = self._permit(draw, connection, Role.THIRD_PARTY, Purpose.THIRD_PARTY_SERVICE, QUARTERS)
                own = self._permit(draw, connection, Role.CUSTOMER, Purpose.OWN_INSIGHT, QUARTERS)
                self._task(connection, ProfileName.E_INTERVAL, app, own)
            elif connection % 10 == 9:  # noqa: PLR2004 - the mix
                asked = self._request(connection, Role.THIRD_PARTY, 3, Purpose.THIRD_PARTY_SERVICE, QUARTERS)
                self.refusals.append(Refusal(asked, connection, NO, AT))

    def _task(self, connection: int, profile: ProfileName, *permits: PermitRef) -> None:
        self.tasks.append(Task(connection, connection + 7, profile, 0, FIRST, LAST, permits))

    def _permit(self, draw: random.Random, connection: int, role: Role, purpose: Purpose, mask: int) -> PermitRef:
        made = PermitRef(draw.randbytes(16), 4, mask, FIRST, LAST, (("permission", connection),), keeps=True)
        self.requests[made.id] = self._request(connection, role, connection % 40 + 1, purpose, mask)
        return made

    def _request(self, connection: int, role: Role, who: int, purpose: Purpose, mask: int) -> Request:
        return Request(Requester(role, who), Action.READ, purpose, connection, mask, SPAN, DataClass.PROFILE)

    def intended(self) -> list[Leaf]:
        """Make the lines of intent."""
        return [leaves.intended(task, self.requests, self.codes[task.connection]) for task in self.tasks]

    def refused(self) -> list[Leaf]:
        """Make the lines of refusal."""
        return [leaves.refused(one, self.codes[one.request.connection]) for one in self.refusals]

    def read(self) -> list[Leaf]:
        """Make the lines of deed."""
        return [
            leaves.read(task, Result.READ, None, (permit.id for permit in task.permits), AT, self.codes[task.connection])
            for task in self.tasks
        ]


class Spent:
    """Wall time and CPU between two moments; CPU is of this process, of those beside it, and of the server's."""

    def __init__(self, house: Installation, *others: int | None) -> None:
        """Start. `others` are the processes of ours that work beside this one."""
        assert house.server_pid is not None  # noqa: S101 - embedded
        self._server = psutil.Process(house.server_pid)
        self._others = [psutil.Process(one) for one in others]
        gc.collect()
        gc.freeze()  # what was drawn is not looked through again: a night does not hold all its tasks, it makes them batch by batch
        self._cpu, self._wall = self._now(), time.perf_counter()

    def _now(self) -> float:
        mine = time.process_time()
        rest = [self._server, *self._server.children(), *self._others]
        return mine + sum(sum(one.cpu_times()[:2]) for one in rest)

    def per(self, count: int) -> tuple[float, float]:
        """Return microseconds of wall time and of CPU per one of `count`."""
        wall = time.perf_counter() - self._wall
        return wall / count * 1e6, (self._now() - self._cpu) / count * 1e6


def integrate(house: Installation) -> None:
    """Let the sequencer take what is pending."""
    with house.auditor() as c:
        house.log.integrate(c)


def record_batch(house: Installation, kind: EventKind, number: int, lines: list[Leaf]) -> None:
    """Record one batch and commit it."""
    with house.operator() as c:
        house.log.record_batch(c, kind, number, AT, "operator", lines, {"night": 1})


def night(house: Installation, drawn: list[Drawn]) -> tuple[float, float]:
    """Record a night; return microseconds per meter, wall time and CPU."""
    spent = Spent(house)
    for number, one in enumerate(drawn):
        with house.operator() as c:
            said = {EventKind.BATCH_REFUSED: one.refused(), EventKind.BATCH_INTENDED: one.intended()}
            house.log.record_batches(c, number, AT, "operator", said, {"night": 1})
        record_batch(house, EventKind.BATCH_READ, number, one.read())
    integrate(house)
    return spent.per(METERS)


def nights(house: Installation) -> dict[str, float]:
    """Record nights, and take the least."""
    draw = random.Random(1)
    drawn = [Drawn(first, BATCH, draw) for first in range(1, METERS, BATCH)]
    wall, cpu = min(night(house, drawn) for _ in range(NIGHTS))
    lines = sum(2 * len(one.tasks) + len(one.refusals) for one in drawn)
    return {"us_per_meter_night": round(wall, 2), "night_cpu_us": round(cpu, 2), "lines_per_meter": round(lines / METERS, 2)}


def events(house: Installation) -> dict[str, float]:
    """Record a million single events, and let the sequencer take them into the tree beside."""
    with beside(keep_signing, house.data) as sequencer:
        spent = Spent(house, sequencer.pid)
        for block in range(EVENTS // TOGETHER):
            with house.operator() as c:
                house.log.record(c, [single(number) for number in range(block * TOGETHER, (block + 1) * TOGETHER)])
        integrate(house)  # what is left; waits for the other one
        wall, cpu = spent.per(EVENTS)
    return {"us_per_event": round(wall, 2), "event_cpu_us": round(cpu, 2)}


def keep_signing(folder: Path, started: Flag, over: Flag) -> None:
    """Take into the tree what was recorded, whenever it is enough, until told that it is over. Runs in a process of its own."""
    with opened(folder) as house:
        started.set()
        while not over.wait(PAUSE_S):
            if waiting(house) >= TAKEN:
                integrate(house)


def waiting(house: Installation) -> int:
    """Return how many lines wait for their place in the tree."""
    with house.auditor() as c:
        found = c.execute("select coalesce(sum(cardinality(ids)), 0) from audit.waiting").fetchone()
    assert found is not None  # noqa: S101 - a sum is one row
    return int(found[0])


def single(number: int) -> Event:
    """Make one event; 7,919 is prime, so that a block's people are many and not in order."""
    person = number * 7_919 % PEOPLE
    body: dict[str, Json] = {"day": "2026-11-23", "channels": [1, 2], "n": number}
    at = AT + number * MILLISECOND
    return Event(at, EventKind.VIEW_SHOWN, f"customer:{person}", code(person), person + METERS, body)


def floors(house: Installation) -> dict[str, float]:
    """Return what storing and hashing alone cost: of the lines of a meter's night, and of an event."""
    drawn = Drawn(1, BATCH, random.Random(4))
    night_lines = [one.body for one in (*drawn.refused(), *drawn.intended(), *drawn.read())]
    with house.auditor() as c:
        found = c.execute("select leaf from audit.event where kind = %s limit %s", (EventKind.VIEW_SHOWN, 10 * TOGETHER))
        events_lines = [leaf for (leaf,) in found]
    line, event = (bare(house, lines, together) for lines, together in ((night_lines, BATCH), (events_lines, TOGETHER)))
    return {
        "floor_us_per_meter_night": round(line * len(night_lines) / BATCH, 2),
        "floor_us_per_event": round(event, 2),
        "floor_record_p99_ms": bare_singles(house),
    }


def bare(house: Installation, lines: list[bytes], together: int) -> float:
    """Return the wall time in microseconds per line of storing these bytes in a bare table, and of their hashes."""
    walls = []
    with psycopg.connect(house.dsns.owner) as c:
        c.execute("create table audit.bare (beside bytea, line bytea)")
        c.commit()
        for _ in range(NIGHTS):
            started = time.perf_counter()
            for first in range(0, len(lines), together):
                copied(c, lines[first : first + together])
            for one in lines:
                sha256(one).digest()
                for size in (80, 96, 56, 65):
                    sha256(_ZEROS[size]).digest()
            walls.append(time.perf_counter() - started)
        c.execute("drop table audit.bare")
    return min(walls) / len(lines) * 1e6


def copied(c: psycopg.Connection, lines: Sequence[bytes]) -> None:
    """Store these bytes, and beside each as many as are stored with a line, in the bare table; commit."""
    rows = b"".join(b"\0\2\0\0\0\x88%b%b%b" % (bytes(136), len(one).to_bytes(4, "big"), one) for one in lines)
    with c.cursor() as cursor, cursor.copy("copy audit.bare from stdin (format binary)") as copy:
        copy.write(b"PGCOPY\n\xff\r\n\0" + bytes(8) + rows + b"\xff\xff")
    c.commit()


def keep_copying(folder: Path, started: Flag, over: Flag) -> None:
    """Store the bytes of a batch in the bare table, 20,000 lines at a time as often as one is made, until told that it is over."""
    with opened(folder) as house, psycopg.connect(house.dsns.owner) as c:
        lines = [one.body for one in Drawn(1, METERS, random.Random(3)).intended()[:BIG]]
        while not over.is_set():
            copied(c, lines)
            started.set()
            over.wait(PAUSE_S)


def bare_singles(house: Installation) -> float:
    """Return the p99 in milliseconds of storing a line in a bare table and committing it, beside batches: what the disk allows."""
    with psycopg.connect(house.dsns.owner) as c:
        c.execute("create table audit.bare (beside bytea, line bytea)")
        c.commit()
        walls = []
        with beside(keep_copying, house.data):
            for _ in range(SINGLES):
                started = time.perf_counter()
                c.execute("insert into audit.bare values (%b, %b)", (bytes(136), bytes(300)))
                c.commit()
                walls.append((time.perf_counter() - started) * 1e3)
        c.execute("drop table audit.bare")
    return round(sorted(walls)[len(walls) * 99 // 100], 3)


_ZEROS = {size: bytes(size) for size in (80, 96, 56, 65)}


def proofs(house: Installation) -> dict[str, float]:
    """Prove random entries, and check the proofs."""
    draw = random.Random(2)
    with house.operator() as c:
        every = [entry for (entry,) in c.execute("select id from audit.event where kind = %s order by id", (EventKind.VIEW_SHOWN,))]
        asked = [draw.choice(every) for _ in range(PROOFS)]
        people = dict(c.execute("select id, connection from audit.event where id = any(%s)", (asked,)).fetchall())
        house.log.proofs(c, asked[:PAGE])
        started = time.perf_counter()
        made = [text for at in range(0, PROOFS, PAGE) for text in house.log.proofs(c, asked[at : at + PAGE])]
        bulk = (time.perf_counter() - started) / PROOFS * 1e6
        files = [text.encode() for text in made]
        started = time.perf_counter()
        for one in asked[:ALONE]:
            house.log.proof(c, one)
        alone = (time.perf_counter() - started) / ALONE * 1e6
    codes = [code(people[one] - METERS) for one in asked]
    started = time.perf_counter()
    for file, who in zip(files, codes, strict=True):
        verify(file, house.log.vkey, who)
    checked = (time.perf_counter() - started) / PROOFS * 1e6
    return {
        "entries": len(every),
        "proof_us": round(bulk, 2),
        "proof_alone_us": round(alone, 1),
        "verify_us": round(checked, 2),
        "proof_bytes": round(sum(map(len, made)) / PROOFS),
    }


def keep_batching(folder: Path, started: Flag, over: Flag) -> None:
    """Record batches of 20,000 tasks, committing and signing each, until told that it is over. Runs in a process of its own."""
    with opened(folder) as house:
        drawn = Drawn(1, METERS, random.Random(3))
        lines = drawn.intended()[:BIG]
        while not over.is_set():
            record_batch(house, EventKind.BATCH_INTENDED, 1, lines)
            started.set()
            integrate(house)


@contextmanager
def beside(work: Callable[[Path, Flag, Flag], None], folder: Path) -> Iterator[SpawnProcess]:
    """Let another process work meanwhile."""
    spawn = multiprocessing.get_context("spawn")
    started, over = spawn.Event(), spawn.Event()
    other = spawn.Process(target=work, args=(folder, started, over))
    other.start()
    try:
        if not started.wait(60):
            msg = "nothing was done by the other process"
            raise RuntimeError(msg)
        yield other
    finally:
        over.set()
        other.join()


def singles(house: Installation) -> dict[str, float]:
    """Record single events beside batches about the same people; return how long each took, commit included."""
    walls = []
    with beside(keep_batching, house.data):
        for number in range(SINGLES):
            person = number * 7_919 % METERS + 1
            event = Event(AT, EventKind.VIEW_SHOWN, f"customer:{person}", code(person), person, {"n": number})
            started = time.perf_counter()
            with house.operator() as c:
                house.log.record(c, [event])
            walls.append((time.perf_counter() - started) * 1e3)
    walls.sort()
    return {
        "record_p50_ms": round(walls[len(walls) // 2], 3),
        "record_p99_ms": round(walls[len(walls) * 99 // 100], 3),
        "record_max_ms": round(walls[-1], 1),
    }


def main() -> None:
    """Measure and print."""
    with _huge_pages.allowed(), tempfile.TemporaryDirectory() as name, opened(Path(name) / "house", make=True) as house:
        figures = {**nights(house), **events(house), **proofs(house), **singles(house), **floors(house)}
        figures["python_loop_ns"] = _machine.loop_ns()
        with house.auditor() as c:
            figures["huge_pages"] = _huge_pages.taken(c)
    limits = {"us_per_meter_night": 20, "us_per_event": 15, "proof_us": 50, "verify_us": 20, "record_p99_ms": 5}
    targets = [
        {"id": name, "limit": f"<= {limit}", "actual": figures[name], "met": figures[name] <= limit}
        for name, limit in limits.items()
    ]
    print(json.dumps({"bench": "audit", "figures": figures, "targets": targets}))
    sys.exit(not all(each["met"] for each in targets))


if __name__ == "__main__":
    main()

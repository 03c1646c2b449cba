"""What a visit to a meter costs the head-end: CPU per visit of our client, of dlms-cosem and of the bare system calls, in one run.

Load: a town of 1,200 homes, seed 1, in a process of its own, its faults included. Every home with gas is visited, 200 at a time,
for a day of quarter-hours (97 rows in three PDUs of 1,024 bytes), and for all four profiles of that day. CPU is user and system
time of the head-end's process over all visits, divided by all meters, those that gave nothing too. dlms-cosem reads the same day of
quarter-hours from 60 of the meters that can be read, one after another. The floor only connects, sends, receives and closes as such
a visit does. Town, peer and floor are processes of their own. Of three rounds of everything the least counts, since what else the
machine does only adds; a round before them lets the town make its days. Figures ending in _us are CPU per visit. Prints one JSON
object on the last line.
"""

import csv
import gc
import json
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path

from kwartier import headend
from kwartier.keys import shipment
from kwartier.model.period import ZONE, day_period, epoch_s, from_epoch_s
from kwartier.model.permit import PermitRef
from kwartier.model.register import ALL_MASK
from kwartier.model.task import ProfileName, Result, Task
from kwartier.wire.dlms import models

HOMES, SEED, CONCURRENCY, PEER_VISITS, FLOOR_VISITS, ROUNDS = 1_200, 1, 200, 61, 4_000, 3
DAY = date(2026, 11, 22)
WHOLE = day_period(DAY)
FIRST, LAST = epoch_s(WHOLE.start), epoch_s(WHOLE.start) + 86_400
PERMIT = PermitRef(b"x" * 16, 1, ALL_MASK, FIRST, LAST, (("permission", 1),), keeps=True)
CLIENT = b"KWA\x00\x00\x00\x00\x01"
LIMITS = headend.Limits(concurrency=CONCURRENCY, answer_s=2, tries=1)
ROOT = Path(__file__).parents[1]
MODEL = models.parse((ROOT / "src/kwartier/wire/dlms/models/smr5.toml").read_text(encoding="utf-8"))
COSEM = ROOT / ".peers" / "dlms-cosem" / "bin" / "python"
FRAMES = 200
"""Invocation counters for one visit, generously."""


class NothingStopped:
    """A stop list that is always fresh, with nothing on it."""

    async def fresh(self, max_age_s: float) -> None:
        """Be fresh."""

    def stopped(self, ref: PermitRef) -> bool:
        """Stop nothing."""
        return ref is None


@contextmanager
def town(folder: Path) -> Iterator[None]:
    """Let a town listen."""
    shipment.create(folder / "keys")
    command = [sys.executable, "-m", "kwartier.simulator", "--homes", str(HOMES), "--seed", str(SEED), "--date", DAY.isoformat()]
    command += ["--dir", str(folder / "town"), "--shipment-key", str(folder / "keys" / "shipment.pub")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None  # noqa: S101 - it is a pipe
        try:
            process.stdout.readline()  # it listens
            yield
        finally:
            process.terminate()


def rows(path: Path) -> list[dict[str, str]]:
    """Read one file of the import."""
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def jobs(folder: Path, profiles: Sequence[ProfileName], first_ic: int) -> list[headend.MeterJob]:
    """Ask every meter with a gas meter on it for these profiles, under counters from `first_ic` on."""
    keys = {one.equipment_id: one for one in shipment.open(folder / "keys", (folder / "town/import/keys.kws").read_bytes())}
    gas = {row["equipment_id"] for row in rows(folder / "town/import/couplings.csv")}
    made = []
    for number, row in enumerate(rows(folder / "town/import/meters.csv")):
        if row["equipment_id"] in gas:
            key = keys[row["equipment_id"]]
            tasks = tuple(Task(number, number, name, int(name.startswith("g_")), FIRST, LAST, (PERMIT,)) for name in profiles)
            where = row["host"], int(row["port"]), MODEL
            secret = CLIENT, key.system_title, key.guek, key.gak
            made.append(headend.MeterJob(number, *where, *secret, first_ic, first_ic + FRAMES, tasks))
    return made


def visit(asked: list[headend.MeterJob]) -> tuple[dict[str, float], list[headend.MeterJob]]:
    """Visit these meters; return what it cost, and the meters that gave all that was asked."""
    gc.collect()
    before = resource.getrusage(resource.RUSAGE_SELF)
    answers = headend.run(asked, limits=LIMITS, stops=NothingStopped())
    after = resource.getrusage(resource.RUSAGE_SELF)
    whole = {one.meter for one in answers if all(task.result is Result.READ for task in one.answers)}
    user, system = after.ru_utime - before.ru_utime, after.ru_stime - before.ru_stime
    figures = {
        "us": round((user + system) / len(asked) * 1e6, 1),
        "user_us": round(user / len(asked) * 1e6, 1),
        "visits": len(asked),
        "read": len(whole),
    }
    return figures, [job for job in asked if job.meter in whole]


def cosem_us(asked: Sequence[headend.MeterJob]) -> float | None:
    """Return what the same day costs dlms-cosem, None where ./test has not installed it."""
    if not COSEM.exists():
        return None
    moments = [from_epoch_s(moment).astimezone(ZONE).isoformat() for moment in (FIRST, LAST)]
    visits = [[job.host, job.port, job.guek.hex(), job.gak.hex(), job.first_ic, *moments] for job in asked]
    return peer([str(COSEM), "dlms_cosem_days.py"], "\n".join(map(json.dumps, visits)))


def peer(command: list[str], text: str = "") -> float:
    """Run one of bench/peers; return CPU per visit in us."""
    program, name, *arguments = command
    whole = [program, str(ROOT / "bench" / "peers" / name), *arguments]
    done = subprocess.run(whole, input=text, stdout=subprocess.PIPE, text=True, check=True)
    return round(float(json.loads(done.stdout.splitlines()[-1])["us"]), 1)


def rounds(folder: Path) -> Iterator[dict[str, float | None]]:
    """Measure everything, again and again; the counters go on rising."""
    for place in range(ROUNDS + 1):
        first_ic = 1 + 3 * place * FRAMES
        one, readable = visit(jobs(folder, [ProfileName.E_INTERVAL], first_ic))
        if not place:
            continue
        four, _ = visit(jobs(folder, list(ProfileName), first_ic + FRAMES))
        later = [replace(job, first_ic=first_ic + 2 * FRAMES) for job in readable[:PEER_VISITS]]
        yield {
            **{f"one_profile_{name}": value for name, value in one.items()},
            **{f"four_profiles_{name}": value for name, value in four.items()},
            "dlms_cosem_us": cosem_us(later),
            "floor_us": peer([sys.executable, "bare_visits.py", str(FLOOR_VISITS), str(CONCURRENCY)]),
        }


def measure(folder: Path) -> dict[str, float | None]:
    """Return the least of each figure of CPU, and what they are to each other."""
    with town(folder):
        all_rounds = list(rounds(folder))
    figures = dict(all_rounds[-1])
    for name in [name for name in figures if name.endswith("_us")]:
        known = [value for one in all_rounds if (value := one[name]) is not None]
        figures[name] = min(known, default=None)
    ours, floor, cosem = figures["one_profile_us"], figures["floor_us"], figures["dlms_cosem_us"]
    assert ours and floor  # noqa: S101, PT018 - both were measured
    figures["one_profile_over_floor"] = round(ours / floor, 2)
    figures["dlms_cosem_over_one_profile"] = None if cosem is None else round(cosem / ours, 1)
    return figures


def target(name: str, limit: float, actual: float | None, *, least: bool = False) -> dict[str, object]:
    """Return one target; what could not be measured is not met."""
    met = actual is not None and (actual >= limit if least else actual <= limit)
    return {"id": name, "limit": f"{'>=' if least else '<='} {limit:g}", "actual": actual, "met": met}


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        figures = measure(Path(folder))
    targets = [
        target("one_profile_over_floor", 4, figures["one_profile_over_floor"]),
        target("dlms_cosem_over_one_profile", 8, figures["dlms_cosem_over_one_profile"], least=True),
        target("four_profiles_us", 300, figures["four_profiles_us"]),
    ]
    print(json.dumps({"bench": "dlms", "figures": figures, "targets": targets}))
    sys.exit(not all(each["met"] for each in targets))


if __name__ == "__main__":
    main()

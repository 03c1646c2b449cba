"""A whole operator in one command: a town of meters, the import, a night, and the pages."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any, final

from rich.console import Console

from kwartier.cli import alarms, demo_asks, demo_care, edge, serving, told
from kwartier.cli.measure import Meter
from kwartier.model.errors import KwartierError
from kwartier.settings import FILE_NAME, load
from kwartier.workflows import delivery_round, enrolment, grid_care, installation, jobs, replay, retention
from kwartier.workflows.installation import Installation, Seat, system_clock
from kwartier.workflows.night import run as nights

PATIENCE = """\
# A town on this machine answers at once or not at all, so the demo waits less than an operator would.
connect_s = 2.0
answer_s = 2.5
session_s = 30.0
"""
GRACE_S = 20
_BENCH = Path(__file__).resolve().parents[3] / "bench"


class TownFailed(KwartierError):
    """The simulated town did not start; its own words are above."""

    code = "town-failed"


class WitnessFailed(KwartierError):
    """The witness of the log did not start; its own words are above."""

    code = "witness-failed"


@final
@dataclass(frozen=True, slots=True)
class Wish:
    """What was asked of the demo."""

    data: Path
    homes: int
    seed: int
    day: date
    once: bool
    port: int | None


@final
@dataclass(frozen=True, slots=True)
class RunningTown:
    """The town's process, and what it said when it was ready."""

    pid: int
    first_home: str
    p1_port: int
    display_port: int


@contextmanager
def town(wish: Wish, out: Console, alarms_port: int) -> Iterator[RunningTown]:
    """Run the town as its own process, and end it when the demo ends. Whoever follows a home lives through the day first.

    Its meters send their alarms to `alarms_port`.
    """
    command = [
        sys.executable, "-m", "kwartier.simulator",
        "--homes", str(wish.homes), "--seed", str(wish.seed), "--date", wish.day.isoformat(),
        "--dir", str(wish.data / "town"), "--shipment-key", str(wish.data / "keys" / "shipment.pub"),
        "--p1-from", wish.day.isoformat(), "--alarms", f"{serving.HOST}:{alarms_port}",
    ]  # fmt: skip
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # noqa: S603 - our own module
    try:
        assert process.stdout is not None  # noqa: S101 - asked for above
        with edge.working(out, "the town is built"):
            first = process.stdout.readline()
        said = json.loads(first) if first else {}
        if not said.get("ready"):
            message = "the simulated town did not start"
            raise TownFailed(message)
        yield RunningTown(process.pid, said["first_home"], said["p1_port"], said["display_port"])
    finally:
        process.terminate()
        try:
            process.wait(GRACE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def witness(data: Path, vkey: str) -> Iterator[Seat]:
    """Run a witness of the log as a process of its own; in the field it is another party's. DIR/witness/witness.vkey is its key."""
    command = [sys.executable, "-m", "kwartier.audit.witness", "--dir", str(data / "witness"), "--log", vkey, "--until-closed"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # noqa: S603 - our own module
    try:
        assert process.stdout is not None  # noqa: S101 - asked for above
        first = process.stdout.readline()
        said = json.loads(first) if first else {}
        if not said.get("ready"):
            message = "the witness of the log did not start"
            raise WitnessFailed(message)
        yield installation.seat(f"{serving.HOST}:{said['port']}", said["vkey"])
    finally:
        process.terminate()
        process.wait(GRACE_S)


def night(house: Installation, day: date, out: Console) -> dict[str, Any]:
    """Run one night and its deliveries with a progress bar, the sequencer beside it; return the counts."""
    failed = edge.beside(out)
    with jobs.signing(house, failed=failed), edge.bars(out) as bars:
        bar = bars.add_task("homes read", total=None)
        with house.executor() as executor:
            report = nights.run(
                house, day, executor, clock=system_clock, progress=lambda done, whole: bars.update(bar, completed=done, total=whole)
            )
        sent = bars.add_task("parcels delivered", total=None)
        delivered = delivery_round.run(house, clock=system_clock, progress=lambda count: bars.advance(sent, count))
        given_up = _given_up(house)
    checkpoint = jobs.sign(house, failed)
    standing = jobs.standing(house)
    loss = grid_care.losses(house, day)
    return {
        **report.counts(),
        "parcels": delivered.delivered,
        "withheld": delivered.withheld,
        "papers": delivered.papers,
        **delivered.letters.counts(),
        "given_up": given_up,
        "transformers": loss.transformers,
        "transformers_published": loss.published,
        "loss_wh": loss.loss_wh,
        "loss_uncertainty_wh": loss.uncertainty_wh,
        "checkpoint": {"size": checkpoint.size, "root": checkpoint.root.hex()},
        "cosigned": None if standing is None else told.standing_as_dict(standing, int(system_clock().timestamp())),
    }


def _given_up(house: Installation) -> dict[str, int]:
    """End the night with retention: return what went. Where another night has begun, its end does it."""
    try:
        return {name: count for name, count in sorted(retention.nightly(house, at=system_clock()).counts.items()) if count}
    except nights.NightRuns:
        return {}


def run(wish: Wish, out: Console, tell: Callable[[dict[str, Any]], None]) -> None:
    """Do it all. The town writes what each meter holds before the night; the replay compares afterwards."""
    begun = time.monotonic()
    installation.create(wish.data)
    if not (wish.data / FILE_NAME).exists():
        (wish.data / FILE_NAME).write_text(PATIENCE, "utf-8")
    port = load(wish.data / FILE_NAME).port if wish.port is None else wish.port
    with ExitStack() as stack:
        # first of all, so that nobody waits for a night to hear that the port is taken
        listener = None if wish.once else stack.enter_context(serving.listening(port))
        told.demo_begins(out, wish.data, wish.homes, wish.day)
        alarms_come = stack.enter_context(serving.listening(0))
        there = stack.enter_context(town(wish, out, alarms_come.getsockname()[1]))
        house = stack.enter_context(installation.opened(wish.data))
        house = replace(house, witness=stack.enter_context(witness(wish.data, house.log.vkey)))
        with edge.working(out, "the town is entered"):
            enrolment.take(house, wish.data / "town" / "import", dry_run=False, at=system_clock())
            demo_asks.take(house, wish.data / "town")
        post = stack.enter_context(alarms.taking(house, alarms_come, failed=edge.beside(out)))
        tell(_night_of_the_town(house, wish, there.pid, post, begun, out))
        if listener is not None:
            told.town_to_look_at(out, there.first_home, there.p1_port, there.display_port)
            serving.serve(house, listener, demo=True, out=out)


def _night_of_the_town(
    house: Installation, wish: Wish, town_pid: int, post: alarms.Post, begun: float, out: Console
) -> dict[str, Any]:
    """Read the town, look after it, and compare; return the counts of it all. CPU and memory are those of the night."""
    with Meter(house, town_pid) as meter:
        counts = night(house, wish.day, out)
    cared = demo_care.care(house, wish.data / "town", post, out)
    with edge.working(out, "log, store and meters are compared"):
        found = replay.run(house, at=system_clock())
    return counts | {
        "care": cared,
        "uncovered_reads": found.uncovered_reads,
        "uncovered_deliveries": found.uncovered_deliveries,
        "seconds": round(time.monotonic() - begun, 1),
        "cpu_us_per_meter": round(meter.cpu_s * 1e6 / max(counts["meters"], 1)),
        "peak_mb": round(meter.peak_mb),
    }


def benchmarks() -> list[str]:
    """Return the names of the benchmarks of this checkout."""
    return sorted(one.stem for one in _BENCH.glob("*.py") if one.stem.isidentifier() and not one.stem.startswith("_"))


def bench(name: str, arguments: list[str]) -> int:
    """Run bench/NAME.py of the checkout in its own process; return its exit code."""
    return subprocess.run([sys.executable, str(_BENCH / f"{name}.py"), *arguments], check=False).returncode  # noqa: S603 - our own script

"""A town over many nights, its people's lives going on, and what a replay finds; and which planted violations it finds.

Twenty of them let somebody read, keep, hand over or see something; those `besides` only make a record untrue.

`--homes` (500), `--nights` (60), `--busy` (things that happen on a day: one for every fifty homes, 25 at least) and `--seed` (11)
choose the town and its lives: moves,
switches, permissions and mandates, revocations by day, in the middle of a night and before a delivery, refusals, meters switched
off and on, an app whose agreement comes and goes and one that is suspended, use cases, workers that die. All is the real thing,
over DLMS to a town in its own process, but for the clocks, which run ahead. The lives and the violations are those of
tests/chain/test_many_nights.py, in tests/lives_support.py and tests/planted_support.py.

`night_s` is the median time on the clock of a night with its deliveries and of the day after it, most of which is waiting for
meters that do not answer; `replay_s` and `replay_cpu_s` are those of one replay over everything, `replay_peak_mb` the highest
resident memory of the process that ran it, nights included. Prints one JSON object on the last line.
"""

import argparse
import json
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from kwartier.workflows import replay
from lives_support import DAY
from planted_support import BESIDES, PLANTED, missed
from replay_support import spoiling
from town_nights_support import Nights, spring, town_of_nights

LIMITS = {
    **dict.fromkeys(("uncovered", "over_broad", "late", "refused_wrongly"), ("<=", 0)),
    "planted_found": (">=", len(PLANTED)),
    "besides_found": (">=", len(BESIDES)),
}
SAID = ("checked", "uncovered", "over_broad", "late", "refused_wrongly")
COMPARED = ("deeds", "requests", "channel_days", "parcels", "consents", "views", "refusals")


def options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    for name, default in (("homes", 500), ("nights", 60), ("busy", 0), ("seed", 11)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--data", type=Path, help="where the installation is made and left; else it goes with the run")
    parser.add_argument("--json", action="store_true", help="as every benchmark: it always prints one")
    return parser.parse_args()


def show(text: str, *, last: bool) -> None:
    """Say how far it is: on a terminal in one line, else in lines of their own."""
    sys.stderr.write(f"\r{text}" + ("\n" if last else "") if sys.stderr.isatty() else f"{text}\n")
    sys.stderr.flush()


def passed(nights: Nights, count: int) -> Iterator[float]:
    """Let nights pass; yield how long each took."""
    for done in range(1, count + 1):
        began = time.perf_counter()
        nights.pass_one()
        yield time.perf_counter() - began
        show(f"nights passed: {done} of {count}", last=done == count)


def compared(nights: Nights) -> dict[str, float]:
    """Replay everything."""
    began, cpu = time.perf_counter(), time.process_time()
    found = replay.run(nights.house, at=nights.clock.now())
    figures: dict[str, float] = {name: int(getattr(found, name)) for name in SAID}
    figures |= {name: found.compared[name] for name in COMPARED}
    for one in found.findings[:20]:
        sys.stderr.write(f"{one}\n")
    return figures | {
        "replay_s": round(time.perf_counter() - began, 1),
        "replay_cpu_s": round(time.process_time() - cpu, 1),
        "replay_peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }


def planted(nights: Nights, copy: Path) -> dict[str, float]:
    """Plant every violation, and replay."""
    with spoiling(nights.house, copy, nights.clock.now()) as night:
        expected = {}
        for name, plant in (BESIDES | PLANTED).items():
            expected[name] = plant(night)
            show(f"planted: {len(expected)}", last=len(expected) == len(PLANTED | BESIDES))
        show("replaying what was planted", last=True)
        found = night.found()
    not_found = missed(expected, found)
    for name in not_found:
        sys.stderr.write(f"planted and not found: {name}\n")
    return {
        "planted": len(PLANTED),
        "planted_found": len(PLANTED.keys() - not_found),
        "besides": len(BESIDES),
        "besides_found": len(BESIDES.keys() - not_found),
        "planted_uncovered": found.uncovered,
        "planted_over_broad": found.over_broad,
        "planted_late": found.late,
    }


def main() -> None:
    """Let the nights pass, compare, and print."""
    asked = options()
    first = spring(datetime.now(UTC).year + 1) - (asked.nights // 2 + 1) * DAY
    with tempfile.TemporaryDirectory() as name:
        data = asked.data or Path(name) / "data"
        busy = asked.busy or max(25, asked.homes // 50)
        batch = max(400, asked.homes // 5)
        with town_of_nights(
            data, homes=asked.homes, count=asked.nights, busy=busy, seed=asked.seed, first=first, batch=batch
        ) as nights:
            walls = list(passed(nights, asked.nights))
            happened = {kind.replace(" ", "_"): count for kind, count in sorted(nights.lives.happened.items())}
            figures = {"homes": asked.homes, "nights": asked.nights, "busy": busy}
            figures |= {"night_s": round(statistics.median(walls), 2), "nights_s": round(sum(walls))}
            figures |= {"read": nights.said["read"], "delivered": nights.said["delivered"], "refused": nights.said["refused"]}
            show("replaying", last=True)
            figures |= compared(nights)
            show(f"compared: {figures['checked']:.0f} things in {figures['replay_s']} s", last=True)
            figures |= planted(nights, Path(name) / "spoilt")
    targets = [
        {
            "id": name,
            "limit": f"{sign} {limit}",
            "actual": figures[name],
            "met": figures[name] <= limit if sign == "<=" else figures[name] >= limit,
        }
        for name, (sign, limit) in LIMITS.items()
    ]
    print(json.dumps({"bench": "nights", "figures": figures | {"happened": happened}, "targets": targets}))
    sys.exit(not all(each["met"] for each in targets))


if __name__ == "__main__":
    main()

"""The store of readings: bytes per reading, batches, finalising, point reads and scans. Prints one JSON object on the last line.

Load: 9,500 synthetic homes on one day in four batches of random homes, seed 1: import for all, export for 30 %, gas hours for 80 %,
and for every second home the four day registers. A reading is one stored interval, or one register of a day channel; the bytes
are those of whole files, keys, marks, grounds and footers included. Point reads are of random homes, the table warm.
"""

import json
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kwartier.model.channel_day import ChannelDay
from kwartier.model.register import Channel
from kwartier.store.readings import Readings, StagedFile

HOMES, BATCHES, POINTS = 9_500, 4, 500
EXPORTS, GAS = 3, 8
"""So many of ten homes have a solar roof, a gas meter."""
BURST = 0.03
"""In this share of the quarters an appliance runs."""
DAY = date(2026, 11, 20)
GAS_KEYS = 1_000_000
DAY_CHANNELS = (Channel.DAY_IMPORT_LOW, Channel.DAY_IMPORT_NORMAL, Channel.DAY_EXPORT_LOW, Channel.DAY_EXPORT_NORMAL)
Draw = np.random.Generator


def use(draw: Draw, homes: int) -> NDArray[np.int32]:
    """Return Wh per quarter: standby, an evening peak, appliance bursts, noise."""
    evening = np.exp(-(((np.arange(96) - 78) / 10) ** 2)) * draw.lognormal(4.0, 0.6, (homes, 1))
    bursts = (draw.random((homes, 96)) < BURST) * draw.lognormal(6.0, 0.6, (homes, 96))
    power = (draw.lognormal(2.6, 0.5, (homes, 1)) + 0.6 * evening + bursts) * draw.lognormal(0.0, 0.25, (homes, 96))
    return draw.poisson(power).astype(np.int32)


def sun(draw: Draw, homes: int) -> NDArray[np.int32]:
    """Return Wh per quarter that roofs give back under passing clouds."""
    arc = np.sin(np.linspace(0, np.pi, 96)) ** 6
    return (arc * draw.lognormal(5.0, 0.5, (homes, 1)) * draw.uniform(0.4, 1.0, (homes, 96))).astype(np.int32)


def channel_days(draw: Draw, batch: int, keys: list[int]) -> Iterator[ChannelDay]:
    """Yield what a batch of homes tells."""
    took, gave = use(draw, len(keys)), sun(draw, len(keys))
    burnt = draw.poisson(draw.lognormal(4.3, 0.8, (len(keys), 24))).astype(np.int32)
    for i, key in enumerate(keys):
        starts = draw.integers(10**5, 4 * 10**7, 7).tolist()
        exports = key % 10 < EXPORTS
        yield ChannelDay(key, Channel.IMPORT, DAY, starts[0], took[i].tobytes(), b"", 12, key + 100, batch)
        if exports:
            yield ChannelDay(key, Channel.EXPORT, DAY, starts[1], gave[i].tobytes(), b"", 12, key + 100, batch)
        if key % 10 < GAS:
            yield ChannelDay(key + GAS_KEYS, Channel.GAS, DAY, starts[2], burnt[i].tobytes(), b"", 4, key + 100, batch)
        if key % 2:
            for channel, start in zip(DAY_CHANNELS, starts[3:], strict=True):
                register = start if exports or channel < Channel.DAY_EXPORT_LOW else 0
                yield ChannelDay(key, channel, DAY, register, b"", b"", 3, key + 100, batch)


def readings_of(one: ChannelDay) -> int:
    """Return how many readings a channel-day holds."""
    return len(one.deltas) // 4 or 1


def measure(root: Path) -> dict[str, float]:
    """Fill a table and read it again."""
    draw = np.random.default_rng(1)
    Readings.create(root)
    lake = Readings(root)
    homes = draw.permutation(HOMES)
    rows = readings = intervals = 0
    stage_s = commit_s = 0.0
    for batch, keys in enumerate(np.array_split(homes, BATCHES), 1):
        days = list(channel_days(draw, batch, keys.tolist()))
        rows, readings = rows + len(days), readings + sum(map(readings_of, days))
        intervals += sum(len(one.deltas) // 4 for one in days)
        started = time.perf_counter()
        files: list[StagedFile] = lake.stage(batch, days)
        staged = time.perf_counter()
        lake.commit(batch, files)
        stage_s, commit_s = stage_s + staged - started, commit_s + time.perf_counter() - staged
    started = time.perf_counter()
    lake.finalise(DAY)
    finalise_s = time.perf_counter() - started
    lake.sweep(lambda batches: dict.fromkeys(batches, True), grace_s=0)
    held = sum(path.stat().st_size for path in root.glob("day=*/*"))
    return {
        "channel_days": rows,
        "readings": readings,
        "bytes_per_reading": round(held / readings, 4),
        "stage_ms_per_batch": round(stage_s / BATCHES * 1e3, 2),
        "commit_ms_per_batch": round(commit_s / BATCHES * 1e3, 2),
        "stage_commit_m_readings_per_s": round(readings / (stage_s + commit_s) / 1e6, 1),
        "finalise_ms": round(finalise_s * 1e3, 1),
        "interval_readings": intervals,
        **points(lake, homes[:POINTS].tolist()),
        **scan(lake),
    }


def points(lake: Readings, keys: list[int]) -> dict[str, float]:
    """Look up one day of each key; CPU includes every thread of this process."""
    for key in keys:
        lake.day(key, DAY)
    walls: list[float] = []
    cpu = time.process_time()
    for key in keys:
        started = time.perf_counter()
        lake.day(key, DAY)
        walls.append(time.perf_counter() - started)
    cpu = time.process_time() - cpu
    p50, p99 = np.percentile(walls, [50, 99]) * 1e3
    return {
        "point_cpu_ms": round(cpu / len(keys) * 1e3, 3),
        "point_p50_ms": round(float(p50), 3),
        "point_p99_ms": round(float(p99), 3),
    }


def scan(lake: Readings) -> dict[str, float]:
    """Read the whole day, as values and as tables."""
    started = time.perf_counter()
    rows = sum(1 for _ in lake.scan(DAY))
    between = time.perf_counter()
    bulk = sum(table.num_rows for table in lake.scan_table(DAY, ("key", "ch", "v")))
    ended = time.perf_counter()
    return {
        "scan_us_per_row": round((between - started) / rows * 1e6, 2),
        "bulk_us_per_row": round((ended - between) / bulk * 1e6, 2),
    }


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        figures = measure(Path(folder) / "lake")
    limits = {"bytes_per_reading": 1.0, "point_cpu_ms": 1.0}
    targets = [
        {"id": name, "limit": f"<= {limit}", "actual": figures[name], "met": figures[name] <= limit}
        for name, limit in limits.items()
    ]
    print(json.dumps({"bench": "readings", "figures": figures, "targets": targets}))
    sys.exit(not all(each["met"] for each in targets))


if __name__ == "__main__":
    main()

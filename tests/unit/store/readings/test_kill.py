"""kill -9 at seeded moments: the table stays readable, holds whole batches only, and a new start completes it without doubles."""

import importlib.util
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from types import ModuleType

import pytest
from deltalake import DeltaTable

from kwartier.store.readings import Readings

PROGRAM = Path(__file__).with_name("writer_to_kill.py")
BATCHES = 24


@pytest.fixture(scope="module")
def writer() -> ModuleType:
    spec = importlib.util.spec_from_file_location("writer_to_kill", PROGRAM)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def start(root: Path, registry: Path) -> subprocess.Popen[str]:
    command = [sys.executable, str(PROGRAM), str(root), str(registry), str(BATCHES)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def killed_after(root: Path, registry: Path, delay_s: float) -> None:
    with start(root, registry) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(delay_s)
        process.send_signal(signal.SIGKILL)


def whole_batches(lake: Readings, writer: ModuleType) -> set[int]:
    """Return the batches that are there, having seen that each is there as a whole, on every day, but for rows read again later."""
    rows = {day: list(lake.scan(day)) for day in writer.DAYS}
    seen = {day: {one.batch for one in held} for day, held in rows.items()}
    assert len({frozenset(batches) for batches in seen.values()}) == 1
    batches: set[int] = seen[writer.DAYS[0]]
    for day, held in rows.items():
        expected = {
            (one.key, one.channel): one for batch in sorted(batches) for one in writer.channel_days(batch) if one.day == day
        }
        assert held == [expected[place] for place in sorted(expected)]
    return batches


def storm(tmp_path: Path, writer: ModuleType, seed: int, kills: int) -> None:
    root, registry = tmp_path / "lake", tmp_path / "registry"
    registry.mkdir()
    draw = random.Random(seed)
    before: set[int] = set()
    for _ in range(kills):
        killed_after(root, registry, draw.uniform(0.0, 0.25))
        lake = Readings(root)
        held = whole_batches(lake, writer)
        assert before <= held <= set(writer.noted(registry))
        before = held
    with start(root, registry) as process:
        assert process.wait() == 0
    lake = Readings(root)
    assert whole_batches(lake, writer) == set(range(1, BATCHES + 1))
    assert not any(lake.commit(batch, files) for batch, files in writer.noted(registry).items())
    for day in writer.DAYS:
        lake.finalise(day)
    lake.sweep(lambda batches: dict.fromkeys(batches, True), grace_s=0)
    assert whole_batches(lake, writer) == set(range(1, BATCHES + 1))
    on_disk = Counter(path.name for path in root.glob("day=*/*"))
    assert on_disk == Counter(uri.rsplit("/", 1)[-1] for uri in DeltaTable(root).file_uris())


def test_a_killed_writer_loses_and_doubles_nothing(tmp_path: Path, writer: ModuleType) -> None:
    storm(tmp_path, writer, seed=1, kills=5)


@pytest.mark.full
@pytest.mark.parametrize("seed", range(2, 7))
def test_a_killed_writer_loses_and_doubles_nothing_in_the_long_run(tmp_path: Path, writer: ModuleType, seed: int) -> None:
    storm(tmp_path, writer, seed, kills=20)

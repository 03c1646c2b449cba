"""Nights that were killed leave no files behind, and no sweep takes what somebody may yet commit."""

import importlib.util
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from types import ModuleType

import pytest
from deltalake import DeltaTable

from kwartier.store.readings import StagedFile
from kwartier.store.registry import nights
from kwartier.store.registry.errors import WrongState
from kwartier.workflows import installation
from kwartier.workflows.installation import Installation
from kwartier.workflows.night.settle import recover, sweep
from kwartier.workflows.visits.forward import commit

PROGRAM = Path(__file__).with_name("night_to_kill.py")


@pytest.fixture(scope="module")
def program() -> ModuleType:
    spec = importlib.util.spec_from_file_location("night_to_kill", PROGRAM)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def house(installation_dir: Path) -> Iterator[Installation]:
    with installation.opened(installation_dir, make=True) as opened:
        yield opened


def staged(house: Installation, program: ModuleType) -> tuple[int, list[StagedFile]]:
    """Plan a batch and let its worker stage its files."""
    with house.operator() as c:
        batch = nights.plan_batch(c, nights.begin(c, program.DAYS[0], program.AT))
    return batch, house.readings.stage(batch, program.channel_days(batch))


def on_disk(house: Installation) -> set[str]:
    root = house.data / "lake"
    return {str(path.relative_to(root)) for path in root.glob("day=*/*")}


def in_table(house: Installation) -> set[str]:
    return {"/".join(uri.rsplit("/", 2)[-2:]) for uri in DeltaTable(house.data / "lake").file_uris()}


def age(house: Installation) -> None:
    """Let all files be older than the grace of a replaced one."""
    past = time.time() - timedelta(hours=2).total_seconds()
    for path in (house.data / "lake").glob("day=*/*"):
        os.utime(path, (past, past))


def kill_a_night(data: Path, after_s: float) -> None:
    with subprocess.Popen([sys.executable, str(PROGRAM), str(data)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(after_s)
        process.kill()


def whole_batches(house: Installation, program: ModuleType) -> set[int]:
    """Return the batches in the lake, having seen that each is there as a whole."""
    found: set[int] = set()
    for day in house.readings.days_held():
        held = list(house.readings.scan(day))
        found |= {one.batch for one in held}
        assert held == [one for batch in sorted(found) for one in program.channel_days(batch) if one.day == day]
    return found


def storm(house: Installation, program: ModuleType, *, seed: int, kills: int) -> None:
    draw = random.Random(seed)
    for _ in range(kills):
        kill_a_night(house.data, draw.uniform(0.0, 0.3))
    recover(house, program.AT)
    age(house)
    sweep(house)
    assert on_disk(house) == in_table(house)
    with house.operator() as c:
        states = dict(c.execute("select id, state from kw.batch").fetchall())
    assert set(states.values()) <= {"committed", "abandoned"}
    assert whole_batches(house, program) == {batch for batch, state in states.items() if state == "committed"}


def test_killed_nights_leave_nothing_but_the_table(house: Installation, program: ModuleType) -> None:
    storm(house, program, seed=1, kills=6)


@pytest.mark.full
@pytest.mark.parametrize("seed", range(2, 6))
def test_killed_nights_leave_nothing_but_the_table_in_the_long_run(house: Installation, program: ModuleType, seed: int) -> None:
    storm(house, program, seed=seed, kills=25)


def test_what_a_night_planned_and_never_staged_goes_at_the_next_start(house: Installation, program: ModuleType) -> None:
    """However young the files are: many nights may be killed within an hour."""
    for _ in range(3):
        staged(house, program)
        assert recover(house, program.AT).abandoned == 1
        assert sweep(house) == len(program.DAYS)
        assert on_disk(house) == set()


def test_what_a_live_batch_may_yet_commit_stays(house: Installation, program: ModuleType) -> None:
    """However old it is: its process may have slept. It stays while the batch is planned and while it is staged."""
    batch, files = staged(house, program)
    age(house)
    assert sweep(house) == 0
    with house.operator() as c:
        nights.stage(c, batch, [one.to_json() for one in files], program.AT)
    assert sweep(house) == 0
    commit(house, batch, files, program.AT)
    assert sweep(house) == 0
    assert whole_batches(house, program) == {batch}


def test_what_a_start_rolls_forward_is_not_swept(house: Installation, program: ModuleType) -> None:
    batch, files = staged(house, program)
    with house.operator() as c:
        nights.stage(c, batch, [one.to_json() for one in files], program.AT)
    age(house)
    assert recover(house, program.AT).forward == 1
    assert sweep(house) == 0
    assert whole_batches(house, program) == {batch}


def test_a_file_of_a_batch_that_the_registry_does_not_know_stays(house: Installation, program: ModuleType) -> None:
    """As after an older registry was restored: what is not known is not judged."""
    house.readings.stage(977, program.channel_days(977))
    age(house)
    assert sweep(house) == 0
    assert len(on_disk(house)) == len(program.DAYS)


def test_a_worker_that_comes_home_late_finds_its_batch_given_up(house: Installation, program: ModuleType) -> None:
    """It stages after a new start gave its batch up, and cannot go on; the start after that takes its files away."""
    with house.operator() as c:
        batch = nights.plan_batch(c, nights.begin(c, program.DAYS[0], program.AT))
    recover(house, program.AT)
    assert sweep(house) == 0
    files = house.readings.stage(batch, program.channel_days(batch))
    with pytest.raises(WrongState), house.operator() as c:
        nights.stage(c, batch, [one.to_json() for one in files], program.AT)
    assert sweep(house) == len(files)
    assert in_table(house) == on_disk(house) == set()

"""Runs every scenario of the home: what telegrams said and when they arrived (when), and what the history then holds (then).

Moments are local with their offset, energies Wh, gas dm3. `clock` is what the meter believed (`same`: the truth), `meter` its
name; a row `restart` ends the program and starts it on the same disk. `gas` is a value, or channel:value. All that the history
holds is named in `then`, open intervals included; the last column is for people.
"""

import csv
from datetime import datetime
from pathlib import Path

import pytest

from kwartier.home import fold
from kwartier.home.clock import Receipt
from kwartier.home.overview import kind_of
from kwartier.home.sample import Counter, Device, Sample
from kwartier.home.store import history, writer
from kwartier.home.store.writer import Batch
from kwartier.model.period import epoch_s

Line = dict[str, str]
FOLDERS = sorted(path.parent for path in (Path(__file__).parent / "home").glob("*/then.csv"))


def lines(path: Path) -> list[Line]:
    with path.open(newline="", encoding="utf-8") as text:
        return list(csv.DictReader(text, strict=True))


def seconds(text: str) -> int:
    return epoch_s(datetime.fromisoformat(text))


def sample(line: Line) -> Sample:
    devices = []
    if line["gas"]:
        channel, _, value = line["gas"].rpartition(":")
        devices.append(Device(f"gas {channel}", Counter.GAS, seconds(line["gas_at"]), int(value)))
    return Sample(
        line["meter"],
        seconds(line["arrives"] if line["clock"] == "same" else line["clock"]),
        {Counter.IMPORT_LOW: int(line["low"]), Counter.IMPORT_NORMAL: int(line["normal"]), Counter.EXPORT: int(line["export"])},
        devices=tuple(devices),
    )


def live_through(when: list[Line], folder: Path) -> None:
    """Fold what arrives until the next restart, and go on from the disk."""
    while when:
        with writer.opened(folder, raw_days=1, raw_mb=1) as kept:
            state = kept.state()
            while when:
                line = when.pop(0)
                if line["meter"] == "restart":
                    break
                state, outcome = fold.take(state, sample(line), Receipt(seconds(line["arrives"])))
                kept.save(Batch(state, outcome.entries))


def held(folder: Path) -> dict[tuple[int, str], tuple[int, int, frozenset[str]]]:
    """Return all that the history holds, by start and kind."""
    with history.opened(folder) as opened:
        amounts = opened.intervals(0, 2**40) | history.still_open(opened.state())
    found: dict[tuple[int, str], history.Amount] = {}
    for (start, counter), amount in amounts.items():
        of_kind = (start, kind_of(counter).value)
        found[of_kind] = found[of_kind].plus(amount) if of_kind in found else amount
    return {
        key: (each.steps, each.value, frozenset((mark.name or "").lower().replace("_", "-") for mark in each.mark))
        for key, each in found.items()
    }


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_scenario(folder: Path, tmp_path: Path) -> None:
    live_through(lines(folder / "when.csv"), tmp_path)
    expected = {
        (seconds(line["start"]), line["kind"]): (
            int(line["steps"]),
            int(line["value"]),
            frozenset(filter(None, line["marks"].split("|"))),
        )
        for line in lines(folder / "then.csv")
    }
    assert held(tmp_path) == expected


def test_there_are_scenarios() -> None:
    assert len(FOLDERS) >= 7

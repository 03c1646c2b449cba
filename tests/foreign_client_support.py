"""What every foreign client needs: a town that listens, a meter with nothing wrong, its keys and truth."""

import csv
import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from chain_support import DAY, town
from kwartier.keys import shipment
from kwartier.model.register import Channel
from kwartier.workflows import installation

ROOT = Path(__file__).parents[1]
FIRST_COUNTER = "1000"
Truth = dict[tuple[int, date], dict[str, Any]]
"""Rows of truth.parquet, by channel and day."""


@dataclass(frozen=True)
class Sound:
    """A meter with nothing wrong, and what truth.parquet says it holds."""

    address: tuple[str, str]
    keys: tuple[str, str]
    truth: Truth


@contextmanager
def sound_meter(data: Path) -> Iterator[Sound]:
    """Let a town listen, and give the meter of its first home: by the town's own rule nothing is wrong with it, and it has gas."""
    installation.create(data)
    with town(data):
        held = pq.read_table(data / "town" / "truth.parquet").to_pylist()
        name = next(row for row in held if row["ean"] and row["channel"] == Channel.IMPORT and row["day"] == DAY)["equipment_id"]
        truth = {(row["channel"], row["day"]): row for row in held if row["equipment_id"] == name}
        shipped = shipment.open(data / "keys", (data / "town/import/keys.kws").read_bytes())
        key = next(one for one in shipped if one.equipment_id == name)
        with (data / "town/import/meters.csv").open(encoding="utf-8") as lines:
            meter = next(row for row in csv.DictReader(lines) if row["equipment_id"] == name)
        yield Sound((meter["host"], meter["port"]), (key.guek.hex(), key.gak.hex()), truth)


def ask(peer: str, program: str, meter: Sound, *arguments: str) -> Any:  # noqa: ANN401 - whatever the program prints
    """Let a foreign client's program read from a meter, in that client's own environment; return the last line it prints."""
    python = ROOT / ".peers" / peer / "bin" / "python"
    assert python.exists(), "./test makes the peers"
    command = [str(python), str(ROOT / "tests/interop" / program), *meter.address, *meter.keys, FIRST_COUNTER, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])

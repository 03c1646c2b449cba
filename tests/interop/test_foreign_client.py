"""dlms-cosem, written by others, reads a day from our meter: HLS5, general-glo-ciphering, selective access by range."""

import csv
import json
import subprocess
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from chain_support import DAY, town
from kwartier.keys import shipment
from kwartier.model.period import ZONE, day_period, quarters_in
from kwartier.model.register import Channel
from kwartier.workflows import installation

ROOT = Path(__file__).parents[2]
PEER = ROOT / ".peers" / "dlms-cosem" / "bin" / "python"


def test_a_foreign_client_reads_a_day_from_our_meter(tmp_path: Path) -> None:
    assert PEER.exists(), "./test makes the peers"
    data = tmp_path / "data"
    installation.create(data)
    with town(data):
        truth = sound_day(data)
        keys = {one.equipment_id: one for one in shipment.open(data / "keys", (data / "town/import/keys.kws").read_bytes())}
        with (data / "town/import/meters.csv").open(encoding="utf-8") as lines:
            meter = next(row for row in csv.DictReader(lines) if row["equipment_id"] == truth["equipment_id"])
        key = keys[meter["equipment_id"]]
        period = day_period(DAY)
        assert period.end is not None
        command = [
            str(PEER),
            str(ROOT / "tests/interop/foreign_client.py"),
            meter["host"],
            meter["port"],
            key.guek.hex(),
            key.gak.hex(),
        ]
        command += ["1000", period.start.astimezone(ZONE).isoformat(), period.end.astimezone(ZONE).isoformat()]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)
    assert len(rows) == quarters_in(DAY) + 1
    imported = [row[2] for row in rows]
    assert imported[0] == truth["start"]
    assert [b - a for a, b in pairwise(imported)] == list(truth["deltas"])


def sound_day(data: Path) -> dict[str, Any]:
    """Return a day of import of a home whose meter has nothing wrong: the first home, by the town's own rule."""
    table = pq.read_table(data / "town" / "truth.parquet").to_pylist()
    return next(row for row in table if row["ean"] and row["channel"] == Channel.IMPORT and row["day"] == DAY)

"""Writes batches as a night does, and is killed in the middle of it: `writer_to_kill.py LAKE REGISTRY BATCHES`.

The registry is a folder of JSON files: {"files": [...]} for a staged batch, written whole and durable before the commit.
"""

import json
import os
import sys
from collections.abc import Collection
from datetime import date
from functools import partial
from pathlib import Path

import numpy as np

from kwartier.model.channel_day import ChannelDay
from kwartier.model.register import Channel
from kwartier.store.readings import Readings, StagedFile

DAYS = (date(2026, 11, 20), date(2026, 11, 21))
HOMES = 40


def channel_days(batch: int) -> list[ChannelDay]:
    """Return what the meters tell for a batch: homes of its own, and the last home of the batch before, read again."""
    homes = range(batch * HOMES - (batch > 1), batch * HOMES + HOMES)
    values = np.random.default_rng(batch).integers(0, 900, (len(DAYS), len(homes), 96), np.int32)
    return [
        ChannelDay(home, Channel.IMPORT, day, home, values[d, h].tobytes(), b"", 1, home, batch)
        for d, day in enumerate(DAYS)
        for h, home in enumerate(homes)
    ]


def note(registry: Path, batch: int, files: list[StagedFile]) -> None:
    """Write down that a batch is staged."""
    draft = registry / f"{batch}.tmp"
    with draft.open("w") as out:
        json.dump([one.to_json() for one in files], out)
        out.flush()
        os.fsync(out.fileno())
    draft.replace(registry / f"{batch}.json")


def noted(registry: Path) -> dict[int, list[StagedFile]]:
    """Return the batches that are staged or committed."""
    found = sorted(registry.glob("*.json"), key=lambda path: int(path.stem))
    return {int(path.stem): [StagedFile.from_json(one) for one in json.loads(path.read_text())] for path in found}


def ended(last: int, batches: Collection[int]) -> dict[int, bool]:
    """Say which of the batches have ended, when all up to the last are committed."""
    return {batch: True for batch in batches if batch <= last}


def main(root: Path, registry: Path, batches: int) -> None:
    """Roll forward what was staged, then do the rest, finalising now and then."""
    Readings.create(root)
    lake = Readings(root)
    print("ready", flush=True)  # noqa: T201 - the test waits for it
    for batch, files in noted(registry).items():
        lake.commit(batch, files)
    for batch in range(1, batches + 1):
        if batch not in noted(registry):
            note(registry, batch, lake.stage(batch, channel_days(batch)))
            lake.commit(batch, noted(registry)[batch])
        if batch % 4 == 0:
            for day in DAYS:
                lake.finalise(day)
            lake.sweep(partial(ended, batch), grace_s=0)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))

"""Settling a town in its folder: what is written before it listens, and how a second start finds it again.

`town.json` is written last: it says that everything else is there, and for which town. A folder without it was left half-way
and is written anew; a folder with the `town.json` of another town is refused.
"""

import json
import os
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import NamedTuple

from kwartier.simulator import asks, caretruth, firmware, folder, personas, truth
from kwartier.simulator.errors import AnotherTown
from kwartier.simulator.town import Town

_VERSION = 1
_NAME = "town.json"


class Settled(NamedTuple):
    """What `town.json` says."""

    seed: int
    homes: int
    day: date
    port: int
    after: int


def read(home: Path) -> Settled | None:
    """Return the town a folder holds; None if it holds none, or half of one. Raises AnotherTown if nobody can tell."""
    path = home / _NAME
    if not path.exists():
        return None
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        if found["version"] == _VERSION:
            day, after = date.fromisoformat(found["date"]), int(found.get("after", 0))
            return Settled(int(found["seed"]), int(found["homes"]), day, int(found["port"]), after)
    except (ValueError, KeyError, TypeError):
        pass
    msg = "the folder holds a town of another version of this program"
    raise AnotherTown(msg)


def same(found: Settled, seed: int, homes: int, day: date, after: int = 0) -> None:
    """Raise AnotherTown unless the town found has this seed, this size, this date and as many days after it."""
    if (found.seed, found.homes, found.day, found.after) != (seed, homes, day, after):
        msg = f"the folder holds a town of seed {found.seed}, {found.homes} homes, {found.day}; choose another folder"
        raise AnotherTown(msg)


def settle(home: Path, town: Town, port: int, progress: Callable[[int], None]) -> None:
    """Write everything but the keys, `town.json` last."""
    folder.write(home / "import", town, port)
    asks.write(home, town)
    personas.write(home / "personas.json", town)
    truth.write(home, town, progress)
    caretruth.write(home, town)
    firmware.write(home / "firmware", town.seed)
    settled = {"version": _VERSION, "seed": town.seed, "homes": len(town.homes), "date": town.day.isoformat(), "port": port}
    settled |= {"after": town.axis.after} if town.axis.after else {}
    unfinished = home / f"{_NAME}.new"
    unfinished.write_text(json.dumps(settled) + "\n", encoding="utf-8")
    unfinished.replace(home / _NAME)
    os.sync()

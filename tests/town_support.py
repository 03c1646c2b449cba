"""A small town as a program of its own."""

import sys
from datetime import date
from pathlib import Path

from kwartier.keys import shipment

DAY = date(2026, 10, 25)


def command(folder: Path, *options: str) -> list[str]:
    """Return the command line of a small town in a folder."""
    if not (folder / "keys").exists():
        (folder / "keys").mkdir()
        shipment.create(folder / "keys")
    town = ("--homes", "3", "--seed", "1", "--date", DAY.isoformat(), "--dir", str(folder / "town"))
    return [sys.executable, "-m", "kwartier.simulator", *town, "--shipment-key", str(folder / "keys" / "shipment.pub"), *options]

"""What apps send the operator about the town: one asks for a permission, one claims a mandate. Both wait for the same customer."""

import csv
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from kwartier.simulator import identity, market, people
from kwartier.simulator.behaviour import Fault
from kwartier.simulator.town import Home, Town

HEADER = ("ean", "reference", "begin", "end", "kinds", "direction", "purpose", "data_from", "data_to")
_FOR = timedelta(days=4 * 365)


def is_asked(home: Home) -> bool:
    """True for the home of which apps ask something: that with the switch, if it can be read."""
    return home.index == people.SWITCH_HOME and home.fault is Fault.SOUND and not home.refused


def write(folder: Path, town: Town) -> None:
    """Write a file per party in `asked` and in `claimed`, as the party would send it; none for a town that is too small."""
    app = market.APP.code
    for name, kinds, purpose in (("asked", "interval|day", "slim laden"), ("claimed", "day", "vergelijking met de buurt")):
        (folder / name).mkdir(parents=True, exist_ok=True)
        lines = list(_lines(town, name, kinds, purpose))
        if lines:
            with (folder / name / f"{app}.csv").open("w", encoding="utf-8", newline="") as out:
                writer = csv.writer(out, lineterminator="\n")
                writer.writerow(HEADER)
                writer.writerows(lines)


def _lines(town: Town, name: str, kinds: str, purpose: str) -> Iterator[tuple[str, ...]]:
    begin, end = town.day.isoformat(), (town.day + _FOR).isoformat()
    for home in town.homes:
        if is_asked(home):
            ean = identity.electricity_ean(home.index)
            yield ean, f"{name}-{home.index}", begin, end, kinds, "combined", purpose, "", ""

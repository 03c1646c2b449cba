"""`care_truth.json`: what is wrong with devices and grid, by equipment id and by transformer, written down before anybody asks.

Homes that may not be asked are in it, too. Only checks read it.
"""

import json
from pathlib import Path

from kwartier.model.period import from_epoch_s
from kwartier.simulator import care, identity
from kwartier.simulator.care import Ailment, Care
from kwartier.simulator.town import Town

NAME = "care_truth.json"


def write(folder: Path, town: Town) -> None:
    """Write the file."""
    (folder / NAME).write_text(json.dumps(truth(town), indent=1) + "\n", encoding="utf-8")


def truth(town: Town) -> dict[str, object]:
    """Return what is true: lists of equipment ids, but seconds ahead of clocks and numbers of phases by equipment id."""
    found = care.drawn(town)
    told: dict[str, object] = {}
    for ailment in Ailment:
        homes = found.homes(ailment)
        if ailment is Ailment.CLOCK_OFF:
            told[ailment] = {_name(home): found.ahead_s[home] for home in homes}
        elif ailment in {Ailment.PHASE_LOST, Ailment.OVER_VOLTAGE}:
            told[ailment] = {_name(home): found.phase[home] for home in homes}
        else:
            told[ailment] = [_name(home) for home in homes]
    return told | {"outages": _outages(town, found)}


def _name(home: int) -> str:
    """Return the equipment id of a home's meter."""
    return identity.equipment_id(identity.home_number(home))


def _outages(town: Town, found: Care) -> list[dict[str, object]]:
    """Return one entry per transformer that was struck; `homes` are those with a readable meter."""
    start, end = (from_epoch_s(moment).isoformat() for moment in (found.outage.start_s, found.outage.end_s))
    stations = (town.transformers[index] for index in found.outage.transformers)
    return [
        {"transformer": t.name, "start": start, "end": end, "homes": sum(h.has_meter for h in town.homes[t.first : t.end])}
        for t in stations
    ]

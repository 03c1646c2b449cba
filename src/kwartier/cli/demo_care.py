"""The demo's care: devices and grid of the town looked after, alarms taken, one meter given new software."""

from concurrent.futures import Executor
from pathlib import Path
from typing import Any

from rich.console import Console

from kwartier.cli import edge
from kwartier.cli.alarms import Post
from kwartier.workflows import device_care, grid_care
from kwartier.workflows.installation import Installation, system_clock
from kwartier.workflows.visits.errands import Round, Wish, carry
from kwartier.workflows.visits.wishes import ConnectionRow, walk

VERSION = "5.0.2"
"""The firmware that the town's manufacturer signed."""


def care(house: Installation, town: Path, post: Post, out: Console) -> dict[str, Any]:
    """Look after devices and grid once; return the counts. What was asked under which ground stands in the log like the night."""
    with house.executor() as executor, edge.working(out, "devices and grid are looked after"):
        device_care.trust(house, device_care.read_key(town / "firmware" / "manufacturer.pub"))
        device_care.add(house, device_care.read_image(town / "firmware" / f"SMR5-{VERSION}.kwf"), system_clock())
        looked, out_of_power = _visit(house, executor)
        needing = device_care.needing(house)
        old = next((one for one in needing if any(f.need == "old_firmware" for f in one.findings)), None)
        updated = None if old is None else device_care.load(house, old.meter, VERSION, executor, clock=system_clock)
        switched = device_care.switch(house, executor, clock=system_clock)
        grid_care.look_into_alarms(house, executor, clock=system_clock)
        endangered = grid_care.endangered(house)
    return {
        "looked_after": looked.meters,
        "needing_care": len(needing),
        "firmware": None if updated is None else str(updated.ending),
        "switched_off": switched.off,
        "outages": len(out_of_power.found.outages),
        "dangers": sum(len(one.found) for one in endangered),
        "alarms": dict(sorted(post.fates.items())),
    }


def _visit(house: Installation, executor: Executor) -> tuple[Round, grid_care.Outages]:
    """Visit every meter once, for all that there is a ground for."""
    at = system_clock()
    search = grid_care.Search(at)

    def wanted(row: ConnectionRow) -> list[Wish]:
        return [*device_care.wanted(row, at), *search.wanted(row), *grid_care.wanted(row, at)]

    whole = carry(house, walk(house, at, wanted), executor, clock=system_clock, each=search.take)
    return whole, search.result(house, whole)

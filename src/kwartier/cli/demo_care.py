"""The demo's care: devices and grid of the town looked after, alarms taken, one meter given new software."""

from pathlib import Path
from typing import Any

from rich.console import Console

from kwartier.cli import edge
from kwartier.cli.alarms import Post
from kwartier.workflows import device_care, grid_care
from kwartier.workflows.installation import Installation, system_clock

VERSION = "5.0.2"
"""The firmware that the town's manufacturer signed."""


def care(house: Installation, town: Path, post: Post, out: Console) -> dict[str, Any]:
    """Look after devices and grid once; return the counts. What was asked under which ground stands in the log like the night."""
    with house.executor() as executor, edge.working(out, "devices and grid are looked after"):
        device_care.trust(house, device_care.read_key(town / "firmware" / "manufacturer.pub"))
        device_care.add(house, device_care.read_image(town / "firmware" / f"SMR5-{VERSION}.kwf"), system_clock())
        looked = device_care.look(house, executor, clock=system_clock)
        needing = device_care.needing(house)
        old = next((one for one in needing if any(f.need == "old_firmware" for f in one.findings)), None)
        updated = None if old is None else device_care.load(house, old.meter, VERSION, executor, clock=system_clock)
        switched = device_care.switch(house, executor, clock=system_clock)
        out_of_power = grid_care.find_outages(house, executor, clock=system_clock)
        grid_care.look_for_dangers(house, executor, clock=system_clock)
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

"""`kwartier care`: devices, now and then. Nothing here can read usage. What looks and sets by plan may run by itself."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from kwartier.cli import edge, printed, staffed, told, told_care
from kwartier.workflows import device_care
from kwartier.workflows.device_care import Needing
from kwartier.workflows.installation import Installation, system_clock
from kwartier.workflows.visits import looks

app = typer.Typer(no_args_is_help=True, help="Care for meters, now and then: battery, clock, software, administrative status.")
out = Console(stderr=True)

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


@app.command()
@staffed.by
def look(context: typer.Context, *, as_json: AsJson = False) -> None:
    """Look after every meter in whose area a use case of device care is approved, then list what needs care.

    By itself, without a name, it tells how many: `care list` shows which to somebody who says who they are.
    """
    with staffed.opened(context, scheduled=True) as house:
        with house.executor() as executor, edge.working(out, "meters are looked after"):
            counts = device_care.look(house, executor, clock=system_clock).counts()
        if staffed.is_named(context):
            _tell(house, counts, as_json=as_json)
            return
        told_care.unlisted(Console(), len(device_care.needing(house)), counts, "care list", as_json=as_json)


@app.command("list")
@staffed.by
def list_(context: typer.Context, *, as_json: AsJson = False) -> None:
    """List what needs care, by what was seen last."""
    with staffed.opened(context) as house:
        _tell(house, {}, as_json=as_json)


def _tell(house: Installation, counts: dict[str, Any], *, as_json: bool) -> None:
    needing = device_care.needing(house)
    looks.looked(house, (one.connection for one in needing), "care", now=system_clock())
    if as_json:
        printed.as_json(counts | {"needing": [as_dict(one) for one in needing]})
    else:
        told_care.needing(Console(), needing, counts)


def as_dict(one: Needing) -> dict[str, Any]:
    """Return a meter that needs care as JSON has it."""
    findings = [{"need": str(f.need), "since": f.since.isoformat(), "detail": f.detail, "act": str(f.act)} for f in one.findings]
    return {"meter": one.meter, "equipment_id": one.equipment_id, "area": one.area, "findings": findings}


@app.command()
@staffed.by
def switch(context: typer.Context, *, as_json: AsJson = False) -> None:
    """Set the administrative status at meters as their customers chose it, and read it back. Exits 1 if a meter says otherwise."""
    with staffed.opened(context, scheduled=True) as house, house.executor() as executor, edge.working(out, "meters are set"):
        done = device_care.switch(house, executor, clock=system_clock)
    counts = done.round.counts() | {"off": done.off, "on": done.on, "otherwise": len(done.otherwise)}
    if as_json:
        printed.as_json(counts)
    else:
        told_care.counted(Console(), "Administrative status", counts)
    if done.otherwise:
        raise typer.Exit(edge.NO)


@app.command()
@staffed.by
def trust(
    context: typer.Context,
    key: Annotated[Path, typer.Argument(help="File with a manufacturer's Ed25519 key: 64 hexadecimal digits.", dir_okay=False)],
) -> None:
    """Trust a manufacturer's key: firmware that it signed may be added from now on."""
    with staffed.opened(context) as house:
        device_care.trust(house, device_care.read_key(key))
    told.said(out, "The key is trusted.")


@app.command("add-firmware")
@staffed.by
def add_firmware(
    context: typer.Context, image: Annotated[Path, typer.Argument(help="A signed firmware image.", dir_okay=False)]
) -> None:
    """Take a firmware image that a trusted manufacturer signed; any other is refused."""
    with staffed.opened(context) as house:
        found = device_care.add(house, device_care.read_image(image), system_clock())
    told.said(out, f"Version {found.version} for {found.model} may be loaded.")


@app.command("load-firmware")
@staffed.by
def load_firmware(
    context: typer.Context,
    meter: Annotated[int, typer.Argument(help="The meter's number in the list of `care list`.", min=1)],
    version: Annotated[str, typer.Argument(help="A version that was added.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Load a version into one meter, which verifies and activates it. Exits 1 if it does not run there afterwards."""
    with staffed.opened(context) as house, house.executor() as executor, edge.working(out, "the meter takes the image"):
        done = device_care.load(house, meter, version, executor, clock=system_clock)
    if as_json:
        printed.as_json(
            {"ending": str(done.ending), "version": done.version, "reason": None if done.reason is None else str(done.reason)}
        )
    else:
        told_care.updated(Console(), done)
    if done.ending not in {device_care.Ending.ACTIVATED, device_care.Ending.RAN_ALREADY}:
        raise typer.Exit(edge.NO)

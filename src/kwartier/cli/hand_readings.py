"""`kwartier hand-readings`: registers read at the meter itself, where it is not read remotely."""

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from kwartier.cli import printed, private, staffed, told
from kwartier.cli.customer import number
from kwartier.model.errors import BadInput
from kwartier.model.register import Channel
from kwartier.workflows import refusal
from kwartier.workflows.installation import system_clock
from kwartier.workflows.refusal import How

app = typer.Typer(no_args_is_help=True, help="Readings taken at the meter itself: refused, or administratively off.")
out = Console(stderr=True)

_NAMES = {
    "low": Channel.DAY_IMPORT_LOW,
    "normal": Channel.DAY_IMPORT_NORMAL,
    "feed-low": Channel.DAY_EXPORT_LOW,
    "feed-normal": Channel.DAY_EXPORT_NORMAL,
    "gas": Channel.DAY_GAS,
}
Connection = Annotated[int, typer.Argument(help="Number of the connection in the registry; never its EAN.", min=1)]


@app.command()
@staffed.by
def due(
    context: typer.Context,
    days: Annotated[int, typer.Option(help="Also what becomes due within so many days.", min=0, max=3660)] = 0,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """List the connections whose meter is to be read by hand: by the operator, and by the supplier."""
    with staffed.opened(context) as house:
        found = refusal.due(house, at=system_clock(), ahead=timedelta(days=days))
    if as_json:
        lines = [asdict(one) | {"by": one.by.isoformat(), "last": one.last.isoformat() if one.last else None} for one in found]
        printed.as_json({"due": lines})
        return
    if not found:
        Console().print("It is nobody's turn.")
        return
    shown = Table("connection", "what", "why not remotely", "whose turn", "last", "by")
    for one in found:
        last = one.last.date().isoformat() if one.last else "never"
        shown.add_row(str(one.connection), one.product, one.kind, one.whose, last, one.by.date().isoformat())
    Console().print(shown)


@app.command()
@staffed.by
def take(
    context: typer.Context,
    connection: Connection,
    read_at: Annotated[str, typer.Option("--at", help="When it was read: ISO 8601 with offset.")],
    how: Annotated[How, typer.Option(help="By whom: visit of the operator, customer, or p1 port.")],
    source: Annotated[
        str,
        typer.Option(
            "--values",
            metavar=private.FILE,
            help="low=, normal=, feed-low=, feed-normal= in kWh, or gas= in m3, each as shown: a file, or `-` for standard input.",
        ),
    ] = "-",
) -> None:
    """Write down the registers of a meter as somebody read them there. What contradicts what is known is refused."""
    values = dict(map(register, private.text(source, "'--values'").split()))
    with staffed.opened(context) as house:
        count = refusal.take(house, number(connection), values, read_at=moment(read_at), how=how, at=system_clock())
    told.said(out, f"Taken: {count} registers.")


def moment(text: str) -> datetime:
    """Read a moment with its offset."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        message = f"{text!r} is no moment; one is written as 2026-03-10T09:30:00+01:00"
        raise typer.BadParameter(message, param_hint="'--at'")
    return found


def register(text: str) -> tuple[Channel, int]:
    """Read one register: kWh or m3 with at most three decimals, as a meter shows them. Returns Wh or dm3."""
    name, _, shown = text.partition("=")
    try:
        value = None if "," in shown else refusal.shown(shown)  # what follows a comma would look like another register
    except BadInput:
        value = None
    if name not in _NAMES or value is None:
        message = f"a register is written as low=12345.678, and the others are {', '.join(_NAMES)}"
        raise typer.BadParameter(message, param_hint="'--values'")
    return _NAMES[name], value

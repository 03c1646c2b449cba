"""`kwartier customer`: what a customer said by letter or telephone. On the portal they say it themselves."""

from typing import Annotated

import typer
from rich.console import Console

from kwartier.cli import told
from kwartier.model.errors import BadInput
from kwartier.workflows import refusal
from kwartier.workflows.installation import opened, system_clock
from kwartier.workflows.refusal import Choice

app = typer.Typer(no_args_is_help=True, help="What a customer said: the smart meter refused, administratively off, or back on.")
out = Console(stderr=True)

EAN_DIGITS = 18

Connection = Annotated[int, typer.Argument(help="Number of the electricity connection in the registry; never its EAN.", min=1)]


def number(connection: int) -> int:
    """Return the number of a connection. Raises BadInput for an EAN, without repeating it."""
    if len(str(connection)) >= EAN_DIGITS:
        msg = "a connection is named by its number in the registry, never by its EAN"
        raise BadInput(msg)
    return connection


def _say(context: typer.Context, connection: int, choice: Choice, done: str) -> None:
    with opened(context.obj.data) as house:
        refusal.choose_for(house, number(connection), choice, at=system_clock())
    told.said(out, done)


@app.command()
def refuse(context: typer.Context, connection: Connection) -> None:
    """The customer refuses the smart meter: from now on nothing is read remotely here, and nothing is set."""
    _say(context, connection, Choice.REFUSE, "Refused: nothing is read remotely here from now on.")


@app.command()
def off(context: typer.Context, connection: Connection) -> None:
    """The customer has the meter switched off administratively: usage is not read; the next `care switch` sets it at the meter."""
    _say(context, connection, Choice.OFF, "Administratively off: usage is not read here from now on. `care switch` sets the meter.")


@app.command()
def on(context: typer.Context, connection: Connection) -> None:
    """The customer wants the meter back: it may be read again from now on, and never about the time before."""
    _say(
        context,
        connection,
        Choice.ON,
        "It may be read again from now on, never about the time before. `care switch` sets the meter.",
    )

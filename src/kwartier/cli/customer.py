"""`kwartier customer`: what a customer said by letter or telephone, and proof that nothing was read. The portal has both, too."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from kwartier.cli import edge, private, staffed, told
from kwartier.cli.days import named
from kwartier.cli.outset import EAN_DIGITS
from kwartier.workflows import refusal
from kwartier.workflows.installation import system_clock
from kwartier.workflows.refusal import Choice

app = typer.Typer(no_args_is_help=True, help="What a customer said: the smart meter refused, administratively off, or back on.")
out = Console(stderr=True)

Connection = Annotated[int, typer.Argument(help="Number of the electricity connection in the registry; never its EAN.", min=1)]


def number(connection: int) -> int:
    """Return the number of a connection. Raises BadParameter for an EAN, without repeating it."""
    if len(str(connection)) >= EAN_DIGITS:
        message = "a connection is named by its number in the registry, never by its EAN"
        raise typer.BadParameter(message, param_hint="'CONNECTION'")
    return connection


def _say(context: typer.Context, connection: int, choice: Choice, done: str) -> None:
    with staffed.opened(context) as house:
        refusal.choose_for(house, number(connection), choice, at=system_clock())
    told.said(out, done)


@app.command()
@staffed.by
def refuse(context: typer.Context, connection: Connection) -> None:
    """The customer refuses the smart meter: from now on nothing is read remotely here, and nothing is set."""
    _say(context, connection, Choice.REFUSE, "Refused: nothing is read remotely here from now on.")


@app.command()
@staffed.by
def off(context: typer.Context, connection: Connection) -> None:
    """The customer has the meter switched off administratively: usage is not read; the next `care switch` sets it at the meter."""
    _say(context, connection, Choice.OFF, "Administratively off: usage is not read here from now on. `care switch` sets the meter.")


@app.command()
@staffed.by
def on(context: typer.Context, connection: Connection) -> None:
    """The customer wants the meter back: it may be read again from now on, and never about the time before."""
    _say(
        context,
        connection,
        Choice.ON,
        "It may be read again from now on, never about the time before. `care switch` sets the meter.",
    )


@app.command()
@staffed.by
def absence(
    context: typer.Context,
    connection: Connection,
    first: Annotated[str, typer.Argument(help="First local day, YYYY-MM-DD.")],
    last: Annotated[str, typer.Argument(help="Last local day, included.")],
    out_file: Annotated[
        Path, typer.Option("--out", help="The new file of the proof: nobody else may read it.", dir_okay=False)
    ] = Path("absence.zip"),
) -> None:
    """Prove to who lived there that no usage was read between two days. Exits 1 where something was read."""
    days, at = (named(first, "FIRST"), named(last, "LAST")), system_clock()
    refusal.asked_time(*days, at=at)
    with private.new_file(out_file, "'--out'") as file, staffed.opened(context) as house:
        who = refusal.occupant_of(house, number(connection), days[0])
        try:
            file.write(refusal.absence(house, who, connection, *days, at=at).body)
        except refusal.WasRead:
            told.said(out, "Usage was read in that time, so there is no proof that none was. The log says when, and for whom.")
            raise typer.Exit(edge.NO) from None
    told.said(out, f"No usage was read: the proof is {out_file}.")


@app.command("check-absence")
def check_absence(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="A proof of absence.", exists=True, dir_okay=False)],
    subject: private.Code,
    key: Annotated[Path | None, typer.Option(help="File with the log's public key; default that of the installation.")] = None,
) -> None:
    """Check a proof of absence offline: every line genuine, about that person, none left out, none a reading. Exits 1 if not."""
    where = key or context.obj.data / "keys" / "log.vkey"
    if not where.is_file():
        message = f"the log's public key is not at {where}; name its file with --key FILE"
        raise typer.BadParameter(message, param_hint="'--key'")
    code = private.line(subject, "'--subject'")
    found = refusal.check(file.read_bytes(), where.read_bytes().decode("utf-8", "replace").strip(), code)
    for fault in found.faults:
        told.said(out, fault)
    if found.faults:
        raise typer.Exit(edge.NO)
    told.said(Console(), f"Genuine: {found.lines} lines of the log, none left out between them, and none is a reading of usage.")
    if found.open_end:
        told.said(Console(), "What was written down after the last of them, this file cannot know.")
    if not found.batches:
        told.said(Console(), "Readings are told by lines of batches, and none is here: that there is none, only the operator says.")

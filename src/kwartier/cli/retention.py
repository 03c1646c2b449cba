"""`kwartier retention`: what is held no longer than its term. A night ends with it; by hand it does the same."""

import sys
from typing import Annotated

import typer
from rich.console import Console

from kwartier.cli import edge, printed, staffed, told_retention
from kwartier.grounds import retention as table_
from kwartier.workflows import jobs, retention
from kwartier.workflows.installation import system_clock

app = typer.Typer(no_args_is_help=True, help="Retention: how long what is held may be held, and what goes after that.")
out = Console(stderr=True)


@app.command()
@staffed.by
def run(
    context: typer.Context,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Take away what nothing holds any longer, and carry out the erasures that persons asked for."""
    with staffed.opened(context, scheduled=True) as house, edge.working(out, "what nothing holds is taken away"):
        report = retention.nightly(house, at=system_clock())
        jobs.sign(house, edge.beside(out))
    if as_json:
        printed.as_json(report.as_json())
    else:
        told_retention.given_up(Console(), report)


@app.command()
def table() -> None:
    """Print how long what may be held, on which ground, and who says so."""
    sys.stdout.write(table_.as_markdown())

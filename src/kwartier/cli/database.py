"""`kwartier database`: for a PostgreSQL that somebody else runs. Without it an installation runs its own."""

import sys
from typing import Annotated

import typer

from kwartier.workflows import installation

app = typer.Typer(no_args_is_help=True, help="A PostgreSQL server that somebody else runs: prepare it, check it.")


@app.command()
def prepare(
    context: typer.Context,
    server: Annotated[
        str, typer.Option(help="Where it is, as libpq writes it: 'host=db.example port=5432 sslmode=verify-full'.")
    ] = "",
    name: Annotated[str, typer.Option(help="Name of the database to make.")] = "kwartier",
) -> None:
    """Write four DSNs into kwartier.toml, and print the SQL that its administrator runs once. It holds no password."""
    sys.stdout.write(installation.prepare_database(context.obj.data, server, name))


@app.command()
def check(context: typer.Context) -> None:
    """Log in as each of the four roles, and say what is missing and what is too much. Exits 3 if anything is."""
    installation.check_database(context.obj.data)
    sys.stdout.write("the database is prepared\n")

"""`kwartier`: one command per deed. `--data DIR` before the sub-command names the installation."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from kwartier import __version__
from kwartier.audit import verify as proofs
from kwartier.cli import database, told
from kwartier.cli import demo as demos
from kwartier.model.errors import KwartierError
from kwartier.model.period import day_of
from kwartier.workflows import delivery_round, enrolment, installation, replay

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="Kwartier: no ground, no reading.", pretty_exceptions_enable=False
)
night_app = typer.Typer(no_args_is_help=True, help="The night: read what was used, for those who have a ground.")
audit_app = typer.Typer(no_args_is_help=True, help="The log: compare it with store and meters, show its checkpoint.")
app.add_typer(night_app, name="night")
app.add_typer(audit_app, name="audit")
app.add_typer(database.app, name="database")

out = Console(stderr=True)


@dataclass(frozen=True, slots=True)
class _Here:
    data: Path


@app.callback()
def _main(
    context: typer.Context,
    data: Annotated[Path, typer.Option(help="Folder of the installation.", envvar="KWARTIER_DATA")] = Path("data"),
) -> None:
    context.obj = _Here(data)


@contextmanager
def _house(context: typer.Context, *, make: bool = False) -> Iterator[installation.Installation]:
    here: _Here = context.obj
    with installation.opened(here.data, make=make) as house:
        yield house


def _day(text: str | None) -> date:
    """Read `--date`, yesterday if absent."""
    if text is None:
        return day_of(installation.system_clock()) - timedelta(days=1)
    try:
        return date.fromisoformat(text)
    except ValueError:
        message = "a date is written as YYYY-MM-DD"
        raise typer.BadParameter(message) from None


def _print_json(value: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(value, sort_keys=True) + "\n")


@app.command("import")
def import_(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(help="Folder with the CSV files of docs/IMPORT.md.", exists=True, file_okay=False)],
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would change, and write nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the counts as one JSON object.")] = False,
) -> None:
    """Take connections, meters, keys, people, contracts and permissions from files."""
    with _house(context, make=True) as house:
        report = enrolment.take(house, folder, dry_run=dry_run, at=installation.system_clock())
    if as_json:
        _print_json(report.counts())
    else:
        told.imported(out, report)


@night_app.command("run")
def night_run(
    context: typer.Context,
    day: Annotated[str | None, typer.Option("--date", help="Local day to read about, default yesterday.")] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as one JSON object.")] = False,
) -> None:
    """Read one day at every meter that somebody has a ground for, then deliver what is due."""
    chosen = _day(day)
    with _house(context) as house:
        counts = demos.night(house, chosen, out)
    if as_json:
        _print_json(counts)
    else:
        told.night(out, counts)


@app.command()
def deliver(context: typer.Context) -> None:
    """Deliver what is due, each decided again just before."""
    with _house(context) as house:
        report = delivery_round.run(house, clock=installation.system_clock)
        with house.auditor() as c:
            house.log.integrate(c)
    _print_json({"delivered": report.delivered, "withheld": report.withheld})


@app.command()
def serve(
    context: typer.Context,
    port: Annotated[int | None, typer.Option(help="Port on 127.0.0.1; 0 lets the system choose.")] = None,
    *,
    demo: Annotated[bool, typer.Option("--demo", help="Let visitors sign in as a persona of the demo's town.")] = False,
) -> None:
    """Serve the pages on loopback."""
    with _house(context) as house:
        demos.serve(house, house.settings.port if port is None else port, demo=demo, out=out)


@audit_app.command("replay")
def audit_replay(
    context: typer.Context,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as one JSON object.")] = False,
) -> None:
    """Compare log, store and the meters' own session logs both ways. Exits 1 if anything is uncovered, over-broad or late."""
    with _house(context) as house:
        found = replay.run(house, at=installation.system_clock())
    if as_json:
        _print_json(found.as_json())
    else:
        told.replayed(out, found)
    if found.uncovered or found.over_broad or found.late:
        raise typer.Exit(1)


@audit_app.command("checkpoint")
def audit_checkpoint(context: typer.Context) -> None:
    """Sign what was recorded and print the checkpoint."""
    with _house(context) as house, house.auditor() as c:
        sys.stdout.write(house.log.integrate(c).note)


@app.command()
def verify(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="A proof as downloaded from the portal.", exists=True, dir_okay=False)],
    key: Annotated[Path | None, typer.Option(help="File with the log's public key; default that of the installation.")] = None,
    subject: Annotated[
        str | None, typer.Option(help="Your own code, to check that the line is about you; `-` reads it from standard input.")
    ] = None,
) -> None:
    """Check a proof offline: that this line is in the log, unchanged, and about you. Exits 1 if not."""
    here: _Here = context.obj
    vkey = (key or here.data / "keys" / "log.vkey").read_text("utf-8").strip()
    code = sys.stdin.readline().strip() if subject == "-" else subject
    try:
        found = proofs.verify(file.read_bytes().decode("utf-8", "surrogateescape"), vkey, code)
    except proofs.Rejected as fault:
        told.rejected(out, fault)
        raise typer.Exit(1) from None
    told.verified(out, found)


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True}, add_help_option=False)
def bench(context: typer.Context, name: str) -> None:
    """Run one benchmark of bench/ and print its figures."""
    raise typer.Exit(demos.bench(name, context.args))


@app.command()
def demo(
    context: typer.Context,
    homes: Annotated[int, typer.Option(help="Homes in the town.", min=3, max=100_000)] = 120,
    seed: Annotated[int, typer.Option(help="The same seed, homes and date give the same town.", min=0)] = 1,
    data: Annotated[Path | None, typer.Option(help="Folder of the demo.")] = None,
    day: Annotated[str | None, typer.Option("--date", help="Local day to read about, default yesterday.")] = None,
    port: Annotated[int | None, typer.Option(help="Port of the pages on 127.0.0.1.")] = None,
    *,
    once: Annotated[bool, typer.Option("--once", help="Run the night and stop, without serving the pages.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object on the last line.")] = False,
) -> None:
    """Build a town, enter it through `import`, run a night over it, and serve the pages."""
    here: _Here = context.obj
    wish = demos.Wish(data or here.data, homes, seed, _day(day), once=once, port=port)
    demos.run(wish, out, _print_json if as_json else lambda counts: told.night(out, counts))


@app.command()
def version() -> None:
    """Print the version."""
    sys.stdout.write(__version__ + "\n")


def main() -> None:
    """Run the command line; what Kwartier foresaw is told in plain words, with its stable code."""
    try:
        app()
    except KwartierError as fault:
        told.fault(out, fault)
        sys.exit(1)


if __name__ == "__main__":
    main()

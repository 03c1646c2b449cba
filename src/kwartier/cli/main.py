"""`kwartier`: one command per deed. `--data DIR` before the sub-command names the installation."""

import os
import sys
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console

from kwartier import __version__
from kwartier.audit import verify as proofs
from kwartier.cli import (
    breach,
    care,
    conduct,
    customer,
    database,
    days,
    edge,
    grid,
    grounds,
    hand_readings,
    outset,
    parties,
    printed,
    private,
    retention,
    rights,
    serving,
    staffed,
    told,
)
from kwartier.cli import demo as demos
from kwartier.cli import permission as permissions
from kwartier.model.period import day_of
from kwartier.model.staff import Staff
from kwartier.workflows import delivery_round, enrolment, inquiry, installation, jobs, replay

EXITS = (
    "Exit codes: 0 done; 1 done, and the answer is no (proof not genuine, replay found something, target missed, nothing to see);"
    " 2 wrong command line; 3 could not be done, and why is told; 70 a fault in Kwartier itself; 130 interrupted."
)

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    help="Kwartier: no ground, no reading.",
    epilog=EXITS,
    pretty_exceptions_enable=False,
)
night_app = typer.Typer(no_args_is_help=True, help="The night: read what was used, for those who have a ground.")
audit_app = typer.Typer(no_args_is_help=True, help="The log: compare it with store and meters, show its checkpoint.")
app.add_typer(night_app, name="night")
app.add_typer(audit_app, name="audit")
app.add_typer(care.app, name="care")
app.add_typer(customer.app, name="customer")
app.add_typer(hand_readings.app, name="hand-readings")
app.add_typer(grid.app, name="grid")
app.add_typer(grounds.app, name="grounds")
app.add_typer(database.app, name="database")
app.add_typer(retention.app, name="retention")
app.add_typer(permissions.app, name="permission")
app.add_typer(parties.app, name="parties")
app.add_typer(conduct.app, name="conduct")
app.add_typer(rights.app, name="rights")
app.add_typer(breach.app, name="breach")

out = Console(stderr=True)
"""For what is said on the way and for failures; answers go to standard output."""


@dataclass(frozen=True, slots=True)
class _Here:
    data: Path


def _show_version(wanted: bool) -> None:  # noqa: FBT001 - typer hands the value of the flag over
    if wanted:
        version()
        raise typer.Exit


@app.callback()
def _main(
    context: typer.Context,
    data: Annotated[
        Path, typer.Option(help="Folder of the installation; stands before the command.", envvar="KWARTIER_DATA")
    ] = Path("data"),
    *,
    _shows_version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_show_version, help="Print the version.")
    ] = False,
) -> None:
    context.obj = _Here(data)


@contextmanager
def _house(context: typer.Context, *, make: bool = False, staff: Staff | None = None) -> Iterator[installation.Installation]:
    here: _Here = context.obj
    made = make and not (here.data / "keys").exists()
    with installation.opened(here.data, make=make, staff=staff) as house:
        if made:
            told.made(out, here.data)
        yield house


def _named(text: str | None, option: str) -> date | None:
    """Read a day that was named; None where none was."""
    return None if text is None else days.named(text, option)


def _day(text: str | None) -> date:
    """Read `--date`, yesterday if absent; say so if it is a day that is not over."""
    yesterday = day_of(installation.system_clock()) - timedelta(days=1)
    day = _named(text, "--date") or yesterday
    if day > yesterday:
        told.not_over(out, day)
    return day


@app.command("import")
@staffed.by
def import_(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(help="Folder with the CSV files of docs/IMPORT.md.", exists=True, file_okay=False)],
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would change, and write nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the counts as one JSON object.")] = False,
) -> None:
    """Take connections, meters, keys, people, contracts and permissions from files."""
    staff = staffed.person(context, scheduled=True)
    with _house(context, make=True, staff=staff) as house, edge.working(out, "files are taken"):
        report = enrolment.take(house, folder, dry_run=dry_run, at=installation.system_clock())
    if as_json:
        printed.as_json(report.counts())
    else:
        told.imported(Console(), report)


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
        printed.as_json(counts)
    else:
        told.night(Console(), counts)


@app.command()
def deliver(context: typer.Context) -> None:
    """Deliver what is due, each decided again just before."""
    with _house(context) as house:
        with edge.bars(out) as bars:
            sent = bars.add_task("parcels delivered", total=None)
            report = delivery_round.run(house, clock=installation.system_clock, progress=lambda count: bars.advance(sent, count))
        jobs.sign(house, edge.beside(out))
    printed.as_json(
        {"delivered": report.delivered, "withheld": report.withheld, "papers": report.papers, **report.letters.counts()}
    )


@app.command()
def serve(
    context: typer.Context,
    port: Annotated[int | None, typer.Option(help="Port on 127.0.0.1; 0 lets the system choose.", min=0, max=65535)] = None,
    *,
    demo: Annotated[bool, typer.Option("--demo", help="Let visitors sign in as a persona of the demo's town.")] = False,
) -> None:
    """Serve the pages on loopback."""
    with _house(context) as house, serving.listening(house.settings.port if port is None else port) as listener:
        serving.serve(house, listener, demo=demo, out=out)


@audit_app.command("replay")
def audit_replay(
    context: typer.Context,
    *,
    first: Annotated[
        str | None, typer.Option("--from", help="First local day of what is compared; default from the beginning.")
    ] = None,
    last: Annotated[str | None, typer.Option("--to", help="Last local day of it, included; default until now.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as one JSON object.")] = False,
) -> None:
    """Compare log, store and the meters' own session logs both ways. Exits 1 if there is any contradiction."""
    begins, ends = _named(first, "--from"), _named(last, "--to")
    if begins is not None and ends is not None and ends < begins:
        message = f"{ends} lies before {begins}"
        raise typer.BadParameter(message, param_hint="'--to'")
    window = replay.of_days(begins, ends)
    with _house(context) as house, edge.working(out, "log, store and meters are compared"):
        found = replay.run(house, at=installation.system_clock(), window=window)
    if as_json:
        printed.as_json(found.as_json())
    else:
        told.replayed(Console(), found)
    if found.findings:
        raise typer.Exit(edge.NO)


@audit_app.command("checkpoint")
def audit_checkpoint(context: typer.Context) -> None:
    """Sign what was recorded, have it countersigned where there is a witness, and print the checkpoint."""
    unseen: list[Exception] = []
    with _house(context) as house:
        sys.stdout.write(jobs.sign(house, unseen.append).note)
    for fault in unseen:
        raise fault


@audit_app.command("witness")
def audit_witness(
    context: typer.Context,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Tell whether the witness countersigned all that is signed within the last minute. Exits 1 if not, or if there is none."""
    with _house(context) as house:
        found, now = jobs.standing(house), int(installation.system_clock().timestamp())
    if as_json:
        printed.as_json(told.standing_as_dict(found, now))
    else:
        told.standing(Console(), found, now)
    if found is None or not found.met(now):
        raise typer.Exit(edge.NO)


@audit_app.command("staff")
@staffed.by
def audit_staff(
    context: typer.Context,
    entry: Annotated[int, typer.Argument(help="Number of the entry, as the address of its proof has it.", min=0)],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Tell which of the operator's people did what this entry says, and why, with the salt that opens the commitment in it.

    That somebody looked, and by whose hand, is a line of the log too. Exits 1 if nobody is named, or the entry holds a commitment
    to something else.
    """
    with staffed.opened(context) as house:
        found = inquiry.staff(house, entry, at=installation.system_clock())
    if as_json:
        printed.as_json({"entry": entry} | told.staff_as_dict(found))
    else:
        told.staff(Console(), found)
    if found is None or not found.agrees:
        raise typer.Exit(edge.NO)


@audit_app.command("consistency")
def audit_consistency(
    context: typer.Context,
    old: Annotated[int, typer.Argument(help="Size of an older checkpoint.", min=0)],
    size: Annotated[int, typer.Argument(help="Size of a newer one.", min=0)],
) -> None:
    """Print the hashes that prove that the tree of an older checkpoint is the beginning of a newer one (RFC 6962, 2.1.2)."""
    with _house(context) as house, house.operator() as c:
        sys.stdout.writelines(f"{b64encode(one).decode()}\n" for one in house.log.consistency(c, old, size))


@app.command()
def verify(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="A proof as downloaded from the portal.", exists=True, dir_okay=False)],
    key: Annotated[Path | None, typer.Option(help="File with the log's public key; default that of the installation.")] = None,
    witness: Annotated[Path | None, typer.Option(help="File with a witness's public key, to check that it saw the log.")] = None,
    subject: Annotated[
        str | None,
        typer.Option(
            metavar=private.FILE,
            help="Your own code, to check that the line is about you: a file that holds it, or `-` for standard input.",
        ),
    ] = None,
) -> None:
    """Check a proof offline: that this line is in the log, unchanged, and about you. Exits 1 if not."""
    here: _Here = context.obj
    vkey = _key(key or here.data / "keys" / "log.vkey", "log", "--key")
    seen = None if witness is None else _key(witness, "witness", "--witness")
    code = None if subject is None else private.line(subject, "'--subject'")
    with file.open("rb") as proof:
        data = proof.read(proofs.MOST_BYTES + 1)
    try:
        found = proofs.verify(data, vkey, code, seen)
    except proofs.Rejected as fault:
        if fault.code == "bad-key":  # of a key that is none nothing follows about the proof
            _refuse_key(vkey, seen)
        told.rejected(out, fault)
        raise typer.Exit(edge.NO) from None
    told.verified(Console(), found)


def _key(path: Path, whose: str, option: str) -> str:
    """Read a public key, that of the log or of a witness. Raises BadParameter, which names its option, if it is not there."""
    if not path.is_file():
        message = f"the {whose}'s public key is not at {path}; name its file (the portal has the log's to download)"
        raise typer.BadParameter(message, param_hint=f"'{option}'")
    return path.read_bytes().decode("utf-8", "replace").strip()


def _refuse_key(log: str, witness: str | None) -> NoReturn:
    """Say which of the keys is none. Raises BadParameter."""
    is_the_logs = witness is None or not _is_key(log)
    message = f"the file holds no public key of a {'log' if is_the_logs else 'witness'}; the proof was not looked at"
    raise typer.BadParameter(message, param_hint="'--key'" if is_the_logs else "'--witness'")


def _is_key(log: str) -> bool:
    try:
        proofs.is_signed(b"", bytes(64), log, proofs.LOG)
    except proofs.Rejected:
        return False
    return True


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True}, add_help_option=False)
def bench(context: typer.Context, name: Annotated[str, typer.Argument(help="One of bench/.")] = "") -> None:
    """Run one benchmark of bench/ and print its figures."""
    known = demos.benchmarks()
    if name in {"", "--help"}:
        sys.stdout.write("Usage: kwartier bench NAME [--json]\n\nBenchmarks: " + ", ".join(known) + "\n")
        raise typer.Exit(0 if name else 2)
    if name not in known:
        message = f"there is no benchmark {name!r}; there are: {', '.join(known)}"
        raise typer.BadParameter(message, param_hint="NAME")
    raise typer.Exit(demos.bench(name, context.args))


@app.command()
def demo(
    context: typer.Context,
    homes: Annotated[int, typer.Option(help="Homes in the town.", min=3, max=100_000)] = 120,
    seed: Annotated[int, typer.Option(help="The same seed, homes and date give the same town.", min=0)] = 1,
    data: Annotated[Path | None, typer.Option(help="Folder of the demo.")] = None,
    day: Annotated[str | None, typer.Option("--date", help="Local day to read about, default yesterday.")] = None,
    port: Annotated[
        int | None, typer.Option(help="Port of the pages on 127.0.0.1; 0 lets the system choose.", min=0, max=65535)
    ] = None,
    *,
    once: Annotated[bool, typer.Option("--once", help="Run the night and stop, without serving the pages.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object on the last line.")] = False,
) -> None:
    """Build a town, enter it through `import`, run a night over it, and serve the pages."""
    here: _Here = context.obj
    wish = demos.Wish(data or here.data, homes, seed, _day(day), once=once, port=port)
    demos.run(wish, out, printed.as_json if as_json else lambda counts: told.night(Console(), counts))


@app.command()
def version() -> None:
    """Print the version."""
    sys.stdout.write(__version__ + "\n")


def main() -> None:
    """Run the command line; edge.py says with which exit code it ends."""
    outset.hold_streams()
    if (why := outset.refused(sys.argv[1:], os.environ)) is not None:
        told.refused(out, why)
        sys.exit(edge.WRONG)
    sys.exit(edge.run(app, out))


if __name__ == "__main__":
    main()

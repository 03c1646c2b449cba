"""`kwartier permission`: what was allowed to whom, what parties claim and another administrator tells, what ends by itself."""

import re
import secrets
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from kwartier.cli import edge, printed, staffed, told_permission
from kwartier.grounds import information
from kwartier.model.register import channels_of
from kwartier.workflows import jobs
from kwartier.workflows import permission as workflow
from kwartier.workflows.installation import system_clock
from kwartier.workflows.permission import claims, desk, elsewhere, ends, mandates, overview
from kwartier.workflows.permission.overview import Handed, Listed, Provided, RequestRow
from kwartier.workflows.visits import looks

app = typer.Typer(no_args_is_help=True, help="Permissions: what was allowed to whom, what is claimed, and what ends by itself.")
out = Console(stderr=True)
_REFERENCE = re.compile(r"(?:(mandate|permission)-([1-9][0-9]{0,17})|(reminder)-([1-9][0-9]{0,17})-[0-9]{1,4})")
MOST_SEED = 2**53
"""Below this a seed is the same number for whatever reads JSON."""

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, one object per line.")]
OfParty = Annotated[str | None, typer.Option("--party", help="Public code of a party, for its own only.")]
After = Annotated[int, typer.Option(help="Number of a line: those behind it.", min=0)]
Limit = Annotated[int | None, typer.Option(help="So many at the most.", min=1, max=10**9)]
Party = Annotated[str, typer.Argument(help="Public code of a third party.")]
Identifier = Annotated[str, typer.Argument(help="Identifier of a permission, as `permission list` has it.")]


@app.command("list")
@staffed.by
def list_(
    context: typer.Context,
    party: OfParty = None,
    *,
    active: Annotated[bool, typer.Option("--active", help="Only those that are in force now.")] = False,
    after: Annotated[str | None, typer.Option(help="Identifier of a permission: those behind it.")] = None,
    limit: Limit = None,
    as_json: AsJson = False,
) -> None:
    """List permissions, active and past, by number; connections by their number, never their EAN."""
    at = system_clock()
    with staffed.opened(context) as house:
        overview.check_party(house, party)
        for one in islice(overview.every(house, party=party, active_at=at if active else None, after=after), limit):
            if as_json:
                printed.as_json(listed_as_dict(one, at))
            else:
                told_permission.listed(Console(), one, at)


@app.command("requests")
@staffed.by
def requests_(
    context: typer.Context, party: OfParty = None, *, after: After = 0, limit: Limit = None, as_json: AsJson = False
) -> None:
    """List what parties asked for and claimed, waiting and past, with what became of each; people as nobody."""
    with staffed.opened(context) as house:
        overview.check_party(house, party)
        for code, one in islice(overview.requested(house, party=party, after=after), limit):
            if as_json:
                printed.as_json(request_as_dict(code, one))
            else:
                told_permission.request(Console(), code, one)


@app.command()
@staffed.by
def asked(context: typer.Context, request: Annotated[int, typer.Argument(help="Number of a request.", min=1)]) -> None:
    """Print what a party asked and what came of looking at it, as information objects of EU 2023/1162: JSON lines.

    They name the metering point, as `permission show --json` does.
    """
    with staffed.opened(context) as house:
        for one in overview.asked(house, request):
            printed.as_json(information.as_json(one))


@app.command()
@staffed.by
def log(context: typer.Context, party: OfParty = None, *, after: After = 0, limit: Limit = None, as_json: AsJson = False) -> None:
    """Print the permission provision log: what was granted, revoked, terminated, and what ended by itself."""
    with staffed.opened(context) as house:
        overview.check_party(house, party)
        for one in islice(overview.log(house, party=party, after=after), limit):
            if as_json:
                printed.as_json(provided_as_dict(one))
            else:
                told_permission.provided(Console(), one)


@app.command()
@staffed.by
def notify(context: typer.Context, party: Party, *, after: After = 0, limit: Limit = None) -> None:
    """Print what a party is to be told, as information objects of EU 2023/1162: JSON lines that name customer and metering point.

    Another installation of which we are the permission administrator takes the same lines. There is one for each line of
    `permission log --party`, whose numbers --after takes.
    """
    with staffed.opened(context) as house:
        overview.check_party(house, party)
        for one in islice(overview.notifications(house, party, at=system_clock(), after=after), limit):
            printed.as_json(information.as_json(one))


@app.command()
@staffed.by
def show(context: typer.Context, identifier: Identifier, *, as_json: AsJson = False) -> None:
    """Show one permission: what was given, its lines of the provision log, and what was handed over under it.

    Its giver's log says that it was looked at. With --json as the information object of EU 2023/1162, which names customer and
    metering point.
    """
    at = system_clock()
    with staffed.opened(context) as house:
        found = overview.show(house, identifier, at=at)
        looks.looked_at(house, found.listed.subject, [found.listed.connection], "permission", now=at)
    if as_json:
        lists = {"log": [provided_as_dict(one) for one in found.log], "access_log": [access_as_dict(one) for one in found.accessed]}
        printed.as_json(information.as_json(found.information) | lists)
    else:
        told_permission.shown(Console(), found, at)


@app.command()
@staffed.by
def sweep(context: typer.Context, *, as_json: AsJson = False) -> None:
    """Write down what ended by itself, close requests, let unvetoed mandates begin, remind by letter. Nights and deliveries too."""
    with staffed.opened(context, scheduled=True) as house:
        found = workflow.keep_up(house, at=system_clock())
        jobs.sign(house, edge.beside(out))
    _report(found.counts(), as_json=as_json)


@app.command()
@staffed.by
def take(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="JSON lines, as docs/PERMISSIONS.md says.", exists=True, dir_okay=False)],
    *,
    as_json: AsJson = False,
) -> None:
    """Take permissions and their ends from another permission administrator; a line that cannot be taken is put aside."""
    with staffed.opened(context, scheduled=True) as house:
        found = elsewhere.take(house, file, at=system_clock())
        jobs.sign(house, edge.beside(out))
    _report({"run": found.run} | found.counts(), as_json=as_json)


@app.command()
@staffed.by
def claim(
    context: typer.Context,
    party: Party,
    file: Annotated[Path, typer.Argument(help="CSV, as docs/PERMISSIONS.md says.", exists=True, dir_okay=False)],
    *,
    as_json: AsJson = False,
) -> None:
    """Take the mandates that a party claims: each customer hears of it first, and may veto it."""
    with staffed.opened(context, scheduled=True) as house, edge.working(out, "mandates are taken"):
        found = claims.upload(house, party, file, at=system_clock())
        jobs.sign(house, edge.beside(out))
    _report({"run": found.run} | found.counts(), as_json=as_json)


@app.command()
@staffed.by
def ask(
    context: typer.Context,
    party: Party,
    file: Annotated[Path, typer.Argument(help="CSV, as docs/PERMISSIONS.md says.", exists=True, dir_okay=False)],
    *,
    as_json: AsJson = False,
) -> None:
    """Put what a party asks to the customers: each says yes or no on their own page."""
    with staffed.opened(context, scheduled=True) as house, edge.working(out, "requests are taken"):
        found = claims.ask(house, party, file, at=system_clock())
        jobs.sign(house, edge.beside(out))
    _report({"run": found.run} | found.counts(), as_json=as_json)


@app.command()
@staffed.by
def sample(
    context: typer.Context,
    party: Party,
    most: Annotated[int, typer.Option(help="So many mandates at the most.", min=1)] = 20,
    seed: Annotated[
        int | None, typer.Option(help="Draw the same again, or by a seed made in public; else by chance.", min=0, max=MOST_SEED - 1)
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Draw mandates of a party whose evidence it must show; what is not shown in time has failed.

    The seed is printed and told to the log, so that anybody can draw the same again.
    """
    drawn = secrets.randbelow(MOST_SEED) if seed is None else seed
    with staffed.opened(context) as house:
        found = mandates.sample(house, party, most=most, seed=drawn, at=system_clock())
        jobs.sign(house, edge.beside(out))
    _report({"samples": found, "seed": drawn, "days": mandates.SHOW_WITHIN.days}, as_json=as_json)


@app.command()
@staffed.by
def veto(
    context: typer.Context,
    reference: Annotated[
        str, typer.Argument(help="As the letter has it: `mandate-4`, `reminder-7-30`; `permission-7` where there was none.")
    ],
) -> None:
    """Write down that a customer says no by letter: to a claimed mandate, or to a permission, which is revoked.

    What has ended or never began stays as it is; the no is kept, and no mandate of the same begins by silence.
    """
    kind, number = _referred(reference)
    with staffed.opened(context) as house:
        if kind == "mandate":
            permission = mandates.veto_by_letter(house, number, at=system_clock())
        else:
            permission = number if desk.take_back_by_letter(house, number, at=system_clock()) else None
        jobs.sign(house, edge.beside(out))
    told_permission.vetoed(Console(), permission)


def _referred(reference: str) -> tuple[str, int]:
    """Return what kind of thing a letter is about, and its number."""
    found = _REFERENCE.fullmatch(reference)
    if found is None:
        msg = "no letter has such a reference"
        raise typer.BadParameter(msg, param_hint="REFERENCE")
    return found[1] or found[3], int(found[2] or found[4])


@app.command()
@staffed.by
def evidence(
    context: typer.Context,
    sample: Annotated[int, typer.Argument(help="Number of a sample.", min=1)],
    *,
    held: Annotated[bool, typer.Option("--held/--failed", help="Whether the party showed it.")],
) -> None:
    """Say whether a party showed the evidence of a sample. If not, it is suspended and its permissions end."""
    at = system_clock()
    with staffed.opened(context) as house:
        mandates.show(house, sample, held=held, at=at)
        ends.sweep(house, at=at)
        jobs.sign(house, edge.beside(out))


@app.command()
@staffed.by
def end(context: typer.Context, party: Party, identifier: Identifier) -> None:
    """Let a party end its service under a permission."""
    with staffed.opened(context) as house:
        ends.terminate(house, party, identifier, at=system_clock())
        jobs.sign(house, edge.beside(out))


def _report(counts: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        printed.as_json(counts)
    else:
        told_permission.counts(Console(), counts)


def listed_as_dict(one: Listed, at: datetime) -> dict[str, Any]:
    """Return a permission as JSON has it: no EAN, no customer's code."""
    ended = one.ended(at)
    return {
        "permission": one.identifier,
        "connection": one.connection,
        "party": one.party_code,
        "channels": [channel.name.lower() for channel in channels_of(one.mask)],
        "data_from": one.data.start.isoformat(),
        "data_to": None if one.data.end is None else one.data.end.isoformat(),
        "from": one.live.start.isoformat(),
        "to": None if (end := one.until(at)) is None else end.isoformat(),
        "schedule": one.schedule,
        "origin": one.origin,
        "ended": None if ended is None else ended[0],
        "ended_at": None if ended is None else ended[1].isoformat(),
        "because": one.because if ended is not None else None,
    }


def request_as_dict(party: str | None, one: RequestRow) -> dict[str, Any]:
    """Return a request as JSON has it: no EAN, no customer's code, no words of the party."""
    return {
        "request": one.id,
        "origin": one.origin,
        "party": party,
        "connection": one.connection,
        "channels": [channel.name.lower() for channel in channels_of(one.scope.mask)],
        "asked": one.asked.isoformat(),
        "answer_by": one.answer_by.isoformat(),
        "state": one.event,
        "at": one.event_at.isoformat(),
        "because": one.because,
    }


def provided_as_dict(one: Provided) -> dict[str, Any]:
    """Return a line of the provision log as JSON has it."""
    return {
        "number": one.id,
        "at": one.at.isoformat(),
        "event": one.event,
        "because": one.because,
        "permission": one.identifier,
        "party": one.party_code,
    }


def access_as_dict(one: Handed) -> dict[str, Any]:
    """Return a line of a permission's data access log as JSON has it."""
    return {
        "at": one.at.isoformat(),
        "parcel": one.parcel,
        "channels": [channel.name.lower() for channel in channels_of(one.mask)],
        "from": one.period.start.isoformat(),
        "to": None if one.period.end is None else one.period.end.isoformat(),
    }

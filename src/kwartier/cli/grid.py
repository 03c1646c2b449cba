"""`kwartier grid`: outages and dangerous situations, now and then. Nothing here can read usage."""

import signal
import threading
from datetime import UTC, date, datetime
from typing import Annotated, Any

import typer
from rich.console import Console

from kwartier.cli import alarms, days, edge, printed, serving, staffed, told, told_care
from kwartier.model.period import from_epoch_s
from kwartier.workflows import grid_care
from kwartier.workflows.grid_care import Allocated, Allocation, Endangered, Outages, Reconciliation, Settled
from kwartier.workflows.installation import Installation, opened, system_clock
from kwartier.workflows.visits import looks

app = typer.Typer(no_args_is_help=True, help="Care for the grid, now and then: outages, dangerous situations, alarms.")
out = Console(stderr=True)

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


@app.command()
@staffed.by
def outages(
    context: typer.Context,
    transformer: Annotated[list[str] | None, typer.Option(help="Only behind this transformer; may be given again.")] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Ask meters for power failures and voltages where a use case for outages is approved; say which transformer was out, or is."""
    with staffed.opened(context, scheduled=True) as house, house.executor() as executor, edge.working(out, "meters are asked"):
        found = grid_care.find_outages(house, executor, clock=system_clock, names=transformer)
    if as_json:
        printed.as_json(outages_as_dict(found))
    else:
        told_care.outages(Console(), found)


def outages_as_dict(found: Outages) -> dict[str, Any]:
    """Return what was out as JSON has it. Homes are counted, never named; a home's own failure is its meter's number."""
    names = {key: one.name for key, one in found.stations.items()}
    return found.round.counts() | {
        "outages": [
            {
                "transformer": names[one.transformer],
                "start": from_epoch_s(one.start_s).isoformat(),
                "end": from_epoch_s(one.end_s).isoformat(),
                "homes": one.homes,
                "asked": one.asked,
            }
            for one in found.found.outages
        ],
        "own": [
            {
                "meter": one.meter,
                "transformer": names[one.transformer],
                "start": from_epoch_s(one.start_s).isoformat(),
                "end": from_epoch_s(one.end_s).isoformat(),
            }
            for one in found.found.own
        ],
        "dark": [
            {"transformer": names[one.transformer], "phase": one.phase, "homes": one.homes, "asked": one.asked}
            for one in found.dark
        ],
    }


def _tell_dangers(context: typer.Context, house: Installation, counts: dict[str, Any], *, as_json: bool) -> None:
    """List the connections with a danger to whoever is named; that they were looked at goes into the log first."""
    found = grid_care.endangered(house)
    if not staffed.is_named(context):
        told_care.unlisted(Console(), len(found), counts, "grid dangers --no-ask", as_json=as_json)
        return
    looks.looked(house, (one.connection for one in found), "dangers", now=system_clock())
    if as_json:
        printed.as_json(counts | {"dangers": [danger_as_dict(one) for one in found]})
    else:
        told_care.dangers(Console(), found, counts)


@app.command()
@staffed.by
def dangers(
    context: typer.Context,
    *,
    ask: Annotated[bool, typer.Option("--ask/--no-ask", help="Ask the meters first, where a use case is approved.")] = True,
    as_json: AsJson = False,
) -> None:
    """List dangerous situations with who must act. By itself, without a name, it tells how many: --no-ask lists them."""
    counts: dict[str, Any] = {}
    with staffed.opened(context, scheduled=ask) as house:
        if ask:
            with house.executor() as executor, edge.working(out, "meters are asked"):
                counts = grid_care.look_for_dangers(house, executor, clock=system_clock).counts()
        _tell_dangers(context, house, counts, as_json=as_json)


def danger_as_dict(one: Endangered) -> dict[str, Any]:
    """Return a connection with dangers as JSON has it."""
    found = [
        {"danger": str(f.danger), "since": f.since.isoformat(), "phase": f.phase, "level_dv": f.level_dv, "act": str(f.act)}
        for f in one.found
    ]
    return {"meter": one.meter, "equipment_id": one.equipment_id, "area": one.area, "found": found}


@app.command()
@staffed.by
def listen(
    context: typer.Context,
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1; 0 lets the system choose.", min=0, max=65535)] = 0,
) -> None:
    """Take alarms that meters send, until ended with Ctrl-C; then say what became of them."""
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda _number, _frame: ended.set())
    signal.signal(signal.SIGINT, lambda _number, _frame: ended.set())
    with staffed.opened(context, scheduled=True) as house, serving.listening(port) as bound:
        told.said(out, f"Alarms are taken on {serving.HOST}:{bound.getsockname()[1]}  (end with Ctrl-C)")
        with alarms.taking(house, bound, failed=edge.beside(out)) as post:
            ended.wait()
    printed.as_json({"alarms": dict(sorted(post.fates.items()))})


@app.command()
def allocation(
    context: typer.Context,
    day: Annotated[str, typer.Option("--date", help="Local day.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Tell what the homes of each supplier used on a day, in sums over groups of homes; read by nights under a use case."""
    about = days.named(day, "--date")
    with opened(context.obj.data) as house:
        found = grid_care.allocated(house, about)
    if as_json:
        printed.as_json(allocation_as_dict(found))
    else:
        told_care.allocation(Console(), found)


def allocation_as_dict(found: Allocation) -> dict[str, Any]:
    """Return the sums of a day as JSON has them: Wh, of gas dm3."""
    return {"allocated": [_share(code, one) for code, one in found.sums], "withheld": found.withheld}


def _share(code: str, one: Allocated | Settled) -> dict[str, Any]:
    return {
        "supplier": code,
        "area": one.area,
        "product": one.product,
        "homes": one.homes,
        "taken": one.taken,
        "given": one.given,
    }


@app.command()
def reconciliation(
    context: typer.Context,
    month: Annotated[str, typer.Option("--month", help="Calendar month, as 2027-01.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Tell what the homes of each supplier used in a month, in sums over groups of homes, and of how many of its homes."""
    with opened(context.obj.data) as house:
        found = grid_care.reconciled(house, _month(month))
    if as_json:
        printed.as_json(reconciliation_as_dict(found))
    else:
        told_care.reconciliation(Console(), found)


def reconciliation_as_dict(found: Reconciliation) -> dict[str, Any]:
    """Return the sums of a month as JSON has them: Wh, of gas dm3; null where nothing may be told."""
    sums = [_share(code, one) | {"read": one.read} for code, one in found.sums]
    return {"reconciled": sums, "withheld": found.withheld}


def _month(text: str) -> date:
    try:
        return datetime.strptime(text, "%Y-%m").replace(tzinfo=UTC).date()
    except ValueError:
        message = f"{text!r} is no month; a month is written as YYYY-MM"
        raise typer.BadParameter(message, param_hint="'--month'") from None


@app.command("alarms")
@staffed.by
def alarms_(context: typer.Context, *, as_json: AsJson = False) -> None:
    """Look into the alarms that came: ask each meter, since what it told was not authenticated, then list the dangers.

    By itself, without a name, it tells how many: `grid dangers --no-ask` lists them.
    """
    with staffed.opened(context, scheduled=True) as house:
        with house.executor() as executor, edge.working(out, "meters are asked"):
            counts = grid_care.look_into_alarms(house, executor, clock=system_clock).counts()
        _tell_dangers(context, house, counts, as_json=as_json)

"""`kwartier grounds`: who may know what and why, and what a change of the code of conduct would mean.

Nothing is changed; that somebody looked at a person's connection goes into the log.
"""

import sys
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from kwartier.cli import edge, printed, staffed, told_grounds
from kwartier.cli.customer import number as number_of
from kwartier.cli.days import named
from kwartier.grounds.explain import Bar, Explanation
from kwartier.grounds.stand import Stand
from kwartier.model.ground import Refusal
from kwartier.model.period import Period, day_of, midnight
from kwartier.model.register import channels_of
from kwartier.workflows import conduct
from kwartier.workflows.conduct import Difference, Outcome, Who
from kwartier.workflows.installation import system_clock

app = typer.Typer(no_args_is_help=True, help="Grounds: who may know what of a connection and why; what a change would mean.")
out = Console(stderr=True)

MOST_DAYS = 366
_NOON = timedelta(hours=12)

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Connection = Annotated[int, typer.Argument(help="Number of the connection in the registry; never its EAN.", min=1)]
Day = Annotated[str | None, typer.Option("--date", help="As of noon of this local day, by what is known now; default now.")]


def _moment(text: str | None) -> datetime:
    return system_clock() if text is None else midnight(named(text, "--date")) + _NOON


@app.command()
@staffed.by
def may(
    context: typer.Context,
    party: Annotated[str, typer.Argument(help="Public code of a supplier or third party.")],
    connection: Connection,
    day: Day = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Tell what a party may see of a connection and why, and for which purposes nothing and why. Exits 1 if it may see nothing."""
    at, number = _moment(day), number_of(connection)
    with staffed.opened(context) as house:
        found = conduct.may(house, party, number, at=at, now=system_clock())
    if as_json:
        printed.as_json({"party": party, "connection": connection, "at": at.isoformat()} | stand_as_dict(found))
    else:
        told_grounds.stands(Console(), found)
    if not found.may:
        raise typer.Exit(edge.NO)


@app.command()
@staffed.by
def who(context: typer.Context, connection: Connection, day: Day = None, *, as_json: AsJson = False) -> None:
    """Tell who may see what of a connection and why, and what bars everybody."""
    at, number = _moment(day), number_of(connection)
    with staffed.opened(context) as house:
        found = conduct.who(house, number, at=at, now=system_clock())
    if as_json:
        printed.as_json({"connection": connection, "at": at.isoformat()} | who_as_dict(found))
    else:
        told_grounds.who(Console(), found)


@app.command("what-if")
@staffed.by
def what_if(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="A proposed edition, as docs/PROPOSAL.md says.", exists=True, dir_okay=False)],
    day: Annotated[str | None, typer.Option("--date", help="Local day that the nights start with, default yesterday.")] = None,
    days: Annotated[int, typer.Option(help="So many nights.", min=1, max=MOST_DAYS)] = 1,
    *,
    listed: Annotated[bool, typer.Option("--list", help="Print a line per permit first, by number of the connection.")] = False,
    as_json: AsJson = False,
) -> None:
    """Tell which permits would appear and which would vanish over all connections, if a proposed edition were in force."""
    first = named(day, "--date") if day is not None else day_of(system_clock()) - timedelta(days=1)
    base, proposed = conduct.read(file, at=midnight(first + timedelta(days=1)))
    with staffed.opened(context, scheduled=not listed) as house, edge.bars(out) as bars:
        looked = bars.add_task("connections", total=None)
        outcome = conduct.what_if(
            house,
            base,
            proposed,
            first,
            days,
            each=(lambda one: _listed(one, as_json=as_json)) if listed else lambda _: None,
            progress=lambda count: bars.advance(looked, count),
        )
    if as_json:
        printed.as_json(outcome_as_dict(outcome))
    else:
        told_grounds.outcome(Console(), outcome)


def _listed(one: Difference, *, as_json: bool) -> None:
    """Print one permit at once: a registry has more of them than memory should hold."""
    if as_json:
        printed.as_json(one._asdict())
    else:
        change = "appears" if one.appears else "vanishes"
        sys.stdout.write(f"{one.connection} {one.rule} {one.purpose} {one.action} {change}\n")


def stand_as_dict(found: Stand) -> dict[str, Any]:
    """Return how a party stands as JSON has it."""
    return {
        "may": [line_as_dict(one) for one in found.may],
        "may_not": [refusal_as_dict(one) for one in found.may_not],
        "bars": [bar_as_dict(one) for one in found.bars],
    }


def who_as_dict(found: Who) -> dict[str, Any]:
    """Return who may know what as JSON has it. Customers are numbers; parties have their names besides, use cases their codes."""
    return {
        "may": [
            {"role": one.requester.role, "id": one.requester.id, "name": told_grounds.name(one.requester, found)}
            | line_as_dict(one)
            for one in found.lines
        ],
        "bars": [bar_as_dict(one) for one in found.bars],
    }


def line_as_dict(one: Explanation) -> dict[str, Any]:
    """Return one line of what may be known as JSON has it."""
    return _span(one.period) | {
        "purpose": one.purpose,
        "actions": list(one.actions),
        "channels": [channel.name.lower() for channel in channels_of(one.mask)],
        "since": one.since.isoformat(),
        "fact": {"table": one.fact[0], "id": one.fact[1]},
        "rule": one.rule,
        "edition": one.edition,
        "sentence": one.sentence,
        "article": one.article,
        "nl": one.nl,
        "en": one.en,
    }


def refusal_as_dict(one: Refusal) -> dict[str, Any]:
    """Return a no as JSON has it."""
    keys = ("rule", "edition", "sentence", "article", "nl", "en")
    return {"purpose": one.request.purpose} | {key: getattr(one, key) for key in keys}


def bar_as_dict(one: Bar) -> dict[str, Any]:
    """Return a restriction in force as JSON has it."""
    keys = ("rule", "edition", "sentence", "article", "nl", "en")
    return _span(one.period) | {"kind": one.kind} | {key: getattr(one, key) for key in keys}


def _span(period: Period) -> dict[str, Any]:
    return {"from": period.start.isoformat(), "to": None if period.end is None else period.end.isoformat()}


def outcome_as_dict(outcome: Outcome) -> dict[str, Any]:
    """Return what would change as JSON has it."""
    return {
        "base": outcome.base,
        "proposal": outcome.proposal,
        "date": outcome.day.isoformat(),
        "days": outcome.days,
        "connections": outcome.connections,
        "touched": outcome.touched,
        "asked": outcome.asked,
        "same": outcome.same,
        "appear": _counted(outcome.appear),
        "vanish": _counted(outcome.vanish),
    }


def _counted(counts: Counter[conduct.Key]) -> list[dict[str, Any]]:
    return [
        {"rule": rule, "purpose": purpose, "action": action, "permits": count}
        for (rule, purpose, action), count in sorted(counts.items())
    ]

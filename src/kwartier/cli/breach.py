"""`kwartier breach`: data breaches (GDPR art. 33, 34): scope, whom they touched by the log, who was told. Answers are JSON."""

from typing import Annotated, Any

import typer

from kwartier.cli import printed, private, staffed
from kwartier.cli.days import moment
from kwartier.model.period import Period
from kwartier.workflows.installation import system_clock
from kwartier.workflows.rights import Breach, Scope
from kwartier.workflows.rights import breach as breaches
from kwartier.workflows.rights.breach import Reach, Whom

app = typer.Typer(no_args_is_help=True, help="Data breaches: whom they touched, by the log alone; who must be told and until when.")

Number = Annotated[int, typer.Argument(help="Number of the breach.", min=1)]
Reason = Annotated[
    str,
    typer.Option(
        "--reason",
        metavar=private.FILE,
        help="Of a delay, or why somebody was not told: a file, or `-` for standard input.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Accepted; the answer is one JSON object anyhow.")]


@app.command("open")
@staffed.by
def open_(  # noqa: PLR0913 - the options of one command, each a part of the scope
    context: typer.Context,
    since: Annotated[str, typer.Option("--from", help="From when data may have been seen: a local date, or a moment with offset.")],
    until: Annotated[str, typer.Option("--to", help="Until when, in the same form; not included.")],
    nature: Annotated[
        str,
        typer.Option(
            metavar=private.FILE,
            help="What happened, as whom it touched will read it, without names: a file, or `-` for standard input.",
        ),
    ],
    *,
    known: Annotated[str | None, typer.Option(help="Since when it is known; default now.")] = None,
    connection: Annotated[
        list[int] | None, typer.Option(help="Only about this connection, by its number; may be repeated.")
    ] = None,
    kind: Annotated[list[str] | None, typer.Option(help="Only this kind of event, as `parcel:delivered`; may be repeated.")] = None,
    actor: Annotated[str | None, typer.Option(help="Only what this actor did, as the log names it.")] = None,
    party: Annotated[str | None, typer.Option(help="Only on behalf of this party, by its public code.")] = None,
    _as_json: AsJson = False,
) -> None:
    """Open a breach with its scope; from when it is known, 72 hours run."""
    now = system_clock()
    period = Period(moment(since, "--from"), moment(until, "--to"))
    at = now if known is None else moment(known, "--known")
    said = private.text(nature, "'--nature'")
    with staffed.opened(context) as house:
        which = None if party is None else breaches.party(house, party)
        scope = Scope(period, tuple(connection) if connection else None, tuple(kind) if kind else None, actor, which)
        printed.as_json(as_dict(breaches.open_(house, scope, said, by=_who(context), known=at, at=now)))


@app.command("list")
@staffed.by
def list_(context: typer.Context, *, _as_json: AsJson = False) -> None:
    """List all breaches, closed ones too, with their terms and what was done."""
    with staffed.opened(context) as house:
        printed.as_json({"breaches": [as_dict(one) for one in breaches.listed(house)]})


@app.command()
@staffed.by
def touched(context: typer.Context, breach: Number, *, _as_json: AsJson = False) -> None:
    """Find in the log whom it touched, by number; and who must be told until when."""
    with staffed.opened(context) as house:
        printed.as_json(reach_as_dict(breaches.touched(house, breach)))


@app.command()
@staffed.by
def notify(
    context: typer.Context,
    breach: Number,
    whom: Annotated[Whom, typer.Argument(help="Who is told.")],
    *,
    reason: Reason = "",
    _as_json: AsJson = False,
) -> None:
    """Write down who was told; persons are told by this itself, on their page and in their log."""
    with staffed.opened(context) as house:
        printed.as_json(
            reach_as_dict(
                breaches.notify(
                    house, breach, whom, by=_who(context), because=private.text(reason, "'--reason'"), at=system_clock()
                )
            )
        )


@app.command()
@staffed.by
def close(context: typer.Context, breach: Number, *, reason: Reason = "", _as_json: AsJson = False) -> None:
    """Close it: authority and persons were told, or the reason says why not."""
    with staffed.opened(context) as house:
        printed.as_json(
            as_dict(breaches.close(house, breach, by=_who(context), because=private.text(reason, "'--reason'"), at=system_clock()))
        )


def _who(context: typer.Context) -> str:
    """Return who runs the command, by name."""
    found = staffed.person(context)
    return "" if found is None else found.person


def as_dict(one: Breach) -> dict[str, Any]:
    """Return a breach as JSON has it."""
    end = one.scope.period.end
    return {
        "breach": one.id,
        "known": one.known.isoformat(),
        "due": one.due.isoformat(),
        "nature": one.nature,
        "scope": {
            "from": one.scope.period.start.isoformat(),
            "to": None if end is None else end.isoformat(),
            "connections": one.scope.connections,
            "kinds": one.scope.kinds,
            "actor": one.scope.actor,
            "party": one.scope.party,
        },
        "events": [{"at": each.at.isoformat(), "event": each.event, "because": each.because} for each in one.events],
        "closed": one.closed,
    }


def reach_as_dict(one: Reach) -> dict[str, Any]:
    """Return whom a breach touched as JSON has it. People are numbers."""
    return as_dict(one.breach) | {
        "persons": len(one.persons),
        "erased_lines": one.erased,
        "unknown_lines": one.unknown,
        "touched": [
            {
                "subject": each.subject,
                "connection": each.connection,
                "lines": each.lines,
                "first": each.first.isoformat(),
                "last": each.last.isoformat(),
            }
            for each in one.touched
        ],
        "owed": [
            {
                "whom": each.whom,
                "until": None if each.until is None else each.until.isoformat(),
                "article": each.article,
                "done": each.done,
            }
            for each in breaches.owed(one)
        ],
    }

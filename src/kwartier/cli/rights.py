"""`kwartier rights`: the register of requests under the privacy law, and the answers that a named person gives."""

import sys
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from kwartier.cli import corrections, erasure, printed, private, staffed
from kwartier.cli.corrections import answer_of, done, span
from kwartier.cli.days import moment
from kwartier.cli.told import said
from kwartier.grounds.rights import ARTICLES, AT_ONCE, Right
from kwartier.model.period import ZONE, Period
from kwartier.workflows import rights
from kwartier.workflows.installation import opened, system_clock
from kwartier.workflows.rights import MyRequest, rectify
from kwartier.workflows.rights import dispute as disputing

app = typer.Typer(no_args_is_help=True, help="Rights of the person (GDPR art. 15 to 21): requests, terms, answers.")
app.command()(erasure.erase)
app.command("correct-reading")(staffed.by(corrections.correct_reading))
app.command()(staffed.by(corrections.couplings))
app.command("correct-coupling")(staffed.by(corrections.correct_coupling))
app.command()(staffed.by(corrections.told))

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Number = Annotated[int, typer.Argument(help="Number of the request.", min=1)]
why = "'--reason'"
CODE: Final = "the person's code"


class Form(StrEnum):
    """How a document is written."""

    JSON = "json"
    CSV = "csv"


class Outcome(StrEnum):
    """What became of a dispute."""

    RIGHT = disputing.RIGHT
    WRONG = disputing.WRONG


@app.command("list")
@staffed.by
def list_(
    context: typer.Context,
    *,
    every: Annotated[bool, typer.Option("--all", help="Answered ones too.")] = False,
    as_json: AsJson = False,
) -> None:
    """List the requests that wait for an answer, with their terms. People are numbers here."""
    with staffed.opened(context) as house:
        found = rights.listed(house, only_open=not every)
    if as_json:
        printed.as_json({"requests": [_without_words(one) for one in found]})
        return
    table = Table(box=None, pad_edge=False)
    for column in ("request", "person", "right", "asked", "before", "state"):
        table.add_column(column, overflow="fold")
    for one in found:
        table.add_row(str(one.id), str(one.subject), one.right, _day(one.asked), _day(one.due), one.state)
    if found:
        Console().print(table, highlight=False)
    else:
        said(Console(), "Nothing waits for an answer.")


@app.command()
@staffed.by
def show(context: typer.Context, request: Number, *, as_json: AsJson = False) -> None:
    """Show one request: in whose words, what became of it, and the answer per ground."""
    with staffed.opened(context) as house:
        found = rights.look(house, request, at=system_clock())
    _tell(found, as_json=as_json)


@app.command()
@staffed.by
def ask(
    context: typer.Context,
    right: Annotated[Right, typer.Argument(help="Which right.")],
    *,
    about: Annotated[str, typer.Option(help="Of an objection: the purpose, as `outage`.")] = "",
    words: private.Words = "",
    as_json: AsJson = False,
) -> None:
    """Write down a request that came by letter or telephone; the first line of standard input is the person's own code."""
    if right is Right.OBJECTION and not about:
        message = "an objection is to a purpose, as `outage`"
        raise typer.BadParameter(message, param_hint="'--about'")
    code = private.first(CODE)
    said = private.text(words, "'--words'")
    with staffed.opened(context) as house:
        found = rights.ask_for(house, code, right, about=about, words=said, at=system_clock())
    _tell(found, as_json=as_json)


@app.command()
@staffed.by
def answer(
    context: typer.Context,
    request: Number,
    *,
    reason: private.Reason = "",
    refuse: Annotated[bool, typer.Option("--refuse", help="Refuse it, with the reason.")] = False,
    as_json: AsJson = False,
) -> None:
    """Answer a request, or refuse it, as a named person with the reason; one that the table answers needs neither."""
    with staffed.opened(context) as house:
        if rights.request(house, request).right in AT_ONCE and not refuse:
            found = rights.answered_at_once(house, request, at=system_clock())
        else:
            found = rights.answer(
                house, request, by=_who(context), because=private.text(reason, why), refused=refuse, at=system_clock()
            )
    _tell(found, as_json=as_json)


@app.command()
@staffed.by
def write(
    context: typer.Context,
    request: Number,
    file: Annotated[Path, typer.Option("--out", help="The new file, for the person: nobody else may read it.", dir_okay=False)],
    *,
    form: Annotated[Form, typer.Option(help="For portability also `csv`: a zip of sheets.")] = Form.JSON,
) -> None:
    """Write the document that answers a request for access or portability into a file, for who asked by letter."""
    with private.new_file(file, "'--out'") as new, staffed.opened(context) as house:
        new.write(rights.for_post(house, request, form, at=system_clock()).body)
    said(Console(stderr=True), f"Written to {file}. The person's log says that somebody of yours had it.")


@app.command()
@staffed.by
def extend(context: typer.Context, request: Number, *, reason: private.Reason = "", as_json: AsJson = False) -> None:
    """Take two months longer, once, within the first month, with the reason (GDPR art. 12(3))."""
    with staffed.opened(context) as house:
        found = rights.extend(house, request, by=_who(context), because=private.text(reason, why), at=system_clock())
    _tell(found, as_json=as_json)


@app.command()
@staffed.by
def override(context: typer.Context, request: Number, *, reason: private.Reason = "", as_json: AsJson = False) -> None:
    """Go on in spite of an objection on compelling grounds, or end a restriction; the person reads the grounds."""
    with staffed.opened(context) as house:
        found = rights.override(house, request, by=_who(context), because=private.text(reason, why), at=system_clock())
    _tell(found, as_json=as_json)


@app.command()
def record(context: typer.Context) -> None:
    """Print the record of processing of this installation (GDPR art. 30): activities, kinds of data, parties as they stand."""
    with opened(context.obj.data) as house:
        sys.stdout.write(rights.record(house, at=system_clock()))


@app.command()
@staffed.by
def stays(context: typer.Context) -> None:
    """List where a person lives and lived, with the numbers of these stays; the person's own code is read from standard input."""
    code = private.first(CODE)
    with staffed.opened(context) as house:
        found = rectify.stays(house, code, at=system_clock())
    printed.as_json({"stays": [{"stay": one.id, "connection": one.connection, **span(one.period)} for one in found]})


@app.command("correct-stay")
@staffed.by
def correct_stay(
    context: typer.Context,
    stay: Annotated[int, typer.Argument(help="Number of the stay, of `rights stays`.", min=1)],
    *,
    since: Annotated[
        str | None, typer.Option("--from", help="When it really began: a local date, or a moment with offset.")
    ] = None,
    until: Annotated[str | None, typer.Option("--to", help="When it really ended; without it the person lives there.")] = None,
    nobody: Annotated[bool, typer.Option("--nobody", help="It never was: take it out.")] = False,
    another: Annotated[bool, typer.Option("--another", help="It was another person's, whose code is on standard input.")] = False,
    request: Annotated[int | None, typer.Option(help="The request that this answers.")] = None,
    reason: private.Reason = "",
) -> None:
    """Put right when somebody lived somewhere, or who; says which receivers must be told (GDPR art. 16, 19)."""
    if (since is None) != nobody:
        message = "say from when, or that it was --nobody's"
        raise typer.BadParameter(message, param_hint="'--from'")
    if nobody and (another or until is not None):
        message = "what was nobody's stay has no end and no other person"
        raise typer.BadParameter(message, param_hint="'--nobody'")
    period = None if since is None else Period(moment(since, "--from"), None if until is None else moment(until, "--to"))
    whose = private.first(CODE) if another else None
    with staffed.opened(context) as house:
        answer_ = answer_of(context, reason, request)
        printed.as_json(done(rectify.correct_stay(house, stay, period, answer_, at=system_clock(), whose=whose)))


@app.command("correct-name")
@staffed.by
def correct_name(
    context: typer.Context,
    *,
    request: Annotated[int | None, typer.Option(help="The request that this answers.")] = None,
    reason: private.Reason = "",
) -> None:
    """Put a person's name right; code and name are the first two lines of standard input."""
    code, name = private.first(CODE), private.first("the name")
    with staffed.opened(context) as house:
        printed.as_json(done(rectify.correct_name(house, code, name, answer_of(context, reason, request), at=system_clock())))


@app.command()
@staffed.by
def dispute(
    context: typer.Context,
    connection: Annotated[int, typer.Argument(help="Number of the connection.", min=1)],
    since: Annotated[str, typer.Option("--from", help="From when readings are disputed: a local date, or a moment with offset.")],
    until: Annotated[str, typer.Option("--to", help="Until when, in the same form; not included.")],
    *,
    request: Annotated[int | None, typer.Option(help="The request that this is about.")] = None,
    reason: private.Reason = "",
) -> None:
    """Mark readings that a person disputes: they stay, and are told as doubted wherever they go, until it is settled."""
    period = Period(moment(since, "--from"), moment(until, "--to"))
    with staffed.opened(context) as house:
        number = disputing.dispute(house, connection, period, answer_of(context, reason, request), at=system_clock())
    printed.as_json({"dispute": number, "connection": connection, **span(period)})


@app.command()
@staffed.by
def settle(
    context: typer.Context,
    dispute_: Annotated[int, typer.Argument(metavar="DISPUTE", help="Number of the dispute.", min=1)],
    outcome: Annotated[Outcome, typer.Argument(help="`right`: the mark goes; `wrong`: it stays for good.")],
    *,
    request: Annotated[int | None, typer.Option(help="The request that this answers.")] = None,
    reason: private.Reason = "",
) -> None:
    """Settle a dispute about readings: they were right, or wrong."""
    with staffed.opened(context) as house:
        disputing.settle(house, dispute_, outcome, answer_of(context, reason, request), at=system_clock())
    printed.as_json({"dispute": dispute_, "outcome": outcome})


def _who(context: typer.Context) -> str:
    """Return who runs the command, by name."""
    found = staffed.person(context)
    return "" if found is None else found.person


def _tell(one: MyRequest, *, as_json: bool) -> None:
    if as_json:
        printed.as_json(as_dict(one))
        return
    out = Console()
    said(out, f"Request {one.id} of person {one.subject}: {one.right} ({ARTICLES[one.right]}), {one.state}.")
    said(out, f"Asked on {_day(one.asked)}, to be answered before {_day(one.due)}.")
    for line in (one.about, one.words):
        if line:
            said(out, escape(line))
    for event in one.events:
        said(out, f"{_day(event.at)} {event.event}" + (f": {escape(event.because)}" if event.because else ""))
        for each in event.reached:
            said(out, f"  {each.rule}: {'yes' if each.done else 'no'} ({each.why})")


def as_dict(one: MyRequest) -> dict[str, Any]:
    """Return a request as JSON has it."""
    return {
        "request": one.id,
        "subject": one.subject,
        "right": one.right,
        "article": ARTICLES[one.right],
        "about": one.about,
        "words": one.words,
        "asked": one.asked.isoformat(),
        "due": one.due.isoformat(),
        "state": one.state,
        "open": one.is_open,
        "events": [
            {
                "at": event.at.isoformat(),
                "event": event.event,
                "because": event.because,
                "receipt": event.entry,
                "reached": [{"rule": each.rule, "done": each.done, "why": each.why} for each in event.reached],
            }
            for event in one.events
        ],
    }


def _without_words(one: MyRequest) -> dict[str, Any]:
    """Return a request as the list has it: whoever reads what a person wrote looks at that one, and the person's log says so."""
    told = as_dict(one)
    events = [{name: value for name, value in event.items() if name != "because"} for event in told["events"]]
    return {name: value for name, value in told.items() if name != "words"} | {"events": events}


def _day(moment: datetime) -> str:
    return str(moment.astimezone(ZONE).date())

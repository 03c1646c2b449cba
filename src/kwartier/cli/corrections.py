"""`kwartier rights correct-reading`, `couplings`, `correct-coupling`, `told`: what was wrong is put right and told."""

import csv
from datetime import date, datetime
from typing import Annotated, Any, Final

import typer

from kwartier.cli import printed, private, staffed
from kwartier.cli.customer import number
from kwartier.model.errors import BadInput
from kwartier.model.period import Period, midnight, utc
from kwartier.model.register import Channel
from kwartier.workflows.installation import system_clock
from kwartier.workflows.rights import Rectification, correct, couple, rectify
from kwartier.workflows.rights.correct import Right
from kwartier.workflows.rights.rectify import Answer

COLUMNS: Final = ("channel", "start", "value")
Request = Annotated[int | None, typer.Option(help="The request that this answers.")]


class BadValues(BadInput):
    """No table of values that can be taken; nothing of it was kept, and it is not repeated."""

    code = "bad-values"


def correct_reading(
    context: typer.Context,
    connection: Annotated[int, typer.Argument(help="Number of the connection.", min=1)],
    values: Annotated[
        str,
        typer.Option(
            metavar=private.FILE,
            help="The right values as CSV with the columns channel,start,value (Wh or dm3): a file, or `-` for standard input.",
        ),
    ] = "-",
    *,
    dispute: Annotated[int | None, typer.Option(help="The dispute that this ends.")] = None,
    request: Request = None,
    reason: private.Reason = "",
) -> None:
    """Put readings right: since then everybody is told the right ones, and who was handed the wrong ones is told (art. 16, 19)."""
    said = _values(private.text(values, "'--values'", largest=private.TABLE))
    answer = answer_of(context, reason, request)
    with staffed.opened(context) as house:
        printed.as_json(done(correct.correct(house, number(connection), said, answer, at=system_clock(), dispute=dispute)))


def couplings(
    context: typer.Context, connection: Annotated[int, typer.Argument(help="Number of the gas connection.", min=1)]
) -> None:
    """List to which meters a gas connection was coupled when, with the numbers of these couplings."""
    with staffed.opened(context) as house:
        found = couple.couplings(house, number(connection))
    printed.as_json(
        {"couplings": [{"coupling": one.id, "connection": one.connection, "meter": one.meter, **span(one.period)} for one in found]}
    )


def correct_coupling(
    context: typer.Context,
    pairs: Annotated[
        list[str],
        typer.Argument(metavar="PAIRS", help="COUPLING=CONNECTION for each: which was really to which; `12=` to none of ours."),
    ],
    *,
    request: Request = None,
    reason: private.Reason = "",
) -> None:
    """Put gas meters on the connections that they really measure; two that were swapped are put right in one step (art. 16, 19)."""
    right = [_pair(one) for one in pairs]
    answer = answer_of(context, reason, request)
    with staffed.opened(context) as house:
        made = couple.correct(house, right, answer, at=system_clock())
    printed.as_json({"rectifications": [done(one) for one in made]})


def told(
    context: typer.Context, rectification: Annotated[int, typer.Argument(help="Number of what was put right.", min=1)]
) -> None:
    """Tell which receivers must be told of what was put right, and when each was: the next delivery round does it (art. 19)."""
    with staffed.opened(context) as house:
        found = rectify.told(house, rectification)
    rows = [
        {
            "role": one.role,
            "party": one.receiver,
            "parcels": list(one.parcels),
            "told": None if one.told is None else one.told.isoformat(),
        }
        for one in found
    ]
    printed.as_json({"rectification": rectification, "receivers": rows})


def answer_of(context: typer.Context, reason: str, request: int | None) -> Answer:
    """Return who takes responsibility, why, and the request that this answers. Raises BadParameter."""
    who = staffed.person(context)
    return Answer("" if who is None else who.person, private.text(reason, "'--reason'"), request)


def done(one: Rectification) -> dict[str, Any]:
    """Return what was put right, as JSON has it."""
    return {
        "rectification": one.id,
        "fact": one.fact,
        "wrong": None if one.wrong is None else span(one.wrong),
        "tell": [{"role": each.role, "party": each.party, "parcels": list(each.parcels)} for each in one.tell],
    }


def span(period: Period) -> dict[str, str | None]:
    """Return a period as JSON has it."""
    return {"from": period.start.isoformat(), "to": None if period.end is None else period.end.isoformat()}


def _pair(text: str) -> tuple[int, int | None]:
    coupling, equals, connection = text.partition("=")
    if not equals or not coupling.isdecimal() or not (connection.isdecimal() or not connection):
        message = "is written as COUPLING=CONNECTION, two numbers"
        raise typer.BadParameter(message, param_hint="'PAIRS'")
    return int(coupling), int(connection) if connection else None


def _values(text: str) -> list[Right]:
    """Read the table. Raises BadValues, which names a line and repeats nothing of it."""
    try:
        rows = list(csv.reader(text.splitlines()))
    except csv.Error:  # from None: it may quote what it could not read
        rows = []
    if not rows or tuple(rows[0]) != COLUMNS:
        msg = f"the values are CSV with the columns {','.join(COLUMNS)}"
        raise BadValues(msg)
    return [_value(row, line) for line, row in enumerate(rows[1:], 2)]


def _value(row: list[str], line: int) -> Right:
    try:
        channel, start, value = row
        return Right(Channel[channel.upper()], _moment(start), int(value))
    except (KeyError, ValueError, OverflowError, BadInput):
        msg = f"line {line} is no value: a channel as import or day_import_low, a date or a moment with offset, a whole number"
        raise BadValues(msg) from None


def _moment(text: str) -> datetime:
    try:
        return midnight(date.fromisoformat(text))
    except ValueError:
        return utc(datetime.fromisoformat(text))

"""`kwartier conduct`: the operator's own uses of meter data: proposed with reasons, approved by somebody else, ended, listed."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from kwartier.cli import printed, staffed
from kwartier.cli.told import said
from kwartier.model.period import day_of
from kwartier.model.staff import Staff
from kwartier.workflows.conduct import use_cases
from kwartier.workflows.conduct.use_cases import UseCaseRow
from kwartier.workflows.installation import opened, system_clock

app = typer.Typer(no_args_is_help=True, help="The operator's own uses of meter data, under the code of conduct.")
out = Console(stderr=True)

Code = Annotated[str, typer.Argument(help="Code of the use case.")]


@app.command()
@staffed.by
def propose(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="The proposal, as docs/PARTIES.md says.", exists=True, dir_okay=False)],
) -> None:
    """Propose a use. It grants nothing until somebody else approves it."""
    now, who = system_clock(), _who(context)
    what = use_cases.read(file, at=now)
    with staffed.opened(context) as house:
        use_cases.propose(house, what, who.person, at=now)
    said(out, f"{what.code} is proposed: `kwartier conduct approve {what.code}` is for somebody else.")


@app.command()
@staffed.by
def approve(
    context: typer.Context, code: Code, role: Annotated[str, typer.Option(help="Your role, as the public page tells it.")]
) -> None:
    """Approve a proposal, from now on until it expires. Whoever proposed it cannot."""
    who = _who(context)
    with staffed.opened(context) as house:
        use_cases.approve(house, code, who.person, role, at=system_clock())
    said(out, f"{code} is approved.")


@app.command()
@staffed.by
def end(context: typer.Context, code: Code) -> None:
    """End a use now. A night under way stops reading for it."""
    with staffed.opened(context) as house:
        use_cases.end(house, code, at=system_clock())
    said(out, f"{code} has ended.")


@app.command("list")
def list_(
    context: typer.Context, *, as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False
) -> None:
    """List every use that was ever registered, and what is proposed."""
    with opened(context.obj.data) as house:
        registered, waiting = use_cases.listed(house)
    if as_json:
        proposed = [{"code": one.code, "proposed": one.proposed.isoformat()} for one in waiting]
        printed.as_json({"registered": [_as_dict(one) for one in registered], "proposed": proposed})
        return
    for one in registered:
        said(Console(), "  ".join(_words(one)))
    for what in waiting:
        said(Console(), "  ".join((what.code, str(what.said["purpose"]).replace("_", " "), str(what.said["area"]), "proposed")))


def _words(one: UseCaseRow) -> tuple[str, ...]:
    """Return what is told of a use on its line, which is not broken: a code can be copied."""
    approved = one.case.approved
    span = f"approved {day_of(approved.start)}" + ("" if approved.end is None else f", until {day_of(approved.end)}")
    return one.code, one.case.purpose.replace("_", " "), one.case.area, span, f"by {one.approved_by}"


def _who(context: typer.Context) -> Staff:
    who = staffed.person(context)
    assert who is not None  # noqa: S101 - these commands never run by themselves
    return who


def _as_dict(one: UseCaseRow) -> dict[str, Any]:
    case = one.case
    return {
        "code": one.code,
        "purpose": case.purpose,
        "data_class": case.data_class,
        "area": case.area,
        "yearly_limit": case.yearly_limit,
        "min_group": case.min_group,
        "approved": case.approved.start.isoformat(),
        "until": None if case.approved.end is None else case.approved.end.isoformat(),
        "approved_by": one.approved_by,
        "necessity": one.necessity,
        "subsidiarity": one.subsidiarity,
        "proportionality": one.proportionality,
    }

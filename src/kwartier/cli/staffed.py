"""Who of the operator's people runs a command, and why: `--person` and `--because` for whatever changes or shows personal data.

    @app.command()
    @staffed.by
    def look(context: typer.Context, ...) -> None:
        with staffed.opened(context) as house:

What is recorded through that house as the operator's doing then carries a commitment to both. A command that may run by itself,
on a schedule, says `staffed.opened(context, scheduled=True)`: without a name it acts in the operator's role alone, and then shows
counts and nothing of any connection (`is_named`): a look has a person.
"""

import inspect
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import wraps
from typing import Annotated, Any, Final

import typer

from kwartier.model.staff import Staff
from kwartier.workflows import installation
from kwartier.workflows.installation import Installation

_PERSON: Final = Annotated[
    str | None,
    typer.Option("--person", envvar="KWARTIER_PERSON", help="Who you are. Kept for the audit; the customer sees the role."),
]
_BECAUSE: Final = Annotated[str | None, typer.Option("--because", envvar="KWARTIER_BECAUSE", help="Why you do this.")]
_ASKED: Final = {"person": _PERSON, "because": _BECAUSE}
_META: Final = "kwartier.staff"

Command = Callable[..., None]


def by(command: Command) -> Command:
    """Let a command take `--person` and `--because`; `opened` and `person` have them."""
    plain = inspect.signature(command, eval_str=True)
    asked = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=kind) for name, kind in _ASKED.items()
    ]

    @wraps(command)
    def staffed(person: str | None, because: str | None, **kwargs: Any) -> None:  # noqa: ANN401 - the command's own
        context: typer.Context = kwargs["context"]  # typer names its arguments
        context.meta[_META] = person, because
        command(**kwargs)

    staffed.__signature__ = plain.replace(parameters=[*plain.parameters.values(), *asked])  # type: ignore[attr-defined] # typer reads it
    staffed.__annotations__ = {each.name: each.annotation for each in inspect.signature(staffed).parameters.values()}
    return staffed


def person(context: typer.Context, *, scheduled: bool = False) -> Staff | None:
    """Return who runs the command and why; None if nobody is named and the command may run by itself.

    Raises BadParameter where one is missing, and BadInput for a text that nobody could read.
    """
    who, why = context.meta[_META]
    if who and why:
        return Staff(who, why)
    if scheduled and not who and not why:
        return None
    message = "say who you are and why: --person NAME --because REASON (or set KWARTIER_PERSON and KWARTIER_BECAUSE)"
    raise typer.BadParameter(message, param_hint="'--because'" if who else "'--person'")


def is_named(context: typer.Context) -> bool:
    """True if somebody is named: only then may a command that also runs by itself show what it found of connections."""
    return all(context.meta[_META])


def opened(context: typer.Context, *, scheduled: bool = False, make: bool = False) -> AbstractContextManager[Installation]:
    """Open the installation of the command line for who runs the command. Raises like `person`, and NoInstallation."""
    return installation.opened(context.obj.data, make=make, staff=person(context, scheduled=scheduled))

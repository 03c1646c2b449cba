"""`kwartier parties`: who the parties are, whether they keep to what they agreed, and what happens when they do not."""

import json
from datetime import date, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from kwartier.cli import printed, private, staffed, told_parties
from kwartier.model.errors import BadInput
from kwartier.model.period import Period, day_of, midnight
from kwartier.workflows import parties
from kwartier.workflows.installation import opened, system_clock
from kwartier.workflows.parties import Because, Kind

app = typer.Typer(no_args_is_help=True, help="Parties: agreements, statements of assurance, suspension, suppliers in default.")
out = Console(stderr=True)

LARGEST_KEY = 64 * 1024
"""Bytes; a JWK of any kind in use has a few hundred."""

Code = Annotated[str, typer.Argument(help="Public code of the party.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


@app.command("list")
def list_(context: typer.Context, *, as_json: AsJson = False) -> None:
    """List every party: until when its agreement runs, and whether it is suspended or in default."""
    with opened(context.obj.data) as house:
        found = parties.every(house, at=system_clock())
    if as_json:
        printed.as_json({"parties": [told_parties.standing_as_dict(one) for one in found]})
    else:
        told_parties.standings(Console(), found)


@app.command()
@staffed.by
def show(context: typer.Context, code: Code, *, as_json: AsJson = False) -> None:
    """Show all there is about a party: statements, suspensions, keys, and whom to speak to.

    The last is personal data: the log says that it was looked at, and by whose hand.
    """
    with staffed.opened(context) as house:
        found = parties.show(house, code, at=system_clock())
    if as_json:
        printed.as_json(told_parties.shown_as_dict(found))
    else:
        told_parties.shown(Console(), found)


@app.command()
@staffed.by
def suspend(
    context: typer.Context, code: Code, kind: Annotated[Because, typer.Argument(help="What for; it stands in the log for good.")]
) -> None:
    """Suspend a party: from now on nothing is read for it or handed to it, in a night under way too."""
    with staffed.opened(context) as house:
        new = parties.suspend(house, code, kind, at=system_clock())
    told_parties.said(out, f"{code} is suspended." if new else f"{code} was suspended already.")


@app.command()
@staffed.by
def reinstate(context: typer.Context, code: Code) -> None:
    """End the suspension of a party."""
    with staffed.opened(context) as house:
        parties.reinstate(house, code, at=system_clock())
    told_parties.said(out, f"{code} is reinstated. Permissions that fell away meanwhile do not come back.")


@app.command()
@staffed.by
def assure(
    context: typer.Context,
    code: Code,
    file: Annotated[Path, typer.Argument(help="The statement. Its hash is kept, the file is not.", exists=True, dir_okay=False)],
    kind: Annotated[Kind, typer.Option(help="Whose statement it is.")] = Kind.ACCOUNTANT,
) -> None:
    """Take a statement that a party owed as received."""
    with file.open("rb") as document:
        digest = sha256()
        while piece := document.read(1 << 20):
            digest.update(piece)
    with staffed.opened(context) as house:
        due = parties.receive(house, code, kind, digest.digest(), at=system_clock())
    told_parties.said(out, f"The statement of {due} by the {kind} is received. It does not end a suspension: `parties reinstate`.")


@app.command()
@staffed.by
def check(context: typer.Context, *, as_json: AsJson = False) -> None:
    """Tell which statements are due, and suspend parties whose statement is overdue. Doing it twice does nothing more."""
    with staffed.opened(context, scheduled=True) as house:
        found = parties.check(house, at=system_clock())
    if as_json:
        printed.as_json(told_parties.checked_as_dict(found))
    else:
        told_parties.checked(Console(), found)


@app.command()
@staffed.by
def contact(
    context: typer.Context,
    code: Code,
    kind: Annotated[str, typer.Argument(help="general, privacy, security or operations.")],
    source: Annotated[
        str, typer.Option("--from", metavar=private.FILE, help="Where they are: a file, or `-` for standard input.")
    ] = "-",
) -> None:
    """Write down whom to speak to at a party: name, mail address and telephone number if any, a line each. They stand in no log."""
    name, mail, phone = (*(private.text(source, "'--from'").splitlines()), "", "", "")[:3]
    with staffed.opened(context) as house:
        whom = parties.Contact(kind, name.strip(), mail.strip(), phone.strip() or None)
        parties.contact(house, code, whom, at=system_clock())
    told_parties.said(out, "It is written down.")


@app.command()
@staffed.by
def key(
    context: typer.Context,
    code: Code,
    file: Annotated[Path | None, typer.Argument(help="A public key as JWK (RFC 7517).", exists=True, dir_okay=False)] = None,
    until: Annotated[str | None, typer.Option(help="Local day up to which it counts; without it, until it is ended.")] = None,
    end: Annotated[
        str | None, typer.Option(metavar="KID", help="End this key: now, or with --until at the beginning of a day.")
    ] = None,
    overlap: Annotated[
        int | None,
        typer.Option(help="Of a new key: so many days longer count the keys that it takes the place of.", min=0, max=366),
    ] = None,
) -> None:
    """Take a public key of a party, alone or in the place of those it has; or end one. One with a private part is refused."""
    if (file is None) == (end is None) or (overlap is not None and file is None):
        message = "name the FILE of a new key, or the key to --end"
        raise typer.BadParameter(message, param_hint="'FILE'")
    now, last = system_clock(), None if until is None else midnight(_date(until))
    with staffed.opened(context) as house:
        if end is not None:
            parties.end_key(house, code, end, last or now, at=now)
            told_parties.said(out, f"Key {end} counts until {day_of(last)}." if last else f"Key {end} counts no longer.")
            return
        assert file is not None  # noqa: S101 - looked at above
        others = None if overlap is None else now + timedelta(days=overlap)
        kid = parties.key(house, code, _jwk(file), Period(now, last), others_until=others)
    told_parties.said(out, f"Key {kid} is taken." + ("" if others is None else f" The others count until {day_of(others)}."))


@app.command("default")
@staffed.by
def default_(
    context: typer.Context,
    code: Code,
    *,
    ended: Annotated[bool, typer.Option("--ended", help="It collects and supplies again.")] = False,
) -> None:
    """Say that a supplier is in default: the operator collects the readings in its place."""
    with staffed.opened(context) as house:
        if ended:
            parties.end_default(house, code, at=system_clock())
            told_parties.said(out, f"{code} is in default no more.")
        else:
            new = parties.begin_default(house, code, at=system_clock())
            told_parties.said(out, f"{code} is in default." if new else f"{code} was in default already.")


def _jwk(file: Path) -> dict[str, Any]:
    """Read a key. Raises BadInput, without what the file holds."""
    try:
        value = json.loads(file.read_bytes()) if file.stat().st_size <= LARGEST_KEY else None
    except (OSError, ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        msg = "the file holds no JSON object"
        raise BadInput(msg)
    return value


def _date(text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = date.min
    if day <= day_of(system_clock()):
        msg = "is no day to come; a date is written as YYYY-MM-DD"
        raise typer.BadParameter(msg, param_hint="'--until'")
    return day

"""`kwartier rights erase`: a person asks to be erased. The customer number comes on standard input, never as an argument."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from kwartier.cli import edge, printed, private, staffed, told_retention
from kwartier.workflows.installation import system_clock
from kwartier.workflows.rights import erasure

out = Console(stderr=True)


@staffed.by
def erase(
    context: typer.Context,
    receipt: Annotated[
        Path, typer.Option(help="New file for the receipt: the proof that it was answered so, for the person.", dir_okay=False)
    ],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print the answers as one JSON object.")] = False,
) -> None:
    """Erase a person whose customer number stands on standard input: say per ground what goes, what stays, and until when."""
    code = private.first("the person's code")
    # once it is recorded, and after the next night, no receipt could be had again: its file is made before anything is done
    with private.new_file(receipt, "'--receipt'") as file, staffed.opened(context) as house:
        with edge.working(out, "it is decided per ground"):
            given = erasure.erase_code(house, code, at=system_clock())
        file.write(given.proof.encode())
    if as_json:
        printed.as_json(as_dict(given))
    else:
        told_retention.erasure(Console(), given)


def as_dict(given: erasure.Receipt) -> dict[str, Any]:
    """Return the answers as JSON has them."""
    return {
        "whole": given.whole,
        "answers": [
            {
                "about": one.about,
                "connection": one.connection,
                "product": None if one.connection is None else given.products[one.connection],
                "fate": str(one.fate),
                "article": one.article,
                "first": one.first and one.first.isoformat(),
                "last": one.last and one.last.isoformat(),
                "until": one.until and one.until.isoformat(),
                "nl": one.nl,
                "en": one.en,
            }
            for one in given.answers
        ],
    }

"""What is personal is no argument of a command: a list of processes shows it, and the history of a shell keeps it.

Every argument and option that takes free text either takes the name of a file instead (`private.FILE`), or is one of those below:
each says a thing that is of nobody.
"""

import inspect
from collections.abc import Iterator
from typing import Any, get_args, get_origin, get_type_hints

import pytest
import typer
from typer.models import ArgumentInfo, OptionInfo

from kwartier.cli import private
from kwartier.cli.main import app

OF_NOBODY = {
    "about": "a purpose of the code of conduct",
    "actor": "as the log names whoever acts: a role and a number",
    "after": "identifier of a permission, as its administrator numbers it",
    "code": "public code of a party or of a use case",
    "day": "a date",
    "end": "the id of a party's public key",
    "first": "a date",
    "identifier": "of a permission, as the permission administrator numbers it",
    "reference": "of a letter, by what it is about and its number",
    "kind": "of an event, of a contact: from a list",
    "known": "a moment",
    "last": "a date",
    "month": "a month",
    "name": "of a database, of a benchmark",
    "pairs": "numbers of couplings and connections",
    "party": "public code of a party",
    "read_at": "a moment",
    "role": "of whom approves a use case: it stands on the public page",
    "server": "where a database server is; a password in it is refused",
    "since": "a moment",
    "transformer": "its name",
    "until": "a moment",
    "version": "of firmware",
}
OF_STAFF = {"person", "because"}
"""Who of the operator's people runs it and why: each may stand in the environment instead (`cli/staffed.py`)."""


def commands(group: typer.Typer, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every command with the function that does it."""
    for one in group.registered_commands:
        assert one.callback is not None
        yield f"{path}{one.name or one.callback.__name__}", one.callback
    for inner in group.registered_groups:
        assert inner.typer_instance is not None
        yield from commands(inner.typer_instance, f"{path}{inner.name} ")


def texts(callback: Any) -> Iterator[tuple[str, str | None, bool]]:  # noqa: ANN401 - any command
    """Yield (name, how help shows it, whether the environment may have it) of each argument that takes free text."""
    hints = get_type_hints(callback, include_extras=True)
    for name in inspect.signature(callback).parameters:
        hint = hints.get(name)
        parts = get_args(hint)
        info = next((one for one in parts[1:] if isinstance(one, ArgumentInfo | OptionInfo)), None)
        if info is not None and takes_text(parts[0]):
            yield name, info.metavar, bool(info.envvar)


def takes_text(kind: Any) -> bool:  # noqa: ANN401 - a type
    """True for a text, a text or none, a list of texts."""
    return kind is str or (get_origin(kind) is not None and any(takes_text(one) for one in get_args(kind)))


FOUND = [(path, *one) for path, callback in commands(app) for one in texts(callback)]


@pytest.mark.parametrize(("path", "name", "shown", "environment"), FOUND)
def test_free_text_comes_from_a_file_or_is_of_nobody(path: str, name: str, shown: str | None, environment: bool) -> None:  # noqa: FBT001 - found
    assert shown == private.FILE or name in OF_NOBODY or (name in OF_STAFF and environment), f"{path}: {name}"


def test_the_look_sees_what_it_is_for() -> None:
    shown = {(path, name) for path, name, shown, _ in FOUND if shown == private.FILE}
    assert shown >= {("rights ask", "words"), ("rights extend", "reason"), ("breach open", "nature"), ("verify", "subject")}
    assert {name for _, name, _, _ in FOUND} >= OF_STAFF


def test_every_word_of_the_list_is_needed() -> None:
    assert OF_NOBODY.keys() <= {name for _, name, shown, _ in FOUND if shown != private.FILE}

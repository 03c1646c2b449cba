"""What is personal never stands on the command line: a list of processes shows it, and the history of a shell keeps it.

An option that takes such a text takes the name of a file that holds it, or `-` for standard input. `tests/house/test_arguments.py`
looks at every option and argument of every command.
"""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, BinaryIO, Final

import typer

FILE: Final = "FILE"
"""How `--help` shows that an option takes a file, and what the house looks for."""
LARGEST: Final = 64 * 1024
"""Characters of a text; a reason or somebody's words have a few hundred."""

TABLE: Final = 512 * 1024
"""Characters of a table: a month of quarter-hours, a line each."""

_HOW: Final = "a file, or `-` for standard input"
Reason = Annotated[str, typer.Option("--reason", metavar=FILE, help=f"The reason, as the person will read it: {_HOW}.")]
Words = Annotated[str, typer.Option("--words", metavar=FILE, help=f"What is asked, in the person's words: {_HOW}.")]
Code = Annotated[str, typer.Option("--subject", metavar=FILE, help=f"The own code of the person: {_HOW}.")]


def text(source: str, name: str, *, largest: int = LARGEST) -> str:
    """Return the text of an option: empty for an empty one. Raises BadParameter, which does not repeat what was given.

    From standard input everything is taken that a line before has left.
    """
    if not source:
        return ""
    if source == "-":
        said = _typed(lambda: sys.stdin.read(largest + 1), name)
    else:
        try:
            with Path(source).open(encoding="utf-8") as file:
                said = file.read(largest + 1)
        except (OSError, ValueError):
            message = "names no file that can be read as text; it takes a file, or - for standard input, never the text itself"
            raise typer.BadParameter(message, param_hint=name) from None
    if len(said) > largest:
        message = "is too long a text"
        raise typer.BadParameter(message, param_hint=name)
    return said.strip()


def line(source: str, name: str) -> str:
    """Return the first line of the text of an option. Raises BadParameter."""
    return first(name) if source == "-" else (text(source, name).splitlines() or [""])[0]


def first(name: str) -> str:
    """Return the next line of standard input, which `name` is. Raises BadParameter."""
    return _typed(sys.stdin.readline, name).strip()


def _typed(read: Callable[[], str], name: str) -> str:
    """Read from standard input. Raises BadParameter for a NUL, and for what is no UTF-8, however the terminal would decode it."""
    try:
        said = read()
        said.encode()
    except UnicodeError:
        said = "\0"
    if "\0" in said:
        message = "what stands on standard input is no text in UTF-8"
        raise typer.BadParameter(message, param_hint=name)
    return said


@contextmanager
def new_file(path: Path, name: str) -> Iterator[BinaryIO]:
    """Make a file that nobody else may read, before what it is for is done; what fails leaves none. Raises BadParameter."""
    try:
        file = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb")
    except OSError as fault:
        there = isinstance(fault, FileExistsError)
        message = "there is such a file; what is personal goes to a new one" if there else "no file can be made there"
        raise typer.BadParameter(message, param_hint=name) from None
    with file:
        try:
            yield file
        except BaseException:
            if not file.tell():
                path.unlink(missing_ok=True)
            raise

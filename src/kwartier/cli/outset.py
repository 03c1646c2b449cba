"""What is looked at before a command runs: that the standard streams are there, and that what was typed can be said at all.

A stream that is closed (`>&-`) leaves its number to the next file that is opened, and whoever then writes to that number writes
into it. So each number is held. What would be answered into a closed output is no silent success: it fails as a full disk does.
"""

import errno
import io
import os
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, NoReturn, TextIO, cast

from kwartier.model.ean import Ean
from kwartier.model.errors import BadInput

TYPED_ELSEWHERE: Final = ("KWARTIER_PERSON", "KWARTIER_BECAUSE", "KWARTIER_DATA")
"""Variables of the environment that stand for options."""
EAN_DIGITS: Final = 18
_RUN: Final = re.compile(r"(?<!\d)\d{18}(?!\d)")


class _Closed(io.TextIOBase):
    """Standard output that is closed: what is written there is lost, and whoever writes hears so."""

    def write(self, _text: str) -> NoReturn:
        raise OSError(errno.EBADF, "standard output is closed, so the answer went nowhere")


def hold_streams() -> None:
    """Hold the numbers 0, 1 and 2, and put something in the place of what is closed."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest number that is free is this one
    sys.stdin = _or(sys.stdin, io.StringIO())
    sys.stdout = _or(sys.stdout, cast("TextIO", _Closed()))
    sys.stderr = _or(sys.stderr, io.StringIO())


def _or(stream: TextIO | None, other: TextIO) -> TextIO:
    """Return the stream; the other where Python found it closed, which the types do not know."""
    return other if stream is None else stream


def refused(arguments: Sequence[str], environment: Mapping[str, str]) -> str | None:
    """Return why a command line is not run as it was typed, None if it is; nothing of it is repeated."""
    typed = [*arguments, *(environment.get(name, "") for name in TYPED_ELSEWHERE)]
    if not all(map(_is_text, typed)):
        return "an argument, or a variable that stands for one, is no text in UTF-8"
    if any(_has_ean(one) for one in arguments):
        return (
            "an argument holds an EAN, or as many digits, which a list of processes shows and a shell keeps;"
            " a connection is named by its number in the registry, never by its EAN"
        )
    return None


def _is_text(typed: str) -> bool:
    return not any("\ud800" <= each <= "\udfff" for each in typed)


def _has_ean(typed: str) -> bool:
    """True if it is a number as long as an EAN, or an EAN stands in it and it is not the path of something that is there."""
    if typed.isdecimal() and len(typed) == EAN_DIGITS:
        return True
    return any(_is_ean(run) for run in _RUN.findall(typed)) and not Path(typed.partition("=")[2] or typed).exists()


def _is_ean(run: str) -> bool:
    try:
        Ean.parse(run)
    except BadInput:
        return False
    return True

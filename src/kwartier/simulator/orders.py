"""Lines on the town's standard input.

`alarm HOME BIT` lets something happen to the meter of a home, told by its index. `ahead SECONDS` sets the meters' clocks, and
that of their journal, so far ahead of this machine's: for whoever lets many nights pass in minutes.
"""

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import final

_ALARM = re.compile(r"\s*alarm\s+([0-9]{1,8})\s+([0-9]{1,2})\s*\Z")
_AHEAD = re.compile(r"\s*ahead\s+([0-9]{1,10})\s*\Z")
_HIGHEST_BIT = 31
_LONGEST = 80
"""Characters of a line that may be an order."""


@final
@dataclass(frozen=True, slots=True)
class Order:
    """Set this bit of the alarm register of a home's meter."""

    home: int
    bit: int


@final
@dataclass(frozen=True, slots=True)
class Ahead:
    """Let the meters' clocks run so many seconds ahead of this machine's."""

    seconds: int


def read_order(line: str) -> Order | Ahead | None:
    """Read a line; None if it is no order."""
    ahead = _AHEAD.match(line)
    if ahead:
        return Ahead(int(ahead[1]))
    found = _ALARM.match(line)
    return Order(int(found[1]), int(found[2])) if found and int(found[2]) <= _HIGHEST_BIT else None


def read(descriptor: int) -> Iterator[str]:
    """Yield whole lines until the input closes: it may be a pipe, a terminal or a file. Of a line too long only the end is kept."""
    held = b""
    while data := os.read(descriptor, 4096):
        *whole, held = (held + data).split(b"\n")
        held = held[-_LONGEST - 1 :]
        for line in whole:
            yield line[-_LONGEST - 1 :].decode("ascii", "replace")


def watch(descriptor: int, obey: Callable[[str], object], ended: Callable[[], object]) -> None:
    """Hand each line to `obey`, then tell that the input has closed. Blocks: for a thread of its own."""
    for line in read(descriptor):
        obey(line)
    ended()

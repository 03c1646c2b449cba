"""The lines of a meters' journal in the order of their moments."""

import heapq
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

_EARLIEST: Final = datetime.min.replace(tzinfo=UTC)


class Remembered(NamedTuple):
    """A line of a journal and its moment; `said` None: nobody understands it."""

    at: datetime
    said: Mapping[str, Any] | None


def ordered(journal: Path) -> Iterator[Remembered]:
    """Yield the lines of a journal in the order of their moments; what is no line of a meter comes first.

    A journal is written in order. Lines that stand too late in it are looked for first and put in their place, so only these are
    held in memory.
    """
    late, strange, newest = [], [], _EARLIEST
    for line in _lines(journal):
        if line.said is None:
            strange.append(line)
        elif line.at < newest:
            late.append(line)
        newest = max(newest, line.at)
    yield from strange
    misplaced = sorted(late, key=lambda line: line.at)
    yield from heapq.merge(misplaced, _in_order(journal), key=lambda line: line.at)


def _in_order(journal: Path) -> Iterator[Remembered]:
    newest = _EARLIEST
    for line in _lines(journal):
        if line.said is not None and line.at >= newest:
            newest = line.at
            yield line


def _lines(journal: Path) -> Iterator[Remembered]:
    """Yield the lines of a journal; one that a crash cut short, at the end, does not count."""
    with journal.open("rb") as file:
        for line in file:
            if line.endswith(b"\n"):
                yield _remembered(line)


def _remembered(line: bytes) -> Remembered:
    try:
        said = json.loads(line)
        at = datetime.fromisoformat(said["at"])
        return Remembered(at if at.tzinfo else at.replace(tzinfo=UTC), said)
    except (KeyError, TypeError, ValueError):
        return Remembered(_EARLIEST, None)

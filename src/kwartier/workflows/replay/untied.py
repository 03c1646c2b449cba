"""Lines that are about nobody any more: all of a person's, when nothing holds anything about them; by age, the oldest.

Whose an untied line was nobody can tell. But nobody is forgotten in part: what follows it is about nobody either (`chains`). And
whoever was forgotten had to do with the connection, asked for it or left long ago, and was forgotten in the registry too.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import UTC, datetime
from typing import Final, final

from kwartier.audit.evidence import Entry
from kwartier.grounds.retention import Kept
from kwartier.store.registry.replay import Forgotten
from kwartier.workflows.replay import terms
from kwartier.workflows.replay.findings import Findings

Lane = tuple[int, bool]
"""Connection (0 for none), and whether the lines are those of batches."""
NOWHERE: Final = 0


@final
class Untied:
    """Takes up untied lines, and what the log says of them, in the order of the tree."""

    def __init__(self, found: Findings) -> None:
        """Contradictions go to `found`."""
        self._found = found
        self._from = datetime(1, 1, 1, tzinfo=UTC)
        self._lines: dict[Lane, dict[bytes, tuple[datetime, int]]] = defaultdict(dict)
        self._told: dict[int, list[tuple[int, int]]] = defaultdict(list)
        self._answered: set[int] = set()

    def told(self, entry: Entry) -> None:
        """Take up what an entry says: that somebody was forgotten, asked for it, or that age untied lines."""
        body = entry.said["body"]
        if entry.kind == "erasure:done":
            self._told[entry.connection or NOWHERE].append((entry.position, int(body["lines"])))
        elif entry.kind == "right:answered" and body.get("right") == "erasure" and entry.tie and entry.tie.salt is None:
            self._answered.add(entry.connection or NOWHERE)
        elif entry.kind == "retention:applied" and "ties_from" in body:
            since = terms.given_up(Kept.LOG_TIES, body["ties_from"], entry.at, self._found, table="log")
            self._from = max(self._from, since or self._from)

    def take(self, lane: Lane, own: bytes, entry: Entry) -> None:
        """Take up an untied line by its hash."""
        self._lines[lane][own] = entry.at, entry.position

    def holds(self, lane: Lane, own: bytes) -> bool:
        """True if the line with this hash is untied."""
        return own in self._lines[lane]

    def in_part(self, lane: Lane, own: bytes) -> bool:
        """After the last entry: true if its age did not untie it, so that nothing of its person's may follow it."""
        return self._lines[lane][own][0] >= self._from

    def by_age(self, lane: Lane) -> int:
        """After the last entry: how many lines their age untied."""
        return sum(at < self._from for at, _ in self._lines[lane].values())

    def check(self, forgotten: Collection[Forgotten]) -> None:
        """After the last entry: what was untied was said afterwards, of somebody who was forgotten, and with a cause."""
        places: dict[int, list[int]] = defaultdict(list)
        for (connection, _), lines in self._lines.items():
            places[connection] += [position for at, position in lines.values() if at >= self._from]
        for connection, untied in places.items():
            if unsaid := _unsaid(untied, self._told[connection]):
                self._found.add("untied-unsaid", unsaid, connection=connection)
        self._persons(forgotten)

    def _persons(self, forgotten: Collection[Forgotten]) -> None:
        """Of each person who was forgotten the log says so once, at most, at a connection that the person had to do with."""
        for connection, told in self._told.items():
            there = sum(connection in {NOWHERE, *one.places} for one in forgotten)
            if len(told) > there:
                self._found.add("erasure-of-nobody", len(told) - there, connection=connection)
        for one in forgotten:
            if not (one.lapsed or self._answered & {NOWHERE, *one.places}):
                self._found.add("forgotten-unasked", person=one.key)


def _unsaid(untied: Iterable[int], told: Iterable[tuple[int, int]]) -> int:
    """Count the lines for which nothing was said after them. Each word is of so many lines that stand before it."""
    unsaid = said = 0
    for _, lines in sorted([*((at, 0) for at in untied), *told], reverse=True):
        if lines:
            said += lines
        elif said:
            said -= 1
        else:
            unsaid += 1
    return unsaid

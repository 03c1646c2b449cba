"""The lines about each person one after another: a line left out, a chain begun twice, a line untied that nobody was told of.

The log does not say whom a line is about, nor which line came before: salt, number and hash before stand beside it until it is
erased. Here every one that is there must open its line's link, and follow a line that is there, or one that was untied by its
age: who is forgotten is forgotten whole, so nothing follows a line that was untied before its time. Of two who wrote about the
same person at once, the one who came second may have the earlier place in the tree.
"""

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from hashlib import sha256
from typing import final

from kwartier.audit.evidence import Entry, Line, Standing, Tie
from kwartier.store.registry.replay import Forgotten
from kwartier.workflows.replay.findings import Findings
from kwartier.workflows.replay.untied import Lane, Untied

ZEROS = bytes(32)


@final
class Chains:
    """Follows every chain while the log is read in order."""

    def __init__(self, found: Findings) -> None:
        """Contradictions go to `found`."""
        self._found = found
        self._ends: dict[Lane, dict[bytes, int]] = defaultdict(dict)
        self._ahead: dict[Lane, dict[bytes, tuple[int, int]]] = defaultdict(dict)
        self._untied = Untied(found)
        self._tied = False

    def entry(self, entry: Entry, own: bytes) -> None:
        """Take an entry; `own` is its hash in the tree."""
        if entry.tie is not None:
            self._take((entry.connection or 0, False), entry.tie, own, entry)
        try:
            self._untied.told(entry)
        except (KeyError, TypeError, ValueError, OverflowError):
            self._found.add("not-understood", entry=entry.id)

    def lines(self, entry: Entry, lines: Sequence[Line], hashes: Sequence[bytes]) -> None:
        """Take the lines of a batch with their hashes."""
        for line, own in zip(lines, hashes, strict=True):
            if line.tie is not None:
                self._take((line.connection, True), line.tie, own, entry)
                if line.tie.salt is None and _place(line) != line.connection:  # of any other its chain shows it
                    self._found.add("index-differs", entry=entry.id)

    def _take(self, lane: Lane, tie: Tie, own: bytes, entry: Entry) -> None:
        if tie.link is None:
            if self._tied:
                self._found.add("line-untied", entry=entry.id, connection=lane[0])
            return
        self._tied = True
        if tie.salt is None or tie.nth is None or tie.before is None:
            self._untied.take(lane, own, entry)
            return
        if sha256(tie.salt + tie.nth.to_bytes(8, "big") + tie.before).digest()[:16] != tie.link:
            self._found.add("line-untied", entry=entry.id, connection=lane[0])
        followed = self._ends[lane].pop(tie.before, None)
        first = tie.nth == 1 and tie.before == ZEROS
        if not (first or followed == tie.nth - 1):
            self._follows_nothing(lane, tie.before, entry.id, tie.nth, may_come=followed is None)
        nth, ahead = self._ahead[lane].pop(own, (0, 0))
        if nth != tie.nth + 1:
            self._ends[lane][own] = tie.nth
            if ahead:
                self._missing(lane, ahead, nth)

    def _follows_nothing(self, lane: Lane, before: bytes, entry: int, nth: int, *, may_come: bool) -> None:
        """Remember a line until the one before it comes; unless that came and has another number, or another line waits for it.

        One that was untied does not come: who follows it waits to the end.
        """
        if may_come and before not in self._ahead[lane]:
            self._ahead[lane][before] = nth, entry
        else:
            self._missing(lane, entry, nth)

    def _missing(self, lane: Lane, entry: int, nth: int) -> None:
        self._found.add("line-missing", entry=entry, connection=lane[0], nth=nth)

    def check(self, standings: Iterable[Standing], persons: set[bytes], forgotten: Collection[Forgotten]) -> None:
        """After the last entry: every chain ends where the index says, is of a person there is, and no line was untied unsaid."""
        for lane, waiting in self._ahead.items():
            for before, (nth, entry) in waiting.items():
                if not self._untied.holds(lane, before):
                    self._missing(lane, entry, nth)
                elif self._untied.in_part(lane, before):
                    self._found.add("untied-in-part", entry=entry, connection=lane[0], nth=nth)
        self._stand(standings, persons)
        self._untied.check(forgotten)

    def _stand(self, standings: Iterable[Standing], persons: set[bytes]) -> None:
        for one in standings:
            lane = (one.connection, one.batch)
            untied = self._untied.holds(lane, one.last)
            there = self._ends[lane].pop(one.last, None) == one.nth or untied
            if not there or one.who not in persons:
                self._found.add("chain-differs", connection=one.connection, nth=one.nth)
            if untied and self._untied.in_part(lane, one.last):
                self._found.add("untied-in-part", connection=one.connection, nth=one.nth)
        for lane, ends in self._ends.items():
            beyond = len(ends) - self._untied.by_age(lane)  # one that goes on with a line that age untied has no end of its own
            if beyond > 0:
                self._found.add("chain-differs", beyond, connection=lane[0])


def _place(line: Line) -> int | None:
    """Return the connection that a line of a batch says it is about, None if it says none."""
    try:
        place: int | None = json.loads(line.body).get("c")
    except (AttributeError, ValueError):
        return None
    return place

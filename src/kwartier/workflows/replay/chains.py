"""The lines about each person one after another: a line left out, a chain begun twice, a line untied that nobody was told of.

The log does not say whom a line is about, nor which line came before: salt, number and hash before stand beside it until it is
erased. Here every one that is there must open its line's link, and follow a line that is there, or one that was erased. Of two who
wrote about the same person at once, the one who came second may have the earlier place in the tree.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import final

from kwartier.audit.evidence import Entry, Line, Standing, Tie
from kwartier.model.period import from_epoch_s
from kwartier.workflows.replay.findings import Findings

Lane = tuple[int, bool]
"""Connection (0 for none), and whether the lines are those of batches."""
ZEROS = bytes(32)


@final
class Chains:
    """Follows every chain while the log is read in order."""

    def __init__(self, found: Findings) -> None:
        """Contradictions go to `found`."""
        self._found = found
        self._ends: dict[Lane, dict[bytes, int]] = defaultdict(dict)
        self._ahead: dict[Lane, dict[bytes, tuple[int, int]]] = defaultdict(dict)
        self._untied: dict[Lane, dict[bytes, datetime]] = defaultdict(dict)
        self._ties_from = datetime(1, 1, 1, tzinfo=UTC)
        self._told: Counter[int] = Counter()
        self._tied = False

    def entry(self, entry: Entry, own: bytes) -> None:
        """Take an entry; `own` is its hash in the tree."""
        if entry.kind == "erasure:done":
            self._told[entry.connection or 0] += entry.said["body"]["lines"]
        if entry.kind == "retention:applied" and "ties_from" in entry.said["body"]:
            self._ties_from = max(self._ties_from, from_epoch_s(entry.said["body"]["ties_from"]))
        if entry.tie is not None:
            self._take((entry.connection or 0, False), entry.tie, own, entry)

    def lines(self, entry: Entry, lines: Sequence[Line], hashes: Sequence[bytes]) -> None:
        """Take the lines of a batch with their hashes."""
        for line, own in zip(lines, hashes, strict=True):
            if line.tie is not None:
                self._take((line.connection, True), line.tie, own, entry)

    def _take(self, lane: Lane, tie: Tie, own: bytes, entry: Entry) -> None:
        if tie.link is None:
            if self._tied:
                self._found.add("line-untied", entry=entry.id, connection=lane[0])
            return
        self._tied = True
        if tie.salt is None or tie.nth is None or tie.before is None:
            self._untied[lane][own] = entry.at
            return
        if sha256(tie.salt + tie.nth.to_bytes(8, "big") + tie.before).digest()[:16] != tie.link:
            self._found.add("line-untied", entry=entry.id, connection=lane[0])
        followed = self._ends[lane].pop(tie.before, None)
        first = tie.nth == 1 and tie.before == ZEROS
        if not (first or followed == tie.nth - 1 or tie.before in self._untied[lane]):
            self._follows_nothing(lane, tie.before, entry.id, tie.nth, may_come=followed is None)
        nth, ahead = self._ahead[lane].pop(own, (0, 0))
        if nth != tie.nth + 1:
            self._ends[lane][own] = tie.nth
            if ahead:
                self._missing(lane, ahead, nth)

    def _follows_nothing(self, lane: Lane, before: bytes, entry: int, nth: int, *, may_come: bool) -> None:
        """Remember a line until the one before it comes; unless that came and has another number, or another line waits for it."""
        if may_come and before not in self._ahead[lane]:
            self._ahead[lane][before] = nth, entry
        else:
            self._missing(lane, entry, nth)

    def _missing(self, lane: Lane, entry: int, nth: int) -> None:
        self._found.add("line-missing", entry=entry, connection=lane[0], nth=nth)

    def check(self, standings: Iterable[Standing], persons: set[bytes]) -> None:
        """After the last entry: every chain ends where the index says, is of a person there is, and no line was untied unsaid."""
        for lane, waiting in self._ahead.items():
            for nth, entry in (waiting[before] for before in waiting.keys() - self._untied[lane].keys()):
                self._missing(lane, entry, nth)
        self._stand(standings, persons)
        untied: Counter[int] = Counter()
        for (connection, _), hashes in self._untied.items():
            untied[connection] += sum(at >= self._ties_from for at in hashes.values())
        for connection, count in untied.items():
            if count > self._told[connection]:
                self._found.add("untied-unsaid", count - self._told[connection], connection=connection)

    def _stand(self, standings: Iterable[Standing], persons: set[bytes]) -> None:
        for one in standings:
            lane = (one.connection, one.batch)
            there = self._ends[lane].pop(one.last, None) == one.nth or one.last in self._untied[lane]
            if not there or one.who not in persons:
                self._found.add("chain-differs", connection=one.connection, nth=one.nth)
        for lane, ends in self._ends.items():
            if ends and not self._untied[lane]:
                self._found.add("chain-differs", len(ends), connection=lane[0])

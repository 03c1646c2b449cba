"""The log against itself: every entry hashes to the tree, the tree to what was signed, and the lines of a batch to its root."""

import json
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any, final

from psycopg import Connection

from kwartier.audit import evidence
from kwartier.audit.cosign import WITHIN_S
from kwartier.audit.errors import AuditError, BrokenLog
from kwartier.audit.evidence import Entry, Line
from kwartier.audit.log import Log
from kwartier.audit.verify import Rejected, tree_head, verify
from kwartier.grounds import retention
from kwartier.grounds.retention import Kept
from kwartier.model.period import midnight
from kwartier.store.registry import replay
from kwartier.workflows.replay.chains import Chains
from kwartier.workflows.replay.findings import Findings
from kwartier.workflows.replay.tree import Grown, hashed, root_of

C = Connection[Any]


@final
class Chain:
    """Walks the log once, in order, checking as it goes."""

    def __init__(self, c: C, log: Log, found: Findings, witness: str | None = None) -> None:
        """`c` sees the log (operator or auditor); contradictions go to `found`. `witness` is the key of the witness, if known."""
        self._c = c
        self._log = log
        self._witness = witness
        self._found = found
        self._signed = evidence.checkpoints(c)
        self._tree = Grown()
        self._chains = Chains(found)
        self._last: Entry | None = None

    def entries(self) -> Iterator[tuple[Entry, list[Line]]]:
        """Yield every entry with the lines of its batch, if it is one. After the last one the signatures are checked."""
        self._root(0)
        for page in evidence.pages(self._c):
            self._nodes(page)
            for entry in page:
                self._chains.entry(entry, hashed(entry.leaf))
                yield entry, self._lines(entry) if entry.kind.startswith("batch:") else []
            self._last = page[-1]
        self._heads()
        self._signature()
        lapsed = midnight(retention.oldest(Kept.PERSONS, self._found.at))
        self._chains.check(evidence.standings(self._c), evidence.persons(self._c), replay.forgotten(self._c, lapsed))
        for number in evidence.misnamed(self._c):
            self._found.add("index-differs", entry=number)
        if stray := evidence.stray_lines(self._c):
            self._found.add("stray-lines", stray)

    def _nodes(self, page: Sequence[Entry]) -> None:
        """Grow the tree by a page and compare what it gives with what is stored."""
        made: list[tuple[int, int, bytes]] = []
        for entry in page:
            made += self._tree.add(hashed(entry.leaf))
            if not entry.agrees:
                self._found.add("index-differs", entry=entry.id)
            self._root(self._tree.size)
        self._found.compared["entries"] += len(page)
        stored = evidence.nodes(self._c, [(level, position) for level, position, _ in made])
        for level, position, expected in made:
            if stored.get((level, position)) != expected:
                self._found.add("node-differs" if level else "leaf-differs", level=level, position=position)

    def _root(self, size: int) -> None:
        signed = self._signed.get(size)
        if signed is not None:
            self._found.compared["checkpoints"] += 1
            if signed[0] != self._tree.root():
                self._found.add("root-differs", size=size)

    def _lines(self, entry: Entry) -> list[Line]:
        said = entry.said["body"]
        try:
            lines = evidence.lines(self._c, entry.id)
        except BrokenLog:
            self._found.add("batch-root-differs", entry=entry.id, batch=said.get("batch"))
            return []
        self._found.compared["lines"] += len(lines)
        hashes = [hashed(_data(one)) for one in lines]
        if len(lines) != said.get("leaves") or root_of(hashes).hex() != said.get("root"):
            self._found.add("batch-root-differs", entry=entry.id, batch=said.get("batch"))
        self._chains.lines(entry, lines, hashes)
        return lines

    def _heads(self) -> None:
        """Check every signature of the log, and every countersignature of the witness whose key is known."""
        for size, (root, note) in self._signed.items():
            self._head(size, root, note, None)
        for size, name, line, at in evidence.cosignatures(self._c) if self._witness is not None else ():
            if self._witness is not None and name == self._witness.split("+", 1)[0]:
                self._found.compared["cosignatures"] += 1
                root, note = self._signed.get(size, (b"", ""))
                if self._head(size, root, note + line, self._witness) not in {None, at}:
                    self._found.add("checkpoint-refused", size=size, why="cosignature")

        self._witnessed()

    def _witnessed(self) -> None:
        """Look whether the witness answers for all that was signed more than a minute ago."""
        late = None if self._witness is None else evidence.unwitnessed(self._c, self._witness.split("+", 1)[0])
        if late is not None and self._found.at - late[1] > timedelta(seconds=WITHIN_S):
            self._found.add("not-witnessed", lines=late[0], since=late[1].isoformat(timespec="seconds"))

    def _head(self, size: int, root: bytes, note: str, witness: str | None) -> int | None:
        """Check a signed tree head against its row; return when the witness signed it."""
        try:
            _, said, signed, at = tree_head(note.encode(), self._log.vkey, witness)
        except (Rejected, ValueError) as fault:
            self._found.add("checkpoint-refused", size=size, why=fault.code if isinstance(fault, Rejected) else "malformed")
            return None
        if (said, signed) != (size, root):
            self._found.add("checkpoint-refused", size=size, why="note")
        return at

    def _signature(self) -> None:
        """Check the latest signature with the check that customers have; and that the last checkpoint spans the whole tree."""
        size = max(self._signed, default=0)
        if size != self._tree.size:
            self._found.add("checkpoint-refused", size=size, entries=self._tree.size)
        if self._last is None or size != self._tree.size:
            return
        try:
            verify(self._log.proof(self._c, self._last.id), self._log.vkey)
        except (Rejected, AuditError) as fault:
            self._found.add("checkpoint-refused", size=size, why=fault.code)


def _data(line: Line) -> bytes:
    """Put a line together again as it was hashed: canonical JSON of its parts. What is no JSON stays as it is."""
    try:
        said: dict[str, Any] = {"body": json.loads(line.body)}
    except ValueError:
        return line.body
    if line.tie is not None and line.tie.link is not None:
        said |= {"link": line.tie.link.hex()}
    if line.salt_check is not None:
        said |= {"salt": line.salt_check.hex()}
    if line.subject is not None:
        said |= {"subject": line.subject.hex()}
    return json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()

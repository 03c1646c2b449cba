"""The log: writers record, one sequencer integrates and signs, readers list and prove.

Nothing waits for a batch: `record` is durable with the caller's own commit, and the tree catches up when `integrate` runs.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from operator import attrgetter
from pathlib import Path
from typing import Any, final

from psycopg import Connection
from psycopg.pq import TransactionStatus

from kwartier.audit import batch as batches
from kwartier.audit import blocks, checkpoint, cosign, ledger, order, proof, prove, recording, sequencer, staffed, tree
from kwartier.audit import lines as persons
from kwartier.audit.canonical import Json
from kwartier.audit.checkpoint import Checkpoint, Signer
from kwartier.audit.cosign import Seat, Standing
from kwartier.audit.errors import NoSuchTree
from kwartier.audit.events import Event, EventKind
from kwartier.audit.leaves import Leaf
from kwartier.audit.lines import EVER, LogLine
from kwartier.audit.staffed import Kept
from kwartier.model.period import Period
from kwartier.model.staff import Staff

C = Connection[Any]

__all__ = ["Checkpoint", "Leaf", "Log", "LogLine", "Seat", "Standing"]

_CONNECTION = attrgetter("connection")


@final
class Log:
    """The log of one installation. Keeps no state: every process has its own, all work on the same tables."""

    def __init__(self, signer: Signer, folder: Path, staff: Staff | None = None) -> None:
        """`signer` signs checkpoints, `folder` is where the latest one is published.

        `staff` is the person whose doing all is that is recorded here as the operator's; None where it runs by itself.
        """
        self._signer = signer
        self._folder = folder
        self._staff = staff

    @property
    def vkey(self) -> str:
        """The key to check proofs with, as C2SP writes it."""
        return self._signer.vkey

    def record(self, c: C, events: Sequence[Event]) -> list[int]:
        """Write events, in the caller's transaction; return their entry ids. Raises NotLoggable, BrokenLog.

        In the tree those about nobody come first, as given, then each person's, as given; those of different people in any order.
        """
        return recording.record(c, events, self._staff)

    def record_batch(  # noqa: PLR0917 - the interface that the night was written against
        self, c: C, kind: EventKind, batch: int, at: datetime, actor: str, leaves: Sequence[Leaf], body: Mapping[str, Json]
    ) -> bytes:
        """Write many lines as one event that holds the root of a tree over them; return that root. Raises NotLoggable.

        The event's body is `body` with `batch`, `leaves` (how many) and `root` (hex) added. The lines stand in the order of their
        connections.
        """
        return self.record_batches(c, batch, at, actor, {kind: leaves}, body)[kind]

    def record_batches(
        self,
        c: C,
        batch: int,
        at: datetime,
        actor: str,
        leaves: Mapping[EventKind, Sequence[Leaf]],
        body: Mapping[str, Json],
    ) -> dict[EventKind, bytes]:
        """Do so for lines of different kinds of one batch, an event for each kind, in this order; return their roots.

        Where the chains of people stand is looked up and written once for all of them.
        """
        sets = [sorted(lines, key=_CONNECTION) for lines in leaves.values()]  # a stored row is about few connections, found by them
        with c.pipeline():  # the server looks where the chains stand while the lines are tagged
            asked = ledger.ask(c, {one.connection for lines in sets for one in lines if one.subject_code is not None})
            numbered = [blocks.ask_entry(c) for _ in sets]
            tagged = [batches.parts(lines) for lines in sets]
        heads, entries = ledger.taken(asked), [one.fetchall()[0][0] for one in numbered]
        crowns = batches.store(c, dict(zip(entries, tagged, strict=True)), heads)
        roots = {}
        with c.pipeline():  # one wait for all
            ledger.keep(c, heads)
            for (kind, lines), (entry, crown) in zip(leaves.items(), crowns.items(), strict=True):
                c.execute("insert into audit.crown (entry, hashes) values (%s, %s)", (entry, b"".join(crown)))
                roots[kind] = tree.root_of(crown)
                said = {**body, "batch": batch, "leaves": len(lines), "root": roots[kind].hex()}
                recording.enter(c, entry, Event(at, kind, actor, body=said), self._staff)
        return roots

    def integrate(self, c: C) -> Checkpoint:
        """Take all that is pending into the tree and sign it. Raises BrokenLog.

        A signed root must never be shown before the tree behind it is durable, so the file `checkpoint` follows the commit. On an
        idle connection this commits and publishes; within a transaction of the caller, `publish` does it afterwards.
        """
        with c.transaction():
            made = sequencer.integrate(c, self._signer, self._folder)
        if c.info.transaction_status == TransactionStatus.IDLE:
            checkpoint.publish(self._folder, made)
        return made

    def publish(self, c: C) -> None:
        """Write the last committed checkpoint to its file; nothing happens in a transaction that itself wrote something."""
        found = c.execute("select pg_current_xact_id_if_assigned() is null").fetchone()
        last = sequencer.latest(c)
        if last is not None and found is not None and found[0]:
            checkpoint.publish(self._folder, last)

    def proof(self, c: C, entry: int) -> str:
        """Return the proof file of an entry: a single event, or a batch as a whole. Raises NotInLog, NotInTree, BrokenLog."""
        return self.proofs(c, [entry])[0]

    def proofs(self, c: C, entries: Sequence[int]) -> list[str]:
        """Return the proof files of many entries: what they share is looked up once. Raises NotInLog, NotInTree, BrokenLog."""
        found = prove.entries(c, entries)
        return prove.files(c, [(one.position, proof.of_event(one.leaf, one.opening)) for one in found])

    def leaf_proof(self, c: C, entry: int, leaf: int) -> str:
        """Return the proof file of line `leaf` of batch `entry`. Raises NotInLog, NotInTree, BrokenLog."""
        found = prove.entry(c, entry)
        extra = proof.of_line(found.leaf, prove.line(c, entry, leaf, found.leaf))
        return prove.files(c, [(found.position, extra)])[0]

    def consistency(self, c: C, old: int, size: int) -> Sequence[bytes]:
        """Return what proves that the tree at size `old` is the beginning of that at `size` (RFC 6962, 2.1.2).

        Raises NoSuchTree for sizes that the log never had or that are the wrong way round, BrokenLog if nodes are missing.
        """
        whole = order.size(c)
        if not 0 <= old <= size <= whole:
            msg = f"the older tree comes first, then the newer one; the newest of this log has {whole} lines"
            raise NoSuchTree(msg)
        return cosign.consistency(c, old, size)

    def cosign(self, c: C, seat: Seat, now: int) -> Checkpoint | None:
        """Have the last checkpoint countersigned at `now` (epoch seconds), unless it freshly is. Raises NotWitnessed, BrokenLog.

        For a connection as auditor.
        """
        return cosign.ask(c, seat, now)

    @staticmethod
    def standing(c: C, seat: Seat) -> Standing:
        """Return what this witness answers for, and since when."""
        return cosign.standing(c, seat.vkey)

    def staff(self, c: C, entry: int) -> Kept | None:
        """Return which of the operator's people did what this entry says, None where it names nobody. Raises NotInLog."""
        return staffed.of(c, entry)

    def of_subject(self, c: C, subject_code: str, connection: int | None, period: Period) -> list[LogLine]:
        """Return what was recorded within the period about this person at this connection, or at none, in order of time.

        For a connection as operator or auditor; single events and lines of batches, pending ones included, erased ones not.
        """
        return persons.of_subject(c, subject_code, connection, period)

    def erase(self, c: C, subject_code: str, connection: int | None, period: Period) -> int:
        """Untie the lines about this person from the person, for ever; return how many. For a connection as auditor.

        The lines stay, and so does the tree: what goes is the salt, without which no tag can be told from any other, and a line's
        place in the person's chain. That so many lines were untied at this connection is itself recorded.
        """
        untied = persons.erase(c, subject_code, connection, period)
        if untied:
            now = c.execute("select now()").fetchone()
            assert now is not None  # noqa: S101 - a select without from has one row
            self.record(c, [Event(now[0], EventKind.ERASURE_DONE, "operator", None, connection, {"lines": untied})])
        return untied

    @staticmethod
    def places(c: C, codes: Collection[str]) -> dict[str, set[int]]:
        """Return where each of these people has a chain: for whoever forgets many, one look for all of them."""
        return persons.chained(c, codes)

    def forget(self, c: C, subject_code: str, connections: Collection[int] = (), places: Collection[int] | None = None) -> int:
        """Untie every line about this person, and drop where their chains stand. For a connection as auditor.

        Looks wherever the person has a chain, and at these connections: lines from before there were chains have none. `places` is
        what was said of the person when it was asked for many. Returns how many lines those were.
        """
        chained = persons.chained(c, [subject_code])[subject_code] if places is None else places
        return sum(self.erase(c, subject_code, place or None, persons.EVER) for place in sorted({*chained, *connections}))

    @staticmethod
    def untie_before(c: C, moment: datetime, since: datetime = EVER.start) -> int:
        """Untie every line recorded before a moment, and not before `since`, from its person; return how many. As auditor.

        The caller records it, with the moment, as part of what retention did.
        """
        return persons.untie_before(c, moment, since)

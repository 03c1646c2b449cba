"""The registry against the log, both ways: every fact that it has was told, just so; every fact that was told is there.

No decision of the replay rests on the registry. But the next night's do: a fact that was forged, widened or forgotten behind the
log must show before anybody uses it.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final, final

from psycopg import Connection

from kwartier.audit.evidence import Entry
from kwartier.grounds import retention
from kwartier.grounds.retention import Kept
from kwartier.model.ground import FactRef
from kwartier.model.period import from_epoch_s, midnight
from kwartier.store.registry import replay
from kwartier.workflows.replay import told
from kwartier.workflows.replay.findings import Findings
from kwartier.workflows.replay.known import Known
from kwartier.workflows.replay.told import Fact, Histories, State

C = Connection[Any]
_TERMS: Final = {"permission": Kept.PERMISSIONS, "supply": Kept.SUPPLIES, "restriction": Kept.CHOICES}
"""Facts that go some time after they ended."""


@final
class Gone:
    """What the log says that retention took away of the registry: facts of a table that had ended before a moment."""

    def __init__(self, found: Findings) -> None:
        """What went before its term was over goes to `found`."""
        self._found = found
        self._before: dict[str, datetime] = {}

    def take(self, entry: Entry) -> None:
        """Take up an entry of the log."""
        if entry.kind != "retention:applied":
            return
        for table, since in entry.said["body"].get("facts_from", {}).items():
            before = from_epoch_s(since)
            if table not in _TERMS or before > midnight(retention.oldest(_TERMS[table], entry.at)):
                self._found.add("given-up-too-early", table=table)
            else:
                self._before[table] = max(self._before.get(table, before), before)

    def has(self, ref: FactRef, last: State) -> bool:
        """True of a fact that had ended by then, as the log was told it last."""
        return last.end is not None and ref[0] in self._before and last.end < self._before[ref[0]]


def check(c: C, known: Known, found: Findings, gone: Gone) -> None:
    """Compare all facts, connections by the page. What `gone` knows of need not be there any more."""
    _compare(c, replay.general_facts(c), known.general, found, gone)
    after = 0
    while keys := replay.connections(c, after=after):
        after = keys[-1]
        known.load(keys)
        there = [one for key in keys if (one := known.one(key)) is not None]
        said = {ref: history for one in there for ref, history in one.said.items()}
        _compare(c, list(replay.facts(c, keys)), said, found, gone)
        _taken_out(c, keys, said, found)


def _taken_out(c: C, keys: Sequence[int], said: Histories, found: Findings) -> None:
    """What was wrong and taken out is kept, and the log says of just these stays that they were."""
    kept = {told.ref_of(one): one for one in replay.taken_out(c, keys)}
    codes = replay.codes(c, {one.subject for one in kept.values()})
    for ref, history in said.items():
        if history[-1].out and ref not in kept:
            found.add("fact-differs", table=ref[0], id=ref[1])
    for ref, one in kept.items():
        history = said.get(ref, ())
        if not history or not history[-1].out or not told.agrees(one, history[-1], codes):
            found.add("fact-differs" if history else "fact-not-told", table=ref[0], id=ref[1])


def _compare(c: C, facts: Iterable[Fact], said: Histories, found: Findings, gone: Gone) -> None:
    there = {told.ref_of(fact): fact for fact in facts}
    codes = replay.codes(c, {fact.subject for fact in there.values() if isinstance(fact, told.ABOUT_PEOPLE)})
    found.compared["facts"] += len(there)
    for ref, fact in there.items():
        history = said.get(ref)
        if history is None or history[-1].position == told.UNTOLD:
            found.add("fact-not-told", table=ref[0], id=ref[1])
        elif not told.agrees(fact, history[-1], codes):
            found.add("fact-differs", table=ref[0], id=ref[1])
    for ref, history in said.items():
        if history[-1].lives and ref not in there and not gone.has(ref, history[-1]):
            found.add("fact-differs", table=ref[0], id=ref[1])

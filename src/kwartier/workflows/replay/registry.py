"""The registry against the log, both ways: every fact that it has was told, just so; every fact that was told is there.

No decision of the replay rests on the registry. But the next night's do: a fact that was forged, widened or forgotten behind the
log must show before anybody uses it.
"""

from array import array
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any, Final, final

import numpy as np
from psycopg import Connection

from kwartier.audit.evidence import Entry
from kwartier.grounds.retention import Kept
from kwartier.model.ground import FactRef
from kwartier.store.registry import replay
from kwartier.workflows.replay import terms, told
from kwartier.workflows.replay.findings import Findings
from kwartier.workflows.replay.known import Known
from kwartier.workflows.replay.one import OneKnown
from kwartier.workflows.replay.told import Histories, History, Registered, State

C = Connection[Any]
_TERMS: Final = {"permission": Kept.PERMISSIONS, "supply": Kept.SUPPLIES, "restriction": Kept.CHOICES}
"""Facts that go some time after they ended."""
_GIVEN_ONCE: Final = frozenset({"permission", "use_case"})
"""Facts of which nothing changes but that they end, and sooner than was said: for more, another one is given or approved."""
_TOGETHER: Final = 2000
"""Connections that are compared at once."""


@final
class Gone:
    """What the log says that retention took away of the registry: facts of a table that had ended before a moment.

    And which connections the log was told of, 8 bytes each: of these none may be gone.
    """

    def __init__(self, found: Findings) -> None:
        """What went before its term was over goes to `found`."""
        self._found = found
        self._before: dict[str, datetime] = {}
        self.registered = array("q")

    def take(self, entry: Entry) -> None:
        """Take up an entry of the log."""
        if entry.kind == "connection:registered":
            self.registered.append(entry.connection or 0)
        if entry.kind != "retention:applied":
            return
        for table, since in entry.said["body"].get("facts_from", {}).items():
            if table not in _TERMS:
                self._found.add("given-up-too-early", table=table)
            elif before := terms.given_up(_TERMS[table], since, entry.at, self._found, table=table):
                self._before[table] = max(self._before.get(table, before), before)

    def has(self, ref: FactRef, last: State) -> bool:
        """True of a fact that had ended by then, as the log was told it last."""
        return last.end is not None and ref[0] in self._before and last.end < self._before[ref[0]]


def check(c: C, known: Known, found: Findings, gone: Gone, visit: Callable[[Sequence[OneKnown]], object] = len) -> None:
    """Compare all facts. What `gone` knows of need not be there any more. `visit` is shown every connection, by the page."""
    stations = known.stations
    general = [(None, fact) for fact in (*replay.general_facts(c), *replay.station_meters(c))]
    _compare(c, general, {**known.general, **stations.meters}, found, gone)
    _located("transformer", replay.transformers(c), {key: said[-1].area for key, said in stations.transformers.items()}, found)
    after, there = 0, array("q")
    while keys := replay.connections(c, after=after):
        after = keys[-1]
        there.extend(keys)
        visit(_page(c, known, keys, found, gone))
    lost: list[int] = np.setdiff1d(np.asarray(gone.registered), np.asarray(there)).tolist()
    for first in range(0, len(lost), _TOGETHER):
        visit(_page(c, known, lost[first : first + _TOGETHER], found, gone))


def _page(c: C, known: Known, keys: Sequence[int], found: Findings, gone: Gone) -> list[OneKnown]:
    """Compare all that is about these connections; return what the log was told of them."""
    known.load(keys)
    there = [one for key in keys if (one := known.one(key)) is not None]
    said = {ref: history for one in there for ref, history in (*one.said.items(), *one.where.placed.items())}
    _compare(c, list(replay.facts(c, keys)), said, found, gone)
    _taken_out(c, keys, said, found)
    located = {one.connection: one.where.locations[-1][2:] for one in there if one.where.locations[-1].position != told.UNTOLD}
    _located("connection", replay.places(c, keys), located, found)
    return there


def _located(table: str, there: Mapping[int, object], said: Mapping[int, object], found: Findings) -> None:
    """Where things lie by the registry is where the log was told last that they do."""
    found.compared["facts"] += len(there)
    for key in there.keys() | said.keys():
        if key not in said:
            found.add("fact-not-told", table=table, id=key)
        elif there.get(key) != said[key]:
            found.add("fact-differs", table=table, id=key)


def _taken_out(c: C, keys: Sequence[int], said: Histories, found: Findings) -> None:
    """What was wrong and taken out is kept, and the log says of just these stays and couplings that they were."""
    kept = {told.ref_of(one): (connection, one) for connection, one in replay.taken_out(c, keys)}
    codes = replay.codes(c, {one.subject for _, one in kept.values() if isinstance(one, told.ABOUT_PEOPLE)})
    for ref, history in said.items():
        if history[-1].out and ref not in kept:
            found.add("fact-differs", table=ref[0], id=ref[1])
    for ref, (connection, one) in kept.items():
        history = said.get(ref, ())
        if not history or not history[-1].out or not told.agrees(connection, one, history[-1], codes):
            found.add("fact-differs" if history else "fact-not-told", table=ref[0], id=ref[1])


def _compare(
    c: C, facts: Iterable[tuple[int | None, Registered]], said: Mapping[FactRef, History], found: Findings, gone: Gone
) -> None:
    there = {told.ref_of(fact): (connection, fact) for connection, fact in facts}
    codes = replay.codes(c, {fact.subject for _, fact in there.values() if isinstance(fact, told.ABOUT_PEOPLE)})
    found.compared["facts"] += len(there)
    for ref, (connection, fact) in there.items():
        history = said.get(ref)
        if history is None or history[-1].position == told.UNTOLD:
            found.add("fact-not-told", table=ref[0], id=ref[1])
        elif not told.agrees(connection, fact, history[-1], codes):
            found.add("fact-differs", table=ref[0], id=ref[1])
    for ref, history in said.items():
        if history[-1].lives and ref not in there and not gone.has(ref, history[-1]):
            found.add("fact-differs", table=ref[0], id=ref[1])
        if ref[0] in _GIVEN_ONCE and any(_is_another(*each) for each in pairwise(history)):
            found.add("fact-told-anew", table=ref[0], id=ref[1])


def _is_another(before: State, after: State) -> bool:
    """True if what was given once is told otherwise than before, or for longer."""
    longer = before.end is not None and (after.end is None or before.end < after.end)
    same = all(before.rest.get(name, value) == value for name, value in after.rest.items())
    return longer or not same or (before.start, before.connection) != (after.start, after.connection)

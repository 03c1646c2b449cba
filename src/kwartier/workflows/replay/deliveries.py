"""Parcels against the log, the outbox and the grounds: decided again, known to the log, and no document beyond its permit."""

import json
from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final, NamedTuple, final

import numpy as np
from numpy.typing import NDArray
from psycopg import Connection

from kwartier.audit.evidence import Entry, Line
from kwartier.model.ground import Purpose, Role
from kwartier.model.parcel import ParcelStatus
from kwartier.model.period import epoch_ms, epoch_s, from_epoch_ms
from kwartier.store.registry import replay
from kwartier.store.registry import replay_corrections as testimony
from kwartier.store.registry.replay import Sent
from kwartier.workflows.replay import documents, notices, papers, wording
from kwartier.workflows.replay.again import Again
from kwartier.workflows.replay.corrections import Corrections
from kwartier.workflows.replay.findings import Findings
from kwartier.workflows.replay.held import Held
from kwartier.workflows.replay.naive import Naive
from kwartier.workflows.replay.parcel_values import Values
from kwartier.workflows.replay.window import WHOLE, Window

C = Connection[Any]
Ids = NDArray[np.uint64]
ASIDE = ".aside"
"""What is being written and nobody can fetch."""
AT_ONCE: Final = 500
"""Parcels looked up together."""


class Handed(NamedTuple):
    """What an entry of the log says of a parcel that was delivered."""

    at: datetime
    position: int
    body: Mapping[str, Any]


@final
class Deliveries:
    """Compares what the log was told of parcels with the registry's, and both with the documents that left.

    Of the parcels that were told eight bytes each are remembered.
    """

    def __init__(self, c: C, again: Again, outbox: Path, found: Findings, window: Window = WHOLE) -> None:
        """`outbox` is the folder from which receivers fetch."""
        self._c = c
        self._again = again
        self._naive = Naive(again.known)
        self._outbox = outbox
        self._found = found
        self._window = window
        self._told = array("Q")
        self._withheld = array("Q")
        self._page: dict[str, Handed] = {}
        self._told_of: set[str] = set()
        self._absent: list[tuple[Mapping[str, Any], datetime]] = []

    def take(self, entry: Entry, lines: Sequence[Line]) -> None:
        """Take up an entry of the log, in the log's order."""
        if entry.kind == "parcel:delivered":
            self._hand(entry, entry.said["body"])
        elif entry.kind == "parcel:withheld":
            self._withheld.append(_short(entry.said["body"]["parcel"]))
        elif entry.kind == "batch:delivered":
            for line in lines:
                self._hand(entry, json.loads(line.body))
        elif entry.kind == "rectification:told":
            self._told_of.add(entry.said["body"]["notice"])

    def check(self, held: Held, corrections: Corrections, since: datetime) -> None:
        """After the last entry: what the registry has besides, then the outbox; `held` is the lake that documents come from.

        Parcels from before `since` need not be there any more: retention said that it takes them away.
        """
        self._compare()
        self._absent = [one for one in self._absent if one[1] >= since]
        for body, _ in self._absent:
            self._found.add("event-without-parcel", parcel=body["parcel"], connection=body["c"])
        told, withheld = (np.unique(np.frombuffer(ids, np.uint64)) for ids in (self._told, self._withheld))
        after = ""
        while page := replay.parcels(self._c, after=after):
            after = page[-1].id
            self._besides([one for one in page if self._window.holds(one.decided)], told, withheld)
        self._documents(Values(held, corrections, self._found))

    def _hand(self, entry: Entry, body: Mapping[str, Any]) -> None:
        self._told.append(_short(body["parcel"]))
        self._page[body["parcel"]] = Handed(entry.at, entry.position, body)
        if len(self._page) >= AT_ONCE:
            self._compare()

    def _compare(self) -> None:
        """Hold what was told against the registry, and decide it again."""
        page, self._page = self._page, {}
        there = replay.these_parcels(self._c, page.keys())
        self._again.load(one.request for one in there.values())
        for parcel, handed in page.items():
            one = there.get(parcel)
            if one is None or one.status != ParcelStatus.DELIVERED:
                if self._window.holds(handed.at):
                    self._absent.append((handed.body, handed.at))
            elif self._window.holds(one.decided):
                if not _same(one, handed.body):
                    self._found.add("parcel-without-event", parcel=one.id, connection=one.connection)
                self._decide(_as_told(one, handed.body), handed.position)

    def _besides(self, page: Sequence[Sent], told: Ids, withheld: Ids) -> None:
        self._found.compared["parcels"] += len(page)
        unsaid = _unsaid((one for one in page if one.status == ParcelStatus.DELIVERED), told)
        self._again.load(one.request for one in unsaid)
        for one in unsaid:
            self._found.add("parcel-without-event", parcel=one.id, connection=one.connection)
            self._decide(one, None)
        for one in _unsaid((one for one in page if one.status == ParcelStatus.WITHHELD), withheld):
            self._found.add("withheld-without-event", parcel=one.id, connection=one.connection)

    def _decide(self, one: Sent, before: int | None) -> None:
        permit = self._again.permit(one.request, one.decided, before=before)
        if permit is None or permit.id != one.permit:
            gone = one.permit is not None and self._again.was(one.request, one.permit, one.decided)
            code = "parcel-after-stop" if gone else "parcel-not-decided"
            self._found.add(code, parcel=one.id, connection=one.connection, purpose=str(one.purpose))
        if one.receiver.role is Role.THIRD_PARTY:
            self._found.compared["consents"] += 1
            allowed = self._naive.allows(one.request, one.decided, before, at_the_meter=False)
            if allowed is not (permit is not None):
                self._found.add("consent-disagrees", parcel=one.id, connection=one.connection)

    def _documents(self, values: Values) -> None:
        """Every document a receiver can fetch is a delivered parcel of that receiver, and holds no more than was permitted."""
        sent, noticed = replay.bundles(self._c), testimony.notices(self._c)
        for path in sorted(self._outbox.rglob("*")):
            if path.is_symlink() or (path.is_file() and path.parent.parent != self._outbox):
                # a way into another's box, or a box within a box
                self._found.add("file-without-parcel", path=str(path.relative_to(self._outbox)))
                continue
            if path.is_dir() or path.suffix == ASIDE:
                continue
            if path.name.endswith(notices.SUFFIX):
                notices.check(path, noticed, self._told_of, self._found)
                continue
            bundle = path.name.removesuffix(papers.SUFFIX).removesuffix(".jsonl")
            box, at = sent.get(bundle, ("", None))
            if at is not None and not self._window.holds(at):
                continue
            parcels = self._left(bundle, box) if box == path.parent.name else {}
            if path.name.endswith(papers.SUFFIX):
                papers.check(self._c, path, parcels, self._found)
            elif path.suffix == ".jsonl":
                self._bundle(path, parcels, values)
            else:
                self._found.add("file-without-parcel", parcel=None)

    def _left(self, bundle: str, box: str) -> dict[str, Sent]:
        """Return the parcels of a bundle that were delivered, and to the receiver whose box this is."""
        there = replay.parcels_of(self._c, bundle)
        return {parcel: one for parcel, one in there.items() if (one.status, one.box) == (ParcelStatus.DELIVERED, box)}

    def _bundle(self, path: Path, sent: Mapping[str, Sent], values: Values) -> None:
        eans = replay.eans(self._c, {one.connection for one in sent.values()})
        made = []
        for document in documents.read(path):
            self._found.compared["documents"] += 1
            parcel = str(document.get("reference"))
            one = sent.get(parcel)
            if one is None:
                self._found.add("file-without-parcel", parcel=parcel)
                continue
            speaks, holds = (
                documents.speaks_of(document, one.request, one.purpose, eans),
                documents.holds_no_more(document, one.request),
            )
            if not speaks:
                self._found.add("parcel-of-another", parcel=parcel, connection=one.connection)
            if not holds:
                self._found.add("parcel-beyond-permit", parcel=parcel, connection=one.connection)
            if speaks and holds:
                if not wording.of_document(document, one):
                    self._found.add("parcel-word-differs", parcel=parcel, connection=one.connection)
                made.append((one, document))
        values.compare(made)
        taken = [(one, document) for one, document in made if one.purpose is Purpose.HAND_READING]
        values.by_hand(taken, replay.taken_by_hand(self._c, {one.connection for one, _ in taken}))


def _short(parcel: str) -> int:
    """Return the first eight bytes of a parcel's random id."""
    try:
        return int(parcel[:16], 16)
    except ValueError:
        return 0


def _unsaid(parcels: Iterable[Sent], told: Ids) -> list[Sent]:
    """Return those of these parcels that are not among what was told."""
    here = list(parcels)
    known = np.isin(np.array([_short(one.id) for one in here], np.uint64), told)
    return [one for one, said in zip(here, known.tolist(), strict=True) if not said]


def _as_told(one: Sent, body: Mapping[str, Any]) -> Sent:
    """Return a parcel as decided when the log says. Logs from before did not say when: of those the registry is believed."""
    told = body.get("decided")
    if not isinstance(told, int) or told == epoch_ms(one.decided):
        return one
    return replace(one, decided=from_epoch_ms(told))


def _same(one: Sent, body: Mapping[str, Any]) -> bool:
    """Tell whether the log was told the same of a parcel as the registry."""
    request, end = one.request, one.period.end
    return one.permit is not None and (
        body.get("permit"),
        body.get("c"),
        body.get("o"),
        body.get("i"),
        body.get("u"),
        body.get("mask"),
        body.get("start"),
        body.get("end"),
        body.get("decided", epoch_ms(one.decided)),
    ) == (
        one.permit.hex(),
        request.connection,
        request.requester.role,
        request.requester.id,
        request.purpose,
        request.mask,
        epoch_s(request.period.start),
        None if end is None else epoch_s(end),
        epoch_ms(one.decided),
    )

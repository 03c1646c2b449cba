"""S5: what people looked at, took along and had proved: each decided again, as of its moment, by what was known then."""

from collections.abc import Iterator
from typing import Any, Final, final

from psycopg import Connection

from kwartier.audit import evidence
from kwartier.audit.events import EventKind
from kwartier.audit.evidence import Entry
from kwartier.audit.subjects import is_about
from kwartier.model.errors import KwartierError
from kwartier.model.ground import Action, DataClass, Purpose, Request, Requester, Role
from kwartier.model.period import Period, from_epoch_s
from kwartier.model.register import DAY_MASK, GAS_MASK, INTERVAL_MASK, Product
from kwartier.store.registry import replay
from kwartier.workflows.replay.again import Again
from kwartier.workflows.replay.findings import Findings
from kwartier.workflows.replay.window import WHOLE, Window

C = Connection[Any]
SHOWN: Final = ((Action.VIEW, INTERVAL_MASK), (Action.DELIVER, INTERVAL_MASK), (Action.DELIVER, DAY_MASK))
"""What can be shown or taken along: the page shows intervals, a file holds registers too."""
AT_ONCE: Final = 200
GRANTED: Final = EventKind.PERMISSION_GRANTED
NAMED: Final = EventKind.LOOKS_NAMED
"""Looks from before were also by timers, in nobody's name. A log from before migration 0049 is told this once."""


@final
class Views:
    """Takes up the log's entries about looks; decides them again some hundred at a time."""

    def __init__(self, c: C, again: Again, found: Findings, window: Window = WHOLE) -> None:
        """Contradictions go to `found`."""
        self._c = c
        self._again = again
        self._found = found
        self._window = window
        self._waiting: list[Entry] = []
        self._unnamed: list[int] = []
        self._told = False

    def take(self, entry: Entry) -> None:
        """Take up an entry of the log, in the log's order."""
        if entry.kind == NAMED and not self._told:
            self._unnamed, self._told = [], True
        if _is_unnamed(entry) and self._window.holds(entry.at):
            self._unnamed.append(entry.id)
        if _of_staff(entry):
            self._found.compared["looks"] += 1
        elif (entry.kind in {"view:shown", "view:refused", "proof:given"} or _of_customer(entry)) and self._window.holds(entry.at):
            self._waiting.append(entry)
            if len(self._waiting) >= AT_ONCE:
                self.check()

    def end(self) -> None:
        """After the last entry: decide again what still waits, and tell of whom looked in nobody's name."""
        self.check()
        for entry in self._unnamed:
            self._found.add("look-unnamed", entry=entry)

    def check(self) -> None:
        """Decide again what waits for it."""
        waiting, self._waiting = self._waiting, []
        self._again.known.load({entry.connection or 0 for entry in waiting})
        codes = replay.codes(self._c, {number for entry in waiting if (number := _customer(entry)) is not None})
        for entry in waiting:
            self._found.compared["views"] += 1
            try:
                self._one(entry, codes.get(_customer(entry) or 0))
            except (KeyError, TypeError, ValueError, KwartierError):
                self._found.add("not-understood", entry=entry.id)

    def _one(self, entry: Entry, code: str | None) -> None:
        if code is None or not _about(entry, code):
            what = "permission-by-another" if entry.kind == GRANTED else "view-of-another"
            self._found.add(what, entry=entry.id, connection=entry.connection)
        elif entry.kind == GRANTED:
            return  # by whom it is about; whether it is a ground is looked at where it is used
        elif entry.kind != "proof:given":
            self._view(entry)
        elif "absence" not in entry.said["body"]:  # that nothing was read is proved by lines about this person alone
            self._proof(entry, code)

    def _view(self, entry: Entry) -> None:
        """What was shown had just the permit named; what was refused gets none now either."""
        body = entry.said["body"]
        found = [self._again.permit(request, entry.at, before=entry.position) for request in self._asked(entry)]
        if entry.kind == "view:shown":
            if body["permit"] not in {permit.id.hex() for permit in found if permit is not None}:
                self._found.add("view-not-decided", entry=entry.id, connection=entry.connection)
        elif found and found[0] is not None:
            self._found.add("view-refused-with-ground", entry=entry.id, connection=entry.connection)

    def _asked(self, entry: Entry) -> Iterator[Request]:
        """Yield the questions that a look can have been: the line says whose, why and about which time."""
        there = self._again.known.one(entry.connection or 0)
        body, customer = entry.said["body"], _customer(entry)
        if there is None or customer is None or body["end"] is None:
            return
        period = Period(from_epoch_s(body["start"]), from_epoch_s(body["end"]))
        for action, kind in SHOWN:
            mask = kind & (GAS_MASK if there.product is Product.GAS else ~GAS_MASK)
            data_class = DataClass.PROFILE if kind == INTERVAL_MASK else DataClass.REGISTER
            yield Request(
                Requester(Role.CUSTOMER, customer), action, Purpose(body["u"]), there.connection, mask, period, data_class
            )

    def _proof(self, entry: Entry, code: str) -> None:
        """A proof was given of a line about the same person; what was forgotten since cannot be told any more."""
        lines = evidence.ties_of(self._c, int(entry.said["body"]["entry"]))
        if not any(is_about(code, tag, salt) or (tag is not None and salt is None) for tag, salt in lines):
            self._found.add("proof-of-another", entry=entry.id, connection=entry.connection)


def _of_staff(entry: Entry) -> bool:
    """True if one of the operator's people looked at what is known of a connection: grounds and needs, never readings."""
    return entry.kind == "view:shown" and entry.said["actor"] == Role.OPERATOR and "permit" not in entry.said["body"]


def _of_customer(entry: Entry) -> bool:
    """True if a permission was given by somebody; what the operator's processes write down began by silence, or was imported."""
    return entry.kind == GRANTED and entry.said["actor"] != Role.OPERATOR


def _is_unnamed(entry: Entry) -> bool:
    """True if the operator looked, and the line says of nobody who and why: what runs by itself shows nobody anything."""
    return entry.kind in {"view:shown", "view:refused"} and entry.said["actor"] == Role.OPERATOR and not entry.said.get("staff")


def _customer(entry: Entry) -> int | None:
    """Return the number of the customer who looked."""
    role, _, number = str(entry.said["actor"]).partition(":")
    return int(number) if role == Role.CUSTOMER and number.isdecimal() else None


def _about(entry: Entry, code: str) -> bool:
    """True if the line is about who looked; a line whose salt was erased is taken at its word."""
    if entry.tie is None:
        return False
    return entry.tie.salt is None or is_about(code, bytes.fromhex(entry.said["subject"]), entry.tie.salt)

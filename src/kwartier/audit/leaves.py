"""The bodies of batch leaves: what the night meant to do, what it refused and what it did, task by task. Pure.

A batch is logged as one event; its tasks are the leaves of a tree whose root stands in that event. A line is about one person: a
task that concerns two has a line for each, with the permits about them. Bodies are short on purpose, there are millions each night.
They are canonical JSON, written by hand of numbers and of words without quotes; `test_leaves.py` holds them against it.
Their keys, in the order in which canonical JSON has them:

    key   in                  meaning
    a     refused             what was not allowed, an action
    at    read                when the answer was complete, epoch milliseconds
    b     intended, read      M-Bus channel, 0 for the electricity meter itself
    c     all                 connection, surrogate key; 0 for a station meter
    class refused             class of data
    f, l  intended, read      first and last row stamp asked for, epoch seconds, both included
    g     intended            the grounds, a list per permit, see `Grant`
    i, o  refused             the requester: id and role
    m     intended, read      meter, surrogate key
    mask  refused             channels
    p     intended, read      profile, or the chore where it is no profile that is read
    r     read                result, model/task.py
    s     read                ids (hex) of the permits that were not stopped when the answer came
    start, end  refused       the time that was asked about, epoch seconds; no end: null
    u     refused             purpose
    w     read                why there is a gap, or null
    x     refused             id of the rule that said no
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple, Self

from kwartier.audit.canonical import Json
from kwartier.audit.errors import NotLoggable
from kwartier.model.care import Errand
from kwartier.model.ground import Action, DataClass, Purpose, Refusal, Request, Requester, Role
from kwartier.model.period import Period, epoch_ms, epoch_s, from_epoch_s
from kwartier.model.permit import PermitRef
from kwartier.model.task import GapReason, Result, Task


class Leaf(NamedTuple):
    """One line of a batch about one connection. `body` is canonical JSON; `subject_code` None where it is about no person."""

    connection: int
    subject_code: str | None
    body: bytes


class Grant(NamedTuple):
    """One permit in an `intended` leaf, enough to decide it again: an entry of `g` is this tuple as a list."""

    permit: str
    rule_no: int
    mask: int
    first_s: int
    last_s: int
    keeps: bool
    role: str
    requester: int
    purpose: str
    data_class: str
    start_s: int
    end_s: int | None

    @classmethod
    def of(cls, ref: PermitRef, request: Request) -> Self:
        """Name a permit by its reference and the request that it answered."""
        end = request.period.end
        return cls(
            permit=ref.id.hex(),
            rule_no=ref.rule_no,
            mask=ref.mask,
            first_s=ref.first_s,
            last_s=ref.last_s,
            keeps=ref.keeps,
            role=request.requester.role,
            requester=request.requester.id,
            purpose=request.purpose,
            data_class=request.data_class,
            start_s=epoch_s(request.period.start),
            end_s=None if end is None else epoch_s(end),
        )

    def request(self, connection: int, action: Action = Action.READ) -> Request:
        """Return the request that the permit answered. Raises ValueError if a word is unknown."""
        end = None if self.end_s is None else from_epoch_s(self.end_s)
        return Request(
            requester=Requester(Role(self.role), self.requester),
            action=action,
            purpose=Purpose(self.purpose),
            connection=connection,
            mask=self.mask,
            period=Period(from_epoch_s(self.start_s), end),
            data_class=DataClass(self.data_class),
        )


def intended(task: Task | Errand, requests: Mapping[bytes, Request], subject_code: str | None) -> Leaf:
    """Say what will be asked of a meter and on which grounds, before it is asked.

    `requests` has the request of each of the task's permits, by permit id. Raises NotLoggable if one is missing.
    """
    try:
        grants = ",".join([_grant(ref, requests[ref.id]) for ref in task.permits])
    except KeyError as fault:
        msg = "a permit of the task has no request"
        raise NotLoggable(msg) from fault
    body = (
        f'{{"b":{task.mbus},"c":{task.connection},"f":{task.first_s},"g":[{grants}]'
        f',"l":{task.last_s},"m":{task.meter},"p":"{task.name}"}}'
    )
    return Leaf(task.connection, subject_code, body.encode())


def _grant(ref: PermitRef, request: Request) -> str:
    """Write a permit as `Grant.of` has it. Words say `!s`: an enum's own way to format itself takes longer than all the rest."""
    who, keeps = request.requester, "true" if ref.keeps else "false"
    start, until = _bounds(request.period.start, request.period.end)
    return (
        f'["{ref.id.hex()}",{ref.rule_no},{ref.mask},{ref.first_s},{ref.last_s},{keeps}'
        f',"{who.role!s}",{who.id},"{request.purpose!s}","{request.data_class!s}",{start},{until}]'
    )


@lru_cache(maxsize=4096)
def _bounds(start: datetime, end: datetime | None) -> tuple[str, str]:
    """Write the epoch seconds of a period's bounds; they are the same again and again."""
    return str(epoch_s(start)), "null" if end is None else str(epoch_s(end))


def refused(refusal: Refusal, subject_code: str | None) -> Leaf:
    """Say what was not read, enough to decide it again, and which rule said so."""
    request = refusal.request
    asks = request.requester
    start, until = _bounds(request.period.start, request.period.end)
    body = (
        f'{{"a":"{request.action!s}","c":{request.connection},"class":"{request.data_class!s}","end":{until},"i":{asks.id}'
        f',"mask":{request.mask},"o":"{asks.role!s}","start":{start},"u":"{request.purpose!s}","x":"{refusal.rule}"}}'
    )
    return Leaf(request.connection, subject_code, body.encode())


def request_of(body: Mapping[str, Any]) -> Request:
    """Return the question that a `refused` body, or that of a parcel, speaks of. Raises KeyError, ValueError."""
    end = None if body["end"] is None else from_epoch_s(body["end"])
    return Request(
        requester=Requester(Role(body["o"]), body["i"]),
        action=Action(body.get("a", Action.DELIVER)),
        purpose=Purpose(body["u"]),
        connection=body["c"],
        mask=body["mask"],
        period=Period(from_epoch_s(body["start"]), end),
        data_class=DataClass(body["class"]),
    )


def read(
    task: Task | Errand, result: Result, reason: GapReason | None, served: Iterable[bytes], at: datetime, subject_code: str | None
) -> Leaf:
    """Say how a task ended. `served` are the ids of the permits that were not stopped; `at` is when the answer was complete."""
    permits = ",".join([f'"{permit.hex()}"' for permit in served])
    why = "null" if reason is None else f'"{reason}"'
    body = (
        f'{{"at":{epoch_ms(at)},"b":{task.mbus},"c":{task.connection},"f":{task.first_s},"l":{task.last_s}'
        f',"m":{task.meter},"p":"{task.name}","r":"{result!s}","s":[{permits}]'
        f',"w":{why}}}'
    )
    return Leaf(task.connection, subject_code, body.encode())


def parcel(parcel_id: str, request: Request, permit: bytes | None, rule: str, decided: datetime | None = None) -> dict[str, Json]:
    """Return the body of `parcel:delivered` and `parcel:withheld`: what was asked, and the permit (None when withheld) and rule.

    `decided` is when what was handed over was decided last: a round that was killed tells it when the next one starts. What is
    withheld is told as it is decided. The same body serves a single event and, through `canonical`, a leaf of a batch.
    """
    end = request.period.end
    return {
        "parcel": parcel_id,
        "permit": None if permit is None else permit.hex(),
        "rule": rule,
        "c": request.connection,
        "o": request.requester.role,
        "i": request.requester.id,
        "u": request.purpose,
        "mask": request.mask,
        "class": request.data_class,
        "start": epoch_s(request.period.start),
        "end": None if end is None else epoch_s(end),
        **({} if decided is None else {"decided": epoch_ms(decided)}),
    }

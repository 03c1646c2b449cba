"""A `Permit` is a decision that says yes; only grounds/decide.py makes one. A `PermitRef` names it and opens nothing."""

from dataclasses import dataclass
from datetime import datetime
from typing import final

from kwartier.model.ground import FactRef, Request
from kwartier.model.register import Mask


@final
@dataclass(frozen=True, slots=True)
class PermitRef:
    """What is stored, or sent to a worker: enough to name the ground, to stop on its revocation and to narrow the answer.

    `first_s` and `last_s` bound the row stamps in epoch seconds, both included. `keeps` is False where values may only be summed.
    `facts` are what a stop list names. `rule_no` is the rule's permanent number: bit `rule_no` of a channel-day's basis.
    """

    id: bytes
    rule_no: int
    mask: Mask
    first_s: int
    last_s: int
    facts: tuple[FactRef, ...]
    keeps: bool


@final
@dataclass(frozen=True, slots=True)
class Permit:
    """Yes, on this ground. `id` is 16 bytes: a hash of rule, edition, request and facts, so the same facts give the same id.

    `subject` is the person the data are about (None for data about no person). `facts` are the facts it rests on: when one of
    them ends, the permit is void. `keeps` False allows sums only, over at least `min_group` homes.
    """

    id: bytes
    request: Request
    subject: int | None
    rule: str
    rule_no: int
    edition: str
    sentence: str
    article: str
    nl: str
    en: str
    facts: tuple[FactRef, ...]
    keeps: bool
    min_group: int
    at: datetime

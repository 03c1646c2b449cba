"""A `Permit` is a decision that says yes; only grounds/decide.py makes one. A `PermitRef` names it and opens nothing."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, final

from kwartier.model.ground import FactRef, Request, Ruling
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
class Permit(NamedTuple):
    """Yes, on this ground. `id` is 16 bytes: a hash of rule, edition, request and facts, so the same facts give the same id.

    `subject` is the person the data are about (None for data about no person). `facts` are the facts it rests on: when one of
    them ends, the permit is void. `keeps` False allows sums only, over at least `min_group` homes.
    """

    id: bytes
    request: Request
    subject: int | None
    ruling: Ruling
    facts: tuple[FactRef, ...]
    keeps: bool
    min_group: int
    at: datetime

    @property
    def rule(self) -> str:
        """The id of the row that says yes."""
        return self.ruling.rule

    @property
    def rule_no(self) -> int:
        """The permanent number of that row."""
        return self.ruling.rule_no

    @property
    def edition(self) -> str:
        """The edition it stands in."""
        return self.ruling.edition

    @property
    def sentence(self) -> str:
        """The leaflet's sentence it rests on."""
        return self.ruling.sentence

    @property
    def article(self) -> str:
        """The law's article, in that edition."""
        return self.ruling.article

    @property
    def nl(self) -> str:
        """The reason in Dutch, for the person who asked."""
        return self.ruling.nl

    @property
    def en(self) -> str:
        """The reason in English, for the person who asked."""
        return self.ruling.en

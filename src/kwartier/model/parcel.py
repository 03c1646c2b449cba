"""What leaves the house, and how that ended."""

from dataclasses import dataclass
from enum import StrEnum
from typing import final

from kwartier.model.ground import Purpose, Requester
from kwartier.model.permit import PermitRef


class ParcelStatus(StrEnum):
    """The one final status of a parcel. WITHHELD: the ground had gone when it was decided again just before."""

    DELIVERED = "delivered"
    WITHHELD = "withheld"
    FAILED = "failed"


@final
@dataclass(frozen=True, slots=True)
class Parcel:
    """One document for one receiver about one connection, under one permit to deliver. `body` is UTF-8 JSON."""

    id: str
    receiver: Requester
    connection: int
    purpose: Purpose
    permit: PermitRef
    body: bytes

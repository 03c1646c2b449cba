"""What the night asks of a meter, and what became of it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import final

from kwartier.model.permit import PermitRef
from kwartier.model.register import Mask


class ProfileName(StrEnum):
    """The load profiles (class 7) that Kwartier reads; a meter model says how each is built."""

    E_INTERVAL = "e_interval"
    E_DAY = "e_day"
    G_INTERVAL = "g_interval"
    G_DAY = "g_day"


@final
@dataclass(frozen=True, slots=True)
class Task:
    """One GET of one profile over [first_s, last_s], row stamps in epoch seconds, both included.

    `connection` is the surrogate key whose usage it is (0 for a station meter); `mbus` the M-Bus channel 1..4, 0 for the
    electricity meter itself. `permits` is never empty: no ground, no reading.
    """

    connection: int
    meter: int
    profile: ProfileName
    mbus: int
    first_s: int
    last_s: int
    permits: tuple[PermitRef, ...]

    @property
    def name(self) -> str:
        """What is asked, in one word: as log and registry write it."""
        return str(self.profile)

    @property
    def mask(self) -> Mask:
        """The channels that any of the permits covers."""
        mask = 0
        for permit in self.permits:
            mask |= permit.mask
        return mask


class Result(StrEnum):
    """How a task ended."""

    READ = "read"
    GAP = "gap"
    STOPPED = "stopped"


class GapReason(StrEnum):
    """Why a meter did not give what was asked. A gap is a fact for the next night's plan."""

    UNREACHABLE = "unreachable"
    TIMEOUT = "timeout"
    DROPPED = "dropped"
    REFUSED_ASSOCIATION = "refused_association"
    AUTHENTICATION = "authentication"
    COUNTER = "counter"
    PROTOCOL = "protocol"
    ACCESS_DENIED = "access_denied"
    NO_KEYS = "no_keys"
    INCOMPLETE = "incomplete"
    QUARANTINED = "quarantined"
    OUT_OF_TIME = "out_of_time"
    NOT_THERE = "not_there"
    """It answered, and had no value of what was asked: not yet, or not any more."""
    FELL_SHORT = "fell_short"
    """It was read, and of what one of the grounds asked for nothing came that could be kept."""
    WITHDRAWN = "withdrawn"
    """It was read, and every ground for it ended before it was accepted: nothing of it is kept, and nobody gets it."""

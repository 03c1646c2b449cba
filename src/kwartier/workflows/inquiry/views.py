"""What a page gets to show. Plain values: a page formats them and decides nothing."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import final

from kwartier.grounds.explain import Explanation
from kwartier.model.channel_day import ChannelDay
from kwartier.model.ground import Refusal, Role
from kwartier.model.period import Period
from kwartier.model.permit import Permit
from kwartier.model.register import Product


@final
@dataclass(frozen=True, slots=True)
class MyConnection:
    """A connection the person has or had: `mine` is the own period there. `masked` shows the last digits of the EAN only."""

    key: int
    masked: str
    product: Product
    mine: Period


@final
@dataclass(frozen=True, slots=True)
class UsageDay:
    """One local day of one connection as held. `refusal` is set, and `days` empty, where there is no ground to show it.

    `why_empty` is a stable code when there are no values: `not-asked` (no ground asked the meter), `gap` (the meter did not
    answer), `quarantined`, `not-yet` (no night has read this day).
    """

    connection: MyConnection
    day: date
    days: tuple[ChannelDay, ...]
    permit: Permit | None
    refusal: Refusal | None
    why_empty: str | None


@final
@dataclass(frozen=True, slots=True)
class WhoMayRow:
    """One line of it. `permission` is the id to revoke, None where the ground is not the customer's to take back."""

    explanation: Explanation
    who: str
    purpose_words: str | None
    permission: int | None


@final
@dataclass(frozen=True, slots=True)
class AccessLine:
    """One line of the access log.

    `who` are those on whose behalf it happened: a party's name, or a role where there is none. `entry` and `leaf` name the proof
    (leaf None for a single event); `entry` is None while the line is not signed yet.
    """

    at: datetime
    kind: str
    who: tuple[str | Role, ...]
    purposes: tuple[str, ...]
    rules: tuple[str, ...]
    outcome: str | None
    profile: str | None
    period: Period | None
    entry: int | None
    leaf: int | None


@final
@dataclass(frozen=True, slots=True)
class Download:
    """A file to take away: its name holds nothing personal."""

    name: str
    media_type: str
    body: bytes

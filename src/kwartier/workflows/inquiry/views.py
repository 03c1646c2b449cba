"""What a page gets to show. Plain values: a page formats them and decides nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import final

from kwartier.grounds.explain import Bar, Explanation
from kwartier.grounds.rule import Rule
from kwartier.model.channel_day import ChannelDay
from kwartier.model.ground import Refusal, Role
from kwartier.model.period import Period
from kwartier.model.permit import Permit
from kwartier.model.register import Mask, Product


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

    `why_empty` is a stable code when there are no values, or not those of every channel: `not-asked` (nobody had a ground to keep
    them), `not-yet` (no night has read this day), `stopped`, `quarantined`, or else the reason of a gap.
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
    """One line of who may know what without being given a permission, cut to the person's own time."""

    explanation: Explanation
    who: str
    product: Product


@final
@dataclass(frozen=True, slots=True)
class MyPermission:
    """A permission as given and as it stands; `party` None is the own opt-in, `purpose` is in the customer's words.

    `until` is when it runs out, None for never; `cut` is True where somebody told an end of it, maybe one still to come: that is
    not prolonged. `ended` says how it ended (an event, or `expired`), and when; both are None while it is in force; `because` says
    why it fell away by itself. `idle` is the rule by which it opens nothing at present, None where it works.
    """

    id: int
    connection: int
    party: str | None
    product: Product
    mask: Mask
    purpose: str
    data: Period
    given: datetime
    until: datetime | None
    cut: bool
    ended: str | None
    ended_at: datetime | None
    idle: Rule | None
    because: str | None = None


@final
@dataclass(frozen=True, slots=True)
class Barred:
    """A restriction in force at one of the person's connections. `inherited` if it began before the person came to live there."""

    bar: Bar
    connection: int
    product: Product
    inherited: bool


@final
@dataclass(frozen=True, slots=True)
class WhoMay:
    """Everything about who may know what of a person, over all their connections; permissions the newest first."""

    barred: Sequence[Barred]
    permissions: Sequence[MyPermission]
    rows: Sequence[WhoMayRow]


@final
@dataclass(frozen=True, slots=True)
class AccessLine:
    """One line of the access log.

    `who` are those on whose behalf it happened: a party's name, or a role where there is none. `entry` and `leaf` name the proof
    (leaf None for a single event); `entry` is None while the line is not signed yet. `product` is what the connection carries, None
    for a line about no connection. `mask` are the channels it is about, None where the line does not say. `recorded` is True where
    the operator wrote down a fact that others told it. `registered_then`: it was done in the name of who was registered there then,
    whose line and proof it is; here it has none.
    """

    at: datetime
    kind: str
    product: Product | None
    who: tuple[str | Role, ...]
    purposes: tuple[str, ...]
    rules: tuple[str, ...]
    outcome: str | None
    profile: str | None
    mask: Mask | None
    period: Period | None
    recorded: bool
    entry: int | None
    leaf: int | None
    registered_then: bool = False


@final
@dataclass(frozen=True, slots=True)
class Watch:
    """What a witness of the log answers for: the first `seen` of `signed` lines, at a moment by its own clock, None if never."""

    name: str
    signed: int
    seen: int
    at: datetime | None


@final
@dataclass(frozen=True, slots=True)
class Download:
    """A file to take away: its name holds nothing personal."""

    name: str
    media_type: str
    body: bytes

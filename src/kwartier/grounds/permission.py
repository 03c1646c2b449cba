"""The life of a permission as a table, after Implementing Regulation (EU) 2023/1162, and the scope a customer can give.

Everything about the order of events lives in this file; the picture in docs/GROUNDS.md is drawn from the table. Events are
appended, never changed: a permission's state is what its events, taken in order, lead to. An end that is told ahead is an event
when its moment comes; if another came sooner, that was the end, and it is none.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, final

from kwartier.grounds.errors import BadScope, NoTransition
from kwartier.model.ground import Permission
from kwartier.model.period import Period, utc
from kwartier.model.register import ALL_MASK, GAS_MASK, Kind, Mask, Product, select


class State(StrEnum):
    """Where a permission stands. Only GRANTED is active: "not revoked or expired" (art. 2)."""

    REQUESTED = "requested"
    AWAITING_CUSTOMER = "awaiting_customer"
    GRANTED = "granted"
    NOT_GRANTED = "not_granted"
    ENDED = "ended"


class Event(StrEnum):
    """What happens to a permission. GRANTED and those after it are stored as permission events under these names."""

    REQUESTED = "requested"
    PRESENTED = "presented"
    REJECTED = "rejected"
    TIMED_OUT = "timed_out"
    FOUND_INVALID = "found_invalid"
    GRANTED = "granted"
    FULFILLED = "fulfilled"
    REVOKED = "revoked"
    TERMINATED = "terminated"
    EXPIRED = "expired"
    INVALIDATED = "invalidated"


class Because(StrEnum):
    """Why a permission fell away by itself (INVALIDATED). P4 calls the first 040: the contract party changed."""

    MOVED_OUT = "moved_out"
    REFUSED = "refused"
    PARTY_SUSPENDED = "party_suspended"
    AGREEMENT_ENDED = "agreement_ended"


class Flaw(StrEnum):
    """Why a request does not hold (FOUND_INVALID).

    SAID_NO: a mandate of somebody who said no to it before, or took the permission back. The party may ask, and needs a yes.
    """

    UNKNOWN_PARTY = "unknown_party"
    NOT_A_THIRD_PARTY = "not_a_third_party"
    NO_AGREEMENT = "no_agreement"
    PARTY_SUSPENDED = "party_suspended"
    UNKNOWN_POINT = "unknown_point"
    NOBODY_LIVES_THERE = "nobody_lives_there"
    SAID_NO = "said_no"
    REFUSED = "refused"
    SCOPE = "scope"
    ALREADY_PERMITTED = "already_permitted"


class Schedule(StrEnum):
    """How often what a permission gives is handed over. Daily, free of charge, is what the law names; we know no other yet."""

    DAILY = "daily"


CAUSES: Final[Mapping[Event, str]] = {
    Event.REQUESTED: "the party asks the permission administrator",
    Event.PRESENTED: "the permission administrator shows the request to the customer",
    Event.REJECTED: "the customer says no",
    Event.TIMED_OUT: "the customer did not answer in time",
    Event.FOUND_INVALID: "the request does not hold, or no longer: unknown party or point, no agreement, nobody lives there, scope",
    Event.GRANTED: "the customer says yes, in the portal or in a party's app",
    Event.FULFILLED: "all that it was given for was handed over",
    Event.REVOKED: "the customer withdraws it",
    Event.TERMINATED: "the party ends its service",
    Event.EXPIRED: "its end was reached",
    Event.INVALIDATED: "the ground fell away: the customer moved out or refused the meter, the party lost its agreement",
}

TRANSITIONS: Final[Mapping[State | None, Mapping[Event, State]]] = {
    None: {Event.REQUESTED: State.REQUESTED, Event.GRANTED: State.GRANTED},
    State.REQUESTED: {Event.PRESENTED: State.AWAITING_CUSTOMER, Event.FOUND_INVALID: State.NOT_GRANTED},
    State.AWAITING_CUSTOMER: {
        Event.GRANTED: State.GRANTED,
        Event.REJECTED: State.NOT_GRANTED,
        Event.TIMED_OUT: State.NOT_GRANTED,
        Event.FOUND_INVALID: State.NOT_GRANTED,
    },
    State.GRANTED: {
        Event.FULFILLED: State.ENDED,
        Event.REVOKED: State.ENDED,
        Event.TERMINATED: State.ENDED,
        Event.EXPIRED: State.ENDED,
        Event.INVALIDATED: State.ENDED,
    },
    State.NOT_GRANTED: {},
    State.ENDED: {},
}
"""What may follow what; None is before the first event. A customer in the portal grants without a request."""

FINAL: Final = tuple(state for state, steps in TRANSITIONS.items() if state is not None and not steps)

MAX_LIFETIME: Final = timedelta(days=5 * 366)
"""The longest a permission may live before it must be given anew: our choice; the regulation leaves the maximum to the scope."""


def next_state(state: State | None, event: Event) -> State:
    """Return the state after this event. Raises NoTransition."""
    after = TRANSITIONS[state].get(event)
    if after is None:
        msg = f"a permission that is {'not there yet' if state is None else state.value} cannot be {event.value}"
        raise NoTransition(msg)
    return after


def steps() -> Iterator[tuple[State | None, Event, State]]:
    """Yield every step of the table."""
    for state, events in TRANSITIONS.items():
        for event, after in events.items():
            yield state, event, after


def ended(permission: Permission, moment: datetime) -> Permission:
    """Return the permission as it is after an end at `moment`: it lives no longer than that, and never longer than it did."""
    moment = utc(moment)
    end = moment if permission.live.end is None else min(moment, permission.live.end)
    return replace(permission, live=Period(permission.live.start, max(end, permission.live.start)))


@final
@dataclass(frozen=True, slots=True)
class Scope:
    """What is asked or given: which channels, what for, about which time, until when at the latest, and how often.

    Direction, product, kinds and granularity all stand in `mask`.
    """

    mask: Mask
    purpose: str
    data: Period
    until: datetime
    schedule: str = Schedule.DAILY

    def within(self, other: "Scope") -> bool:
        """Tell whether this is the other one, or narrower."""
        same = (self.purpose, self.schedule) == (other.purpose, other.schedule)
        return same and not self.mask & ~other.mask and other.data.covers(self.data) and self.until <= other.until

    def going_on(self, until: datetime) -> "Scope | None":
        """Return the most with which what ends at `self.until` goes on until a later moment; None where nothing is to go on.

        The same, and nothing besides: where the time it is about ends with it, that ends with it again; where that has its own end
        after it, it keeps that one. What was about a time that ended before it gave nothing any more, and does not begin anew.
        """
        end = self.data.end
        if end is not None and end < self.until:
            return None
        data = Period(self.data.start, max(until, end)) if end == self.until else self.data
        return replace(self, data=data, until=until)


def flawed(scope: Scope, start: datetime, product: Product) -> bool:
    """Tell whether no customer with this product can give this from `start` on."""
    if scope.schedule not in set(Schedule) or scope.mask & ~select(product, Kind) or scope.until <= start:
        return True
    try:
        check(Permission(0, 0, 0, scope.mask, scope.purpose, scope.data, Period(start, scope.until)))
    except BadScope:
        return True
    return False


def check(permission: Permission) -> None:
    """Raise BadScope unless a customer can give this: some channels of one product, said what for, with an end not too far off."""
    mask, live = permission.mask, permission.live
    if not mask or mask & ~ALL_MASK:
        msg = "a permission names at least one channel, and only known ones"
    elif mask & GAS_MASK and mask & ~GAS_MASK:
        msg = "a permission is about one connection, so about electricity or gas, not both"
    elif not permission.purpose.strip():
        msg = "a permission says what for"
    elif live.end is None or live.end <= live.start:
        msg = "a permission has an end after its start"
    elif live.end - live.start > MAX_LIFETIME:
        msg = "a permission may not live longer than five years"
    elif permission.data.is_moment:
        msg = "a permission is about some time, not about one moment"
    else:
        return
    raise BadScope(msg)

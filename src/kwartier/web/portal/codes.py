"""Words for the codes by which the registry names things: what was done at a meter, how something was read, how it stands."""

from collections.abc import Mapping

from kwartier.grounds.permission import Event
from kwartier.model.care import Chore
from kwartier.model.ground import RestrictionKind, Role
from kwartier.model.task import ProfileName
from kwartier.web.portal import phrases
from kwartier.web.portal.words import Words


def chore(words: Words, code: str) -> str:
    """Name what was looked at or set at a meter; what is no chore stays as it is said."""
    known: Mapping[str, str] = {
        Chore.CLOCK: words.text("the clock of the meter"),
        Chore.FIRMWARE: words.text("its software"),
        Chore.ALARMS: words.text("its alarms"),
        Chore.ERRORS: words.text("its faults, the battery among them"),
        Chore.GAS_STATUS: words.text("the state of the gas meter"),
        Chore.STANDARD_EVENTS: words.text("its log of events"),
        Chore.FRAUD_EVENTS: words.text("its log of what was opened"),
        Chore.GAS_EVENTS: words.text("the gas meter's log of events"),
        Chore.QUALITY_EVENTS: words.text("its log of too much or too little voltage"),
        Chore.POWER_FAILURES: words.text("its log of power failures"),
        Chore.VOLTAGES: words.text("the voltage"),
        Chore.ADMINISTRATIVE_STATUS: words.text("whether it is administratively off"),
        Chore.CLEAR_ALARMS: words.text("alarms were cleared"),
        Chore.SWITCH_OFF: words.text("it was set to administratively off"),
        Chore.SWITCH_ON: words.text("it was set back on"),
        Chore.UPDATE: words.text("new software was put in"),
    }
    return known.get(code, code)


def event(words: Words, code: str) -> str:
    """Say what became of a request or a permission."""
    known: Mapping[str, str] = {
        Event.REQUESTED: words.text("asked"),
        Event.PRESENTED: words.text("put to you"),
        Event.REJECTED: words.text("you said no"),
        Event.TIMED_OUT: words.text("it ran out without an answer"),
        Event.FOUND_INVALID: words.text("it did not hold"),
        Event.GRANTED: words.text("you said yes"),
        Event.FULFILLED: words.text("all was handed over"),
        Event.REVOKED: words.text("you revoked it"),
        Event.TERMINATED: words.text("the other side ended it"),
        Event.EXPIRED: words.text("it ran out"),
        Event.INVALIDATED: words.text("it fell away by itself"),
    }
    return known.get(code, code)


def kind(words: Words, code: str) -> str:
    """Say in which of two ways a meter is not read."""
    known: Mapping[str, str] = {
        RestrictionKind.REFUSED: words.text("you refused it"),
        RestrictionKind.ADMINISTRATIVELY_OFF: words.text("administratively off"),
    }
    return known.get(code, code)


def profile(words: Words, code: str) -> str:
    """Name what was asked of a meter."""
    known: Mapping[str, str] = {
        ProfileName.E_INTERVAL: words.text("electricity per quarter-hour"),
        ProfileName.E_DAY: words.text("electricity, the registers of a day"),
        ProfileName.G_INTERVAL: words.text("gas per hour"),
        ProfileName.G_DAY: words.text("gas, the register of a day"),
    }
    return known.get(code, code)


def by_whom(words: Words, code: str) -> str:
    """Say how a register was read by hand."""
    known: Mapping[str, str] = {
        "visit": words.text("the grid operator was there"),
        "customer": words.text("from the display, by you"),
        "p1": words.text("from the P1 port, by you"),
    }
    return known.get(code, code)


def alarm(words: Words, code: str) -> str:
    """Say how an alarm stands."""
    known: Mapping[str, str] = {
        "told": words.text("not looked at yet"),
        "confirmed": words.text("it was so"),
        "denied": words.text("the meter says otherwise"),
    }
    return known.get(code, code)


def recipient(words: Words, said: str) -> str:
    """Name a receiver: a role in words, a party by its own name."""
    return phrases.role(words, Role(said)) if said in {*Role} else said

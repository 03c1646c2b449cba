"""Words for the codes by which the registry names things: what was done at a meter, how something was read, how it stands."""

from collections.abc import Iterator, Mapping
from typing import Final

from kwartier.grounds.permission import Event
from kwartier.model.care import Chore
from kwartier.model.ground import RestrictionKind, Role
from kwartier.model.task import ProfileName
from kwartier.web.portal import phrases
from kwartier.web.portal.words import Words

IN_BITS: Final = frozenset({str(Chore.ALARMS), str(Chore.ERRORS)})
"""Of what is seen at a meter, what is a register of bits (`alarms`)."""
_BITS: Final = 32


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
        RestrictionKind.REFUSED: words.text("the smart meter was refused"),
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


def alarms(words: Words, register: int) -> str:
    """Say which bits of a meter's alarm register are set; its error register has the same.

    Source: DSMR P3 4.2.2 (alarm register 0-0:97.98.0); bits 3, 4 and 28 to 31 are those of SMR 5, as implemented.
    """
    known = dict(_alarm_bits(words))
    named = (known.get(bit) or words.text("bit %s, which no standard names") % bit for bit in range(_BITS) if register >> bit & 1)
    return ", ".join(named) or words.text("nothing is reported")


def _alarm_bits(words: Words) -> Iterator[tuple[int, str]]:
    yield 0, words.text("the clock is not valid")
    yield 1, words.text("the battery must be replaced")
    yield 2, words.text("the power came on")
    yield 3, words.text("an additional event")
    yield 4, words.text("the settings changed")
    yield 8, words.text("fault in the program memory")
    yield 9, words.text("fault in the working memory")
    yield 10, words.text("fault in the permanent memory")
    yield 11, words.text("fault in the measuring part")
    yield 12, words.text("the meter restarted by itself")
    yield 13, words.text("possible fraud")
    for channel in range(1, 5):
        yield 15 + channel, words.text("no contact with the meter on channel %s") % channel
        yield 19 + channel, words.text("possible fraud with the meter on channel %s") % channel
        yield 23 + channel, words.text("a new meter on channel %s") % channel
    for phase in range(1, 4):
        yield 27 + phase, words.text("no voltage on phase %s") % phase
    yield 31, words.text("a test")


def recipient(words: Words, said: str) -> str:
    """Name a receiver: a role in words, a party by its own name."""
    return phrases.role(words, Role(said)) if said in {*Role} else said

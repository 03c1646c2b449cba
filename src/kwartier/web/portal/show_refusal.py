"""What a customer can say of the meter, and what each word means, before and after it is said."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import final

from kwartier.model.register import Channel, Product
from kwartier.web.portal import phrases
from kwartier.web.portal.words import Words
from kwartier.workflows.refusal import Choice, Counters, MyMeter, Planned


@final
@dataclass(frozen=True, slots=True)
class Link:
    """One thing that can be said: its address and its words."""

    to: str
    text: str


@final
@dataclass(frozen=True, slots=True)
class Meter:
    """A meter as the own page shows it: how it stands, and what can be said now, of which connection."""

    connection: int
    digits: str
    stands: str
    links: Sequence[Link]


@final
@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked before it is said: title, what happens then, and the word on the button."""

    connection: int
    to: str
    title: str
    digits: str
    then: Sequence[str]
    button: str


def meters(words: Words, mine: Sequence[MyMeter]) -> list[Meter]:
    """Return the meters that the customer may choose for."""
    return [_meter(words, one) for one in mine]


def _meter(words: Words, one: MyMeter) -> Meter:
    links = [
        Link(f"/{words.language}/choice?connection={one.connection}&to={choice}", _link(words, one, choice))
        for choice in one.choices
    ]
    return Meter(one.connection, _digits(one), _stands(words, one), links)


def _digits(one: MyMeter) -> str:
    return one.masked[-4:]


def _stands(words: Words, one: MyMeter) -> str:
    return " ".join([_now(words, one), *_time(words, one), *(_later(words, each) for each in one.planned)])


def _now(words: Words, one: MyMeter) -> str:
    if one.inherited and one.stands is Choice.REFUSE:
        return words.text("You have no meter that is read remotely: it was refused before you came to live here.")
    return {
        Choice.ON: words.text("Your smart meter may be read remotely, by those named above."),
        Choice.OFF: words.text("Your meter is administratively off: usage is not read, whoever asks."),
        Choice.REFUSE: words.text("You have no meter that is read remotely: you refused it."),
    }[one.stands]


def _time(words: Words, one: MyMeter) -> Iterator[str]:
    """Say since when and until when it holds; of before the own time only that it held then."""
    if one.since is not None:
        yield words.text("This holds since %s.") % phrases.since(words, one.since)
    if one.inherited and one.stands is Choice.OFF:
        yield words.text("It was so before you came to live here.")
    if one.until is not None:
        yield words.text("This holds %s.") % phrases.until(words, one.until)
    elif one.inherited:
        yield words.text("This holds until you choose otherwise.")


def _later(words: Words, one: Planned) -> str:
    said = {
        Choice.REFUSE: words.text("It was said for later that it is refused: %s. What you choose now takes the place of that."),
        Choice.OFF: words.text(
            "It was said for later that it is administratively off: %s. What you choose now takes the place of that."
        ),
    }
    return said[one.choice] % phrases.span(words, one.period)


def _link(words: Words, one: MyMeter, choice: Choice) -> str:
    if choice is one.stands:
        return {
            Choice.REFUSE: words.text("Refuse the smart meter until further notice"),
            Choice.OFF: words.text("Leave it administratively off until further notice"),
            Choice.ON: words.text("Let it be read remotely later, too"),
        }[choice]
    return {
        Choice.REFUSE: words.text("Refuse the smart meter"),
        Choice.OFF: words.text("Switch it off administratively"),
        Choice.ON: words.text("Have it read remotely again"),
    }[choice]


def _by_hand(words: Words) -> str:
    return words.text(
        "A fitter comes to take your readings at least once in three years; your supplier asks you for them once a year."
    )


def asked(words: Words, one: MyMeter, choice: Choice) -> Asked:
    """Return what a customer sees before saying it."""
    if choice is Choice.ON and one.stands is Choice.ON:
        return _asked_later(words, one)
    title, then, button = {
        Choice.REFUSE: (
            words.text("Refuse the smart meter?"),
            [
                words.text("From this moment on nothing is read remotely here, of electricity or gas, for whomever."),
                words.text("The permissions that you gave end."),
                _by_hand(words),
                words.text("What was lawfully delivered before is not called back."),
                words.text("You can have it read again whenever you like. The time in between is never read afterwards."),
            ],
            words.text("Yes, refuse"),
        ),
        Choice.OFF: (
            words.text("Switch your meter off administratively?"),
            [
                words.text("From this moment on usage is not read here, of electricity or gas, for whomever."),
                words.text("The meter stays and keeps counting; it is set so within days, and shows it on its display."),
                words.text("Permissions stay as they are, without effect until you have it read again."),
                _by_hand(words),
                words.text("You can have it read again whenever you like. The time in between is never read afterwards."),
            ],
            words.text("Yes, switch it off"),
        ),
        Choice.ON: (
            words.text("Have your meter read remotely again?"),
            [
                words.text("From this moment on it may be read again, by those who have a ground."),
                words.text("The time in which it was not read is never read afterwards."),
                words.text("Permissions that are still in force have effect again."),
            ],
            words.text("Yes, have it read"),
        ),
    }[choice]
    return Asked(one.connection, str(choice), title, _digits(one), then, button)


def _asked_later(words: Words, one: MyMeter) -> Asked:
    """Return what is asked of who takes back what was said for later."""
    then = [
        words.text("What was said for later does not begin: it may go on being read, by those who have a ground."),
        words.text("You can refuse it, or have it switched off administratively, whenever you like."),
    ]
    title = words.text("Have your meter read remotely later, too?")
    return Asked(one.connection, str(Choice.ON), title, _digits(one), then, words.text("Yes, have it read"))


@final
@dataclass(frozen=True, slots=True)
class Reading:
    """What may be sent in: whose counters, and each by the name of its field, its words and its unit."""

    connection: int
    title: str
    digits: str
    fields: Sequence[tuple[str, str]]
    unit: str


def readings(words: Words, mine: Sequence[Counters]) -> list[Reading]:
    """Return what the customer may send in."""
    return [reading(words, one) for one in mine]


def reading(words: Words, one: Counters) -> Reading:
    """Return the form of one meter."""
    gas = one.product is Product.GAS
    title = words.text("Send in the gas reading") if gas else words.text("Send in the electricity reading")
    fields = [(channel.name.lower(), _counter(words, channel)) for channel in one.registers]
    return Reading(one.connection, title, one.masked[-4:], fields, "m³" if gas else "kWh")


def _counter(words: Words, channel: Channel) -> str:
    return {
        Channel.DAY_IMPORT_LOW: words.text("Taken, low rate (counter 1)"),
        Channel.DAY_IMPORT_NORMAL: words.text("Taken, normal rate (counter 2, or the only one)"),
        Channel.DAY_EXPORT_LOW: words.text("Fed in, low rate"),
        Channel.DAY_EXPORT_NORMAL: words.text("Fed in, normal rate"),
    }.get(channel, words.text("Gas taken"))


def chosen(words: Words, word: str | None) -> str:
    """Say what was just said; nothing for any other word."""
    return {
        "refuse": words.text("You refused the smart meter. From now on nothing is read remotely here."),
        "off": words.text("Your meter is administratively off from now on. Usage is not read."),
        "on": words.text("Your meter may be read again from now on, by those who have a ground."),
        "reading": words.text("Your reading is written down. It stands in your log, and so does everybody who gets it."),
    }.get(word or "", "")

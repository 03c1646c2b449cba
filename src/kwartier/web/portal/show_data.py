"""Everything held about me, to read: the document of access as headings and tables. The values are in the file beside it."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, final

from kwartier.model.register import Channel
from kwartier.web.portal import codes, phrases
from kwartier.web.portal.show_rights import article_in, purpose_in, rule_title
from kwartier.web.portal.words import Words

NOTHING = "\N{EN DASH}"
_PERMISSION = ("metering_point", "party", "channels", "purpose", "given", "until", "ended")
_MOMENTS = frozenset({"from", "to", "at", "first", "last", "given", "until", "ended_at", "known", "recorded"})


@final
@dataclass(frozen=True, slots=True)
class Table:
    """A table under its title; `level` is that of its heading. Cells are words; a table without rows says so itself."""

    title: str
    level: int
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]


def tables(words: Words, found: Mapping[str, Any]) -> list[Table]:
    """Return the document as tables: the person, each stay with all about it, permissions, rules, kinds, what is left out."""
    return [
        _table(words, words.text("About you"), 2, ("code", "name", "recorded"), [found["person"]]),
        *(table for stay in found["connections"] for table in _stay(words, stay)),
        _table(words, words.text("Permissions"), 2, _PERMISSION, found["permissions"]),
        _table(words, words.text("Why somebody may know it"), 2, ("rule", "recipient", "basis", words.language), found["purposes"]),
        _table(
            words,
            words.text("Where it comes from and how long it stays"),
            2,
            ("what", "source", "kept", "article"),
            [one[words.language] | {"article": one["article"]} for one in found["held"]],
        ),
        _table(
            words,
            words.text("What is not in it, and why"),
            2,
            ("left_out",),
            [{"left_out": _left_out(words, one["what"])} for one in found["left_out"]],
        ),
    ]


def _stay(words: Words, stay: Mapping[str, Any]) -> Iterator[Table]:
    product = words.text("electricity") if stay["product"] == "electricity" else words.text("gas")
    title = words.text("Your connection for %(product)s, ending in %(digits)s")
    named = title % {"product": product, "digits": stay["metering_point"][-4:]}
    yield _table(words, named, 2, ("metering_point", "from", "to"), [stay])
    parts = (
        ("meters", words.text("Meters"), ("equipment_id", "model", "from", "to")),
        ("couplings", words.text("Gas meters"), ("equipment_id", "from", "to")),
        ("supplies", words.text("Suppliers"), ("supplier", "from", "to")),
        ("restrictions", words.text("Refused or administratively off"), ("kind", "from", "to")),
        (
            "recipients",
            words.text("Who got something"),
            ("receiver", "purpose", "channels", "from", "to", "status", "at", "in_the_name_of"),
        ),
        ("put_aside", words.text("Answers that are doubted"), ("profile", "first", "last")),
        ("care", words.text("Seen at care for the meter"), ("purpose", "what", "at", "value", "text")),
        ("alarms", words.text("Alarms"), ("at", "register", "state")),
        ("use_case_days", words.text("Days counted for the grid operator's own task"), ("purpose", "day", "came_of_it")),
        ("readings_by_hand", words.text("Readings taken at the meter"), ("channels", "value", "at", "how")),
        ("asked_by_parties", words.text("Asked by parties"), ("party", "purpose", "channels", "at", "event")),
        ("holds", words.text("Use stopped by you"), ("from", "to")),
        ("objections", words.text("Objections by you"), ("purpose", "from", "to")),
        ("promised", words.text("Still to be handed over"), ("receiver", "purpose", "channels", "from", "to")),
        ("mandates_sampled", words.text("Asked to show your permission"), ("party", "at")),
        ("reminders", words.text("You were reminded"), ("at",)),
        ("noes", words.text("You said no to what was over already"), ("party", "purpose", "at")),
        ("letters", words.text("Letters to you"), ("at",)),
        ("disputes", words.text("Readings that you dispute"), ("from", "to", "at")),
        ("corrections", words.text("Corrections"), ("fact", "from", "to", "at")),
        ("told_of_corrections", words.text("Who was told of a correction"), ("receiver", "at")),
    )
    yield from (_table(words, name, 3, columns, _said(words, stay[part])) for part, name, columns in parts if stay.get(part))


def _said(words: Words, rows: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """Yield rows with the bits of a register in words, where what was seen is one."""
    for row in rows:
        bits = row.get("what") in codes.IN_BITS and row.get("value") is not None
        yield {**row, "value": codes.alarms(words, row["value"])} if bits else row


def _table(words: Words, title: str, level: int, columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> Table:
    cells = [[_cell(words, column, row.get(column)) for column in columns] for row in rows]
    return Table(title, level, [_column(words, column) for column in columns], cells)


def _cell(words: Words, column: str, value: Any) -> str:  # noqa: ANN401 - whatever the document holds
    """Write a value as its column is read: a moment in local time, a rule or purpose by its title, the rest as it stands."""
    if value in (None, "", []):
        return NOTHING
    if column in _MOMENTS:
        return words.moment(datetime.fromisoformat(value))
    write = _WRITE.get(column)
    return str(value) if write is None else write(words, value)


def _channels(words: Words, names: Sequence[str]) -> str:
    return phrases.data(words, sum(1 << Channel[name.upper()] for name in names))


def _day(words: Words, day: str) -> str:
    return words.date(date.fromisoformat(day))


def _status(words: Words, status: str) -> str:
    return {
        "delivered": words.text("delivered"),
        "withheld": words.text("withheld"),
        "failed": words.text("failed"),
    }.get(status, status)


def _came_of_it(words: Words, what: str) -> str:
    return {
        "used": words.text("used"),
        "lost": words.text("broken off: nobody knows whether it was read, and nothing of it was kept; it counts for the year"),
    }.get(what, what)


def _fact(words: Words, fact: str) -> str:
    return {
        "occupancy": words.text("when you lived there"),
        "coupling": words.text("which gas meter is yours"),
        "reading": words.text("a reading"),
    }.get(fact, fact)


_WRITE: Mapping[str, Callable[[Words, Any], str]] = {
    "metering_point": lambda _, ean: f"\N{HORIZONTAL ELLIPSIS}{ean[-4:]}",  # whole in the file
    "rule": lambda words, rule: f"{rule}: {rule_title(words, rule)}",
    "channels": _channels,
    "purpose": purpose_in,
    "article": article_in,
    "basis": article_in,
    "status": _status,
    "in_the_name_of": lambda words, _: words.text("who was registered here then"),
    "fact": _fact,
    "came_of_it": _came_of_it,
    "kind": codes.kind,
    "what": codes.chore,
    "recipient": codes.recipient,
    "profile": codes.profile,
    "how": codes.by_whom,
    "state": codes.alarm,
    "register": codes.alarms,
    "day": _day,
    **dict.fromkeys(("event", "ended"), codes.event),
}
"""How the values of a column are written, where not as they stand."""


def _column(words: Words, column: str) -> str:
    return {
        "code": words.text("Customer code"),
        "name": words.text("Name"),
        "recorded": words.text("Recorded"),
        "metering_point": words.text("EAN"),
        "from": words.text("From"),
        "to": words.text("Until"),
        "equipment_id": words.text("Number on the meter"),
        "model": words.text("Model"),
        "supplier": words.text("Supplier"),
        "kind": words.text("Kind"),
        "receiver": words.text("Receiver"),
        "recipient": words.text("Receiver"),
        "purpose": words.text("What for"),
        "channels": words.text("Which data"),
        "status": words.text("How it ended"),
        "in_the_name_of": words.text("In the name of somebody else"),
        "at": words.text("When"),
        "profile": words.text("Profile"),
        "first": words.text("First"),
        "last": words.text("Last"),
        "what": words.text("What"),
        "value": words.text("Value"),
        "text": words.text("Text"),
        "register": words.text("What it reports"),
        "state": words.text("State"),
        "day": words.text("Day"),
        "party": words.text("To whom"),
        "given": words.text("Given"),
        "until": words.text("Runs until"),
        "ended": words.text("Ended by"),
        "rule": words.text("Rule"),
        "basis": words.text("Ground in the law"),
        "nl": words.text("In words"),
        "en": words.text("In words"),
        "source": words.text("Source"),
        "kept": words.text("Kept"),
        "article": words.text("Article"),
        "how": words.text("How"),
        "event": words.text("What happened"),
        "fact": words.text("Fact"),
        "came_of_it": words.text("What came of it"),
        "left_out": words.text("What and why"),
    }[column]


def _left_out(words: Words, what: str) -> str:
    return {
        "meter_keys": words.text("The keys of your meter: whoever has them could pretend to be its reader."),
        "meter_address": words.text("Where your meter answers in the grid operator's network, for the same reason."),
        "put_aside_values": words.text("The values of answers that are doubted: ask, and you get them as they came."),
        "person_key": words.text("The key under which your name is sealed: whoever has it could open what a backup holds."),
        "staff": words.text("Who of the grid operator's people looked: the log names the role, an auditor can have the name."),
        "copies": words.text("What lies in the boxes of receivers: it is made of the readings above."),
        "imports": words.text("Rows that could not be taken from a file: they are tied to nobody."),
        "others": words.text("Whatever is about who lived there before or after you."),
    }[what]

"""Who looked: the lines of the access log as sentences, gathered by day."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import groupby, islice
from typing import final

from kwartier.grounds import conduct
from kwartier.model.ground import Purpose, Role
from kwartier.model.period import day_of
from kwartier.web.portal import phrases
from kwartier.web.portal.words import Words
from kwartier.workflows.inquiry import AccessLine, Watch

_OWN_DOINGS = frozenset({"view:shown", "view:refused", "proof:given"})
_PLANS = frozenset({"batch:intended"})


@final
@dataclass(frozen=True, slots=True)
class Line:
    """One line. `proof` is the address of its proof, empty where there is none yet (`pending`) or not for the whole of it.

    `label` says which proof.
    """

    time: str
    what: str
    about: str
    rules: Sequence[tuple[str, str]]
    proof: str
    pending: bool
    label: str


@final
@dataclass(frozen=True, slots=True)
class Day:
    """The lines of one local day, the newest first."""

    title: str
    lines: Sequence[Line]


def of_others(lines: Iterable[AccessLine]) -> Iterator[AccessLine]:
    """Leave out what the customer did here, and plans: what came of them has a line of its own."""
    return (line for line in lines if line.kind not in _PLANS and not _own_doing(line))


def _own_doing(line: AccessLine) -> bool:
    return line.kind in _OWN_DOINGS and line.who != (Role.OPERATOR,) and not line.registered_then


def days(words: Words, lines: Iterable[AccessLine]) -> list[Day]:
    """Return the lines, the newest first, gathered by local day."""
    return [Day(words.weekday(day), [_line(words, one) for one in those]) for day, those in groupby(lines, key=_day)]


def watch(words: Words, found: Watch | None) -> str:
    """Say which other party sees to it that the log is not written anew, and until where it answers for that."""
    if found is None:
        return words.text("No other party countersigns this log.")
    if found.at is None:
        return words.text("The witness %s is to countersign this log, and has not done so yet.") % found.name
    told = words.text("Another party, the witness %(name)s, countersigned %(seen)s of %(signed)s signed lines on %(moment)s.")
    seen = {"seen": words.whole(found.seen), "signed": words.whole(found.signed), "moment": words.moment(found.at)}
    own = words.text("Ask it for its public key: with --witness you check its signature too.")
    return f"{told % {'name': found.name, **seen}} {own}"


def newest(words: Words, lines: Iterable[AccessLine], most: int) -> list[Day]:
    """Return the newest lines; what was done at the meter in one visit is one of them. The whole log has each with its proof."""
    by_visit = (list(those) for _, those in groupby(lines, key=lambda one: _visit(words, one)))
    visits = list(islice(by_visit, most))
    return [
        Day(words.weekday(day), [_together(words, those) for those in of_day])
        for day, of_day in groupby(visits, key=lambda those: _day(those[0]))
    ]


def _visit(words: Words, one: AccessLine) -> tuple[object, ...]:
    """Return what lines of one visit have in common; of anything but a chore each line is its own."""
    is_chore = one.profile is not None and _chore(words, one.profile)
    return (one.entry, one.kind, one.who) if is_chore and one.entry is not None else (one.entry, one.leaf, id(one))


def _together(words: Words, those: Sequence[AccessLine]) -> Line:
    """Return one line for all that was done in one visit, on all its grounds."""
    first = _line(words, those[0])
    if len(those) == 1:
        return first
    chores = dict.fromkeys(_chore(words, one.profile or "") for one in those)
    rules = [(rule, _title(words, rule)) for rule in dict.fromkeys(rule for one in those for rule in one.rules)]
    return replace(first, about=phrases.listed(words, list(chores)), rules=rules, proof="")


def _day(one: AccessLine) -> date:
    return day_of(one.at)


def _line(words: Words, one: AccessLine) -> Line:
    proof = ""
    if one.entry is not None:
        proof = f"/{words.language}/proof/{one.entry}" + (f"/{one.leaf}" if one.leaf is not None else "")
    time = words.clock(one.at, seconds=True)
    what = _what(words, one)
    return Line(
        time=time,
        what=what,
        about=_about(words, one),
        rules=[(rule, "" if one.registered_then else _title(words, rule)) for rule in one.rules],  # a title speaks to the reader
        proof=proof,
        pending=not proof and not one.registered_then,
        label=f"{time}, {what}",
    )


def _title(words: Words, rule: str) -> str:
    found = _RULES.get(rule)
    return "" if found is None else found.title_nl if words.language == "nl" else found.title_en


_RULES = {rule.id: rule for edition in conduct.EDITIONS for rule in edition.rules}


def _what(words: Words, one: AccessLine) -> str:
    who = phrases.listed(words, [_by(words, one, each) for each in one.who])
    own = one.who == (Role.CUSTOMER,)
    chore = _chore(words, one.profile) if one.profile is not None else ""
    known = {
        "batch:intended": _planned(words, is_chore=bool(chore)),
        "batch:refused": words.text("Not read for %s: there is no ground"),
        "batch:read": _done(words, one.outcome) if chore else _read(words, one.outcome),
        "parcel:delivered": words.text("Delivered to %s: what was read at the meter itself")
        if Purpose.HAND_READING in one.purposes
        else words.text("Delivered to %s"),
        "parcel:withheld": words.text("Not delivered to %s: the ground had gone"),
        "parcel:failed": words.text("Not delivered to %s: nobody has this reading any more"),
        "view:shown": _seen(words, one),
        "view:refused": words.text("Not shown to you"),
        **(_life(words) | (_own_life(words) if own else {})),
        **_rights(words),
        "alarm:taken": words.text("Your meter raised an alarm, which %s keeps"),
        "alarm:discarded": words.text("Your meter raised an alarm, which was not kept: there is no ground"),
        "proof:given": words.text("Proof downloaded by you"),
        "occupancy:began": words.text("You came to live here"),
        "occupancy:ended": words.text("You left"),
        "supply:began": words.text("Supply by %s began"),
        "supply:ended": words.text("Supply by %s ended"),
        "restriction:began": words.text("Your meter was refused or switched off administratively"),
        "restriction:ended": words.text("Your meter may be read again"),
    }
    said = known.get(one.kind, one.kind)
    return said.replace("%s", who)


def _by(words: Words, one: AccessLine, who: str | Role) -> str:
    """Name whom something was done for; the customer of a line about somebody else is not who reads this."""
    if who is Role.CUSTOMER and one.registered_then:
        return words.text("who was registered here then")
    return phrases.role(words, who) if isinstance(who, Role) else who


def _seen(words: Words, one: AccessLine) -> str:
    if one.who == (Role.OPERATOR,):
        return _looked(words, is_at_home=one.product is not None)
    return words.text("Shown to %s, or taken away") if one.registered_then else words.text("Shown to you, or taken away by you")


def _looked(words: Words, *, is_at_home: bool) -> str:
    if is_at_home:
        return words.text("Somebody who works for %s looked at what is known of your connection")
    return words.text("Somebody who works for %s looked at what is known of you")


def _life(words: Words) -> dict[str, str]:
    """Say what else happens to a permission, from the request to its end."""
    return {
        "permission:granted": words.text("Permission given to %s"),
        "permission:revoked": words.text("Permission to %s revoked"),
        "permission:requested": words.text("%s asks for your permission"),
        "permission:presented": words.text("The request of %s was put to you"),
        "permission:rejected": words.text("You said no to %s"),
        "permission:timed_out": words.text("The request of %s ran out without an answer"),
        "permission:found_invalid": words.text("The request of %s does not hold"),
        "permission:reminded": words.text("You were reminded: permission to %s is about to end"),
        "permission:declined": words.text("You said no to %s, which had no permission of this any more"),
        "permission:fulfilled": words.text("Permission done with: %s has all that it was given for"),
        "permission:expired": words.text("Permission ran out: %s"),
        "permission:terminated": words.text("Permission ended by the other side: %s"),
        "permission:invalidated": words.text("Permission declared invalid: %s"),
        "letter:laid": words.text("A letter to you about %s was made ready for the post"),
        "mandate:sampled": words.text("%s was asked to show the permission that it says you gave"),
        "mandate:evidenced": words.text("%s showed the permission that you gave"),
        "mandate:failed": words.text("%s could not show a permission of yours"),
    }


def _own_life(words: Words) -> dict[str, str]:
    """Say the same of a permission for the own page, which is given to nobody."""
    return {
        "permission:granted": words.text("Permission given for your own page"),
        "permission:revoked": words.text("Permission for your own page revoked"),
        "permission:reminded": words.text("You were reminded: permission for your own page is about to end"),
        "permission:fulfilled": words.text("Permission for your own page done with: all that it was given for has been read"),
        "permission:expired": words.text("Permission for your own page ran out"),
        "permission:invalidated": words.text("Permission for your own page declared invalid"),
        "letter:laid": words.text("A letter to you about your own page was made ready for the post"),
    }


def _rights(words: Words) -> dict[str, str]:
    """Say what became of what a person may ask by the privacy law."""
    return {
        "right:asked": words.text("You asked for a right under the privacy law"),
        "right:answered": words.text("Your request under the privacy law was answered"),
        "right:refused": words.text("Your request under the privacy law was refused, with the reason"),
        "right:extended": words.text("Answering your request under the privacy law takes longer, with the reason"),
        "hold:began": words.text("The use of your data was stopped, as you asked"),
        "hold:ended": words.text("Your data may be used again"),
        "objection:began": words.text("A use by the grid operator was stopped, as you asked"),
        "objection:ended": words.text("Your objection has ended"),
        "occupancy:superseded": words.text("A wrong entry about where you lived was taken out"),
        "rectification:done": words.text("What was wrong about you was put right"),
        "reading:corrected": words.text("A reading that was wrong was put right"),
        "rectification:told": words.text("Who had been given what was wrong about you was told so"),
        "breach:notified": words.text("You were told of a data breach that touched you"),
        "hand_reading:taken": words.text("Your meter was read at the meter itself"),
    }


def _read(words: Words, outcome: str | None) -> str:
    """Say how a reading ended; a gap has its reason as a code."""
    return {
        "read": words.text("Your meter was read, for %s"),
        "stopped": words.text("Not read for %s: the ground had gone"),
        "quarantined": words.text("Your meter was read for %s; the answer was put aside"),
        "fell_short": words.text("Your meter was read for %s; not all that was asked came"),
        "not_there": words.text("Your meter was asked for %s, and had no values"),
        "withdrawn": words.text("Your meter was read for %s; the answer was thrown away, for the ground had gone meanwhile"),
    }.get(outcome or "", words.text("Your meter was asked for %s, without an answer"))


def _planned(words: Words, *, is_chore: bool) -> str:
    if is_chore:
        return words.text("Planned: going to your meter, for %s")
    return words.text("Planned: asking your meter, for %s")


def _done(words: Words, outcome: str | None) -> str:
    """Say how a chore ended, which is no reading of usage."""
    return {
        "read": words.text("Done at your meter, by %s"),
        "stopped": words.text("Not done at your meter: the ground had gone"),
        "withdrawn": words.text("Done at your meter; what it said was thrown away, for the ground had gone meanwhile"),
    }.get(outcome or "", words.text("Tried at your meter, without an answer"))


def _chore(words: Words, name: str) -> str:
    """Say what is done at a meter besides reading usage; empty for a profile."""
    return {
        "clock": words.text("clock looked at"),
        "firmware": words.text("software version looked at"),
        "alarms": words.text("alarms looked at"),
        "errors": words.text("faults looked at"),
        "gas_status": words.text("battery of the gas meter looked at"),
        "standard_events": words.text("log of events looked at"),
        "fraud_events": words.text("log of covers and tampering looked at"),
        "gas_events": words.text("events of the gas meter looked at"),
        "quality_events": words.text("log of the voltage looked at"),
        "power_failures": words.text("log of power failures looked at"),
        "voltages": words.text("voltage looked at"),
        "administrative_status": words.text("looked whether the meter is on or off"),
        "clear_alarms": words.text("alarms cleared"),
        "switch_off": words.text("administratively switched off"),
        "switch_on": words.text("administratively switched on"),
        "update": words.text("new software loaded"),
    }.get(name, "")


def _about(words: Words, one: AccessLine) -> str:
    """Say which data about which time, as far as the line tells."""
    parts = [_data(words, one)]
    if one.period is not None:
        parts.append(phrases.span(words, one.period))
    if one.recorded:
        parts.append(words.text("written down by the grid operator"))
    if one.registered_then:
        parts.append(words.text("in the name of who was registered here then: the move was told late"))
    return ", ".join(part for part in parts if part)


def _data(words: Words, one: AccessLine) -> str:
    if one.product is None:
        return words.text("about you, not about a connection")
    named = phrases.product(words, one.product)
    if one.profile is not None and (chore := _chore(words, one.profile)):
        return f"{chore}, {named}"
    if one.profile is not None:
        kind = words.text("day readings") if one.profile.endswith("_day") else _fine(words, one.profile)
        return f"{kind}, {named}"
    return f"{phrases.data(words, one.mask, one.product)}, {named}" if one.mask else named


def _fine(words: Words, profile: str) -> str:
    return words.text("hours") if profile.startswith("g_") else words.text("quarter-hours")

"""My rights: what can be asked, what was asked and what became of it, with the answer per ground and the receipts."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import final

from kwartier.grounds import conduct, rights
from kwartier.grounds.retention import TABLE
from kwartier.grounds.rights import Reached, Right, Why
from kwartier.model.ground import Purpose
from kwartier.model.period import day_of
from kwartier.web.portal import phrases
from kwartier.web.portal.words import Words
from kwartier.workflows.rights import MyRequest, TouchedMe


@final
@dataclass(frozen=True, slots=True)
class Offer:
    """A right that can be asked for: what it is, and what happens then. `choices` are codes with words; `says` asks for words."""

    right: str
    title: str
    what: str
    article: str
    then: Sequence[str]
    choices: Sequence[tuple[str, str]]
    says: bool


@final
@dataclass(frozen=True, slots=True)
class Answered:
    """What was answered alike about some rules: `done` or not, why, and which rules, by id and title."""

    done: bool
    why: str
    rules: Sequence[tuple[str, str]]


@final
@dataclass(frozen=True, slots=True)
class Asked:
    """One request. `receipts` and `files` are (words, address); `lift` says what the button does, empty without one."""

    number: int
    title: str
    about: str
    words: str
    when: str
    state: str
    because: str
    answers: Sequence[Answered]
    receipts: Sequence[tuple[str, str]]
    files: Sequence[tuple[str, str]]
    lift: str


RULES = frozenset(rule.id for edition in conduct.EDITIONS for rule in edition.rules)
"""What has its place on the page of the code of conduct."""


def offers(words: Words, at: datetime, purposes: Sequence[Purpose]) -> list[Offer]:
    """Return every right, in the order of the law."""
    return [offer(words, right, at, purposes) for right in Right]


def offer(words: Words, right: Right, at: datetime, purposes: Sequence[Purpose]) -> Offer:
    """Return one right as it is offered."""
    choices = [(str(one), _purpose(words, one, at)) for one in purposes] if right is Right.OBJECTION else []
    says = right is Right.RECTIFICATION
    article = article_in(words, rights.ARTICLES[right])
    return Offer(str(right), title(words, right), _what(words, right), article, _then(words, right), choices, says)


def article_in(words: Words, article: str) -> str:
    """Return an article as a language calls its law."""
    return article.replace("GDPR", "AVG") if words.language == "nl" else article


def title(words: Words, right: Right) -> str:
    """Name a right."""
    return {
        Right.ACCESS: words.text("See everything you hold about me"),
        Right.PORTABILITY: words.text("Take my data along"),
        Right.RECTIFICATION: words.text("Have something put right"),
        Right.ERASURE: words.text("Have data erased"),
        Right.RESTRICTION: words.text("Have the use of my data stopped"),
        Right.OBJECTION: words.text("Object to a use by the grid operator"),
    }[right]


def _what(words: Words, right: Right) -> str:
    return {
        Right.ACCESS: words.text(
            "Everything about you at your connections in your own time: facts, readings, who got what, who looked, and why."
        ),
        Right.PORTABILITY: words.text(
            "Your name and customer code, your permissions and the readings that rest on them, in a form that another program can "
            "read."
        ),
        Right.RECTIFICATION: words.text("Something about you is wrong: your name, when you came or left, which meter is yours."),
        Right.ERASURE: words.text("What is no longer needed, or rests on a permission that you took back, can go."),
        Right.RESTRICTION: words.text(
            "What is held stays, and is used only for you and for those whom you gave permission, until you end it, or the grid "
            "operator does with a reason that you read here."
        ),
        Right.OBJECTION: words.text("The grid operator uses data for its own task, now and then. You can object to each such use."),
    }[right]


def _then(words: Words, right: Right) -> list[str]:
    """Say what happens when it is asked."""
    at_once = words.text("You get the answer at once, here.")
    person = words.text(
        "A person of the grid operator looks at it. You get an answer within a month, or read within it why it takes longer."
    )
    receipt = words.text("Your request and the answer are lines in your log, with a proof: your receipt.")
    more = {
        Right.ACCESS: [words.text("What is left out of it is named in it, with the reason.")],
        Right.PORTABILITY: [
            words.text("What is read, or sent in by you, because the law asks for it is not in it; you see that under access."),
            words.text("If you never gave a permission there is nothing to take along, and you get that as the answer."),
        ],
        Right.RECTIFICATION: [words.text("Who was told something wrong about you is told so.")],
        Right.ERASURE: [
            words.text("What may go is erased by the next nightly run, also from the files. It cannot be undone."),
            words.text("What the law makes us keep stays; the answer says what, and until when."),
            words.text("What rests on a permission that is in force stays until you revoke it; then ask again."),
            words.text(
                "While the use of your data is stopped because you asked for that, it stays: end that first, then ask again."
            ),
        ],
        Right.RESTRICTION: [
            words.text(
                "From this moment on your supplier gets nothing more about you, and the grid operator uses nothing for its own "
                "tasks."
            ),
            words.text("What you allowed an app goes on until you revoke it, and so does what is read for your own page."),
            words.text("You can end it here at any moment."),
            words.text(
                "After that your supplier gets the readings of a switch or a move meanwhile; nothing else is sent afterwards."
            ),
        ],
        Right.OBJECTION: [
            words.text("That use stops for you from this moment on."),
            words.text("It goes on only if somebody writes down compelling grounds; you are told them here."),
            words.text("What rests on your permission you revoke instead; what the law asks for goes on."),
        ],
    }
    first = person if right is Right.RECTIFICATION else at_once
    return [first, *more.get(right, []), receipt]


def _purpose(words: Words, purpose: Purpose, at: datetime) -> str:
    rule = next(one for one in conduct.edition_at(at).grants if one.purpose is purpose and not one.station)
    return rule.title_nl if words.language == "nl" else rule.title_en


def purpose_in(words: Words, said: str) -> str:
    """Return a purpose of the code of conduct by its title; what a person said in own words stays."""
    rules = [one for edition in reversed(conduct.EDITIONS) for one in edition.grants if str(one.purpose) == said]
    return said if not rules else rules[0].title_nl if words.language == "nl" else rules[0].title_en


def asked(words: Words, one: MyRequest, at: datetime) -> Asked:
    """Return one request as it stands."""
    reached = next((event.reached for event in one.events if event.reached), ())
    lifts = {Right.RESTRICTION: words.text("Let my data be used again"), Right.OBJECTION: words.text("Take my objection back")}
    return Asked(
        number=one.id,
        title=title(words, one.right),
        about=_purpose(words, Purpose(one.about), at) if one.about else "",
        words=one.words,
        when=words.text("Asked on %s") % words.moment(one.asked),
        state=_state(words, one),
        because=_because(words, one),
        answers=answers(words, reached),
        receipts=[
            (_receipt(words, event.event), f"/{words.language}/proof/{event.entry}")
            for event in one.events
            if event.entry is not None
        ],
        files=_files(words, one),
        lift=lifts.get(one.right, "") if one.state == "answered" else "",
    )


def _because(words: Words, one: MyRequest) -> str:
    told = next((event.because for event in reversed(one.events) if event.because), "")
    if not told and one.right is Right.PORTABILITY and one.state == "refused":
        return words.text(
            "You never gave a permission, and this right is about what rests on one. Access shows all that is held about you."
        )
    if not told or one.right is not Right.ERASURE or one.state != "answered":
        return told
    return words.text("Kept until: %s") % re.sub(r"\d{4}-\d\d-\d\d", lambda day: words.date(date.fromisoformat(day[0])), told)


def _state(words: Words, one: MyRequest) -> str:
    last = one.events[-1]
    when = words.date(day_of(last.at))
    if one.is_open:
        until = words.date(phrases.last_day(one.due))
        longer = words.text("It takes longer; you get an answer on %s at the latest.") % until
        return (
            longer
            if one.state == "extended"
            else words.text("It is being looked at; you get an answer on %s at the latest.") % until
        )
    holds = one.right in {Right.RESTRICTION, Right.OBJECTION}
    return {
        "answered": words.text("In force since %s.") % when if holds else words.text("Answered on %s.") % when,
        "refused": words.text("Refused on %s.") % when,
        "lifted": words.text("Ended by you on %s.") % when,
        "overridden": words.text("Ended by the grid operator on %s, on these grounds:") % when,
    }[one.state]


def _receipt(words: Words, event: str) -> str:
    return words.text("Receipt of your request") if event == "asked" else words.text("Receipt of the answer")


def _files(words: Words, one: MyRequest) -> list[tuple[str, str]]:
    if one.state != "answered":
        return []
    file = f"/{words.language}/rights/file?request={one.id}&form="
    if one.right is Right.ACCESS:
        return [
            (words.text("Read it"), f"/{words.language}/rights/data?request={one.id}"),
            (words.text("Take away as JSON"), file + "json"),
        ]
    if one.right is Right.PORTABILITY:
        return [(words.text("Take away as JSON"), file + "json"), (words.text("Take away as CSV"), file + "csv")]
    return []


def answers(words: Words, reached: Sequence[Reached]) -> list[Answered]:
    """Gather the answer per rule by its reason; one reason for all needs no list."""
    why = {
        Why.GIVEN: words.text("Given."),
        Why.STOPS: words.text("Stops."),
        Why.OWN: words.text("Goes on, since it is yours alone:"),
        Why.REVOKE: words.text("Refused: it rests on your permission, which you can revoke at any moment:"),
        Why.BY_LAW: words.text("Refused: the law asks for it, so there is no right to object:"),
        Why.ERASED: words.text("Erased by the next nightly run:"),
        Why.KEPT: words.text("Kept, since a task under the law needs it or you had the use of your data stopped:"),
        Why.REVOKE_FIRST: words.text("Kept as long as your permission is in force; revoke it first:"),
        Why.NOT_PORTABLE: words.text("Not in it: it rests on a legal duty or a public task. Access shows it:"),
        Why.NOTHING_GIVEN: words.text("Not in it: it would rest on your permission, and you gave none of this kind:"),
    }
    found = []
    for reason in dict.fromkeys(one.why for one in reached):
        those = [one for one in reached if one.why is reason]
        found.append(Answered(those[0].done, why[reason], [(one.rule, rule_title(words, one.rule)) for one in those]))
    return found


def rule_title(words: Words, rule: str) -> str:
    """Return the title of a rule in whichever edition has it last."""
    found = next(
        (edition.rule(rule) for edition in reversed(conduct.EDITIONS) if any(one.id == rule for one in edition.rules)), None
    )
    if found is None:
        return _kind(words, rule)
    return found.title_nl if words.language == "nl" else found.title_en


def _kind(words: Words, kept: str) -> str:
    """Name a kind of the retention table, where an answer is about no rule."""
    return next((row.nl if words.language == "nl" else row.en for row in TABLE if row.kept == kept), "")


def breach(words: Words, one: TouchedMe) -> str:
    """Say that a data breach touched this person (art. 34): what, when, how much."""
    told = words.text(
        "Data about you was touched by a data breach, known since %(known)s: %(nature)s (%(lines)s lines of your log)."
    )
    return told % {"known": words.date(day_of(one.known)), "nature": one.nature, "lines": one.lines}

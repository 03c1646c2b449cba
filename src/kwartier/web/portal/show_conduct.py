"""The code of conduct as the public page prints it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import final

from kwartier.grounds import conduct, retention
from kwartier.grounds.conduct import SENTENCES
from kwartier.grounds.rule import Certainty, Edition, Rule
from kwartier.grounds.terms import WORDS, Retention, Term, Terms
from kwartier.model.ground import DataClass, Role
from kwartier.model.period import Period, day_of
from kwartier.web.portal import phrases
from kwartier.web.portal.words import Words
from kwartier.workflows.inquiry import UseCaseRow


@final
@dataclass(frozen=True, slots=True)
class ShownRule:
    """One row of the code of conduct on the public page."""

    id: str
    title: str
    says: str
    role: str
    data: str
    sentence: str
    leaflet: str
    article: str
    certainty: str
    terms: Sequence[tuple[str, str]]


@final
@dataclass(frozen=True, slots=True)
class ShownEdition:
    """One edition of the code of conduct on the public page: what is allowed, to whom, and why something is not.

    `when` is "now", "coming" or "earlier".
    """

    id: str
    title: str
    when: str
    in_force: str
    grants: Sequence[ShownRule]
    denials: Sequence[ShownRule]
    when_off: Sequence[tuple[str, str]]
    """Of a meter that is administratively off: each class of data, and whether it may be read."""


def editions(words: Words, found: Sequence[Edition], at: datetime) -> list[ShownEdition]:
    """Return the code of conduct: the edition in force, then what was published for later, then the earlier ones."""
    shown = [
        ShownEdition(
            edition.id,
            edition.title_nl if words.language == "nl" else edition.title_en,
            _when(edition.in_force, at),
            phrases.capital(words.text("in force %s") % phrases.span(words, edition.in_force)),
            [_rule(words, rule, edition.in_force) for rule in edition.grants],
            [_rule(words, rule, edition.in_force) for rule in edition.denials],
            _when_off(words, edition),
        )
        for edition in reversed(found)
    ]
    return sorted(shown, key=lambda one: _ORDER.index(one.when))


_ORDER = ("now", "coming", "earlier")


def _when(in_force: Period, at: datetime) -> str:
    if in_force.contains(at):
        return "now"
    return "coming" if at < in_force.start else "earlier"


def _when_off(words: Words, edition: Edition) -> list[tuple[str, str]]:
    named = {
        DataClass.REGISTER: words.text("registers"),
        DataClass.PROFILE: words.text("quarter-hours and hours"),
        DataClass.LOAD: words.text("power at a moment"),
        DataClass.DEVICE_STATE: words.text("the state of the meter"),
        DataClass.EVENT_LOG: words.text("what the meter noted"),
        DataClass.POWER_QUALITY: words.text("voltage"),
        DataClass.FIRMWARE: words.text("the meter's software"),
        DataClass.ADMINISTRATIVE_STATUS: words.text("whether it is off"),
    }
    return [
        (phrases.capital(named[row.data_class]), words.text("may be read and set") if row.readable else words.text("is never read"))
        for row in edition.when_off
    ]


def _rule(words: Words, rule: Rule, in_force: Period) -> ShownRule:
    dutch = words.language == "nl"
    sentence = SENTENCES.get(rule.sentence, ("", ""))
    return ShownRule(
        id=rule.id,
        title=rule.title_nl if dutch else rule.title_en,
        says=rule.nl if dutch else rule.en,
        role=phrases.capital(_whom(words, rule)),
        data=phrases.capital(phrases.data(words, rule.mask)) if rule.grants else "",
        sentence=rule.sentence,
        leaflet=sentence[0] if dutch else sentence[1],
        article=_in_dutch(rule.article) if dutch else rule.article,
        certainty=_certainty(words, rule.article_certainty),
        terms=[] if rule.terms is None else _terms(words, rule.terms, _kept(words, rule, in_force)),
    )


def _kept(words: Words, rule: Rule, in_force: Period) -> str:
    """Say how long what is read under a row is kept, and from which day where that changed while the edition was in force."""
    return "; ".join(
        f"{words.text('from %s') % words.date(day_of(row.in_force.start))} {row.term.said(words.language)}"
        if row.in_force.start > in_force.start
        else row.term.said(words.language)
        for row in retention.during(rule, in_force)
    )


def _terms(words: Words, terms: Terms, kept: str) -> list[tuple[str, str]]:
    """Return what the row says besides, each with its name; `kept` is the term where there is one."""
    said: list[tuple[str, Term]] = [
        (words.text("How far back"), terms.history),
        (words.text("How often"), terms.frequency),
        (words.text("Kept"), terms.retention),
        (words.text("About whom"), terms.about),
        (words.text("In the log"), terms.logging),
    ]
    which = 0 if words.language == "nl" else 1
    return [(name, phrases.capital(kept if term is Retention.TERM else WORDS[term][which])) for name, term in said]


def _in_dutch(article: str) -> str:
    """Write a legal reference as Dutch law books do; the table has it in English."""
    for english, dutch in _DUTCH:
        article = article.replace(english, dutch)
    return article


_DUTCH = (
    ("GDPR", "AVG"),
    ("Directive", "Richtlijn"),
    ("Regulation", "Verordening"),
    ("approved by the", "goedgekeurd door de"),
    ("body not read", "tekst niet gelezen"),
    ("article not read", "artikel niet gelezen"),
    ("no personal data", "geen persoonsgegevens"),
    ("P4 rejection", "P4-afwijzing"),
    ("P4 service: readings of the operator for allocation", "P4-dienst: standen van de netbeheerder voor allocatie"),
    ("P4 service: readings of the operator for reconciliation", "P4-dienst: standen van de netbeheerder voor reconciliatie"),
    ("P4 service", "P4-dienst"),
    ("15 working days, 14 months", "15 werkdagen, 14 maanden"),
    ("12 and 36 months", "12 en 36 maanden"),
    ("reading methods", "herkomst"),
    ("VKO decree", "Besluit VKO"),
    ("chapter", "hoofdstuk"),
    ("until", "tot en met"),
    ("from", "vanaf"),
    (" and ", " en "),
)


def _whom(words: Words, rule: Rule) -> str:
    if rule.role is None:
        return words.text("everybody")
    return {
        Role.CUSTOMER: words.text("the customer"),
        Role.SUPPLIER: words.text("the supplier"),
        Role.THIRD_PARTY: words.text("an app or site"),
        Role.OPERATOR: words.text("the grid operator"),
    }[rule.role]


def _certainty(words: Words, one: Certainty) -> str:
    return {
        Certainty.READ: words.text("the article itself was read"),
        Certainty.CITED: words.text("read in a document that cites it"),
        Certainty.UNREAD: words.text("the text of the article could not be read"),
    }[one]


@final
@dataclass(frozen=True, slots=True)
class ShownUse:
    """One use of meter data by the operator: the row it falls under, and what was registered of it."""

    rule: str
    title: str
    facts: Sequence[tuple[str, str]]


def uses(words: Words, found: Sequence[UseCaseRow], at: datetime) -> list[ShownUse]:
    """Return the operator's approved use cases, as they were registered, in the order of the rows they fall under."""
    edition = conduct.edition_at(at)
    shown = []
    for one in found:
        rule = edition.grant(Role.OPERATOR, one.case.purpose)
        if rule is not None and one.case.data_class in rule.data_classes:
            shown.append(ShownUse(rule.id, rule.title_nl if words.language == "nl" else rule.title_en, _facts(words, one)))
    order = {rule.id: rule.no for rule in edition.grants}
    return sorted(shown, key=lambda use: order[use.rule])


def _facts(words: Words, one: UseCaseRow) -> list[tuple[str, str]]:
    case = one.case
    data = phrases.data(words, case.mask) if case.mask else words.text("no usage")
    group = words.text("no figure over fewer than %d homes") % case.min_group if case.mask else words.text("no figures about homes")
    return [
        (words.text("Area"), case.area),
        (words.text("Which data"), phrases.capital(data)),
        (words.text("How often"), phrases.capital(words.text("at most %d days a year per connection") % case.yearly_limit)),
        (words.text("Group"), phrases.capital(group)),
        (words.text("Necessity"), phrases.capital(one.necessity)),
        (words.text("Subsidiarity"), phrases.capital(one.subsidiarity)),
        (words.text("Proportionality"), phrases.capital(one.proportionality)),
        (words.text("Approved by"), phrases.capital(one.approved_by)),
        (words.text("Approved"), phrases.capital(phrases.span(words, case.approved))),
    ]

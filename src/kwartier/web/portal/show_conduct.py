"""The code of conduct as the public page prints it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

from kwartier.grounds.conduct import SENTENCES
from kwartier.grounds.rule import Certainty, Edition, Rule
from kwartier.model.ground import Role
from kwartier.web.portal import phrases
from kwartier.web.portal.words import Words


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


@final
@dataclass(frozen=True, slots=True)
class ShownEdition:
    """One edition of the code of conduct on the public page: what is allowed, to whom, and why something is not."""

    id: str
    title: str
    in_force: str
    grants: Sequence[ShownRule]
    denials: Sequence[ShownRule]


def editions(words: Words, found: Sequence[Edition]) -> list[ShownEdition]:
    """Return the code of conduct, the newest edition first."""
    return [
        ShownEdition(
            edition.id,
            edition.title_nl if words.language == "nl" else edition.title_en,
            phrases.capital(words.text("in force %s") % phrases.span(words, edition.in_force)),
            [_rule(words, rule) for rule in edition.grants],
            [_rule(words, rule) for rule in edition.denials],
        )
        for edition in reversed(found)
    ]


def _rule(words: Words, rule: Rule) -> ShownRule:
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
    )


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

"""The code of conduct as the public page prints it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

from kwartier.grounds.rule import Edition, Rule
from kwartier.model.ground import Role
from kwartier.web.portal import show
from kwartier.web.portal.words import Words


@final
@dataclass(frozen=True, slots=True)
class ShownRule:
    """One row of the code of conduct on the public page."""

    id: str
    role: str
    says: str
    data: str
    sentence: str
    article: str
    certainty: str


@final
@dataclass(frozen=True, slots=True)
class ShownEdition:
    """One edition of the code of conduct on the public page."""

    title: str
    in_force: str
    rules: Sequence[ShownRule]


def editions(words: Words, found: Sequence[Edition]) -> list[ShownEdition]:
    """Return the code of conduct, the edition in force first."""
    return [
        ShownEdition(
            edition.title_nl if words.language == "nl" else edition.title_en,
            words.text("In force %s") % show.span(words, edition.in_force),
            [_rule(words, rule) for rule in edition.rules],
        )
        for edition in reversed(found)
    ]


def _rule(words: Words, rule: Rule) -> ShownRule:
    title = rule.title_nl if words.language == "nl" else rule.title_en
    says = rule.nl if words.language == "nl" else rule.en
    whom = _whom(words, rule)
    sureness = {
        "read": words.text("the article was read"),
        "cited": words.text("cited from another document"),
        "unread": words.text("article text not available to us"),
    }[rule.article_certainty]
    return ShownRule(
        rule.id,
        whom,
        f"{title}. {says}",
        show.data(words, rule.mask) if rule.mask else show.NOTHING,
        rule.sentence,
        rule.article,
        sureness,
    )


def _whom(words: Words, rule: Rule) -> str:
    if rule.role is None:
        return words.text("Everybody")
    return words.text("The customer") if rule.role is Role.CUSTOMER else show.role(words, rule.role)

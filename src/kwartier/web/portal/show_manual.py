"""The manual of a meter model as the public page prints it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

from kwartier.web.portal.manual.models import Manual, Source, Value
from kwartier.web.portal.phrases import NOTHING
from kwartier.web.portal.words import Words


@final
@dataclass(frozen=True, slots=True)
class ShownValue:
    """One row: what stands on the display, and what it means."""

    code: str
    means: str
    unit: str
    tariff: str
    is_certain: bool

    @property
    def facts(self) -> str:
        """Unit and tariff in one line, for a screen too narrow for columns of their own; empty where there is neither."""
        return ", ".join(fact for fact in (self.unit, self.tariff) if fact != NOTHING)


@final
@dataclass(frozen=True, slots=True)
class ShownTopic:
    """One section of text."""

    id: str
    title: str
    paragraphs: Sequence[str]


@final
@dataclass(frozen=True, slots=True)
class ShownManual:
    """One manual."""

    id: str
    name: str
    about: str
    values: Sequence[ShownValue]
    topics: Sequence[ShownTopic]
    sources: Sequence[str]
    """Where the facts come from; one that is marked is not certain, as are the values that rest on it."""


def manual(words: Words, one: Manual) -> ShownManual:
    """Write a manual in a language."""
    language = words.language
    return ShownManual(
        one.id,
        one.name,
        one.about[language],
        [_value(words, value) for value in one.values],
        [ShownTopic(topic.id, topic.title[language], topic.paragraphs[language]) for topic in one.topics],
        [_source(words, source) for source in one.sources],
    )


def _value(words: Words, one: Value) -> ShownValue:
    return ShownValue(one.code, one.means[words.language], one.unit or NOTHING, _tariff(words, one.tariff), one.source.read)


def _tariff(words: Words, tariff: str) -> str:
    return {
        "1": words.text("low (1)"),
        "2": words.text("normal (2)"),
        "in": words.text("the one in force"),
    }.get(tariff, NOTHING)


def _source(words: Words, one: Source) -> str:
    return ("" if one.read else "* ") + (one.nl if words.language == "nl" else one.en)

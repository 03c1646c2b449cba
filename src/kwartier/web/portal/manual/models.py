"""The manuals, read strictly from their files: a key that is unknown or missing is a fault of ours, and a test finds it."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, final

Told = Mapping[str, Any]
"""Texts by language."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a fact comes from; `read` is False if only the meaning of the code was found, not that a display shows it."""

    nl: str
    en: str
    read: bool


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """One thing that the display shows: its code there, what it means, its unit; `tariff` is 1, 2, `in` (force) or nothing."""

    code: str
    means: Told
    unit: str
    tariff: str
    source: Source


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """A subject besides the values: a heading and paragraphs."""

    id: str
    title: Told
    paragraphs: Told
    source: Source


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Manual:
    """The manual of one meter model."""

    id: str
    name: str
    about: Told
    values: Sequence[Value]
    topics: Sequence[Topic]
    sources: Sequence[Source]


@cache
def manuals() -> Mapping[str, Manual]:
    """Return every manual by the id of its model, in order."""
    files = sorted((one for one in resources.files(__package__).iterdir() if one.name.endswith(".toml")), key=lambda one: one.name)
    found = [parse(one.read_text("utf-8")) for one in files]
    return {one.id: one for one in found}


def parse(text: str) -> Manual:
    """Read one file. Raises KeyError or TypeError for a key that is missing or unknown, TOMLDecodeError for what is no TOML."""
    body = tomllib.loads(text)
    sources = {name: Source(**one) for name, one in body.pop("source").items()}
    values = [_value(sources, **one) for one in body.pop("value")]
    topics = [_topic(sources, **one) for one in body.pop("topic")]
    return _manual(values, topics, list(sources.values()), **body)


def _manual(values: list[Value], topics: list[Topic], sources: list[Source], *, id: str, name: str, nl: str, en: str) -> Manual:  # noqa: A002 - the key in the file
    return Manual(id=id, name=name, about={"nl": nl, "en": en}, values=values, topics=topics, sources=sources)


def _value(sources: Mapping[str, Source], *, code: str, nl: str, en: str, source: str, unit: str = "", tariff: str = "") -> Value:
    return Value(code=code, means={"nl": nl, "en": en}, unit=unit, tariff=tariff, source=sources[source])


def _topic(
    sources: Mapping[str, Source],
    *,
    id: str,  # noqa: A002 - the key in the file
    title_nl: str,
    title_en: str,
    nl: list[str],
    en: list[str],
    source: str,
) -> Topic:
    return Topic(id=id, title={"nl": title_nl, "en": title_en}, paragraphs={"nl": nl, "en": en}, source=sources[source])

"""A proposed use of meter data by the operator itself, as docs/PARTIES.md has its form: read strictly, held against the table.

A proposal grants nothing. What it says is exactly what is registered when somebody else approves it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, Final, NoReturn, TypeVar, final

from kwartier.grounds.errors import BadUseCase
from kwartier.grounds.rule import Condition, Edition, Rule
from kwartier.model.ground import USAGE, DataClass, Purpose, Role
from kwartier.model.register import ALL_MASK, DAY_MASK, GAS_MASK, INTERVAL_MASK, Kind, Mask, Product

TEXTS: Final = ("necessity", "subsidiarity", "proportionality")
DATES: Final = ("days_from", "days_to", "expires")
KEYS: Final = frozenset({"code", "purpose", "data_class", "area", "products", "kinds", "yearly_limit", "min_group", *DATES, *TEXTS})
MOST_DAYS, MOST_HOMES, MOST_CHARACTERS = 366, 1_000_000, 2000
LEAST_GROUP, NO_FIGURES = 5, 2
"""The least group of a use of usage, whoever approves it; and of one without usage, which yields no figure of homes.

Of two homes each knows the other from their sum, of three or four somebody who knows all but one. Five is our own choice: no source
that was read names a number.
"""
FIRST_YEAR, LAST_YEAR = 1990, 2199
"""As of all days that come in: outside of these no calendar of ours is right."""
_CODE = re.compile(r"[a-z0-9][a-z0-9_-]{0,59}\Z")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
"""What no text holds; the three reasons may be of several lines."""
_Word = TypeVar("_Word", bound=StrEnum)


@final
@dataclass(frozen=True, slots=True)
class Proposed:
    """What is proposed. Days are local: from `days_from` up to `days_to`, approved until `expires` at the latest, all half-open."""

    code: str
    purpose: Purpose
    data_class: DataClass
    mask: Mask
    area: str
    days_from: date
    days_to: date
    expires: date
    yearly_limit: int
    min_group: int
    necessity: str
    subsidiarity: str
    proportionality: str


def proposed(data: Mapping[str, Any], edition: Edition) -> Proposed:
    """Read a proposal and hold it against an edition. Raises BadUseCase, which says what is wrong."""
    if unknown := sorted(data.keys() - KEYS):
        _refuse(f"a use case has no {', '.join(unknown)}; it has {', '.join(sorted(KEYS))}")
    purpose, data_class = _one_of(Purpose, data, "purpose"), _one_of(DataClass, data, "data_class")
    rule = _rule(edition, purpose)
    mask = _mask(data, rule, data_class)
    days_from, days_to = _day(data, "days_from"), _day(data, "days_to")
    if days_from >= days_to:
        _refuse("days_from comes before days_to")
    return Proposed(
        code=_code(data),
        purpose=purpose,
        data_class=data_class,
        mask=mask,
        area=_text(data, "area"),
        days_from=days_from,
        days_to=days_to,
        expires=_day(data, "expires"),
        yearly_limit=_number(data, "yearly_limit", 1, MOST_DAYS),
        min_group=_number(data, "min_group", least_group(data_class), MOST_HOMES),
        necessity=_text(data, "necessity"),
        subsidiarity=_text(data, "subsidiarity"),
        proportionality=_text(data, "proportionality"),
    )


def still_fits(what: Proposed, edition: Edition) -> None:
    """Hold what was proposed earlier against an edition and the groups of today. Raises BadUseCase."""
    rule = _rule(edition, what.purpose)
    if what.data_class not in rule.data_classes or what.mask & ~rule.mask:
        _refuse(f"{rule.id} of edition {edition.id} does not grant what was proposed")
    if what.min_group < (least := least_group(what.data_class)):
        _refuse(f"min_group is {least} at least for such data")


def least_group(data_class: DataClass) -> int:
    """Return the least group that anybody may approve for a use of such data."""
    return LEAST_GROUP if data_class in USAGE else NO_FIGURES


def restored(said: Mapping[str, Any]) -> Proposed:
    """Return a proposal from what was kept of it, its dates as ISO texts."""
    dates = {name: date.fromisoformat(said[name]) for name in DATES}
    words = {"purpose": Purpose(said["purpose"]), "data_class": DataClass(said["data_class"])}
    return Proposed(**{**said, **dates, **words})


def _refuse(why: str) -> NoReturn:
    raise BadUseCase(why)


def _rule(edition: Edition, purpose: Purpose) -> Rule:
    rule = edition.grant(Role.OPERATOR, purpose)
    if rule is None or rule.condition is not Condition.USE_CASE:
        uses = sorted(str(one.purpose) for one in edition.grants if one.condition is Condition.USE_CASE)
        _refuse(f"no use case is for {purpose} in edition {edition.id}; they are for {', '.join(dict.fromkeys(uses))}")
    return rule


def _mask(data: Mapping[str, Any], rule: Rule, data_class: DataClass) -> Mask:
    """Return the channels of the products and kinds that are named. Usage names both, anything else names none."""
    if data_class not in rule.data_classes:
        _refuse(f"{rule.id} is about {', '.join(sorted(rule.data_classes))}, not about {data_class}")
    products = [_word(Product, one) for one in _list(data, "products")]
    kinds = [_word(Kind, one) for one in _list(data, "kinds")]
    if data_class not in USAGE:
        if products or kinds:
            _refuse(f"{data_class} is no usage: it names no products and no kinds")
        return 0
    mask = sum({INTERVAL_MASK if kind is Kind.INTERVAL else DAY_MASK for kind in kinds})
    mask &= sum({GAS_MASK if product is Product.GAS else ALL_MASK & ~GAS_MASK for product in products})
    if not mask or mask & ~rule.mask:
        _refuse(f"these products and kinds are none, or more than {rule.id} can ever grant")
    return mask


def _code(data: Mapping[str, Any]) -> str:
    value = _text(data, "code")
    if not _CODE.match(value):
        _refuse("code is made of 1 to 60 small letters, digits, dashes and underscores, the first a letter or digit")
    return value


def _text(data: Mapping[str, Any], name: str) -> str:
    value = data.get(name)
    if not isinstance(value, str) or not value.strip() or len(value) > MOST_CHARACTERS or _CONTROL.search(value):
        _refuse(f"{name} is a text of 1 to {MOST_CHARACTERS} characters, none of them a control character")
    return value.strip()


def _day(data: Mapping[str, Any], name: str) -> date:
    value = data.get(name)
    if type(value) is not date or not FIRST_YEAR <= value.year <= LAST_YEAR:
        _refuse(f"{name} is a date, as 2027-01-31 without quotes, of the years {FIRST_YEAR} to {LAST_YEAR}")
    return value


def _number(data: Mapping[str, Any], name: str, least: int, most: int) -> int:
    value = data.get(name)
    if type(value) is not int or not least <= value <= most:
        _refuse(f"{name} is a number from {least} to {most}")
    return value


def _list(data: Mapping[str, Any], name: str) -> list[str]:
    value = data.get(name, [])
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        _refuse(f"{name} is a list of words")
    return value


def _one_of(kinds: type[_Word], data: Mapping[str, Any], name: str) -> _Word:
    return _word(kinds, _text(data, name))


def _word(kinds: type[_Word], text: str) -> _Word:
    try:
        return kinds(text)
    except ValueError:
        _refuse(f"{text[:40]!r} is none of {', '.join(kinds)}")

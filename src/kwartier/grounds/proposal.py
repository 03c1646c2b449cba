"""A proposed edition of the code of conduct, said as differences from one that stands: docs/PROPOSAL.md has the form.

A proposal can take the rows of another edition, as of one that is published for later, switch rows off, change schedules, data and
actions of rows, and what may be read of a meter that is administratively off. It cannot touch the rows that deny, and usage of a
meter that is off stays unreadable: these are no matter of an edition.
"""

from collections.abc import Mapping
from dataclasses import replace
from enum import StrEnum
from typing import Any, Final, TypeVar

from kwartier.grounds.errors import BadProposal
from kwartier.grounds.rule import Condition, Edition, Rule, Schedule, WhenOff
from kwartier.model.ground import USAGE, Action, DataClass
from kwartier.model.register import ALL_MASK, DAY_MASK, GAS_MASK, INTERVAL_MASK, Kind, Mask

KEYS: Final = frozenset({"id", "title_en", "title_nl", "base", "rows", "off", "rule", "when_off"})
RULE_KEYS: Final = frozenset({"schedule", "kinds", "actions"})
SCHEDULE_KEYS: Final = frozenset({"months", "days"})
MONTHS, DAYS = range(1, 13), range(1, 32)
_Word = TypeVar("_Word", bound=StrEnum)


def proposed(data: Mapping[str, Any], base: Edition, rows: Edition | None = None) -> Edition:
    """Return the edition that a proposal makes in the place of `base`, of the rows of another edition if one is given.

    Raises BadProposal, which says what is wrong.
    """
    start = base if rows is None else replace(rows, in_force=base.in_force)
    _known(data, KEYS, "a proposal")
    named = data.get("id")
    if not isinstance(named, str) or not named:
        msg = "a proposal has an id"
        raise BadProposal(msg)
    off, changed = frozenset(_texts(data.get("off", []), "off")), _table(data.get("rule", {}), "rule")
    for rule_id in [*off, *changed]:
        _grant(start, rule_id)
    rules = tuple(_changed(rule, _table(changed.get(rule.id, {}), rule.id)) for rule in start.rules if rule.id not in off)
    when_off = _when_off(start, _table(data.get("when_off", {}), "when_off"))
    title_en, title_nl = (str(data.get(key, named)) for key in ("title_en", "title_nl"))
    return Edition(named, title_nl, title_en, base.in_force, rules, when_off, start.overview)


def _grant(base: Edition, rule_id: str) -> None:
    if rule_id not in {rule.id for rule in base.grants}:
        msg = f"{rule_id!r} is no row that grants; there are {', '.join(rule.id for rule in base.grants)}"
        raise BadProposal(msg)


def _changed(rule: Rule, change: Mapping[str, Any]) -> Rule:
    _known(change, RULE_KEYS, rule.id)
    if "schedule" in change:
        if rule.condition is not Condition.SCHEDULE:
            msg = f"{rule.id} has no schedule"
            raise BadProposal(msg)
        rule = replace(rule, schedule=_schedule(_table(change["schedule"], "schedule")))
    if "kinds" in change:
        rule = replace(rule, mask=_mask(rule, [_one_of(Kind, text) for text in _texts(change["kinds"], "kinds")]))
    if "actions" in change:
        rule = replace(rule, actions=tuple(_one_of(Action, text) for text in _texts(change["actions"], "actions")))
    return rule


def _schedule(table: Mapping[str, Any]) -> Schedule:
    _known(table, SCHEDULE_KEYS, "a schedule")
    return Schedule(_numbers(table.get("months", []), MONTHS), _numbers(table.get("days", []), DAYS))


def _mask(rule: Rule, kinds: list[Kind]) -> Mask:
    """Return the channels of these kinds, of the products that the row is about."""
    if not rule.mask or not kinds:
        msg = f"{rule.id} is about no usage, or would be about none; switch it off instead"
        raise BadProposal(msg)
    mask = 0
    for kind in kinds:
        mask |= INTERVAL_MASK if kind is Kind.INTERVAL else DAY_MASK
    return mask & (ALL_MASK if rule.mask & GAS_MASK else ~GAS_MASK)


def _when_off(base: Edition, table: Mapping[str, Any]) -> tuple[WhenOff, ...]:
    """Return the rows for a meter that is off, those of the table from the day on which the base is in force."""
    said: dict[DataClass, bool] = {}
    for text, readable in table.items():
        data_class = _one_of(DataClass, text)
        if not isinstance(readable, bool) or data_class in USAGE:
            msg = f"when_off says true or false of a class of data without usage, not {text!r}"
            raise BadProposal(msg)
        said[data_class] = readable
    return tuple(replace(row, readable=said.get(row.data_class, row.readable), in_force=base.in_force) for row in base.when_off)


def _known(table: Mapping[str, Any], keys: frozenset[str], what: str) -> None:
    if unknown := sorted(table.keys() - keys):
        msg = f"{what} has no {', '.join(unknown)}; it has {', '.join(sorted(keys))}"
        raise BadProposal(msg)


def _table(value: object, name: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        msg = f"{name} is a table"
        raise BadProposal(msg)
    return value


def _texts(value: object, name: str) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        msg = f"{name} is a list of words"
        raise BadProposal(msg)
    return value


def _numbers(value: object, allowed: range) -> tuple[int, ...]:
    if not isinstance(value, list) or not all(type(one) is int and one in allowed for one in value):
        msg = f"a schedule lists numbers from {allowed[0]} to {allowed[-1]}"
        raise BadProposal(msg)
    return tuple(value)


def _one_of(kinds: type[_Word], text: str) -> _Word:
    try:
        return kinds(text)
    except ValueError:
        msg = f"{text!r} is none of {', '.join(kinds)}"
        raise BadProposal(msg) from None

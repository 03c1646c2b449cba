"""Rows of the edition of 2028: an outage is traced and a danger looked into by what the meter says of itself, without any usage.

The editions before let a use case of these two name usage in sums, which no task of the operator ever asked for. What nothing needs
is not allowed (GDPR art. 5(1)(c)): a use case that names usage for them is no use any more.
"""

from dataclasses import replace
from typing import Final

from kwartier.grounds.rows import GRANTS
from kwartier.grounds.rule import Rule
from kwartier.model.ground import USAGE

_WORDS: Final = {
    "O2": (
        "De netbeheerder zoekt een storing, binnen een geregistreerde en goedgekeurde toepassing; geen verbruik.",
        "The operator traces an outage, within a registered and approved use case; no usage.",
    ),
    "O3": (
        "De netbeheerder onderzoekt gevaar, binnen een geregistreerde en goedgekeurde toepassing; geen verbruik.",
        "The operator looks into a danger, within a registered and approved use case; no usage.",
    ),
}


def _without_usage(rule: Rule) -> Rule:
    nl, en = _WORDS[rule.id]
    return replace(rule, mask=0, data_classes=rule.data_classes - USAGE, keeps=True, nl=nl, en=en)


ROWS: Final[tuple[Rule, ...]] = tuple(_without_usage(rule) if rule.id in _WORDS else rule for rule in GRANTS)
"""The rows that grant, these two among them."""

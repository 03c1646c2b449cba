"""Findings about readings are data, not exceptions."""

from dataclasses import dataclass
from enum import StrEnum
from typing import final


class Severity(StrEnum):
    """MARK keeps the value with a quality mark; QUARANTINE keeps it out of the lake until someone looked."""

    MARK = "mark"
    QUARANTINE = "quarantine"


@final
@dataclass(frozen=True, slots=True)
class Verdict:
    """What one validation rule found.

    `rule` is its id (V01...), `detail` counts and places: never who, and no value, since a verdict stays where values may not.
    """

    rule: str
    severity: Severity
    detail: str

    def __str__(self) -> str:
        """Give the sentence an engineer reads."""
        return f"{self.rule} ({self.severity}): {self.detail}"

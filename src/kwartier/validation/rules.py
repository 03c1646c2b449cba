"""The validation rules as data: what each says, and whether its finding marks a value or keeps the channel-day out.

Sources: Meetcode elektriciteit 5.3.9 (value >= 0, below 120 % of the capacity per period, status without fault, all periods
complete), DSMR P3 4.2.2 (status bits, null-data, one buffer entry per period, capture time of M-Bus values).
"""

from dataclasses import dataclass
from typing import Final, final

from kwartier.model.verdict import Severity, Verdict


@final
@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: a stable id, the sentence it stands for, and how grave a breach is."""

    id: str
    sentence: str
    severity: Severity

    def found(self, detail: str) -> Verdict:
        """Return a verdict of this rule. `detail` counts and places: never who, and no value."""
        return Verdict(self.id, self.severity, detail)


COUNT: Final = Rule("V01", "Every period asked for has its row; a day of quarter-hours has 93, 97 or 101.", Severity.MARK)
GRID: Final = Rule("V02", "A row is stamped on the time grid of its profile.", Severity.QUARANTINE)
RISING: Final = Rule("V03", "Stamps rise: no row comes twice or out of order.", Severity.QUARANTINE)
RANGE: Final = Rule("V04", "No row lies outside the range asked for; one that does is dropped.", Severity.MARK)
STATUS: Final = Rule("V05", "The meter itself does not mark the value (ERR, CIV, DNV, CAD) and had power.", Severity.MARK)
MONOTONE: Final = Rule("V06", "A register never falls and is never negative.", Severity.QUARANTINE)
CAPACITY: Final = Rule("V07", "Use per period stays below 120 % of what the connection can carry.", Severity.QUARANTINE)
STALE: Final = Rule(
    "V08", "The M-Bus meter took the value in its own period; a capture time left behind is a missing value.", Severity.MARK
)
NULL: Final = Rule("V09", "The value is there: null-data that cannot be derived is a missing value.", Severity.MARK)
COLUMN: Final = Rule("V10", "The answer has a column for every channel that was asked for.", Severity.MARK)

RULES: Final = (COUNT, GRID, RISING, RANGE, STATUS, MONOTONE, CAPACITY, STALE, NULL, COLUMN)

"""EAN-18 (GSRN), the number of a connection. It is personal data: text only at the edge, masked wherever it is shown."""

import re
from dataclasses import dataclass
from typing import final

from kwartier.model.errors import BadInput

_EIGHTEEN = re.compile(r"[0-9]{18}\Z")


def check_digit(digits: str) -> int:
    """Return the mod-10 check digit of a GS1 number given without it (weights 3, 1, 3... from the right)."""
    total = sum(int(d) * (3 if i % 2 == 0 else 1) for i, d in enumerate(reversed(digits)))
    return -total % 10


@final
@dataclass(frozen=True, slots=True, order=True)
class Ean:
    """A checked EAN-18 of one connection. `str()` and `repr()` mask it; `reveal()` is the only way to the digits."""

    _digits: str

    def __post_init__(self) -> None:
        """Refuse anything but 18 digits whose last one is the GS1 check digit."""
        if not _EIGHTEEN.match(self._digits):
            msg = "an EAN has 18 digits"
            raise BadInput(msg)
        if check_digit(self._digits[:17]) != int(self._digits[17]):
            msg = "the check digit of this EAN is wrong"
            raise BadInput(msg)

    @classmethod
    def parse(cls, text: str) -> "Ean":
        """Read an EAN as people type it, white space around it allowed. Raises BadInput."""
        return cls(text.strip())

    def reveal(self) -> str:
        """Return the 18 digits. The callers are listed in tests/house."""
        return self._digits

    def __str__(self) -> str:
        """Show the last four digits only."""
        return f"...{self._digits[-4:]}"

    def __repr__(self) -> str:
        """Show the last four digits only."""
        return f"Ean({self})"

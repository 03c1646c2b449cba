"""What names a household in a telegram: equipment ids and the header. Masked wherever they are shown, as an EAN is."""

from dataclasses import dataclass
from typing import Final, final

_MAKER: Final = 3
_LONG: Final = 10


@final
@dataclass(frozen=True, slots=True)
class EquipmentId:
    """The number of a meter, as sent; personal data. `str()` and `repr()` mask it."""

    _sent: str

    def reveal(self) -> str:
        """Return the text as it was sent. The callers are listed in tests/house."""
        return self._sent

    def reveal_printed(self) -> str:
        """Return what is printed on the meter: meters send its characters as hexadecimal pairs."""
        try:
            printed = bytes.fromhex(self._sent).decode("ascii")
        except ValueError:
            return self._sent
        return printed.strip() if printed.isprintable() else self._sent

    def __str__(self) -> str:
        """Show the last four characters of what is printed on it, of a short one nothing."""
        printed = self.reveal_printed()
        return f"...{printed[-4:]}" if len(printed) >= _LONG else "..."

    def __repr__(self) -> str:
        """Show what `str()` shows."""
        return f"EquipmentId({self})"


@final
@dataclass(frozen=True, slots=True)
class Header:
    """The first line without its `/`: maker (3 letters), a digit, and a text that often is the meter's number."""

    _text: str

    @property
    def maker(self) -> str:
        """The FLAG letters of who made the meter."""
        return self._text[:_MAKER]

    def reveal(self) -> str:
        """Return the whole line without its `/`. The callers are listed in tests/house."""
        return self._text

    def __str__(self) -> str:
        """Show the maker only."""
        return f"{self.maker}..."

    def __repr__(self) -> str:
        """Show the maker only."""
        return f"Header({self})"

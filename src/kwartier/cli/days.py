"""Days as they are named on the command line."""

from datetime import date
from typing import Final

import typer

FIRST: Final = date(2000, 1, 1)
LAST: Final = date(2100, 1, 1)
"""From the one up to the other: no meter is so old, and no rule of summer time so far ahead."""
MOST: Final = 20
"""So many characters are repeated of what is no day."""


def named(text: str, option: str) -> date:
    """Return the day that was named. Raises BadParameter for what is no day, or one out of range."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        message = f"{text[:MOST]!r} is no date; a date is written as YYYY-MM-DD"
        raise typer.BadParameter(message, param_hint=f"'{option}'") from None
    if not FIRST <= day < LAST:
        message = f"{day} is out of range; there are days from {FIRST} up to {LAST}"
        raise typer.BadParameter(message, param_hint=f"'{option}'")
    return day

"""Days as they are named on the command line."""

from datetime import date, datetime
from typing import Final

import typer

from kwartier.model.errors import BadInput
from kwartier.model.period import day_of, midnight, utc

FIRST: Final = date(2000, 1, 1)
LAST: Final = date(2100, 1, 1)
"""From the one up to the other: no meter is so old, and no rule of summer time so far ahead."""
MOST: Final = 20
"""So many characters are repeated of what is no day."""
LONGEST: Final = 40
"""And of what is no moment."""


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


def moment(text: str, option: str) -> datetime:
    """Return the moment that was named: a local day, which is its midnight, or a moment with its offset. Raises BadParameter."""
    if _is_day(text):
        return midnight(named(text, option))
    found = _with_offset(text, option)
    if not FIRST <= day_of(found) < LAST:
        message = f"{text[:LONGEST]} is out of range; there are days from {FIRST} up to {LAST}"
        raise typer.BadParameter(message, param_hint=f"'{option}'")
    return found


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _with_offset(text: str, option: str) -> datetime:
    try:
        return utc(datetime.fromisoformat(text))
    except (ValueError, OverflowError, BadInput):
        message = f"{text[:LONGEST]!r} is neither a date nor a moment with its offset, as 2026-11-24T02:00:00+01:00"
        raise typer.BadParameter(message, param_hint=f"'{option}'") from None

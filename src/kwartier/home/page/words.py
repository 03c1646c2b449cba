"""Dutch and English. The messages in code and templates are English; locale/nl.toml has the Dutch. Local time exists only here."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from importlib import resources
from typing import Final, final

from kwartier.model.period import QUARTER_S, ZONE, from_epoch_s

MINUS: Final = "\N{MINUS SIGN}"
LANGUAGES: Final = ("nl", "en")
_MONTHS: Final = {
    "nl": (
        *("januari", "februari", "maart", "april", "mei", "juni"),
        *("juli", "augustus", "september", "oktober", "november", "december"),
    ),
    "en": (
        *("January", "February", "March", "April", "May", "June"),
        *("July", "August", "September", "October", "November", "December"),
    ),
}
_DAYS: Final = {
    "nl": ("maandag", "dinsdag", "woensdag", "donderdag", "vrijdag", "zaterdag", "zondag"),
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
}
_MARKS: Final = {"nl": (".", ","), "en": (",", ".")}
_SUMMER: Final = {"nl": "zomertijd", "en": "summer time"}
_WINTER: Final = {"nl": "wintertijd", "en": "winter time"}


@cache
def dutch() -> Mapping[str, str]:
    """Return the Dutch of every message."""
    return tomllib.loads((resources.files("kwartier.home.page") / "locale" / "nl.toml").read_text("utf-8"))


@final
@dataclass(frozen=True, slots=True)
class Words:
    """How one language writes things."""

    language: str

    def text(self, message: str, **values: object) -> str:
        """Translate a message, and put values in."""
        known = dutch()[message] if self.language == "nl" else message
        return known.format(**values) if values else known

    def number(self, value: int, power: int = 0, digits: int = 0) -> str:
        """Write value / 10**power with so many digits, rounded half up, and the language's marks."""
        thousands, point = _MARKS[self.language]
        scaled = (abs(value) * 10**digits * 2 + 10**power) // (2 * 10**power)
        whole, part = divmod(scaled, 10**digits)
        sign = MINUS if value < 0 and scaled else ""
        text = sign + f"{whole:,}".replace(",", thousands)
        return f"{text}{point}{part:0{digits}d}" if digits else text

    def day(self, day: date) -> str:
        """Write a day in full: zondag 22 november 2026."""
        return f"{_DAYS[self.language][day.weekday()]} {day.day} {_MONTHS[self.language][day.month - 1]} {day.year}"

    def short_day(self, day: date) -> str:
        """Write a day without its year: 22 nov."""
        return f"{day.day} {self.short_month(day)}"

    def month(self, month: date) -> str:
        """Write a month: november 2026."""
        return f"{_MONTHS[self.language][month.month - 1]} {month.year}"

    def short_month(self, month: date) -> str:
        """Write a month in three letters."""
        name = _MONTHS[self.language][month.month - 1]
        return "mrt" if name == "maart" else name[:3]

    def clock(self, at: int) -> str:
        """Write a local time of day: 02:15; twice in autumn."""
        return self._local(at).strftime("%H:%M")

    def exact_clock(self, at: int) -> str:
        """Write a local time of day so that the hour that comes twice in autumn is told apart."""
        local = self._local(at)
        if local.utcoffset() == local.replace(fold=1 - local.fold).utcoffset():
            return local.strftime("%H:%M")
        return f"{local:%H:%M} {(_SUMMER if local.dst() else _WINTER)[self.language]}"

    def moment(self, at: int) -> str:
        """Write a moment: 22 november 2026 02:15:07."""
        local = self._local(at)
        return f"{local.day} {_MONTHS[self.language][local.month - 1]} {local.year} {local:%H:%M:%S}"

    def moment_of_quarter(self, start: int) -> str:
        """Write a quarter-hour: 22 nov 18:15 to 18:30."""
        return f"{self.short_day(self._local(start).date())} {self.exact_clock(start)}\N{EN DASH}{self.clock(start + QUARTER_S)}"

    @staticmethod
    def _local(at: int) -> datetime:
        return from_epoch_s(at).astimezone(ZONE)


def best(accept_language: str | None) -> str:
    """Choose a language from an Accept-Language header; Dutch unless English stands first of the two."""
    for part in (accept_language or "").lower().split(","):
        tag = part.split(";")[0].strip()[:2]
        if tag in LANGUAGES:
            return tag
    return "nl"

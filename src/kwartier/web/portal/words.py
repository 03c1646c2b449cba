"""Dutch and English. The messages in code and templates are English; locale/nl/messages.po has the Dutch."""

from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from importlib import resources
from io import BytesIO
from typing import final

from babel.dates import format_date, format_datetime, format_time
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal
from babel.support import Translations

from kwartier.model.period import ZONE

LANGUAGES = ("nl", "en")
_LOCALES = {"nl": "nl_NL", "en": "en_GB"}


@cache
def translations(language: str) -> Translations:
    """Return the translations into a language, read from its catalogue."""
    if language == "en":
        return Translations()
    source = resources.files("kwartier.web.portal") / "locale" / language / "messages.po"
    compiled = BytesIO()
    write_mo(compiled, read_po(BytesIO(source.read_bytes()), locale=language))
    compiled.seek(0)
    return Translations(compiled)


@final
@dataclass(frozen=True, slots=True)
class Words:
    """How one language writes things. Local time and units for people exist only here."""

    language: str

    def text(self, message: str) -> str:
        """Translate a message."""
        return translations(self.language).gettext(message)

    def day(self, day: date) -> str:
        """Write a day in full: 22 november 2026."""
        return format_date(day, "long", locale=_LOCALES[self.language])

    def moment(self, moment: datetime) -> str:
        """Write a moment with seconds in local time and its zone, so that the double hour in autumn is told apart."""
        return format_datetime(moment, "d MMM y HH:mm:ss z", tzinfo=ZONE, locale=_LOCALES[self.language])

    def clock(self, moment: datetime) -> str:
        """Write a local time of day: 02:15."""
        return format_time(moment.astimezone(ZONE), "HH:mm", locale=_LOCALES[self.language])

    def kwh(self, watt_hours: int) -> str:
        """Write Wh as kWh with three decimals."""
        return format_decimal(watt_hours / 1000, "#,##0.000", locale=_LOCALES[self.language]) + " kWh"

    def m3(self, dm3: int) -> str:
        """Write dm3 as m3 with three decimals."""
        return format_decimal(dm3 / 1000, "#,##0.000", locale=_LOCALES[self.language]) + " m³"

    def whole(self, value: int) -> str:
        """Write a whole number with its separators."""
        return format_decimal(value, "#,##0", locale=_LOCALES[self.language])


def best(accept_language: str | None) -> str:
    """Choose a language from an Accept-Language header; Dutch unless English stands first of the two."""
    for part in (accept_language or "").lower().split(","):
        tag = part.split(";")[0].strip()[:2]
        if tag in LANGUAGES:
            return tag
    return "nl"

"""Dutch and English. The messages in code and templates are English; locale/nl/messages.po has the Dutch."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from importlib import resources
from io import BytesIO
from typing import final

from babel.dates import format_date, format_time
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal
from babel.support import Translations

from kwartier.model.period import ZONE, day_of

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

    def weekday(self, day: date) -> str:
        """Write a day in full, with its name: zondag 22 november 2026."""
        return format_date(day, "full", locale=_LOCALES[self.language])

    def date(self, day: date) -> str:
        """Write a day in short: 22 nov 2026."""
        return format_date(day, "d MMM y", locale=_LOCALES[self.language])

    def clock(self, moment: datetime, *, seconds: bool = False) -> str:
        """Write a local time of day, 02:15; in the double hour in autumn with which of the two it is."""
        local = moment.astimezone(ZONE)
        told = format_time(local, "HH:mm:ss" if seconds else "HH:mm", tzinfo=ZONE, locale=_LOCALES[self.language])
        if local.replace(fold=0).utcoffset() == local.replace(fold=1).utcoffset():
            return told
        which = self.text("winter time") if local.fold else self.text("summer time")
        return f"{told} {which}"

    def moment(self, moment: datetime) -> str:
        """Write a moment in local time: 22 nov 2026 02:15."""
        return f"{self.date(day_of(moment))} {self.clock(moment)}"

    def m3(self, dm3: int) -> str:
        """Write dm3 as m3 with three decimals."""
        return self.thousandths(dm3) + " m³"

    def thousandths(self, value: int, decimals: int = 3) -> str:
        """Write a number of thousandths (Wh, dm3) as the whole (kWh, m3)."""
        shape = "#,##0" + ("." + "0" * decimals if decimals else "")
        return format_decimal(Decimal(value) / 1000, shape, locale=_LOCALES[self.language])

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

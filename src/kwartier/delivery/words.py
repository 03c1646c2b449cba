"""What the papers say to people, in Dutch and English. Only here do Wh and dm3 become kWh and m3, exactly, as decimals."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import final

from babel.dates import format_date

LANGUAGES = ("nl", "en")
_LOCALES = {"nl": "nl_NL", "en": "en_GB"}
_MARKS = {"nl": (".", ","), "en": (",", ".")}
_MINUS = "\N{MINUS SIGN}"
_UNITS = {"Wh": "kWh", "dm3": "m³"}

_TEXTS: Mapping[str, tuple[str, str]] = {
    "overview": ("Verbruiksoverzicht", "Usage overview"),
    "bill": ("Jaarverbruik", "Usage of the year"),
    "electricity": ("elektriciteit", "electricity"),
    "gas": ("gas", "gas"),
    "point": ("Aansluiting (EAN)", "Metering point (EAN)"),
    "period": ("Periode", "Period"),
    "in": ("in {unit}", "in {unit}"),
    "until": ("tot", "until"),
    "made": ("Gemaakt op", "Made on"),
    "replaces": ("Vervangt", "Replaces"),
    "replaced": (
        "een eerder stuk over deze periode, waarin een stand niet klopte",
        "an earlier paper about this period, in which a reading was wrong",
    ),
    "used": ("Wat de meter telde", "What the meter counted"),
    "opening": ("Beginstand", "Opening"),
    "closing": ("Eindstand", "Closing"),
    "amount": ("Verschil", "Difference"),
    "consumption": ("Verbruik", "Consumption"),
    "production": ("Teruglevering", "Feed-in"),
    "low": ("laag tarief", "low tariff"),
    "normal": ("normaal tarief", "normal tariff"),
    "total": ("Samen", "Total"),
    "unknown": ("onbekend", "unknown"),
    "compare": ("Vergeleken met een jaar eerder", "Compared with a year before"),
    "now": ("Deze periode", "This period"),
    "then": ("Een jaar eerder", "A year before"),
    "changed": ("Verschil", "Change"),
    "periods": ("De perioden tot nu toe", "The periods so far"),
    "chart": ("Verbruik en teruglevering per periode", "Consumption and feed-in per period"),
    "chart-says": (
        "Een staaf per periode, verbruik boven de lijn en teruglevering eronder, in {unit}. De tabel eronder heeft alle getallen.",
        "A bar per period, consumption above the line and feed-in below it, in {unit}. The table below has every number.",
    ),
    "notes": ("Goed om te weten", "Good to know"),
    "tariffs": (
        "Laag en normaal zijn de telwerken van de meter zelf. Wanneer welk telwerk loopt, bepaalt de meter.",
        "Low and normal are the meter's own registers. The meter decides when which of them runs.",
    ),
    "gas-counted": (
        "De kubieke meters zijn wat de gasmeter telde, niet herleid en niet omgerekend naar energie.",
        "The cubic metres are what the gas meter counted, not corrected and not converted to energy.",
    ),
    "costs": (
        "Hier staan geen kosten: uw netbeheerder kent de prijzen van uw leverancier niet. Uw leverancier kan ze erbij zetten.",
        "There are no costs here: the grid operator does not know your supplier's prices. Your supplier can add them.",
    ),
    "own": (
        "Dit is gemaakt van standen die uw leverancier van zijn eigen leveringsperiode kreeg, vanaf {since}.",
        "This is made of readings that your supplier was given of its own period of supply, from {since}.",
    ),
    "by-hand": (
        "De stand van {day} heeft iemand aan de meter zelf opgenomen; die is niet op afstand uitgelezen.",
        "The reading of {day} was taken at the meter itself; it was not read remotely.",
    ),
    "not-own-period": (
        "Toen leverde deze leverancier u hier nog niet; wat u toen verbruikte, weet hij niet.",
        "This supplier did not supply you here then; what you used then it does not know.",
    ),
    "no-reading-delivered": (
        "Van het begin of het einde is geen stand aan de leverancier gegeven.",
        "No reading of the beginning or the end was given to the supplier.",
    ),
    "reading-missing": (
        "De meter gaf op het begin of het einde geen stand.",
        "The meter gave no reading at the beginning or the end.",
    ),
    "reading-not-valid": (
        "De stand van het begin of het einde is twijfelachtig.",
        "The reading of the beginning or the end is doubtful.",
    ),
    "not-readable-in-between": (
        "De meter was in deze tijd niet op afstand uitleesbaar; daarover wordt niets gezegd.",
        "The meter was not to be read remotely in this time; nothing is told about that.",
    ),
    "meter-replaced": (
        "De meter is in deze tijd vervangen; de standen van de wisseling zelf zijn niet op afstand uitgelezen.",
        "The meter was replaced in this time; the readings of the replacement itself were not read remotely.",
    ),
    "register-fell": (
        "Het telwerk staat lager dan aan het begin: het is rond geweest of op nul gezet.",
        "The register stands lower than at the beginning: it rolled over or was reset.",
    ),
}


@final
@dataclass(frozen=True, slots=True)
class Words:
    """How one language says things."""

    language: str

    def __call__(self, name: str, **parts: str) -> str:
        """Return a text by its name. Raises KeyError for a name there is not: names are written in code."""
        return _TEXTS[name][LANGUAGES.index(self.language)].format(**parts)

    def day(self, day: date) -> str:
        """Write a day: 1 november 2026."""
        return _written(day, "long", self.language)

    def month(self, day: date) -> str:
        """Write the month of a day in short, with its year in January: nov, jan 2027."""
        return _written(day, "MMM y" if day.month == 1 else "MMM", self.language)

    def moments(self, period: Mapping[str, str]) -> str:
        """Write a period by the days of both its ends."""
        start, end = (self.day(datetime.fromisoformat(period[name]).date()) for name in ("start", "end"))
        return f"{start} {self('until')} {end}"

    def number(self, thousandths: int | None) -> str:
        """Write a number of Wh or dm3 as kWh or m3, exactly: 1.234,567. What is not known is said so."""
        if thousandths is None:
            return self("unknown")
        thousand, decimal = _MARKS[self.language]
        whole, rest = divmod(abs(thousandths), 1000)
        return (_MINUS if thousandths < 0 else "") + f"{whole:,}".replace(",", thousand) + f"{decimal}{rest:03d}"

    def amount(self, value: int | None, unit: str) -> str:
        """Write an amount with its unit, or that it is not known."""
        return self.number(value) + ("" if value is None else f" {_UNITS[unit]}")

    def unit(self, unit: str) -> str:
        """Return the unit that people read."""
        return _UNITS[unit]


@lru_cache(maxsize=4096)
def _written(day: date, form: str, language: str) -> str:
    """Write a day in a form of CLDR. The papers of one round name the same few days over and over."""
    return format_date(day, form, locale=_LOCALES[language])

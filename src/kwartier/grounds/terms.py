"""What a row of the code of conduct says besides who may know what: how far back, how often, for how long, about whom, the log.

A condition (conditions.py) keeps the first two; the store, the retention and the log keep the others. Here they are said as
data, so that the table that is published is the whole of what was agreed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, final


class History(StrEnum):
    """How far back the data may go."""

    OWN_STAY = "own_stay"
    OWN_SUPPLY = "own_supply"
    PERMISSION = "permission"
    USE_CASE = "use_case"
    MOMENT = "moment"
    NONE = "none"


class Frequency(StrEnum):
    """How often it may be done."""

    AT_WILL = "at_will"
    DAILY = "daily"
    SCHEDULE = "schedule"
    YEARLY = "yearly"
    AT_CHANGE = "at_change"
    AS_PERMITTED = "as_permitted"
    USE_CASE_LIMIT = "use_case_limit"
    AS_TAKEN = "as_taken"


class Retention(StrEnum):
    """For how long what was read may be kept."""

    NOTHING_NEW = "nothing_new"
    TERM = "term"
    SUMS = "sums"
    NO_USAGE = "no_usage"


class About(StrEnum):
    """Whom the outcome is about."""

    PERSON = "person"
    GROUP = "group"
    NOBODY = "nobody"


class Logging(StrEnum):
    """What the log says of it."""

    LINE_EACH = "line_each"
    LINE_EACH_AND_SUM = "line_each_and_sum"


@final
@dataclass(frozen=True, slots=True)
class Terms:
    """The terms of one row."""

    history: History
    frequency: Frequency
    retention: Retention
    about: About
    logging: Logging


Term = History | Frequency | Retention | About | Logging

WORDS: Final[Mapping[Term, tuple[str, str]]] = {
    History.OWN_STAY: ("de eigen woonperiode", "the own time at the address"),
    History.OWN_SUPPLY: ("de eigen leveringsperiode", "the own period of supply"),
    History.PERMISSION: ("zover de toestemming reikt", "as far as the permission reaches"),
    History.USE_CASE: ("de dagen die de toepassing noemt", "the days that the use case names"),
    History.MOMENT: ("alleen dat ene moment", "that one moment only"),
    History.NONE: ("geen: hoe het nu is", "none: as it is now"),
    Frequency.AT_WILL: ("zo vaak u wilt", "as often as you like"),
    Frequency.DAILY: ("elke nacht, zolang u het wilt", "every night, as long as you want it"),
    Frequency.SCHEDULE: ("op de dagen van het schema", "on the days of the schedule"),
    Frequency.YEARLY: ("eens per jaar levering", "once per year of supply"),
    Frequency.AT_CHANGE: ("eens, bij de wijziging", "once, at the change"),
    Frequency.AS_PERMITTED: ("elke nacht, zolang de toestemming geldt", "every night, as long as the permission holds"),
    Frequency.USE_CASE_LIMIT: ("tot de jaarlimiet van de toepassing", "up to the yearly limit of the use case"),
    Frequency.AS_TAKEN: ("eens per stand die is opgenomen", "once for each reading that was taken"),
    Retention.NOTHING_NEW: ("er wordt niets nieuws bewaard", "nothing new is kept"),
    Retention.TERM: ("de bewaartermijn van dit doel", "the retention term of this purpose"),
    Retention.SUMS: ("alleen sommen, geen waarden van een huis", "sums only, no values of a home"),
    Retention.NO_USAGE: ("geen verbruik; alleen wat de meter over zichzelf meldt", "no usage; only what the meter says of itself"),
    About.PERSON: ("over een persoon", "about a person"),
    About.GROUP: ("samengevoegd, over een groep huizen", "aggregated, about a group of homes"),
    About.NOBODY: ("over niemand", "about nobody"),
    Logging.LINE_EACH: ("een regel per keer, die de klant kan nagaan", "a line each time, which the customer can check"),
    Logging.LINE_EACH_AND_SUM: (
        "een regel per uitlezing, die de klant kan nagaan, en een regel per som",
        "a line per reading, which the customer can check, and a line per sum",
    ),
}
"""Each term in Dutch and in English, for the public page and for docs/GROUNDS.md."""

_LINE, _SUMMED = Logging.LINE_EACH, Logging.LINE_EACH_AND_SUM
_SUPPLIER_ONCE = Terms(History.MOMENT, Frequency.AT_CHANGE, Retention.TERM, About.PERSON, _LINE)
_CARE = Terms(History.NONE, Frequency.USE_CASE_LIMIT, Retention.NO_USAGE, About.PERSON, _LINE)
_SUM = Terms(History.USE_CASE, Frequency.USE_CASE_LIMIT, Retention.SUMS, About.GROUP, _SUMMED)

TERMS: Final[Mapping[str, Terms]] = {
    "C1": Terms(History.OWN_STAY, Frequency.AT_WILL, Retention.NOTHING_NEW, About.PERSON, _LINE),
    "C2": Terms(History.PERMISSION, Frequency.DAILY, Retention.TERM, About.PERSON, _LINE),
    "S1": Terms(History.OWN_SUPPLY, Frequency.SCHEDULE, Retention.TERM, About.PERSON, _LINE),
    "S2": Terms(History.MOMENT, Frequency.YEARLY, Retention.TERM, About.PERSON, _LINE),
    "S3": _SUPPLIER_ONCE,
    "S4": _SUPPLIER_ONCE,
    "T1": Terms(History.PERMISSION, Frequency.AS_PERMITTED, Retention.TERM, About.PERSON, _LINE),
    "O1": _CARE,
    "O2": _SUM,
    "O3": _SUM,
    "O4": _SUM,
    "O5": Terms(History.USE_CASE, Frequency.USE_CASE_LIMIT, Retention.SUMS, About.NOBODY, _SUMMED),
    "O6": _CARE,
    "O7": Terms(History.NONE, Frequency.AT_CHANGE, Retention.NO_USAGE, About.PERSON, _LINE),
    "O8": _SUM,
    "O9": _SUM,
    "O10": _SUPPLIER_ONCE,
    "S5": Terms(History.MOMENT, Frequency.AS_TAKEN, Retention.TERM, About.PERSON, _LINE),
}
"""The terms of every row that can say yes. An edition that changes one brings its own table."""

TERMS_2028: Final[Mapping[str, Terms]] = {**TERMS, "O2": _CARE, "O3": _CARE}
"""From 2028 on an outage is traced and a danger looked into without usage: as care of the meter is."""

"""How long what is held may be held: a dated table beside the code of conduct, per ground for readings, per kind for the rest.

The row in force at the moment of the run counts. A channel-day goes when no rule of its basis holds it any longer; that a
permission has ended does not undo lawful reads, so its readings stay for their own term, or until their customer has them erased.
Terms that a law names are maxima (Informatiecode 10.1 unless said otherwise); where none does the choice is ours, and says so.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Final, final

from kwartier.grounds.editions import EDITIONS
from kwartier.grounds.rule import Certainty, Condition, Rule
from kwartier.model.ground import Action, Purpose, Role
from kwartier.model.period import Period, day_of, midnight, utc

_MONTHS: Final = 12
_WORDS: Final = {
    "en": (("year", "years"), ("month", "months"), ("day", "days")),
    "nl": (("jaar", "jaar"), ("maand", "maanden"), ("dag", "dagen")),
}
_SERVED: Final = {"en": "until it has served", "nl": "tot het heeft gediend"}


class Kept(StrEnum):
    """What is held, by how it is found again."""

    READINGS = "readings"
    HAND_READINGS = "hand_readings"
    QUARANTINE = "quarantine"
    OUTCOMES = "outcomes"
    PARCELS = "parcels"
    DOCUMENTS = "documents"
    SIGHTS = "sights"
    ALARMS = "alarms"
    USE_CASE_DAYS = "use_case_days"
    REJECTED_ROWS = "rejected_rows"
    LOG_TIES = "log_ties"
    PERSONS = "persons"
    PERMISSIONS = "permissions"
    SUPPLIES = "supplies"
    CHOICES = "choices"
    RIGHTS = "rights"
    BREACHES = "breaches"
    SESSIONS = "sessions"
    STAFF = "staff"
    PROPOSALS = "proposals"
    CONTACTS = "contacts"
    LETTERS = "letters"


@final
@dataclass(frozen=True, slots=True)
class Term:
    """A length of time in whole months and days of the calendar."""

    months: int = 0
    days: int = 0

    def before(self, day: date) -> date:
        """Return the day that lies this long before `day`; the last of its month where there is no such day."""
        months = day.year * _MONTHS + day.month - 1 - self.months
        year, month = divmod(months, _MONTHS)
        after = date(year + (month + 1) // _MONTHS, (month + 1) % _MONTHS + 1, 1)
        return min(date(year, month + 1, 1) + timedelta(days=day.day - 1), after - timedelta(days=1)) - timedelta(days=self.days)

    def after(self, day: date) -> date:
        """Return the last day on which `before` does not lie after `day`: the last one of the term."""
        guess = Term(-self.months).before(day) + timedelta(days=self.days)
        while self.before(guess) > day:
            guess -= timedelta(days=1)
        while self.before(guess + timedelta(days=1)) <= day:
            guess += timedelta(days=1)
        return guess

    def __str__(self) -> str:
        """Say it in words."""
        return self.said("en")

    def said(self, language: str) -> str:
        """Say it in the words of a language, `nl` or `en`."""
        years, months = divmod(self.months, _MONTHS)
        parts = zip((years, months, self.days), _WORDS[language], strict=True)
        return ", ".join(f"{count} {one if count == 1 else more}" for count, (one, more) in parts if count) or _SERVED[language]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Keep:
    """One row: what is kept, on which ground, how long from which moment, and who says so.

    `role` and `purposes` name the ground of readings; no purposes means all others of that role. `certainty` None: our own choice.
    """

    kept: Kept
    term: Term
    counted_from: str
    en: str
    nl: str
    source: str
    certainty: Certainty | None
    in_force: Period
    role: Role | None = None
    purposes: frozenset[Purpose] = frozenset()

    def speaks_of(self, rule: Rule) -> bool:
        """True if readings under this rule fall under this row."""
        return self.role is rule.role and (not self.purposes or rule.purpose in self.purposes)


_EVER: Final = Period(midnight(date(2000, 1, 1)))
_DAY_READINGS: Final = midnight(date(2020, 1, 1))
_OURS: Final = "our choice; no law names a term"
_BILLING: Final = frozenset({Purpose.ANNUAL_BILL, Purpose.MOVE, Purpose.SWITCH})
_DAY: Final = "the day that it is about"

TABLE: Final[tuple[Keep, ...]] = (
    Keep(
        kept=Kept.READINGS,
        role=Role.SUPPLIER,
        purposes=_BILLING,
        term=Term(60),
        counted_from=_DAY,
        en="readings for the annual bill, a move, a switch: the accessible meter register",
        nl="standen voor de jaarrekening, een verhuizing en een overstap: het toegankelijk meetregister",
        source="Informatiecode 10.1: accessible meter register of the operator, 5 years",
        certainty=Certainty.CITED,
        in_force=_EVER,
    ),
    Keep(
        kept=Kept.READINGS,
        role=Role.SUPPLIER,
        term=Term(60),
        counted_from=_DAY,
        en="other readings for a supplier: as the meter register",
        nl="andere standen voor een leverancier: als het meetregister",
        source="Informatiecode 10.1: accessible meter register of the operator, 5 years",
        certainty=Certainty.CITED,
        in_force=Period(_EVER.start, _DAY_READINGS),
    ),
    Keep(
        kept=Kept.READINGS,
        role=Role.SUPPLIER,
        term=Term(24),
        counted_from=_DAY,
        en="day readings for a supplier",
        nl="dagstanden voor een leverancier",
        source="pages of the operators: day readings, 24 months since 2020; no article was found",
        certainty=Certainty.CITED,
        in_force=Period(_DAY_READINGS),
    ),
    Keep(
        kept=Kept.READINGS,
        role=Role.CUSTOMER,
        term=Term(24),
        counted_from=_DAY,
        en="what a customer asked for the own page, so that a year can be seen beside the one before",
        nl="wat een klant voor de eigen pagina vroeg, zodat een jaar naast het vorige te zien is",
        source="our choice, after Directive (EU) 2019/944 annex I (24 months of detailed data for the customer; not read)",
        certainty=Certainty.UNREAD,
        in_force=_EVER,
    ),
    Keep(
        kept=Kept.READINGS,
        role=Role.THIRD_PARTY,
        term=Term(13),
        counted_from=_DAY,
        en="what a third party may have by permission: a year, and the month in which it is accounted for",
        nl="wat een derde met toestemming mag krijgen: een jaar, en de maand van de afrekening",
        source=f"Informatiecode 10.1: other purposes only by unambiguous consent; {_OURS}",
        certainty=None,
        in_force=_EVER,
    ),
    Keep(
        kept=Kept.READINGS,
        role=Role.OPERATOR,
        term=Term(24),
        counted_from=_DAY,
        en="what the operator keeps under its own registered use: day readings; usage for grid care is never kept",
        nl="wat de netbeheerder onder een eigen geregistreerde toepassing bewaart: dagstanden; verbruik voor netzorg nooit",
        source="pages of the operators: day readings, 24 months since 2020; no article was found",
        certainty=Certainty.CITED,
        in_force=_EVER,
    ),
    Keep(
        kept=Kept.HAND_READINGS,
        term=Term(60),
        counted_from="the moment of the reading",
        en="registers read by hand where no meter is read remotely: the accessible meter register",
        nl="standen die met de hand zijn opgenomen waar op afstand niets wordt gelezen: het toegankelijk meetregister",
        source="Informatiecode 10.1: accessible meter register of the operator, 5 years",
        certainty=Certainty.CITED,
        in_force=_EVER,
    ),
    Keep(
        kept=Kept.QUARANTINE,
        term=Term(3),
        counted_from="the last moment that it is about",
        en="answers of meters that validation doubts, until somebody has looked",
        nl="antwoorden van meters waar de controle aan twijfelt, tot iemand heeft gekeken",
        source=f"Informatiecode 10.1: results of queries, 3 months; {_OURS}",
        certainty=None,
        in_force=_EVER,
    ),
    Keep(
        kept=Kept.OUTCOMES,
        term=Term(24),
        counted_from="when it ended",
        en="which task was asked of a meter and how it ended, without values",
        nl="welke opdracht aan een meter is gegeven en hoe die afliep, zonder waarden",
        source="our choice: as long as the day readings that it explains",
        certainty=None,
        in_force=_EVER,
    ),
    Keep(
        kept=Kept.DOCUMENTS,
        term=Term(3),
        counted_from="when it was handed over",
        en="documents and papers in the boxes of receivers, which fetch them",
        nl="documenten en stukken in de postvakken van ontvangers, die ze ophalen",
        source="Informatiecode 10.1: readings queried by a supplier, 3 months",
        certainty=Certainty.CITED,
        in_force=_EVER,
    ),
    Keep(
        kept=Kept.PARCELS,
        term=Term(60),
        counted_from="when it ended",
        en="that a delivery was made or withheld, to whom, why and over which period, without values",
        nl="dat een levering is gedaan of geweigerd, aan wie, waarom en over welke periode, zonder waarden",
        source="our choice: as long as the meter register that bills rest on; GDPR art. 5(2)",
        certainty=None,
        in_force=_EVER,
    ),
    Keep(
        kept=Kept.SIGHTS,
        term=Term(12),
        counted_from="when it was seen",
        en="what care of meter and grid saw last: battery, clock, events, voltages",
        nl="wat de zorg voor meter en net het laatst zag: batterij, klok, gebeurtenissen, spanningen",
        source="our choice, after BAUM art. 4(3): a meter's own log of sessions, 1 year",
        certainty=None,
        in_force=_EVER,
    ),
    Keep(
        kept=Kept.ALARMS,
        term=Term(12),
        counted_from="when it came",
        en="alarms that a meter sent by itself, kept under an approved use case",
        nl="alarmen die een meter zelf stuurde, bewaard onder een goedgekeurde toepassing",
        source="our choice, after BAUM art. 4(3): a meter's own log of sessions, 1 year",
        certainty=None,
        in_force=_EVER,
    ),
    Keep(
        kept=Kept.USE_CASE_DAYS,
        term=Term(24),
        counted_from=_DAY,
        en="on which days a connection was looked at for grid or meter care: its yearly limit counts them",
        nl="op welke dagen een aansluiting voor net- of meterzorg is bekeken: de jaarlijkse grens telt die",
        source="our choice: the year that is counted, and one to answer for it",
        certainty=None,
        in_force=_EVER,
    ),
    Keep(
        kept=Kept.REJECTED_ROWS,
        term=Term(3),
        counted_from="the import",
        en="rows of an import that were refused, until their sender has put them right",
        nl="regels van een import die zijn geweigerd, tot de afzender ze heeft hersteld",
        source=f"Informatiecode 10.1: results of queries, 3 months; {_OURS}",
        certainty=None,
        in_force=_EVER,
    ),
    Keep(
        kept=Kept.LOG_TIES,
        term=Term(96),
        counted_from="when the line was written",
        en="what ties a line of the log to a person (the line itself stays, about nobody)",
        nl="wat een regel in het logboek aan een persoon bindt (de regel zelf blijft, over niemand)",
        source="our choice: as long as the rows of the connection register; GDPR art. 5(2), 15",
        certainty=None,
        in_force=_EVER,
    ),
    Keep(
        kept=Kept.PERSONS,
        term=Term(96),
        counted_from="the end of the last time that the person lived at a connection; without any, when the person was recorded",
        en="name and customer number, at the most; sooner if asked, when no reading is held by a task under law any more",
        nl="naam en klantnummer, op zijn langst; eerder op verzoek, als geen stand meer voor een wettelijke taak nodig is",
        source="Informatiecode 10.1: rows of the connection register, 8 years after they ended (the rows stay, about nobody);"
        " it names no term for who has none: the same",
        certainty=Certainty.CITED,
        in_force=_EVER,
    ),
    Keep(
        kept=Kept.PERMISSIONS,
        term=Term(60),
        counted_from="its end, or the answer to what was asked and not given",
        en="which permissions were asked, given and ended, to show that there was consent",
        nl="welke toestemmingen zijn gevraagd, gegeven en beëindigd, om te tonen dat er toestemming was",
        source="our choice: as long as the parcels that left under them; GDPR art. 7(1); Regulation (EU) 2023/1162 art. 8",
        certainty=None,
        in_force=_EVER,
    ),
    Keep(
        kept=Kept.SUPPLIES,
        term=Term(96),
        counted_from="its end",
        en="who supplied a connection and when (the connection and its meters stay as long as they are there)",
        nl="wie een aansluiting leverde en wanneer (de aansluiting en haar meters blijven zolang zij er zijn)",
        source="Informatiecode 10.1: rows of the connection register, 8 years after they ended",
        certainty=Certainty.CITED,
        in_force=_EVER,
    ),
    Keep(
        kept=Kept.CHOICES,
        term=Term(96),
        counted_from="its end",
        en="that the smart meter was refused, or was administratively off",
        nl="dat de slimme meter is geweigerd, of administratief uit stond",
        source="Informatiecode 10.1: rows of the connection register, 8 years after they ended",
        certainty=Certainty.CITED,
        in_force=_EVER,
    ),
    Keep(
        kept=Kept.RIGHTS,
        term=Term(60),
        counted_from="the last that was said of it",
        en="requests under the privacy law; one on which a restriction, objection, dispute or correction rests stays with that",
        nl="verzoeken onder de privacywet; waarop een beperking, bezwaar, betwisting of correctie rust, blijft zolang die er is",
        source="our choice: to show that it was answered; GDPR art. 5(2), 12",
        certainty=None,
        in_force=_EVER,
    ),
    Keep(
        kept=Kept.BREACHES,
        term=Term(60),
        counted_from="when it was closed",
        en="data breaches, whom they touched and who was told",
        nl="datalekken, wie zij raakten en wie daarvan hoorde",
        source="our choice: to show what was done; GDPR art. 33(5)",
        certainty=None,
        in_force=_EVER,
    ),
    Keep(
        kept=Kept.SESSIONS,
        term=Term(),
        counted_from="the last page",
        en="who is signed in: a signed cookie of an hour in the visitor's own browser, nothing here",
        nl="wie is ingelogd: een ondertekend cookie van een uur in de eigen browser, hier niets",
        source="our choice",
        certainty=None,
        in_force=_EVER,
    ),
    Keep(
        kept=Kept.STAFF,
        term=Term(96),
        counted_from="when the line was written",
        en="which of the operator's people did what a line of the log says, and why (the line and its commitment stay)",
        nl="wie van de netbeheerder deed wat een regel in het logboek zegt, en waarom (de regel en wat haar vastlegt blijven)",
        source="our choice: as long as the line is tied to a person, who may ask about it; GDPR art. 5(1)(e), 5(2), 15",
        certainty=None,
        in_force=_EVER,
    ),
    Keep(
        kept=Kept.PROPOSALS,
        term=Term(60),
        counted_from="the end of its approval; without one, when it was made",
        en="who proposed and who approved an own use of the operator (the registered use stays, with the approver's role)",
        nl="wie een eigen toepassing van de netbeheerder voorstelde en goedkeurde (de toepassing zelf blijft, met diens rol)",
        source="our choice: to show that another person approved it; GDPR art. 5(1)(e), 5(2)",
        certainty=None,
        in_force=_EVER,
    ),
    Keep(
        kept=Kept.CONTACTS,
        term=Term(12),
        counted_from="the end of the party's last agreement, or when it was written down if that is later",
        en="whom to speak to at a party: name, mail address, telephone number",
        nl="met wie bij een partij te spreken: naam, mailadres, telefoonnummer",
        source="our choice: a year to settle what the party was handed; GDPR art. 5(1)(e), 19",
        certainty=None,
        in_force=_EVER,
    ),
    Keep(
        kept=Kept.LETTERS,
        term=Term(1),
        counted_from="when it was laid down, but not before the day has passed until which silence says nothing yet",
        en="letters to customers about claimed mandates and ending permissions, until whoever posts them takes them away;"
        " where the customer has longer to answer, until after that day",
        nl="brieven aan klanten over gemelde en aflopende toestemmingen, tot wie ze verstuurt ze meeneemt;"
        " waar de klant langer heeft om te antwoorden, tot na die dag",
        source="our choice: as long as a post service may be behind; GDPR art. 5(1)(e)",
        certainty=None,
        in_force=_EVER,
    ),
)


OF_OTHERS: Final = (Kept.STAFF, Kept.PROPOSALS, Kept.CONTACTS)
"""What is held about others than the people whose meters are read: the operator's own and those of parties."""


def in_force(at: datetime) -> tuple[Keep, ...]:
    """Return the rows that count at a moment, readings first."""
    return tuple(row for row in TABLE if row.in_force.contains(utc(at)))


def oldest(kept: Kept, at: datetime) -> date:
    """Return the oldest local day of which this may still be held at a moment. Not for readings: they depend on their ground."""
    row = next(row for row in in_force(at) if row.kept is kept and row.role is None)
    return row.term.before(day_of(at))


def of_rule(rule: Rule, at: datetime) -> Keep:
    """Return the row for readings under a rule: that of its purpose, or else that of its role. Raises LookupError."""
    found = [row for row in in_force(at) if row.kept is Kept.READINGS and row.speaks_of(rule)]
    if not found:
        msg = f"the retention table has no row for rule {rule.id}"
        raise LookupError(msg)
    return max(found, key=lambda row: bool(row.purposes))


def during(rule: Rule, time: Period) -> tuple[Keep, ...]:
    """Return the rows for what is kept under a rule in a time, in order: more than one where a term changed meanwhile.

    What is taken by hand at the meter has the row of readings by hand. None for a rule under which nothing is kept.
    """
    kept = Kept.HAND_READINGS if rule.condition is Condition.BY_HAND else Kept.READINGS
    rows = [row for row in TABLE if row.kept is kept and row.in_force.overlaps(time) and (row.role is None or row.speaks_of(rule))]
    most = max((bool(row.purposes) for row in rows), default=False)
    return tuple(row for row in rows if bool(row.purposes) == most)


def keeping() -> tuple[Rule, ...]:
    """Return every rule of any edition whose readings may be kept, by number."""
    rules = {rule.no: rule for edition in EDITIONS for rule in edition.grants if _may_be_kept(rule)}
    return tuple(rules[no] for no in sorted(rules))


def _may_be_kept(rule: Rule) -> bool:
    return rule.keeps and bool(rule.mask) and Action.READ in rule.actions


@lru_cache(maxsize=64)
def _oldest_by_rule(today: date, at: datetime) -> tuple[tuple[int, date], ...]:
    return tuple((rule.no, of_rule(rule, at).term.before(today)) for rule in keeping())


def holding(day: date, at: datetime) -> int:
    """Return the rules that still hold readings about a local day, as a basis: bit `no` of each."""
    return sum(1 << no for no, first in _oldest_by_rule(day_of(at), utc(at)) if day >= first)


def consent() -> int:
    """Return the rules that rest on a consent that its customer may take back, as a basis."""
    return sum(1 << rule.no for rule in keeping() if rule.condition in {Condition.OPT_IN, Condition.PERMISSION})


def permitted() -> int:
    """Return the rules that rest on a permission to a party, as a basis."""
    return sum(1 << rule.no for rule in keeping() if rule.condition is Condition.PERMISSION)


def as_markdown() -> str:
    """Return docs/RETENTION.md's table."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield "| what | ground | how long | counted from | from | source | certainty |"
    yield "|---|---|---|---|---|---|---|"
    for row in TABLE:
        ground = "" if row.role is None else row.role.value + (": " + ", ".join(sorted(row.purposes)) if row.purposes else "")
        since = day_of(row.in_force.start).isoformat()
        until = "" if row.in_force.end is None else f" up to {day_of(row.in_force.end).isoformat()}"
        sure = "our choice" if row.certainty is None else row.certainty.value
        cells = (
            f"`{row.kept}`: {row.en} / *{row.nl}*",
            ground,
            str(row.term),
            row.counted_from,
            since + until,
            row.source,
            sure,
        )
        yield "| " + " | ".join(cells) + " |"

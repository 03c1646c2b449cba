"""The shape of the code of conduct: a dated edition is a table of rules. The rows are in rows.py, the way in is conduct.py.

A rule that grants says who, for what, which data, and under which condition. A rule that denies only has its words. Grants
count up from number 1, denials down from 62; a number is never used for another rule, because the store keeps numbers.
"""

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import final

from kwartier.grounds.terms import Terms
from kwartier.model.ground import USAGE, Action, DataClass, Purpose, Role, Ruling
from kwartier.model.period import Period
from kwartier.model.register import Mask


class Certainty(StrEnum):
    """How sure the legal reference of a row is; of several references the least certain one counts."""

    READ = "read"
    """The article itself was read."""
    CITED = "cited"
    """Read in a document that cites it, or in a summary of it."""
    UNREAD = "unread"
    """Nobody here could read the article; the row says which."""


class Condition(StrEnum):
    """What must be true of the facts. grounds/decide.py has one function for each."""

    OCCUPANT = "occupant"
    OPT_IN = "opt_in"
    SCHEDULE = "schedule"
    ANNIVERSARY = "anniversary"
    MOVE = "move"
    SWITCH = "switch"
    PERMISSION = "permission"
    USE_CASE = "use_case"
    CHOICE = "choice"
    DEFAULT = "default"
    BY_HAND = "by_hand"
    NEVER = "never"


@final
@dataclass(frozen=True, slots=True)
class Schedule:
    """The local days whose midnight register may be asked: these months (1..12) and days of the month; empty means every."""

    months: tuple[int, ...] = ()
    days: tuple[int, ...] = ()

    def falls_on(self, day: date) -> bool:
        """True if the midnight that opens `day` is on the schedule."""
        return (not self.months or day.month in self.months) and (not self.days or day.day in self.days)

    def has(self, days: tuple[date, ...]) -> bool:
        """True if the midnights that open the days are all on the schedule."""
        if not self.months and not self.days:
            return True
        return all(self.falls_on(day) for day in days)


EVERY_DAY = Schedule()


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One row of the code of conduct.

    `no` is permanent (1..62): bit `no` of a channel-day's basis. `mask` are the channels it can ever grant. `station` True is
    a row about a station meter, whose data are about no person. `keeps` False: usage may be added up and not kept. `sentence` is
    the leaflet's (S1..S20, see rows.SENTENCES), `article` the law's in this edition, as sure as `article_certainty` says. `terms`
    of a row that grants: history, frequency, retention, about whom, and the log. `passes`, of a row that denies: it holds for a
    while, and what a supplier could not have for it meanwhile, it gets after that.
    """

    id: str
    no: int
    title_nl: str
    title_en: str
    sentence: str
    nl: str
    en: str
    purpose: Purpose | None = None
    role: Role | None = None
    actions: tuple[Action, ...] = ()
    mask: Mask = 0
    data_classes: frozenset[DataClass] = frozenset()
    condition: Condition = Condition.NEVER
    schedule: Schedule = EVERY_DAY
    station: bool = False
    keeps: bool = True
    article: str = ""
    article_certainty: Certainty = Certainty.UNREAD
    terms: Terms | None = None
    passes: bool = False

    @property
    def grants(self) -> bool:
        """True for a rule that can say yes."""
        return self.condition is not Condition.NEVER


@final
@dataclass(frozen=True, slots=True)
class WhenOff:
    """May this class of data be read of a meter that is administratively off? One dated row per class; usage never."""

    data_class: DataClass
    readable: bool
    in_force: Period
    source: str
    certainty: Certainty


@final
@dataclass(frozen=True, slots=True, eq=False)
class Edition:
    """The code of conduct as it stood in a period. `rules` has every row, grants first. grounds/digest.py compares what two say.

    `overview` are the days whose midnight ends a usage overview: a periodic reading that a supplier may have is not always one.
    """

    id: str
    title_nl: str
    title_en: str
    in_force: Period
    rules: tuple[Rule, ...]
    when_off: tuple[WhenOff, ...]
    overview: Schedule
    _grants: dict[tuple[Role | None, Purpose | None, bool], Rule] = field(init=False, repr=False, compare=False)
    _by_id: dict[str, Rule] = field(init=False, repr=False, compare=False)
    _rulings: dict[str, Ruling] = field(init=False, repr=False, compare=False)
    _readable: dict[DataClass, list[Period]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Index the rows: a night asks for them millions of times."""
        grants = {(rule.role, rule.purpose, rule.station): rule for rule in self.rules if rule.grants}
        readable: dict[DataClass, list[Period]] = {}
        for row in self.when_off:
            if row.readable:
                readable.setdefault(row.data_class, []).append(row.in_force)
        object.__setattr__(self, "_readable", readable)
        object.__setattr__(self, "_grants", grants)
        object.__setattr__(self, "_by_id", {rule.id: rule for rule in self.rules})
        object.__setattr__(self, "_rulings", {rule.id: _ruling(rule, self.id) for rule in self.rules})

    @property
    def grants(self) -> tuple[Rule, ...]:
        """The rows that can say yes."""
        return tuple(rule for rule in self.rules if rule.grants)

    @property
    def denials(self) -> tuple[Rule, ...]:
        """The rows that say no, and why."""
        return tuple(rule for rule in self.rules if not rule.grants)

    def rule(self, rule_id: str) -> Rule:
        """Return the row with this id (C1, S1, F0...). Raises KeyError: ids are written in code, not by users."""
        return self._by_id[rule_id]

    def ruling(self, rule_id: str) -> Ruling:
        """Return what the row with this id says, as answers name it. Raises KeyError, as `rule`."""
        return self._rulings[rule_id]

    def grant(self, role: Role, purpose: Purpose, *, station: bool = False) -> Rule | None:
        """Return the one row that may grant this role this purpose, None if the code of conduct has none."""
        return self._grants.get((role, purpose, station))

    def readable_when_off(self, data_class: DataClass, at: datetime) -> bool:
        """True if a row in force at `at` allows this class of an administratively-off meter. Usage never, whatever a row says."""
        if data_class in USAGE:
            return False
        for period in self._readable.get(data_class, ()):  # noqa: SIM110 - a generator costs more than what it would look at
            if period.contains(at):
                return True
        return False


def _ruling(rule: Rule, edition: str) -> Ruling:
    return Ruling(rule.id, rule.no, edition, rule.sentence, rule.article, rule.nl, rule.en)

"""The lives of a town's people, day by day: who moves, switches, permits, revokes, refuses and comes back, drawn from a seed.

What happened reaches the operator as it does anywhere: as files to import, some before it holds and some after; revocations and
looks at one's own data are the people's own doing. Every kind of happening comes round in every few days.
"""

import csv
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import NamedTuple

from kwartier.model.period import ZONE
from kwartier.simulator import identity

Row = tuple[object, ...]
COLUMNS = {
    "subjects": ("code", "name"),
    "parties": ("code", "name", "role"),
    "agreements": ("party", "start", "end"),
    "occupancies": ("ean", "subject", "start", "end"),
    "contracts": ("ean", "party", "start", "end"),
    "permissions": (
        "reference", "ean", "subject", "party", "products", "kinds", "direction", "purpose",
        "data_from", "data_to", "granted", "expires",
    ),
    "restrictions": ("ean", "kind", "start", "end"),
    "use_cases": (
        "code", "purpose", "data_class", "area", "products", "kinds", "days_from", "days_to", "approved_from", "approved_to",
        "approved_by", "yearly_limit", "min_group", "necessity", "subsidiarity", "proportionality",
    ),
}  # fmt: skip
DAY = timedelta(days=1)
EVERY = 6
"""Of so many suspensions one is of the app that most have: it ends what they permitted."""
KEPT_CLAIMS = 2
"""So many claims are never vetoed."""
UNTIL = 0.3
"""How many permissions end the data before themselves."""
APP, APP_WITHOUT_AGREEMENT = identity.party_code(11), identity.party_code(12)
SECOND_APP = identity.party_code(13)
"""An app whose agreement comes and goes."""


@dataclass
class Household:
    """A home as its people know it. `products` is EAN by product; moments and days are as they were told."""

    products: dict[str, str]
    person: str
    since: str
    supplier: str
    supplied_since: str
    barred: tuple[str, str] | None = None
    given: list[str] = field(default_factory=list)
    moved: int = 0

    @property
    def electricity(self) -> str:
        """The EAN of the electricity connection."""
        return self.products["electricity"]


class Mandate(NamedTuple):
    """What a party claims: under which reference, for which connection, from when until when."""

    reference: str
    ean: str
    begin: date
    end: date


@dataclass
class Day:
    """What one day brings: rows per file to import, what is revoked and when, people who look at their own page.

    `in_the_night` is how many permissions are revoked while somebody is about to read under them.
    """

    rows: dict[str, list[Row]] = field(default_factory=lambda: defaultdict(list))
    revoked: list[str] = field(default_factory=list)
    in_the_night: int = 0
    before_delivery: list[str] = field(default_factory=list)
    lookers: list[str] = field(default_factory=list)
    suspended: list[str] = field(default_factory=list)
    reinstated: list[str] = field(default_factory=list)
    claimed: list[Mandate] = field(default_factory=list)
    vetoed: list[str] = field(default_factory=list)
    touched: set[str] = field(default_factory=set)
    """Whose home was restricted or returned: a day of theirs has no more than that."""

    def write(self, folder: Path) -> None:
        """Write the files."""
        folder.mkdir(parents=True)
        for name, rows in ((name, rows) for name, rows in self.rows.items() if rows):
            with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as out:
                writer = csv.writer(out, lineterminator="\n")
                writer.writerow(COLUMNS[name])
                writer.writerows(rows)


class Lives:
    """The people of one town; `day` lets one day pass."""

    def __init__(self, folder: Path, seed: int, busy: int) -> None:
        """Read who lives there from the town's own files; `busy` is how many things happen on a day."""
        self._draw = Random(seed)
        self._busy = busy
        self._deck: list[Callable[[Day, date, Household], str | None]] = []
        self.happened: Counter[str] = Counter()
        self._number = 0
        self.homes = _homes(folder)
        self._areas = sorted({line["area"] for line in _lines(folder, "transformers")})
        self._claims: list[str] = []
        self._bound: str | None = None
        self._suspended: str | None = None

    def day(self, today: date) -> Day:
        """Let this day pass; what is written of it holds from then, from tomorrow, or from some days ago."""
        made = Day()
        for _ in range(self._busy):
            if not self._deck:
                self._deck = self._kinds()
                self._draw.shuffle(self._deck)
            kind = self._deck.pop()
            home = self._draw.choice(self.homes)
            if home.person in made.touched:
                continue
            told = kind(made, today, home)
            if told is not None:
                self.happened[told] += 1
        made.lookers += [self._draw.choice(self.homes).person for _ in range(3)]
        return made

    def _kinds(self) -> list[Callable[[Day, date, Household], str | None]]:
        often = [
            self._grant,
            self._revoke,
            self._short_grant,
            self._from_noon,
            self._claim,
            self._veto,
            self._move,
            self._switch,
            self._restrict,
            self._return,
        ]
        return [
            *often,
            self._restrict,
            self._return,
            self._revoke_at_night,
            self._revoke_late,
            self._terminate,
            self._agreement,
            self._suspend,
            self._use_case,
        ]

    def _day_near(self, today: date) -> date:
        """Return from when it holds: it is told before, on the day, or too late."""
        return today + self._draw.choice((-2, 0, 0, 1, 1, 4)) * DAY

    def _move(self, made: Day, today: date, home: Household) -> str | None:
        day = self._day_near(today)
        if home.since >= day.isoformat() or home.barred:
            return None
        home.moved += 1
        self._number += 1
        newcomer = f"{90_000_000 + self._number}"
        made.rows["subjects"].append((newcomer, f"Bewoner {self._number}"))
        for ean in home.products.values():
            made.rows["occupancies"] += [(ean, home.person, home.since, day), (ean, newcomer, day, "")]
        home.person, home.since, home.given = newcomer, day.isoformat(), []
        return "moved"

    def _switch(self, made: Day, today: date, home: Household) -> str | None:
        day = self._day_near(today)
        if home.supplied_since >= day.isoformat():
            return None
        others = sorted({one.supplier for one in self.homes} - {home.supplier})
        then = self._draw.choice(others)
        for ean in home.products.values():
            made.rows["contracts"] += [(ean, home.supplier, home.supplied_since, day), (ean, then, day, "")]
        home.supplier, home.supplied_since = then, day.isoformat()
        return "switched"

    def _grant(self, made: Day, today: date, home: Household) -> str | None:
        return self._given(made, today, home, today + 200 * DAY, "permitted")

    def _short_grant(self, made: Day, today: date, home: Household) -> str | None:
        return self._given(made, today, home, today + self._draw.randrange(1, 6) * DAY, "expires soon")

    def _from_noon(self, made: Day, today: date, _home: Household) -> str | None:
        """Somebody of whom nothing finer than a day is known lets an app know it from noon on: a part of this day is read."""
        quiet = [home for home in self.homes if not home.given and not home.barred and home.since <= today.isoformat()]
        if not quiet:
            return None
        noon = datetime(today.year, today.month, today.day, 12, tzinfo=ZONE)
        what = APP, "interval", noon.isoformat(), ""
        return self._written(made, today, self._draw.choice(quiet), what, today + 200 * DAY, "permitted from noon")

    def _given(self, made: Day, today: date, home: Household, expires: date, kind: str) -> str | None:
        if home.since > today.isoformat():
            return None
        begins = max(today + self._draw.choice((-4, 0, 1)) * DAY, date.fromisoformat(home.since))
        until = expires - DAY if self._draw.random() < UNTIL and expires - DAY > begins else ""
        party = self._draw.choice((APP, APP, SECOND_APP, APP_WITHOUT_AGREEMENT, ""))
        what = party, self._draw.choice(("interval", "day", "interval|day")), begins.isoformat(), str(until)
        return self._written(made, today, home, what, expires, kind)

    def _written(self, made: Day, today: date, home: Household, what: tuple[str, str, str, str], expires: date, kind: str) -> str:
        """Write a permission of half past nine; `what` is party, kinds, and from when until when the data may be."""
        party, kinds, begins, until = what
        self._number += 1
        reference = f"given-{self._number}"
        product = self._draw.choice(sorted(home.products)) if kind != "permitted from noon" else "electricity"
        granted = datetime(today.year, today.month, today.day, 9, 30, tzinfo=ZONE)
        whom = reference, home.products[product], home.person, party, product, kinds
        scope = self._draw.choice(("consumption", "combined")), f"doel {self._number}", begins, until
        made.rows["permissions"].append((*whom, *scope, granted.isoformat(), expires))
        home.given.append(reference)
        return kind

    def _revoke(self, made: Day, _today: date, _home: Household) -> str | None:
        reference = self._one_given()
        made.revoked += [reference] if reference else []
        return "revoked" if reference else None

    def _revoke_at_night(self, made: Day, _today: date, _home: Household) -> str:
        made.in_the_night += 1
        return "revoked during a night"

    def _revoke_late(self, made: Day, _today: date, _home: Household) -> str | None:
        reference = self._one_given("app-")
        made.before_delivery += [reference] if reference else []
        return "revoked before delivery" if reference else None

    def _one_given(self, rather: str = "") -> str | None:
        """Take a permission that somebody gave; one with this beginning if there is any: an app's is asked for every night."""
        given = [(home, one) for home in self.homes for one in home.given]
        best = [(home, one) for home, one in given if one.startswith(rather)] or given
        if not best:
            return None
        home, reference = self._draw.choice(best)
        home.given.remove(reference)
        return reference

    def _terminate(self, made: Day, today: date, home: Household) -> str | None:
        """Somebody gave a permission and takes it back in the same breath: by an import that ends it earlier than agreed."""
        told = self._given(made, today, home, today + 100 * DAY, "permitted")
        if told is None:
            return None
        row = made.rows["permissions"].pop()
        made.rows["permissions"].append((*row[:-1], today + DAY))
        return "ends tomorrow"

    def _restrict(self, made: Day, today: date, home: Household) -> str | None:
        if home.barred:
            return None
        kind = self._draw.choice(("refused", "administratively_off"))
        day = today + self._draw.choice((0, 1, 1)) * DAY
        home.barred = kind, day.isoformat()
        made.touched.add(home.person)
        made.rows["restrictions"].append((home.electricity, kind, day, ""))
        return kind

    def _return(self, made: Day, today: date, _home: Household) -> str | None:
        barred = [home for home in self.homes if home.barred and home.barred[1] <= today.isoformat()]
        kinds = Counter(home.barred[0] for home in barred if home.barred)
        barred = [home for home in barred if home.barred and kinds[home.barred[0]] > 1 and home.person not in made.touched]
        if not barred:
            return None
        home = self._draw.choice(barred)
        assert home.barred is not None
        made.rows["restrictions"].append((home.electricity, *home.barred, today + DAY))
        home.barred = None
        made.touched.add(home.person)
        return "returned"

    def _agreement(self, made: Day, today: date, _home: Household) -> str | None:
        """The second app's agreement begins, or ends."""
        if made.rows["agreements"]:
            return None
        if self._bound is None:
            self._bound = (today + DAY).isoformat()
            made.rows["agreements"].append((SECOND_APP, self._bound, ""))
            return "agreement began"
        made.rows["agreements"].append((SECOND_APP, self._bound, max(today, date.fromisoformat(self._bound)) + DAY))
        self._bound = None
        return "agreement ended"

    def _suspend(self, made: Day, _today: date, _home: Household) -> str | None:
        """An app is suspended, or may go on."""
        if made.suspended or made.reinstated:
            return None
        if self._suspended is None:
            self._suspended = APP if self.happened["suspended"] % EVERY == EVERY - 1 else SECOND_APP
            made.suspended.append(self._suspended)
            return "suspended"
        made.reinstated.append(self._suspended)
        self._suspended = None
        return "reinstated"

    def _claim(self, made: Day, today: date, home: Household) -> str | None:
        """Somebody said yes in an app, and the app's party uploads the connection."""
        if home.since > today.isoformat() or home.barred:
            return None
        self._number += 1
        reference = f"mandate-{self._number}"
        made.claimed.append(Mandate(reference, self._draw.choice(sorted(home.products.values())), today, today + 90 * DAY))
        self._claims.append(reference)
        return "claimed"

    def _veto(self, made: Day, _today: date, _home: Household) -> str | None:
        """Somebody says no to what was claimed, before it begins or after."""
        if len(self._claims) <= KEPT_CLAIMS:
            return None
        made.vetoed.append(self._claims.pop(self._draw.randrange(len(self._claims))))
        return "vetoed"

    def _use_case(self, made: Day, today: date, _home: Household) -> str:
        """Energy loss of some days in an area, of which the yearly limit allows two."""
        self._number += 1
        area = self._draw.choice(self._areas)
        what = f"loss-{self._number}", "energy_loss", "profile", area, "electricity", "interval"
        when = today, today + 4 * DAY, today, today + (3 if self.happened["use case"] % 3 == 1 else 40) * DAY
        made.rows["use_cases"].append((*what, *when, "functionaris", 2, 5, "nodig", "niet anders", "niet meer"))
        return "use case"


def first_day() -> Day:
    """Return what is told once, beside the town's own files: the second app."""
    made = Day()
    made.rows["parties"].append((SECOND_APP, "Zonnewijs", "third_party"))
    return made


def _lines(folder: Path, name: str) -> Sequence[dict[str, str]]:
    with (folder / f"{name}.csv").open(newline="", encoding="utf-8") as text:
        return list(csv.DictReader(text, strict=True))


def _homes(folder: Path) -> list[Household]:
    """Return the homes with a readable meter: the others have nothing to tell."""
    product = {line["ean"]: line["product"] for line in _lines(folder, "connections")}
    barred = {line["ean"]: (line["kind"], line["start"]) for line in _lines(folder, "restrictions")}
    contracts = {line["ean"]: line for line in _lines(folder, "contracts") if not line["end"]}
    by_person: dict[str, dict[str, str]] = defaultdict(dict)
    since = {}
    for line in _lines(folder, "occupancies"):
        if not line["end"]:
            by_person[line["subject"]][product[line["ean"]]] = line["ean"]
            since[line["subject"]] = line["start"]
    given = defaultdict(list)
    for line in _lines(folder, "permissions"):
        given[line["subject"]].append(line["reference"])
    return list(_made(by_person, since, contracts, barred, given))


def _made(
    by_person: dict[str, dict[str, str]],
    since: dict[str, str],
    contracts: dict[str, dict[str, str]],
    barred: dict[str, tuple[str, str]],
    given: dict[str, list[str]],
) -> Iterator[Household]:
    for person, products in by_person.items():
        supply = contracts[products["electricity"]]
        made = Household(products, person, since[person], supply["party"], supply["start"], barred.get(products["electricity"]))
        made.given = given[person]
        yield made

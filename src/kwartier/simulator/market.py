"""The market of the town: suppliers, apps, their agreements, and contracts of supply."""

from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import final

from kwartier.simulator import identity
from kwartier.simulator.town import Home, Town


@final
@dataclass(frozen=True, slots=True)
class Party:
    """A market party; `purpose` is what an app tells its users."""

    code: str
    name: str
    role: str
    purpose: str = ""


SUPPLIERS = (
    Party(identity.party_code(1), "Lage Landen Stroom", "supplier"),
    Party(identity.party_code(2), "Dijk & Duin Energie", "supplier"),
    Party(identity.party_code(3), "Noorderlicht Levering", "supplier"),
)
APP = Party(identity.party_code(11), "Wattwijzer", "third_party", "advies over energiebesparing")
APP_WITHOUT_AGREEMENT = Party(identity.party_code(12), "Slim Stekkertje", "third_party", "laadpaal sturen")
PARTIES = (*SUPPLIERS, APP, APP_WITHOUT_AGREEMENT)
ANNIVERSARY_HOME = 0
"""The demo's first home, whose year of supply ends when the town's date does: its annual bill is due."""
_SINCE = date(2020, 1, 1)


@final
@dataclass(frozen=True, slots=True)
class Contract:
    """A contract of supply for all connections of a home."""

    party: Party
    start: date
    end: date | None


def agreements(town: Town) -> list[tuple[Party, date, date | None]]:
    """Return party, start and end of each agreement; that of one app ends with the town's date: its permissions end with it."""
    return [
        *((party, _SINCE, None) for party in (*SUPPLIERS, APP)),
        (APP_WITHOUT_AGREEMENT, _SINCE, town.day + timedelta(days=1)),
    ]


def a_year_before(day: date) -> date:
    """Return the same day of the year before; of 29 February the 28th."""
    return day.replace(year=day.year - 1, day=28) if (day.month, day.day) == (2, 29) else day.replace(year=day.year - 1)


def contracts(town: Town, home: Home, *, switches: bool) -> list[Contract]:
    """Return who supplies a home; one that switches does so on the town's date."""
    draw = Random(f"{town.seed}/supply/{home.index}")
    now = draw.randrange(len(SUPPLIERS))
    start = town.day - timedelta(days=draw.randrange(40, 900))
    if home.index == ANNIVERSARY_HOME:
        start = a_year_before(town.day + timedelta(days=1))
    if not switches:
        return [Contract(SUPPLIERS[now], start, None)]
    then = SUPPLIERS[(now + 1) % len(SUPPLIERS)]
    return [Contract(then, start, town.day), Contract(SUPPLIERS[now], town.day, None)]

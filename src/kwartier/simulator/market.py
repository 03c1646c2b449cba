"""The market of the town: suppliers, apps, their agreements, contracts of supply, and the operator's own use cases."""

from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import final

from kwartier.simulator import identity
from kwartier.simulator.town import Home, Town

_SMALL_TOWN = 40
_GROUP, _SMALL_GROUP = 10, 5
YEARLY_LIMIT = 12
"""Days per connection and year."""


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
_SINCE = date(2020, 1, 1)


@final
@dataclass(frozen=True, slots=True)
class Contract:
    """A contract of supply for all connections of a home."""

    party: Party
    start: date
    end: date | None


@final
@dataclass(frozen=True, slots=True)
class UseCase:
    """A use of meter data by the operator itself. Days and approval are half-open; texts say why."""

    code: str
    area: str
    days_from: date
    days_to: date
    approved_from: date
    approved_to: date
    min_group: int


APPROVED_BY = "functionaris gegevensbescherming"
NECESSITY = "energieverlies per transformator is alleen te bepalen uit wat erin gaat en wat eruit komt"
SUBSIDIARITY = "een model zonder kwartierwaarden mist diefstal van enkele procenten"
PROPORTIONALITY = "alleen sommen, ten minste de groepsgrootte, enkele dagen per jaar; niets per aansluiting bewaard"


def agreements(town: Town) -> list[tuple[Party, date, date | None]]:
    """Return party, start and end of each agreement; that of one app ended."""
    return [
        *((party, _SINCE, None) for party in (*SUPPLIERS, APP)),
        (APP_WITHOUT_AGREEMENT, _SINCE, town.day - timedelta(days=60)),
    ]


def contracts(town: Town, home: Home, *, switches: bool) -> list[Contract]:
    """Return who supplies a home; one that switches does so on the town's date."""
    draw = Random(f"{town.seed}/supply/{home.index}")
    now = draw.randrange(len(SUPPLIERS))
    start = town.day - timedelta(days=draw.randrange(40, 900))
    if not switches:
        return [Contract(SUPPLIERS[now], start, None)]
    then = SUPPLIERS[(now + 1) % len(SUPPLIERS)]
    return [Contract(then, start, town.day), Contract(SUPPLIERS[now], town.day, None)]


def use_cases(town: Town) -> list[UseCase]:
    """Return the use case of energy loss per area, which covers the town's date, and one that expired."""
    group = _GROUP if len(town.homes) >= _SMALL_TOWN else _SMALL_GROUP
    areas = sorted({t.area for t in town.transformers})
    day = timedelta(days=1)
    live = [
        UseCase(f"loss-{area}", area, town.day, town.day + 2 * day, town.day - 30 * day, town.day + 300 * day, group)
        for area in areas
    ]
    expired = UseCase(
        f"loss-{areas[0]}-old",
        areas[0],
        town.day - 400 * day,
        town.day - 390 * day,
        town.day - 430 * day,
        town.day - 370 * day,
        group,
    )
    return [*live, expired]

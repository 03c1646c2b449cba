"""The people of the town: who lives where since when, and what they allowed whom. Names and customer numbers are fictitious."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random
from typing import final

from kwartier.model.ground import Purpose
from kwartier.model.period import ZONE
from kwartier.simulator import identity, market
from kwartier.simulator.town import Home, Town

_GIVEN = (
    "Anna",
    "Bram",
    "Chantal",
    "Dirk",
    "Els",
    "Fatima",
    "Gijs",
    "Hanna",
    "Ilse",
    "Joost",
    "Karim",
    "Lotte",
    "Mees",
    "Noor",
    "Otto",
)
_FAMILY = (
    "Akkerman",
    "Bosveld",
    "Cuypers",
    "Dalhuis",
    "Eikenaar",
    "Fontein",
    "Geertsema",
    "Heidekamp",
    "Jaspers",
    "Kuiperij",
    "Molendijk",
)
MOVE_HOME, SWITCH_HOME = 1, 2
"""Homes with the town's one move and one switch of supplier, both on its date at midnight (if the town is that large)."""
_OPTED_IN, _WITH_APP, _APP_WITHOUT_AGREEMENT, _CONSUMPTION_ONLY, _EXPIRED = 0.4, 0.25, 0.15, 0.3, 0.15


@final
@dataclass(frozen=True, slots=True)
class Stay:
    """Somebody lives in a home; `former` 0 is who lives there on the town's date."""

    home: int
    former: int
    code: str
    name: str
    start: date
    end: date | None


@final
@dataclass(frozen=True, slots=True)
class Grant:
    """A permission: to a party, or with an empty `party` the customer's own opt-in."""

    reference: str
    ean: str
    subject: str
    party: str
    product: str
    kinds: str
    direction: str
    purpose: str
    data_from: date
    granted: datetime
    expires: date


def stays(town: Town, home: Home) -> list[Stay]:
    """Return who lives or lived in a home, the present occupant first."""
    draw = Random(f"{town.seed}/people/{home.index}")
    names = [f"{draw.choice(_GIVEN)} {draw.choice(_FAMILY)}" for _ in range(2)]
    since = town.day - timedelta(days=draw.randrange(90, 4000))
    before = since - timedelta(days=draw.randrange(400, 3000))
    moved = home.index == MOVE_HOME
    if moved:
        since = town.day
        before = town.day - timedelta(days=1200)
    codes = [identity.subject_code(town.seed, home.index, former) for former in range(2)]
    present = Stay(home.index, 0, codes[0], names[0], since, None)
    if not moved and draw.random() > 0.06:  # noqa: PLR2004 - one home in sixteen remembers who lived there before
        return [present]
    return [present, Stay(home.index, 1, codes[1], names[1], before, since)]


def grants(town: Town, home: Home) -> Iterator[Grant]:
    """Yield what the occupants of a home allowed."""
    draw = Random(f"{town.seed}/grants/{home.index}")
    present, *former = stays(town, home)
    first = home.index == 0
    if (first or draw.random() < _OPTED_IN) and home.index != MOVE_HOME:
        yield from _own(town, home, present, draw)
    if (first or draw.random() < _WITH_APP) and home.index != MOVE_HOME:
        yield from _app(town, home, present, draw, plain=first)
    if home.index == MOVE_HOME:
        yield from _app(town, home, former[0], draw, plain=True)


def _own(town: Town, home: Home, stay: Stay, draw: Random) -> Iterator[Grant]:
    """Opt in to quarter-hours (and gas hours) on the customer's own page."""
    granted = _granted(town, stay, draw)
    for product, ean in products(home):
        yield Grant(
            reference=f"own-{home.index}-{product}",
            ean=ean,
            subject=stay.code,
            party="",
            product=product,
            kinds="interval|day",
            direction="combined",
            purpose=str(Purpose.OWN_INSIGHT),
            data_from=granted.date() - timedelta(days=2),
            granted=granted,
            expires=town.day + timedelta(days=700),
        )


def _app(town: Town, home: Home, stay: Stay, draw: Random, *, plain: bool) -> Iterator[Grant]:
    """Allow an app the quarter-hours; a `plain` one is in force, for everything, by the party with an agreement."""
    consumption = not plain and draw.random() < _CONSUMPTION_ONLY
    expired = not plain and draw.random() < _EXPIRED and stay.start < town.day - timedelta(days=330)
    without = not plain and draw.random() < _APP_WITHOUT_AGREEMENT
    granted = _moment(town.day - timedelta(days=300), draw) if expired else _granted(town, stay, draw)
    party = market.APP_WITHOUT_AGREEMENT if without else market.APP
    for product, ean in products(home):
        yield Grant(
            reference=f"app-{home.index}-{stay.former}-{product}",
            ean=ean,
            subject=stay.code,
            party=party.code,
            product=product,
            kinds="interval",
            direction="consumption" if consumption else "combined",
            purpose=party.purpose,
            data_from=granted.date(),
            granted=granted,
            expires=town.day - timedelta(days=30) if expired else town.day + timedelta(days=draw.randrange(60, 360)),
        )


def products(home: Home) -> list[tuple[str, str]]:
    """Return product and EAN of each connection of a home."""
    both = [("electricity", identity.electricity_ean(home.index)), ("gas", identity.gas_ean(home.index))]
    return both if home.owns.gas else both[:1]


def _granted(town: Town, stay: Stay, draw: Random) -> datetime:
    """Draw a moment of consent within the stay and some days before the town's date."""
    return _moment(max(stay.start + timedelta(days=1), town.day - timedelta(days=draw.randrange(5, 60))), draw)


def _moment(day: date, draw: Random) -> datetime:
    """Draw a moment of the day, in local time."""
    return datetime(day.year, day.month, day.day, draw.randrange(8, 22), draw.randrange(60), tzinfo=ZONE)

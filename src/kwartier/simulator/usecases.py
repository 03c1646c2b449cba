"""The operator's own use cases in the town: what its grid and its meters need to be asked for, and why, area by area."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import final

from kwartier.simulator.town import Town

_SMALL_TOWN = 40
_GROUP, _SMALL_GROUP = 10, 5
_NO_GROUP = 2
"""Least group of a use that yields no figures; none is smaller."""
_CARE_BEFORE, _CARE_AFTER = 100, 3
"""Days around the town's date that care may be about."""
APPROVED_BY = "functionaris gegevensbescherming"


@final
@dataclass(frozen=True, slots=True)
class UseCase:
    """A use of meter data by the operator itself. Days and approval are half-open; texts say why. `yearly_limit` counts days."""

    code: str
    purpose: str
    data_class: str
    area: str
    products: str
    kinds: str
    days_from: date
    days_to: date
    approved_from: date
    approved_to: date
    yearly_limit: int
    min_group: int
    necessity: str
    subsidiarity: str
    proportionality: str


@final
@dataclass(frozen=True, slots=True)
class Care:
    """A use for the care of devices or grid, which has no usage in it."""

    word: str
    purpose: str
    data_class: str
    necessity: str
    subsidiarity: str
    proportionality: str


CARE = (
    Care(
        "device",
        "device_care",
        "device_state",
        "een lege batterij, een klok die fout loopt of een geheugenfout maakt meetwaarden onbetrouwbaar",
        "bezoek aan huis vindt dit pas als de meter al faalt, en is ingrijpender",
        "alleen de toestand van het toestel, geen verbruik, ten hoogste twaalf dagen per jaar",
    ),
    Care(
        "events",
        "device_care",
        "event_log",
        "sinds wanneer en hoe vaak een toestel iets meldt, staat alleen in zijn logboek",
        "de alarmbits zeggen dat er iets is, niet wat of wanneer",
        "alleen de logboeken met toestelmeldingen, alleen meters in het gebied, geen verbruik",
    ),
    Care(
        "outage",
        "outage",
        "event_log",
        "waar de spanning wegviel en hoe lang, is nodig om een storing te vinden en de onderbreking vast te stellen",
        "meldingen van klanten komen laat en wijzen geen transformator aan",
        "alleen het logboek van spanningsonderbrekingen, alleen bij een storing, geen verbruik",
    ),
    Care(
        "voltage",
        "outage",
        "power_quality",
        "of de spanning overal terug is, weet alleen de meter",
        "een monteur langs elke deur duurt te lang en stoort meer",
        "alleen de spanning van dit moment, niets wordt bewaard dan wat afwijkt",
    ),
    Care(
        "danger",
        "danger",
        "event_log",
        "een geopende meter of een weggevallen fase kan brand of een schok geven",
        "er is geen andere bron die dit op tijd zegt",
        "alleen meldingen van gevaar, meteen doorgegeven aan wie moet handelen",
    ),
    Care(
        "danger-state",
        "danger",
        "device_state",
        "het alarmregister zegt of het gevaar er nog is",
        "zonder dat moet voor elke melding een monteur op pad",
        "alleen de alarmbits, alleen waar een melding of het gebied daar reden toe geeft",
    ),
    Care(
        "danger-voltage",
        "danger",
        "power_quality",
        "te hoge spanning of een fase zonder spanning is gevaarlijk voor mensen en toestellen",
        "metingen op het station zien één woning niet",
        "alleen de spanning van dit moment, geen verbruik",
    ),
    Care(
        "firmware",
        "firmware_update",
        "firmware",
        "een fout in de meter wordt met nieuwe programmatuur verholpen, zonder de meter te vervangen",
        "de meter omruilen kost de klant een bezoek en een onderbreking",
        "alleen programmatuur van de fabrikant, die de meter zelf controleert; standen en logboeken blijven",
    ),
)
_LOSS = (
    "energieverlies per transformator is alleen te bepalen uit wat erin gaat en wat eruit komt",
    "een model zonder kwartierwaarden mist diefstal van enkele procenten",
    "alleen sommen, ten minste de groepsgrootte, enkele dagen per jaar; niets per aansluiting bewaard",
)
YEARLY_LIMIT = 12


def use_cases(town: Town) -> Iterator[UseCase]:
    """Yield energy loss per area, which covers the town's date, one that expired, and care per area.

    The last of several areas has no use case for danger: there nobody may ask for it.
    """
    areas = sorted({t.area for t in town.transformers})
    loss = [_loss(town, area) for area in areas]
    yield from loss
    yield _expired(town, loss[0])
    for area in areas:
        barred = len(areas) > 1 and area == areas[-1]
        yield from (_care(town, area, use) for use in CARE if not (barred and use.purpose == "danger"))


def _loss(town: Town, area: str) -> UseCase:
    """Return the use case of energy loss in an area."""
    group = _GROUP if len(town.homes) >= _SMALL_TOWN else _SMALL_GROUP
    what = f"loss-{area}", "energy_loss", "profile", area, "electricity", "interval"
    return UseCase(*what, *_days(town, 0, 2), *_days(town, -30, 300), YEARLY_LIMIT, group, *_LOSS)


def _expired(town: Town, case: UseCase) -> UseCase:
    """Return the same as it was approved a year before, and no longer is."""
    days, approved = _days(town, -400, -390), _days(town, -430, -370)
    return replace(
        case,
        code=f"{case.code}-old",
        days_from=days[0],
        days_to=days[1],
        approved_from=approved[0],
        approved_to=approved[1],
    )


def _care(town: Town, area: str, use: Care) -> UseCase:
    """Return a use case of care in an area."""
    what = f"{use.word}-{area}", use.purpose, use.data_class, area, "", ""
    when = *_days(town, -_CARE_BEFORE, _CARE_AFTER), *_days(town, -30, 300)
    return UseCase(*what, *when, YEARLY_LIMIT, _NO_GROUP, use.necessity, use.subsidiarity, use.proportionality)


def _days(town: Town, first: int, end: int) -> tuple[date, date]:
    """Return two days, counted from the town's date."""
    return town.day + timedelta(days=first), town.day + timedelta(days=end)

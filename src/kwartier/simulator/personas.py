"""Whom to be at the demo's sign-in, and what is to be seen as them."""

import json
from collections.abc import Iterator
from pathlib import Path

from kwartier.simulator import asks, people
from kwartier.simulator.behaviour import Fault
from kwartier.simulator.town import Home, Town

Persona = dict[str, str]
_TOLD = {
    Fault.ADMINISTRATIVELY_OFF: (
        "off",
        "meter administratief uit: er wordt niets uitgelezen",
        "meter administratively off: nothing is read",
    ),
    Fault.REFUSED_NO_METER: ("refused", "weigerde de slimme meter", "refused the smart meter"),
    Fault.SILENT: ("silent", "de meter zwijgt: een gat met een reden", "the meter is silent: a gap with its reason"),
    Fault.BACKWARDS: ("backwards", "een teller liep terug: in quarantaine", "a register ran backwards: quarantined"),
    Fault.MISSING_ROWS: ("missing", "een kwartier ontbreekt", "a quarter-hour is missing"),
}


def write(path: Path, town: Town) -> None:
    """Write the list, the demo's first person first."""
    path.write_text(json.dumps(list(personas(town)), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def personas(town: Town) -> Iterator[Persona]:
    """Yield who is worth being."""
    yield _persona(
        town, 0, 0, "demo", "zonnepanelen, laadpaal, gas; deelt met een app", "solar roof, car charger, gas; shares with an app"
    )
    if len(town.homes) > people.MOVE_HOME:
        yield _persona(
            town,
            people.MOVE_HOME,
            1,
            "moved_out",
            "is verhuisd: eigen periode blijft zichtbaar",
            "moved out: own period stays visible",
        )
        yield _persona(
            town, people.MOVE_HOME, 0, "moved_in", "woont er net: niets van daarvoor", "just moved in: nothing from before"
        )
    if len(town.homes) > people.SWITCH_HOME:
        nl, en = "wisselde van leverancier", "switched supplier"
        if asks.is_asked(town.homes[people.SWITCH_HOME]):
            nl, en = f"{nl}; een app vraagt iets, en zegt iets te mogen", f"{en}; an app asks for something, and claims something"
        yield _persona(town, people.SWITCH_HOME, 0, "switched", nl, en)
    for fault, (key, nl, en) in _TOLD.items():
        home = next((h for h in town.homes if h.fault is fault), None)
        if home:
            yield _persona(town, home.index, 0, key, nl, en)


def _persona(town: Town, home: int, former: int, key: str, nl: str, en: str) -> Persona:
    """Return one entry."""
    stay = _stay(town, town.homes[home], former)
    owns = town.homes[home].owns.describe()
    return {"persona": key, "subject": stay.code, "name": stay.name, "home": owns, "nl": nl, "en": en}


def _stay(town: Town, home: Home, former: int) -> people.Stay:
    """Return who lived there."""
    return people.stays(town, home)[former]

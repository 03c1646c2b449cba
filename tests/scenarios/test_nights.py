"""Runs every scenario of nights: `given` comes in, `when.csv` happens in its order, `then` is what was asked, kept and handed out.

    given/          files of an import, and `registers.csv` beside it: what the meters would answer
    when.csv        at, what, argument; what: import, night, revoke, renew, deliver, claim, veto, suspend, reinstate, default,
                    default over, say, hand, send, take, saw
    when/<name>/    files of a later import
    when/<party>.csv  mandates that a party claims
    then/tasks      what the nights asked of which meter, for whom
    then/refused    what they did not ask, and by which rule
    then/held       what is stored: known intervals and their sum, or a register; the rules it rests on
    then/parcels    what left, or was withheld and by which rule; about whom; and what stands in the document
    then/allocation the sums of usage per supplier and transformer, of a day or a month, or why they are withheld
    then/papers     the bills and overviews that suppliers were given: what was used, or why that cannot be told
    then/looked     what somebody got who asked for what is held about them (take: person, connection, first and last day)
    then/saw        who read, was handed or was shown a day of somebody's (saw: person, day)
    then/notices    whose box says that what it was handed of a time was wrong, and how many parcels

Everything between is the product itself but for the wire: import, decision, plan, validation, lake, delivery, log. Afterwards a
replay must find nothing, and the last night again must ask nothing.
"""

import os
from datetime import datetime
from pathlib import Path

import pytest
from _pytest.mark import ParameterSet

from kwartier.workflows import installation, replay
from night_support import Line, Story, allocated, held, notices, papers, parcels, table

FOLDERS = sorted(path.parent for path in Path(__file__).parent.glob("night_*/when.csv"))
COLUMNS = {
    "tasks": ("night", "meter", "profile", "first", "last", "for"),
    "refused": ("night", "connection", "who", "purpose", "rule"),
    "held": ("connection", "channel", "day", "known", "value", "rules"),
    "parcels": ("receiver", "connection", "purpose", "status", "about", "rule", "content"),
    "allocation": ("day", "supplier", "transformer", "product", "homes", "read", "taken", "given", "withheld"),
    "papers": ("receiver", "connection", "paper", "period", "own_since", "used", "year_before", "earlier"),
    "looked": ("who", "connection", "asked", "period", "content"),
    "saw": ("who", "day", "what", "by", "product", "first", "last"),
    "notices": ("receiver", "connection", "wrong", "first", "last", "parcels"),
}


def expected(folder: Path, name: str) -> list[Line]:
    """Return a table of `then`. A table that is not there says: none."""
    return table(folder / "then" / f"{name}.csv")


SHARED = [folder for folder in FOLDERS if any(line["party"] for line in table(folder / "given" / "permissions.csv"))]
TOO_SHORT = {"night_gas_at_six"}
"""Where a customer lives too shortly for a mandate to have been announced: none can begin so soon."""
IN_SHORT = {"night_revoked", "night_permission_from_noon"}
WAYS = [
    *((folder, "import") for folder in FOLDERS),
    *((folder, "mandate") for folder in SHARED if folder.name not in TOO_SHORT),
    *((folder, "request") for folder in SHARED),
]
"""Every scenario, and those in which a customer shares with a party once more by the other ways in which that comes about."""


def way(folder: Path, path: str) -> ParameterSet:
    """Return a case; of the customers' answers all but two run in full only."""
    long = path == "request" and folder.name not in IN_SHORT
    return pytest.param(folder, path, id=f"{folder.name}-{path}", marks=[pytest.mark.full] if long else [])


@pytest.mark.parametrize(("folder", "path"), [way(*each) for each in WAYS])
def test_the_nights_go_as_they_say(folder: Path, path: str, installation_dir: Path) -> None:
    installation.create(installation_dir)
    steps = table(folder / "when.csv")
    with installation.opened(installation_dir) as house:
        story = Story.begin(house, folder, datetime.fromisoformat(steps[0]["at"]), path)
        for line in steps:
            story.now = datetime.fromisoformat(line["at"])
            story.step(line["what"], line["argument"])
        found = {
            "tasks": story.tasks,
            "refused": story.refused,
            "held": list(held(house)),
            "parcels": list(parcels(house)),
            "allocation": list(allocated(house)),
            "papers": list(papers(house)),
            "looked": story.looked,
            "saw": story.saw,
            "notices": list(notices(house)),
        }
        if os.environ.get("KW_SHOW_SCENARIOS"):
            show(found)
        for name, lines in found.items():
            assert lines == expected(folder, name), name
        checked = replay.run(house, at=story.clock())
        assert (checked.findings, checked.uncovered, checked.over_broad) == ([], 0, 0)
        assert checked.compared["papers"] == len(found["papers"])
        assert checked.compared["notices"] == len(found["notices"])
        told = [line for line in found["allocation"] if not line["withheld"]]
        assert checked.compared["sums"] >= len(found["allocation"]) + len(told), "each with the registry, and with its homes"
        last = next(line for line in reversed(steps) if line["what"] == "night")
        story.tasks.clear()
        story.step("night", last["argument"])
        assert story.tasks == [], "the same night again asks nothing"


def show(found: dict[str, list[Line]]) -> None:
    """Print the tables as they came out, to be read and judged by a person before they are written down."""
    for name, lines in found.items():
        print(f"== {name}", ",".join(COLUMNS[name]), *(",".join(line.values()) for line in lines), sep="\n")  # noqa: T201 - asked for


def test_every_table_has_its_columns() -> None:
    for folder in FOLDERS:
        for name, columns in COLUMNS.items():
            lines = expected(folder, name)
            assert all(tuple(line) == columns for line in lines), folder
            assert lines or not (folder / "then" / f"{name}.csv").exists()


def test_there_are_scenarios_of_what_an_expert_asks_first() -> None:
    assert {folder.name.removeprefix("night_") for folder in FOLDERS} >= {
        "administratively_off",
        "allocation",
        "annual_bill",
        "autumn",
        "expired_use_case",
        "gas_at_six",
        "leaflet",
        "mandate_vetoed",
        "meter_replaced",
        "move",
        "move_told_late",
        "move_with_an_app",
        "old_year",
        "overview",
        "permission_from_noon",
        "read_by_hand",
        "reconciliation",
        "refusal_and_return",
        "refused_conventional",
        "revoked",
        "supplier_default",
        "suspended",
        "switch",
        "switch_mid_month",
        "switch_registered_late",
        "two_apps",
        "who_saw_my_tuesday",
    }

"""`kwartier care` and `kwartier grid`: what they print for programs and for people, and how they end."""

import io
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from rich.console import Console

from care_rounds_support import Street, street
from care_support import TOWN, first, healthy
from command_support import kwartier_here
from kwartier.cli import told_care
from kwartier.devices.needs import Finding, Need
from kwartier.grid.dangers import Danger, Found
from kwartier.grid.outages import Dark, Outage, OwnFailure
from kwartier.grid.outages import Found as Remembered
from kwartier.simulator import firmware, identity
from kwartier.simulator.care import Ailment
from kwartier.store.postgres import Dsns
from kwartier.store.registry.care import Station
from kwartier.workflows import installation
from kwartier.workflows.device_care import Ending, Needing, Update
from kwartier.workflows.grid_care import Endangered, Outages
from kwartier.workflows.installation import Installation
from kwartier.workflows.visits.errands import Round
from registry_support import World

SINCE = datetime(2026, 11, 21, 23, 5, tzinfo=UTC)
EQUIPMENT = "E0088041629499420"


def shown(tell: Any, *what: object, width: int) -> str:  # noqa: ANN401 - whatever tells
    """Return what somebody sees on a terminal of this width."""
    out = Console(file=io.StringIO(), width=width)
    tell(out, *what)
    assert isinstance(out.file, io.StringIO)
    return out.file.getvalue()


@pytest.mark.parametrize("width", [60, 80, 200])
def test_what_is_copied_from_a_table_stands_in_one_piece(width: int) -> None:
    needs = Needing(
        17, 5, EQUIPMENT, "wijk-01", (Finding(Need.OLD_FIRMWARE, SINCE, "5.0.0"), Finding(Need.CLOCK_WRONG, SINCE, "+75 s"))
    )
    found = shown(told_care.needing, [needs], {}, width=width)
    assert found.count(EQUIPMENT) == found.count("2026-11-22 00:05") == 2, "local time"
    dangers = Endangered(
        17, 5, EQUIPMENT, "wijk-01", 1, (Found(Danger.OVER_VOLTAGE, SINCE, 2, 2534), Found(Danger.METER_COVER, SINCE))
    )
    found = shown(told_care.dangers, [dangers], {}, width=width)
    assert found.count(EQUIPMENT) == found.count("2026-11-22 00:05") == 2


def test_a_table_says_what_where_and_who_acts() -> None:
    dangers = Endangered(17, 5, EQUIPMENT, "wijk-01", 1, (Found(Danger.OVER_VOLTAGE, SINCE, 2, 2534),))
    found = shown(told_care.dangers, [dangers], {"meters": 3, "gaps": {"timeout": 2}, "refused": {}}, width=200)
    assert all(word in found for word in ("over voltage", "L2", "253.4 V", "fault desk", "3 meters", "2 timeout gaps"))
    assert "refused" not in found


def test_outages_name_transformers_and_count_homes() -> None:
    at = int(SINCE.timestamp())
    remembered = Remembered((Outage(4, at, at + 600, 9, 11),), (OwnFailure(17, 4, at, at + 60),))
    whole = Outages(Round(), remembered, (Dark(4, 0, 5, 6), Dark(4, 3, 2, 3)), {4: Station(4, "T0004", 12)})
    found = shown(told_care.outages, whole, width=200)
    assert all(
        word in found for word in ("T0004", "was out", "9 of 11", "is out", "L3 is out", "5 of 6", "meter 17 alone", "00:15")
    )


def test_text_of_a_meter_cannot_style_a_terminal() -> None:
    needs = Needing(17, 5, EQUIPMENT, "wijk-01", (Finding(Need.OLD_FIRMWARE, SINCE, "[red]5[/red]"),))
    assert "[red]5[/red]" in shown(told_care.needing, [needs], {}, width=200)


@pytest.mark.parametrize("ending", Ending)
def test_every_ending_is_a_sentence(ending: Ending) -> None:
    assert shown(told_care.updated, Update(ending, "5.0.1"), width=200).rstrip().endswith("It says: 5.0.1.")


# The commands on an installation


@pytest.fixture
def three(installation_dir: Path, dsns: Dsns, tmp_path: Path) -> Iterator[Street]:
    """Open an operator of three homes: nothing is wrong at the first, the second's battery is low, the third's cover is off."""
    installation.create(installation_dir)
    folder = tmp_path / "meters"
    folder.mkdir()
    homes = [healthy(), first(Ailment.BATTERY_LOW), first(Ailment.TERMINAL_COVER)]
    with (
        installation.opened(installation_dir) as house,
        psycopg.connect(dsns.operator, autocommit=True) as c,
        street(house, World(c), folder, homes) as found,
    ):
        yield found


def ran(house: Installation, *arguments: str) -> tuple[int, str, str]:
    ended = kwartier_here("--data", house.data, *arguments)
    return ended.returncode, ended.stdout, ended.stderr


def told(house: Installation, *arguments: str) -> dict[str, Any]:
    code, said, _ = ran(house, *arguments, "--json")
    assert code == 0
    (line,) = said.splitlines()
    found: dict[str, Any] = json.loads(line)
    return found


COUNTS = {"meters", "chores", "stopped", "gaps", "refused"}


def test_looking_after_devices(three: Street) -> None:
    three.use_case("device_care", "device_state")
    said = told(three.house, "care", "look")
    assert said.keys() == COUNTS | {"needing"}
    assert (said["meters"], said["chores"], said["gaps"], said["refused"]) == (3, 9, {}, {})
    low = identity.equipment_id(first(Ailment.BATTERY_LOW).number)
    (mine,) = [one for one in said["needing"] if one["equipment_id"] == low]
    assert mine.keys() == {"meter", "equipment_id", "area", "findings"}
    assert {one["need"] for one in mine["findings"]} & {"replace_battery", "battery_low"}
    assert all(one.keys() == {"need", "since", "detail", "act"} for one in mine["findings"])
    assert told(three.house, "care", "list") == {"needing": said["needing"]}
    code, shown_to_people, _ = ran(three.house, "care", "list")
    assert (code, low in shown_to_people) == (0, True)


def by_itself(house: Installation, *arguments: str) -> str:
    """Run a command as a timer does: nobody is named."""
    bare = {key: value for key, value in os.environ.items() if not key.startswith("KWARTIER_")}
    ended = kwartier_here("--data", house.data, *arguments, environment={**bare, "COLUMNS": "200"})
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


@pytest.mark.parametrize(
    ("command", "listing", "ailment"),
    [
        (["care", "look"], ["care", "list"], Ailment.BATTERY_LOW),
        (["grid", "dangers"], ["grid", "dangers", "--no-ask"], Ailment.TERMINAL_COVER),
        (["grid", "alarms"], ["grid", "dangers", "--no-ask"], Ailment.TERMINAL_COVER),
    ],
    ids=["care look", "grid dangers", "grid alarms"],
)
def test_what_runs_by_itself_shows_nobody_anything(three: Street, command: list[str], listing: list[str], ailment: Ailment) -> None:
    """A timer does the round and is told how many; the line of a look is that of somebody."""
    for purpose, what in (("device_care", "device_state"), ("danger", "event_log"), ("danger", "device_state")):
        three.use_case(purpose, what)
    told(three.house, "grid", "dangers")  # so that there is something to list after alarms, too
    before = three.all("select count(*) from audit.event where kind = 'view:shown'")
    equipment = identity.equipment_id(first(ailment).number)
    said = by_itself(three.house, *command)
    assert equipment not in said
    assert " ".join(listing) in said
    counts = json.loads(by_itself(three.house, *command, "--json"))
    assert counts.keys() == COUNTS | {"to_list"}
    assert three.all("select count(*) from audit.event where kind = 'view:shown'") == before
    code, shown_to_people, _ = ran(three.house, *listing)
    assert (code, equipment in shown_to_people) == (0, True)
    assert three.all("select count(*) from audit.event where kind = 'view:shown'") > before
    assert counts["to_list"] > 0


def test_dangers_and_outages(three: Street) -> None:
    three.use_case("danger", "event_log")
    three.use_case("danger", "device_state")
    said = told(three.house, "grid", "dangers")
    assert said.keys() == COUNTS | {"dangers"}
    assert {one["equipment_id"] for one in said["dangers"]} >= {identity.equipment_id(first(Ailment.TERMINAL_COVER).number)}
    assert all(each.keys() == {"danger", "since", "phase", "level_dv", "act"} for one in said["dangers"] for each in one["found"])
    again = told(three.house, "grid", "dangers", "--no-ask")
    assert again == {"dangers": said["dangers"]}
    three.use_case("outage", "power_quality")
    out = told(three.house, "grid", "outages")
    assert out.keys() == COUNTS | {"outages", "own", "dark"}
    code, _, why = ran(three.house, "grid", "outages", "--transformer", "nowhere")
    assert (code, why.split(":")[0]) == (3, "not-found")


def test_switching(three: Street) -> None:
    assert told(three.house, "care", "switch") == dict.fromkeys(("meters", "chores", "stopped", "off", "on", "otherwise"), 0) | {
        "gaps": {},
        "refused": {},
    }
    three.facts.restriction(three.places[0].connection)
    said = told(three.house, "care", "switch")
    assert (said["off"], said["otherwise"]) == (1, 0)


def test_firmware(three: Street, tmp_path: Path) -> None:
    firmware.write(tmp_path / "firmware", TOWN.seed)
    good, bad = (str(tmp_path / "firmware" / f"SMR5-5.0.2{end}.kwf") for end in ("", "-tampered"))
    code, _, why = ran(three.house, "care", "add-firmware", good)
    assert (code, why.split(":")[0]) == (3, "firmware-not-genuine")
    assert ran(three.house, "care", "trust", str(tmp_path / "firmware" / "manufacturer.pub"))[0] == 0
    assert ran(three.house, "care", "add-firmware", good)[0] == 0
    code, _, why = ran(three.house, "care", "add-firmware", bad)
    assert (code, why.split(":")[0]) == (3, "firmware-not-genuine")
    meter = str(three.places[0].meter)
    code, said, _ = ran(three.house, "care", "load-firmware", meter, "5.0.2", "--json")
    assert (code, json.loads(said)) == (1, {"ending": "no_ground", "version": "", "reason": None})
    three.use_case("firmware_update", "firmware")
    code, said, _ = ran(three.house, "care", "load-firmware", meter, "5.0.2", "--json")
    assert (code, json.loads(said)) == (0, {"ending": "activated", "version": "5.0.2", "reason": None})
    code, said, _ = ran(three.house, "care", "load-firmware", meter, "5.0.2", "--json")
    assert (code, json.loads(said)["ending"]) == (0, "ran_already")
    for wrong, name in ((("4711", "5.0.2"), "no-such-meter"), ((meter, "9.9"), "not-found")):
        code, _, why = ran(three.house, "care", "load-firmware", *wrong)
        assert (code, why.split(":")[0]) == (3, name)


@pytest.mark.parametrize("ended_by", [signal.SIGINT, signal.SIGTERM])
def test_listening_ends_in_one_object_and_no_traceback(three: Street, ended_by: signal.Signals) -> None:
    three.use_case("danger", "device_state")
    place = three.places[2].home
    command = [sys.executable, "-m", "kwartier.cli.main", "--data", str(three.house.data), "grid", "listen"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        assert running.stderr is not None
        port = int(running.stderr.readline().split("127.0.0.1:")[1].split()[0])
        for said, host in (
            (identity.equipment_id(place.number).encode() + b"," + (1 << 13).to_bytes(4, "big"), identity.host(place.number)),
            (b"nonsense", "127.0.0.1"),
        ):
            with socket.create_connection(("127.0.0.1", port), source_address=(host, 0)) as sender:
                sender.sendall(said)
                sender.shutdown(socket.SHUT_WR)
                assert sender.recv(1) == b""
        with socket.create_connection(("127.0.0.1", port)):
            running.send_signal(ended_by)
        out, err = running.communicate(timeout=30)
    assert running.returncode == 0
    fates = json.loads(out)["alarms"]
    assert fates["taken"] == 1
    assert fates["malformed"] in {1, 2}, "and who said nothing, if it was heard before the end"
    assert "Traceback" not in err
    said_alarms = told(three.house, "grid", "alarms")
    assert said_alarms.keys() == COUNTS | {"dangers"}
    assert three.all("select state from kw.alarm") == [("confirmed",)]

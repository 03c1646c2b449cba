"""The leaflet to the customer: who decides, who may refuse, what is kept from whom, what the meter itself shows."""

import csv
import io
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from chain_support import DAY
from kwartier.grounds import conduct
from kwartier.model.period import QUARTER_S, day_of, day_period
from leaflet_support import Place
from pages_support import Visitor, heading

pytestmark = [pytest.mark.database, pytest.mark.xdist_group("leaflet")]

Visits = Callable[..., Visitor]


SOUND = ("switched", "moved_in", "missing", "backwards")
"""Personas whose meter may be read."""


def offers(one: Visitor) -> list[str]:
    """Return which of their connections somebody could ask to be read for their own page."""
    return re.findall(r"/nl/opt-in\?connection=(\d+)", one.get("/nl/mine").text)


def test_s02_the_customer_decides_who_may_ask_for_readings_and_may_take_it_back(place: Place, visit: Visits) -> None:
    mine = visit("demo")
    (permission, *_) = re.findall(r"/nl/revoke\?permission=(\d+)", mine.get("/nl/mine").text)
    assert "Wattwijzer" in mine.get(f"/nl/revoke?permission={permission}").text
    assert mine.post("/nl/revoke", permission=permission).status_code == 200
    assert f"permission={permission}" not in mine.get("/nl/mine").text
    assert "ingetrokken" in mine.get("/nl/log").text
    given = [one.post("/nl/opt-in", connection=number).text for one in map(visit, SOUND) for number in offers(one)]
    assert given
    assert all("Uw eigen pagina" in page for page in given)
    replayed = place.asked("audit", "replay")
    assert (replayed["uncovered"], replayed["findings"]) == (0, [])


def test_s03_the_customer_may_refuse_the_smart_meter_or_have_it_switched_off_administratively(
    place: Place, visit: Visits, tmp_path: Path
) -> None:
    """Neither is read; the one that is off was set so at the meter, and read back; and back on when the customer wants it back."""
    off, refused = place.restricted("administratively_off"), place.restricted("refused")
    assert off
    assert refused
    said = [one for one in place.sessions() if one["equipment_id"] in off | refused]
    assert {one["equipment_id"] for one in said} <= off
    status = "0-1:94.31.0"
    assert {(one["event"], one["obis"]) for one in said if "obis" in one} == {("written", status), ("object", status)}
    assert place.said["care"]["switched_off"] == len(off)
    assert place.asked("care", "switch")["chores"] == 0, "nothing is left to set"
    assert "administratief uit" in visit("off").get("/nl/mine").text
    _back_on(place, min(off - place.endangered()), tmp_path)


def _back_on(place: Place, meter: str, folder: Path) -> None:
    """Let a customer want the meter back, which is set at the meter and read back."""
    eans = {row["ean"] for row in place.file("meters.csv") if row["equipment_id"] == meter}
    rows = [row | {"end": day_of(datetime.now(UTC)).isoformat()} for row in place.file("restrictions.csv") if row["ean"] in eans]
    place.enter(folder, "restrictions.csv", rows)
    switched = place.asked("care", "switch")
    assert (switched["on"], switched["off"], switched["otherwise"]) == (1, 0, 0)
    told = [one for one in place.sessions() if one["equipment_id"] == meter and one["event"] == "written"]
    assert told


def test_s04_a_code_of_conduct_agreed_and_published_rules_every_processing(place: Place) -> None:
    page = httpx.get(f"{place.pages}/nl/conduct").text
    for rule in conduct.EDITIONS[-1].rules:
        assert rule.title_nl in page
    replayed = place.asked("audit", "replay")
    assert replayed["checked"] > 1000
    assert (replayed["uncovered"], replayed["over_broad"], replayed["late"], replayed["findings"]) == (0, 0, 0, [])


def test_s05_meter_data_is_well_secured_and_kept_from_the_unauthorised(place: Place, visit: Visits, tmp_path: Path) -> None:
    """Another person gets nothing, another's proof proves nothing, and a meter that cannot prove itself is not believed."""
    mine, another = visit("demo"), visit("off")
    proofs = re.findall(r'href="(/nl/proof/[\d/]+)"', mine.get("/nl/log").text)
    assert proofs
    proof = tmp_path / "line.tlog-proof"
    proof.write_bytes(mine.get(proofs[-1]).content)
    assert place.run("verify", str(proof)).returncode == 0
    assert another.get(proofs[-1]).status_code == 404
    assert visit().get("/nl/mine").url.path != "/nl/mine"
    proof.write_bytes(proof.read_bytes().replace(b"a", b"b", 1))
    assert place.run("verify", str(proof), check=False).returncode == 1
    assert place.said["gap_reasons"]["authentication"] > 0


def test_s07_the_customer_sees_use_on_the_meter_at_any_moment_and_the_manual_explains_it(place: Place) -> None:
    """Every code that the display shows stands in the manual of its model."""
    codes: set[str] = set()
    page, seen = place.display, set()
    while page not in seen:
        seen.add(page)
        text = httpx.get(page).text
        codes |= set(re.findall(r"\b\d{1,2}\.\d{1,2}\.\d{1,2}\b", re.sub(r"<[^>]+>", " ", text)))
        (following,) = re.findall(r'class="button" href="(\?step=\d+)"', text)
        page = str(httpx.URL(page).join(following))
    assert {"1.8.1", "1.8.2", "2.8.1", "2.8.2"} <= codes
    for language in ("nl", "en"):
        manual = httpx.get(f"{place.pages}/{language}/manual/smr5").text
        assert [code for code in codes if code not in manual] == []


def test_s08_an_energy_manager_at_the_p1_port_sees_all_and_the_operator_gets_none_of_it(place: Place, tmp_path: Path) -> None:
    """It hears every quarter-hour of the day; no meter was spoken to by the operator for it, and the operator's log is silent."""
    spoken, lines = len(place.sessions()), place.asked("audit", "replay")["compared"]["entries"]
    command = [sys.executable, "-m", "kwartier.home.command", "--data", str(tmp_path)]
    with subprocess.Popen([*command, "--town", place.p1, "--port", "0"], stderr=subprocess.DEVNULL) as manager:
        try:
            heard = next(taken for taken in _quarters(command) if len(taken) - taken.count("partial") >= _least_quarters())
        finally:
            manager.terminate()
    assert set(heard) == {"measured"}
    assert len(place.sessions()) == spoken
    assert place.asked("audit", "replay")["compared"]["entries"] == lines


def _quarters(command: list[str]) -> Iterator[list[str]]:
    """Yield how well the energy manager knows each quarter-hour's use of the day, until it has had its time.

    One that is not over is partial.
    """
    day = str(DAY)
    for _ in range(120):
        time.sleep(1)
        kept = subprocess.run(
            [*command, "export", "intervals", "--from", day, "--to", day], capture_output=True, text=True, check=False
        )
        yield [row["marks"] for row in csv.DictReader(io.StringIO(kept.stdout)) if row["kind"] == "taken"]


def _least_quarters() -> int:
    whole = day_period(DAY)
    assert whole.end is not None
    return round((whole.end - whole.start).total_seconds()) // QUARTER_S


def test_a_page_says_what_it_is_in_both_languages(visit: Visits) -> None:
    for path in ("/conduct", "/manual"):
        assert heading(visit().get("/nl" + path)) != heading(visit().get("/en" + path))

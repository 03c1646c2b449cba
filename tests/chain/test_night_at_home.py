"""Is the operator right? What a home heard at its own P1 port, and the file that the same customer took from the operator's pages.

Two ways from one household: DLMS by night, validation, store and download; P1, `kwartier-home` and its history. They meet here.
"""

import csv
import io
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

import httpx
import pytest

from chain_support import DAY, Night, open_town
from kwartier.model.period import HOUR_S, QUARTER_S, ZONE, day_period
from kwartier.simulator import identity
from pages_support import Visitor, served

pytestmark = pytest.mark.database

LENGTH_S = int(((day_period(DAY + timedelta(days=1)).start) - day_period(DAY).start).total_seconds())
QUARTERS, HOURS = LENGTH_S // QUARTER_S, LENGTH_S // HOUR_S
FORMS = ("csv", "json")
PRODUCTS = ("electricity", "gas")
"""The first home has both, in this order on its page; its customer opted in."""


def home(data: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run `kwartier-home` to its end."""
    command = [sys.executable, "-m", "kwartier.home.command", "--data", str(data), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


@pytest.fixture(scope="module")
def lived(night: Night, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a home that lived through the town's date, both its midnights included."""
    at_home = tmp_path_factory.mktemp("lived")
    town = at_home / "town-of-the-night"
    for part in ("town", "keys"):
        shutil.copytree(night.data / part, town / part)
    span = "--p1-from", DAY.isoformat(), "--p1-until", (DAY + timedelta(days=1)).isoformat()
    with open_town(town, *span) as (_, said):
        source = f"{identity.host(identity.home_number(0))}:{said['p1_port']}"
        run = home(at_home, "--town", source, "--once", "--port", "0")
    assert run.returncode == 0, run.stderr
    return at_home


@pytest.fixture(scope="module")
def files(night: Night, tmp_path_factory: pytest.TempPathFactory) -> Mapping[tuple[str, str], Path]:
    """Return what the customer took from the operator's pages, by product and form."""
    data = Path(shutil.copytree(night.data, tmp_path_factory.mktemp("served") / "data"))
    folder = tmp_path_factory.mktemp("files")
    personas = json.loads((data / "town" / "personas.json").read_text("utf-8"))
    code = next(one["subject"] for one in personas if one["persona"] == "demo")
    found = {}
    with served(data, "--demo") as address, httpx.Client(base_url=address, follow_redirects=True, timeout=30) as client:
        visitor = Visitor(client)
        assert visitor.post("/nl/sign-in", persona=code).url.path == "/nl/mine"
        page = visitor.get(f"/nl/mine?day={DAY}").text
        places = list(dict.fromkeys(re.findall(rf"/nl/download\?connection=(\d+)&amp;day={DAY}", page)))
        for product, place in zip(PRODUCTS, places, strict=True):
            for form in FORMS:
                answer = visitor.get(f"/nl/download?connection={place}&day={DAY}&form={form}")
                assert answer.status_code == 200
                assert product in answer.headers["content-disposition"]
                found[product, form] = folder / f"{product}.{form}"
                found[product, form].write_bytes(answer.content)
    return found


@pytest.mark.parametrize("form", FORMS)
def test_every_quarter_hour_taken_and_given_agrees_to_the_watt_hour(
    lived: Path, files: Mapping[tuple[str, str], Path], form: str
) -> None:
    run = home(lived, "compare", str(files["electricity", form]), "--json")
    said = json.loads(run.stdout)
    assert (run.returncode, said["is_right"], said["findings"]) == (0, True, [])
    assert said["compared"] == said["counts"]["equal"] == 2 * QUARTERS


@pytest.mark.parametrize("form", FORMS)
def test_every_hour_of_gas_agrees_to_the_litre(lived: Path, files: Mapping[tuple[str, str], Path], form: str) -> None:
    run = home(lived, "compare", str(files["gas", form]), "--json")
    said = json.loads(run.stdout)
    assert (run.returncode, said["is_right"], said["findings"]) == (0, True, [])
    assert said["compared"] == said["counts"]["equal"] == HOURS


def planted_in_csv(text: str, number: int, more: int) -> tuple[str, int, str]:
    """Return a file with `more` Wh in one quarter-hour of what was taken, the value it had, and when the quarter begins."""
    rows = list(csv.DictReader(io.StringIO(text)))
    chosen = [row for row in rows if row["direction"] == "consumption" and row["resolution"]][number]
    before = int(chosen["value"])
    chosen["value"] = str(before + more)
    out = io.StringIO()
    table = csv.DictWriter(out, rows[0].keys())
    table.writeheader()
    table.writerows(rows)
    return out.getvalue(), before, chosen["start"]


def planted_in_json(text: str, number: int, more: int) -> tuple[str, int, str]:
    """Do the same in the other form."""
    body = json.loads(text)
    series = next(one for one in body["series"] if one["direction"] == "consumption" and one.get("resolution") == "PT15M")
    before = series["values"][number]
    series["values"][number] = before + more
    start = datetime.fromisoformat(series["start"]) + timedelta(seconds=number * QUARTER_S)
    return json.dumps(body), before, start.astimezone(ZONE).isoformat()


@pytest.mark.parametrize(
    ("form", "number", "more"), [("csv", 0, 1), ("csv", 71, 250), ("json", 71, -1), ("json", QUARTERS - 1, 4000)]
)
def test_one_wrong_quarter_is_named_with_both_values_and_no_other(
    lived: Path, files: Mapping[tuple[str, str], Path], form: str, number: int, more: int, tmp_path: Path
) -> None:
    plant = planted_in_csv if form == "csv" else planted_in_json
    text, right, start = plant(files["electricity", form].read_text("utf-8"), number, more)
    file = tmp_path / f"wrong.{form}"
    file.write_text(text, "utf-8")
    run = home(lived, "compare", str(file))
    assert run.returncode == 1
    first, only = run.stdout.splitlines()
    assert first == f"{2 * QUARTERS} intervals compared: {2 * QUARTERS - 1} equal, 1 different"
    began = datetime.fromisoformat(start).astimezone(ZONE)
    assert only.startswith(f"{began:%Y-%m-%d %H:%M%z} to ")
    assert only.endswith(f"taken  different: {right} Wh here, {right + more} Wh at the operator ({more:+d} Wh)")


@pytest.mark.full
@pytest.mark.parametrize("day", ["2026-03-29", "2026-10-25"])
def test_it_agrees_on_days_of_92_and_of_100_quarter_hours(day: str) -> None:
    command = [sys.executable, "-m", "pytest", "-q", __file__]
    run = subprocess.run(command, env=os.environ | {"KW_TEST_DAY": day}, capture_output=True, text=True, check=False, timeout=280)
    assert run.returncode == 0, run.stdout
    assert "8 passed" in run.stdout

"""The home's page in a real browser: without JavaScript in both languages, narrow and dark, by keyboard; with it, live."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page

from home_process_support import Dongle, now, running
from home_support import House
from kwartier.home.operator_file import COLUMNS

pytestmark = pytest.mark.browser

AT = 1_781_733_600  # 2026-06-18 00:00 in summer time
PLACES = ("", "day?date=2026-06-18", "month", "year", "peak", "compare", "meter")


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return where the page of a home is that was read from a recording of a day."""
    folder = tmp_path_factory.mktemp("home")
    (folder / "a.txt").write_bytes(b"".join(House(AT).telegrams(1400, 60)))
    with running(folder / "data", "--replay", str(folder / "a.txt")) as home:
        while "A recording, up to" not in httpx.get(f"{home.address}/en/").text:
            pass
        yield home.address


def language(page: Page) -> str:
    """Return the language of the page one is on."""
    return str(page.locator("html").get_attribute("lang"))


def test_a_visitor_lands_in_the_own_language_and_can_change_it(page: Page) -> None:
    there = language(page)
    assert there == ("en" if page.viewport_size == {"width": 320, "height": 900} else "nl")
    page.locator("a.language").click()
    assert language(page) != there


@pytest.mark.parametrize("place", PLACES)
def test_nothing_sticks_out_sideways_and_one_chart_of_each_is_seen(page: Page, address: str, place: str) -> None:
    page.goto(f"{address}/{language(page)}/{place}")
    size = page.viewport_size
    assert size is not None
    for box in [each.bounding_box() for each in page.locator("header, main, footer, main section, .kw-bars:visible, form").all()]:
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= size["width"]
    wide, narrow = page.locator(".kw-bars.wide:visible").count(), page.locator(".kw-bars.narrow:visible").count()
    assert (wide == 0) is (size["width"] == 320) or wide + narrow == 0
    assert 0 in {wide, narrow}


def test_all_is_reached_by_keyboard(page: Page) -> None:
    page.keyboard.press("Tab")
    assert page.locator(":focus").get_attribute("href") == "#main"
    page.keyboard.press("Enter")
    assert page.url.endswith("#main")
    page.locator("nav a").nth(1).focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/day")
    page.locator("summary").first.focus()
    page.keyboard.press("Enter")
    assert page.locator("tbody tr").first.is_visible()


def test_a_day_is_taken_away_as_csv(page: Page, address: str) -> None:
    page.goto(f"{address}/{language(page)}/day?date=2026-06-18")
    with page.expect_download() as download:
        page.locator("a[download]").click()
    rows = list(csv.DictReader(io.StringIO(Path(download.value.path()).read_text("utf-8"))))
    assert sum(row["kind"] == "taken" for row in rows) == 94


def test_a_planted_quarter_is_named(page: Page, address: str, tmp_path: Path) -> None:
    page.goto(f"{address}/{language(page)}/compare")
    rows = csv.DictReader(io.StringIO(httpx.get(f"{address}/csv/intervals").text))
    out = io.StringIO()
    table = csv.writer(out)
    table.writerow(COLUMNS)
    for row in rows:
        if row["kind"] == "taken" and row["marks"] == "measured":
            value = int(row["value"]) + (1000 if "T18:15" in row["start"] else 0)
            table.writerow((871, "1-0:1.8.0", "consumption", "", row["start"], "PT15M", value, "Wh", "valid"))
    file = tmp_path / "own.csv"
    file.write_text(out.getvalue())
    page.locator("input[type=file]").set_input_files(file)
    page.locator("form button").click()
    assert page.locator("tbody tr").count() == 1
    text = page.locator("tbody tr").text_content() or ""
    assert "18:15" in text
    assert "+1.000" in text or "+1,000" in text


def test_it_is_live_with_a_script_of_our_own(browser: Browser, tmp_path: Path) -> None:
    complaints: list[str] = []
    with Dongle(now(), every_s=0.5) as dongle, running(tmp_path, "--tcp", f"127.0.0.1:{dongle.port}") as home:
        context = browser.new_context(locale="en-GB")
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda fault: complaints.append(str(fault)))
        page.goto(home.address + "/")
        page.wait_for_selector(".status.good")
        first = page.locator(".status").text_content()
        page.wait_for_function("first => document.querySelector('.status').textContent !== first", arg=first)
        assert page.locator("#live").count() == 1
        context.close()
    assert complaints == []

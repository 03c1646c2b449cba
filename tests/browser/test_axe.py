"""axe-core has nothing against any page a customer can see: portal, home, display, papers; both languages, light and dark."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page

from account_support import bill, overview
from axe_support import SCREENS, Screen, looking, violations
from chain_support import open_town
from home_process_support import running
from home_support import House
from kwartier.delivery.paper_page import page as paper
from kwartier.keys import shipment
from kwartier.web.portal import pages

pytestmark = pytest.mark.browser
TWO = [Screen("nl", "light", 1280), Screen("en", "dark", 320)]
two_screens = pytest.mark.parametrize("screen", TWO, ids=str)
sampled_screens = pytest.mark.parametrize(
    "screen", [*TWO, *(pytest.param(one, marks=pytest.mark.full) for one in SCREENS if one not in TWO)], ids=str
)

AT = 1_781_733_600  # 2026-06-18 00:00 in summer time
AT_HOME = ("", "day?date=2026-06-18", "month", "year", "peak", "compare", "meter", "nowhere")
PUBLIC = {"/{language}/": "", "/{language}/conduct": "conduct", "/{language}/manual": "manual"}
OWN = {"/{language}/mine": "mine", "/{language}/log": "log", "/{language}/rights": "rights"}
LINKED = {
    "/{language}/manual/{model}": "main a[href*='/manual/']",
    "/{language}/revoke": "a[href*='revoke?']",
    "/{language}/opt-in": "a[href*='opt-in?']",
    "/{language}/choice": "a[href*='choice?']",
    "/{language}/rights/ask": "a[href$='right=access']",
    "/{language}/rights/data": "a[href*='rights/data?']",
    "/{language}/request": "a[href*='request?']",
    "/{language}/renew": "a[href*='renew?']",
    "/{language}/reading": "a[href*='reading?']",
}
"""Pages behind a link of the page before them."""
NO_PAGES = {"/", "/{language}/absence", "/{language}/download", "/{language}/log-key", "/{language}/rights/file"}
"""The way to the first page, and files; so are proofs."""
OTHERS = ("moved_out", "moved_in", "switched", "missing", "backwards")


def test_no_page_of_the_portal_is_left_out() -> None:
    there = {one.path for one in pages.routes() if "GET" in (one.methods or ())}
    assert {path for path in there - NO_PAGES if "/proof/" not in path} == {*PUBLIC, *OWN, *LINKED}


def sign_in(page: Page, address: str, screen: Screen, code: str) -> None:
    """Become a persona."""
    page.goto(f"{address}/{screen.language}/")
    page.locator(f"form:has(input[value='{code}']) button").click()
    page.wait_for_url("**/mine")


def follow(page: Page, place: str) -> None:
    """Go on by a link of the page."""
    with page.expect_navigation():
        page.locator(LINKED[place]).first.click()


@pytest.mark.database
@sampled_screens
def test_the_portal(browser: Browser, address: str, personas: dict[str, str], screen: Screen) -> None:
    found = []
    with looking(browser, screen) as page:
        for place in (*PUBLIC.values(), "nowhere"):
            page.goto(f"{address}/{screen.language}/{place}")
            found += violations(page)
        page.goto(f"{address}/{screen.language}/manual")
        follow(page, "/{language}/manual/{model}")
        found += violations(page)
        sign_in(page, address, screen, personas["demo"])
        for place in (*OWN.values(), "log?others=1", "log?day=2026-01-01"):
            page.goto(f"{address}/{screen.language}/{place}")
            found += violations(page)
        for place in ("/{language}/revoke", "/{language}/request", "/{language}/renew", "/{language}/choice"):
            page.goto(f"{address}/{screen.language}/mine")
            follow(page, place)
            found += violations(page)
        for right in ("objection", "rectification"):
            page.goto(f"{address}/{screen.language}/rights/ask?right={right}")
            found += violations(page)
        page.goto(f"{address}/{screen.language}/rights")
        follow(page, "/{language}/rights/ask")
        found += violations(page)
        with page.expect_navigation():
            page.locator("main form button").click()
        found += violations(page)
        follow(page, "/{language}/rights/data")
        found += violations(page)
    assert found == []


@pytest.mark.database
@two_screens
@pytest.mark.parametrize("who", OTHERS)
def test_the_own_page_of_others(browser: Browser, address: str, personas: dict[str, str], screen: Screen, who: str) -> None:
    """Who has moved, or whose meter has something wrong: each sees what the others do not."""
    with looking(browser, screen) as page:
        sign_in(page, address, screen, personas[who])
        assert violations(page) == []
        if page.locator(LINKED["/{language}/opt-in"]).count():
            follow(page, "/{language}/opt-in")
            assert violations(page) == []


@pytest.mark.database
@two_screens
def test_who_is_not_read_remotely_sends_in_a_reading(
    browser: Browser, address: str, personas: dict[str, str], screen: Screen
) -> None:
    with looking(browser, screen) as page:
        sign_in(page, address, screen, personas["backwards"])
        off = page.locator("a[href*='choice?'][href*='off']")
        if off.count():  # the first of the two screens switches it off
            with page.expect_navigation():
                off.first.click()
            with page.expect_navigation():
                page.locator("main form button").click()
            assert page.get_by_role("status").count() == 1
            assert violations(page) == []
        follow(page, "/{language}/reading")
        assert violations(page) == []
        card, below = (page.locator(one).bounding_box() for one in (".kw-asked", ".kw-asked + p"))
        assert card is not None
        assert below is not None
        assert below["y"] - card["y"] - card["height"] >= 16, "what follows stands apart from the card"
        for text in ("a lot", "0"):  # neither is what this counter can show
            page.locator("main form input[type='text']").first.fill(text)
            with page.expect_navigation():
                page.locator("main form button").click()
            assert page.get_by_role("status").count() == 0
            assert violations(page) == []
            page.go_back()


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return where the page of a home is that was read from a recording of a day."""
    folder = tmp_path_factory.mktemp("home")
    (folder / "a.txt").write_bytes(b"".join(House(AT).telegrams(1400, 60)))
    with running(folder / "data", "--replay", str(folder / "a.txt")) as one:
        while "A recording, up to" not in httpx.get(f"{one.address}/en/").text:
            pass
        yield one.address


@sampled_screens
def test_the_page_of_the_home(browser: Browser, home: str, screen: Screen, tmp_path: Path) -> None:
    file = tmp_path / "own.csv"
    file.write_bytes(httpx.get(f"{home}/csv/intervals").content)
    found = []
    with looking(browser, screen) as page:
        for place in AT_HOME:
            page.goto(f"{home}/{screen.language}/{place}")
            found += violations(page)
        page.goto(f"{home}/{screen.language}/compare")
        page.locator("input[type=file]").set_input_files(file)
        with page.expect_navigation():
            page.locator("form button").click()
        found += violations(page)
    assert found == []


@pytest.fixture(scope="module")
def displays(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return where the displays of a town are."""
    data = tmp_path_factory.mktemp("displays")
    (data / "keys").mkdir()
    shipment.create(data / "keys")
    with open_town(data, homes=12) as (_, said):
        yield f"http://127.0.0.1:{said['display_port']}"


@sampled_screens
def test_the_display_of_a_meter(browser: Browser, displays: str, screen: Screen) -> None:
    with looking(browser, screen) as page:
        page.goto(f"{displays}/{screen.language}/display/0?step=2")
        assert violations(page) == []


@sampled_screens
@pytest.mark.parametrize("body", [overview(), bill(), bill(meter=2)], ids=["overview", "bill", "replaced"])
def test_a_paper_of_a_supplier(browser: Browser, screen: Screen, body: dict[str, object]) -> None:
    with looking(browser, screen) as page:
        page.set_content(paper(body, screen.language))
        assert violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") == screen.width


def test_axe_finds_what_is_wrong(browser: Browser) -> None:
    with looking(browser, SCREENS[0]) as page:
        page.set_content(paper(overview(), "nl").replace("</main>", '<img src="data:,"><button></button></main>'))
        assert {one.split(": ")[1] for one in violations(page)} == {"image-alt", "button-name"}

"""The customer's page in a real browser: without JavaScript, in both languages, narrow and dark, down to a proof that holds."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from chain_support import Night, demo, kwartier
from kwartier.audit import verify

pytestmark = [pytest.mark.database, pytest.mark.browser]

CHROMIUM = next(
    (p for p in map(Path, ("/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome")) if p.exists()), None
)


@contextmanager
def served(data: Path) -> Iterator[str]:
    """Serve the pages of an installation and give their address."""
    command = [sys.executable, "-m", "kwartier.cli.main", "--data", str(data), "serve", "--demo", "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as server:
        try:
            assert server.stderr is not None
            said = next(line for line in server.stderr if "http://" in line)
            yield next(word for word in said.split() if word.startswith("http://")).rstrip("/")
        finally:
            server.terminate()
            server.communicate(timeout=30)


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Night:
    """Return a small town's night of our own: permissions are revoked in it."""
    data = tmp_path_factory.mktemp("portal") / "data"
    return Night(data, demo(data, "--homes", "40", "--seed", "3"))


@pytest.fixture(scope="module")
def address(night: Night) -> Iterator[str]:
    """Return where the pages are."""
    kwartier("--data", str(night.data), "audit", "checkpoint")
    with served(night.data) as found:
        yield found


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Return Chromium."""
    assert CHROMIUM, "the tests need Chromium"
    with sync_playwright() as play:
        running = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield running
        running.close()


@pytest.fixture(params=["nl", "en"])
def page(request: pytest.FixtureRequest, browser: Browser, address: str) -> Iterator[Page]:
    """Return a page at the first address, as a visitor of each language finds it, narrow and dark in English, no JavaScript."""
    english = request.param == "en"
    context = browser.new_context(
        java_script_enabled=False,
        locale="en-GB" if english else "nl-NL",
        viewport={"width": 320 if english else 1100, "height": 900},
        color_scheme="dark" if english else "light",
        accept_downloads=True,
    )
    opened = context.new_page()
    opened.goto(address + "/")
    yield opened
    context.close()


def sign_in(page: Page) -> None:
    """Become the first persona, by keyboard."""
    page.locator("main form button").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/mine")


def test_the_pages_answer_as_soon_as_their_address_is_said(night: Night) -> None:
    with served(night.data) as address, closing(HTTPConnection(address.removeprefix("http://"), timeout=30)) as visitor:
        visitor.request("GET", "/")
        assert visitor.getresponse().status == 303  # to where one signs in


def test_the_page_shows_usage_who_may_see_it_and_who_looked(page: Page) -> None:
    sign_in(page)
    language = page.locator("html").get_attribute("lang")
    titles = {"nl": "Elektriciteit per kwartier", "en": "Electricity per quarter of an hour"}
    assert page.locator("svg.kw-chart title").first.text_content() == titles[str(language)]
    assert page.locator("#who ~ .cards .card").count() > 3
    assert page.locator("#log ~ .scroll tbody tr").count() > 3


def test_nothing_sticks_out_sideways(page: Page) -> None:
    sign_in(page)
    size = page.viewport_size
    assert size is not None
    for place in ("body", "header", "main", "svg.kw-chart >> nth=0", ".card >> nth=0"):
        box = page.locator(place).first.bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= size["width"]


def test_a_downloaded_proof_is_genuine(page: Page, night: Night) -> None:
    sign_in(page)
    with page.expect_download() as download:
        page.locator("#log ~ .scroll tbody a").first.click()
    text = Path(download.value.path()).read_text("utf-8")
    code = page.locator("p code").text_content()
    vkey = (night.data / "keys" / "log.vkey").read_text("utf-8").strip()
    assert verify.verify(text, vkey, code).about_subject
    with pytest.raises(verify.Rejected):
        verify.verify(text.replace("A", "B", 1), vkey, code)


def test_revoking_takes_the_permission_from_the_page(page: Page) -> None:
    sign_in(page)
    before = page.locator("form[action$=revoke]").count()
    assert before
    page.locator("form[action$=revoke] button").last.click()
    page.wait_for_url("**revoked=1**")
    assert page.locator("form[action$=revoke]").count() == before - 1
    assert page.locator("[role=status]").count() == 1


def test_the_code_of_conduct_is_public(page: Page, address: str) -> None:
    page.goto(f"{address}/en/conduct")
    assert page.locator("table").count() >= 2
    assert page.locator("tbody tr").count() > 20


def test_nobody_gets_in_without_signing_in(page: Page, address: str) -> None:
    for place in ("/nl/proof/1", "/nl/download?n=0&form=csv"):
        answer = page.goto(address + place)
        assert answer is not None
        assert answer.status == 403
    answer = page.goto(address + "/nl/mine")
    assert answer is not None
    assert page.url.endswith("/nl/")

"""One small town's night for all tests of the pages, served as the demo serves it. Permissions are revoked in it."""

import csv
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from chain_support import Night, demo
from command_support import kwartier_here
from pages_support import Visitor, served

CHROMIUM = next(
    (p for p in map(Path, ("/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome")) if p.exists()), None
)
CALM = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync")


@pytest.fixture(scope="session")
def night(tmp_path_factory: pytest.TempPathFactory) -> Night:
    data = tmp_path_factory.mktemp("portal") / "data"
    found = Night(data, demo(data, "--homes", "40", "--seed", "3"))
    ask(data, tmp_path_factory.mktemp("asked"))
    return found


def rows(path: Path) -> list[dict[str, str]]:
    """Return the lines of a table."""
    with path.open(newline="", encoding="utf-8") as text:
        return list(csv.DictReader(text))


def ask(data: Path, folder: Path) -> None:
    """Let an app ask the first persona for something, claim something else, and let a permission of theirs be about to end."""
    came = data / "town" / "import"
    people = {one["persona"]: one["subject"] for one in json.loads((data / "town" / "personas.json").read_text("utf-8"))}
    products = {line["ean"]: line["product"] for line in rows(came / "connections.csv")}
    mine = [line["ean"] for line in rows(came / "occupancies.csv") if line["subject"] == people["demo"] and not line["end"]]
    ean = next(one for one in mine if products[one] == "electricity")
    bound = {line["party"] for line in rows(came / "agreements.csv")}
    app = next(line["code"] for line in rows(came / "parties.csv") if line["role"] == "third_party" and line["code"] in bound)
    soon = datetime.now(UTC).date() + timedelta(days=20)
    for command, purpose in (("ask", "slim laden"), ("claim", "energieadvies")):
        file = folder / f"{command}.csv"
        head = "ean,reference,begin,end,kinds,direction,purpose,data_from,data_to"
        file.write_text(f"{head}\n{ean},{command},2026-01-01,{soon.year + 2}-01-01,interval|day,combined,{purpose},,\n", "utf-8")
        assert json.loads(kwartier_here("--data", data, "permission", command, app, file, "--json").stdout)["presented"] == 1
    (folder / "soon").mkdir()
    (folder / "soon" / "permissions.csv").write_text(
        "reference,ean,subject,party,products,kinds,direction,purpose,data_from,data_to,granted,expires\n"
        f"soon,{ean},{people['demo']},{app},electricity,interval|day,combined,bijna om,2026-01-01,,"
        f"{soon - timedelta(days=300)},{soon}\n",
        "utf-8",
    )
    assert kwartier_here("--data", data, "import", folder / "soon").returncode == 0


@pytest.fixture(scope="session")
def address(night: Night) -> Iterator[str]:
    """Return where the pages are."""
    assert kwartier_here("--data", night.data, "audit", "checkpoint").returncode == 0
    with served(night.data, "--demo") as found:
        yield found


@pytest.fixture(scope="session")
def personas(night: Night) -> dict[str, str]:
    """Return the code of each persona of the town, by what is interesting about them."""
    return {one["persona"]: one["subject"] for one in json.loads((night.data / "town" / "personas.json").read_text("utf-8"))}


@pytest.fixture
def visit(address: str, personas: dict[str, str]) -> Iterator[Callable[..., Visitor]]:
    """Return what makes a visitor: signed in as a persona, or nobody."""
    opened: list[httpx.Client] = []

    def visits(persona: str | None = None) -> Visitor:
        client = httpx.Client(base_url=address, follow_redirects=True, timeout=30)
        opened.append(client)
        visitor = Visitor(client)
        if persona is not None:
            assert visitor.post("/nl/sign-in", persona=personas[persona]).url.path == "/nl/mine"
        return visitor

    yield visits
    for client in opened:
        client.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Return Chromium. Not for the session: while it runs, its event loop runs in this thread, and other tests have their own."""
    assert CHROMIUM, "the tests need Chromium"
    with sync_playwright() as play:
        running = play.chromium.launch(executable_path=CHROMIUM, args=list(CALM))
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

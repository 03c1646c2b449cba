"""The pages of the displays, asked as a browser asks."""

import asyncio
import re
from collections.abc import Callable
from datetime import date

import httpx
import pytest

from kwartier.simulator import identity, smr5
from kwartier.simulator.behaviour import Fault
from kwartier.simulator.display.app import Hall, application
from kwartier.simulator.town import Town

TOWN = Town(4, 300, date(2026, 11, 22))
OFF = next(home for home in TOWN.homes if home.fault is Fault.ADMINISTRATIVELY_OFF)
NONE = next(home for home in TOWN.homes if home.fault is Fault.REFUSED_NO_METER)


Get = Callable[..., httpx.Response]


@pytest.fixture(scope="module")
def get() -> Get:
    """Return what asks for a page."""
    hall = Hall(TOWN, TOWN.axis.start_of_night, lambda number: smr5.OFF if number == OFF.number else smr5.ON)
    app = application(hall)

    def ask(path: str, host: str = "127.0.0.1") -> httpx.Response:
        async def asked() -> httpx.Response:
            async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=f"http://{host}") as client:
                return await client.get(path)

        return asyncio.run(asked())

    return ask


@pytest.mark.parametrize("language", ["nl", "en"])
def test_the_link_leads_through_all_screens_and_round_again(get: Get, language: str) -> None:
    seen, step = [], "1"
    while step not in seen:
        seen.append(step)
        page = get(f"/{language}/display/0?step={step}")
        assert page.status_code == 200
        assert f'<html lang="{language}">' in page.text
        assert re.search(r'role="img" aria-label="[^"]+"', page.text)
        (step,) = re.findall(r'class="button" href="\?step=(\d+)"', page.text)
    assert step == "1"
    assert len(seen) == 13


def test_what_is_off_says_so(get: Get) -> None:
    pages = [get(f"/en/display/{home}?step={step}").text for home, step in ((OFF.index, 10), (OFF.index, 9))]
    assert any("94.31.0" in page and "administratively off" in page for page in pages)


def test_the_number_of_the_meter_stands_on_the_display_and_in_no_address(get: Get) -> None:
    page = get("/nl/display/0?step=13").text
    number = identity.equipment_id(TOWN.homes[0].number)
    assert number in page
    assert not any(number in address for address in re.findall(r'(?:href|src)="([^"]*)"', page))
    assert identity.electricity_ean(0) not in page


@pytest.mark.parametrize(
    "path",
    [
        *("/de/display/0", "/nl/display/9999", "/nl/display/-1", "/nl/display/0?step=0", "/nl/display/0?step=99"),
        *("/nl/display/0?step=%C2%B2", "/nl/display/0?step=x", "/nl/display/0?step=" + "9" * 5000, "/x", "/nl"),
        f"/nl/display/{NONE.index}",
    ],
)
def test_what_is_not_there_is_told_on_a_page(get: Get, path: str) -> None:
    page = get(path)
    assert page.status_code == 404
    assert "<h1>" in page.text


def test_no_script_no_foreign_host_and_the_headers_on_every_page(get: Get) -> None:
    for path in ("/nl/display/0", "/en/display/9999", "/x"):
        page = get(path)
        assert "default-src 'none'" in page.headers["content-security-policy"]
        assert "<script" not in page.text
        assert " style=" not in page.text
    assert get("/nl/display/0", "elsewhere.example").status_code == 400

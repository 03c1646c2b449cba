"""The display of a home's meter as a page of the town, in a real browser: without JavaScript, narrow and dark, by keyboard."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from chain_support import open_town
from kwartier.keys import shipment

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return where the displays of a town are."""
    data = tmp_path_factory.mktemp("displays")
    (data / "keys").mkdir()
    shipment.create(data / "keys")
    with open_town(data, homes=12) as (_, said):
        yield f"http://127.0.0.1:{said['display_port']}"


@pytest.fixture(
    params=[("nl", 1000, "light"), ("en", 320, "dark"), ("nl", 320, "light")], ids=lambda one: f"{one[0]}-{one[1]}-{one[2]}"
)
def page(request: pytest.FixtureRequest, browser: Browser, address: str) -> Iterator[Page]:
    """Return a page at the display of the first home."""
    language, width, scheme = request.param
    context = browser.new_context(java_script_enabled=False, viewport={"width": width, "height": 800}, color_scheme=scheme)
    opened = context.new_page()
    opened.goto(f"{address}/{language}/display/0")
    assert opened.locator("html").get_attribute("lang") == language
    yield opened
    context.close()


def test_by_keyboard_through_all_values_and_none_sticks_out(page: Page) -> None:
    viewport = page.viewport_size
    assert viewport is not None
    told: list[str] = []
    while not told or told[0] != page.locator("[role=img]").get_attribute("aria-label"):
        told.append(str(page.locator("[role=img]").get_attribute("aria-label")))
        assert len(told) < 20
        page.locator("summary").click()
        # a picture of the whole page is as wide as what sticks out
        assert int.from_bytes(page.screenshot(full_page=True)[16:20]) == viewport["width"]
        glass, row = (page.locator(one).bounding_box() for one in (".lcd", ".lcd svg"))
        assert glass is not None
        assert row is not None
        assert glass["x"] <= row["x"]
        assert row["x"] + row["width"] <= glass["x"] + glass["width"]
        page.locator("a.button").focus()
        with page.expect_navigation():
            page.keyboard.press("Enter")
    assert len(told) == 13
    assert any("kWh" in one for one in told)


def test_the_first_key_leads_to_the_content_and_the_other_language_keeps_the_place(page: Page) -> None:
    page.goto(page.url + "?step=4")
    page.keyboard.press("Tab")
    assert page.locator(":focus").get_attribute("href") == "#main"
    language = page.locator("html").get_attribute("lang")
    page.locator("header a").click()
    assert page.locator("html").get_attribute("lang") != language
    assert page.url.endswith("?step=4")


def test_it_can_be_read_and_hit(page: Page) -> None:
    page.locator("summary").click()
    for control in page.locator("a:not(.skip), summary").all():
        box = control.bounding_box()
        assert box is not None
        assert box["height"] >= 24
    levels = [one.evaluate("e => e.tagName") for one in page.locator("h1, h2, h3").all()]
    assert levels == ["H1"]
    assert all(page.locator(landmark).count() == 1 for landmark in ("header", "main", "footer", "nav[aria-label]", "title"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_segments_and_letters_stand_out_from_what_is_behind(browser: Browser, address: str, scheme: str) -> None:
    context = browser.new_context(color_scheme="dark" if scheme == "dark" else "light")
    page = context.new_page()
    page.goto(f"{address}/nl/display/0?step=2")
    colour = "(element, name) => getComputedStyle(element)[name].match(/\\d+/g).slice(0, 3).map(Number)"
    pairs = [
        (page.locator(".lcd polygon.lit").first, "fill", page.locator(".lcd")),
        (page.locator(".lcd p").first, "color", page.locator(".lcd")),
        (page.locator(".button"), "color", page.locator(".button")),
        (page.locator("nav span"), "color", page.locator(".meter")),
        (page.locator("h1"), "color", page.locator("body")),
    ]
    for front, name, behind in pairs:
        ink = luminance(front.evaluate(f"(e) => ({colour})(e, '{name}')"))
        ground = luminance(behind.evaluate(f"(e) => ({colour})(e, 'backgroundColor')"))
        assert (max(ink, ground) + 0.05) / (min(ink, ground) + 0.05) >= 4.5
    context.close()


def luminance(colour: list[int]) -> float:
    """Return the relative luminance (WCAG 2.2)."""
    parts = [part / 255 for part in colour]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

"""The customer's pages in a real browser: without JavaScript, in both languages, narrow and dark, down to a proof that holds."""

import itertools
from pathlib import Path

import pytest
from playwright.sync_api import Page

from chain_support import Night
from kwartier.audit import verify

pytestmark = [pytest.mark.database, pytest.mark.browser]

PLACES = (
    "",
    "mine",
    "log",
    "rights",
    "rights/ask?right=objection",
    "rights/ask?right=rectification",
    "conduct",
    "manual",
    "manual/smr5",
    "nowhere",
)
SMALLEST_TARGET = 24
"""CSS pixels, WCAG 2.2 target size (minimum)."""
SMALLEST_LETTER = 13


def sign_in(page: Page) -> None:
    """Become the first persona, by keyboard."""
    page.locator("main form button").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/mine")


def go(page: Page, address: str, place: str) -> None:
    """Open a page in the visitor's language."""
    page.goto(f"{address}/{page.locator('html').get_attribute('lang')}/{place}")


def test_the_page_shows_usage_who_may_see_it_and_who_looked(page: Page) -> None:
    sign_in(page)
    language = page.locator("html").get_attribute("lang")
    titles = {"nl": "Elektriciteit per kwartier", "en": "Electricity per quarter of an hour"}
    assert page.locator("svg.kw-chart title").first.text_content() == titles[str(language)]
    assert page.locator("svg.kw-chart").count() == 2
    page.locator(".kw-usage summary").first.click()
    assert page.locator(".kw-usage table").first.locator("tbody tr").count() == 96
    assert page.locator("section[aria-labelledby=who] .kw-card").count() > 3
    assert page.locator("section[aria-labelledby=log] .kw-log li").count() > 3


@pytest.mark.parametrize(("page", "width"), [("en", 320), ("nl", 768), ("nl", 1280)], indirect=["page"])
def test_nothing_sticks_out_sideways_and_everything_can_be_read_and_hit(page: Page, address: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    sign_in(page)
    for place in PLACES:
        go(page, address, place)
        for summary in page.locator("summary").all():
            summary.click()
        # a picture of the whole page is as wide as what sticks out
        assert int.from_bytes(page.screenshot(full_page=True)[16:20]) == width
        for control in page.locator("a.nl-button, button, input:not([type=hidden]), summary, nav a").all():
            box = control.bounding_box()
            assert box is not None
            assert box["height"] >= SMALLEST_TARGET
    for place in ("request?", "renew?"):
        go(page, address, "mine")
        page.locator(f"a[href*='{place}']").first.click()
        assert int.from_bytes(page.screenshot(full_page=True)[16:20]) == width
        assert all(
            (box := one.bounding_box()) and box["height"] >= SMALLEST_TARGET
            for one in page.locator("main input:not([type=hidden]), main button").all()
        )
    go(page, address, "mine")
    letters = [box for text in page.locator("svg.kw-chart text").all() if (box := text.bounding_box())]
    assert len(letters) > 10
    assert all(box["height"] >= SMALLEST_LETTER and box["x"] >= 0 and box["x"] + box["width"] <= width for box in letters)
    times = sorted((box["x"], box["x"] + box["width"]) for box in letters if box["y"] == letters[-1]["y"])
    assert all(before[1] < after[0] for before, after in itertools.pairwise(times))


def test_every_page_has_its_landmarks_and_headings_in_order(page: Page, address: str) -> None:
    sign_in(page)
    for place in (*PLACES, "revoke"):
        go(page, address, place)
        for landmark in ("header", "main", "footer", "nav[aria-label]", "h1", "title"):
            assert page.locator(landmark).count() >= 1, (place, landmark)
        levels = [int(one.evaluate("e => e.tagName")[1]) for one in page.locator("h1, h2, h3, h4").all()]
        assert levels[0] == 1
        assert levels.count(1) == 1
        assert all(after <= before + 1 for before, after in itertools.pairwise(levels)), (place, levels)
        names = [one.text_content() for one in page.locator("main a, main button").all()]
        assert all(name and name.strip() for name in names)


def test_the_keyboard_reaches_the_content_first_and_shows_where_it_is(page: Page) -> None:
    page.keyboard.press("Tab")
    skip = page.locator(".nl-skip-link")
    box = skip.bounding_box()
    assert box is not None
    assert box["x"] >= 0
    page.keyboard.press("Tab")
    ring = page.locator(":focus-visible").evaluate("e => getComputedStyle(e).outlineStyle + getComputedStyle(e).outlineWidth")
    assert ring == "solid3px"


def test_a_downloaded_proof_is_genuine(page: Page, night: Night, address: str) -> None:
    sign_in(page)
    with page.expect_download() as download:
        page.locator(".kw-proof a").first.click()
    text = Path(download.value.path()).read_text("utf-8")
    go(page, address, "log")
    code = page.locator("#code").text_content()
    with page.expect_download() as key:
        page.locator("summary").first.click()
        page.locator("a[href$=log-key]").click()
    vkey = Path(key.value.path()).read_text("utf-8").strip()
    assert vkey == (night.data / "keys" / "log.vkey").read_text("utf-8").strip()
    assert verify.verify(text, vkey, code).about_subject
    with pytest.raises(verify.Rejected):
        verify.verify(text.replace("A", "B", 1), vkey, code)


def test_revoking_asks_first_and_tells_what_was_done(page: Page) -> None:
    sign_in(page)
    before = page.locator("a[href*='revoke?']").count()
    assert before
    page.locator("a[href*='revoke?']").last.click()
    page.locator("main form a").click()
    assert page.locator("a[href*='revoke?']").count() == before, "no means no"
    page.locator("a[href*='revoke?']").last.click()
    page.locator("main form button").click()
    page.wait_for_url("**revoked=**")
    assert page.locator("a[href*='revoke?']").count() == before - 1
    assert page.locator("[role=status]").count() == 1
    assert page.locator("section[aria-labelledby=who] details").count() == 1


def test_a_right_is_asked_by_keyboard_and_answered_with_receipts(page: Page, address: str) -> None:
    sign_in(page)
    go(page, address, "rights")
    page.locator("a[href$='right=restriction']").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/rights/ask?right=restriction")
    page.locator("main form button").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/rights?done=**")
    assert page.locator("[role=status]").count() == 1
    card = page.locator("section[aria-labelledby=asked] .kw-card").first
    assert card.locator("a[href*='/proof/']").count() == 2
    card.locator("summary").click()
    assert {"S1", "T1", "C1"} <= {one.inner_text().split(":")[0] for one in card.locator("a[href*='/conduct#']").all()}
    card.locator("form button").click()
    page.wait_for_url("**/rights?done=**")
    assert page.locator("section[aria-labelledby=asked] .kw-card").first.locator("form").count() == 0, "it has ended"


def test_the_code_of_conduct_is_public(page: Page, address: str) -> None:
    go(page, address, "conduct")
    assert page.locator(".kw-rules").count() >= 4
    assert page.locator(".kw-rules > li").count() > 40
    page.goto(page.url + "#F2")
    assert page.locator("#F2").is_visible()


def test_the_manual_is_public_and_found_from_every_page(page: Page) -> None:
    page.locator("footer a[href$=manual]").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/manual")
    page.locator("main a").first.click()
    page.wait_for_url("**/manual/smr5")
    codes = [(one.text_content() or "").strip("*") for one in page.locator("main tbody th").all()]
    assert {"1.8.1", "1.8.2", "2.8.1", "2.8.2", "94.31.0"} <= set(codes)
    page.goto(page.url + "#off")
    assert page.locator("#off").is_visible()

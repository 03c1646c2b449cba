"""What a customer is asked and answers, in a real browser without JavaScript: yes to less, no in one step, and renewal."""

import pytest
from playwright.sync_api import Browser, Page

from chain_support import Night, kwartier
from pages_support import Visitor

pytestmark = [pytest.mark.database, pytest.mark.browser]


def test_a_customer_says_yes_to_less_and_no_in_one_step_and_renews(
    browser: Browser, address: str, personas: dict[str, str], night: Night
) -> None:
    context = browser.new_context(java_script_enabled=False, locale="en-GB", viewport={"width": 320, "height": 900})
    page = context.new_page()
    sign_in(page, address, personas["demo"])
    cards = page.locator("section[aria-labelledby=who] .kw-card")
    asked, claimed = cards.filter(has_text="slim laden"), cards.filter(has_text="energieadvies")
    assert "nothing is read" in (asked.text_content() or "")
    assert "in its own app" in (claimed.text_content() or "")

    asked.get_by_role("link", name="Look and answer").first.click()
    page.get_by_label("Day readings").uncheck()
    page.get_by_label("Only what I take").check()
    page.get_by_label("Only from today on").check()
    page.get_by_role("button", name="Yes, I give this").click()
    assert "You gave this permission" in (page.get_by_role("status").text_content() or "")
    given = page.locator(".kw-given").filter(has_text="slim laden").text_content() or ""
    assert "quarter-hours, only what was taken" in given.lower()
    assert "day readings" not in given.lower()
    page.get_by_text("What they asked before").click()
    before = page.locator("details").filter(has_text="What they asked before").text_content() or ""
    assert "slim laden" in before
    assert "You said yes on" in before

    page.locator("form").filter(has_text="energieadvies").or_(
        page.locator(".kw-given").filter(has_text="energieadvies")
    ).get_by_role("button", name="No").first.click()
    assert "You said no" in (page.get_by_role("status").text_content() or "")
    assert page.locator(".kw-given").filter(has_text="energieadvies").count() == 0

    page.locator("a[href*='renew?']").first.click()
    page.get_by_role("button", name="Yes, renew").click()
    assert "goes on" in (page.get_by_role("status").text_content() or "")
    assert page.locator("a[href*='renew?']").count() == 0
    context.close()
    kwartier("--data", str(night.data), "audit", "replay")


def sign_in(page: Page, address: str, code: str) -> None:
    """Become a persona."""
    page.goto(f"{address}/en/")
    page.locator(f"form:has(input[value='{code}']) button").click()
    page.wait_for_url("**/mine")


@pytest.mark.parametrize(
    "form", [{"request": "x"}, {"request": "9" * 30}, {}, {"request": "1"}, {"request": "1", "answer": "maybe"}]
)
def test_a_form_that_asks_what_cannot_be_is_told_so(visit: object, form: dict[str, str]) -> None:
    visitor: Visitor = visit("demo")  # type: ignore[operator]  # a fixture that makes visitors
    assert visitor.post("/nl/request", **form).status_code in {400, 404}


def test_nobody_answers_for_somebody_else(visit: object) -> None:
    visitor: Visitor = visit("moved_in")  # type: ignore[operator]  # a fixture that makes visitors
    for number in ("1", "2"):
        assert visitor.get(f"/nl/request?request={number}").status_code == 404
        assert visitor.post("/nl/request", request=number, answer="no").status_code == 404
        assert visitor.post("/nl/request", request=number, answer="yes").status_code == 404

"""axe-core, written by others, looks at a page as it stands. A test tool of npm, unmodified; nothing of it is shipped."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, Literal, NamedTuple

from playwright.sync_api import Browser, Page

AXE = Path(__file__).parents[1] / ".peers" / "axe-core" / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


class Screen(NamedTuple):
    """How a visitor sees pages."""

    language: str
    scheme: Literal["light", "dark"]
    width: int

    def __str__(self) -> str:
        """Name it for a test."""
        return f"{self.language}-{self.scheme}-{self.width}"


SCREENS = [Screen(language, scheme, width) for language in ("nl", "en") for scheme in ("light", "dark") for width in (320, 1280)]


@cache
def _axe() -> str:
    assert AXE.exists(), "./test makes the peers"
    return AXE.read_text("utf-8")


@contextmanager
def looking(browser: Browser, screen: Screen) -> Iterator[Page]:
    """Give a page in which axe can run.

    The pages allow no script but their own, if any. So that axe can look at them this one context does not keep to their policy;
    whether they have it, and work with it, is asked by other tests, in contexts that do.
    """
    context = browser.new_context(
        bypass_csp=True,
        color_scheme=screen.scheme,
        viewport={"width": screen.width, "height": 900},
        locale="nl-NL" if screen.language == "nl" else "en-GB",
    )
    yield context.new_page()
    context.close()


def violations(page: Page) -> list[str]:
    """Open all that folds, let axe look at everything, and return what it has against the page."""
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    page.evaluate(_axe())
    found: dict[str, Any] = page.evaluate("tags => axe.run(document, {runOnly: tags})", RULES)
    assert len(found["passes"]) > 10
    return [f"{page.url}: {one['id']}: {node['html'][:160]}" for one in found["violations"] for node in one["nodes"]]

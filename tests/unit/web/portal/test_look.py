"""The colours of the style sheet can be read, in light and in dark (WCAG 2.2: 4.5 to 1 for text, 3 to 1 for what else matters)."""

import re
from importlib import resources

import pytest

CSS = (resources.files("kwartier.web.portal") / "static" / "kwartier.css").read_text("utf-8")
LIGHT, DARK = (
    dict(re.findall(r"--([\w-]+): (#[0-9a-f]{3,6});", part)) for part in CSS.split("@media (prefers-color-scheme: dark)")
)
TEXT, SHAPE = 4.5, 3.0
GROUNDS = ("basis-color-bg", "basis-color-soft")
PAIRS = [
    *((ink, ground, TEXT) for ground in GROUNDS for ink in ("basis-color-fg", "basis-color-muted", "basis-color-action")),
    ("basis-color-action-hover", "basis-color-bg", TEXT),
    ("basis-color-bg", "basis-color-action", TEXT),
    ("basis-color-danger", "basis-color-bg", TEXT),
    ("basis-color-bg", "basis-color-danger-hover", TEXT),
    *(("basis-color-fg", f"basis-color-{kind}-bg", TEXT) for kind in ("info", "warning", "ok")),
    *(
        (shape, "basis-color-bg", SHAPE)
        for shape in ("kw-up", "kw-down", "kw-missing", "basis-color-control", "basis-color-warning")
    ),
]


def luminance(colour: str) -> float:
    """Return the relative luminance of #rgb or #rrggbb."""
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    parts = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_contrast_is_computed_as_the_standard_does() -> None:
    assert contrast("#000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#fff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("scheme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize(("ink", "ground", "least"), PAIRS)
def test_colours_can_be_told_apart(scheme: dict[str, str], ink: str, ground: str, least: float) -> None:
    assert contrast(scheme[ink], scheme[ground]) >= least


def test_both_schemes_have_every_colour() -> None:
    assert set(LIGHT) == set(DARK)


def test_nothing_but_the_tokens_names_a_colour() -> None:
    rules = CSS.split("@layer base {")[1]
    assert re.findall(r"#[0-9a-f]{3,8}\b|rgb\(|hsl\(", rules) == []

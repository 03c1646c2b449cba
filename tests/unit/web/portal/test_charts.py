"""Charts are well-formed SVG, have every bar within their frame, and escape what they are given."""

from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kwartier.web.portal.charts import HEIGHT, LEFT, WIDTH, Bar, chart, step_for

SVG = "{http://www.w3.org/2000/svg}"


def draw(bars: list[Bar]) -> ET.Element:
    """Return the chart as parsed XML."""
    text = str(chart(bars, [(0, "00:00")], ident="c", title="<t>", description="d & e", unit="Wh"))
    return ET.fromstring(text)  # noqa: S314 - drawn by us a line above


@given(
    st.lists(
        st.builds(
            Bar,
            st.none() | st.integers(0, 20_000),
            st.integers(0, 20_000),
            st.text(st.characters(codec="utf-8", categories=["L", "N", "P"])),
        ),
        max_size=100,
    )
)
def test_every_bar_lies_within_the_frame(bars: list[Bar]) -> None:
    for rect in draw(bars).iter("rect"):
        x, y, width, height = (float(rect.attrib[name]) for name in ("x", "y", "width", "height"))
        assert x >= LEFT
        assert x + width <= WIDTH + 0.01
        assert y >= -0.06
        assert y + height <= HEIGHT + 0.11


def test_bars_are_as_high_as_their_values() -> None:
    heights = [float(rect.attrib["height"]) for rect in draw([Bar(100, 0, "a"), Bar(50, 0, "b"), Bar(0, 25, "c")]).iter("rect")]
    assert heights[0] == pytest.approx(2 * heights[1], abs=0.02)
    assert heights[1] == pytest.approx(2 * heights[2], abs=0.02)


def test_a_missing_value_is_drawn_as_missing() -> None:
    kinds = [rect.attrib["class"] for rect in draw([Bar(None, 0, "a"), Bar(5, 0, "b")]).iter("rect")]
    assert kinds == ["missing", "up"]


@given(st.integers(1, 10**9))
def test_there_are_few_grid_lines_and_they_are_round(span: int) -> None:
    step = step_for(span)
    assert span / step <= 6
    assert str(step).rstrip("0") in {"1", "2", "5"}

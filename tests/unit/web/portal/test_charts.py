"""Charts are well-formed SVG, have every bar within their frame, and escape what they are given."""

from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kwartier.web.portal.charts import HEIGHT, Bar, chart, step_for

SVG = "{http://www.w3.org/2000/svg}"
BARS = st.lists(
    st.builds(
        Bar,
        st.none() | st.integers(0, 20_000),
        st.integers(0, 20_000),
        st.text(st.characters(codec="utf-8", categories=["L", "N", "P"])),
        doubtful=st.booleans(),
    ),
    max_size=100,
)


def draw(bars: list[Bar], ticks: list[tuple[int, str]] | None = None) -> ET.Element:
    """Return the chart as parsed XML."""
    made = chart(
        bars, ticks or [(0, "00:00")], ident="c", title="<t>", description="d & e", axis=lambda value, step: f"{value}/{step}"
    )
    return ET.fromstring(str(made))  # noqa: S314 - drawn by us a line above


def percent(text: str) -> float:
    """Read a percentage."""
    assert text.endswith("%")
    return float(text[:-1])


@given(BARS)
def test_every_bar_lies_within_the_frame(bars: list[Bar]) -> None:
    for rect in draw(bars).iter("rect"):
        x, width = percent(rect.attrib["x"]), percent(rect.attrib["width"])
        y, height = float(rect.attrib["y"]), float(rect.attrib["height"])
        assert 0 <= x <= x + width <= 100.01
        assert -0.06 <= y <= y + height <= HEIGHT + 0.11


@given(BARS)
def test_every_letter_of_the_scale_has_its_room(bars: list[Bar]) -> None:
    ticks = [(i, "00:00") for i in range(0, len(bars), 4)] + [(len(bars), "24:00")]
    for text in draw(bars, ticks).iter("text"):
        assert 10 <= float(text.attrib["y"]) <= HEIGHT - 4
        if text.attrib["x"] != "-8":
            assert text.attrib["text-anchor"] == {"0.000%": "start", "100.000%": "end"}.get(text.attrib["x"], "middle")


def test_bars_are_as_high_as_their_values() -> None:
    heights = [float(rect.attrib["height"]) for rect in draw([Bar(100, 0, "a"), Bar(50, 0, "b"), Bar(0, 25, "c")]).iter("rect")]
    assert heights[0] == pytest.approx(2 * heights[1], abs=0.02)
    assert heights[1] == pytest.approx(2 * heights[2], abs=0.02)


def test_missing_and_doubtful_values_are_drawn_as_such() -> None:
    bars = [Bar(None, 0, "a"), Bar(5, 0, "b"), Bar(5, 3, "c", doubtful=True)]
    assert [rect.attrib["class"] for rect in draw(bars).iter("rect")] == ["missing", "up", "up doubtful", "down doubtful"]


def test_every_other_time_can_be_left_out_where_there_is_little_room() -> None:
    drawn = draw([Bar(1, 0, "")] * 24, [(hour, f"{hour:02}:00") for hour in range(0, 25, 4)])
    kept = [group.find("text") for group in drawn.iter("g") if group.attrib.get("class") == "tick"]
    assert [text.text for text in kept if text is not None] == ["00:00", "08:00", "16:00", "24:00"]


@given(st.integers(1, 10**9))
def test_there_are_few_grid_lines_and_they_are_round(span: int) -> None:
    step = step_for(span)
    assert span / step <= 6
    assert str(step).rstrip("0") in {"1", "2", "5"}

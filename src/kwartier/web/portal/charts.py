"""A day as a bar chart in SVG, drawn on the server: what was taken above the line, what was given below it.

Across it is drawn in percent and upwards in pixels, so that it takes any width while its letters keep their size. The labels
of the scale stand left of the drawing, in a margin that the style sheet gives it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import final

from markupsafe import Markup

HEIGHT, TOP, BOTTOM = 260, 8, 30
_STEPS = (1, 2, 5)
_GAP = 0.15
"""Share of an interval's width that is left empty beside its bar."""


@final
@dataclass(frozen=True, slots=True)
class Bar:
    """One interval. `up` and `down` in the chart's unit; None where there is no value. `label` is read out by a pointer.

    `doubtful` is drawn lighter: the value is there, but a rule doubts it or it carries more than its own interval.
    """

    up: int | None
    down: int
    label: str
    doubtful: bool = False


def step_for(span: int, most: int = 6) -> int:
    """Return the distance between grid lines: 1, 2 or 5 times a power of ten, with at most `most` lines over the span."""
    size = 1
    while True:
        for factor in _STEPS:
            if span <= factor * size * most:
                return factor * size
        size *= 10


@final
@dataclass(frozen=True, slots=True)
class _Scale:
    high: int
    low: int

    def y(self, value: int) -> float:
        return TOP + (self.high - value) * (HEIGHT - TOP - BOTTOM) / (self.high + self.low)


def chart(
    bars: Sequence[Bar],
    ticks: Sequence[tuple[int, str]],
    *,
    ident: str,
    title: str,
    description: str,
    axis: Callable[[int, int], str],
) -> Markup:
    """Return the chart. `ticks` are (bar index, text) along the time axis; the table beside it has every value.

    `axis` writes a value on the scale; it is given the value and the step between two.
    """
    top = max((bar.up or 0 for bar in bars), default=0) or 1
    bottom = max((bar.down for bar in bars), default=0)
    step = step_for(top + bottom)
    scale = _Scale(-(-top // step) * step, -(-bottom // step) * step)
    parts = [
        Markup('<svg class="kw-chart" height="{}" role="img" aria-labelledby="{}-t {}-d">').format(HEIGHT, ident, ident),
        Markup('<title id="{}-t">{}</title><desc id="{}-d">{}</desc>').format(ident, title, ident, description),
        _grid(scale, step, axis),
        _bars(bars, scale),
        _ticks(ticks, len(bars), scale),
        Markup("</svg>"),
    ]
    return Markup("").join(parts)


def _grid(scale: _Scale, step: int, axis: Callable[[int, int], str]) -> Markup:
    lines = [
        Markup('<line x1="0" x2="100%" y1="{:.1f}" y2="{:.1f}"/><text x="-8" y="{:.1f}" text-anchor="end">{}</text>').format(
            scale.y(at), scale.y(at), scale.y(at) + 5, axis(abs(at), step)
        )
        for at in range(-scale.low, scale.high + 1, step)
    ]
    return Markup("<g>{}</g>").format(Markup("").join(lines))


def _bars(bars: Sequence[Bar], scale: _Scale) -> Markup:
    width = 100 / max(len(bars), 1)
    zero, drawn = scale.y(0), []
    for i, bar in enumerate(bars):
        x, kind = i * width, " doubtful" if bar.doubtful else ""
        if bar.up is None:
            drawn.append(_rect(x, scale.y(scale.high), width, zero - scale.y(scale.high), "missing", bar.label))
            continue
        if bar.up:
            drawn.append(_rect(x, scale.y(bar.up), width, zero - scale.y(bar.up), "up" + kind, bar.label))
        if bar.down:
            drawn.append(_rect(x, zero, width, scale.y(-bar.down) - zero, "down" + kind, bar.label))
    line = Markup('<line class="zero" x1="0" x2="100%" y1="{:.1f}" y2="{:.1f}"/>').format(zero, zero)
    return Markup("<g>{}</g>{}").format(Markup("").join(drawn), line)


def _rect(x: float, y: float, width: float, height: float, kind: str, label: str) -> Markup:
    gap = width * _GAP
    return Markup('<rect class="{}" x="{:.3f}%" y="{:.2f}" width="{:.3f}%" height="{:.2f}"><title>{}</title></rect>').format(
        kind, x + gap / 2, y, width - gap, max(height, 0.0), label
    )


def _ticks(ticks: Sequence[tuple[int, str]], bars: int, scale: _Scale) -> Markup:
    """Write the times along the bottom; every other one can be left out where there is little room."""
    foot, drawn = scale.y(-scale.low), []
    for nth, (at, text) in enumerate(ticks):
        x = 100 * at / max(bars, 1)
        anchor = "start" if at == 0 else "end" if at == bars else "middle"
        drawn.append(
            Markup(
                '<g class="tick{}"><line x1="{:.3f}%" x2="{:.3f}%" y1="{:.1f}" y2="{:.1f}"/>'
                '<text x="{:.3f}%" y="{}" text-anchor="{}">{}</text></g>'
            ).format(" other" if nth % 2 else "", x, x, foot, foot + 5, x, HEIGHT - 6, anchor, text)
        )
    return Markup("<g>{}</g>").format(Markup("").join(drawn))

"""A day as a bar chart in SVG, drawn on the server: what was taken above the line, what was given below it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

from markupsafe import Markup

WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 880, 270, 56, 26, 26
_STEPS = (1, 2, 5)


@final
@dataclass(frozen=True, slots=True)
class Bar:
    """One interval. `up` and `down` in the chart's unit; None where there is no value. `label` is read out by a pointer."""

    up: int | None
    down: int
    label: str


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


def chart(bars: Sequence[Bar], ticks: Sequence[tuple[int, str]], *, ident: str, title: str, description: str, unit: str) -> Markup:
    """Return the chart. `ticks` are (bar index, text) along the time axis; the table beside it has every value."""
    top = max((bar.up or 0 for bar in bars), default=0) or 1
    bottom = max((bar.down for bar in bars), default=0)
    step = step_for(top + bottom)
    scale = _Scale(-(-top // step) * step, -(-bottom // step) * step)
    parts = [
        Markup('<svg class="kw-chart" viewBox="0 0 {} {}" role="img" aria-labelledby="{}-t {}-d">').format(
            WIDTH, HEIGHT, ident, ident
        ),
        Markup('<title id="{}-t">{}</title><desc id="{}-d">{}</desc>').format(ident, title, ident, description),
        _grid(scale, step, unit),
        _bars(bars, scale),
        _ticks(ticks, len(bars)),
        Markup("</svg>"),
    ]
    return Markup("").join(parts)


def _grid(scale: _Scale, step: int, unit: str) -> Markup:
    lines = [
        Markup('<line x1="{}" x2="{}" y1="{:.1f}" y2="{:.1f}"{}/><text x="{}" y="{:.1f}" text-anchor="end">{}</text>').format(
            LEFT, WIDTH, scale.y(at), scale.y(at), Markup(' class="zero"') if at == 0 else "", LEFT - 8, scale.y(at) + 5, abs(at)
        )
        for at in range(-scale.low, scale.high + 1, step)
    ]
    return Markup("<g>{}<text x='0' y='{}' class='unit'>{}</text></g>").format(Markup("").join(lines), TOP - 12, unit)


def _bars(bars: Sequence[Bar], scale: _Scale) -> Markup:
    width = (WIDTH - LEFT) / max(len(bars), 1)
    drawn = []
    for i, bar in enumerate(bars):
        x = LEFT + i * width
        if bar.up is None:
            drawn.append(_rect(x, scale.y(scale.high), width, scale.y(0) - scale.y(scale.high), "missing", bar.label))
            continue
        if bar.up:
            drawn.append(_rect(x, scale.y(bar.up), width, scale.y(0) - scale.y(bar.up), "up", bar.label))
        if bar.down:
            drawn.append(_rect(x, scale.y(0), width, scale.y(-bar.down) - scale.y(0), "down", bar.label))
    return Markup("<g>{}</g>").format(Markup("").join(drawn))


def _rect(x: float, y: float, width: float, height: float, kind: str, label: str) -> Markup:
    gap = min(1.2, width / 6)
    return Markup('<rect class="{}" x="{:.2f}" y="{:.2f}" width="{:.2f}" height="{:.2f}"><title>{}</title></rect>').format(
        kind, x + gap / 2, y, width - gap, max(height, 0.0), label
    )


def _ticks(ticks: Sequence[tuple[int, str]], bars: int) -> Markup:
    width = (WIDTH - LEFT) / max(bars, 1)
    drawn = [
        Markup('<text x="{:.1f}" y="{}" text-anchor="{}">{}</text>').format(
            LEFT + at * width, HEIGHT - 6, "start" if at == 0 else "end" if at == bars else "middle", text
        )
        for at, text in ticks
    ]
    return Markup("<g>{}</g>").format(Markup("").join(drawn))

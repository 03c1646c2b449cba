"""Charts in SVG, drawn on the server. The table beside each has every value; colours and type come from the style sheet."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, final

from markupsafe import Markup

LEFT, RIGHT, TOP, BOTTOM = 46, 4, 26, 26
CURVE_WIDTH, CURVE_HEIGHT, CURVE_POINTS = 360, 88, 180
METER_WIDTH, METER_HEIGHT = 200, 8
_STEPS: Final = (1, 2, 5)
_MOST_LINES: Final = 5
_WIDEST_GAP: Final = 5.0

Write = Callable[[int], str]
"""How a number of the chart is written at its grid line."""


@final
@dataclass(frozen=True, slots=True)
class Bar:
    """One interval: `up` and `down` in the chart's unit, `up` None where nothing is known. `label` is shown by a pointer.

    `is_soft` is drawn lighter: estimated, or not whole. `is_ahead` is yet to come, and not drawn.
    """

    up: int | None
    down: int = 0
    label: str = ""
    is_soft: bool = False
    is_ahead: bool = False


@final
@dataclass(frozen=True, slots=True)
class Telling:
    """What a chart says of itself to those who do not see it; `ident` is its name in the page."""

    ident: str
    title: str
    description: str

    def named(self, more: str) -> "Telling":
        """Return the same under a longer name."""
        return Telling(f"{self.ident}-{more}", self.title, self.description)


@final
@dataclass(frozen=True, slots=True)
class _Size:
    """For which screens a chart is drawn; the style sheet shows one of the two."""

    css: str
    width: int
    height: int
    most_ticks: int


SIZES: Final = (_Size("wide", 760, 240, 16), _Size("narrow", 360, 230, 6))


@final
@dataclass(frozen=True, slots=True)
class _Scale:
    size: _Size
    high: int
    low: int
    step: int
    bars: int

    @property
    def room(self) -> float:
        """The width of one bar and what is around it."""
        return (self.size.width - LEFT - RIGHT) / max(self.bars, 1)

    def y(self, value: int) -> float:
        return TOP + (self.high - value) * (self.size.height - TOP - BOTTOM) / (self.high + self.low)


def step_for(span: int, most: int = _MOST_LINES) -> int:
    """Return the distance between grid lines: 1, 2 or 5 times a power of ten, with at most `most` of them over the span."""
    size = 1
    while True:
        for factor in _STEPS:
            if span <= factor * size * most:
                return factor * size
        size *= 10


def _scale(bars: Sequence[Bar], size: _Size) -> _Scale:
    top = max((bar.up or 0 for bar in bars), default=0) or 1
    bottom = max((bar.down for bar in bars), default=0)
    step = step_for(top + bottom)
    return _Scale(size, -(-top // step) * step, -(-bottom // step) * step, step, len(bars))


def bar_chart(
    bars: Sequence[Bar], ticks: Sequence[tuple[float, str]], telling: Telling, *, unit: str, write: Write, kind: str = "power"
) -> Markup:
    """Return a chart of bars, once for wide and once for narrow screens.

    `ticks` are (place, text) below it, the place counted in bars from the left. `kind` names the colours.
    """
    drawn = []
    for size in SIZES:
        scale = _scale(bars, size)
        head = _open(f"kw-bars {size.css} {kind}", size.width, size.height, telling.named(size.css))
        drawn += [head, _grid(scale, unit, write), _columns(bars, scale), _ticks(ticks, scale), Markup("</svg>")]
    return Markup("").join(drawn)


def _open(css: str, width: int, height: int, telling: Telling) -> Markup:
    head = Markup('<svg class="{}" viewBox="0 0 {} {}" role="img" aria-labelledby="{}-t {}-d">')
    tell = Markup('<title id="{}-t">{}</title><desc id="{}-d">{}</desc>')
    return head.format(css, width, height, telling.ident, telling.ident) + tell.format(
        telling.ident, telling.title, telling.ident, telling.description
    )


def _grid(scale: _Scale, unit: str, write: Write) -> Markup:
    line = Markup('<line class="{}" x1="{}" x2="{}" y1="{:.1f}" y2="{:.1f}"/><text x="{}" y="{:.1f}" text-anchor="end">{}</text>')
    lines = []
    for at in range(-scale.low, scale.high + 1, scale.step):
        y, css = scale.y(at), "" if at else "zero"
        lines.append(line.format(css, LEFT, scale.size.width, y, y, LEFT - 8, y + 4, write(abs(at))))
    return Markup('<g class="grid">{}<text class="unit" x="0" y="12">{}</text></g>').format(Markup("").join(lines), unit)


def _columns(bars: Sequence[Bar], scale: _Scale) -> Markup:
    room = scale.room
    gap = min(_WIDEST_GAP, room * 0.24)
    drawn = []
    for number, bar in enumerate(bars):
        x, width, soft = LEFT + number * room + gap / 2, room - gap, " soft" if bar.is_soft else ""
        if bar.up is None and not bar.is_ahead:
            drawn.append(_column(x - gap / 2, TOP, room, scale.y(0) - TOP, "missing", bar.label))
        if bar.up:
            drawn.append(_column(x, scale.y(bar.up), width, scale.y(0) - scale.y(bar.up), f"up{soft}", bar.label))
        if bar.down:
            drawn.append(_column(x, scale.y(0), width, scale.y(-bar.down) - scale.y(0), f"down{soft}", bar.label))
    return Markup("<g>{}</g>").format(Markup("").join(drawn))


def _column(x: float, y: float, width: float, height: float, kind: str, label: str) -> Markup:
    column = Markup('<rect class="{}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}"{}><title>{}</title></rect>')
    round_by = Markup(' rx="{:.1f}"').format(min(2.0, width / 3)) if kind != "missing" else Markup("")
    return column.format(kind, x, y, width, height, round_by, label)


def _ticks(ticks: Sequence[tuple[float, str]], scale: _Scale) -> Markup:
    every = -(-len(ticks) // scale.size.most_ticks)
    drawn = []
    for at, text in ticks[::every]:
        anchor = "start" if at == 0 else "end" if at == scale.bars else "middle"
        tick = Markup('<text x="{:.1f}" y="{}" text-anchor="{}">{}</text>')
        drawn.append(tick.format(LEFT + at * scale.room, scale.size.height - 6, anchor, text))
    return Markup('<g class="ticks">{}</g>').format(Markup("").join(drawn))


def curve(points: Sequence[tuple[int, int]], span_s: int, telling: Telling) -> Markup:
    """Return the curve of power (W) over the last `span_s` seconds; nothing for fewer than two points."""
    if len(points) < 2:  # noqa: PLR2004 - a line has two ends
        return Markup("")
    last = points[-1][0]
    high = max(*(power for _, power in points), 100)
    low = min(*(power for _, power in points), 0)
    room = CURVE_HEIGHT - 8

    def place(at: int, power: int) -> str:
        return f"{CURVE_WIDTH - (last - at) * CURVE_WIDTH / span_s:.1f},{4 + (high - power) * room / (high - low):.1f}"

    every = max(1, len(points) // CURVE_POINTS)
    line = " ".join(place(at, power) for at, power in [*points[:-1:every], points[-1]])
    begin, end = place(points[0][0], 0), place(last, 0)
    shape = Markup(
        '<polygon class="area" points="{} {} {}"/><line class="zero" x1="0" x2="{}" y1="{}" y2="{}"/>'
        '<polyline class="line" points="{}"/></svg>'
    )
    zero = end.partition(",")[2]
    return _open("kw-curve", CURVE_WIDTH, CURVE_HEIGHT, telling) + shape.format(begin, line, end, CURVE_WIDTH, zero, zero, line)


def meter(value: int, most: int, kind: str = "up") -> Markup:
    """Return a small bar that shows a share of `most`; hidden from those who listen, since it repeats the number beside it."""
    width = METER_WIDTH * min(abs(value), most) / max(most, 1)
    return Markup(
        '<svg class="kw-meter" viewBox="0 0 {} {}" aria-hidden="true" preserveAspectRatio="none">'
        '<rect class="track" width="{}" height="{}" rx="4"/><rect class="{}" width="{:.1f}" height="{}" rx="4"/></svg>'
    ).format(METER_WIDTH, METER_HEIGHT, METER_WIDTH, METER_HEIGHT, kind, width, METER_HEIGHT)

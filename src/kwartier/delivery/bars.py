"""Periods as bars in SVG: consumption above the line, feed-in below. Across in percent, upwards in pixels: it takes any width."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

from markupsafe import Markup

HEIGHT, TOP, BOTTOM = 220, 8, 28
_GAP = 0.2
_CROWDED = 7
"""From so many bars on, every other label is left out where there is little room."""


@final
@dataclass(frozen=True, slots=True)
class Bar:
    """One period in Wh or dm3; `up` is the parts from the line upwards, None where they are not known."""

    label: str
    up: tuple[int, ...] | None
    down: int
    told: str


def drawn(bars: Sequence[Bar], title: str, description: str) -> Markup:
    """Return the drawing, with a title and a description for those who do not see it."""
    high = max((sum(bar.up or ()) for bar in bars), default=0)
    low = max((bar.down for bar in bars), default=0)
    scale = (HEIGHT - TOP - BOTTOM) / max(high + low, 1)
    zero, width = TOP + high * scale, 100 / max(len(bars), 1)
    parts = [_bar(bar, n * width, width, zero, scale) for n, bar in enumerate(bars)]
    labels = [_label(bar, n, width, len(bars)) for n, bar in enumerate(bars)]
    line = Markup('<line x1="0" x2="100%" y1="{0:.1f}" y2="{0:.1f}"/>').format(zero)
    head = Markup(
        '<svg class="bars" height="{}" role="img" aria-labelledby="bars-t bars-d"><title id="bars-t">{}</title>'
        '<desc id="bars-d">{}</desc>'
    ).format(HEIGHT, title, description)
    return head + Markup("").join(parts) + line + Markup("").join(labels) + Markup("</svg>")


def _bar(bar: Bar, x: float, width: float, zero: float, scale: float) -> Markup:
    if bar.up is None:
        return _rect("gap", x, TOP, width, zero - TOP, bar.told)
    pieces, top = [], zero
    for nth, part in enumerate(bar.up):
        top -= part * scale
        pieces.append(_rect(f"up{nth % 2}", x, top, width, part * scale, bar.told))
    pieces.append(_rect("down", x, zero, width, bar.down * scale, bar.told))
    return Markup("").join(pieces)


def _rect(kind: str, x: float, y: float, width: float, height: float, told: str) -> Markup:
    gap = width * _GAP
    return Markup('<rect class="{}" x="{:.3f}%" y="{:.2f}" width="{:.3f}%" height="{:.2f}"><title>{}</title></rect>').format(
        kind, x + gap / 2, y, width - gap, max(height, 0.0), told
    )


def _label(bar: Bar, nth: int, width: float, count: int) -> Markup:
    kind = "other" if count >= _CROWDED and (count - nth) % 2 == 0 else "each"
    return Markup('<text class="{}" x="{:.3f}%" y="{}" text-anchor="middle">{}</text>').format(
        kind, (nth + 0.5) * width, HEIGHT - 8, bar.label
    )

"""The first page: what happens in the home now, and today so far."""

from dataclasses import dataclass
from typing import Any, Final, final

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response

from kwartier.home import overview
from kwartier.home.errors import Loss
from kwartier.home.live import CURVE_S, Live
from kwartier.home.overview import DEVICE_KINDS, Day, Kind
from kwartier.home.page import charts, show
from kwartier.home.page.charts import Telling
from kwartier.home.page.desk import Desk, away, desk, page, words
from kwartier.home.page.show import DASH
from kwartier.home.page.words import Words
from kwartier.home.sample import Phase, Sample
from kwartier.home.store.history import Peak

FRESH_S: Final = 30
_PHASE_W: Final = 3680
"""What a phase of 16 A carries: the length of a full bar, unless a phase carries more."""

LOSSES: Final = {
    Loss.NO_DEVICE: "The device of the cable is not there. Is the cable in the meter and in this machine?",
    Loss.NO_CONNECTION: "The dongle cannot be reached over the network.",
    Loss.CLOSED: "The other side closed the line.",
    Loss.GONE: "The line went away: the cable was pulled out, or the dongle restarted.",
    Loss.SILENT: "The line is silent: the cable may be loose at the meter's side.",
    Loss.NOT_UNDERSTOOD: "What comes over the line is not understood; the other line settings are tried.",
}
"""What is said about a line that is lost."""


@final
@dataclass(frozen=True, slots=True)
class PhaseLine:
    """One phase, written."""

    name: str
    power: str
    more: str
    bar: Markup


@final
@dataclass(frozen=True, slots=True)
class Card:
    """One number of today."""

    name: str
    value: str
    more: str = ""
    bar: Markup | None = None


def first(request: Request) -> Response:
    """GET /LANGUAGE/."""
    spoken = words(request)
    if spoken is None:
        return away(request)
    here = desk(request)
    today, peak = _today(here)
    others = [show.hours(spoken, today, kind, here.now()) for kind in DEVICE_KINDS if kind in today.total.kinds]
    return page(
        request,
        "now.html",
        spoken,
        **_changing(spoken, here, today, peak),
        electricity=show.quarters(spoken, today, here.now()),
        others=others,
        has_given=bool(today.total.value(Kind.GIVEN)),
        day=here.today(),
    )


def live(request: Request) -> Response:
    """GET /LANGUAGE/live: the part of the first page that changes, for its script."""
    spoken = words(request)
    if spoken is None:
        return away(request)
    here = desk(request)
    return page(request, "live.html", spoken, **_changing(spoken, here, *_today(here)))


def _today(here: Desk) -> tuple[Day, Peak | None]:
    month = here.today().replace(day=1)
    with here.history() as history:
        return overview.day(history, here.live.state, here.today()), history.peaks([month]).get(month)


def _changing(spoken: Words, here: Desk, today: Day, peak: Peak | None) -> dict[str, Any]:
    return status(spoken, here) | instant(spoken, here.live) | {"cards": cards(spoken, here, today, peak)}


def status(spoken: Words, here: Desk) -> dict[str, Any]:
    """Return how the line is: a state (good, waiting, bad) and a sentence."""
    trouble = _trouble(spoken, here)
    if trouble:
        return {"state": "bad", "sentence": trouble}
    live = here.live
    if live.ended:
        return {"state": "good", "sentence": spoken.text("A recording, up to {moment}.", moment=spoken.moment(live.at))}
    if live.sample is None:
        return {"state": "waiting", "sentence": spoken.text("Waiting for the first telegram.")}
    if live.is_own_clock:
        return {"state": "good", "sentence": spoken.text("Live, by our own clock: the meter's is wrong or absent.")}
    return {"state": "good", "sentence": spoken.text("Live, {moment}.", moment=spoken.moment(live.at))}


def _trouble(spoken: Words, here: Desk) -> str:
    live, age = here.live, here.age_s()
    if live.is_disk_full:
        return spoken.text("The disk is full: nothing is kept until there is room.")
    if live.lost is not None:
        return spoken.text(LOSSES[live.lost])
    if live.counts.sealed_shut and live.sample is None:
        return spoken.text("The meter seals its telegrams: ask your grid operator for its key.")
    if age is not None and age > FRESH_S and not live.ended:
        return spoken.text("Nothing understood for {seconds} seconds.", seconds=age)
    return ""


def instant(spoken: Words, live: Live) -> dict[str, Any]:
    """Return the power now, its curve and its phases."""
    sample = live.sample
    power = sample.power_w if sample else None
    telling = Telling(
        "curve", spoken.text("Power in the last quarter of an hour"), spoken.text("The number beside it is the power now.")
    )
    return {
        "power": DASH if power is None else spoken.number(abs(power)),
        "direction": _direction(spoken, power),
        "is_giving": power is not None and power < 0,
        "curve": charts.curve(list(live.curve), CURVE_S, telling),
        "phases": _phases(spoken, sample.phases) if sample else [],
        "rate": _rate(spoken, sample),
    }


def _direction(spoken: Words, power: int | None) -> str:
    if power is None:
        return spoken.text("not known yet")
    return spoken.text("given to the grid now") if power < 0 else spoken.text("taken from the grid now")


def _rate(spoken: Words, sample: Sample | None) -> str:
    if sample is None or sample.is_low_rate is None:
        return ""
    return spoken.text("low rate") if sample.is_low_rate else spoken.text("normal rate")


def _phases(spoken: Words, phases: tuple[Phase, ...]) -> list[PhaseLine]:
    most = max(_PHASE_W, *(abs(phase.power_w or 0) for phase in phases)) if phases else _PHASE_W
    found = []
    for number, phase in enumerate(phases, 1):
        power = phase.power_w
        told = [
            f"{spoken.number(phase.voltage_mv, 3, 1)} V" if phase.voltage_mv is not None else "",
            f"{spoken.number(phase.current_ma, 3, 1)} A" if phase.current_ma is not None else "",
        ]
        bar = charts.meter(power or 0, most, "down" if (power or 0) < 0 else "up")
        text = DASH if power is None else f"{spoken.number(power)} W"
        found.append(PhaseLine(f"L{number}", text, " · ".join(part for part in told if part), bar))
    return found


def cards(spoken: Words, here: Desk, today: Day, peak: Peak | None) -> list[Card]:
    """Return the numbers of today."""
    total = today.total
    found = [Card(spoken.text("Taken today"), show.amount(spoken, Kind.TAKEN, total.value(Kind.TAKEN), 2), _rates(spoken, today))]
    if total.value(Kind.GIVEN):
        found.append(Card(spoken.text("Given back today"), show.amount(spoken, Kind.GIVEN, total.value(Kind.GIVEN), 2)))
    found += [
        Card(spoken.text(show.NAMES[kind]), show.amount(spoken, kind, total.value(kind), 2), spoken.text("today"))
        for kind in DEVICE_KINDS
        if kind in total.kinds
    ]
    running = here.live.running_w()
    if running is not None:
        found.append(_peak_card(spoken, running, peak))
    return found


def _rates(spoken: Words, today: Day) -> str:
    rates = show.low_and_normal(today.total, "import")
    if rates is None:
        return ""
    low, normal = (spoken.number(rate.value, show.KILO, 2) for rate in rates)
    return spoken.text("low {low}, normal {normal}", low=low, normal=normal)


def _peak_card(spoken: Words, running: int, peak: Peak | None) -> Card:
    most = max(peak.power_w if peak else 0, running, 1)
    more = ""
    if peak is not None:
        more = spoken.text("highest this month {power}", power=show.kilowatts(spoken, peak.power_w))
    return Card(spoken.text("This quarter-hour so far"), show.kilowatts(spoken, running), more, charts.meter(running, most))

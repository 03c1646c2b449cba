"""What the pages show, as plain values for the templates: numbers become words here and nowhere else."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, final

from markupsafe import Markup

from kwartier.home.overview import Day, Kind, Row
from kwartier.home.page import charts
from kwartier.home.page.charts import Bar, Telling
from kwartier.home.page.words import Words
from kwartier.home.store.history import Amount, Peak
from kwartier.home.track import Mark
from kwartier.model.period import HOUR_S, QUARTER_S

KILO: Final = 3
DASH: Final = "\N{EN DASH}"
NBSP: Final = "\N{NO-BREAK SPACE}"
NAMES: Final = {
    Kind.TAKEN: "Electricity taken",
    Kind.GIVEN: "Electricity given back",
    Kind.GAS: "Gas",
    Kind.WATER: "Water",
    Kind.WARM_WATER: "Warm water",
    Kind.HEAT: "Heat",
    Kind.COOLING: "Cooling",
}
_UNITS: Final = {Kind.TAKEN: "kWh", Kind.GIVEN: "kWh", Kind.HEAT: "MJ", Kind.COOLING: "MJ"}
_SOFT: Final = Mark.ESTIMATED | Mark.PARTIAL


@final
@dataclass(frozen=True, slots=True)
class Figure:
    """A chart with what is said beneath it."""

    title: str
    chart: Markup
    caption: str


@final
@dataclass(frozen=True, slots=True)
class Span:
    """A day or a month in a longer period: its tick, its name, where it is told in full, and what is known of it."""

    tick: str
    name: str
    link: str
    row: Row | None
    is_ahead: bool


def unit_of(kind: Kind) -> str:
    """Return the unit in which people read a kind."""
    return _UNITS.get(kind, "m³")


def amount(words: Words, kind: Kind, value: int | None, digits: int = 3) -> str:
    """Write a value with its unit; a dash where there is none."""
    return DASH if value is None else f"{words.number(value, KILO, digits)}{NBSP}{unit_of(kind)}"


def kilowatts(words: Words, power_w: int, digits: int = 2) -> str:
    """Write a power in kW."""
    return f"{words.number(power_w, KILO, digits)}{NBSP}kW"


def marks(words: Words, mark: Mark) -> str:
    """Say what is to be known about a value; empty for a measured one."""
    told = []
    if mark & Mark.SUM:
        told.append(words.text("sum over a silence"))
    if mark & Mark.ESTIMATED:
        told.append(words.text("estimated"))
    if mark & Mark.PARTIAL:
        told.append(words.text("in part"))
    if mark & Mark.OWN_CLOCK:
        told.append(words.text("by our own clock"))
    if mark & Mark.CLOCK_MOVED:
        told.append(words.text("the clock was set back"))
    return ", ".join(told)


def digits_for(step: int) -> int:
    """Return with how many digits thousandths of a unit are told apart at this distance."""
    return 0 if step % 1000 == 0 else 1 if step % 100 == 0 else 2 if step % 10 == 0 else 3


def day_ticks(words: Words, starts: Sequence[int], hours: int = 4) -> list[tuple[float, str]]:
    """Return a tick every so many hours of local time, and one at the end."""
    found: list[tuple[float, str]] = [
        (number, words.clock(start))
        for number, start in enumerate(starts)
        if words.clock(start).endswith(":00") and int(words.clock(start)[:2]) % hours == 0
    ]
    return [*found, (len(starts), "24:00")]


def quarters(words: Words, whole: Day, now: int) -> Figure:
    """Return the quarters of a day as a chart."""
    starts = list(whole.quarters)
    bars = [_quarter(words, start, row, now) for start, row in whole.quarters.items()]
    title = words.text("Electricity per quarter of an hour")
    most = max(((bar.up or 0, number) for number, bar in enumerate(bars)), default=(0, 0))
    description = words.text(
        "Highest value {value} at {clock}. The table below has every value.",
        value=f"{words.number(most[0])} Wh",
        clock=words.clock(starts[most[1]]),
    )
    chart = charts.bar_chart(bars, day_ticks(words, starts), Telling("quarters", title, description), unit="Wh", write=words.number)
    return Figure(title, chart, "")


def _quarter(words: Words, start: int, row: Row, now: int) -> Bar:
    taken, given = row.value(Kind.TAKEN), row.value(Kind.GIVEN)
    when = f"{words.exact_clock(start)}{DASH}{words.clock(start + QUARTER_S)}"
    if taken is None and given is None:
        return Bar(None, 0, f"{when} {DASH}", is_ahead=start + QUARTER_S > now)
    label = f"{when} {words.number(taken or 0)} Wh" + (f", {words.text('given back')} {words.number(given)} Wh" if given else "")
    return Bar(taken or 0, given or 0, label, bool(row.mark & _SOFT))


def hours(words: Words, whole: Day, kind: Kind, now: int) -> Figure:
    """Return the hours of a day of something else than electricity as a chart."""
    starts = list(whole.hours)
    bars = []
    for start, row in whole.hours.items():
        value = row.value(kind)
        when = f"{words.exact_clock(start)}{DASH}{words.clock(start + HOUR_S)}"
        bars.append(Bar(value, 0, f"{when} {amount(words, kind, value)}", bool(row.mark & _SOFT), start + HOUR_S > now))
    title = words.text("{name} per hour", name=words.text(NAMES[kind]))
    telling = Telling(f"hours-{kind}", title, words.text("The table below has every value."))
    chart = _kilo_chart(words, bars, day_ticks(words, starts), telling, kind)
    return Figure(title, chart, amount(words, kind, whole.total.value(kind)))


def _kilo_chart(words: Words, bars: list[Bar], ticks: list[tuple[float, str]], telling: Telling, kind: Kind) -> Markup:
    highest = max((bar.up or 0 for bar in bars), default=0) + max((bar.down for bar in bars), default=0)
    digits = digits_for(charts.step_for(highest or 1))
    return charts.bar_chart(
        bars,
        ticks,
        telling,
        unit=unit_of(kind),
        write=lambda value: words.number(value, KILO, digits),
        kind="power" if kind in {Kind.TAKEN, Kind.GIVEN} else "flow",
    )


def spans(words: Words, rows: Sequence[Span], kind: Kind, title: str) -> Figure:
    """Return days or months as a chart. Electricity shows what was given below the line."""
    bars = []
    for span in rows:
        value = span.row.value(kind) if span.row else None
        given = span.row.value(Kind.GIVEN) if span.row and kind is Kind.TAKEN else None
        text = f"{span.name} {amount(words, kind, value, 2)}"
        text += f", {words.text('given back')} {amount(words, Kind.GIVEN, given, 2)}" if given else ""
        bars.append(Bar(value, given or 0, text, is_ahead=span.is_ahead))
    ticks: list[tuple[float, str]] = [(number + 0.5, span.tick) for number, span in enumerate(rows)]
    chart = _kilo_chart(words, bars, ticks, Telling(f"spans-{kind}", title, words.text("The table below has every value.")), kind)
    return Figure(title, chart, "")


def total(rows: Sequence[Row | None], kind: Kind) -> int | None:
    """Add a kind up; None if nobody counted it."""
    found = [value for row in rows if row and (value := row.value(kind)) is not None]
    return sum(found) if found else None


def low_and_normal(row: Row, prefix: str) -> tuple[Amount, Amount] | None:
    """Return what was counted at low and at normal rate, if the meter tells them apart."""
    found = {counter.value: value for counter, value in row.counters.items()}
    low, normal = found.get(f"{prefix}_low"), found.get(f"{prefix}_normal")
    return (low, normal) if low and normal else None


def peak(words: Words, found: Peak | None) -> str:
    """Say what the highest quarter-hour was; empty if there is none."""
    if found is None:
        return ""
    power, when = kilowatts(words, found.power_w), words.moment_of_quarter(found.start)
    return words.text("Highest quarter-hour: {power} on average, {when}.", power=power, when=when)

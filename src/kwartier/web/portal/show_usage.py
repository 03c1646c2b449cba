"""A day's usage as the page prints it: a chart, a table of every value, and why there is nothing where there is nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import final

from markupsafe import Markup

from kwartier.model.channel_day import ChannelDay, Quality
from kwartier.model.period import HOUR_S, QUARTER_S, ZONE, Period, day_period, epoch_s, from_epoch_s, midnight
from kwartier.model.register import Channel, Product
from kwartier.model.task import GapReason
from kwartier.web.portal import phrases
from kwartier.web.portal.charts import Bar, chart
from kwartier.web.portal.words import Words
from kwartier.workflows.inquiry import MyConnection, UsageDay

HOURS, HOURS_PER_TICK = 24, 4
_CLOCK = len("00:00")
_DOUBTFUL = Quality.NOT_VALID | Quality.SUSPECT | Quality.CARRIES_GAP


def lived_there(one: MyConnection, day: date) -> bool:
    """Tell whether the person lived there during any part of the day."""
    shared = one.mine.meet(day_period(day))
    return shared is not None and not shared.is_moment


def note(words: Words, mine: Sequence[MyConnection], yesterday: date) -> str:
    """Say why the page opens with an earlier day than yesterday."""
    if any(lived_there(one, yesterday) for one in mine):
        return words.text("Yesterday has not been read yet. This is the last day that was.")
    return words.text("You do not live here any more. You see your own time only.")


def digits(mine: Sequence[MyConnection]) -> dict[int, str]:
    """Return by which last digits of its EAN a page names each connection."""
    return {one.key: one.masked[-4:] for one in mine}


def stay(words: Words, one: MyConnection) -> tuple[str, str]:
    """Return when somebody lived at a connection, and the last day of it to look at (empty if it goes on)."""
    told = f"{phrases.capital(phrases.product(words, one.product))}: {phrases.span(words, one.mine)}"
    return told, "" if one.mine.end is None else phrases.last_day(one.mine.end).isoformat()


@final
@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table beside a chart."""

    time: str
    taken: str
    given: str
    quality: str


@final
@dataclass(frozen=True, slots=True)
class Usage:
    """One connection's day on the page; `chart` is None where there is nothing to draw, and `empty` says why.

    `notes` tell what is to be known about the values: which are missing, which are doubtful.
    """

    connection: int
    ident: str
    title: str
    digits: str
    unit: str
    per: str
    chart: Markup | None
    rows: Sequence[Row]
    taken: str
    given: str
    notes: Sequence[str]
    ground: str
    rule: str
    empty: str


@final
@dataclass(frozen=True, slots=True)
class _Value:
    """One interval: what was taken and given (None where the meter gave none), from when to when, and how good it is."""

    taken: int | None
    given: int | None
    start_s: int
    end_s: int
    mark: int


def usage(words: Words, number: int, one: UsageDay, *, offered: bool = False) -> Usage:
    """Return one connection's day as the page shows it; `offered` if the page offers to read it for the customer."""
    electricity = one.connection.product is Product.ELECTRICITY
    taken, given = _channels(one)
    values = _values(one, taken, given)
    title = words.text("Electricity per quarter of an hour") if electricity else words.text("Gas per hour")
    unit = "kWh" if electricity else "m³"
    told = one.permit
    return Usage(
        connection=one.connection.key,
        ident=f"usage-{number}",
        title=title,
        digits=one.connection.masked[-4:],
        unit=unit,
        per=words.text("kWh per quarter of an hour") if electricity else words.text("m³ per hour"),
        chart=_draw(words, title, f"chart-{number}", values, unit) if values else None,
        rows=[_row(words, value) for value in values],
        taken=_total(words, taken and [value.taken for value in values], unit),
        given=_total(words, given and [value.given for value in values], unit),
        notes=[*_put_aside(words, one.why_empty), *_notes(words, one.day, values)] if values else [],
        ground="" if told is None else told.nl if words.language == "nl" else told.en,
        rule="" if told is None else told.rule,
        empty="" if values else _why_empty(words, one, offered=offered),
    )


def _channels(one: UsageDay) -> tuple[ChannelDay | None, ChannelDay | None]:
    by_channel = {found.channel: found for found in one.days}
    if one.connection.product is Product.GAS:
        return by_channel.get(Channel.GAS), None
    return by_channel.get(Channel.IMPORT), by_channel.get(Channel.EXPORT)


def _values(one: UsageDay, taken: ChannelDay | None, given: ChannelDay | None) -> list[_Value]:
    """Return the day's intervals within the own time, in order; none if neither channel is held."""
    ups, downs = _deltas(taken), _deltas(given)
    held = taken or given
    count = max(len(ups), len(downs))
    marks = (held.quality if held else b"") or bytes(count)
    step = QUARTER_S if one.connection.product is Product.ELECTRICITY else HOUR_S
    first = epoch_s(midnight(one.day))
    every = (
        _Value(
            taken=ups[i] if ups else None,
            given=downs[i] if downs else None,
            start_s=first + i * step,
            end_s=first + (i + 1) * step,
            mark=marks[i],
        )
        for i in range(count)
    )
    return [value for value in every if _is_own(one.connection.mine, value)]


def _is_own(mine: Period, value: _Value) -> bool:
    """Tell whether an interval lies wholly within the own time. Of others nothing is told, nor that they are missing."""
    return mine.covers(Period(from_epoch_s(value.start_s), from_epoch_s(value.end_s)))


def _deltas(day: ChannelDay | None) -> list[int | None]:
    if day is None:
        return []
    raw = memoryview(day.deltas).cast("i").tolist()
    marks = day.quality or bytes(len(raw))
    return [None if mark & Quality.MISSING else value for value, mark in zip(raw, marks, strict=True)]


def _total(words: Words, values: Sequence[int | None] | None, unit: str) -> str:
    """Write the sum of a day; nothing for a channel that is not held."""
    return f"{words.thousandths(sum(value or 0 for value in values))} {unit}" if values else ""


def _draw(words: Words, title: str, ident: str, values: Sequence[_Value], unit: str) -> Markup:
    has_taken = any(value.taken is not None for value in values)
    bars = [
        Bar(
            value.taken if has_taken else None if value.mark & Quality.MISSING else 0,
            value.given or 0,
            _label(words, value, unit),
            doubtful=bool(value.mark & _DOUBTFUL),
        )
        for value in values
    ]
    ticks = [(i, _clock(words, value.start_s)) for i, value in enumerate(values) if _has_tick(value.start_s)]
    return chart(
        bars,
        [*ticks, (len(bars), _closing(words, values))],
        ident=ident,
        title=title,
        description=_describe(words, values, unit),
        axis=lambda value, step: words.thousandths(value, _decimals(step) if value else 0),
    )


def _has_tick(start_s: int) -> bool:
    """Tell whether a local hour on the time axis begins here: a day that changes the clock has its hours elsewhere."""
    local = from_epoch_s(start_s).astimezone(ZONE)
    return local.minute == 0 and local.hour % HOURS_PER_TICK == 0


def _closing(words: Words, values: Sequence[_Value]) -> str:
    """Write when the last interval ends; a midnight closes the day here."""
    end = from_epoch_s(values[-1].end_s).astimezone(ZONE)
    return words.clock(end) if end.hour or end.minute else "24:00"


def _decimals(step: int) -> int:
    """Return how many decimals of the whole a step of so many thousandths needs."""
    return next(kept for kept in range(4) if step % 10 ** (3 - kept) == 0)


def _label(words: Words, value: _Value, unit: str) -> str:
    told = _time(words, value) + ": "
    if value.taken is None and value.given is None:
        return told + words.text("missing")
    parts = [words.text("taken %s") % f"{words.thousandths(value.taken)} {unit}"] if value.taken is not None else []
    if value.given:
        parts.append(words.text("given back %s") % f"{words.thousandths(value.given)} {unit}")
    return told + ", ".join(parts)


def _time(words: Words, value: _Value) -> str:
    """Write from when to when; which of the two double hours it is stands once if it is the same at both ends."""
    start, end = _clock(words, value.start_s), _clock(words, value.end_s)
    if start[_CLOCK:] == end[_CLOCK:]:
        start = start[:_CLOCK]
    return f"{start} \N{EN DASH} {end}"


def _clock(words: Words, moment_s: int) -> str:
    return words.clock(from_epoch_s(moment_s))


def _describe(words: Words, values: Sequence[_Value], unit: str) -> str:
    taken = [(value.taken, -value.start_s) for value in values if value.taken is not None]
    if not taken:
        return words.text("The table below has every value.")
    most, when = max(taken)
    return words.text("Most was taken at %(when)s: %(most)s. The table below has every value.") % {
        "most": f"{words.thousandths(most)} {unit}",
        "when": _clock(words, -when),
    }


def _row(words: Words, value: _Value) -> Row:
    return Row(_time(words, value), _cell(words, value.taken), _cell(words, value.given), _quality(words, value.mark))


def _cell(words: Words, value: int | None) -> str:
    return phrases.NOTHING if value is None else words.thousandths(value)


def _quality(words: Words, mark: int) -> str:
    if mark & Quality.MISSING:
        return words.text("missing")
    if mark & Quality.CARRIES_GAP:
        return words.text("sum over the gap")
    if mark & (Quality.NOT_VALID | Quality.SUSPECT):
        return words.text("doubtful")
    return words.text("corrected") if mark & Quality.CORRECTED else words.text("valid")


def _put_aside(words: Words, why: str | None) -> list[str]:
    """Say why one channel is here and the other is not; that nobody asked for the other needs no word."""
    aside = words.text("Some of what your meter answered contradicts itself and is not shown here. Somebody looks at it first.")
    return [aside] if why == GapReason.QUARANTINED else []


def _notes(words: Words, day: date, values: Sequence[_Value]) -> list[str]:
    notes, (first_s, last_s) = [], _bounds_s(day)
    before, after = values[0].start_s > first_s, values[-1].end_s < last_s
    if before or after:
        part = words.text("You see your own time of this day only, from %(start)s to %(end)s. The rest is not yours to see.")
        notes.append(part % {"start": _clock(words, values[0].start_s), "end": _closing(words, values)})
    if (hours := (last_s - first_s) // HOUR_S) != HOURS:
        back = words.text("This day has 25 hours: at 3 o'clock in summer time the clock went back to 2 in winter time.")
        ahead = words.text("This day has 23 hours: at 2 o'clock in winter time the clock went ahead to 3 in summer time.")
        notes.append(back if hours > HOURS else ahead)
    if missing := sum(1 for value in values if value.mark & Quality.MISSING):
        none = words.text("Missing values: %s. The meter gave none there.")
        astride = words.text("Missing values: %s. The meter gave none there, or a sum over a time that began before yours.")
        notes.append((astride if before and values[0].mark & Quality.MISSING else none) % missing)
    if any(value.mark & Quality.CARRIES_GAP for value in values):
        notes.append(words.text("The value after a gap is the sum over that gap, so the total is right."))
    if doubtful := sum(1 for value in values if value.mark & (Quality.NOT_VALID | Quality.SUSPECT)):
        notes.append(words.text("Doubtful values: %s. The meter itself or our checks doubt them.") % doubtful)
    return notes


def _bounds_s(day: date) -> tuple[int, int]:
    """Return the seconds at which a local day begins and ends."""
    whole = day_period(day)
    assert whole.end is not None  # noqa: S101 - a day always closes
    return epoch_s(whole.start), epoch_s(whole.end)


def _why_empty(words: Words, one: UsageDay, *, offered: bool) -> str:
    if one.refusal:
        return own_words(words, one.refusal.rule) or (one.refusal.nl if words.language == "nl" else one.refusal.en)
    reasons = {
        "not-asked": _not_asked(words, offered=offered),
        "stopped": words.text("The permission for these values ended while meters were being read, so yours was not asked."),
        "withdrawn": words.text("The permission for these values ended while your meter was being read, so they were thrown away."),
        "quarantined": words.text("Your meter answered, but the values contradict each other. Somebody looks at them first."),
        "not_there": words.text("Your meter answered, and had no values of this day."),
        "fell_short": words.text("Your meter answered, and gave no values of this day that can be used."),
        "not-yet": words.text("This day has not been read. Meters are read at night, about the day before."),
    }
    failed = words.text(
        "These values could not be had from your meter. A night asks for those of the day before, so for these it is asked again "
        "only if the grid operator has the night of this day done over."
    )
    return reasons.get(one.why_empty or "", failed)


def _not_asked(words: Words, *, offered: bool) -> str:
    told = words.text("Nobody had a ground to know these values of your home, so they are not held.")
    ask = words.text("If you want to see those of days from today on here, ask for them below. That gives no days of the past.")
    return f"{told} {ask}" if offered else told


def own_words(words: Words, rule: str) -> str:
    """Say a refusal to the person who lives there: their own choice, or of who lived there before. Else nothing."""
    return {
        "F1": words.text("The smart meter was refused. Nothing is read remotely here."),
        "F2": words.text("Your meter is administratively off. Usage is not read, whoever asks."),
    }.get(rule, "")

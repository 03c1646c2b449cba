"""From values to what a page prints: words, units and local time. No decision is made here."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import final

from markupsafe import Markup

from kwartier.model.channel_day import ChannelDay, Quality
from kwartier.model.ground import Role
from kwartier.model.period import HOUR_S, QUARTER_S, Period, day_period, epoch_s, from_epoch_s, midnight
from kwartier.model.register import CONSUMPTION_MASK, DAY_MASK, INTERVAL_MASK, Channel, Mask, Product
from kwartier.web.portal.charts import Bar, chart
from kwartier.web.portal.words import Words
from kwartier.workflows.inquiry import AccessLine, MyConnection, UsageDay, WhoMayRow

HOURS_PER_TICK = 4
NOTHING = "-"


def lived_there(one: MyConnection, day: date) -> bool:
    """Tell whether the person lived there during any part of the day."""
    shared = one.mine.meet(day_period(day))
    return shared is not None and not shared.is_moment


@final
@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table beside a chart."""

    start: str
    taken: str
    given: str
    quality: str


@final
@dataclass(frozen=True, slots=True)
class Usage:
    """One connection's day on the page; `chart` is None where there is nothing to draw, and `empty` says why."""

    number: int
    ident: str
    title: str
    digits: str
    chart: Markup | None
    rows: Sequence[Row]
    has_given: bool
    total: str
    given: str
    ground: str
    empty: str


def usage(words: Words, number: int, one: UsageDay) -> Usage:
    """Return one connection's day as the page shows it."""
    electricity = one.connection.product is Product.ELECTRICITY
    title = words.text("Electricity per quarter of an hour") if electricity else words.text("Gas per hour")
    taken, given = _channels(one)
    drawn = _draw(words, title, f"chart-{number}", one, taken, given) if taken or given else None
    ground = ""
    if one.permit:
        ground = one.permit.nl if words.language == "nl" else one.permit.en
    return Usage(
        number=number,
        ident=f"usage-{number}",
        title=title,
        digits=one.connection.masked[-4:],
        chart=drawn,
        rows=_rows(words, one, taken, given) if drawn else (),
        has_given=given is not None,
        total=words.text("Taken: %s") % _amount(words, one, taken),
        given=words.text("Given: %s") % _amount(words, one, given) if given else "",
        ground=ground,
        empty=_why_empty(words, one),
    )


def _channels(one: UsageDay) -> tuple[ChannelDay | None, ChannelDay | None]:
    by_channel = {found.channel: found for found in one.days}
    if one.connection.product is Product.GAS:
        return by_channel.get(Channel.GAS), None
    return by_channel.get(Channel.IMPORT), by_channel.get(Channel.EXPORT)


def _values(day: ChannelDay | None) -> list[int | None]:
    """Return the values of a channel-day; None where the meter gave none."""
    if day is None:
        return []
    raw = memoryview(day.deltas).cast("i").tolist()
    marks = day.quality or bytes(len(raw))
    return [None if mark & Quality.MISSING else value for value, mark in zip(raw, marks, strict=True)]


def _amount(words: Words, one: UsageDay, day: ChannelDay | None) -> str:
    total = sum(value or 0 for value in _values(day))
    return words.kwh(total) if one.connection.product is Product.ELECTRICITY else words.m3(total)


def _step_s(one: UsageDay) -> int:
    return QUARTER_S if one.connection.product is Product.ELECTRICITY else HOUR_S


def _starts(one: UsageDay, count: int) -> list[int]:
    first = epoch_s(midnight(one.day))
    return [first + i * _step_s(one) for i in range(count)]


def _pairs(taken: ChannelDay | None, given: ChannelDay | None) -> list[tuple[int | None, int | None]]:
    ups, downs = _values(taken), _values(given)
    count = max(len(ups), len(downs))
    return [(ups[i] if ups else None, downs[i] if downs else None) for i in range(count)]


def _draw(words: Words, title: str, ident: str, one: UsageDay, taken: ChannelDay | None, given: ChannelDay | None) -> Markup:
    pairs = _pairs(taken, given)
    unit = "Wh" if one.connection.product is Product.ELECTRICITY else "dm³"
    starts = [words.clock(from_epoch_s(s)) for s in _starts(one, len(pairs))]
    bars = [
        Bar(up if taken else 0, down or 0, f"{start}: {'?' if up is None and taken else up or 0} {unit}")
        for (up, down), start in zip(pairs, starts, strict=True)
    ]
    every = HOURS_PER_TICK * HOUR_S // _step_s(one)
    ticks = [(i, starts[i]) for i in range(0, len(bars), every)]
    return chart(
        bars, [*ticks, (len(bars), "24:00")], ident=ident, title=title, description=_describe(words, pairs, starts, unit), unit=unit
    )


def _describe(words: Words, pairs: Sequence[tuple[int | None, int | None]], starts: Sequence[str], unit: str) -> str:
    ups = [(up, start) for (up, _), start in zip(pairs, starts, strict=True) if up is not None]
    if not ups:
        return words.text("The table below has every value.")
    most, when = max(ups)
    return words.text("Highest value %(most)s %(unit)s at %(when)s. The table below has every value.") % {
        "most": most,
        "unit": unit,
        "when": when,
    }


def _rows(words: Words, one: UsageDay, taken: ChannelDay | None, given: ChannelDay | None) -> list[Row]:
    pairs = _pairs(taken, given)
    unit = "Wh" if one.connection.product is Product.ELECTRICITY else "dm³"
    marks = (taken or given).quality if taken or given else b""  # type: ignore[union-attr]  # one of the two is there
    return [
        Row(
            words.clock(from_epoch_s(start)),
            _cell(words, up, unit),
            _cell(words, down, unit),
            _quality(words, marks[i] if marks else 0),
        )
        for i, (start, (up, down)) in enumerate(zip(_starts(one, len(pairs)), pairs, strict=True))
    ]


def _cell(words: Words, value: int | None, unit: str) -> str:
    return NOTHING if value is None else f"{words.whole(value)} {unit}"


def _quality(words: Words, mark: int) -> str:
    if mark & Quality.MISSING:
        return words.text("missing")
    if mark & Quality.CARRIES_GAP:
        return words.text("sum over the gap")
    if mark & (Quality.NOT_VALID | Quality.SUSPECT):
        return words.text("doubtful")
    return words.text("valid")


def _why_empty(words: Words, one: UsageDay) -> str:
    if one.refusal:
        return one.refusal.nl if words.language == "nl" else one.refusal.en
    reasons = {
        "not-asked": words.text(
            "Nobody had a ground to ask your meter for these values, so they were not read. You can allow it for your own page."
        ),
        "gap": words.text("Your meter did not answer last night. It is asked again the next night."),
        "quarantined": words.text("Your meter answered, but the values contradict each other. Somebody looks at them first."),
        "not-yet": words.text("This day has not been read yet. Meters are read at night; come back tomorrow morning."),
    }
    return reasons.get(one.why_empty or "", "")


def data(words: Words, mask: Mask) -> str:
    """Name a set of channels."""
    kinds = []
    if mask & INTERVAL_MASK:
        kinds.append(words.text("quarter-hours or hours"))
    if mask & DAY_MASK:
        kinds.append(words.text("day readings"))
    if not mask:
        return words.text("no usage")
    directions = (
        words.text("consumption only")
        if not mask & ~CONSUMPTION_MASK and mask & (1 << Channel.IMPORT | 1 << Channel.DAY_IMPORT_LOW)
        else ""
    )
    return ", ".join([" + ".join(kinds), directions] if directions else [" + ".join(kinds)])


def span(words: Words, period: Period) -> str:
    """Write a period as days."""
    start = words.moment(period.start)
    if period.is_moment:
        return start
    return words.text("from %(start)s until %(end)s") % {
        "start": start,
        "end": words.moment(period.end) if period.end else words.text("further notice"),
    }


def product(words: Words, one: Product) -> str:
    """Name an energy product."""
    return words.text("electricity") if one is Product.ELECTRICITY else words.text("gas")


@final
@dataclass(frozen=True, slots=True)
class Who:
    """One card of who may see what."""

    who: str
    data: str
    product: str
    why: str
    when: str
    rule: str
    sentence: str
    permission: int | None


def who(words: Words, row: WhoMayRow, one: MyConnection) -> Who:
    """Return one line of who may see what, and why."""
    told = row.explanation
    why = told.nl if words.language == "nl" else told.en
    if row.purpose_words:
        why += " " + words.text("Purpose: %s.") % row.purpose_words
    return Who(
        who=row.who or role(words, told.requester.role),
        data=data(words, told.mask),
        product=product(words, one.product),
        why=why,
        when=span(words, told.period),
        rule=told.rule,
        sentence=told.sentence,
        permission=row.permission,
    )


def role(words: Words, one: Role) -> str:
    """Name a role."""
    return {
        Role.CUSTOMER: words.text("You yourself"),
        Role.SUPPLIER: words.text("Your supplier"),
        Role.THIRD_PARTY: words.text("An app or site"),
        Role.OPERATOR: words.text("The grid operator"),
    }[one]


@final
@dataclass(frozen=True, slots=True)
class Line:
    """One line of the access log."""

    when: str
    what: str
    who: str
    rule: str
    proof: str | None


def log_line(words: Words, line: AccessLine) -> Line:
    """Return one line of the access log, with the address of its proof once it is signed."""
    proof = None
    if line.entry is not None:
        proof = f"/{words.language}/proof/{line.entry}" + (f"/{line.leaf}" if line.leaf is not None else "")
    about = [profiles(words).get(line.profile or "", ""), outcomes(words).get(line.outcome or "", line.outcome or "")]
    what = ": ".join([happened(words).get(line.kind, line.kind), *[", ".join(one for one in about if one)]]).removesuffix(": ")
    if line.period:
        what += f" ({span(words, line.period)})"
    who = ", ".join(role(words, one) if isinstance(one, Role) else one for one in line.who)
    return Line(words.moment(line.at), what, who, ", ".join(line.rules), proof)


def profiles(words: Words) -> dict[str, str]:
    """Return the words for each load profile."""
    return {
        "e_interval": words.text("electricity per quarter of an hour"),
        "e_day": words.text("day readings of electricity"),
        "g_interval": words.text("gas per hour"),
        "g_day": words.text("day readings of gas"),
    }


def outcomes(words: Words) -> dict[str, str]:
    """Return the words for how a reading ended; a reason without words is shown by its code."""
    return {
        "read": words.text("answered"),
        "stopped": words.text("stopped: the ground had gone"),
        "quarantined": words.text("answered, but put aside"),
        "unreachable": words.text("no answer"),
        "timeout": words.text("no answer"),
    }


def happened(words: Words) -> dict[str, str]:
    """Return the words for each kind of event."""
    return {
        "batch:intended": words.text("Planned: asking your meter"),
        "batch:refused": words.text("Refused: your meter was not asked"),
        "batch:read": words.text("Your meter was asked"),
        "parcel:delivered": words.text("Delivered"),
        "parcel:withheld": words.text("Withheld"),
        "view:shown": words.text("Shown on this page"),
        "view:refused": words.text("Not shown: refused"),
        "permission:granted": words.text("Permission given"),
        "permission:revoked": words.text("Permission revoked"),
        "permission:expired": words.text("Permission expired"),
        "proof:given": words.text("Proof downloaded"),
        "occupancy:began": words.text("You came to live here"),
        "occupancy:ended": words.text("You left"),
        "supply:began": words.text("A supply contract began"),
        "supply:ended": words.text("A supply contract ended"),
        "restriction:began": words.text("Your meter was refused or switched off administratively"),
        "restriction:ended": words.text("Your meter may be read again"),
    }


def problem(words: Words, status: int) -> tuple[str, str, str]:
    """Say what went wrong, why, and what to do next."""
    known = {
        400: (
            words.text("That question is not clear"),
            words.text("The address or form has a value that cannot be."),
            words.text("Go back and try again."),
        ),
        403: (
            words.text("Please sign in"),
            words.text("This page is only for the person it is about, or your visit has ended."),
            words.text("Sign in and try again."),
        ),
        404: (
            words.text("Not found"),
            words.text("There is no such page, or it is somebody else's."),
            words.text("Check the address, or start at the first page."),
        ),
        425: (
            words.text("One moment"),
            words.text("This line is written, but not signed yet."),
            words.text("Try again in a minute."),
        ),
    }
    otherwise = (
        words.text("Something went wrong"),
        words.text("The fault is ours, and it has been noted."),
        words.text("Try again later."),
    )
    return known.get(status, otherwise)

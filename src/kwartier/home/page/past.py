"""The pages of what was: a day, a month, a year, and the quarter-hour peaks."""

from datetime import date, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from kwartier.home import overview
from kwartier.home.overview import DEVICE_KINDS, Day, Kind, Row
from kwartier.home.page import charts, show
from kwartier.home.page.desk import away, desk, page, words
from kwartier.home.page.show import Span
from kwartier.home.page.words import Words
from kwartier.model.period import HOUR_S, QUARTER_S

FIRST = date(2000, 1, 1)
MONTHS = 12
_TITLES = {"day": "{name} per day", "month": "{name} per month"}


def asked(text: str | None, today: date) -> date:
    """Read a day (or a month) that was asked for; today for one that cannot be meant."""
    try:
        found = date.fromisoformat(text if text and text.count("-") != 1 else f"{text}-01")
    except ValueError:
        return today
    return found if FIRST <= found <= today + timedelta(days=1) else today


def day(request: Request) -> Response:
    """GET /LANGUAGE/day?date=YYYY-MM-DD."""
    spoken = words(request)
    if spoken is None:
        return away(request)
    here = desk(request)
    wanted = asked(request.query_params.get("date"), here.today())
    with here.history() as history:
        whole = overview.day(history, here.live.state, wanted)
    kinds = [kind for kind in DEVICE_KINDS if kind in whole.total.kinds]
    return page(
        request,
        "day.html",
        spoken,
        day=wanted,
        before=wanted - timedelta(days=1),
        after=wanted + timedelta(days=1) if wanted < here.today() else None,
        electricity=show.quarters(spoken, whole, here.now()) if _is_electric(whole) else None,
        rows=_quarter_rows(spoken, whole, here.now()),
        others=[(show.hours(spoken, whole, kind, here.now()), _hour_rows(spoken, whole, kind, here.now())) for kind in kinds],
        totals=_totals(spoken, [whole.total], [Kind.TAKEN, Kind.GIVEN, *kinds]),
        silences=_silences(spoken, whole),
        has_given=bool(whole.total.value(Kind.GIVEN)),
    )


def _is_electric(whole: Day) -> bool:
    return any(row.kinds for row in whole.quarters.values())


def _quarter_rows(words: Words, whole: Day, now: int) -> list[dict[str, str]]:
    return [
        {
            "start": words.exact_clock(start),
            "end": words.clock(start + QUARTER_S),
            "taken": _whole(words, row.value(Kind.TAKEN)),
            "given": _whole(words, row.value(Kind.GIVEN)),
            "marks": show.marks(words, row.mark) if row.kinds else words.text("missing"),
        }
        for start, row in whole.quarters.items()
        if start < now
    ]


def _hour_rows(words: Words, whole: Day, kind: Kind, now: int) -> list[dict[str, str]]:
    return [
        {
            "start": words.exact_clock(start),
            "end": words.clock(start + HOUR_S),
            "value": show.amount(words, kind, row.value(kind)),
            "marks": show.marks(words, row.kinds[kind].mark) if kind in row.kinds else words.text("missing"),
        }
        for start, row in whole.hours.items()
        if start < now
    ]


def _whole(words: Words, value: int | None) -> str:
    return show.DASH if value is None else words.number(value)


def _totals(words: Words, rows: list[Row], kinds: list[Kind]) -> list[dict[str, str]]:
    found = []
    for kind in kinds:
        value = show.total(rows, kind)
        if value is not None and (value or kind is not Kind.GIVEN):
            found.append({"name": words.text(show.NAMES[kind]), "value": show.amount(words, kind, value, 2)})
    return found


def _silences(words: Words, whole: Day) -> list[str]:
    found = []
    for silence in whole.silences:
        told = ", ".join(
            f"{words.text(show.NAMES[kind])} {show.amount(words, kind, amount.value)}" for kind, amount in silence.row.kinds.items()
        )
        text = words.text(
            "Between {start} and {end} there was a silence. In that time, as a sum:",
            start=words.moment(silence.start),
            end=words.moment(silence.end),
        )
        found.append(f"{text} {told}.")
    return found


def month(request: Request) -> Response:
    """GET /LANGUAGE/month?month=YYYY-MM."""
    spoken = words(request)
    if spoken is None:
        return away(request)
    here = desk(request)
    wanted = asked(request.query_params.get("month"), here.today()).replace(day=1)
    following = (wanted + timedelta(days=31)).replace(day=1)
    every = [wanted + timedelta(days=number) for number in range((following - wanted).days)]
    with here.history() as history:
        known = overview.days(history, here.live.state, every[0], every[-1])
        peak = history.peaks([wanted]).get(wanted)
    rows = [Span(str(at.day), spoken.short_day(at), f"day?date={at.isoformat()}", known.get(at), at > here.today()) for at in every]
    return page(
        request,
        "spans.html",
        spoken,
        title=spoken.month(wanted),
        before=("month?month=" + (wanted - timedelta(days=1)).strftime("%Y-%m"), spoken.month(wanted - timedelta(days=1))),
        after=("month?month=" + following.strftime("%Y-%m"), spoken.month(following)) if following <= here.today() else None,
        **_spans(spoken, rows, "day"),
        peak=show.peak(spoken, peak),
    )


def year(request: Request) -> Response:
    """GET /LANGUAGE/year?year=YYYY."""
    spoken = words(request)
    if spoken is None:
        return away(request)
    here = desk(request)
    wanted = asked(f"{request.query_params.get('year')}-01-01", here.today()).year
    every = [date(wanted, number, 1) for number in range(1, MONTHS + 1)]
    with here.history() as history:
        known = overview.by_month(overview.days(history, here.live.state, every[0], date(wanted, 12, 31)))
    rows = [
        Span(spoken.short_month(at), spoken.month(at), f"month?month={at:%Y-%m}", known.get(at), at > here.today()) for at in every
    ]
    return page(
        request,
        "spans.html",
        spoken,
        title=str(wanted),
        before=(f"year?year={wanted - 1}", str(wanted - 1)),
        after=(f"year?year={wanted + 1}", str(wanted + 1)) if wanted < here.today().year else None,
        **_spans(spoken, rows, "month"),
        peak="",
    )


def _spans(spoken: Words, rows: list[Span], each: str) -> dict[str, Any]:
    known = [span.row for span in rows]
    kinds = [kind for kind in Kind if show.total(known, kind) is not None and (kind is not Kind.GIVEN or show.total(known, kind))]
    titles = {kind: spoken.text(_TITLES[each], name=spoken.text(show.NAMES[kind])) for kind in kinds}
    return {
        "figures": [show.spans(spoken, rows, kind, titles[kind]) for kind in kinds if kind is not Kind.GIVEN],
        "totals": _totals(spoken, [row for row in known if row], kinds),
        "columns": [f"{spoken.text(show.NAMES[kind])} ({show.unit_of(kind)})" for kind in kinds],
        "each": spoken.text("Day") if each == "day" else spoken.text("Month"),
        "table": [
            {
                "link": span.link,
                "name": span.name,
                "values": [_kilo(spoken, span.row.value(kind) if span.row else None) for kind in kinds],
                "marks": show.marks(spoken, span.row.mark) if span.row else "",
            }
            for span in rows
            if not span.is_ahead
        ],
        "has_given": Kind.GIVEN in kinds,
    }


def _kilo(words: Words, value: int | None) -> str:
    return show.DASH if value is None else words.number(value, show.KILO, 2)


def peaks(request: Request) -> Response:
    """GET /LANGUAGE/peak: the highest quarter-hour of each of the last twelve months, and their mean."""
    spoken = words(request)
    if spoken is None:
        return away(request)
    here = desk(request)
    months = overview.months_back(here.today(), MONTHS)
    with here.history() as history:
        found = history.peaks(months)
    most = max((peak.power_w for peak in found.values()), default=1)
    rows = [
        {
            "month": spoken.month(at),
            "power": show.kilowatts(spoken, found[at].power_w, 3),
            "when": spoken.moment_of_quarter(found[at].start),
            "meter": show.kilowatts(spoken, said, 3) if (said := found[at].meter_w) is not None else "",
            "bar": charts.meter(found[at].power_w, most),
        }
        for at in reversed(months)
        if at in found
    ]
    mean = sum(peak.power_w for peak in found.values()) // len(found) if found else None
    return page(
        request,
        "peak.html",
        spoken,
        rows=rows,
        mean=show.kilowatts(spoken, mean, 3) if mean is not None else show.DASH,
        count=len(found),
        has_meter=any(row["meter"] for row in rows),
    )

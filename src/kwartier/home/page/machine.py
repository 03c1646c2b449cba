"""The page of the meter and its line: how good the signal is, which meters were heard, what happened, what is kept."""

from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from kwartier.home.fold import State
from kwartier.home.ledger import Event
from kwartier.home.overview import kind_of
from kwartier.home.page import show
from kwartier.home.page.desk import Desk, away, desk, page, words
from kwartier.home.page.now import status
from kwartier.home.page.words import Words
from kwartier.home.store.history import History
from kwartier.home.store.writer import Told

EVENTS: Final = {
    Event.METER_BEGAN.value: "A meter was heard for the first time",
    Event.METER_SWAPPED.value: "Another meter: the history goes on with it",
    Event.REGISTERS_RESET.value: "The registers jumped: counting began anew, nothing was added",
    Event.REGISTERS_CHANGED.value: "The meter tells other registers than before",
    Event.CLOCK_SET_BACK.value: "The clock went back by more than an hour",
    Event.LONG_SILENCE.value: "Nothing was heard for more than a day",
    Event.READING_DOUBTED.value: "A reading did not fit and was left out",
    "clock-wrong": "The meter's clock is wrong: our own is used",
    "clock-right": "The meter's clock is right again",
    "line-back": "The line is back",
    "line-no-device": "The device was not there",
    "line-no-connection": "The dongle could not be reached",
    "line-closed": "The other side closed the line",
    "line-gone": "The line went away",
    "line-silent": "The line was silent",
    "line-not-understood": "Nothing was understood",
}
BROKER: Final = {"off": "not used", "connected": "connected", "away": "cannot be reached"}
_MEBI: Final = 1024 * 1024
_SHOWN: Final = 4


def meter(request: Request) -> Response:
    """GET /LANGUAGE/meter."""
    spoken = words(request)
    if spoken is None:
        return away(request)
    here = desk(request)
    with here.history() as history:
        return page(
            request,
            "meter.html",
            spoken,
            **status(spoken, here),
            line=_line(spoken, here, history),
            quality=_quality(spoken, here),
            meters=_meters(spoken, history, here.live.state),
            events=[_event(spoken, told) for told in history.events()],
        )


def _line(words: Words, here: Desk, history: History) -> list[tuple[str, str]]:
    telegrams, size = history.raw_size()
    span = history.span()
    megabytes = words.number(size * 10 // _MEBI, 1, 1)
    kept = words.text("{telegrams} telegrams in {size} MB", telegrams=words.number(telegrams), size=megabytes)
    found = [
        (words.text("Source"), here.live.place),
        (words.text("Known from"), words.day(span[0]) if span else show.DASH),
        (words.text("Telegrams kept"), kept),
        (words.text("Home automation (MQTT)"), words.text(BROKER[here.live.broker])),
    ]
    behind = here.live.state.clock.behind_s
    if here.live.sample is not None and here.live.sample.at is not None and not here.live.is_recorded:
        found.append((words.text("The meter's clock is behind ours by"), f"{words.number(behind)} s"))
    return found


def _quality(words: Words, here: Desk) -> list[tuple[str, str]]:
    counts = here.live.counts
    return [
        (words.text("Understood"), words.number(counts.telegrams)),
        (words.text("Wrong checksum"), words.number(counts.checksum_wrong)),
        (words.text("Cut off"), words.number(counts.cut_off + counts.refused)),
        (words.text("Sealed for another key"), words.number(counts.sealed_shut)),
        (words.text("Lines not understood"), words.number(counts.bad_lines)),
        (words.text("Bytes of noise"), words.number(counts.noise_bytes)),
    ]


def _meters(words: Words, history: History, state: State) -> list[dict[str, Any]]:
    """Return the meters; `is_now` for the electricity meter in use and the devices that are heard."""
    account = state.electricity.account
    present = {account.meter} if account else set()
    present |= {meter for (meter, _), ledger in state.devices.items() if ledger.account}
    return [
        {
            "code": meter[:_SHOWN] or show.DASH,
            "kinds": ", ".join(dict.fromkeys(words.text(show.NAMES[kind_of(counter)]) for counter in counters)),
            "is_now": meter in present,
        }
        for meter, counters in history.meters()
    ]


def _event(words: Words, told: Told) -> dict[str, str]:
    return {"when": words.moment(told.at), "what": words.text(EVENTS[told.kind]), "meter": told.meter[:_SHOWN]}

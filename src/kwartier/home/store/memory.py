"""The state of the fold as text, and back: what a restart goes on from."""

import json
from types import MappingProxyType
from typing import Any

from kwartier.home.clock import Clock
from kwartier.home.fold import State
from kwartier.home.ledger import Account, Doubt, Event, Ledger, Reading
from kwartier.home.sample import Counter
from kwartier.home.track import Mark, Track

FORMAT = 1


def dump(state: State) -> str:
    """Write a state."""
    clock = state.clock
    return json.dumps(
        {
            "format": FORMAT,
            "clock": [clock.last, clock.is_wrong, clock.against, clock.behind_s],
            "electricity": _ledger(state.electricity),
            "devices": [[meter, counter, _ledger(ledger)] for (meter, counter), ledger in state.devices.items()],
        },
        separators=(",", ":"),
    )


def load(text: str) -> State:
    """Read a state. Raises ValueError for a text that `dump` did not write."""
    try:
        body = json.loads(text)
        if body["format"] != FORMAT:
            msg = "another format"
            raise ValueError(msg)
        devices = {(str(meter), Counter(counter)): _read_ledger(ledger) for meter, counter, ledger in body["devices"]}
        return State(Clock(*body["clock"]), _read_ledger(body["electricity"]), MappingProxyType(devices))
    except (KeyError, TypeError, IndexError) as fault:
        msg = "not a state"
        raise ValueError(msg) from fault


def _ledger(ledger: Ledger) -> dict[str, Any]:
    doubt = ledger.doubt
    return {
        "step_s": ledger.step_s,
        "account": _account(ledger.account) if ledger.account else None,
        "doubt": [doubt.why, _account(doubt.account), [_reading(each) for each in doubt.readings]] if doubt else None,
    }


def _read_ledger(body: dict[str, Any]) -> Ledger:
    doubt = None
    if body["doubt"]:
        why, account, readings = body["doubt"]
        doubt = Doubt(Event(why), _read_account(account), tuple(_read_reading(each) for each in readings))
    return Ledger(body["step_s"], _read_account(body["account"]) if body["account"] else None, doubt)


def _account(account: Account) -> list[Any]:
    track = account.track
    return [account.meter, account.counters, track.step_s, track.start, track.opening, track.at, track.values, int(track.mark)]


def _read_account(body: list[Any]) -> Account:
    meter, counters, step_s, start, opening, at, values, mark = body
    track = Track(step_s, start, tuple(opening), at, tuple(values), Mark(mark))
    return Account(meter, tuple(map(Counter, counters)), track)


def _reading(reading: Reading) -> list[Any]:
    return [reading.meter, reading.counters, reading.at, reading.values, int(reading.mark)]


def _read_reading(body: list[Any]) -> Reading:
    meter, counters, at, values, mark = body
    return Reading(meter, tuple(map(Counter, counters)), at, tuple(values), Mark(mark))

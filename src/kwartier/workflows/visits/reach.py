"""Where the meters of a visit are, their wrapped keys and the counters reserved for it. Plain values, picklable, no secrets."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar, final

from psycopg import Connection

from kwartier.headend import Work, frames_for
from kwartier.model.task import GapReason
from kwartier.store.registry import meters
from kwartier.store.registry.stops import Loaded
from kwartier.wire.dlms.client.chores import Image
from kwartier.workflows.installation import Installation, meter_models

CLIENT_TITLE: Final = b"KWA\x00\x00\x00\x00\x01"
"""System title of the head-end: three letters of a FLAG id, then the number of this head-end. One site, one title."""

W = TypeVar("W", bound=Work)


@final
@dataclass(frozen=True, slots=True)
class MeterTarget:
    """One meter to visit: where it is, its wrapped keys, the counters reserved for this visit and what to ask."""

    meter: int
    host: str
    port: int
    model: str
    system_title: bytes
    guek: bytes
    gak: bytes
    first_ic: int
    end_ic: int
    tasks: tuple[Work, ...]


@final
@dataclass(frozen=True, slots=True)
class Place:
    """How a worker reaches what it needs. `since` is when the facts were loaded: stops that they did not show count."""

    data: str
    dsn_operator: str
    client_title: bytes
    since: Loaded
    connect_s: float
    answer_s: float
    session_s: float
    tries: int
    concurrency: int
    stop_age_s: float
    tap: str | None


def targets(
    c: Connection[Any], tasks: Iterable[W], *, tries: int, images: Mapping[int, Image] | None = None
) -> tuple[list[MeterTarget], list[tuple[W, GapReason]]]:
    """Gather the tasks by meter and reserve invocation counters for every try, so that none is ever used twice.

    Returns beside them the tasks that cannot be asked: the meter has no keys, or its key has no counters left.
    """
    by_meter: dict[int, list[W]] = defaultdict(list)
    for task in tasks:
        by_meter[task.meter].append(task)
    known = meters.targets(c, list(by_meter))
    frames = max(
        (frames_for(meter_models()[known[m].model], asked, images) for m, asked in by_meter.items() if m in known), default=1
    )
    counters = meters.reserve(c, list(by_meter), tries * frames)
    found = [
        _target(known[meter], counters[meter], asked) for meter, asked in by_meter.items() if meter in known and meter in counters
    ]
    unasked = [
        (task, GapReason.COUNTER if meter in known else GapReason.NO_KEYS)
        for meter, asked in by_meter.items()
        if meter not in known or meter not in counters
        for task in asked
    ]
    return found, unasked


def _target(known: meters.Target, counters: tuple[int, int], asked: Sequence[Work]) -> MeterTarget:
    return MeterTarget(
        meter=asked[0].meter,
        host=known.host,
        port=known.port,
        model=known.model,
        system_title=known.system_title,
        guek=known.guek,
        gak=known.gak,
        first_ic=counters[0],
        end_ic=counters[1],
        tasks=tuple(asked),
    )


def place(house: Installation, since: Loaded) -> Place:
    """Tell a worker how to reach what it needs."""
    chosen = house.settings
    return Place(
        data=str(house.data),
        dsn_operator=house.dsns.operator,
        client_title=CLIENT_TITLE,
        since=since,
        connect_s=chosen.connect_s,
        answer_s=chosen.answer_s,
        session_s=chosen.session_s,
        tries=chosen.tries,
        concurrency=chosen.concurrency,
        stop_age_s=chosen.stop_age_s,
        tap=chosen.tap or None,
    )

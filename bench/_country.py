"""A country of connections, made up on the fly: facts in the town's mix, each asked what is due, decided and planned, and let go.

Of each thousand homes 800 have gas as well, and it is the same person's. Of the connections: 400 in 1,000 were opted in by the
customer for the own page (intervals and registers); 250 are shared with an app (intervals), of which 150 in 1,000 by an app without
agreement, 150 have expired and 300 are for consumption only; 60 remember who lived there before; 30 are administratively off and
20 refused. Every one has a supplier since 40 to 900 days, so that one in 365 has its annual reading; one in 3,000 is moved into
that day, one in 1,800 is switched. Every area has the town's ten use cases; every electricity connection is asked for energy loss.
"""

import os
import resource
import time
from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from functools import cache
from importlib import resources
from itertools import islice
from random import Random
from typing import NamedTuple

from kwartier.grounds.decide import decide
from kwartier.model.ground import (
    USAGE,
    Agreement,
    DataClass,
    Facts,
    Occupancy,
    Permission,
    Purpose,
    Restriction,
    RestrictionKind,
    Role,
    Supply,
    UseCase,
)
from kwartier.model.meter import MeterModel
from kwartier.model.period import Period, midnight
from kwartier.model.permit import Permit
from kwartier.model.register import CONSUMPTION_MASK, DAY_MASK, GAS_MASK, INTERVAL_MASK, Product
from kwartier.planning import due, plan
from kwartier.wire.dlms import models

DAY = date(2026, 6, 1)
OPENS, CLOSES = midnight(DAY), midnight(DAY + timedelta(days=1))
AT = CLOSES + timedelta(hours=2)
AREAS, SUPPLIERS, APP, UNBOUND = 100, (1, 2, 3), 11, 12
LONG = Period(midnight(date(2020, 1, 1)))
CARE = (
    *((Purpose.DEVICE_CARE, kind) for kind in (DataClass.DEVICE_STATE, DataClass.EVENT_LOG)),
    *((Purpose.OUTAGE, kind) for kind in (DataClass.EVENT_LOG, DataClass.POWER_QUALITY)),
    *((Purpose.DANGER, kind) for kind in (DataClass.EVENT_LOG, DataClass.DEVICE_STATE, DataClass.POWER_QUALITY)),
    (Purpose.FIRMWARE_UPDATE, DataClass.FIRMWARE),
)
PER_CONNECTION = 10
"""So many numbers of facts are kept free for each connection."""
TOGETHER = 100
"""So many connections are made up, and then planned: to look at the clock for each one takes 2 in 100 of the time."""


class Counts(NamedTuple):
    """What became of a block of connections. `made_s` is the CPU that went into making up the facts, part of `cpu_s`."""

    connections: int
    requests: int
    tasks: int
    rules: Counter[str]
    made_s: float
    cpu_s: float
    peak_kb: int
    pid: int


@cache
def _day(back: int) -> datetime:
    """Return the midnight so many days before the night."""
    return midnight(DAY + timedelta(days=1 - back))


@cache
def _model() -> MeterModel:
    return models.parse(resources.files("kwartier.wire.dlms.models").joinpath("smr5.toml").read_text(encoding="utf-8"))


@cache
def _agreements(supplier: int, former: int | None, app: int | None) -> tuple[Agreement, ...]:
    parties = [(party, Role.SUPPLIER) for party in (supplier, former) if party]
    if app:
        parties.append((app, Role.THIRD_PARTY))
    return tuple(
        Agreement(party, party, role, LONG if party != UNBOUND else Period(LONG.start, _day(60))) for party, role in parties
    )


@cache
def _use_cases(area: int) -> tuple[UseCase, ...]:
    """Return the use cases of an area: energy loss, the same as it stood a year before, and care."""
    approved, days = Period(_day(30), _day(-300)), Period(_day(100), _day(-3))
    first, limit = area * 100, 12
    quarters = INTERVAL_MASK & ~GAS_MASK
    loss = UseCase(
        first, Purpose.ENERGY_LOSS, DataClass.PROFILE, quarters, f"wijk-{area}", Period(OPENS, _day(-2)), approved, limit, 10
    )
    old = UseCase(first + 1, *_of(loss), Period(_day(400), _day(390)), Period(_day(430), _day(370)), limit, 10)
    care = [UseCase(first + 2 + n, p, k, 0, loss.area, days, approved, limit, 2) for n, (p, k) in enumerate(CARE) if k not in USAGE]
    return (loss, old, *care)


def _of(case: UseCase) -> tuple[Purpose, DataClass, int, str]:
    return case.purpose, case.data_class, case.mask, case.area


def facts(key: int, product: Product, draw: Random) -> Facts:
    """Draw what is known of one connection."""
    first, lived = key * PER_CONNECTION, draw.randrange(90, 4000)
    homes: tuple[Occupancy, ...] = (Occupancy(first, first, Period(_day(lived))),)
    if draw.random() < 1 / 3000:
        homes = (Occupancy(first + 1, first + 1, Period(_day(1200), CLOSES)), Occupancy(first, first, Period(CLOSES)))
    elif draw.random() < 0.06:  # noqa: PLR2004 - a share of the mix, told above
        homes = (Occupancy(first + 1, first + 1, Period(_day(lived + draw.randrange(400, 3000)), _day(lived))), *homes)
    supplier, former = draw.choice(SUPPLIERS), None
    supplies: tuple[Supply, ...] = (Supply(first, supplier, Period(_day(draw.randrange(40, 900)))),)
    if draw.random() < 1 / 1800:
        former = supplier % len(SUPPLIERS) + 1
        supplies = (Supply(first + 1, former, Period(_day(900), CLOSES)), Supply(first, supplier, Period(CLOSES)))
    permissions = tuple(_permissions(first, product, draw))
    app = next((one.party for one in permissions if one.party), None)
    area = key // 10_000 % AREAS
    cases = _use_cases(area)
    return Facts(
        key,
        cases[0].area,
        homes,
        supplies,
        _agreements(supplier, former, app),
        permissions,
        _restrictions(first, draw.random()),
        cases,
        {cases[0].id: _USED} if draw.random() < 0.5 else {},  # noqa: PLR2004 - every second one was read this year
    )


_USED = frozenset({"2026-02-02", "2026-03-02", "2026-04-02"})


def _permissions(first: int, product: Product, draw: Random) -> Iterator[Permission]:
    channels = GAS_MASK if product is Product.GAS else ~GAS_MASK
    if draw.random() < 0.4:  # noqa: PLR2004 - a share of the mix, told above
        since = draw.randrange(5, 60)
        live = Period(_day(since), _day(-700))
        yield Permission(first, first, None, (INTERVAL_MASK | DAY_MASK) & channels, "eigen inzicht", Period(_day(since + 2)), live)
    if draw.random() < 0.25:  # noqa: PLR2004 - a share of the mix, told above
        unbound, expired, consumption = (draw.random() < share for share in (0.15, 0.15, 0.3))
        since, until = (300, 30) if expired else (draw.randrange(5, 60), -draw.randrange(60, 360))
        mask = INTERVAL_MASK & channels & (CONSUMPTION_MASK if consumption else ~0)
        live = Period(_day(since), _day(until))
        yield Permission(first + 1, first, UNBOUND if unbound else APP, mask, "advies", Period(_day(since)), live)


def _restrictions(first: int, share: float) -> tuple[Restriction, ...]:
    if share < 0.02:  # noqa: PLR2004 - a share of the mix, told above
        return (Restriction(first, RestrictionKind.REFUSED, LONG),)
    if share < 0.05:  # noqa: PLR2004 - a share of the mix, told above
        return (Restriction(first, RestrictionKind.ADMINISTRATIVELY_OFF, Period(_day(200))),)
    return ()


def made_up(first: int, count: int, draw: Random) -> Iterator[tuple[int, Product, Facts]]:
    """Yield `count` connections from key `first` on: key, product, facts."""
    gas = False
    for key in range(first, first + count):
        gas = not gas and draw.random() < 0.8  # noqa: PLR2004 - a share of the mix, told above
        product = Product.GAS if gas else Product.ELECTRICITY
        yield key, product, facts(key, product, draw)


def block(first: int, count: int, seed: int) -> Counts:
    """Make up, ask, decide and plan `count` connections from key `first` on; the same seed gives the same ones."""
    draw, model, since_s = Random(f"{seed}/{first}"), _model(), int(LONG.start.timestamp())
    began, made = time.process_time(), 0.0
    requests = tasks = 0
    rules: Counter[str] = Counter()
    connections = made_up(first, count, draw)
    while True:
        before = time.process_time()
        some = list(islice(connections, TOGETHER))
        made += time.process_time() - before
        if not some:
            break
        for key, product, known in some:
            answers = [decide(request, known, at=AT) for request in due.due(known, product, DAY, at=AT)]
            permits = [one for one in answers if isinstance(one, Permit)]
            mbus = 1 if product is Product.GAS else 0
            tasks += len(plan.plan(permits, plan.Wired(key, key, model, mbus, since_s)))
            requests += len(answers)
            rules.update([one.rule for one in answers])
    peak_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return Counts(count, requests, tasks, rules, made, time.process_time() - began, peak_kb, os.getpid())

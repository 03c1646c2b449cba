"""Plans, stages and commits batches as a night does, and is killed in the middle of it: `night_to_kill.py DATA`."""

import itertools
import sys
import time
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import psycopg

from kwartier.model.channel_day import ChannelDay
from kwartier.model.register import Channel
from kwartier.store.registry import nights
from kwartier.workflows import installation
from kwartier.workflows.installation import Installation
from kwartier.workflows.night.settle import recover, sweep
from kwartier.workflows.visits.forward import commit

DAYS = (date(2026, 11, 20), date(2026, 11, 21))
AT = datetime(2026, 11, 22, 3, tzinfo=UTC)
HOMES = 20


def channel_days(batch: int) -> list[ChannelDay]:
    """Return what the meters of a batch tell: homes of its own, on two days."""
    homes = range(batch * HOMES, batch * HOMES + HOMES)
    values = np.random.default_rng(batch).integers(0, 900, (len(DAYS), HOMES, 96), np.int32)
    return [
        ChannelDay(home, Channel.IMPORT, day, home, values[d, h].tobytes(), b"", 1, home, batch)
        for d, day in enumerate(DAYS)
        for h, home in enumerate(homes)
    ]


def one_batch(house: Installation, night: int) -> None:
    """Do one batch, in the order of a night."""
    with house.operator() as c:
        batch = nights.plan_batch(c, night)
    files = house.readings.stage(batch, channel_days(batch))
    with house.operator() as c:
        nights.stage(c, batch, [one.to_json() for one in files], AT)
    commit(house, batch, files, AT)


def main(data: Path) -> None:
    """Wait for the lock of the night, begin as a night begins, then do batches for ever."""
    with installation.opened(data) as house, psycopg.connect(house.dsns.operator, autocommit=True) as c:
        while not nights.lock(c):
            time.sleep(0.01)
        recover(house, AT)
        sweep(house)
        night = nights.begin(c, DAYS[0], AT)
        print("ready", flush=True)  # noqa: T201 - the test waits for it
        for number in itertools.count(1):
            one_batch(house, night)
            if number % 4 == 0:
                for day in house.readings.loose_days():
                    house.readings.finalise(day)


if __name__ == "__main__":
    main(Path(sys.argv[1]))

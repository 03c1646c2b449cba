"""Jobs, permits and stop lists for tests of the head-end."""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import dlms_support as meter
from kwartier import headend
from kwartier.model.care import Chore, Errand
from kwartier.model.meter import MeterModel
from kwartier.model.period import epoch_s
from kwartier.model.permit import PermitRef
from kwartier.model.register import ALL_MASK, Channel, mask_of
from kwartier.model.task import ProfileName, Task

START = datetime(2026, 1, 14, 23, 0, tzinfo=UTC)
FIRST_S = epoch_s(START)
LAST_S = FIRST_S + 86400
DAY = meter.quarters(START, 97)
MODEL = meter.smr5()
QUICK = headend.Limits(concurrency=50, connect_s=2, answer_s=0.3, session_s=2, tries=2, pause_s=0.01, release_s=0.3)


def permit(number: int = 1, first_s: int = FIRST_S, last_s: int = LAST_S, mask: int = ALL_MASK) -> PermitRef:
    """Return a permit that rests on fact ("permission", number)."""
    return PermitRef(bytes([number]) * 16, 1, mask, first_s, last_s, (("permission", number),), keeps=True)


IMPORT_ONLY = mask_of([Channel.IMPORT])


def task(profile: ProfileName = ProfileName.E_INTERVAL, mbus: int = 0, permits: Sequence[PermitRef] | None = None) -> Task:
    """Return a task over the day of the permits."""
    return Task(5, 1, profile, mbus, FIRST_S, LAST_S, tuple(permits or (permit(),)))


def job(
    port: int, tasks: Sequence[Task] | None = None, *, number: int = 1, frames: int = 60, model: MeterModel = MODEL
) -> headend.MeterJob:
    """Return a job for the meter at this port, with counters from 100."""
    chosen = tuple(tasks if tasks is not None else (task(),))
    return headend.MeterJob(
        number, "127.0.0.1", port, model, meter.OURS, meter.THEIRS, meter.EK, meter.AK, 100, 100 + frames, chosen
    )


@dataclass
class Stops:
    """A stop list that the test sets; it notes when it was consulted."""

    stopped_facts: set[tuple[str, int]] = field(default_factory=set)
    consulted: list[float] = field(default_factory=list)

    async def fresh(self, max_age_s: float) -> None:
        """Note that somebody asks."""
        self.consulted.append(max_age_s)
        await asyncio.sleep(0)

    def stopped(self, ref: PermitRef) -> bool:
        """Return whether any of the permit's facts is stopped."""
        return not self.stopped_facts.isdisjoint(ref.facts)


async def read_all(
    jobs: Collection[headend.MeterJob], limits: headend.Limits = QUICK, stops: headend.StopList | None = None
) -> list[headend.MeterAnswer]:
    """Read and collect."""
    return [answer async for answer in headend.read(list(jobs), limits=limits, stops=stops or Stops())]


def errand(chore: Chore, permits: Sequence[PermitRef] | None = None, *, mbus: int = 0, image: int = 0, meter: int = 1) -> Errand:
    """Return a chore over the day of the permits."""
    return Errand(5, meter, chore, mbus, FIRST_S, LAST_S, tuple(permits or (permit(),)), image)

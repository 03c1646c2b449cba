"""Whatever is done in whatever order, on a real registry: every stored life is legal, and no permit outlives its permission."""

from collections.abc import Callable
from contextlib import suppress
from datetime import date, datetime, timedelta
from functools import reduce
from random import Random

import psycopg
import pytest

from kwartier.grounds import permission as life
from kwartier.grounds.errors import GroundsError
from kwartier.grounds.permission import Event
from kwartier.model.errors import KwartierError
from kwartier.model.period import Period, midnight
from kwartier.model.permit import Permit
from kwartier.model.register import Kind
from kwartier.store.registry import permissions
from kwartier.workflows import permission
from kwartier.workflows.permission import desk, ends, mandates, reminders, requests
from permission_support import DAY, Home, claim, posted, wish
from registry_support import NOON, on

STEPS = 60
REQUEST_EVENTS = [
    event for event in Event if event.value in {"requested", "presented", "granted", "rejected", "timed_out", "found_invalid"}
]

INVALID_LATE = """
    select count(*) from kw.permission_request r join kw.request_event e on e.request = r.id
    where r.origin = 'party' and e.event = 'found_invalid' and e.at = %s
"""


class Anybody:
    """Does something about permissions at random, as time goes on; what is not possible is refused by an error of ours."""

    def __init__(self, home: Home, seed: int) -> None:
        """Begin."""
        self.home, self.draw, self.at, self.count = home, Random(seed), NOON, 0

    def act(self) -> None:
        """Do one thing."""
        self.at += timedelta(days=self.draw.choice([0, 1, 5, 20]), seconds=1)
        self.count += 1
        deeds: list[Callable[[], object]] = [
            self.ask,
            self.ask,
            self.claim,
            lambda: requests.grant(self.home.house, self.home.person, self.request(), at=self.at),
            lambda: requests.grant(self.home.house, self.home.person, self.request(), at=self.at),
            lambda: requests.reject(self.home.house, self.home.person, self.request(), at=self.at),
            lambda: mandates.veto(self.home.house, self.home.person, self.request(), at=self.at),
            lambda: permission.revoke(self.home.house, self.home.person, self.permission(), at=self.at),
            lambda: desk.take_back_by_letter(self.home.house, self.permission(), at=self.at),
            lambda: ends.terminate(self.home.house, self.home.code(), f"kw-{self.permission()}", at=self.at),
            lambda: reminders.renew(self.home.house, self.home.person, self.permission(), until=self.at + 400 * DAY, at=self.at),
            lambda: permission.keep_up(self.home.house, at=self.at),
            lambda: posted(self.home.house),
            self.sample,
            self.fail,
            self.raw,
        ]
        with suppress(KwartierError):
            self.draw.choice(deeds)()

    def ask(self) -> None:
        purpose, until = f"doel {self.draw.randrange(4)}", self.at + timedelta(days=self.draw.choice([-1, 30, 90, 9000]))
        kinds = self.draw.choice([(Kind.INTERVAL,), (Kind.DAY,), tuple(Kind), ()])
        requests.ask(
            self.home.house, self.home.code(), self.home.ean(), wish(purpose=purpose, until=until, kinds=kinds), at=self.at
        )

    def claim(self) -> None:
        begin = self.at + timedelta(days=self.draw.choice([0, 30]))
        one = claim(
            self.home, begin=begin, end=begin + 60 * DAY, reference=f"r{self.count}", purpose=f"doel {self.draw.randrange(4)}"
        )
        mandates.claim(self.home.house, self.home.code(), [one], at=self.at)

    def sample(self) -> None:
        mandates.sample(self.home.house, self.home.code(), most=1, seed=self.count, at=self.at)

    def fail(self) -> None:
        row = self.home.world.c.execute("select max(id) from kw.mandate_sample").fetchone()
        if row and row[0] and self.draw.randrange(6) == 0:
            mandates.show(self.home.house, row[0], held=False, at=self.at)

    def raw(self) -> None:
        """Write any event straight into the table, as a faulty program might."""
        event = self.draw.choice(REQUEST_EVENTS)
        with suppress(psycopg.errors.IntegrityError):
            self.home.world.c.execute(
                "insert into kw.request_event (request, at, event, because) values (%s, %s, %s, %s)",
                (self.request(), self.at, event.value, "scope" if event is Event.FOUND_INVALID else None),
            )

    def request(self) -> int:
        return self._any("permission_request")

    def permission(self) -> int:
        return self._any("permission")

    def _any(self, table: str) -> int:
        row = self.home.world.c.execute(f"select max(id) from kw.{table}".encode()).fetchone()  # noqa: S608 - a test's own words
        most = row[0] if row and row[0] else 0
        return self.draw.randint(max(1, most - 4), most + 1)


@pytest.mark.parametrize("seed", [2, 4, *(pytest.param(n, marks=pytest.mark.full) for n in range(5, 25))])
def test_every_stored_life_is_one_of_the_table(home: Home, seed: int) -> None:
    anybody = Anybody(home, seed)
    asked = requests.ask(home.house, home.code(), home.ean(), wish(purpose="vooraf"), at=NOON)
    requests.grant(home.house, home.person, asked.id, at=NOON)  # where no is said often, chance may give none
    for _ in range(STEPS):
        anybody.act()
    lives = home.events()
    assert len({reduce(life.next_state, events, None) for events in lives.values()}) > 1, (
        "raises NoTransition where the table has no such step"
    )
    long_after = anybody.at + 20_000 * DAY
    permission.keep_up(home.house, at=long_after)
    assert home.world.c.execute(INVALID_LATE, (long_after,)).fetchone() == (0,), "what ran out is not found invalid afterwards"
    final = {reduce(life.next_state, events, None) for events in home.events().values()}
    assert final <= {*life.FINAL}, "in the end each has its one answer, and each permission its one end"
    kinds = home.world.c.execute("select count(*) from kw.permission_event where event <> 'granted'").fetchone()
    assert kinds == home.world.c.execute("select count(*) from kw.permission").fetchone()


def test_a_life_that_no_table_has_is_seen() -> None:
    with pytest.raises(GroundsError):
        reduce(life.next_state, [Event.REQUESTED, Event.PRESENTED, Event.TIMED_OUT, Event.GRANTED], None)


# No permit outlives its permission

FIRST = date(2026, 1, 1)


def moment(days: int) -> datetime:
    return midnight(FIRST + timedelta(days=days))


def some(draw: Random, days: int = 40) -> Period:
    first, last = sorted(draw.sample(range(days), 2))
    return Period(moment(first), moment(last))


class Owner:
    """A registry in which everything may end: written at random, and told in plain words when each permission is over."""

    def __init__(self, home: Home, seed: int) -> None:
        """Write the facts."""
        draw, world = Random(seed), home.world
        self.live = {
            world.permission(home.connection, home.person, home.app, one, purpose=f"{n}"): one
            for n, one in enumerate([some(draw), some(draw)])
        }
        self.stay, self.bound = (
            Period(on("2020-01-01"), moment(draw.randrange(10, 60))),
            Period(on("2020-01-01"), moment(draw.randrange(10, 60))),
        )
        world.c.execute("update kw.occupancy set period = tstzrange(lower(period), %s)", (self.stay.end,))
        world.c.execute("update kw.agreement set period = tstzrange(lower(period), %s)", (self.bound.end,))
        self.refusal = some(draw) if draw.randrange(2) else None
        if self.refusal is not None:
            world.restriction(home.connection, self.refusal, kind="refused")
        self.revoked: dict[int, datetime] = {}
        for key, live in self.live.items():
            at = moment(draw.randrange(60)) + timedelta(hours=12)
            if draw.randrange(3) == 0 and live.contains(at):
                self.revoked[key] = at

    def over(self, key: int) -> datetime:
        """Return when a permission is over, one reason after the other."""
        live = self.live[key]
        assert live.end is not None and self.stay.end is not None and self.bound.end is not None  # noqa: PT018 - all three end
        found = [live.end, max(self.stay.end, live.start), max(self.bound.end, live.start)]
        if self.refusal is not None and self.refusal.overlaps(live):
            found.append(max(self.refusal.start, live.start))
        return min([*found, *(at for at in [self.revoked.get(key)] if at is not None)])

    def lets(self, at: datetime, about: datetime) -> bool:
        """Tell whether all but the permission allows it: the party is bound now, and the hour asked about was not refused."""
        assert self.bound.end is not None
        refused = self.refusal is not None and self.refusal.overlaps(Period(about, about + timedelta(hours=1)))
        return at < self.bound.end and not refused


@pytest.mark.parametrize("seed", [*range(3), *(pytest.param(n, marks=pytest.mark.full) for n in range(3, 60))])
def test_no_permit_outlives_its_permission(home: Home, seed: int) -> None:
    owner = Owner(home, seed)
    for day in range(0, 62, 3):
        at = moment(day) + timedelta(hours=13)
        for key, revoked in owner.revoked.items():
            if at - 3 * DAY < revoked <= at:
                try:
                    permission.revoke(home.house, home.person, key, at=revoked)
                except permission.NoSuchPermission:
                    assert owner.over(key) < revoked, "it had ended before"
        about = moment(1)
        unwritten = home.may(at, day=about)
        ends.sweep(home.house, at=at)
        with home.house.operator() as c:
            rows = {row.id: row for row in permissions.of_subject(c, home.person)}
        for key, row in rows.items():
            over = owner.over(key)
            assert (row.ended_at if row.ended is not None else None) == (over if over <= at else None)
            if over <= at:
                assert row.live is None or row.live.end == over
        alive = [key for key in rows if owner.over(key) > at and owner.live[key].start <= at]
        for answer in (unwritten, home.may(at, day=about)):
            assert isinstance(answer, Permit) == bool(alive and owner.lets(at, about))
            if isinstance(answer, Permit):
                assert {number for table, number in answer.facts if table == "permission"} <= set(alive)

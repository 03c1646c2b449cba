"""A home whose customer can be asked for permissions, and parties that ask."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from kwartier.grounds import permission as life
from kwartier.grounds.decide import decide
from kwartier.model.ean import Ean
from kwartier.model.ground import Action, DataClass, Purpose, Refusal, Request, Requester, Role
from kwartier.model.period import Period
from kwartier.model.permit import Permit
from kwartier.model.register import GAS_MASK, INTERVAL_MASK, Direction, Kind, Product
from kwartier.store.registry import facts
from kwartier.workflows.installation import Installation
from kwartier.workflows.permission import mandates
from kwartier.workflows.permission.placing import Claim
from kwartier.workflows.permission.requests import Wish
from registry_support import ALWAYS, NOON, World, on

E_INTERVAL = INTERVAL_MASK & ~GAS_MASK
UNTIL = on("2027-03-10")
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Home:
    """One electricity connection, who lives there, and an app that is bound by an agreement."""

    house: Installation
    world: World
    connection: int
    person: int
    app: int

    @classmethod
    def begin(cls, house: Installation, world: World) -> "Home":
        """Write the facts."""
        connection, person, app = world.connection(), world.subject(), world.party("third_party")
        world.occupancy(connection, person)
        world.agreement(app)
        return cls(house, world, connection, person, app)

    def code(self, party: int | None = None) -> str:
        """Return the public code of a party, by default of the app."""
        return str(self._one("select code from kw.party where key = %s", party or self.app))

    def ean(self) -> Ean:
        """Return the EAN of the connection."""
        return Ean(str(self._one("select ean from kw.connection where key = %s", self.connection)))

    def _one(self, query: str, key: int) -> Any:  # noqa: ANN401 - whatever stands there
        row = self.world.c.execute(query.encode(), (key,)).fetchone()
        assert row is not None
        return row[0]

    def may(self, at: datetime, *, party: int | None = None, day: datetime = NOON) -> Permit | Refusal:
        """Decide whether the app may be handed an hour of quarter-hours, from the registry as it is."""
        with self.house.operator() as c:
            known = facts.facts(c, self.connection, year=day.year)
        who, hour = Requester(Role.THIRD_PARTY, party or self.app), Period(day, day + timedelta(hours=1))
        asked = Request(who, Action.DELIVER, Purpose.THIRD_PARTY_SERVICE, self.connection, E_INTERVAL, hour, DataClass.PROFILE)
        return decide(asked, known, at=at)

    def events(self) -> dict[int, list[life.Event]]:
        """Return by request what happened to it, and to the permission that answers it, in order."""
        rows = self.world.c.execute(
            "select request, event from ("
            " select request, 0 as part, id, event from kw.request_event union all"
            " select p.request, 1, e.id, e.event from kw.permission_event e join kw.permission p on p.id = e.permission"
            " where e.event <> 'granted' and p.request is not null) as said order by request, part, id"
        ).fetchall()
        found: dict[int, list[life.Event]] = {}
        for request, event in rows:
            found.setdefault(request, []).append(life.Event(event))
        return found

    def ended(self) -> list[tuple[str, datetime, str | None]]:
        """Return how permissions ended: event, when, because of what."""
        return self.world.c.execute(
            "select event, at, because from kw.permission_event where event <> 'granted' order by id"
        ).fetchall()

    def told(self) -> list[tuple[str, datetime]]:
        """Return what the log was told of permissions and mandates, in the order in which it was."""
        query = (
            "select kind, at from (select id, kind, at from audit.pending union all select id, kind, at from audit.entry) as said"
            " where kind ~ '^(permission|mandate|suspension):' order by id"
        )
        return self.world.c.execute(query.encode()).fetchall()


def posted(house: Installation) -> None:
    """Let whoever prints and posts take the letters that lie there."""
    for path in house.letters.glob("*.letter.json"):
        path.unlink(missing_ok=True)


def silence(house: Installation, *, at: datetime) -> int:
    """Let what was claimed, and nobody vetoed, begin: the letters were posted. Returns how many began."""
    posted(house)
    return mandates.due(house, at=at)


def wish(**changes: Any) -> Wish:  # noqa: ANN401 - whatever a wish has
    """Return what an app commonly wants."""
    values: dict[str, Any] = {
        "product": Product.ELECTRICITY,
        "kinds": (Kind.INTERVAL, Kind.DAY),
        "direction": Direction.COMBINED,
        "purpose": "inzicht",
        "data": ALWAYS,
        "until": UNTIL,
    }
    return Wish(**(values | changes))


def claim(home: Home, **changes: Any) -> Claim:  # noqa: ANN401 - whatever a claim has
    """Return what an app commonly claims."""
    values: dict[str, Any] = {
        "ean": home.ean(),
        "begin": NOON,
        "end": UNTIL,
        "reference": "consent-1",
        "kinds": (Kind.INTERVAL, Kind.DAY),
        "direction": Direction.COMBINED,
        "purpose": "inzicht",
        "data": ALWAYS,
    }
    return Claim(**(values | changes))

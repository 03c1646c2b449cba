"""A small world in the registry, said in few words: every method writes one fact as the operator and returns its key."""

from collections.abc import Sequence
from concurrent.futures import Future
from datetime import UTC, date, datetime, timedelta
from typing import Any

from psycopg import Connection

from kwartier.model.ean import check_digit
from kwartier.model.period import Period, midnight
from kwartier.model.register import ALL_MASK, Mask
from kwartier.model.task import ProfileName, Result, Task
from kwartier.store.registry import nights

DAY = date(2026, 3, 10)
NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
ALWAYS = Period(midnight(date(2020, 1, 1)))
PERMIT = bytes(range(16))


def on(text: str) -> datetime:
    """Return the local midnight of an ISO date."""
    return midnight(date.fromisoformat(text))


def between(first: str, last: str | None = None) -> Period:
    """Return the time between two local midnights, or from one on."""
    return Period(on(first), None if last is None else on(last))


def ean(number: int) -> str:
    """Return the digits of a valid EAN-18."""
    digits = f"8716{number:013d}"
    return f"{digits}{check_digit(digits)}"


class World:
    """Writes facts. Names are counted, so that each is new."""

    def __init__(self, c: Connection[Any]) -> None:
        """Write through this connection, in its transaction."""
        self.c = c
        self._count = 0

    def new(self, table: str, **values: object) -> int:
        """Insert one row and return its key."""
        for name, value in values.items():
            if isinstance(value, Period):
                values[name] = f"[{value.start},{value.end or ''})"
        key = {"connection", "transformer", "subject", "party", "meter"}
        names, places = ", ".join(values), ", ".join(["%s"] * len(values))
        query = f"insert into kw.{table} ({names}) values ({places}) returning {'key' if table in key else 'id'}"  # noqa: S608 - a test's own words
        found = self.c.execute(query.encode(), list(values.values())).fetchone()
        assert found is not None
        return int(found[0])

    def number(self) -> int:
        """Return the next number."""
        self._count += 1
        return self._count

    def transformer(self, area: str = "wijk-01") -> int:
        """Place a transformer."""
        return self.new("transformer", name=f"T{self.number():04d}", area=area)

    def connection(self, product: str = "electricity", area: str = "wijk-01", transformer: int | None = None) -> int:
        """Make a connection."""
        return self.new(
            "connection", ean=ean(self.number()), product=product, area=area, transformer=transformer, capacity_w=17_250
        )

    def subject(self, code: str | None = None, recorded: datetime = ALWAYS.start) -> int:
        """Let somebody exist."""
        return self.new("subject", code=code or f"C{self.number()}", recorded=recorded)

    def party(self, role: str = "supplier") -> int:
        """Let a party exist."""
        return self.new("party", code=f"P{self.number()}", name="A party", role=role)

    def occupancy(self, connection: int, subject: int, period: Period = ALWAYS) -> int:
        """Let somebody live somewhere."""
        return self.new("occupancy", connection=connection, subject=subject, period=period)

    def supply(self, connection: int, party: int, period: Period = ALWAYS) -> int:
        """Let a supplier supply."""
        return self.new("supply", connection=connection, party=party, period=period)

    def agreement(self, party: int, period: Period = ALWAYS) -> int:
        """Bind a party to the law."""
        return self.new("agreement", party=party, period=period)

    def suspension(self, party: int, period: Period, because: str = "assurance_missed") -> int:
        """Suspend a party."""
        return self.new("suspension", party=party, period=period, because=because)

    def permission(
        self,
        connection: int,
        subject: int,
        party: int | None,
        live: Period = ALWAYS,
        *,
        purpose: str = "inzicht",
        mask: Mask = ALL_MASK,
    ) -> int:
        """Give a permission."""
        return self.new(
            "permission", connection=connection, subject=subject, party=party, mask=mask, purpose=purpose, data=ALWAYS, live=live
        )

    def restriction(self, connection: int, period: Period = ALWAYS, kind: str = "administratively_off") -> int:
        """Refuse the meter or have it switched off."""
        return self.new("restriction", connection=connection, kind=kind, period=period)

    def use_case(
        self,
        area: str = "wijk-01",
        purpose: str = "energy_loss",
        approved: Period | None = None,
        *,
        data_class: str = "profile",
        mask: Mask = 6,
    ) -> int:
        """Register a use case over 2026, approved for as long unless told otherwise."""
        year = between("2026-01-01", "2027-01-01")
        return self.new(
            "use_case",
            code=f"U{self.number()}",
            purpose=purpose,
            data_class=data_class,
            mask=mask,
            area=area,
            days=year,
            approved=approved or year,
            approved_by="the privacy officer",
            yearly_limit=14,
            min_group=10,
            necessity="n",
            subsidiarity="s",
            proportionality="p",
        )

    def meter(self, connection: int | None = None, transformer: int | None = None, placed: Period = ALWAYS) -> int:
        """Place a meter with keys."""
        n = self.number()
        title = b"KWS" + n.to_bytes(5, "big")
        key = self.new(
            "meter",
            equipment_id=f"E{n}",
            model="SMR5",
            host=f"127.0.0.{n}",
            port=4059,
            system_title=title,
            connection=connection,
            transformer=transformer,
            placed=placed,
        )
        self.c.execute("insert into kw.meter_key (meter, guek, gak) values (%s, %s, %s)", (key, b"g" * 24, b"a" * 24))
        return key

    def conventional(self, connection: int, placed: Period = ALWAYS, digits: int = 6) -> int:
        """Place a meter that no wire reads."""
        model = f"conventional-{digits}"
        return self.new("meter", equipment_id=f"E{self.number()}", model=model, connection=connection, placed=placed)

    def coupling(self, meter: int, connection: int, period: Period = ALWAYS, mbus: int = 1) -> int:
        """Couple a gas meter."""
        return self.new("coupling", meter=meter, mbus=mbus, connection=connection, period=period)

    def home(self, placed: Period = ALWAYS) -> tuple[int, int, int]:
        """Make an electricity and a gas connection on one meter: (electricity, gas, meter)."""
        electricity, gas = self.connection(), self.connection("gas")
        meter = self.meter(electricity, placed=placed)
        self.coupling(meter, gas)
        return electricity, gas, meter


def task(connection: int, meter: int, day: date = DAY, profile: ProfileName = ProfileName.E_INTERVAL) -> Task:
    """Return a task about one local day."""
    first = int(midnight(day).timestamp())
    last = int(midnight(day + timedelta(days=1)).timestamp())
    return Task(connection, meter, profile, 0, first, last, ())


def outcome(of: Task, result: Result = Result.READ, permits: Sequence[bytes] = (PERMIT,), at: datetime = NOON) -> nights.OutcomeRow:
    """Return how a task ended."""
    return nights.OutcomeRow(of, result, None, b"".join(permits) if result is Result.READ else b"", at)


def waits_for_a_lock(c: Connection[Any], work: Future[Any]) -> None:
    """Return once somebody waits for a lock, or the work is done without. Asked outside of a transaction."""
    waiting = "select from pg_locks l join pg_stat_activity a using (pid) where not l.granted and a.datname = current_database()"
    while c.execute(waiting).fetchone() is None and not work.done():
        pass

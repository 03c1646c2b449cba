"""Worlds and questions for the rules of grounds and planning, drawn from one seed."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from random import Random

from kwartier.grounds import conduct
from kwartier.model.ground import (
    USAGE,
    Action,
    Agreement,
    DataClass,
    Facts,
    Occupancy,
    Permission,
    Purpose,
    Request,
    Requester,
    Restriction,
    RestrictionKind,
    Role,
    Supply,
    Suspension,
    UseCase,
)
from kwartier.model.period import Period, midnight
from kwartier.model.register import DAY_MASK, GAS_MASK, INTERVAL_MASK

FIRST = date(2025, 12, 27)  # the edition changes on the sixth day
YEAR_BEFORE = date(2025, 1, 1)
DAYS = 12
SUBJECTS, SUPPLIERS, APPS, CASES = (1, 2), (50, 51), (60, 61), (41, 42)
USES = (
    (Purpose.ENERGY_LOSS, DataClass.PROFILE),
    (Purpose.OUTAGE, DataClass.PROFILE),
    (Purpose.DANGER, DataClass.PROFILE),
    (Purpose.DEVICE_CARE, DataClass.DEVICE_STATE),
    (Purpose.FIRMWARE_UPDATE, DataClass.FIRMWARE),
)
OF_DEVICES = {Purpose.FIRMWARE_UPDATE: DataClass.FIRMWARE, Purpose.ADMINISTRATIVE_STATUS: DataClass.ADMINISTRATIVE_STATUS}
E_DAY, E_INTERVAL = DAY_MASK & ~GAS_MASK, INTERVAL_MASK & ~GAS_MASK


class World:
    """Worlds and questions drawn from one seed: mostly such that some row could say yes, now and then anything else."""

    def __init__(self, seed: int) -> None:
        """Start from the seed: the same seed gives the same world."""
        self.draw = Random(seed)

    def seldom(self, one_in: int) -> bool:
        return self.draw.randrange(one_in) == 0

    def midnight(self) -> datetime:
        return midnight(date(2026, 1, 1) if self.seldom(4) else FIRST + timedelta(days=self.draw.randrange(DAYS + 1)))

    def moment(self) -> datetime:
        return self.midnight() + timedelta(hours=self.draw.choice([0, 12]))

    def mask(self) -> int:
        return self.draw.choice([E_DAY, E_INTERVAL, E_DAY | E_INTERVAL, 2, 4, 16, GAS_MASK])

    def closed(self) -> Period:
        first, last = sorted(self.draw.sample(range(DAYS + 1), 2))
        return Period(midnight(FIRST + timedelta(days=first)), midnight(FIRST + timedelta(days=last)))

    def period(self) -> Period:
        return self.draw.choice([self.closed(), Period(self.midnight()), Period(midnight(FIRST)), Period(midnight(FIRST))])

    def stretches(self) -> list[Period]:
        """Return periods that follow each other without overlap, here and there with a gap."""
        inner = sorted(self.draw.sample(range(1, DAYS + 1), self.draw.randrange(4)))
        starts = [midnight(day) for day in (self.draw.choice([FIRST, YEAR_BEFORE]), *(FIRST + timedelta(days=n) for n in inner))]
        ends = [*starts[1:], None]
        return [Period(start, end) for start, end in zip(starts, ends, strict=True) if not self.seldom(6)]

    def facts(self) -> Facts:
        pick = self.draw.choice
        roles = [*((party, Role.SUPPLIER) for party in SUPPLIERS), *((party, Role.THIRD_PARTY) for party in APPS)]
        agreements = [Agreement(i, party, role, self.period()) for i, (party, role) in enumerate(roles, 300)]
        return Facts(
            connection=7,
            area="north",
            occupancies=tuple(Occupancy(i, pick(SUBJECTS), p) for i, p in enumerate(self.stretches(), 100)),
            supplies=tuple(Supply(i, pick(SUPPLIERS), p) for i, p in enumerate(self.stretches(), 200)),
            agreements=tuple(agreement for agreement in agreements if not self.seldom(8)),
            permissions=tuple(self.permission(i) for i in range(400, 400 + self.draw.randrange(1, 5))),
            restrictions=(Restriction(500, pick(list(RestrictionKind)), self.period()),) if self.seldom(6) else (),
            use_cases=tuple(self.use_case(i) for i in CASES),
            used_days={41: frozenset(self.draw.sample(["2026-01-01", "2026-01-02", "2026-01-03"], self.draw.randrange(4)))},
            suspensions=(Suspension(600, pick([*SUPPLIERS, *APPS]), self.period()),) if self.seldom(6) else (),
        )

    def permission(self, number: int) -> Permission:
        pick = self.draw.choice
        return Permission(number, pick(SUBJECTS), pick([*APPS, None]), self.mask(), "words", self.period(), self.period())

    def use_case(self, number: int) -> UseCase:
        purpose, data_class = self.draw.choice(USES)
        area = "south" if self.seldom(6) else "north"
        mask = E_INTERVAL if data_class in USAGE else 0
        return UseCase(number, purpose, data_class, mask, area, self.period(), self.period(), self.draw.randrange(1, 9), 5)

    def question(self) -> Request:
        pick = self.draw.choice
        row = pick(conduct.EDITIONS[1].grants)
        assert row.role is not None
        assert row.purpose is not None
        ids = {Role.CUSTOMER: SUBJECTS, Role.SUPPLIER: SUPPLIERS, Role.THIRD_PARTY: APPS, Role.OPERATOR: CASES}[row.role]
        mask, action = pick([E_DAY, E_INTERVAL, 2, 16]) & row.mask, pick(row.actions)
        mask = mask or row.mask & E_DAY or row.mask & E_INTERVAL
        data_class = DataClass.PROFILE if mask else OF_DEVICES.get(row.purpose, DataClass.DEVICE_STATE)
        if self.seldom(8):
            mask, data_class, action = self.mask(), pick(list(DataClass)), pick(list(Action))
        purpose = pick(list(Purpose)) if self.seldom(10) else row.purpose
        start = self.midnight()
        period = Period(start, start + timedelta(days=pick([0, 0, 1, 1, 2])))
        who = Requester(row.role, 0 if row.purpose is Purpose.ADMINISTRATIVE_STATUS and not self.seldom(4) else pick(ids))
        return Request(who, action, purpose, 0 if row.station else 7, mask, period, data_class)

    def case(self) -> tuple[Request, Facts, datetime]:
        facts, request = self.facts(), self.question()
        return request, facts if self.seldom(20) else replace(facts, connection=request.connection), self.moment()

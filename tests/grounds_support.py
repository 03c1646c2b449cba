"""Worlds and questions for the rules of grounds and planning, drawn from one seed."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from random import Random

from kwartier.grounds import conduct
from kwartier.model.ground import (
    Action,
    Agreement,
    DataClass,
    Facts,
    Hold,
    Objection,
    Occupancy,
    Permission,
    Purpose,
    Request,
    Requester,
    Restriction,
    RestrictionKind,
    Role,
    SupplierDefault,
    Supply,
    Suspension,
    UseCase,
)
from kwartier.model.period import Period, midnight
from kwartier.model.register import DAY_MASK, GAS_MASK, INTERVAL_MASK

FIRST = date(2025, 12, 27)  # the edition changes on the sixth day
DAYS = 12
SUBJECTS, SUPPLIERS, APPS, CASES = (1, 2), (50, 51), (60, 61), (41, 42)

USES = (
    (Purpose.ENERGY_LOSS, DataClass.PROFILE),
    (Purpose.OUTAGE, DataClass.PROFILE),
    (Purpose.DANGER, DataClass.PROFILE),
    (Purpose.DEVICE_CARE, DataClass.DEVICE_STATE),
    (Purpose.FIRMWARE_UPDATE, DataClass.FIRMWARE),
    (Purpose.ALLOCATION, DataClass.REGISTER),
    (Purpose.RECONCILIATION, DataClass.REGISTER),
)
OF_DEVICES = {Purpose.FIRMWARE_UPDATE: DataClass.FIRMWARE, Purpose.ADMINISTRATIVE_STATUS: DataClass.ADMINISTRATIVE_STATUS}
OF_NO_CASE = {Purpose.ADMINISTRATIVE_STATUS, Purpose.SUPPLIER_DEFAULT}
E_DAY, E_INTERVAL = DAY_MASK & ~GAS_MASK, INTERVAL_MASK & ~GAS_MASK


def is_by_hand(request: Request) -> bool:
    """True for what a restriction does not speak of: a register that somebody took at the meter, handed over."""
    return request.purpose is Purpose.HAND_READING and request.action is Action.DELIVER


class World:
    """Worlds and questions drawn from one seed: mostly such that some row could say yes, now and then anything else."""

    def __init__(self, seed: int) -> None:
        """Start from the seed: the same seed gives the same world."""
        self.draw = Random(seed)
        years = seed % 2  # whether it is about the turn to the year 2026, or to 2027
        self.edition = conduct.EDITIONS[1 + years]
        self.first = date(FIRST.year + years, FIRST.month, FIRST.day)

    def seldom(self, one_in: int) -> bool:
        return self.draw.randrange(one_in) == 0

    def midnight(self) -> datetime:
        turn = self.edition.in_force.start
        return turn if self.seldom(4) else midnight(self.first + timedelta(days=self.draw.randrange(DAYS + 1)))

    def moment(self) -> datetime:
        return self.midnight() + timedelta(hours=self.draw.choice([0, 12]))

    def mask(self) -> int:
        return self.draw.choice([E_DAY, E_INTERVAL, E_DAY | E_INTERVAL, 2, 4, 16, GAS_MASK])

    def closed(self) -> Period:
        first, last = sorted(self.draw.sample(range(DAYS + 1), 2))
        return Period(midnight(self.first + timedelta(days=first)), midnight(self.first + timedelta(days=last)))

    def period(self) -> Period:
        always = Period(midnight(self.first))
        return self.draw.choice([self.closed(), Period(self.midnight()), always, always])

    def stretches(self) -> list[Period]:
        """Return periods that follow each other without overlap, here and there with a gap."""
        inner = sorted(self.draw.sample(range(1, DAYS + 1), self.draw.randrange(4)))
        starts = [midnight(day) for day in (self._since(), *(self.first + timedelta(days=n) for n in inner))]
        ends = [*starts[1:], None]
        return [Period(start, end) for start, end in zip(starts, ends, strict=True) if not self.seldom(6)]

    def _since(self) -> date:
        """Draw since when somebody lives there, or supplies: of late, for a year, or for fourteen months."""
        year = self.first.year - 1
        return self.draw.choice([self.first, self.first, date(year, 1, 1), date(year, 11, 1)])

    def facts(self) -> Facts:
        pick = self.draw.choice
        return Facts(
            connection=7,
            area="north",
            occupancies=tuple(Occupancy(i, pick(SUBJECTS), p) for i, p in enumerate(self.stretches(), 100)),
            supplies=tuple(Supply(i, pick(SUPPLIERS), p) for i, p in enumerate(self.stretches(), 200)),
            agreements=self.agreements(),
            permissions=self.permissions(),
            restrictions=(Restriction(500, pick(list(RestrictionKind)), self.period()),) if self.seldom(6) else (),
            use_cases=tuple(self.use_case(i) for i in CASES),
            used_days={
                41: frozenset(self.draw.sample([f"{self.first.year + 1}-01-0{n}" for n in (1, 2, 3)], self.draw.randrange(4)))
            },
            defaults=tuple(
                SupplierDefault(i, party, self.period()) for i, party in enumerate(SUPPLIERS, 700) if not self.seldom(3)
            ),
            suspensions=(Suspension(600, pick([*SUPPLIERS, *APPS]), self.period()),) if self.seldom(6) else (),
            holds=(Hold(600, pick(SUBJECTS), self.period()),) if self.seldom(8) else (),
            objections=self.objections() if self.seldom(4) else (),
        )

    def agreements(self) -> tuple[Agreement, ...]:
        """Of half of the parties one, of others two of which the second follows at once or after a gap, of few none."""
        roles = [*((party, Role.SUPPLIER) for party in SUPPLIERS), *((party, Role.THIRD_PARTY) for party in APPS)]
        held = [(party, role, period) for party, role in roles if not self.seldom(8) for period in self.held()]
        return tuple(Agreement(i, *each) for i, each in enumerate(held, 300))

    def held(self) -> list[Period]:
        if self.seldom(2):
            return [self.period()]
        end = midnight(self.first + timedelta(days=self.draw.randrange(1, DAYS - 2)))
        return [Period(midnight(self.first), end), Period(end + timedelta(days=self.draw.choice([0, 1, 2])))]

    def permissions(self) -> tuple[Permission, ...]:
        """Some, and now and then one that renews the one before it from where that ends."""
        given: list[Permission] = []
        for number in range(400, 400 + self.draw.randrange(1, 5)):
            before = given[-1] if given else None
            if before is not None and before.live.end is not None and not self.seldom(3):
                given.append(replace(before, id=number, live=Period(before.live.end), renews=before.id))
            else:
                given.append(self.permission(number))
        return tuple(given)

    def permission(self, number: int) -> Permission:
        pick = self.draw.choice
        return Permission(number, pick(SUBJECTS), pick([*APPS, None]), self.mask(), "words", self.period(), self.period())

    def objections(self) -> tuple[Objection, ...]:
        """Somebody objects to whatever can be objected to."""
        who, when = self.draw.choice(SUBJECTS), self.period()
        return tuple(Objection(700 + n, who, purpose, when) for n, (purpose, _) in enumerate(USES))

    def use_case(self, number: int) -> UseCase:
        purpose, data_class = self.draw.choice(USES)
        area = "south" if self.seldom(6) else "north"
        mask = {DataClass.PROFILE: E_INTERVAL, DataClass.REGISTER: E_DAY}.get(data_class, 0)
        return UseCase(number, purpose, data_class, mask, area, self.period(), self.period(), self.draw.randrange(1, 9), 5)

    def question(self, facts: Facts | None = None) -> Request:
        pick = self.draw.choice
        row = pick(self.edition.grants)
        assert row.role is not None
        assert row.purpose is not None
        ids: tuple[int, ...] = {Role.CUSTOMER: SUBJECTS, Role.SUPPLIER: SUPPLIERS, Role.THIRD_PARTY: APPS, Role.OPERATOR: CASES}[
            row.role
        ]
        named = [case.id for case in facts.use_cases if case.purpose is row.purpose] if facts is not None else []
        if row.role is Role.OPERATOR and named and not self.seldom(6):
            ids = tuple(named)
        mask, action = pick([E_DAY, E_INTERVAL, 2, 16]) & row.mask, pick(row.actions)
        mask = mask or row.mask & E_DAY or row.mask & E_INTERVAL
        data_class = DataClass.PROFILE if mask else OF_DEVICES.get(row.purpose, DataClass.DEVICE_STATE)
        if DataClass.REGISTER in row.data_classes and DataClass.PROFILE not in row.data_classes:
            data_class = DataClass.REGISTER
        if self.seldom(8):
            mask, data_class, action = self.mask(), pick(list(DataClass)), pick(list(Action))
        purpose = pick(list(Purpose)) if self.seldom(10) else row.purpose
        start, days = self.midnight(), pick([0, 0, 1, 1, 2])
        if row.purpose is Purpose.SUPPLIER_DEFAULT and facts is not None and facts.supplies and not self.seldom(4):
            start, days = pick(facts.supplies).period.end or start, 0
        if row.purpose is Purpose.HAND_READING and facts is not None and facts.restrictions and not self.seldom(4):
            start, days = facts.restrictions[0].period.start + timedelta(hours=self.draw.randrange(3)), 0
        period = Period(start, start + timedelta(days=days))
        who = Requester(row.role, 0 if row.purpose in OF_NO_CASE and not self.seldom(4) else pick(ids))
        return Request(who, action, purpose, 0 if row.station else 7, mask, period, data_class)

    def case(self) -> tuple[Request, Facts, datetime]:
        facts = self.facts()
        request = self.question(facts)
        return request, facts if self.seldom(20) else replace(facts, connection=request.connection), self.moment()

    def consented(self) -> tuple[Request, Facts, datetime]:
        """Return a world in which an app asks for a day of what somebody permitted, while that lives; any case where nobody did."""
        facts = self.facts()
        given = [one for one in facts.permissions if one.party is not None and one.mask & INTERVAL_MASK]
        if not given:
            return self.case()
        one = self.draw.choice(given)
        mine = [home.period.meet(one.data) for home in facts.occupancies if home.subject == one.subject]
        start = self.draw.choice([*(each.start for each in mine if each is not None), one.data.start])
        assert one.party is not None
        who, day = Requester(Role.THIRD_PARTY, one.party), Period(start, start + timedelta(days=1))
        mask = one.mask & INTERVAL_MASK
        ask = Request(who, Action.DELIVER, Purpose.THIRD_PARTY_SERVICE, 7, mask, day, DataClass.PROFILE)
        return ask, facts, max((at for at in (self.moment() for _ in range(4)) if one.live.contains(at)), default=one.live.start)

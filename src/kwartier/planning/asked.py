"""Every question that somebody could ask of a connection about one day: what a change of the code of conduct is tried on.

Beside what a night reads and hands over (`due`), these are the customer's look at the own page, the operator's visits under its use
cases, the switch that a customer chose, and what somebody read at the meter.
"""

from collections.abc import Iterator
from datetime import date, datetime

from kwartier.grounds.rule import Edition
from kwartier.model.ground import Action, DataClass, Facts, Purpose, Request, Requester, RestrictionKind, Role
from kwartier.model.period import Period, day_period
from kwartier.model.register import ALL_MASK, DAY_MASK, GAS_MASK, INTERVAL_MASK, Mask, Product
from kwartier.planning import due

_SETS = frozenset({DataClass.FIRMWARE, DataClass.ADMINISTRATIVE_STATUS})
"""What is set at the meter, not looked at alone."""


def asked(facts: Facts, product: Product, day: date, edition: Edition, *, at: datetime) -> list[Request]:
    """Return them all, each once, in a fixed order; what is due follows the edition."""
    channels = GAS_MASK if product is Product.GAS else ALL_MASK & ~GAS_MASK
    return list(
        dict.fromkeys(
            [
                *due.due(facts, product, day, at=at, edition=edition),
                *due.deliveries(facts, product, day, at=at, edition=edition),
                *_looks(facts, channels, day),
                *_visits(facts, channels, day, at),
                *_switches(facts, product, at),
                *_by_hand(facts, channels, day),
            ]
        )
    )


def _looks(facts: Facts, channels: Mask, day: date) -> Iterator[Request]:
    """Yield what each occupant of that day sees of it on the own page: intervals, and registers at its bounds."""
    for home in facts.occupancies:
        mine = home.period.meet(day_period(day))
        if mine is None:
            continue
        who = Requester(Role.CUSTOMER, home.subject)
        for mask, data_class in ((channels & INTERVAL_MASK, DataClass.PROFILE), (channels & DAY_MASK, DataClass.REGISTER)):
            yield Request(who, Action.VIEW, Purpose.OWN_ACCESS, facts.connection, mask, mine, data_class)


def _visits(facts: Facts, channels: Mask, day: date, at: datetime) -> Iterator[Request]:
    """Yield what is asked of the meter under use cases that are approved, other than for the energy loss, which `due` asks."""
    for case in facts.use_cases:
        if case.purpose is Purpose.ENERGY_LOSS or not case.approved.contains(at):
            continue
        mask = case.mask & channels
        if bool(case.mask) != bool(mask):
            continue
        action = Action.WRITE if case.data_class in _SETS else Action.READ
        period = day_period(day) if mask else Period(at, at)
        yield Request(Requester(Role.OPERATOR, case.id), action, case.purpose, facts.connection, mask, period, case.data_class)


def _by_hand(facts: Facts, channels: Mask, day: date) -> Iterator[Request]:
    """Yield what each supplier would be handed of a reading taken as the day ends, where the meter is not read remotely then."""
    closes = day_period(day).end or day_period(day).start
    moment = Period(closes, closes)
    if any(one.period.touches(moment) for one in facts.restrictions):
        for supply in facts.supplies:
            if supply.period.covers(moment):
                who, about = Requester(Role.SUPPLIER, supply.party), (moment, DataClass.REGISTER)
                yield Request(who, Action.DELIVER, Purpose.HAND_READING, facts.connection, channels & DAY_MASK, *about)


def _switches(facts: Facts, product: Product, at: datetime) -> Iterator[Request]:
    """Yield the switch at the meter where the customer ever chose it; it is the electricity meter's."""
    if product is Product.ELECTRICITY and any(r.kind is RestrictionKind.ADMINISTRATIVELY_OFF for r in facts.restrictions):
        who, about = Requester(Role.OPERATOR, 0), (Period(at, at), DataClass.ADMINISTRATIVE_STATUS)
        yield Request(who, Action.WRITE, Purpose.ADMINISTRATIVE_STATUS, facts.connection, 0, *about)

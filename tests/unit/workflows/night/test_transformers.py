"""Of the sums that a night tells of a street, none, and no sum or difference of several, is about fewer homes than the group."""

from datetime import date
from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from kwartier.grounds.decide import decide
from kwartier.model.ground import DataClass, Facts, Occupancy, Purpose, Request, UseCase
from kwartier.model.period import Period, day_period, midnight
from kwartier.model.permit import Permit
from kwartier.model.register import GAS_MASK, INTERVAL_MASK, Product
from kwartier.planning import due
from kwartier.store.registry.facts import ConnectionRow, StationRow, Wired
from kwartier.workflows.night.transformers import Transformer

DAY = date(2026, 5, 12)
AT = midnight(date(2026, 5, 13))
LONG = Period(midnight(date(2020, 1, 1)))
QUARTERS = INTERVAL_MASK & ~GAS_MASK


def permitted(facts: Facts) -> list[Permit]:
    answers = [decide(request, facts, at=AT) for request in due.due(facts, Product.ELECTRICITY, DAY, at=AT)]
    return [one for one in answers if isinstance(one, Permit)]


def case(min_group: int) -> UseCase:
    return UseCase(41, Purpose.ENERGY_LOSS, DataClass.PROFILE, QUARTERS, "north", LONG, LONG, 3, min_group)


def home(key: int, kind: str, min_group: int) -> ConnectionRow:
    """Return a home: to be read, empty, without a meter, or read as often this year as it may be."""
    lived = () if kind == "empty" else (Occupancy(key, key, LONG),)
    used = {41: frozenset({"2026-02-02", "2026-03-02", "2026-04-02"})} if kind == "spent" else {}
    known = Facts(key, "north", occupancies=lived, use_cases=(case(min_group),), used_days=used)
    wired = None if kind == "no meter" else Wired(key, "SMR5", 0, LONG.start)
    return ConnectionRow(key, Product.ELECTRICITY, "north", 1, 17_250, known, wired, "1:1:")


@settings(max_examples=500)
@given(st.lists(st.sampled_from(["read", "read", "read", "empty", "no meter", "spent"]), max_size=40), st.integers(2, 10))
def test_no_sum_and_no_difference_of_sums_is_about_fewer_than_the_group(kinds: list[str], min_group: int) -> None:
    station = Facts(0, "north", use_cases=(case(min_group),))
    street = Transformer(StationRow(1, "north", 900, "SMR5", station), permitted(station)[0])
    for key, kind in enumerate(kinds, 1):
        one = home(key, kind, min_group)
        street.add(one, permitted(one.facts), DAY)
    if street.untold() is not None:
        return
    read = street.read()
    assert read <= {key for key, kind in enumerate(kinds, 1) if kind in {"read", "empty"}}
    people = [key for key, kind in enumerate(kinds, 1) if kind != "empty"]
    # what anybody can make of the two sums that are told: infeed (all homes, and a loss that can be guessed) and homes read
    for whole, part in product(range(-2, 3), repeat=2):
        about = [key for key in people if whole + (part if key in read else 0)]
        assert not about or len(about) >= min_group


def test_a_home_that_was_read_as_often_as_it_may_be_is_not_read() -> None:
    request: Request = due.due(home(1, "spent", 5).facts, Product.ELECTRICITY, DAY, at=AT)[0]
    assert decide(request, home(1, "spent", 5).facts, at=AT).rule == "F11"
    assert request.period == day_period(DAY)

"""What was used between two readings is their difference, or it is said why nobody can tell; never of time that is not own."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from account_support import ELECTRICITY, account, electricity, reading, stand
from kwartier.delivery import usage
from kwartier.delivery.usage import Why, difference, of_span, totals, used
from kwartier.model.channel_day import Quality
from kwartier.model.period import Period, midnight
from kwartier.model.register import Channel, channels_of

FIRST, MIDDLE, LAST = (midnight(date(2025, month, 1)) for month in (3, 4, 5))
LOW = Channel.DAY_IMPORT_LOW
REGISTER = st.integers(0, 2**32 - 1)


@given(REGISTER, REGISTER)
def test_a_difference_is_exact_or_the_register_fell(opening: int, closing: int) -> None:
    found = difference(reading(LOW, FIRST, opening), reading(LOW, LAST, closing))
    assert found == (closing - opening if closing >= opening else Why.FELL)


@given(REGISTER, REGISTER)
def test_two_meters_have_no_difference(opening: int, closing: int) -> None:
    assert difference(reading(LOW, FIRST, opening, meter=1), reading(LOW, LAST, closing, meter=2)) is Why.REPLACED


@pytest.mark.parametrize(
    ("mark", "why"),
    [
        (Quality.MISSING, Why.MISSING),
        (Quality.NOT_VALID, Why.NOT_VALID),
        (Quality.SUSPECT, Why.NOT_VALID),
        (Quality.MISSING | Quality.NOT_VALID, Why.MISSING),
    ],
)
def test_a_doubtful_reading_gives_no_difference(mark: Quality, why: Why) -> None:
    sound, doubtful = reading(LOW, FIRST, 10), reading(LOW, LAST, 20, quality=bytes([mark]))
    assert difference(sound, doubtful) is why
    assert difference(doubtful, sound) is why
    assert difference(None, sound) is Why.MISSING
    assert difference(sound, None) is Why.MISSING


def test_a_meter_that_had_no_power_still_tells_its_register() -> None:
    assert difference(reading(LOW, FIRST, 10), reading(LOW, LAST, 20, quality=bytes([Quality.POWER_DOWN]))) == 10


@given(st.lists(st.integers(0, 10**6), min_size=3, max_size=3))
def test_parts_add_up_to_the_whole(counts: list[int]) -> None:
    """March has an hour less than its days say; registers do not care."""
    stands = [
        stand(at, dict.fromkeys(channels_of(ELECTRICITY), sum(counts[: n + 1]))) for n, at in enumerate((FIRST, MIDDLE, LAST))
    ]
    books = account(stands, own=FIRST)
    parts = [used(books, LOW, span) for span in (Period(FIRST, MIDDLE), Period(MIDDLE, LAST))]
    assert parts == counts[1:]
    assert used(books, LOW, Period(FIRST, LAST)) == sum(counts[1:])


def test_the_day_of_23_hours_and_that_of_25_count_their_own_hours() -> None:
    for day, hours in ((date(2025, 3, 30), 23), (date(2025, 10, 26), 25), (date(2025, 6, 1), 24)):
        opens, closes = midnight(day), midnight(day + timedelta(days=1))
        books = account([electricity(at, FIRST) for at in (opens, closes)], own=FIRST)
        assert used(books, LOW, Period(opens, closes)) == 300 * hours


@given(st.integers(-400, 400))
def test_nothing_is_told_from_before_the_own_time(days: int) -> None:
    """Also where the readings are at hand: another supplier's or another customer's time stays theirs."""
    own = midnight(date(2025, 4, 1) + timedelta(days=days))
    books = account([electricity(at, midnight(date(2020, 1, 1))) for at in (FIRST, LAST)], own=own)
    found = used(books, LOW, Period(FIRST, LAST))
    assert (found is Why.NOT_OWN) == (own > FIRST)


def test_what_was_not_handed_over_is_not_counted() -> None:
    books = account([electricity(FIRST, FIRST), electricity(LAST, FIRST)], own=FIRST)
    assert used(books, LOW, Period(FIRST, MIDDLE)) is Why.NOT_DELIVERED
    assert used(books, LOW, Period(MIDDLE, LAST)) is Why.NOT_DELIVERED


@pytest.mark.parametrize(("start", "end", "told"), [(0, 1, True), (0, 40, False), (35, None, False), (100, None, True)])
def test_nothing_is_told_about_time_in_which_the_meter_was_off(start: int, end: int | None, *, told: bool) -> None:
    """The readings before and after it were lawful; their difference would tell what was used in between."""
    begin = FIRST - timedelta(days=1)
    off = Period(begin + timedelta(days=start), None if end is None else begin + timedelta(days=end))
    books = account([electricity(at, FIRST) for at in (FIRST, LAST)], own=FIRST, restricted=[off])
    assert isinstance(used(books, LOW, Period(FIRST, LAST)), int) is told


@pytest.mark.parametrize("gas", [False, True])
def test_a_change_of_what_measures_parts_two_readings(*, gas: bool) -> None:
    """At either end a reading names its electricity meter; of the gas meter behind that nobody knows whether it is the old one."""
    channel = Channel.DAY_GAS if gas else LOW
    stands = [stand(at, {channel: value}) for at, value in ((FIRST, 10), (LAST, 30))]
    for change, at_the_end in ((MIDDLE, False), (FIRST, True), (LAST, True)):
        found = used(account(stands, own=FIRST, changes=[change], gas=gas), channel, Period(FIRST, LAST))
        assert found == (20 if at_the_end and not gas else Why.REPLACED)
    before = FIRST - timedelta(seconds=1)
    assert used(account(stands, own=FIRST, changes=[before], gas=gas), channel, Period(FIRST, LAST)) == 20


VALUE = st.none() | st.integers(0, 10**9)


@given(st.tuples(VALUE, VALUE, VALUE, VALUE))
def test_low_and_normal_add_up_per_direction_and_a_sum_with_an_unknown_part_is_unknown(values: tuple[int | None, ...]) -> None:
    lines = [
        {"direction": way, "unit": "Wh", "value": value}
        for way, value in zip(("consumption", "consumption", "production", "production"), values, strict=True)
    ]
    for total, parts in zip(totals(lines), (values[:2], values[2:]), strict=True):
        assert total["value"] == (None if None in parts else sum(value or 0 for value in parts))


def test_a_span_has_every_register_with_its_tariff() -> None:
    books = account([electricity(at, FIRST) for at in (FIRST, MIDDLE)], own=FIRST)
    hours = int((MIDDLE - FIRST).total_seconds()) // 3600
    assert hours == 31 * 24 - 1
    span = of_span(books, Period(FIRST, MIDDLE))
    assert [(one["register"], one["direction"], one["tariff"], one["value"]) for one in span["usage"]] == [
        ("1-0:1.8.1", "consumption", "low", 300 * hours),
        ("1-0:1.8.2", "consumption", "normal", 200 * hours),
        ("1-0:2.8.1", "production", "low", 40 * hours),
        ("1-0:2.8.2", "production", "normal", 60 * hours),
    ]
    assert [total["value"] for total in span["totals"]] == [500 * hours, 100 * hours]
    assert usage.readings(books, [MIDDLE, FIRST])[0]["parcel"] == "parcel-2025-03-01"

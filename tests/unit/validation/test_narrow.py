"""What is left of a channel-day when permits ended: each interval whole within one that stands, with the gap that it carries."""

from array import array
from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from kwartier.model.channel_day import ChannelDay, Quality
from kwartier.model.period import epoch_s, midnight
from kwartier.model.permit import PermitRef
from kwartier.model.register import DAY_MASK, Channel
from kwartier.validation import gives, narrowed

DAYS = (date(2026, 3, 10), date(2026, 3, 29), date(2026, 10, 25))


def day(of: date, marks: bytes = b"", channel: Channel = Channel.IMPORT) -> ChannelDay:
    """Return a day whose n-th interval is worth n + 1, where it is known."""
    count = {DAYS[1]: 92, DAYS[2]: 100}.get(of, 96)
    known = [0 if marks and marks[n] & Quality.MISSING else n + 1 for n in range(count)]
    return ChannelDay(7, channel, of, 4711, array("i", known).tobytes(), marks, 0b1110, 1, 5)


def permit(of: date, first: int, last: int, rule: int = 1, channels: int = 1 << Channel.IMPORT, *, keeps: bool = True) -> PermitRef:
    """Return a permit from one quarter of the day to another."""
    opens = epoch_s(midnight(of))
    return PermitRef(bytes([rule]) * 16, rule, channels, opens + 900 * first, opens + 900 * last, (), keeps)


def values(one: ChannelDay) -> list[int | None]:
    """Return the intervals, None where nothing is known."""
    marks = one.quality or bytes(len(one.deltas) // 4)
    return [None if mark & Quality.MISSING else value for value, mark in zip(array("i", one.deltas), marks, strict=True)]


def test_what_one_permit_covers_whole_stays_whole_on_that_rule_alone() -> None:
    for of in DAYS:
        count = len(day(of).deltas) // 4
        left = narrowed(day(of), [permit(of, 0, count, 2), permit(of, 0, count, 3, 1 << Channel.EXPORT)])
        assert left is not None
        assert (left.basis, left.start, left.deltas, left.quality) == (1 << 2, 4711, day(of).deltas, b"")


def test_nothing_is_left_without_a_permit_that_keeps_this_channel() -> None:
    of = DAYS[0]
    for permits in ([], [permit(of, 0, 96, channels=1 << Channel.EXPORT)], [permit(of, 0, 96, keeps=False)], [permit(of, 96, 200)]):
        assert narrowed(day(of), permits) is None


def test_a_register_stays_where_a_permit_covers_its_midnight() -> None:
    of = DAYS[0]
    one = ChannelDay(7, Channel.DAY_IMPORT_LOW, of, 4711, b"", b"", 0b1110, 1, 5)
    covering = permit(of, -96, 0, 3, DAY_MASK)
    left = narrowed(one, [covering])
    assert left is not None
    assert (left.start, left.basis) == (4711, 1 << 3)
    assert narrowed(one, [permit(of, 1, 96, 3, DAY_MASK)]) is None


def test_a_sum_over_a_gap_goes_with_the_gap() -> None:
    of = DAYS[0]
    marks = bytes([Quality.MISSING if n in {4, 5} else Quality.CARRIES_GAP if n == 6 else 0 for n in range(96)])
    cut = narrowed(day(of, marks), [permit(of, 5, 96)])
    assert cut is not None
    assert (values(cut)[4:8], cut.start) == ([None, None, None, 8], 0)
    whole = narrowed(day(of, marks), [permit(of, 4, 96)])
    assert whole is not None
    assert values(whole)[4:8] == [None, None, 7, 8]


spans = st.lists(st.tuples(st.integers(-3, 99), st.integers(0, 60)).map(lambda one: (one[0], sum(one))), max_size=4)
gaps = st.lists(st.booleans(), min_size=96, max_size=96)


@given(spans, gaps)
def test_each_interval_by_itself(spans: list[tuple[int, int]], missing: list[bool]) -> None:
    of = DAYS[0]
    marks = bytes(Quality.MISSING if gone else 0 for gone in missing)
    permits = [permit(of, first, last, 1 + n) for n, (first, last) in enumerate(spans)]
    expected = [None if missing[n] or not any(first <= n and n + 1 <= last for first, last in spans) else n + 1 for n in range(96)]
    left = narrowed(day(of, marks), permits)
    assert (values(left) if left else [None] * 96) == expected
    if left is not None:
        assert left.start == (4711 if any(first <= 0 <= last for first, last in spans) else 0)
        again = narrowed(left, permits)
        assert again is not None
        assert (again.deltas, again.quality) == (left.deltas, left.quality)


@given(st.data())
def test_a_day_gives_a_permit_something_where_a_value_of_it_lies_within(data: st.DataObject) -> None:
    of = data.draw(st.sampled_from(DAYS))
    count = len(day(of).deltas) // 4
    marks = data.draw(st.one_of(st.just(b""), st.lists(st.sampled_from([0, 4]), min_size=count, max_size=count).map(bytes)))
    first = data.draw(st.integers(-4, count))
    last = data.draw(st.integers(first, count + 4))
    one = day(of, marks)
    inside = any(first <= place < last and value is not None for place, value in enumerate(values(one)))
    assert gives(one, permit(of, first, last)) is inside
    assert not gives(one, permit(of, first, last, keeps=False))
    assert not gives(one, permit(of, first, last, channels=1 << Channel.EXPORT))


def test_a_register_is_given_to_who_asks_for_its_midnight() -> None:
    one = ChannelDay(7, Channel.DAY_IMPORT_LOW, DAYS[0], 4711, b"", b"", 0b10, 1, 5)
    assert gives(one, permit(DAYS[0], 0, 0, channels=DAY_MASK))
    assert not gives(one, permit(DAYS[0], 1, 96, channels=DAY_MASK))

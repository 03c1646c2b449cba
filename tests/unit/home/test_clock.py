"""Which clock holds, and when it is news."""

import pytest

from kwartier.home.clock import TOLERANCE_S, Clock, Receipt, place
from kwartier.home.track import Mark

NOW = 1_790_000_000
FIVE_MONTHS = 150 * 86_400


def test_the_meters_clock_holds_while_the_two_agree() -> None:
    for behind in (-TOLERANCE_S, -3, 0, 8, TOLERANCE_S):
        _, placed = place(Clock(), NOW - behind, Receipt(NOW))
        assert (placed.at, placed.mark, placed.news) == (NOW - behind, Mark.MEASURED, None)


@pytest.mark.parametrize("behind", [FIVE_MONTHS, TOLERANCE_S + 1, -TOLERANCE_S - 1, NOW - 946_684_800])
def test_ours_holds_where_the_meters_is_wrong(behind: int) -> None:
    _, placed = place(Clock(), NOW - behind, Receipt(NOW))
    assert (placed.at, placed.mark) == (NOW, Mark.OWN_CLOCK)


def test_it_is_news_at_the_third_telegram_and_again_when_it_is_right() -> None:
    clock, told = Clock(), []
    for behind in (0, FIVE_MONTHS, 0, *[FIVE_MONTHS] * 5, 0, 0, 0, 0):
        clock, placed = place(clock, NOW - behind, Receipt(NOW))
        told.append(placed.news)
    assert [(number, news) for number, news in enumerate(told) if news is not None] == [(5, True), (10, False)]


def test_a_machine_that_woke_up_in_the_past_believes_the_meter() -> None:
    seen = Clock(last=NOW)
    _, placed = place(seen, NOW + 7200, Receipt(NOW + 5, is_set=False))
    assert (placed.at, placed.mark) == (NOW + 7200, Mark.MEASURED)


def test_but_not_a_meter_that_is_behind_what_was_seen() -> None:
    _, placed = place(Clock(last=NOW), NOW - FIVE_MONTHS, Receipt(NOW + 5, is_set=False))
    assert (placed.at, placed.mark) == (NOW + 5, Mark.OWN_CLOCK)


def test_a_meter_without_a_clock_has_ours() -> None:
    _, placed = place(Clock(), None, Receipt(NOW))
    assert (placed.at, placed.mark) == (NOW, Mark.OWN_CLOCK)


def test_a_recording_has_the_meters_time_and_else_goes_on_by_its_period() -> None:
    clock, first = place(Clock(), NOW - FIVE_MONTHS, Receipt(None))
    assert (first.at, first.mark) == (NOW - FIVE_MONTHS, Mark.MEASURED)
    _, second = place(clock, None, Receipt(None))
    assert (second.at, second.mark) == (NOW - FIVE_MONTHS + 10, Mark.OWN_CLOCK)


def test_a_recording_of_a_meter_without_a_clock_begins_when_it_is_read() -> None:
    clock, first = place(Clock(), None, Receipt(None, began=NOW))
    _, second = place(clock, None, Receipt(None, began=NOW))
    assert (first.at, second.at) == (NOW, NOW + 10)

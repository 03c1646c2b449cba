"""A day on the page: every value once, in kWh or m3 and local time, with what is missing told; also when the clock changes."""

from array import array
from datetime import date, timedelta

import pytest

from kwartier.delivery.cut import cut
from kwartier.model.channel_day import ChannelDay, Quality
from kwartier.model.period import Period, midnight, quarters_in
from kwartier.model.register import Channel, Product
from kwartier.web.portal.show_usage import Usage, lived_there, note, stay, usage
from kwartier.web.portal.words import Words
from kwartier.workflows.inquiry import MyConnection, UsageDay

NL = Words("nl")
TO = "\N{EN DASH}"
DAY, AUTUMN, SPRING = date(2026, 11, 25), date(2026, 10, 25), date(2026, 3, 29)
SINCE = midnight(date(2020, 1, 1))


def connection(product: Product = Product.ELECTRICITY, end: date | None = None) -> MyConnection:
    """Return somebody's connection, up to a day or for good."""
    return MyConnection(1, "...1234", product, Period(SINCE, None if end is None else midnight(end)))


def channel(channel: Channel, values: list[int], day: date = DAY, quality: bytes = b"") -> ChannelDay:
    """Return a channel-day of these values."""
    return ChannelDay(1, channel, day, 0, array("i", values).tobytes(), quality, 2, 1, 1)


def shown(*days: ChannelDay, product: Product = Product.ELECTRICITY, day: date = DAY, why: str | None = None) -> Usage:
    """Return a day as the page shows it."""
    return usage(NL, 0, UsageDay(connection(product), day, days, None, None, why))


def parted(product: Product, mine: Period, held: ChannelDay) -> Usage:
    """Return the day of a move as the page shows it to whose time this is."""
    own = cut(held, mine)
    assert own is not None
    return usage(NL, 0, UsageDay(MyConnection(1, "...1234", product, mine), held.day, (own,), None, None, None))


def test_electricity_is_in_kwh_with_both_directions() -> None:
    made = shown(channel(Channel.IMPORT, [100] * 95 + [1234]), channel(Channel.EXPORT, [0] * 95 + [50]))
    assert (made.taken, made.given, made.unit, made.digits) == ("10,734 kWh", "0,050 kWh", "kWh", "1234")
    assert len(made.rows) == 96
    assert (made.rows[0].time, made.rows[0].taken, made.rows[0].given) == (f"00:00 {TO} 00:15", "0,100", "0,000")
    assert (made.rows[-1].time, made.rows[-1].taken) == (f"23:45 {TO} 00:00", "1,234")
    assert f"23:45 {TO} 00:00: afgenomen 1,234 kWh, teruggeleverd 0,050 kWh" in str(made.chart)


def test_gas_is_in_m3_per_hour() -> None:
    made = shown(channel(Channel.GAS, [250] * 24), product=Product.GAS)
    assert (made.taken, made.given, made.unit, len(made.rows)) == ("6,000 m³", "", "m³", 24)
    assert made.rows[1].time == f"01:00 {TO} 02:00"


def test_what_is_missing_is_told_and_not_counted_as_nothing() -> None:
    marks = bytearray(96)
    marks[10], marks[11] = Quality.MISSING, Quality.CARRIES_GAP
    made = shown(channel(Channel.IMPORT, [0 if i == 10 else 10 for i in range(96)], quality=bytes(marks)))
    assert (made.rows[10].taken, made.rows[10].quality) == (TO, "ontbreekt")
    assert made.rows[11].quality == "som over het gat"
    assert [told.split(":")[0] for told in made.notes] == [
        "Ontbrekende waarden",
        "De waarde na een gat is de som over dat gat, dus het totaal klopt.",
    ]
    assert str(made.chart).count('class="missing"') == 1


MOVED = midnight(DAY) + timedelta(hours=6)
OTHERS = "De rest is niet aan u om te zien."


def test_who_moves_in_during_a_day_sees_the_hours_from_then_on_and_none_of_them_is_missing() -> None:
    made = parted(Product.GAS, Period(MOVED), channel(Channel.GAS, [100] * 24))
    assert (len(made.rows), made.rows[0].time, made.taken) == (18, f"06:00 {TO} 07:00", "1,800 m³")
    assert made.notes == [f"U ziet van deze dag alleen uw eigen tijd, van 06:00 tot 24:00. {OTHERS}"]
    assert [drawn in str(made.chart) for drawn in ('class="missing"', ">04:00<", ">24:00<")] == [False, False, True]


def test_who_moves_out_during_a_day_sees_the_quarter_hours_up_to_then() -> None:
    last = Period(SINCE, MOVED + timedelta(minutes=5))
    made = parted(Product.ELECTRICITY, last, channel(Channel.IMPORT, [100] * 96))
    assert (len(made.rows), made.rows[-1].time) == (24, f"05:45 {TO} 06:00")
    assert made.notes == [f"U ziet van deze dag alleen uw eigen tijd, van 00:00 tot 06:00. {OTHERS}"]
    assert (">06:00<" in str(made.chart), ">24:00<" in str(made.chart)) == (True, False)


def test_what_is_missing_within_the_own_time_of_a_parted_day_is_counted() -> None:
    marks = bytearray(24)
    marks[3] = marks[10] = Quality.MISSING
    made = parted(Product.GAS, Period(MOVED), channel(Channel.GAS, [100] * 24, quality=bytes(marks)))
    assert made.notes[1:] == ["Ontbrekende waarden: 1. De meter gaf ze daar niet."]


def test_a_sum_that_reaches_before_the_own_time_is_not_said_to_be_missing_by_the_meter() -> None:
    marks = bytearray(24)
    marks[4] = marks[5] = Quality.MISSING
    marks[6] = Quality.CARRIES_GAP
    made = parted(Product.GAS, Period(MOVED), channel(Channel.GAS, [100] * 24, quality=bytes(marks)))
    assert made.notes[1:] == [
        "Ontbrekende waarden: 1. De meter gaf ze daar niet, of gaf een som over een tijd die voor de uwe begon."
    ]


@pytest.mark.parametrize("day", [AUTUMN, SPRING])
def test_the_day_on_which_the_clock_changes_has_its_hours_also_where_one_sees_part_of_it(day: date) -> None:
    moved = midnight(day) + timedelta(hours=12)
    made = parted(Product.ELECTRICITY, Period(moved), channel(Channel.IMPORT, [1] * quarters_in(day), day))
    assert made.notes[1].startswith(f"Deze dag heeft {quarters_in(day) // 4} uren")


@pytest.mark.parametrize(
    ("mark", "word"), [(Quality.NOT_VALID, "twijfelachtig"), (Quality.SUSPECT, "twijfelachtig"), (Quality.POWER_DOWN, "geldig")]
)
def test_qualities(mark: Quality, word: str) -> None:
    made = shown(channel(Channel.IMPORT, [1] * 96, quality=bytes([mark] * 96)))
    assert {row.quality for row in made.rows} == {word}


def test_the_day_of_25_hours_has_every_quarter_once_and_its_hours_where_the_clock_shows_them() -> None:
    made = shown(channel(Channel.IMPORT, [1] * quarters_in(AUTUMN), AUTUMN), day=AUTUMN)
    times = [row.time for row in made.rows]
    assert len(set(times)) == len(times) == 100
    assert times[7:9] == [f"01:45 {TO} 02:00 zomertijd", f"02:00 {TO} 02:15 zomertijd"]
    assert times[11] == f"02:45 zomertijd {TO} 02:00 wintertijd"
    assert times[15:17] == [f"02:45 wintertijd {TO} 03:00", f"03:00 {TO} 03:15"]
    assert [f">{hour}<" in str(made.chart) for hour in ("00:00", "04:00", "08:00", "20:00", "24:00")] == [True] * 5
    assert made.notes[0].startswith("Deze dag heeft 25 uren")


def test_the_day_of_23_hours_skips_an_hour() -> None:
    made = shown(channel(Channel.IMPORT, [1] * quarters_in(SPRING), SPRING), day=SPRING)
    assert made.rows[7].time == f"01:45 {TO} 03:00"
    assert len(made.rows) == 92
    assert ">04:00<" in str(made.chart)
    assert made.notes[0].startswith("Deze dag heeft 23 uren")


@pytest.mark.parametrize("why", ["not-asked", "not-yet", "quarantined", "stopped", "timeout", "no_keys"])
def test_a_day_without_values_says_why(why: str) -> None:
    made = shown(why=why)
    assert made.chart is None
    assert made.rows == []
    assert len(made.empty) > 20


def test_a_channel_that_was_put_aside_is_told_beside_the_one_that_was_not() -> None:
    held = channel(Channel.EXPORT, [0] * 96)
    assert shown(held, why="quarantined").notes[0].startswith("Een deel van wat uw meter antwoordde, spreekt zichzelf tegen")
    assert shown(held, why="not-asked").notes == shown(held).notes == [], "what nobody asked for is missed by nobody"
    assert shown(why="quarantined").notes == [], "an empty day says it instead"


def test_the_answers_to_an_empty_day_differ() -> None:
    assert len({shown(why=why).empty for why in ("not-asked", "not-yet", "quarantined", "stopped", "timeout")}) == 5


def test_who_can_ask_for_it_is_led_to_the_offer_and_nobody_else() -> None:
    day = UsageDay(connection(), DAY, (), None, None, "not-asked")
    assert ["hieronder" in usage(NL, 0, day, offered=offered).empty for offered in (True, False)] == [True, False]
    assert "geen dagen uit het verleden" in usage(NL, 0, day, offered=True).empty


def test_what_was_not_had_is_not_said_to_be_asked_again_by_itself() -> None:
    told = usage(Words("en"), 0, UsageDay(connection(), DAY, (), None, None, "no_keys")).empty
    assert ("did not answer" in told, "asked again the next night" in told) == (False, False)
    assert "only if the grid operator has the night of this day done over" in told


def test_who_moved_out_is_led_to_the_own_time() -> None:
    moved = connection(end=DAY)
    assert not lived_there(moved, DAY)
    assert lived_there(moved, date(2026, 11, 24))
    assert stay(NL, moved) == ("Elektriciteit: van 1 jan 2020 tot en met 24 nov 2026", "2026-11-24")
    assert stay(NL, connection())[1] == ""
    assert note(NL, [moved], DAY) != note(NL, [connection()], DAY)

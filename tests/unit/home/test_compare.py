"""Is the operator right? Against files that the operator's own code writes; a planted wrong quarter is named, and nothing else."""

import csv
import io
import json
from array import array
from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kwartier.delivery import customer, document
from kwartier.grounds.decide import decide
from kwartier.home import compare as comparing
from kwartier.home.compare import Comparison, Verdict, compare
from kwartier.home.errors import BadFile
from kwartier.home.operator_file import COLUMNS, FORMAT, parse
from kwartier.home.sample import Counter
from kwartier.home.store.history import Amount, Key
from kwartier.home.track import Mark
from kwartier.model.channel_day import ChannelDay, Quality
from kwartier.model.ean import Ean
from kwartier.model.ground import Action, DataClass, Facts, Occupancy, Purpose, Request, Requester, Role
from kwartier.model.period import Period, day_period, epoch_s, quarters_in
from kwartier.model.permit import Permit
from kwartier.model.register import GAS_MASK, Channel, Product, mask_of

EAN = Ean("871687400002065714")
AT = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
AUTUMN = date(2026, 10, 25)
LONG = Period(datetime(2020, 1, 1, tzinfo=UTC))
MASK = mask_of((Channel.IMPORT, Channel.EXPORT))
Write = Callable[[document.Heading, list[ChannelDay]], bytes]
both = pytest.mark.parametrize("write", [customer.download_csv, customer.download_json], ids=["csv", "json"])


def downloaded(write: Write, days: list[ChannelDay], *, mask: int = MASK) -> bytes:
    """Return what the operator gives the customer: by the real decision, through the real code."""
    whole = day_period(days[0].day)
    request = Request(Requester(Role.CUSTOMER, 70), Action.DELIVER, Purpose.OWN_ACCESS, 5, mask, whole, DataClass.PROFILE)
    granted = decide(request, Facts(connection=5, area="noord", occupancies=(Occupancy(1, 70, LONG),)), at=AT)
    assert isinstance(granted, Permit), granted
    product = Product.GAS if mask & GAS_MASK else Product.ELECTRICITY
    heading = document.Heading("ref", AT, EAN, product, Purpose.OWN_ACCESS, whole, (granted,))
    return write(heading, days)


def channel_day(channel: Channel, values: list[int], *, day: date = AUTUMN, quality: bytes = b"") -> ChannelDay:
    """Return a day as the operator stores it."""
    return ChannelDay(5, channel, day, 1000, array("i", values).tobytes(), quality, 0, 1, 1)


def ours(values: list[int], *, counter: Counter = Counter.IMPORT_LOW, day: date = AUTUMN, step: int = 900) -> dict[Key, Amount]:
    """Return the same as the home has it."""
    start = epoch_s(day_period(day).start)
    return {(start + number * step, counter): Amount(value) for number, value in enumerate(values)}


def told(found: Comparison) -> list[tuple[int, str, int | None, str]]:
    """Return the findings as (number of the interval in the day, kind, difference, verdict)."""
    start = epoch_s(day_period(AUTUMN).start)
    return [((row.start - start) // row.step_s, row.kind.value, row.difference, row.verdict.value) for row in found.findings]


@both
def test_what_agrees_is_equal_on_the_day_of_25_hours_too(write: Write) -> None:
    taken, given_back = list(range(100)), [7] * 100
    assert quarters_in(AUTUMN) == 100
    file = parse(downloaded(write, [channel_day(Channel.IMPORT, taken), channel_day(Channel.EXPORT, given_back)]))
    home = ours(taken) | ours(given_back, counter=Counter.EXPORT)
    found = compare(home, file)
    assert found.is_right
    assert (found.counts, told(found)) == ({Verdict.EQUAL: 200}, [])


@both
def test_a_planted_wrong_quarter_is_named_by_its_watt_hours(write: Write) -> None:
    taken = [100 + number for number in range(100)]
    wrong = taken.copy()
    wrong[9] += 250  # in the hour that comes twice, its second time
    file = parse(downloaded(write, [channel_day(Channel.IMPORT, wrong), channel_day(Channel.EXPORT, [0] * 100)]))
    found = compare(ours(taken) | ours([0] * 100, counter=Counter.EXPORT), file)
    assert not found.is_right
    assert told(found) == [(9, "taken", 250, "different")]
    assert comparing.as_json(found)["findings"] == [
        {
            "kind": "taken",
            "start": epoch_s(day_period(AUTUMN).start) + 9 * 900,
            "end": epoch_s(day_period(AUTUMN).start) + 10 * 900,
            "here": 109,
            "there": 359,
            "difference": 250,
            "verdict": "different",
        }
    ]


@both
def test_rates_are_added_up_before_they_are_compared(write: Write) -> None:
    file = parse(downloaded(write, [channel_day(Channel.IMPORT, [50] * 100)]))
    assert compare(ours([20] * 100) | ours([30] * 100, counter=Counter.IMPORT_NORMAL), file).is_right


@both
def test_what_is_missing_on_either_side_is_told(write: Write) -> None:
    quality = bytearray(100)
    quality[3] = Quality.MISSING
    values = [10] * 100
    values[3] = 0
    file = parse(downloaded(write, [channel_day(Channel.IMPORT, values, quality=bytes(quality))]))
    home = ours([10] * 100)
    del home[epoch_s(day_period(AUTUMN).start) + 5 * 900, Counter.IMPORT_LOW]
    found = compare(home, file)
    assert told(found) == [(3, "taken", None, "only-here"), (5, "taken", None, "only-there")]
    assert not found.is_right


@both
def test_doubts_of_either_side_are_no_accusation(write: Write) -> None:
    quality = bytearray(100)
    quality[3] = Quality.SUSPECT
    file = parse(downloaded(write, [channel_day(Channel.IMPORT, [10] * 100, quality=bytes(quality))]))
    home = ours([10] * 100)
    start = epoch_s(day_period(AUTUMN).start)
    home[start + 3 * 900, Counter.IMPORT_LOW] = Amount(12)
    home[start + 6 * 900, Counter.IMPORT_LOW] = Amount(12, mark=Mark.ESTIMATED)
    home[start + 7 * 900, Counter.IMPORT_LOW] = Amount(10, mark=Mark.ESTIMATED)
    home[start + 8 * 900, Counter.IMPORT_LOW] = Amount(4, mark=Mark.PARTIAL)
    home[start + 9 * 900, Counter.IMPORT_LOW] = Amount(12, mark=Mark.OWN_CLOCK)
    found = compare(home, file)
    assert found.is_right
    assert told(found) == [
        (3, "taken", -2, "unsure"),
        (6, "taken", -2, "unsure"),
        (8, "taken", 6, "in-part"),
        (9, "taken", -2, "unsure"),
    ]


@both
@pytest.mark.parametrize(("total", "verdicts"), [(30, []), (37, [(2, "taken", -7, "different")])])
def test_a_sum_over_a_silence_is_held_against_the_same_sum(
    write: Write, total: int, verdicts: list[tuple[int, str, int, str]]
) -> None:
    file = parse(downloaded(write, [channel_day(Channel.IMPORT, [10] * 100)]))
    start = epoch_s(day_period(AUTUMN).start)
    home = {key: each for key, each in ours([10] * 100).items() if key[0] not in range(start + 1800, start + 4500, 900)}
    home[start + 3600, Counter.IMPORT_LOW] = Amount(total, 3, Mark.SUM)
    assert told(compare(home, file)) == verdicts


@both
def test_gas_is_compared_by_the_hour(write: Write) -> None:
    file = parse(downloaded(write, [channel_day(Channel.GAS, [*range(24), 99])], mask=mask_of((Channel.GAS,))))
    found = compare(ours(list(range(25)), counter=Counter.GAS, step=3600), file)
    assert told(found) == [(24, "gas", 75, "different")]


def test_what_the_file_does_not_speak_about_is_not_mentioned() -> None:
    file = parse(downloaded(customer.download_csv, [channel_day(Channel.IMPORT, [10] * 100)]))
    home = ours([10] * 100) | ours([10] * 96, day=date(2026, 10, 24)) | ours([5] * 100, counter=Counter.EXPORT)
    assert compare(home, file).counts == {Verdict.EQUAL: 100}
    assert comparing.reach(file) == (epoch_s(day_period(AUTUMN).start), epoch_s(day_period(AUTUMN).start) + 90_000)


def test_register_readings_in_the_file_are_passed_over() -> None:
    rows = list(csv.reader(io.StringIO(downloaded(customer.download_csv, [channel_day(Channel.IMPORT, [1] * 100)]).decode())))
    rows.append(["871687400002065714", "1-0:1.8.1", "consumption", "low", "2026-10-25T00:00:00+02:00", "", "1000", "Wh", "valid"])
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    assert len(parse(out.getvalue().encode()).intervals) == 100


HEAD = ",".join(COLUMNS)
ROW = "1,1-0:1.8.0,consumption,,2026-10-25T00:00:00+02:00,PT15M,5,Wh,valid"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "first line"),
        ("a,b\n", "first line"),
        (f"{HEAD}\n", "no quarter-hours"),
        (f"{HEAD}\n1,2\n", "line 2"),
        (f"{HEAD}\n{ROW}\n{ROW}\n", "line 3: an interval"),
        (f"{HEAD}\n{ROW}\n{ROW.replace('1,', '2,', 1)}\n", "more than one connection"),
        (f"{HEAD}\n{ROW.replace(',5,', ',5.0,')}\n", "line 2: value"),
        (f"{HEAD}\n{ROW.replace(',5,', ',-5,')}\n", "negative"),
        (f"{HEAD}\n{ROW.replace(',5,', ',99999999999999999999999,')}\n", "line 2: value"),
        (f"{HEAD}\n{ROW.replace('PT15M', 'P1D')}\n", "resolution"),
        (f"{HEAD}\n{ROW.replace('00:00:00+02', '00:07:00+02')}\n", "boundary"),
        (f"{HEAD}\n{ROW.replace('+02:00', '')}\n", "offset"),
        (f"{HEAD}\n{ROW.replace('2026-10-25T', 'soon')}\n", "offset"),
        (f"{HEAD}\n{ROW.replace('Wh', 'kWh')}\n", "unit"),
        (f"{HEAD}\n{ROW.replace('consumption', 'combined')}\n", "direction"),
        (f'{HEAD}\n"{ROW}\n', "not CSV"),
        ("{", "not JSON"),
        ("{}", "format"),
        (json.dumps({"format": FORMAT, "series": {}}), "series"),
        (json.dumps({"format": FORMAT, "series": [1]}), "series 1: values"),
        (json.dumps({"format": FORMAT, "series": []}), "no quarter-hours"),
        ('{"format": ' * 5000, "not JSON"),
    ],
)
def test_what_is_no_such_file_is_refused_with_its_reason(text: str, why: str) -> None:
    with pytest.raises(BadFile, match=why):
        parse(text.encode())


SERIES = {"direction": "consumption", "unit": "Wh", "resolution": "PT15M", "start": "2026-10-25T00:00:00+02:00", "values": [1, 2]}


@pytest.mark.parametrize(
    "change",
    [
        {"values": [1.5]},
        {"values": ["1"]},
        {"values": [True]},
        {"values": "12"},
        {"quality": ["valid"]},
        {"quality": 5},
        {"resolution": None},
        {"start": None},
        {"start": [1]},
        {"unit": None},
        {"unit": ["Wh"]},
        {"direction": ["consumption"]},
    ],
)
def test_odd_json_is_refused(change: dict[str, object]) -> None:
    assert len(parse(json.dumps({"format": FORMAT, "series": [SERIES]}).encode()).intervals) == 2
    with pytest.raises(BadFile, match="series 1"):
        parse(json.dumps({"format": FORMAT, "series": [SERIES | change]}).encode())


def test_a_file_in_another_encoding_and_one_too_large_are_refused() -> None:
    with pytest.raises(BadFile, match="UTF-8"):
        parse(HEAD.encode() + b"\xff")
    with pytest.raises(BadFile, match="larger"):
        parse(b" " * (20 * 1024 * 1024 + 1))


def test_a_byte_order_mark_is_taken() -> None:
    assert len(parse(b"\xef\xbb\xbf" + f"{HEAD}\n{ROW}\n".encode()).intervals) == 1


def test_no_message_holds_the_number_of_the_connection() -> None:
    data = downloaded(customer.download_csv, [channel_day(Channel.IMPORT, [1] * 100)]).replace(b"PT15M", b"P")
    with pytest.raises(BadFile) as fault:
        parse(data)
    assert EAN.reveal() not in str(fault.value)


KEYS = [*SERIES, "quality", "series", "format"]
CELLS = st.text('0123456789-:T+PMHW,"hdm3valid\n\r', max_size=26)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=6),
    max_leaves=12,
)


@given(json_values, json_values)
def test_any_json_is_read_or_refused(series: object, one: object) -> None:
    for body in ({"format": FORMAT, "series": series}, {"format": FORMAT, "series": [one]}, one):
        try:
            parse(json.dumps(body).encode())
        except BadFile:
            continue


@given(
    st.lists(st.lists(st.text('0123456789-:T+PMHW,"hdm3valid\n\r', max_size=26), max_size=10), max_size=4), st.binary(max_size=60)
)
def test_any_table_is_read_or_refused(rows: list[list[str]], tail: bytes) -> None:
    out = io.StringIO()
    csv.writer(out).writerows([COLUMNS, *rows])
    for data in (out.getvalue().encode() + tail, tail):
        try:
            parse(data)
        except BadFile:
            continue


@given(
    st.lists(st.integers(0, 3000), min_size=100, max_size=100),
    st.sets(st.integers(0, 99), max_size=6),
    st.sets(st.integers(0, 99), max_size=6),
    st.integers(1, 500),
)
def test_exactly_what_was_changed_or_left_out_is_named(values: list[int], changed: set[int], gone: set[int], by: int) -> None:
    theirs = [value + by * (number in changed) for number, value in enumerate(values)]
    file = parse(downloaded(customer.download_csv, [channel_day(Channel.IMPORT, theirs)]))
    home = {key: each for number, (key, each) in enumerate(ours(values).items()) if number not in gone}
    found = {number: (verdict, difference) for number, _, difference, verdict in told(compare(home, file))}
    expected = dict.fromkeys(changed - gone, ("different", by)) | dict.fromkeys(gone, ("only-there", None))
    assert found == expected

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from kwartier.model.channel_day import ChannelDay, Quality
from kwartier.model.meter import MeterModel
from kwartier.model.permit import PermitRef
from kwartier.model.register import Channel, mask_of
from kwartier.model.task import ProfileName, Task
from kwartier.model.verdict import Severity
from kwartier.validation import Rows, Validated, unpack, validate
from kwartier.validation.errors import NoSuchProfile
from kwartier.validation.status import CAD, CIV, DNV, DST, ERR, PDN
from validation_support import CAPACITY_W, bounds, model, only, permit, rows, task

DAY = date(2026, 11, 20)
NEXT = DAY + timedelta(days=1)
FIRST, LAST = bounds(DAY)
WHOLE = permit(FIRST, LAST)
SUMS = permit(FIRST, LAST, rule=11, keeps=False)


def quarters(first: date = DAY, last: date | None = None) -> Rows:
    """Rows of whole days: import rises by 100 + the place, export by 7."""
    start, end = bounds(first, last)
    stamps = np.arange(start, end + 1, 900, dtype=np.int64)
    places = np.arange(len(stamps))
    return rows(stamps, {Channel.IMPORT: 10**7 + np.cumsum(100 + places), Channel.EXPORT: 10**6 + 7 * places})


def judge(answer: Rows, *live: PermitRef, profile: ProfileName = ProfileName.E_INTERVAL, capacity: int = CAPACITY_W) -> Validated:
    first = min((one.first_s for one in live), default=FIRST)
    last = max((one.last_s for one in live), default=LAST)
    return validate(answer, task(profile, first, last, *live), model(), capacity_w=capacity, live=live, batch=5)


def found(result: Validated) -> list[str]:
    return [verdict.rule for verdict in result.verdicts]


def deltas(one: ChannelDay) -> list[int]:
    values: list[int] = np.frombuffer(one.deltas, np.int32).tolist()
    return values


def test_a_sound_day_becomes_a_channel_day_per_channel() -> None:
    result = judge(quarters(), WHOLE)
    assert (result.verdicts, result.quarantined, result.dropped_values, result.sums, result.evidence) == ([], False, 0, {}, None)
    first, second = result.channel_days
    assert first == ChannelDay(7, Channel.IMPORT, DAY, 10**7 + 100, first.deltas, b"", 1 << 3, 70, 5)
    assert deltas(first) == [100 + place for place in range(1, 97)]
    assert (second.channel, second.start, deltas(second)) == (Channel.EXPORT, 10**6, [7] * 96)


def test_without_a_live_permit_everything_goes() -> None:
    result = judge(quarters())
    assert result.channel_days == []
    assert result.sums == {}
    assert result.dropped_values == 2 * 97


def test_channels_and_days_beyond_the_permits_are_dropped_and_counted() -> None:
    imports = permit(FIRST, LAST, mask=mask_of([Channel.IMPORT]))
    assert [one.channel for one in judge(quarters(), imports).channel_days] == [Channel.IMPORT]
    assert judge(quarters(), imports).dropped_values == 97
    three_days = quarters(DAY - timedelta(days=1), NEXT)
    asked = task(ProfileName.E_INTERVAL, int(three_days.stamps[0]), int(three_days.stamps[-1]), WHOLE)
    result = validate(three_days, asked, model(), capacity_w=CAPACITY_W, live=[WHOLE], batch=5)
    assert {one.day for one in result.channel_days} == {DAY}
    assert result.dropped_values == 2 * 2 * 96
    assert result.verdicts == []


def test_a_boundary_row_serves_the_day_on_either_side_of_a_move() -> None:
    before, after = permit(*bounds(DAY), rule=3), permit(*bounds(NEXT), rule=8)
    result = judge(quarters(DAY, NEXT), before, after)
    assert [(one.day, one.basis) for one in result.channel_days if one.channel is Channel.IMPORT] == [(DAY, 1 << 3), (NEXT, 1 << 8)]
    assert result.dropped_values == 0


def test_the_basis_names_every_rule_that_covers_the_day() -> None:
    second = permit(FIRST, LAST, rule=8, mask=mask_of([Channel.IMPORT]))
    result = judge(quarters(), WHOLE, second, SUMS)
    assert [one.basis for one in result.channel_days] == [1 << 3 | 1 << 8, 1 << 3]


def test_half_a_day_s_permit_keeps_half_a_day() -> None:
    noon = FIRST + 48 * 900
    result = judge(quarters(), permit(FIRST, noon))
    assert result.dropped_values == 2 * 48
    one = result.channel_days[0]
    assert deltas(one) == [100 + place for place in range(1, 49)] + [0] * 48
    assert one.quality == bytes([0] * 48 + [Quality.MISSING] * 48)
    late = judge(quarters(), permit(noon, LAST)).channel_days[0]
    assert late.start == int(quarters().values[Channel.IMPORT][48])
    assert late.quality == bytes([Quality.MISSING | Quality.SUSPECT] + [Quality.MISSING] * 47 + [0] * 48)


def test_what_lies_between_two_permits_is_told_to_nobody() -> None:
    """Both registers may be known, as the end of one time and the begin of another; what was used between them may not."""
    six, eight = FIRST + 24 * 900, FIRST + 32 * 900
    for later in (six + 900, eight):
        result = judge(quarters(), permit(FIRST, six), permit(later, LAST, rule=8))
        one = result.channel_days[0]
        gap = (later - six) // 900
        assert deltas(one)[24 : 24 + gap + 1] == [0] * gap + [100 + 24 + gap + 1]
        assert one.quality == bytes([0] * 24 + [Quality.MISSING] * gap + [0] * (72 - gap))


def test_a_sum_with_a_hole_in_its_ground_is_none() -> None:
    hole = FIRST + 24 * 900
    sums = (permit(FIRST, hole, rule=11, keeps=False), permit(hole + 900, LAST, rule=11, keeps=False))
    assert judge(quarters(), *sums).sums == {}


def test_a_doubted_answer_that_may_only_be_summed_leaves_no_value_behind() -> None:
    answer = quarters()
    answer.values[Channel.IMPORT][50:] += 987_654
    result = judge(answer, SUMS)
    assert (result.quarantined, result.evidence, result.channel_days) == (True, None, [])
    assert "987" not in "".join(map(str, result.verdicts))
    assert [str(one) for one in result.verdicts] == [f"V07 (quarantine): channel 1 on {DAY}: 1 periods"]


@given(st.sets(st.integers(0, 96), max_size=97), st.sampled_from([date(2026, 3, 29), DAY, date(2026, 10, 25)]))
def test_whatever_rows_are_missing_the_known_registers_can_be_had_again(gone: set[int], day: date) -> None:
    answer = quarters(day)
    kept = np.array([place not in gone for place in range(len(answer.stamps))])
    result = judge(only(answer, kept), permit(*bounds(day)))
    assert found(result) == (["V01"] if not kept.all() else [])
    for one in result.channel_days:
        assert len(one.deltas) == 4 * (len(answer.stamps) - 1)
        again = one.start + np.cumsum([0, *deltas(one)])
        assert (again[kept] == answer.values[one.channel][kept]).all()
    assert len(result.channel_days) == (2 if kept.sum() > 1 else 0)


def test_no_row_at_all_is_a_gap_and_no_channel_day() -> None:
    result = judge(only(quarters(), np.zeros(97, np.bool_)), WHOLE, SUMS)
    assert (result.channel_days, result.sums, result.quarantined) == ([], {}, False)
    assert [str(verdict) for verdict in result.verdicts] == ["V01 (mark): 0 of 97 rows"]


@pytest.mark.parametrize(
    ("wrong", "rule"),
    [
        (np.insert(np.arange(97), 30, 30), "V03"),
        (np.array([*range(30), 31, 30, *range(32, 97)]), "V03"),
        (np.array([*range(97), 96]), "V03"),
    ],
)
def test_a_row_twice_or_out_of_order_quarantines_the_day(wrong: NDArray[np.intp], rule: str) -> None:
    answer = only(quarters(), wrong)
    result = judge(answer, WHOLE)
    assert rule in found(result)
    assert result.quarantined
    assert result.channel_days == []
    assert result.evidence is not None
    assert unpack(result.evidence).stamps.tolist() == answer.stamps.tolist()


def test_a_row_off_the_grid_quarantines_its_day_only() -> None:
    answer = quarters(DAY, NEXT)
    answer.stamps[30] += 60
    result = judge(answer, permit(*bounds(DAY, NEXT)), SUMS)
    assert found(result) == ["V02", "V01"]
    assert {one.day for one in result.channel_days} == {NEXT}
    assert result.sums == {}


def test_a_wrong_midnight_spoils_the_two_days_it_parts() -> None:
    answer = quarters(DAY, NEXT)
    result = judge(only(answer, np.insert(np.arange(len(answer.stamps)), 96, 96)), permit(*bounds(DAY, NEXT)))
    assert result.quarantined
    assert result.channel_days == []


def test_rows_outside_the_range_are_dropped_and_never_kept_as_evidence() -> None:
    answer = quarters(DAY, NEXT)
    result = judge(answer, WHOLE)
    assert found(result) == ["V04"]
    assert {one.day for one in result.channel_days} == {DAY}
    assert result.dropped_values == 2 * 96
    answer.values[Channel.IMPORT][50] = 0
    result = judge(answer, permit(FIRST, LAST, mask=mask_of([Channel.IMPORT])), SUMS)
    assert result.evidence is not None
    kept = unpack(result.evidence)
    assert list(kept.values) == [Channel.IMPORT]
    assert int(kept.stamps[-1]) == LAST


def test_a_register_that_falls_keeps_its_channel_day_out_and_no_other() -> None:
    answer = quarters()
    answer.values[Channel.IMPORT][50:] -= 5000
    result = judge(answer, WHOLE, SUMS)
    assert found(result) == ["V06"]
    assert [one.channel for one in result.channel_days] == [Channel.EXPORT]
    assert list(result.sums) == [Channel.EXPORT]
    assert result.quarantined


@pytest.mark.parametrize(("use", "breach"), [(5174, False), (5175, True)])
def test_use_stays_below_120_percent_of_the_capacity(use: int, *, breach: bool) -> None:
    answer = quarters()
    answer.values[Channel.IMPORT][50:] += use - 150
    assert found(judge(answer, WHOLE)) == (["V07"] if breach else [])


def test_a_gap_may_carry_as_much_as_its_periods_could() -> None:
    answer = quarters()
    answer.values[Channel.IMPORT][50:] += 10_200
    holes = np.delete(np.arange(97), [48, 49])
    assert found(judge(only(answer, holes), WHOLE)) == ["V01"]
    assert "V07" in found(judge(only(answer, np.delete(np.arange(97), [49])), WHOLE))


@pytest.mark.parametrize(
    ("bits", "quality"),
    [(ERR, 1), (CIV, 1), (DNV, 1), (CAD, 1), (PDN, 2), (PDN | DNV, 3), (DST, 0), (0x40, 0), (0x10, 0)],
)
def test_what_the_meter_says_of_a_row_marks_the_interval_it_closes(bits: int, quality: int) -> None:
    answer = quarters()
    answer.status[10] = bits
    result = judge(answer, WHOLE, SUMS)
    marks = bytes([0] * 9 + [quality] + [0] * 86) if quality else b""
    assert [one.quality for one in result.channel_days] == [marks, marks]
    assert found(result) == (["V05"] if quality else [])
    assert not result.quarantined
    assert bool(result.sums) == (not quality & Quality.NOT_VALID)


def test_null_data_is_a_missing_value_in_its_column() -> None:
    answer = quarters()
    answer.missing[Channel.EXPORT] = np.arange(97) == 20
    answer.values[Channel.EXPORT][20] = 0
    result = judge(answer, WHOLE, SUMS)
    assert found(result) == ["V09"]
    imports, exports = result.channel_days
    assert imports.quality == b""
    assert exports.quality == bytes([0] * 19 + [Quality.MISSING, Quality.CARRIES_GAP] + [0] * 75)
    assert deltas(exports)[18:22] == [7, 0, 14, 7]
    assert list(result.sums) == [Channel.IMPORT]


def test_a_column_too_few_is_said() -> None:
    answer = quarters()
    del answer.values[Channel.EXPORT]
    result = judge(answer, WHOLE)
    assert found(result) == ["V10"]
    assert [one.channel for one in result.channel_days] == [Channel.IMPORT]


def test_sums_keep_no_channel_day_and_need_a_whole_sound_day() -> None:
    result = judge(quarters(), SUMS)
    assert result.channel_days == []
    assert result.dropped_values == 0
    assert result.sums[Channel.IMPORT][DAY].tolist() == [100 + place for place in range(1, 97)]
    assert result.sums[Channel.EXPORT][DAY].dtype == np.int64
    assert judge(only(quarters(), np.delete(np.arange(97), 5)), SUMS).sums == {}
    assert judge(quarters(), permit(FIRST, LAST - 900, keeps=False)).sums == {}
    opening = quarters()
    opening.status[0] = DNV
    assert judge(opening, SUMS).sums == {}


def test_what_may_only_be_summed_is_not_kept_as_evidence() -> None:
    answer = quarters()
    answer.values[Channel.IMPORT][50:] -= 5000
    result = judge(answer, SUMS)
    assert result.quarantined
    assert result.evidence is None


def test_sums_of_two_days_are_apart() -> None:
    both = permit(*bounds(DAY, NEXT), keeps=False)
    assert list(judge(quarters(DAY, NEXT), both).sums[Channel.IMPORT]) == [DAY, NEXT]


def hours(first: date = DAY, lag_s: int = 0) -> Rows:
    start, end = bounds(first)
    stamps = np.arange(start, end + 1, 3600, dtype=np.int64)
    return rows(stamps, {Channel.GAS: 5000 + 20 * np.arange(len(stamps))}, capture=stamps - lag_s)


@pytest.mark.parametrize("lag_s", [0, 240, 3599, 7200, -30])
def test_a_meter_that_always_captures_a_while_before_is_not_stale(lag_s: int) -> None:
    result = judge(hours(lag_s=lag_s), WHOLE, profile=ProfileName.G_INTERVAL)
    assert result.verdicts == []
    assert deltas(result.channel_days[0]) == [20] * 24


@pytest.mark.parametrize("lag_s", [0, 240])
def test_a_capture_time_that_did_not_move_is_a_missing_value_and_no_zero_use(lag_s: int) -> None:
    answer = hours(lag_s=lag_s)
    assert answer.capture is not None
    answer.capture[10:13] = answer.capture[9]
    answer.values[Channel.GAS][10:13] = answer.values[Channel.GAS][9]
    result = judge(answer, WHOLE, profile=ProfileName.G_INTERVAL)
    assert [str(verdict) for verdict in result.verdicts] == ["V08 (mark): 3 rows"]
    one = result.channel_days[0]
    assert deltas(one)[8:14] == [20, 0, 0, 0, 80, 20]
    assert one.quality == bytes([0] * 9 + [4, 4, 4, 8] + [0] * 11)


def test_a_stale_opening_row_leaves_the_start_unknown() -> None:
    answer = hours()
    assert answer.capture is not None
    answer.capture[0] -= 3600
    one = judge(answer, WHOLE, profile=ProfileName.G_INTERVAL).channel_days[0]
    assert one.start == 5020
    assert one.quality == bytes([Quality.MISSING | Quality.SUSPECT] + [0] * 23)


def test_a_capture_time_in_the_future_makes_its_own_row_missing_only() -> None:
    answer = hours()
    assert answer.capture is not None
    answer.capture[5] += 10**6
    answer.capture[6] = -1
    one = judge(answer, WHOLE, profile=ProfileName.G_INTERVAL).channel_days[0]
    assert one.quality == bytes([0] * 4 + [4, 4, 8] + [0] * 17)


def midnights(first: date, count: int) -> Rows:
    stamps = np.array([bounds(first + timedelta(days=n))[0] for n in range(count)], np.int64)
    channels = (Channel.DAY_IMPORT_LOW, Channel.DAY_IMPORT_NORMAL, Channel.DAY_EXPORT_LOW, Channel.DAY_EXPORT_NORMAL)
    return rows(stamps, {channel: 1000 * channel + 500 * np.arange(count) for channel in channels})


def daily(answer: Rows, *live: PermitRef) -> Validated:
    return judge(answer, *live, profile=ProfileName.E_DAY)


def test_a_day_row_is_the_register_that_opens_its_day() -> None:
    result = daily(midnights(DAY, 2), permit(FIRST, LAST, mask=mask_of([Channel.DAY_IMPORT_LOW, Channel.DAY_IMPORT_NORMAL])))
    assert [(one.channel, one.day, one.start, one.deltas, one.quality) for one in result.channel_days] == [
        (Channel.DAY_IMPORT_LOW, DAY, 4000, b"", b""),
        (Channel.DAY_IMPORT_LOW, NEXT, 4500, b"", b""),
        (Channel.DAY_IMPORT_NORMAL, DAY, 5000, b"", b""),
        (Channel.DAY_IMPORT_NORMAL, NEXT, 5500, b"", b""),
    ]
    assert result.dropped_values == 4


def test_one_midnight_may_be_all_that_is_asked() -> None:
    result = daily(midnights(DAY, 1), permit(FIRST, FIRST, mask=mask_of([Channel.DAY_IMPORT_LOW])))
    assert [(one.day, one.basis) for one in result.channel_days] == [(DAY, 1 << 3)]


def test_only_permitted_midnights_are_kept_and_both_owners_get_the_shared_one() -> None:
    low = mask_of([Channel.DAY_IMPORT_LOW])
    old, new = permit(FIRST, LAST, mask=low, rule=5), permit(LAST, LAST, mask=low, rule=6)
    asked = task(ProfileName.E_DAY, FIRST, LAST + 86400, old, new)
    result = validate(midnights(DAY, 3), asked, model(), capacity_w=CAPACITY_W, live=[old, new], batch=1)
    assert [(one.day, one.basis) for one in result.channel_days] == [(DAY, 1 << 5), (NEXT, 1 << 5 | 1 << 6)]
    assert result.dropped_values == 3 * 3 + 1


def test_day_registers_that_fall_or_jump_keep_both_ends_out() -> None:
    whole = permit(FIRST, FIRST + 4 * 86400, mask=mask_of([Channel.DAY_IMPORT_LOW, Channel.DAY_EXPORT_LOW]))
    answer = midnights(DAY, 5)
    answer.values[Channel.DAY_IMPORT_LOW][2:] -= 700
    answer.values[Channel.DAY_EXPORT_LOW][4:] += 24 * CAPACITY_W * 6 // 5
    result = daily(answer, whole)
    assert found(result) == ["V06", "V07"]
    kept = [(one.channel, (one.day - DAY).days) for one in result.channel_days]
    assert kept == [(Channel.DAY_IMPORT_LOW, n) for n in (0, 3, 4)] + [(Channel.DAY_EXPORT_LOW, n) for n in (0, 1, 2)]
    assert result.evidence is not None


def test_day_rows_are_marked_missing_and_misplaced_like_others() -> None:
    answer = midnights(DAY, 4)
    answer.status[1] = DNV
    answer.missing[Channel.DAY_IMPORT_LOW] = np.arange(4) == 2
    result = daily(answer, permit(FIRST, FIRST + 3 * 86400, mask=mask_of([Channel.DAY_IMPORT_LOW])))
    assert [((one.day - DAY).days, one.quality) for one in result.channel_days] == [(0, b""), (1, b"\x01"), (3, b"")]
    assert sorted(found(result)) == ["V05", "V09"]
    answer = midnights(DAY, 4)
    answer.stamps[1] += 3600
    result = daily(answer, permit(FIRST, FIRST + 3 * 86400, mask=mask_of([Channel.DAY_IMPORT_LOW])))
    assert [(one.day - DAY).days for one in result.channel_days] == [0, 2, 3]
    assert found(result) == ["V02", "V01"]


def test_a_stale_gas_midnight_is_missing() -> None:
    answer = midnights(DAY, 3)
    stamps = answer.stamps
    gas = rows(stamps, {Channel.DAY_GAS: np.array([100, 100, 900])}, capture=np.array([stamps[0], stamps[0], stamps[2]]))
    result = judge(gas, permit(FIRST, int(stamps[-1])), profile=ProfileName.G_DAY, capacity=6000)
    assert [(one.day - DAY).days for one in result.channel_days] == [0, 2]
    assert found(result) == ["V08"]


def test_gas_is_bounded_by_its_own_capacity() -> None:
    answer = hours()
    answer.values[Channel.GAS][12:] += 7180
    assert found(judge(answer, WHOLE, profile=ProfileName.G_INTERVAL, capacity=6000)) == ["V07"]
    answer.values[Channel.GAS][12:] -= 1
    assert found(judge(answer, WHOLE, profile=ProfileName.G_INTERVAL, capacity=6000)) == []


def test_a_model_without_the_profile_is_the_planner_s_error() -> None:
    bare = MeterModel("bare", 1024, selects_columns=False, public_counter=None, profiles=())
    asked = task(ProfileName.E_DAY, FIRST, LAST, WHOLE)
    with pytest.raises(NoSuchProfile):
        validate(quarters(), asked, bare, capacity_w=1, live=[], batch=1)


@given(
    st.lists(st.integers(FIRST - 2000, LAST + 2000), max_size=30),
    st.sampled_from(ProfileName),
    st.integers(FIRST - 86400, LAST),
    st.integers(0, 3 * 86400),
    st.data(),
)
def test_any_rows_give_a_result_that_rests_on_the_permits(
    stamps: list[int], profile: ProfileName, first: int, length: int, data: st.DataObject
) -> None:
    columns = [one.channel for found in [model().profile(profile)] if found for one in found.columns if one.channel]
    longs = st.lists(st.integers(-(2**63), 2**63 - 1), min_size=len(stamps), max_size=len(stamps))
    values = {channel: np.array(data.draw(longs), np.int64) for channel in columns}
    status = np.frombuffer(data.draw(st.binary(min_size=len(stamps), max_size=len(stamps))), np.uint8)
    capture = np.array(stamps, np.int64) - data.draw(st.sampled_from([0, 90, 4000]))
    answer = rows(np.array(stamps, np.int64), values, status=status, capture=capture)
    live = [
        permit(
            first + data.draw(st.integers(0, 90000)),
            first + length,
            mask=data.draw(st.integers(0, 511)),
            keeps=data.draw(st.booleans()),
        )
    ]
    asked: Task = task(profile, first, first + length, *live)
    result = validate(answer, asked, model(), capacity_w=CAPACITY_W, live=live, batch=1)
    assert result.quarantined == any(one.severity is Severity.QUARANTINE for one in result.verdicts)
    assert 0 <= result.dropped_values <= len(stamps) * len(columns)
    for one in result.channel_days:
        assert live[0].keeps
        assert live[0].mask >> one.channel & 1
        assert one.basis == 1 << 3
    assert not (result.sums and live[0].keeps)


def low_registers(low: list[int]) -> Rows:
    """Rows of as many local midnights: the low register as given, the others rising by one."""
    stamps = np.array([bounds(DAY + timedelta(days=n))[0] for n in range(len(low))], np.int64)
    others = (Channel.DAY_IMPORT_NORMAL, Channel.DAY_EXPORT_LOW, Channel.DAY_EXPORT_NORMAL)
    return rows(stamps, {Channel.DAY_IMPORT_LOW: np.array(low), **{one: np.arange(len(low)) for one in others}})


def test_what_a_day_counted_is_told_for_sums_and_nothing_of_it_is_kept() -> None:
    result = judge(low_registers([1000, 1500]), SUMS, profile=ProfileName.E_DAY)
    assert (result.channel_days, result.quarantined, result.evidence) == ([], False, None)
    assert result.totals[Channel.DAY_IMPORT_LOW] == {DAY: 500}
    assert result.totals[Channel.DAY_EXPORT_LOW] == {DAY: 1}
    assert judge(low_registers([1000, 1500]), WHOLE, profile=ProfileName.E_DAY).totals == {}, "a keeping permit makes no sum"


@pytest.mark.parametrize("low", [[1500, 1000], [-5, 100], [0, 10**9]])
def test_a_day_in_doubt_is_in_no_sum(low: list[int]) -> None:
    totals = judge(low_registers(low), SUMS, profile=ProfileName.E_DAY).totals
    assert totals[Channel.DAY_IMPORT_LOW] == {}
    assert totals[Channel.DAY_EXPORT_LOW] == {DAY: 1}


@pytest.mark.parametrize(("mark", "told"), [(DNV, False), (CIV, False), (ERR, False), (PDN, True), (DST, True)])
def test_a_day_whose_midnight_is_marked_is_in_no_sum(mark: int, told: bool) -> None:  # noqa: FBT001 - a column
    for place in (0, 1):
        answer = low_registers([1000, 1500])
        answer.status[place] = mark
        totals = judge(answer, SUMS, profile=ProfileName.E_DAY).totals
        assert (totals[Channel.DAY_IMPORT_LOW] == {DAY: 500}) is told


def test_a_day_of_which_one_midnight_is_missing_or_not_covered_is_in_no_sum() -> None:
    one = judge(low_registers([1000]), SUMS, profile=ProfileName.E_DAY)
    assert all(not days for days in one.totals.values())
    beyond = judge(low_registers([1000, 1500, 1900]), SUMS, profile=ProfileName.E_DAY)
    assert beyond.totals.get(Channel.DAY_IMPORT_LOW) == {DAY: 500}

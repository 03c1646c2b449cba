"""What a meter does not have yet is a gap: nothing is promised of it, and it is asked again for as long as a meter keeps it.

The scenarios are those of their folders, but for rows that a meter gives from some night on only, or never.
"""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from kwartier.headend import TaskAnswer
from kwartier.model.ground import Purpose, Requester, Role
from kwartier.model.period import HOUR_S, Period, epoch_s, midnight
from kwartier.model.register import DAY_MASK, GAS_MASK
from kwartier.model.task import Task
from kwartier.store.registry import deliveries, nights
from kwartier.validation import Rows
from kwartier.workflows import delivery_round, installation, replay
from kwartier.workflows.installation import Installation
from night_support import Line, Story, parcels

HERE = Path(__file__).parent
Lacks = Callable[[Task, int], bool]
"""Tells whether a meter has no row for this stamp now."""


@dataclass
class Late(Story):
    """A story whose meters lack rows for a while."""

    lacks: Lacks = field(default=lambda _task, _stamp: False)
    nonsense: bool = False
    """Whether registers count below zero, which no validation believes."""

    def _answer(self, task: Task) -> TaskAnswer:
        whole = super()._answer(task)
        assert whole.rows is not None
        there = np.array([not self.lacks(task, stamp) for stamp in whole.rows.stamps.tolist()], np.bool_)
        rows = _some(whole.rows, there)
        if self.nonsense:
            rows = replace(rows, values={channel: -1 - column for channel, column in rows.values.items()})
        return replace(whole, rows=rows)

    def night_about(self, day: date, *, hours: float = 2) -> list[Line]:
        """Read a night some hours after the day ended, and deliver; return what was asked."""
        self.now = midnight(day + timedelta(days=1)) + timedelta(hours=hours)
        before = len(self.tasks)
        self.night(day)
        delivery_round.run(self.house, clock=self.clock)
        return self.tasks[before:]

    def night_again(self, day: date) -> list[Line]:
        """Read the same night once more, later, and deliver; return what was asked."""
        before = len(self.tasks)
        self.night(day)
        delivery_round.run(self.house, clock=self.clock)
        return self.tasks[before:]


def _some(rows: Rows, there: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> Rows:
    return Rows(
        rows.stamps[there],
        rows.status[there],
        {channel: column[there] for channel, column in rows.values.items()},
        {channel: column[there] for channel, column in rows.missing.items()},
        None if rows.capture is None else rows.capture[there],
    )


@pytest.fixture
def house(installation_dir: Path) -> Iterator[Installation]:
    installation.create(installation_dir)
    with installation.opened(installation_dir) as opened:
        yield opened


def switched_on(tmp_path: Path, day: date) -> Path:
    """Return the scenario of a switch, on another day."""
    folder = tmp_path / "switch"
    shutil.copytree(HERE / "night_switch", folder)
    contracts = folder / "given" / "contracts.csv"
    contracts.write_text(contracts.read_text("utf-8").replace("2026-03-11", day.isoformat()), "utf-8")
    return folder


def story(house: Installation, folder: Path, at: datetime) -> Late:
    begun = Late.begin(house, folder, at)
    assert isinstance(begun, Late)
    return begun


def without(day: date) -> Lacks:
    """No row of this midnight."""
    return lambda _, stamp: stamp == epoch_s(midnight(day))


def outcomes(house: Installation) -> list[tuple[str, str | None]]:
    with house.operator() as c:
        return c.execute("select result, reason from kw.outcome order by batch, first_s").fetchall()


def of_switch(house: Installation) -> list[tuple[str, str, str, str]]:
    return [(one["receiver"], one["status"], one["rule"], one["content"]) for one in parcels(house) if one["purpose"] == "switch"]


def replayed(one: Late) -> None:
    checked = replay.run(one.house, at=one.clock())
    assert (checked.findings, checked.uncovered, checked.over_broad) == ([], 0, 0)


SWITCHES = [date(2026, 3, 11), date(2026, 3, 29), date(2026, 3, 30), date(2026, 10, 26)]
"""One of any day, those that begin and end the day of 23 hours, and that which ends the day of 25."""


@pytest.mark.parametrize("day", SWITCHES, ids=str)
def test_both_suppliers_get_the_register_of_a_switch_once_the_meter_has_it(house: Installation, tmp_path: Path, day: date) -> None:
    one = story(house, switched_on(tmp_path, day), midnight(day - timedelta(days=3)))
    one.lacks = without(day)
    assert one.night_about(day - timedelta(days=1), hours=0.1)
    assert outcomes(house) == [("gap", "not_there")]
    assert list(parcels(house)) == [], "nothing is handed over that has nothing in it"
    again = one.night_about(day, hours=0.1)
    assert any("Lage Landen:switch" in task["for"] and "Dijk & Duin:switch" in task["for"] for task in again), (
        "the meter still lacks it"
    )
    assert of_switch(house) == []
    one.lacks = lambda _task, _stamp: False
    (task,) = [task for task in one.night_about(day + timedelta(days=1), hours=0.1) if day.isoformat() in task["first"]]
    assert task["for"] == "Dijk & Duin:switch Lage Landen:switch"
    found = sorted(of_switch(house))
    assert [(who, status) for who, status, _, _ in found] == [("Dijk & Duin", "delivered"), ("Lage Landen", "delivered")]
    assert len({content for _, _, _, content in found}) == 1
    assert not any("missing" in one["content"] for one in parcels(house))
    assert one.night_again(day + timedelta(days=1)) == []
    assert len(of_switch(house)) == len(found)
    replayed(one)


def test_the_same_night_again_asks_for_what_was_not_there_and_then_no_more(house: Installation, tmp_path: Path) -> None:
    day = date(2026, 3, 11)
    one = story(house, switched_on(tmp_path, day), midnight(day - timedelta(days=3)))
    one.lacks = without(day)
    first = one.night_about(day - timedelta(days=1))
    assert one.night_again(day - timedelta(days=1)) == first
    one.lacks = lambda _task, _stamp: False
    assert one.night_again(day - timedelta(days=1)) == first
    assert one.night_again(day - timedelta(days=1)) == []
    assert [line["purpose"] for line in parcels(house)] == ["periodic_reading", "switch"] * 2
    replayed(one)


def test_what_is_put_aside_is_asked_again_and_promised_when_something_is_kept(house: Installation, tmp_path: Path) -> None:
    day = date(2026, 3, 11)
    one = story(house, switched_on(tmp_path, day), midnight(day - timedelta(days=3)))
    one.nonsense = True
    one.night_about(day - timedelta(days=1))
    assert outcomes(house) == [("read", "quarantined")]
    assert list(parcels(house)) == []
    one.nonsense = False
    one.night_about(day)
    assert [status for _, status, _, _ in of_switch(house)] == ["delivered", "delivered"]
    replayed(one)


def test_a_register_that_no_meter_ever_gave_is_asked_for_forty_days_and_then_said_to_be_nowhere(
    house: Installation, tmp_path: Path
) -> None:
    day = date(2026, 3, 11)
    one = story(house, switched_on(tmp_path, day), midnight(day - timedelta(days=3)))
    one.lacks = without(day)
    for nth in (-1, 0, 1, 38):
        asked = one.night_about(day + timedelta(days=nth))
        assert any(task["first"].startswith(day.isoformat()) for task in asked), nth
        assert of_switch(house) == []
    asked = one.night_about(day + timedelta(days=40))
    assert not any(task["first"].startswith(day.isoformat()) for task in asked)
    assert of_switch(house) == [("Lage Landen", "failed", "not-held", ""), ("Dijk & Duin", "failed", "not-held", "")]
    replayed(one)


def test_a_boundary_told_late_is_asked_for_though_a_night_asked_for_it_in_vain(house: Installation) -> None:
    folder = HERE / "night_switch_registered_late"
    one = story(house, folder, midnight(date(2025, 4, 1)))
    one.lacks = without(date(2025, 5, 1))
    one.night_about(date(2025, 4, 30))
    assert list(parcels(house)) == []
    one.now = datetime.fromisoformat("2025-05-15T12:00:00+02:00")
    one.take("when/told")
    one.lacks = lambda _task, _stamp: False
    asked = one.night_about(date(2025, 5, 15))
    assert any(task["first"].startswith("2025-05-01") for task in asked)
    of_bram = [line for line in parcels(house) if line["connection"] == "0024" and line["purpose"] == "switch"]
    assert [line["receiver"] for line in of_bram] == ["Lage Landen", "Dijk & Duin"]
    assert all("2025-05-01=841680Wh" in line["content"] for line in of_bram)
    replayed(one)


def test_a_parcel_of_before_with_nothing_in_it_holds_no_late_register_back(house: Installation) -> None:
    """As nights wrote them that promised whatever was asked."""
    folder = HERE / "night_switch_registered_late"
    one = story(house, folder, midnight(date(2025, 4, 1)))
    one.lacks = without(date(2025, 5, 1))
    one.night_about(date(2025, 4, 30))
    promised_with_nothing_in_it(house, "0024", midnight(date(2025, 5, 1)), one.clock())
    delivery_round.run(house, clock=one.clock)
    of_bram = [line for line in parcels(house) if line["connection"] == "0024"]
    assert [(line["status"], line["content"].count("missing")) for line in of_bram] == [("delivered", 4)]
    one.now = datetime.fromisoformat("2025-05-15T12:00:00+02:00")
    one.take("when/told")
    one.lacks = lambda _task, _stamp: False
    asked = one.night_about(date(2025, 5, 15))
    assert any(task["first"].startswith("2025-05-01") for task in asked)


def promised_with_nothing_in_it(house: Installation, digits: str, moment: datetime, at: datetime) -> None:
    with house.operator() as c:
        ((key, supplier),) = c.execute(
            "select c.key, s.party from kw.connection c join kw.supply s on s.connection = c.key where c.ean like %s",
            (f"%{digits}",),
        ).fetchall()
        batch = nights.plan_batch(c, None)
        nights.mark_empty(c, batch, at)
        who, mask = Requester(Role.SUPPLIER, supplier), DAY_MASK & ~GAS_MASK
        asked = deliveries.request(who, key, Purpose.PERIODIC_READING, mask, Period(moment, moment))
        deliveries.promise(c, batch, [deliveries.Promise(asked, epoch_s(moment), epoch_s(moment), b"1" * 16)])


GAS = date(2026, 3, 10)


def handed(house: Installation) -> dict[str, str]:
    return {line["purpose"]: line["content"] for line in parcels(house)}


def test_a_day_of_gas_without_its_last_hour_is_handed_over_with_its_mark_and_the_register_once_it_is_there(
    house: Installation,
) -> None:
    one = story(house, HERE / "night_gas_at_six", midnight(GAS))
    one.now = midnight(GAS) + timedelta(hours=20)
    one.lacks = without(GAS + timedelta(days=1))
    assert {task["profile"] for task in one.night_about(GAS)} == {"g_interval", "g_day"}
    assert sorted(outcomes(house)) == [("gap", "not_there"), ("read", None)]
    with house.operator() as c:
        assert c.execute("select missing from kw.parcel").fetchall() == [(1,)]
    assert handed(house) == {"third_party_service": "0-n:24.2.2:2026-03-10T06:00:00+01:00:18=510dm3(1 missing)"}
    one.lacks = lambda _task, _stamp: False
    assert [task["profile"] for task in one.night_again(GAS)] == ["g_day"]
    assert handed(house)["periodic_reading"] == "0-n:24.2.2@2026-03-11=57200dm3"
    assert one.night_again(GAS) == []
    replayed(one)


def test_a_day_of_which_no_hour_is_there_is_a_gap_until_a_night_about_it_reads_it(house: Installation) -> None:
    one = story(house, HERE / "night_gas_at_six", midnight(GAS))
    one.lacks = lambda task, _stamp: task.profile == "g_interval"
    one.night_about(GAS)
    assert "third_party_service" not in handed(house)
    assert set(outcomes(house)) == {("gap", "not_there"), ("read", None)}
    one.lacks = lambda task, stamp: task.profile == "g_interval" and stamp > epoch_s(midnight(GAS)) + 6 * HOUR_S
    assert [task["profile"] for task in one.night_again(GAS)] == ["g_interval"]
    assert outcomes(house)[-1] == ("read", "fell_short"), "the register at six came, and no hour"
    assert "third_party_service" not in handed(house)
    one.lacks = lambda _task, _stamp: False
    assert [task["profile"] for task in one.night_again(GAS)] == ["g_interval"]
    assert handed(house)["third_party_service"] == "0-n:24.2.2:2026-03-10T06:00:00+01:00:18=540dm3"
    assert one.night_again(GAS) == []
    replayed(one)

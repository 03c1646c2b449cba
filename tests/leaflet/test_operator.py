"""The leaflet on the operator itself: care for devices and grid, now and then, under use cases that are registered and approved."""

from collections import Counter

import numpy as np
import pytest

from kwartier.grounds import conduct
from kwartier.workflows import installation
from leaflet_support import Place

pytestmark = [pytest.mark.database, pytest.mark.xdist_group("leaflet")]

RULES = {"device_care": "O1", "firmware_update": "O6", "outage": "O2", "danger": "O3"}


def readable(place: Place, meters: list[str] | dict[str, int]) -> set[str]:
    """Return those of the meters that may be visited at all, and answered the night."""
    answered = {one["equipment_id"] for one in place.sessions() if one["event"] == "profile"}
    return set(meters) & answered - place.restricted("administratively_off") - place.restricted("refused")


def needing(place: Place, need: str) -> set[str]:
    """Return which meters need this."""
    listed = place.asked("care", "list")["needing"]
    return {one["equipment_id"] for one in listed if need in {finding["need"] for finding in one["findings"]}}


def test_s15_device_care_now_and_then_battery_check_and_the_like(place: Place) -> None:
    """What the town knows to be wrong with meters is listed, of those that may be visited; of the others nothing was asked."""
    true = place.truth()
    batteries = needing(place, "replace_battery") | needing(place, "battery_low")
    assert batteries == readable(place, true["battery_low"])
    assert needing(place, "gas_battery") == readable(place, true["gas_battery"])
    assert needing(place, "clock_wrong") == readable(place, true["clock_off"])
    assert needing(place, "memory_fault") == readable(place, true["memory_error"])
    assert batteries | needing(place, "clock_wrong")
    with installation.opened(place.data) as house, house.operator() as c:
        days = c.execute(
            "select purpose, count(*) from kw.use_case_day d join kw.use_case u on u.id = d.use_case group by 1"
        ).fetchall()
    assert dict(days).keys() >= {"device_care", "outage", "danger", "energy_loss"}, "each visit counts against its limit"


def test_s16_software_updates_to_the_meter_now_and_then(place: Place) -> None:
    """One signed image went to one meter, which verified and runs it; a tampered one is refused before any meter hears of it."""
    assert place.said["care"]["firmware"] == "activated"
    called = Counter((one["equipment_id"], one["method"]) for one in place.sessions() if one["event"] == "called")
    assert len({meter for meter, _ in called}) == 1
    assert {method for _, method in called} >= {1, 2, 4}, "initiated, transferred, activated; verifying may be put off"
    tampered = place.data / "town" / "firmware" / "SMR5-5.0.2-tampered.kwf"
    refused = place.run("care", "add-firmware", str(tampered), check=False)
    assert (refused.returncode, refused.stderr.split(":")[0]) == (3, "firmware-not-genuine")
    (updated,) = {meter for meter, _ in called}
    assert updated not in needing(place, "old_firmware")


def test_s17_grid_care_now_and_then_reading_at_outages(place: Place) -> None:
    """The outage of the evening is placed on its transformer; a home's own fuse is none; no usage was read for it."""
    found = place.asked("grid", "outages")
    (true,) = place.truth()["outages"]
    assert [one["transformer"] for one in found["outages"]] == [true["transformer"]]
    assert found["outages"][0]["homes"] <= true["homes"]
    with installation.opened(place.data) as house, house.operator() as c:
        asked = c.execute("select distinct chore from kw.sight where purpose = 'outage'").fetchall()
    assert {chore for (chore,) in asked} == {"power_failures", "voltages"}


def test_s18_grid_care_now_and_then_dangerous_situations(place: Place) -> None:
    """Over-voltage, a cover opened, a lost phase: listed with who must act; alarms of meters were looked into, or discarded."""
    true = place.truth()
    listed = place.asked("grid", "dangers")["dangers"]
    found = {(one["equipment_id"], each["danger"]): each for one in listed for each in one["found"]}
    for name, danger in (("over_voltage", "over_voltage"), ("phase_lost", "phase_lost"), ("terminal_cover", "terminal_cover")):
        assert {meter for meter, kind in found if kind == danger} == readable(place, true[name]), danger
    assert {each["act"] for each in found.values()} >= {"fault_desk"}
    alarms = place.said["care"]["alarms"]
    assert alarms["taken"] > 0
    assert alarms["no_ground"] > 0
    with installation.opened(place.data) as house, house.operator() as c:
        states = dict(c.execute("select state, count(*) from kw.alarm group by state").fetchall())
        kept = {key for (key,) in c.execute("select m.equipment_id from kw.alarm a join kw.meter m on m.key = a.meter").fetchall()}
    assert states["confirmed"] == sum(states.values()) == alarms["taken"]
    assert not kept & (place.restricted("administratively_off") | place.restricted("refused"))


def test_s19_energy_loss_is_transported_minus_consumed(place: Place) -> None:
    """Per transformer, sums over enough homes only; nothing that was read for it stands in the store."""
    with installation.opened(place.data) as house:
        with house.operator() as c:
            rows = c.execute(
                "select homes, homes_read, min_group, infeed_wh, net_use_wh, loss_wh"
                " from kw.loss l join kw.use_case u on u.id = l.use_case where withheld is null"
            ).fetchall()
        bases = {one.basis for day in house.readings.days_held() for one in house.readings.scan(day)}
    assert len(rows) == place.said["transformers_published"] > 0
    assert all(read >= least for _, read, least, *_ in rows)
    whole = [[np.frombuffer(one, np.int64) for one in sums] for homes, read, _, *sums in rows if homes == read]
    assert whole, "behind some transformer every home was read"
    for infeed, net_use, loss in whole:
        assert (loss == infeed - net_use).all()
    for_loss = [conduct.EDITIONS[-1].rule(name).no for name in ("O4", "O5")]
    assert bases
    assert not any(basis >> no & 1 for basis in bases for no in for_loss)


@pytest.mark.parametrize("purpose", sorted(RULES))
def test_every_chore_names_the_use_case_it_is_done_under(place: Place, purpose: str) -> None:
    with installation.opened(place.data) as house, house.operator() as c:
        used = c.execute(
            "select count(*) from kw.use_case_day d join kw.use_case u on u.id = d.use_case where purpose = %s", (purpose,)
        )
        assert used.fetchone() != (0,)

"""The leaflet on suppliers and third parties: what the law gives the one, and what the customer permits the other."""

import json
import zipfile
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from chain_support import DAY
from kwartier.grounds import conduct
from kwartier.model.ground import Purpose, Role
from leaflet_support import Place

pytestmark = [pytest.mark.database, pytest.mark.xdist_group("leaflet")]


def papers(place: Place, kind: str) -> list[dict[str, Any]]:
    """Return the papers of one kind that suppliers found beside their bundles."""
    found = []
    for path in sorted((place.data / "outbox").glob("*/*.papers.zip")):
        with zipfile.ZipFile(path) as archive:
            listed = archive.namelist()
            found += [
                json.loads(archive.read(name)) | {"beside": [one for one in listed if one.startswith(name.split("/")[0])]}
                for name in listed
                if name.endswith(f"/{kind}.json")
            ]
    return found


def test_s06_third_parties_only_with_express_consent_and_bound_by_the_privacy_law_themselves(place: Place) -> None:
    """Whatever an app was handed names a customer's permission; an app without an agreement is handed nothing."""
    handed = place.parcels("third_party_service")
    assert handed
    assert {ground["rule"] for parcel in handed for ground in parcel["grounds"]} == {"T1"}
    permitted = {(row["party"], row["ean"]) for row in place.file("permissions.csv") if row["party"]}
    assert {(parcel["box"], parcel["metering_point"]) for parcel in handed} <= permitted
    bound = {row["party"] for row in place.file("agreements.csv") if not row["end"]}
    unbound = {party for party, _ in permitted} - bound
    assert unbound
    assert not unbound & {parcel["box"] for parcel in handed}
    assert place.said["refusal_rules"]["F3"] > 0


def test_s09_the_supplier_asks_for_and_gets_readings_by_the_schedule_of_the_edition(place: Place) -> None:
    """Six times a year in the leaflet's edition, every day in that of 2026; day registers only, of the own customers only."""
    editions = map(conduct.edition, ("leaflet", "2026"))
    then, now = (edition.grant(Role.SUPPLIER, Purpose.PERIODIC_READING) for edition in editions)
    assert then is not None
    assert now is not None
    year = [date(2026, 1, 1) + timedelta(days=n) for n in range(365)]
    assert sum(then.schedule.falls_on(day) for day in year) == 6
    assert all(now.schedule.falls_on(day) for day in year)
    handed = place.parcels("periodic_reading")
    supplied = {(row["party"], row["ean"]) for row in place.file("contracts.csv")}
    assert handed
    assert {(parcel["box"], parcel["metering_point"]) for parcel in handed} <= supplied
    assert not any(parcel["series"] for parcel in handed), "no quarter-hour and no hour"


def test_s10_the_supplier_can_send_the_customer_a_usage_overview(place: Place) -> None:
    """Read at the end of the last month; made of what that supplier was handed, as JSON and as pages in Dutch and in English."""
    month_ends = DAY.replace(day=1) - timedelta(days=1)
    place.run("night", "run", "--date", month_ends.isoformat(), "--json")
    made = papers(place, "overview")
    assert made
    for one in made:
        assert one["format"] == "kwartier/overview/1"
        names = {name.split("/")[1] for name in one["beside"]}
        assert {"overview.json", "overview.nl.html", "overview.en.html"} <= names
        assert one["own_since"] <= one["period"]["end"]
    assert place.asked("audit", "replay")["uncovered"] == 0


def test_s11_for_the_annual_bill_a_move_and_a_switch_readings_go_to_the_supplier(place: Place) -> None:
    """At a switch to the old one and the new; the bill of the first home has the stand that closes its year."""
    for purpose in ("annual_bill", "move", "switch"):
        handed = place.parcels(purpose)
        assert handed, purpose
        assert all(parcel["readings"] for parcel in handed)
    at_switch: dict[str, set[str]] = {}
    for parcel in place.parcels("switch"):
        at_switch.setdefault(parcel["metering_point"], set()).add(parcel["box"])
    assert any(len(boxes) == 2 for boxes in at_switch.values())
    bills = papers(place, "annual-bill")
    assert bills
    assert all(usage["closing"] is not None for bill in bills for usage in bill["usage"])


def test_s12_consent_is_given_for_an_app_which_asks_the_operator_who_reads_and_passes_on_what_was_asked_for(
    place: Place, tmp_path: Path
) -> None:
    """A permission is given after the night: the next one asks that meter alone, and the app gets exactly that scope."""
    permitted = [row for row in place.file("permissions.csv") if row["party"]]
    bound = next(
        row["party"] for row in place.file("agreements.csv") if not row["end"] and row["party"] in {p["party"] for p in permitted}
    )
    known = {row["ean"] for row in permitted} | {row["ean"] for row in place.file("restrictions.csv")}
    home, who = _sound_home(place, known)
    rows = permitted[0] | {
        "reference": "leaflet-s12",
        "ean": home,
        "subject": who,
        "party": bound,
        "products": "electricity",
        "kinds": "interval",
        "direction": "consumption",
        "data_from": DAY.isoformat(),
        "data_to": (DAY + timedelta(days=30)).isoformat(),
        "granted": DAY.isoformat(),
        "expires": (DAY + timedelta(days=30)).isoformat(),
    }
    place.night()  # what others were permitted meanwhile is none of this app's business
    place.enter(tmp_path, "permissions.csv", [rows])
    night = place.night()
    assert (night["read"], night["parcels"]) == (1, 1)
    (handed,) = [one for one in place.parcels("third_party_service") if one["metering_point"] == home]
    assert handed["box"] == bound
    assert [series["direction"] for series in handed["series"]] == ["consumption"]
    assert handed["readings"] == []


def _sound_home(place: Place, known: set[str]) -> tuple[str, str]:
    """Return the EAN of an electricity connection that was read for its supplier, and the code of who lives there."""
    read = {parcel["metering_point"] for parcel in place.parcels("periodic_reading") if parcel["product"] == "electricity"}
    lives = {row["ean"]: row["subject"] for row in place.file("occupancies.csv") if not row["end"]}
    home = next(ean for ean in sorted(read - known) if ean in lives)
    return home, lives[home]

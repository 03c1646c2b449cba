"""Another permission administrator: what it tells is appended once and works as what was given here; what is wrong is put aside."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kwartier.grounds import information
from kwartier.model.ground import Refusal
from kwartier.model.period import Period, utc
from kwartier.model.permit import Permit
from kwartier.store.registry import permissions
from kwartier.store.registry.permissions import Grant
from kwartier.workflows import enrolment, permission
from kwartier.workflows.permission import elsewhere, ends, overview, reminders
from permission_support import DAY, E_INTERVAL, Home
from registry_support import NOON, between, ean, on

AT = NOON + DAY


@pytest.fixture
def there(home: Home) -> Home:
    """Return the home where another body grants."""
    return replace(home, house=replace(home.house, settings=replace(home.house.settings, permission_administrator="elsewhere")))


def established(home: Home, identifier: str = "pa-1", **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - whatever a permission has
    code = home.world.c.execute("select code from kw.subject where key = %s", (home.person,)).fetchone()
    assert code is not None
    permission: dict[str, Any] = {
        "final_customer": code[0],
        "eligible_party": home.code(),
        "request": {
            "metering_point": {"identifier": home.ean().reveal()},
            "specification": {
                "reading_start": "2026-01-01T00:00:00+01:00",
                "reading_end": None,
                "direction": "combined",
                "energy_product": "electricity",
                "granularity": ["interval", "day"],
            },
        },
        "purpose": "inzicht",
        "transmission_schedule": "daily",
        "permission_maximum_lifetime": "2027-01-01T00:00:00+01:00",
    }
    return {
        "object": "established_permission_information",
        "permission_identifier": identifier,
        "creation_timestamp": "2026-03-01T00:00:00+01:00",
        "permission": permission | changes,
    }


def revoked(identifier: str = "pa-1") -> dict[str, Any]:
    moment = "2026-03-12T12:00:00Z"
    return {"object": "revocation_notification", "permission_identifier": identifier, "permission_end_timestamp": moment}


def terminated(identifier: str = "pa-1") -> dict[str, Any]:
    moment = "2026-03-12T12:00:00Z"
    return {
        "object": "notification_of_termination_of_service",
        "permission_identifier": identifier,
        "termination_timestamp": moment,
    }


def listed(home: Home, identifier: str = "pa-1", **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - whatever a listed one has
    return {
        "object": "listed_permission",
        "established": established(home, identifier),
        "reason_for_end": "invalidated",
        "because": "moved_out",
        "permission_end_timestamp": "2026-03-12T12:00:00Z",
    } | changes


def take(home: Home, folder: Path, *lines: object) -> elsewhere.Taken:
    path = folder / "permissions.jsonl"
    path.write_text("".join(f"{one if isinstance(one, str) else json.dumps(one)}\n" for one in lines), "utf-8")
    return elsewhere.take(home.house, path, at=AT)


@pytest.mark.parametrize("end", [revoked, terminated])
def test_what_was_given_and_ended_there_counts_here(there: Home, tmp_path: Path, end: Any) -> None:  # noqa: ANN401 - a function
    first = take(there, tmp_path, established(there))
    assert (first.established, first.ended, first.known, sum(first.refused.values())) == (1, 0, 0, 0)
    assert isinstance(there.may(AT), Permit)
    second = take(there, tmp_path, established(there), end())
    assert (second.established, second.ended, second.known) == (0, 1, 1)
    third = take(there, tmp_path, established(there), end())
    assert (third.established, third.ended, third.known) == (0, 0, 2)
    assert isinstance(there.may(NOON + 2 * DAY - DAY / 2), Permit)
    assert isinstance(there.may(NOON + 2 * DAY), Refusal)
    shown = overview.show(there.house, "pa-1", at=NOON + 3 * DAY).information
    assert shown.reason_for_end == {revoked: "revoked", terminated: "terminated"}[end]
    assert [kind for kind, _ in there.told()] == ["permission:granted", f"permission:{shown.reason_for_end}"]


def test_an_end_that_is_still_to_come_gives_way_to_a_nearer_one_and_to_no_later_one(there: Home, tmp_path: Path) -> None:
    far, later = terminated() | {"termination_timestamp": "2026-12-01T00:00:00Z"}, "2026-03-13T12:00:00Z"
    assert take(there, tmp_path, established(there), far).ended == 1
    assert isinstance(there.may(NOON + 3 * DAY), Permit)
    assert take(there, tmp_path, revoked()).ended == 1
    assert isinstance(there.may(NOON + 2 * DAY), Refusal)
    again = take(there, tmp_path, far, revoked(), terminated(), revoked() | {"permission_end_timestamp": later})
    assert (again.ended, again.known) == (0, 4)
    assert [(event, at) for event, at, _ in there.ended()] == [
        ("terminated", utc(on("2026-12-01") + DAY / 24)),
        ("revoked", NOON + 2 * DAY),
    ]
    shown = overview.show(there.house, "pa-1", at=NOON + 3 * DAY).information
    assert (shown.reason_for_end, shown.permission_end_timestamp) == ("revoked", NOON + 2 * DAY)
    assert [kind for kind, _ in there.told()] == ["permission:granted", "permission:terminated", "permission:revoked"]


def test_what_is_wrong_is_put_aside_and_stops_nothing(there: Home, tmp_path: Path) -> None:
    specification = established(there)["permission"]["request"]["specification"]
    point = established(there)["permission"]["request"]["metering_point"]
    gone = "2020-01-01T00:00:00Z"
    wrong: list[tuple[object, str]] = [
        ("{", "no-object"),
        ("[]", "no-object"),
        ({"object": "something"}, "bad-object"),
        (established(there, "w1", eligible_party="nobody"), "unknown-party"),
        (established(there, "w2", final_customer="nobody"), "unknown-subject"),
        (
            established(there, "w3", request={"metering_point": {"identifier": ean(9999)}, "specification": specification}),
            "unknown-ean",
        ),
        (
            established(there, "w4", request={"metering_point": {"identifier": "1"}, "specification": specification}),
            "bad-ean-or-period",
        ),
        (established(there, "w5", permission_maximum_lifetime="2040-01-01T00:00:00Z"), "scope"),
        (established(there, "w6", transmission_schedule="hourly"), "scope"),
        (
            established(there, "w7", request={"metering_point": point, "specification": specification | {"energy_product": "gas"}}),
            "scope",
        ),
        (established(there, "w8") | {"creation_timestamp": gone}, "scope"),
        (established(there, "w11") | {"valid_from": "2026-02-28T23:00:00+01:00"}, "scope"),
        (revoked("w9"), "unknown-permission"),
        (listed(there, "w9"), "unknown-permission"),
        (listed(there, established=established(there, purpose="iets anders")), "permission-differs"),
        (listed(there, established=established(there, eligible_party="nobody")), "unknown-party"),
        (listed(there, reason_for_end="bored"), "bad-object"),
        (listed(there, because="bored"), "bad-object"),
        (listed(there, reason_for_end="fulfilled"), "bad-object"),
        (listed(there, reason_for_end=None, because=None, permission_end_timestamp=None), "bad-object"),
        (listed(there, permission_end_timestamp=None), "bad-object"),
        (listed(there, established=None), "bad-object"),
        (established(there, "pa-1", purpose="iets anders"), "permission-differs"),
        (established(there, "w10"), "overlaps"),
        (established(there, "kw-999", purpose="nog iets anders"), "reserved-identifier"),
    ]
    report = take(there, tmp_path, established(there), *(line for line, _ in wrong), established(there, "pa-2", purpose="nog iets"))
    assert report.established == 2
    rows = there.world.c.execute("select line, code from kw.import_reject where run = %s order by line", (report.run,)).fetchall()
    assert rows == [(number, code) for number, (_, code) in enumerate(wrong, 2)]
    assert report.refused.total() == len(wrong)


def test_nothing_is_read_after_another_body_told_that_it_was_invalidated(there: Home, tmp_path: Path) -> None:
    assert take(there, tmp_path, established(there), listed(there)).ended == 1
    assert isinstance(there.may(NOON + 2 * DAY - DAY / 2), Permit)
    assert isinstance(there.may(NOON + 2 * DAY), Refusal)
    assert there.ended() == [("invalidated", NOON + 2 * DAY, "moved_out")]


def test_why_it_was_invalidated_need_not_be_said(there: Home, tmp_path: Path) -> None:
    told = listed(there)
    del told["because"]
    assert take(there, tmp_path, established(there), told).ended == 1
    assert there.ended() == [("invalidated", NOON + 2 * DAY, None)]


def test_what_was_given_there_to_begin_later_begins_later(there: Home, tmp_path: Path) -> None:
    later = established(there) | {"valid_from": "2026-03-12T12:00:00Z"}
    assert take(there, tmp_path, later).established == 1
    assert isinstance(there.may(NOON + 2 * DAY - DAY / 2), Refusal)
    assert isinstance(there.may(NOON + 2 * DAY), Permit)
    assert take(there, tmp_path, later, established(there)).refused == {"permission-differs": 1}
    (line,) = overview.log(there.house)
    assert (line.event, line.at) == ("granted", on("2026-03-01"))


@pytest.mark.parametrize(("reason", "over"), [("end_reached", 1), ("fulfilled", 1), ("revoked", 2), ("invalidated", 2)])
def test_what_ran_out_goes_on_by_its_renewal_and_what_was_taken_back_does_not(
    home: Home, there: Home, tmp_path: Path, reason: str, over: int
) -> None:
    data, live = between("2026-01-01"), between("2026-03-01", "2027-01-01")
    given = Grant(home.connection, home.person, home.app, E_INTERVAL, "inzicht", data, live)
    with home.house.operator() as c:
        number = permissions.grant(c, given, live.start)
    reminders.renew(home.house, home.person, number, until=on("2027-06-01"), at=NOON)
    (said,) = [information.as_json(one.information) for one in [overview.show(home.house, f"kw-{number}", at=NOON)]]
    end = {"reason_for_end": reason, "permission_end_timestamp": "2026-12-31T23:00:00Z"}
    assert take(there, tmp_path, said | end).ended == 1
    assert len(there.ended()) == over


def test_who_did_not_live_there_gave_nothing(there: Home, tmp_path: Path) -> None:
    there.world.c.execute("update kw.occupancy set period = tstzrange(lower(period), %s)", (on("2026-02-01"),))
    assert take(there, tmp_path, established(there)).refused == {"not-an-occupant": 1}


def test_where_permissions_are_given_here_nobody_elses_word_is_taken(home: Home, tmp_path: Path) -> None:
    with pytest.raises(permission.GrantedHere):
        take(home, tmp_path, established(home))


def test_what_ends_by_itself_does_so_there_too(there: Home, tmp_path: Path) -> None:
    take(there, tmp_path, established(there))
    there.world.c.execute("update kw.agreement set period = tstzrange(lower(period), %s)", (AT,))
    assert ends.sweep(there.house, at=AT) == 1
    assert take(there, tmp_path, revoked()).known == 1, "it had ended before"


@given(
    line=st.one_of(
        st.text(),
        st.binary().map(lambda b: b.decode("latin-1")),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(),
            lambda inner: st.dictionaries(
                st.sampled_from(["object", "permission", "request", "permission_identifier", "creation_timestamp"]), inner
            ),
            max_leaves=8,
        ).map(lambda value: json.dumps({"object": "established_permission_information", "permission": value})),
    )
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_line_can_do_harm(there: Home, tmp_path: Path, line: str) -> None:
    text = " ".join(line.split())
    report = take(there, tmp_path, text)
    assert report.refused.total() == (1 if text.strip() else 0)


@pytest.mark.parametrize("begins", [{}, {"valid_from": "2026-03-05T00:00:00+01:00"}], ids=["as it was given", "later"])
def test_what_a_party_was_given_before_it_was_bound_comes_in_when_its_agreement_was_told(
    there: Home, tmp_path: Path, begins: dict[str, str]
) -> None:
    """A party binds itself before somebody permits it anything; but the one may be told before the other."""
    start = on("2026-03-05" if begins else "2026-03-01")
    other = replace(there, app=there.world.party("third_party"))
    line = established(other) | begins
    assert take(other, tmp_path, line).refused == {"no-agreement": 1}
    assert take(other, tmp_path, revoked()).refused == {"unknown-permission": 1}
    other.world.agreement(other.app, Period(start + DAY))
    assert take(other, tmp_path, line).refused == {"no-agreement": 1}, "its begin is what counts"
    other.world.agreement(other.app, Period(start, start + DAY))
    assert take(other, tmp_path, line).established == 1
    assert isinstance(other.may(AT), Permit)
    assert ends.sweep(other.house, at=AT) == 0
    assert take(other, tmp_path, line).known == 1


def test_an_import_of_permissions_stays_shut_but_for_the_customers_own_page(there: Home, tmp_path: Path) -> None:
    """Whose permissions another body gives come from that body, with its identifiers, and by no other door."""
    head = "reference,ean,subject,party,products,kinds,direction,purpose,data_from,data_to,granted,expires"
    (code,) = there.world.c.execute("select code from kw.subject where key = %s", (there.person,)).fetchall()[0]
    row = "{0},{1},{2},{3},electricity,interval,combined,inzicht,2026-01-01,,2026-03-01,2027-03-01"
    rows = [row.format(reference, there.ean().reveal(), code, party) for reference, party in (("r1", there.code()), ("r2", ""))]
    (tmp_path / "permissions.csv").write_text("\n".join([head, *rows]) + "\n", "utf-8")
    report = enrolment.take(there.house, tmp_path, dry_run=False, at=AT)
    assert (report.added, report.rejected) == (1, 1)
    assert there.world.c.execute("select line, code from kw.import_reject").fetchall() == [(2, "granted-elsewhere")]
    assert there.world.c.execute("select party, reference from kw.permission").fetchall() == [(None, "r2")]

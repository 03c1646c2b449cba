"""Facts that ended, requests that were answered and breaches that were closed go when their term is over, and nothing else does."""

from datetime import datetime, timedelta

import psycopg
import pytest

from kwartier.model.period import Period
from kwartier.store.postgres import Dsns
from kwartier.workflows import retention
from kwartier.workflows.installation import Installation
from registry_support import ALWAYS, World, between, on

NOW = on("2026-11-27")
FIVE, EIGHT = "2021-11-27", "2018-11-27"
"""What ended before is past its term of so many years."""


def kept(house: Installation, table: str, column: str = "id") -> set[int]:
    with house.operator() as c:
        return {key for (key,) in c.execute(f"select {column} from kw.{table}".encode())}  # noqa: S608 - names below


def told(house: Installation) -> dict[str, int]:
    """Return what the log was told last: from when on facts are still there."""
    query = "select convert_from(leaf, 'UTF8')::jsonb #> '{body,facts_from}' from audit.pending where kind = 'retention:applied'"
    with house.operator() as c:
        found: dict[str, int] = c.execute(query.encode()).fetchall()[-1][0]
    return found


def ended(facts: World, live: Period, **more: object) -> int:
    """Give a permission that lived for a while, to a party of its own, and say that it ran out."""
    home, person, app = facts.connection(), facts.subject(), facts.party("third_party")
    about = {"connection": home, "subject": person, "party": app, "mask": 6, "purpose": "inzicht", "data": ALWAYS}
    key = facts.new("permission", **(about | more), live=live)
    facts.c.execute("insert into kw.permission_reminder values (%s, 7, %s)", (key, live.start))
    if live.end is not None:
        facts.c.execute("insert into kw.permission_event (permission, at, event) values (%s, %s, 'expired')", (key, live.end))
    return key


def test_a_permission_goes_five_years_after_its_end_with_all_that_was_said_of_it(opened: Installation, facts: World) -> None:
    old, recent = ended(facts, between("2019-01-01", "2021-11-26")), ended(facts, between("2019-01-01", FIVE))
    lives = ended(facts, between("2019-01-01"))
    revoked = ended(facts, between("2019-01-01"))
    facts.c.execute(
        "insert into kw.permission_event (permission, at, event) values (%s, %s, 'revoked')", (revoked, on("2020-01-01"))
    )
    assert retention.nightly(opened, at=NOW).counts["permissions"] == 2
    assert kept(opened, "permission") == kept(opened, "permission_state") == {recent, lives}
    assert old not in kept(opened, "permission_event", "permission") | kept(opened, "permission_reminder", "permission")
    assert told(opened)["permission"] == int(on(FIVE).timestamp())
    assert retention.nightly(opened, at=NOW).counts["permissions"] == 0


def test_what_a_customer_said_no_to_after_its_end_stays_until_the_term_of_the_no_is_over(
    opened: Installation, facts: World
) -> None:
    live = between("2019-01-01", "2020-01-01")
    gone, stays = ended(facts, live), ended(facts, live)
    asked = [request(facts, "timed_out", on("2020-01-01")) for _ in range(2)]
    for about, numbers in (("permission", (gone, stays)), ("request", asked)):
        for number, at in zip(numbers, ("2021-11-26", "2022-06-01"), strict=True):
            facts.c.execute(f"insert into kw.late_no ({about}, at) values (%s, %s)".encode(), (number, on(at)))  # noqa: S608 - two names
    assert retention.nightly(opened, at=NOW).counts["permissions"] == 2
    assert (kept(opened, "permission"), kept(opened, "permission_request")) == ({stays}, {asked[1]})
    assert kept(opened, "late_no", "coalesce(permission, request)") == {stays, asked[1]}


def test_what_a_permission_renews_stays_as_long_as_that_does_and_goes_with_it(opened: Installation, facts: World) -> None:
    gone, stays = [ended(facts, between("2015-01-01", "2016-01-01")) for _ in range(2)]
    for first, until in ((gone, on("2021-01-01")), (stays, None)):
        facts.c.execute(
            "insert into kw.permission (connection, subject, party, mask, purpose, data, live, renews) select connection, subject,"
            " party, mask, purpose, data, tstzrange(upper(live), %s), id from kw.permission where id = %s",
            (until, first),
        )
    assert retention.nightly(opened, at=NOW).counts["permissions"] == 2
    assert kept(opened, "permission", "coalesce(renews, id)") == {stays}


def request(facts: World, answer: str, at: datetime, **more: object) -> int:
    """Let a party ask, as a mandate of which evidence was asked, and let that be answered."""
    about = {"connection": facts.connection(), "subject": facts.subject(), "party": facts.party("third_party")} | more
    asked = {"origin": "mandate", "mask": 6, "purpose": "inzicht", "data": ALWAYS, "schedule": "daily"}
    when = {"live_from": at, "live_until": at + timedelta(days=365), "asked": at, "answer_by": at}
    key = facts.new("permission_request", **(about | asked | when))
    sample = facts.new("mandate_sample", request=key, at=at, due=at + timedelta(days=365), seed=1)
    facts.c.execute("insert into kw.mandate_evidence values (%s, %s, 'held')", (sample, at))
    facts.new("letter", request=key, at=at - timedelta(days=14), answer_by=at)
    with facts.c.transaction():
        for event in ("requested", "presented", *([answer] if answer else [])):
            facts.c.execute("insert into kw.request_event (request, at, event) values (%s, %s, %s)", (key, at, event))
        if answer == "granted":
            facts.c.execute(
                "insert into kw.permission (connection, subject, party, mask, purpose, data, live, request) select connection,"
                " subject, party, mask, purpose, data, tstzrange(live_from, live_until), id from kw.permission_request"
                " where id = %s",
                (key,),
            )
    return key


def test_what_was_asked_and_answered_goes_and_what_waits_or_was_given_stays(opened: Installation, facts: World) -> None:
    request(facts, "rejected", on("2020-01-01"))
    request(facts, "granted", on("2020-01-01"))
    left = {
        request(facts, "granted", on("2021-01-01")),
        request(facts, "rejected", on("2022-01-01")),
        request(facts, "", on("2020-01-01")),
    }
    assert retention.nightly(opened, at=NOW).counts["permissions"] == 3
    assert kept(opened, "permission_request") == kept(opened, "request_event", "request") == left
    assert kept(opened, "mandate_sample", "request") == kept(opened, "letter", "request") == left
    assert len(kept(opened, "mandate_evidence", "sample")) == len(left)


def test_contracts_and_choices_go_eight_years_after_their_end(opened: Installation, facts: World) -> None:
    home, party = facts.connection(), facts.party()
    spans = (between("2015-01-01", "2018-11-26"), between("2018-11-26", EIGHT), between(EIGHT))
    supplies = [facts.supply(home, party, span) for span in spans]
    choices = [facts.restriction(home, span) for span in spans]
    counts = retention.nightly(opened, at=NOW).counts
    assert (counts["supplies"], counts["choices"]) == (1, 1)
    assert (kept(opened, "supply"), kept(opened, "restriction")) == (set(supplies[1:]), set(choices[1:]))
    assert told(opened) | {"permission": 0} == {name: int(on(EIGHT).timestamp()) for name in ("supply", "restriction")} | {
        "permission": 0
    }


def test_where_somebody_has_the_processing_restricted_no_fact_goes(opened: Installation, facts: World) -> None:
    permission = ended(facts, between("2015-01-01", "2016-01-01"))
    row = facts.c.execute("select connection, subject from kw.permission where id = %s", (permission,)).fetchone()
    assert row is not None
    facts.supply(row[0], facts.party(), between("2015-01-01", "2016-01-01"))
    asked = right(facts, "answered", on("2020-01-01"), row[1])
    facts.new("hold", connection=row[0], subject=row[1], request=asked, period=between("2020-01-01"))
    counts = retention.nightly(opened, at=NOW).counts
    assert (counts["permissions"], counts["supplies"], counts["rights"]) == (0, 0, 0)
    assert kept(opened, "permission") == {permission}
    assert kept(opened, "rights_request") == {asked}, "a restriction rests on it"


def right(facts: World, answer: str, at: datetime, subject: int | None = None) -> int:
    """Let a person ask by the privacy law, and have it answered."""
    subject = subject or facts.subject()
    key = facts.new("rights_request", subject=subject, kind="access", asked=at, due=at + timedelta(days=31))
    for event in ("asked", *([answer] if answer else [])):
        facts.c.execute("insert into kw.rights_event (request, at, event, by) values (%s, %s, %s, 'system')", (key, at, event))
    return key


def test_a_request_under_the_privacy_law_goes_five_years_after_the_last_that_was_said_of_it(
    opened: Installation, facts: World
) -> None:
    right(facts, "answered", on("2020-01-01"))
    right(facts, "refused", on("2020-01-01"))
    left = {right(facts, "", on("2020-01-01")), right(facts, "answered", on("2022-01-01"))}
    late = right(facts, "answered", on("2020-01-01"))
    facts.c.execute(
        "insert into kw.rights_event (request, at, event, by) values (%s, %s, 'lifted', 'customer')", (late, on("2023-01-01"))
    )
    assert retention.nightly(opened, at=NOW).counts["rights"] == 2
    assert kept(opened, "rights_request") == kept(opened, "rights_event", "request") == left | {late}


def test_a_breach_goes_five_years_after_it_was_closed(opened: Installation, facts: World) -> None:
    home, person = facts.connection(), facts.subject()
    made = []
    for event, at in (("closed", on("2020-01-01")), ("closed", on("2022-01-01")), ("authority", on("2020-01-01"))):
        about = {
            "known": at,
            "due": at + timedelta(days=3),
            "period": between("2019-12-01", "2019-12-02"),
            "nature": "x",
            "by": "y",
        }
        made.append(facts.new("breach", **about))
        facts.c.execute("insert into kw.breach_event (breach, at, event, by) values (%s, %s, %s, 'y')", (made[-1], at, event))
        facts.c.execute("insert into kw.breach_touched values (%s, %s, %s, 1, %s, %s)", (made[-1], person, home, at, at))
    assert retention.nightly(opened, at=NOW).counts["breaches"] == 1
    assert (
        kept(opened, "breach")
        == kept(opened, "breach_touched", "breach")
        == kept(opened, "breach_event", "breach")
        == set(made[1:])
    )


@pytest.mark.parametrize("table", ["permission_event", "request_event", "rights_event", "breach_event"])
def test_not_even_the_owner_takes_what_is_younger(table: str, opened: Installation, facts: World, dsns: Dsns) -> None:
    assert kept(opened, table) == set()
    ended(facts, between("2024-01-01", "2025-01-01"))
    request(facts, "rejected", on("2025-01-01"))
    right(facts, "answered", on("2025-01-01"))
    about = {"known": on("2025-01-01"), "due": on("2025-01-04"), "period": between("2025-01-01", "2025-01-02")}
    breach = facts.new("breach", **about, nature="x", by="y")
    facts.c.execute(
        "insert into kw.breach_event (breach, at, event, by) values (%s, %s, 'closed', 'y')", (breach, on("2025-01-05"))
    )
    with psycopg.connect(dsns.owner) as c, pytest.raises(psycopg.errors.IntegrityConstraintViolation):
        c.execute(f"delete from kw.{table}".encode())  # noqa: S608 - names above

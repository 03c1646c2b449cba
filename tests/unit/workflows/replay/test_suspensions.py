"""Whether a party was suspended is taken from the log: a registry that forgot it, or made one up, is found."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from kwartier.audit.events import EventKind
from kwartier.audit.leaves import Grant
from kwartier.model.ground import Role
from kwartier.model.period import epoch_s
from kwartier.workflows.replay.again import Again
from kwartier.workflows.replay.findings import Findings
from replay_support import Faulty

pytestmark = pytest.mark.database
LONG_AGO = datetime(2026, 1, 2, tzinfo=UTC)
LATER = datetime(2099, 1, 1, tzinfo=UTC)


def served(night: Faulty, role: str) -> int:
    """Return a party that was handed something."""
    return int(night.one("select receiver from kw.parcel where receiver_role = %s and status = 'delivered' order by id", role))


def suspend(night: Faulty, party: int, start: datetime, end: datetime | None, *, row: bool = True, told: bool = True) -> None:
    """Suspend a party in the registry, tell the log of it, or both."""
    number = 77
    if row:
        night.change(
            "insert into kw.suspension (id, party, period, because) overriding system value"
            " values (%s, %s, tstzrange(%s, %s), 'breach')",
            *(number, party, start, end),
        )
    if told:
        body = {"suspension": number, "party": party, "because": "breach"}
        night.tell(EventKind.SUSPENSION_BEGAN, None, start, **body, start=epoch_s(start), end=None)
        if end is not None:
            night.tell(EventKind.SUSPENSION_ENDED, None, end, **body, start=epoch_s(start), end=epoch_s(end))


@pytest.mark.parametrize("role", ["third_party", "supplier"])
def test_a_suspension_that_the_registry_was_made_to_forget(night: Faulty, role: str) -> None:
    """The line is dated back and stands behind the night, so nothing that was done in it is judged by it."""
    suspend(night, served(night, role), LONG_AGO, None, row=False)
    found = night.found()
    assert {one.code for one in found.findings} == {"fact-differs"}
    assert found.uncovered == 1


def test_a_suspension_that_the_log_was_never_told_holds_all_the_same(night: Faulty) -> None:
    suspend(night, served(night, "third_party"), LONG_AGO, None, told=False)
    found = night.found()
    assert {one.code for one in found.findings} >= {"fact-not-told", "permit-not-decided", "parcel-not-decided"}


def test_a_suspension_that_ends_later_in_the_registry_than_in_the_log(night: Faulty) -> None:
    party = served(night, "third_party")
    suspend(night, party, LONG_AGO, LONG_AGO + timedelta(days=3))
    night.c.execute("alter table kw.suspension disable trigger user")
    night.change("update kw.suspension set period = tstzrange(lower(period), upper(period) + interval '1 day')")
    assert night.codes() == {"fact-differs"}


@pytest.mark.parametrize("role", ["third_party", "supplier"])
@pytest.mark.parametrize(("start", "end"), [(LONG_AGO, LONG_AGO + timedelta(days=3)), (LATER, None)])
def test_who_was_suspended_at_another_time_had_a_ground(night: Faulty, role: str, start: datetime, end: datetime | None) -> None:
    suspend(night, served(night, role), start, end)
    assert night.codes() == set()


def test_a_suspension_in_the_middle_of_a_night_stops_what_was_decided_for_that_party_and_for_no_other(night: Faulty) -> None:
    """From its moment on a request or a parcel under such a permit is late."""
    app, supplier = served(night, "third_party"), served(night, "supplier")
    at, before = decided(night, app)
    assert before > at + timedelta(days=1)
    _, others = decided(night, supplier)
    suspend(night, app, at + timedelta(seconds=1), None)
    assert decided(night, app) == (at, at + timedelta(seconds=1))
    assert decided(night, supplier)[1] == others


def decided(night: Faulty, party: int) -> tuple[datetime, datetime]:
    """Return when something was first to be read for a party, and when the permit for it stopped."""
    rows = night.c.execute(
        "select e.at, l.body from audit.leaf l join audit.entry e on e.id = l.entry"
        " where e.kind = 'batch:intended' order by e.at, l.number"
    )
    lines = ((at, json.loads(raw)) for at, raw in rows.fetchall())
    asked = ((at, Grant(*one).request(said["c"])) for at, said in lines for one in said["g"])
    parties = ((at, one) for at, one in asked if one.requester.role in {Role.SUPPLIER, Role.THIRD_PARTY})
    at, request = next((at, one) for at, one in parties if one.requester.id == party)
    again = Again(night.c, Findings(at))
    again.load([request])
    permit = again.permit(request, at)
    assert permit is not None
    return at, again.stopped(permit, at)


def test_a_suspension_of_nobody_in_the_log_is_not_in_the_registry(night: Faulty) -> None:
    night.tell(EventKind.SUSPENSION_BEGAN, None, LONG_AGO, suspension=78, start=epoch_s(LONG_AGO), end=None)
    assert night.codes() == {"fact-differs", "not-understood"}

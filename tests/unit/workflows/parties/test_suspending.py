"""A suspension and its event in the log are one thing; a night reads and delivers by it, and a replay knows it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from kwartier.grounds import explain
from kwartier.store.registry import facts as registry_facts
from kwartier.store.registry import names
from kwartier.store.registry.errors import NotFound
from kwartier.workflows.installation import Installation
from kwartier.workflows.parties import reinstate, suspend
from kwartier.workflows.parties.suspending import Because, NotSuspended
from registry_support import World

pytestmark = pytest.mark.database
AT = datetime(2026, 3, 10, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def told(house: Installation) -> list[tuple[str, dict[str, Any]]]:
    with house.auditor() as c:
        house.log.integrate(c)
        rows = c.execute(
            "select kind, convert_from(leaf, 'UTF8')::jsonb -> 'body' from audit.entry"
            " where kind like 'suspension:%' order by position"
        )
        return list(rows.fetchall())


def test_the_log_is_told_once_who_since_when_and_why(opened: Installation, facts: World) -> None:
    party = facts.party()
    assert suspend(opened, "P1", Because.ASSURANCE_MISSED, at=AT)
    assert not suspend(opened, "P1", Because.BREACH, at=AT + HOUR), "it is suspended already"
    reinstate(opened, "P1", at=AT + 2 * HOUR)
    began, ended = told(opened)
    about = {"suspension": 1, "party": party, "because": "assurance_missed", "start": int(AT.timestamp())}
    assert began == ("suspension:began", about | {"end": None})
    assert ended == ("suspension:ended", about | {"end": int((AT + 2 * HOUR).timestamp())})


def test_the_log_is_told_the_second_in_which_it_began_and_ended(opened: Installation, facts: World) -> None:
    """Not the nearest: what was refused in the half second after would look as if nobody had been suspended yet."""
    facts.party()
    late = AT + timedelta(milliseconds=900)
    suspend(opened, "P1", Because.SECURITY, at=late)
    reinstate(opened, "P1", at=late + HOUR)
    began, ended = (body for _, body in told(opened))
    assert began["start"] == ended["start"] == int(AT.timestamp())
    assert ended["end"] == int((AT + HOUR).timestamp())


def test_who_is_not_there_or_not_suspended(opened: Installation, facts: World) -> None:
    facts.party()
    with pytest.raises(NotFound):
        suspend(opened, "P9", Because.BREACH, at=AT)
    with pytest.raises(NotFound):
        reinstate(opened, "P9", at=AT)
    with pytest.raises(NotSuspended):
        reinstate(opened, "P1", at=AT)
    assert told(opened) == []


def test_a_suspended_party_may_see_nothing(opened: Installation, facts: World) -> None:
    home, supplier = facts.connection(), facts.party()
    facts.occupancy(home, facts.subject())
    facts.supply(home, supplier)
    facts.agreement(supplier)
    with opened.operator() as c:
        code = names.party_code(c, supplier)
    suspend(opened, code, Because.SECURITY, at=AT)
    with opened.operator() as c:
        known = registry_facts.facts(c, home, year=2026)
    assert {line.rule for line in explain.who_may(known, at=AT)} == {"C1"}
    assert "S1" in {line.rule for line in explain.who_may(known, at=AT - HOUR)}

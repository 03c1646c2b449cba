"""A night looks by itself whose statement of assurance is overdue, and which agreement began: no timer has to be remembered."""

from concurrent.futures import Executor, Future
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from kwartier.model.period import midnight
from kwartier.store.registry import parties as registry
from kwartier.workflows import parties
from kwartier.workflows.installation import Installation
from kwartier.workflows.night import run as nights
from kwartier.workflows.night.report import NightReport
from kwartier.workflows.parties import Kind
from registry_support import World, between, on

pytestmark = pytest.mark.database

DUE = date(2026, 5, 15)
"""Four months after the agreement began."""
TOLD = on("2026-04-16") + timedelta(hours=2)


class Nobody(Executor):
    """Workers that are to get nothing to do."""

    def submit(self, fn: Any, /, *_args: Any, **_kwargs: Any) -> "Future[Any]":  # noqa: ANN401 - as Executor has it
        """Fail: a meter would be asked."""
        pytest.fail(f"{fn} was handed to a worker")


@pytest.fixture
def app(facts: World) -> int:
    """An app that is bound since January."""
    app = facts.party("third_party")
    facts.agreement(app, between("2026-01-15"))
    return app


@pytest.fixture
def permitted(facts: World, app: int) -> int:
    """One home, of which the app may have everything, and nobody else anything."""
    home, person = facts.connection(transformer=facts.transformer()), facts.subject()
    facts.meter(home)
    facts.occupancy(home, person)
    facts.permission(home, person, app, between("2026-01-15"))
    return home


def night(house: Installation, day: date) -> NightReport:
    """Run the night after a day, two hours past midnight."""
    return nights.run(house, day, Nobody(), clock=lambda: midnight(day + timedelta(days=1)) + timedelta(hours=2))


def lines(house: Installation) -> list[str]:
    with house.operator() as c:
        return [
            kind for (kind,) in c.execute("select kind from audit.event where kind ~ '^(assurance|suspension|night)' order by id")
        ]


def suspended(house: Installation, app: int, at: datetime) -> bool:
    with house.operator() as c:
        return registry.suspended(c, app, at)


@pytest.mark.usefixtures("permitted")
def test_a_night_suspends_a_party_whose_statement_is_overdue_and_reads_nothing_for_it(opened: Installation, app: int) -> None:
    parties.check(opened, at=TOLD)
    report = night(opened, DUE)
    assert report.refusals == {"F13": report.refused}
    assert report.refused > 0
    assert suspended(opened, app, on("2026-05-17"))
    assert lines(opened) == ["assurance:due", "assurance:missed", "suspension:began", "night:intended", "night:ended"]
    night(opened, DUE)
    assert lines(opened)[5:] == ["night:intended", "night:ended"], "nothing is done twice"


def test_a_night_tells_a_party_first_what_it_owes(opened: Installation, app: int) -> None:
    night(opened, date(2026, 4, 15))
    assert lines(opened) == ["assurance:due", "night:intended", "night:ended"]
    with opened.operator() as c:
        code = next(one.code for one in registry.every(c) if one.key == app)
    parties.receive(opened, code, Kind.MANAGEMENT, bytes(32), at=on("2026-05-01"))
    night(opened, DUE)
    assert not suspended(opened, app, on("2026-05-17")), "it came in time"


def test_a_night_looks_which_agreements_began(opened: Installation, facts: World) -> None:
    agreement = facts.agreement(facts.party(), between("2026-05-16"))
    facts.c.execute("insert into kw.agreement_to_come (agreement) values (%s)", (agreement,))
    left = []
    for day in (date(2026, 5, 14), DUE):
        night(opened, day)
        with opened.operator() as c:
            left += [c.execute("select count(*) from kw.agreement_to_come").fetchone()]
    assert left == [(1,), (0,)]

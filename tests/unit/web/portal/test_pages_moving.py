"""A form that was open while its reader moved acts on the home that it showed, or on none."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import httpx
import psycopg
import pytest

from kwartier.model.period import Period
from kwartier.store.postgres import Dsns
from kwartier.web.app import application
from kwartier.workflows import installation
from pages_support import Direct, Visitor, heading
from registry_support import NOON, World, between

SOON, LATER = NOON + timedelta(minutes=10), NOON + timedelta(minutes=11)


@dataclass
class Mover:
    """Somebody who lives in one home and will have another in ten minutes; the clock of the pages stands where a test puts it."""

    facts: World
    person: int
    one: int
    other: int
    visit: Visitor
    now: datetime = NOON

    def moves(self, *, leaves: bool) -> None:
        """Let the stay at the other home begin, and that at the one end where it is left."""
        self.facts.occupancy(self.other, self.person, Period(SOON))
        if leaves:
            ended = (SOON, self.one)
            self.facts.c.execute("update kw.occupancy set period = tstzrange(lower(period), %s) where connection = %s", ended)
        self.now = LATER


@pytest.fixture
def mover(installation_dir: Path, dsns: Dsns) -> Iterator[Mover]:
    """Sign the mover in."""
    installation.create(installation_dir)
    (installation_dir / "town").mkdir()
    persona = [{"subject": "ME", "name": "Me", "nl": "ik", "en": "me"}]
    (installation_dir / "town" / "personas.json").write_text(json.dumps(persona))
    failed: list[Exception] = []
    with installation.opened(installation_dir) as house, psycopg.connect(dsns.operator, autocommit=True) as c:
        facts = World(c)
        person, one, other = facts.subject("ME"), facts.connection(), facts.connection()
        for home in (one, other):
            facts.meter(home)
        facts.occupancy(one, person, between("2026-01-01"))
        app = application(house, clock=lambda: made.now, demo=True, failed=failed.append)
        with httpx.Client(transport=Direct(app), base_url="http://127.0.0.1", follow_redirects=True) as client:
            made = Mover(facts, person, one, other, Visitor(client))
            made.visit.post("/en/sign-in", persona="ME")
            yield made
    assert failed == []


def opened(mover: Mover, path: str) -> httpx.Response:
    """Follow the one link of the page to this form."""
    (found, *_) = re.findall(rf'href="(/en/{path}\?[^"]*)"', mover.visit.get("/en/mine").text)
    return mover.visit.get(found.replace("&amp;", "&"))


def refused(mover: Mover) -> list[int]:
    """Return which homes are not read."""
    found = mover.facts.c.execute("select connection from kw.restriction where upper_inf(period) order by 1").fetchall()
    return [key for (key,) in found]


def test_a_choice_is_about_the_home_that_the_form_showed(mover: Mover) -> None:
    form = opened(mover, "choice")
    mover.moves(leaves=False)
    assert mover.visit.send(form, "/en/choice").status_code == 200
    assert refused(mover) == [mover.one]


def test_an_opt_in_is_for_the_home_that_the_form_showed(mover: Mover) -> None:
    form = opened(mover, "opt-in")
    mover.moves(leaves=False)
    assert mover.visit.send(form, "/en/opt-in").status_code == 200
    assert mover.facts.c.execute("select connection from kw.permission").fetchall() == [(mover.one,)]


def test_a_reading_is_of_the_home_that_the_form_showed(mover: Mover) -> None:
    mover.visit.send(opened(mover, "choice"), "/en/choice")
    form = opened(mover, "reading")
    mover.moves(leaves=False)
    mover.facts.restriction(mover.other, Period(SOON))
    assert mover.visit.send(form, "/en/reading", day_import_normal="12").status_code == 200
    assert mover.facts.c.execute("select connection from kw.hand_reading").fetchall() == [(mover.one,)]


@pytest.mark.parametrize("path", ["choice", "opt-in", "reading"])
def test_of_a_home_that_was_left_meanwhile_nothing_is_said(mover: Mover, path: str) -> None:
    if path == "reading":
        mover.facts.restriction(mover.one, between("2026-03-01"))
    form = opened(mover, path)
    mover.moves(leaves=True)
    before = refused(mover)
    answer = mover.visit.send(form, f"/en/{path}", day_import_normal="12")
    assert (answer.status_code, heading(answer)) == (409, "You do not live there now")
    assert refused(mover) == before
    assert mover.facts.c.execute("select from kw.permission union all select from kw.hand_reading").fetchall() == []


@pytest.mark.parametrize("path", ["choice", "opt-in", "reading", "download", "absence"])
def test_anothers_home_is_not_there(mover: Mover, path: str) -> None:
    mover.facts.occupancy(mover.other, mover.facts.subject(), between("2026-01-01"))
    more = "&to=refuse&form=csv&first=2026-03-01&last=2026-03-02"
    assert mover.visit.get(f"/en/{path}?connection={mover.other}{more}").status_code == 404

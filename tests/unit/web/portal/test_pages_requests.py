"""The pages of requests and renewals: what no calendar has answers nothing, and what a renewal gives is said before the yes."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from kwartier.model.period import Period, midnight
from kwartier.store.postgres import Dsns
from kwartier.web.app import application
from kwartier.workflows import installation
from kwartier.workflows.permission import asked, ends, mandates, requests
from pages_support import Direct, Visitor, heading
from permission_support import DAY, E_INTERVAL, UNTIL, Home, claim, wish
from registry_support import NOON, World, between, on


@contextmanager
def pages(folder: Path, dsns: Dsns, at: datetime) -> Iterator[tuple[Home, Visitor]]:
    """Open a home's pages, seen by who lives there."""
    failed: list[Exception] = []
    installation.create(folder)
    (folder / "town").mkdir()
    with installation.opened(folder) as house, psycopg.connect(dsns.operator, autocommit=True) as c:
        home = Home.begin(house, World(c))
        code = c.execute("select code from kw.subject").fetchone()
        assert code is not None
        persona = [{"subject": code[0], "name": "Me", "nl": "ik", "en": "me"}]
        (folder / "town" / "personas.json").write_text(json.dumps(persona))
        app = application(house, clock=lambda: at, demo=True, failed=failed.append)
        with httpx.Client(transport=Direct(app), base_url="http://127.0.0.1", follow_redirects=True) as client:
            visit = Visitor(client)
            visit.post("/nl/sign-in", persona=code[0])
            yield home, visit
    assert failed == []


def test_a_last_day_after_the_last_of_all_answers_nothing(installation_dir: Path, dsns: Dsns) -> None:
    with pages(installation_dir, dsns, NOON + DAY) as (home, visit):
        one = requests.ask(home.house, home.code(), home.ean(), wish(), at=NOON)
        for last, status in (("9999-12-31", 400), ("2020-01-01", 400), ("x", 400), ("", 200)):
            assert visit.post("/nl/request", request=str(one.id), answer="yes", last=last).status_code == status, last
            assert len(home.world.c.execute("select from kw.permission").fetchall()) == (status == 200)
        page = visit.get("/nl/mine").text
        assert "Wat zij eerder vroegen" in page
        assert "U zei ja op" in page


LIVE = between("2026-01-01", "2026-03-20")


def given(home: Home, data: Period, purpose: str = "inzicht") -> int:
    """Give a permission that runs out within a month."""
    about: dict[str, Any] = {"connection": home.connection, "subject": home.person, "party": home.app, "mask": E_INTERVAL}
    return home.world.new("permission", **about, purpose=purpose, data=data, live=LIVE)


def newest(home: Home) -> tuple[Period, Period]:
    """Return what the permission that was given last is about, and when it lives."""
    row = home.world.c.execute("select data, live from kw.permission order by id desc").fetchone()
    assert row is not None
    data, live = (Period(one.lower, one.upper) for one in row)
    return data, live


@pytest.mark.parametrize(
    ("data", "english", "dutch"),
    [
        (LIVE, "up to and including 19 Mar 2027", "tot en met 19 mrt 2027"),
        (between("2026-01-01", "2026-05-01"), "up to and including 30 Apr 2026", "tot en met 30 apr 2026"),
        (between("2026-01-01"), "up to and including 19 Mar 2027", "tot en met 19 mrt 2027"),
    ],
)
def test_a_renewal_says_about_which_time_it_is_before_the_yes(
    installation_dir: Path, dsns: Dsns, data: Period, english: str, dutch: str
) -> None:
    with pages(installation_dir, dsns, NOON) as (home, visit):
        number = given(home, data)
        page = visit.get(f"/en/renew?permission={number}").text
        assert f"The same data, {english}." in page
        assert f"About the time from 1 Jan 2026 {english}" in page
        assert "Then valid up to and including 19 Mar 2027" in page
        assert f"Dezelfde gegevens, {dutch}." in visit.get(f"/nl/renew?permission={number}").text
        assert visit.post("/en/renew", permission=str(number), last="2027-03-19").status_code == 200
        until = on("2027-03-20")
        assert newest(home) == (Period(LIVE.start, until if data == LIVE else data.end), Period(on("2026-03-20"), until))


def test_a_no_on_a_page_that_was_opened_before_the_permission_ended_is_kept(installation_dir: Path, dsns: Dsns) -> None:
    with pages(installation_dir, dsns, NOON) as (home, visit):
        number = given(home, LIVE)
        assert visit.get(f"/en/revoke?permission={number}").status_code == 200
        ends.terminate(home.house, home.code(), f"kw-{number}", at=NOON)
        page = visit.post("/en/revoke", permission=str(number))
        assert (page.status_code, "There was nothing left to end" in page.text) == (200, True)
        assert home.world.c.execute("select permission from kw.late_no").fetchall() == [(number,)]
        assert "There was nothing left to end" not in visit.get(f"/en/mine?declined={number + 1}").text
        assert "U zei nee tegen" in visit.get("/nl/mine").text
        assert visit.post("/en/revoke", permission=str(number)).status_code == 404, "it stands already"


def test_a_no_on_a_page_that_was_opened_before_the_request_fell_away_is_kept(installation_dir: Path, dsns: Dsns) -> None:
    with pages(installation_dir, dsns, NOON + 31 * DAY) as (home, visit):
        one = requests.ask(home.house, home.code(), home.ean(), wish(), at=NOON)
        page = visit.post("/nl/request", request=str(one.id), answer="no")
        assert (page.status_code, "Er was niets meer om te be" in page.text) == (200, True)


def test_who_renews_for_a_shorter_time_gives_data_of_that_time(installation_dir: Path, dsns: Dsns) -> None:
    with pages(installation_dir, dsns, NOON) as (home, visit):
        number = given(home, LIVE)
        for last, status in (("2027-03-20", 400), ("2026-03-19", 400), ("2020-01-01", 400), ("2026-04-30", 200)):
            assert visit.post("/en/renew", permission=str(number), last=last, from_now="1").status_code == status, last
        assert newest(home) == (between("2026-03-10", "2026-05-01"), between("2026-03-20", "2026-05-01"))


def test_what_is_over_before_it_ends_is_told_and_cannot_be_renewed(installation_dir: Path, dsns: Dsns) -> None:
    with pages(installation_dir, dsns, NOON) as (home, visit):
        number, other = given(home, between("2026-01-01", "2026-03-01")), given(home, LIVE, "advies")
        assert "there is nothing to go on with" in visit.get("/en/mine").text
        page = visit.get("/nl/mine").text
        assert "er valt niets te verlengen" in page
        assert (f"renew?permission={number}" in page, f"renew?permission={other}" in page) == (False, True)
        assert visit.get(f"/nl/renew?permission={number}").status_code == 404
        assert visit.post("/nl/renew", permission=str(number), last="2027-03-19").status_code == 404
        assert home.world.c.execute("select from kw.permission where renews is not null").fetchall() == []


def test_a_shorter_yes_to_a_request_ends_its_data_with_it(installation_dir: Path, dsns: Dsns) -> None:
    with pages(installation_dir, dsns, NOON + DAY) as (home, visit):
        asked = requests.ask(home.house, home.code(), home.ean(), wish(data=Period(NOON, UNTIL)), at=NOON)
        assert visit.post("/en/request", request=str(asked.id), answer="yes", last="2026-06-30").status_code == 200
        assert newest(home) == (Period(NOON, on("2026-07-01")), Period(NOON + DAY, on("2026-07-01")))


@pytest.mark.parametrize("last", ["2025-10-25", "2025-03-29", "2026-03-19"])
def test_a_renewal_of_a_year_ends_at_midnight_also_where_the_clock_is_changed(
    installation_dir: Path, dsns: Dsns, last: str
) -> None:
    final = date.fromisoformat(last)
    end, year = midnight(final + timedelta(days=1)), final + timedelta(days=365)
    with pages(installation_dir, dsns, end - DAY) as (home, visit):
        about: dict[str, Any] = {"connection": home.connection, "subject": home.person, "party": home.app, "mask": E_INTERVAL}
        live = Period(on("2025-01-01"), end)
        number = home.world.new("permission", **about, purpose="inzicht", data=between("2025-01-01"), live=live)
        assert f'value="{year.isoformat()}"' in visit.get(f"/nl/renew?permission={number}").text
        assert visit.post("/nl/renew", permission=str(number), last=(year + timedelta(days=1)).isoformat()).status_code == 400
        assert visit.post("/nl/renew", permission=str(number), last=year.isoformat()).status_code == 200
        assert newest(home)[1] == Period(end, midnight(year + timedelta(days=1)))


OWN = {"purpose": "own_insight", "mask": E_INTERVAL, "data": between("2026-01-01"), "live": LIVE}


@pytest.mark.parametrize(("language", "told"), [("en", "For: Own insight by opt-in"), ("nl", "Doel: Eigen inzicht op verzoek")])
def test_what_the_own_page_is_for_is_said_in_words(installation_dir: Path, dsns: Dsns, language: str, told: str) -> None:
    with pages(installation_dir, dsns, NOON) as (home, visit):
        number = home.world.new("permission", connection=home.connection, subject=home.person, party=None, **OWN)
        pages_ = [
            visit.get(f"/{language}/{place}").text
            for place in ("mine", f"revoke?permission={number}", f"renew?permission={number}")
        ]
        assert [(told in page, "own_insight" in page) for page in pages_] == [(True, False)] * 3


def test_a_party_that_keeps_another_permission_is_said_to(installation_dir: Path, dsns: Dsns) -> None:
    """And one that keeps none, or only what goes on from this one and ends with it, is not."""
    ends_all, stays = "your meter is not read for A party any more", "Another permission that you gave A party stays in force"
    with pages(installation_dir, dsns, NOON) as (home, visit):
        one, other = given(home, LIVE), given(home, LIVE, "advies")
        visit.post("/en/renew", permission=str(other), last="2027-03-19")
        page = visit.get(f"/en/revoke?permission={one}").text
        assert (ends_all in page, stays in page) == (False, True)
        page = visit.post("/en/revoke", permission=str(one)).text
        assert ("ask the party itself to erase it" in page, stays in page) == (True, True)
        page = visit.get(f"/en/revoke?permission={other}").text
        assert (ends_all in page, stays in page) == (True, False)
        assert "Vraag hun zelf om het te wissen." in visit.get(f"/nl/revoke?permission={other}").text
        page = visit.post("/en/revoke", permission=str(other)).text
        assert ("The permission is revoked: A party" in page, stays in page) == (True, False)


def test_who_takes_the_own_opt_in_back_is_not_sent_to_a_party(installation_dir: Path, dsns: Dsns) -> None:
    with pages(installation_dir, dsns, NOON) as (home, visit):
        number = home.world.new("permission", connection=home.connection, subject=home.person, party=None, **OWN)
        page = visit.post("/en/revoke", permission=str(number)).text
        assert "ask the party itself" not in page
        assert "What is held already stays yours to see and to take away." in page


def told(answer: httpx.Response) -> tuple[int, str]:
    """Return the status of an answer and its title."""
    return answer.status_code, heading(answer)


LEFT, LAST = (400, "Nothing would be left of it"), (400, "It cannot last until that day")


def test_who_leaves_out_everything_is_told_so(installation_dir: Path, dsns: Dsns) -> None:
    with pages(installation_dir, dsns, NOON + DAY) as (home, visit):
        yes = {"answer": "yes", "request": str(requests.ask(home.house, home.code(), home.ean(), wish(), at=NOON).id)}
        assert told(visit.post("/en/request", **yes, choose="1")) == LEFT
        past = wish(data=between("2026-01-01", "2026-03-01"))
        over = requests.ask(home.house, home.code(), home.ean(), past, at=NOON)
        assert told(visit.post("/en/request", request=str(over.id), answer="yes", from_now="1")) == LEFT
        number = given(home, LIVE, "verlengen")
        assert told(visit.post("/en/renew", permission=str(number), choose="1")) == LEFT
        assert home.world.c.execute("select from kw.permission").fetchall() == [()]


def test_a_last_day_that_cannot_be_is_told_and_the_form_does_not_offer_it(installation_dir: Path, dsns: Dsns) -> None:
    with pages(installation_dir, dsns, NOON + DAY) as (home, visit):
        asked = str(requests.ask(home.house, home.code(), home.ean(), wish(), at=NOON).id)
        assert 'min="2026-03-11" max="2027-03-09"' in visit.get(f"/en/request?request={asked}").text
        for last in ("2026-03-10", "2027-03-10", "9999-12-31", "x"):
            assert told(visit.post("/en/request", request=asked, answer="yes", last=last)) == LAST, last
        number = str(given(home, LIVE, "verlengen"))
        assert 'min="2026-03-20" max="2027-03-19"' in visit.get(f"/en/renew?permission={number}").text
        for last in ("2026-03-19", "2027-03-20", "9999-12-31", "x"):
            assert told(visit.post("/en/renew", permission=number, last=last)) == LAST, last
        assert visit.post("/en/renew", permission=number, last="2026-03-20").status_code == 200, "the first day on which it goes on"
        assert visit.post("/en/request", request=asked, answer="yes", last="2026-03-11").status_code == 200, "today"


def test_who_claims_a_permission_is_not_said_to_ask_for_it(installation_dir: Path, dsns: Dsns) -> None:
    with pages(installation_dir, dsns, NOON + DAY) as (home, visit):
        requests.ask(home.house, home.code(), home.ean(), wish(purpose="asked"), at=NOON)
        mandates.claim(home.house, home.code(), [claim(home, purpose="claimed")], at=NOON)
        waiting = asked.waiting(home.house, home.person, at=NOON + DAY)
        titles = {one.scope.purpose: visit.title(f"/nl/request?request={one.id}")[1] for one in waiting}
        assert titles == {"asked": "A party vraagt om uw toestemming", "claimed": "A party zegt dat u toestemming gaf"}

"""The choice on the pages themselves: shown, asked, said once, and told back; by nobody else's form."""

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import httpx
import psycopg
import pytest

from kwartier.model.period import Period
from kwartier.store.postgres import Dsns
from kwartier.web.app import application
from kwartier.workflows import installation
from pages_support import TOKEN, Direct, Visitor, heading
from registry_support import NOON, World, between


@pytest.fixture
def visitor(installation_dir: Path, dsns: Dsns) -> Iterator[Visitor]:
    """Sign in somebody who lives in a home with a meter."""
    installation.create(installation_dir)
    (installation_dir / "town").mkdir()
    persona = [{"subject": "ME", "name": "Me", "nl": "ik", "en": "me"}]
    (installation_dir / "town" / "personas.json").write_text(json.dumps(persona))
    failed: list[Exception] = []
    with installation.opened(installation_dir) as house:
        with psycopg.connect(dsns.operator, autocommit=True) as c:
            facts = World(c)
            home = facts.connection()
            facts.meter(home)
            facts.occupancy(home, facts.subject("ME"), between("2026-01-01"))
        times = iter(NOON + timedelta(seconds=n) for n in range(1000))
        app = application(house, clock=lambda: next(times), demo=True, failed=failed.append)
        with httpx.Client(transport=Direct(app), base_url="http://127.0.0.1", follow_redirects=True) as client:
            visit = Visitor(client)
            visit.post("/nl/sign-in", persona="ME")
            yield visit
    assert failed == []


def here(visitor: Visitor) -> str:
    """Return the key of the home, as the page names it."""
    (found, *_) = re.findall(r"/choice\?connection=(\d+)", visitor.get("/nl/mine").text)
    return str(found)


def test_off_refused_and_back_from_the_page(visitor: Visitor) -> None:
    said = [("off", "administratief uit"), ("refuse", "geweigerd"), ("on", "mag vanaf nu weer worden uitgelezen")]
    home = here(visitor)
    for to, told in said:
        assert f"/nl/choice?connection={home}&amp;to={to}" in visitor.get("/nl/mine").text
        asked = visitor.get(f"/nl/choice?connection={home}&to={to}")
        assert (asked.status_code, heading(asked)[-1]) == (200, "?")
        after = visitor.post("/nl/choice", connection=home, to=to)
        assert (after.status_code, after.url.query) == (200, f"chosen={to}&connection={home}".encode())
        assert told in after.text
        assert f"/nl/choice?connection={home}&amp;to={to}" not in after.text, "what holds is not offered"
    assert visitor.get("/nl/log").text.count("Uw meter mag weer worden uitgelezen") == 2
    assert "You may have" not in visitor.get(f"/en/choice?connection={home}&to=off").text


def restricted(visitor: Visitor, dsns: Dsns, period: Period, kind: str) -> dict[str, str]:
    """Have the meter restricted for a time; return the page in both languages."""
    with psycopg.connect(dsns.operator, autocommit=True) as c:
        World(c).restriction(1, period, kind)
    return {language: visitor.get(f"/{language}/mine").text for language in ("en", "nl")}


def test_who_moves_in_reads_that_it_was_refused_before(visitor: Visitor, dsns: Dsns) -> None:
    page = restricted(visitor, dsns, between("2025-06-01"), "refused")
    for language, told in (
        (
            "en",
            ["it was refused before you came to live here. This holds until you choose otherwise.", "It was so before you came"],
        ),
        ("nl", ["die is geweigerd voordat u hier kwam wonen. Dit geldt totdat u anders kiest.", "Dat was al zo voordat u hier"]),
    ):
        assert [one in page[language] for one in told] == [True, True]
    assert not any(one in page["en"] for one in ("you refused", "You refused", "since 1 Jan 2026", "2025"))
    assert not any(one in page["nl"] for one in ("U hebt de slimme meter geweigerd", "hebt die geweigerd", "sinds 1 jan 2026"))


def test_who_moves_in_reads_that_it_was_off_before(visitor: Visitor, dsns: Dsns) -> None:
    page = restricted(visitor, dsns, between("2025-06-01"), "administratively_off")
    assert "It was so before you came to live here. This holds until you choose otherwise." in page["en"]
    assert "Dat was al zo voordat u hier kwam wonen. Dit geldt totdat u anders kiest." in page["nl"]


def test_what_was_said_for_later_is_told_as_that_and_can_be_taken_back(visitor: Visitor, dsns: Dsns) -> None:
    page = restricted(visitor, dsns, between("2026-06-01"), "refused")
    assert "may be read remotely, by those named above. It was said for later that it is refused: from 1 Jun 2026." in page["en"]
    assert "Voor later is vastgelegd dat hij wordt geweigerd: vanaf 1 jun 2026." in page["nl"]
    assert "you refused it" not in page["en"]
    assert heading(visitor.get(f"/nl/choice?connection={here(visitor)}&to=on")) == "Uw meter ook later op afstand laten uitlezen?"
    after = visitor.post("/en/choice", connection=here(visitor), to="on")
    assert (after.status_code, "said for later" in after.text, "to=on" in after.text) == (200, False, False)


def test_what_ends_by_itself_is_told_with_its_end_and_can_be_left_or_made_to_last(visitor: Visitor, dsns: Dsns) -> None:
    page = restricted(visitor, dsns, between("2026-03-01", "2026-06-01"), "administratively_off")
    assert "This holds since 1 Mar 2026. This holds up to and including 31 May 2026." in page["en"]
    assert "Dit geldt tot en met 31 mei 2026." in page["nl"]
    assert all(f"to={to}" in page["en"] for to in ("on", "off", "refuse"))
    after = visitor.post("/en/choice", connection=here(visitor), to="off").text
    assert ("administratively off from now on" in after, "This holds up to" in after, "to=off" in after) == (True, False, False)
    assert "may be read again from now on" in visitor.post("/en/choice", connection=here(visitor), to="on").text


def told(visitor: Visitor, query: str) -> bool:
    """Tell whether the page says that something was just done."""
    return 'role="status"' in visitor.get(f"/nl/mine?{query}").text


def test_what_was_said_of_the_meter_is_told_as_long_as_it_is_so(visitor: Visitor) -> None:
    home = here(visitor)
    words = [f"chosen={word}&connection={home}" for word in ("refuse", "off", "on", "reading", "x")]
    assert [told(visitor, word) for word in words] == [False] * 5, "nobody said anything"
    visitor.post("/nl/choice", connection=home, to="refuse")
    assert [told(visitor, word) for word in words] == [True, False, False, False, False]
    assert not any(told(visitor, made_up) for made_up in ("chosen=refuse", f"chosen=refuse&connection={home}9", "given=1"))
    visitor.post("/nl/reading", connection=home, day_import_normal="12")
    visitor.post("/nl/choice", connection=home, to="off")
    assert [told(visitor, word) for word in words] == [False, True, False, True, False]
    visitor.post("/nl/choice", connection=home, to="on")
    assert [told(visitor, word) for word in words] == [False, False, True, True, False]


def test_what_was_asked_for_the_own_page_is_told_as_long_as_it_is_so(visitor: Visitor) -> None:
    home = here(visitor)
    given = visitor.post("/nl/opt-in", connection=home).url.query.decode()
    assert told(visitor, given)
    visitor.post("/nl/choice", connection=home, to="off")
    assert not told(visitor, given), "nothing is read for now"
    visitor.post("/nl/choice", connection=home, to="on")
    assert told(visitor, given)
    visitor.post("/nl/revoke", permission=given.partition("=")[2])
    assert not told(visitor, given)


def test_who_refused_sends_in_a_reading(visitor: Visitor) -> None:
    home = here(visitor)
    assert "/nl/reading" not in visitor.get("/nl/mine").text
    assert visitor.client.get(f"/nl/reading?connection={home}").status_code == 400, "this meter is read remotely"
    visitor.post("/nl/choice", connection=here(visitor), to="refuse")
    assert f"/nl/reading?connection={home}" in visitor.get("/nl/mine").text
    asked = visitor.get(f"/nl/reading?connection={home}")
    assert (asked.status_code, heading(asked)) == (200, "De stroomstand insturen")
    after = visitor.post("/nl/reading", connection=home, day_import_normal="1234,5", day_import_low=" ")
    assert (after.status_code, after.url.query) == (200, f"chosen=reading&connection={home}".encode())
    assert "Uw stand is opgeschreven" in after.text
    assert "Uw meter is bij de meter zelf afgelezen" in visitor.get("/nl/log").text
    lower = visitor.post("/nl/reading", connection=home, day_import_normal="1234,499")
    assert (lower.status_code, heading(lower)) == (409, "Dit kan het telwerk niet aanwijzen")
    assert "1234" not in lower.text


@pytest.mark.parametrize("values", [{}, {"day_import_normal": "-1"}, {"day_import_normal": "1.234,5"}, {"day_gas": "1"}])
def test_what_no_counter_of_this_meter_shows_is_unclear(visitor: Visitor, values: dict[str, str]) -> None:
    visitor.post("/nl/choice", connection=here(visitor), to="refuse")
    home = here(visitor)
    assert visitor.post("/nl/reading", connection=home, **values).status_code == 400
    assert visitor.post("/nl/reading", connection=home + "9", day_import_normal="1").status_code == 404
    assert visitor.client.post("/nl/reading", data={"connection": home, "day_import_normal": "1"}).status_code == 403


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({"connection": "999", "to": "off"}, 404),
        ({"connection": "9" * 18, "to": "off"}, 404),
        ({"connection": "9" * 19, "to": "off"}, 400),
        ({"connection": "x", "to": "off"}, 400),
        ({"connection": "", "to": "off"}, 400),
        ({"n": "1", "to": "off"}, 400),
        ({"to": "on"}, 400),
        ({"to": "x"}, 400),
        ({}, 400),
    ],
)
def test_what_cannot_be_said_is_no_page(visitor: Visitor, form: dict[str, str], status: int) -> None:
    asked = form if "n" in form else {"connection": here(visitor)} | form
    assert visitor.post("/nl/choice", **asked).status_code == status
    assert visitor.client.get("/nl/choice", params=asked).status_code == status


def test_without_the_token_of_the_visit_nothing_is_said(visitor: Visitor) -> None:
    assert TOKEN.search(visitor.get(f"/nl/choice?connection={here(visitor)}&to=off").text)
    assert visitor.client.post("/nl/choice", data={"connection": here(visitor), "to": "off"}).status_code == 403
    assert "to=off" in visitor.get("/nl/mine").text


def test_a_day_that_no_calendar_has_after_it_is_no_question(visitor: Visitor) -> None:
    asked = {"connection": here(visitor), "first": "2026-03-08", "last": "9999-12-31"}
    assert visitor.client.get("/nl/absence", params=asked).status_code == 400


def test_a_proof_that_nothing_was_read_is_a_file(visitor: Visitor) -> None:
    asked = {"connection": here(visitor), "first": "2026-03-08", "last": "2026-03-09"}
    file = visitor.client.get("/nl/absence", params=asked)
    assert (file.status_code, file.headers["content-type"]) == (200, "application/zip")
    assert file.content[:2] == b"PK"
    assert visitor.client.get("/nl/absence", params=asked | {"connection": "999"}).status_code == 404
    for wrong in ({"connection": ""}, {"first": "x"}, {"first": "2026-03-10"}, {"last": ""}):
        assert visitor.client.get("/nl/absence", params=asked | wrong).status_code == 400
    assert visitor.client.get("/nl/absence", params=asked | {"first": "2025-12-01"}).status_code == 404, "before one lived there"


@pytest.mark.parametrize(("first", "last"), [("2026-03-10", "2026-03-09"), ("2027-03-08", "2027-03-09")])
def test_of_no_time_and_of_what_is_still_to_come_there_is_no_proof_and_the_page_says_why(
    visitor: Visitor, first: str, last: str
) -> None:
    answer = visitor.client.get("/en/absence", params={"connection": here(visitor), "first": first, "last": last})
    assert (answer.status_code, "There is no such time" in answer.text) == (400, True)


def test_who_saw_one_day_is_asked_of_the_log(visitor: Visitor) -> None:
    visitor.get("/nl/mine?day=2026-03-09")
    day = visitor.get("/nl/log?day=2026-03-09")
    assert (day.status_code, heading(day).startswith("Wie zag ")) == (200, True)
    assert "Aan u getoond" in day.text
    assert "Aan u getoond" not in visitor.get("/nl/log?day=2026-03-08").text
    assert visitor.get("/nl/log?day=2099-01-01").status_code == 400

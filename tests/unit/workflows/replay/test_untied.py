"""Who is forgotten, and what age unties, shows nothing; a line that is untied behind the log does, also where somebody was."""

from datetime import datetime, timedelta

import psycopg
import pytest

from kwartier.audit.canonical import Json, canonical
from kwartier.audit.events import Event, EventKind
from kwartier.audit.leaves import Leaf
from kwartier.audit.lines import EVER
from kwartier.model.period import Period, epoch_s
from kwartier.store.postgres import Dsns
from kwartier.workflows import replay, retention
from kwartier.workflows.installation import Installation
from kwartier.workflows.rights import erasure
from registry_support import World, on

NOW = on("2026-11-27")
LONG_AGO = on("2017-01-01")
LATER = NOW + timedelta(days=1)
SEEN = frozenset({"line-missing", "line-untied", "chain-differs", "given-up-too-early"})


def view(code: str, home: int, at: datetime = NOW) -> Event:
    return Event(at, EventKind.VIEW_SHOWN, "operator", code, home, {})


@pytest.fixture
def home(opened: Installation, facts: World) -> int:
    """Let two live at a home, one after another, each with lines of both sorts; who left has old ones too."""
    place = facts.connection()
    facts.occupancy(place, facts.subject("LEFT"), Period(on("2016-01-01"), on("2026-02-01")))
    facts.occupancy(place, facts.subject("LIVES"), Period(on("2026-02-01")))
    with opened.operator() as c:
        opened.log.record(c, [view("LEFT", place, LONG_AGO), view("LEFT", place), view("LIVES", place), view("LIVES", place)])
        for code in ("LEFT", "LIVES"):
            lines = [Leaf(place, code, canonical({"c": place, "n": n})) for n in range(2)]
            opened.log.record_batch(c, EventKind.BATCH_REFUSED, 1, NOW, "operator", lines, {})
    return place


def codes(house: Installation) -> set[str]:
    """Return what is found of chains; the lines here are no more than lines."""
    found = {one.code for one in replay.run(house, at=LATER).findings}
    return {one for one in found if one in SEEN or one.startswith(("untied", "erasure", "forgotten"))}


def test_who_asked_is_forgotten_and_nothing_shows(opened: Installation, home: int, facts: World) -> None:
    assert codes(opened) == set()
    erasure.erase_code(opened, "LEFT", at=NOW)
    assert codes(opened) == set()
    assert retention.nightly(opened, at=NOW).counts["forgotten"] == 1
    assert codes(opened) == set()
    with opened.operator() as c:
        opened.log.record(c, [view("LIVES", home), view(f"forgotten:{facts.subject('SOMEBODY') - 2}", home)])
    assert codes(opened) == set(), "what is said of who was forgotten begins a chain of its own"


def test_whose_last_line_was_untied_by_age_is_forgotten_whole(opened: Installation, facts: World) -> None:
    """Nothing is left to untie, and where the chain ended goes all the same."""
    place = facts.connection()
    facts.occupancy(place, facts.subject("LEFT"), Period(on("2016-01-01"), on("2018-11-29")))
    with opened.operator() as c:
        opened.log.record(c, [view("LEFT", place, LONG_AGO)])
        opened.log.record_batch(
            c, EventKind.BATCH_REFUSED, 1, LONG_AGO, "operator", [Leaf(place, "LEFT", canonical({"c": place}))], {}
        )
    with opened.auditor() as c:
        opened.log.integrate(c)
    first = retention.nightly(opened, at=NOW).counts
    assert (first["ties"], first["forgotten"]) == (2, 0)
    second = retention.nightly(opened, at=NOW + timedelta(days=4)).counts
    assert (second["ties"], second["forgotten"]) == (0, 1)
    found = replay.run(opened, at=NOW + timedelta(days=5))
    assert not {one.code for one in found.findings} & (SEEN | {"untied-in-part", "untied-unsaid", "erasure-of-nobody"})
    with opened.operator() as c:
        assert opened.log.places(c, ["LEFT"]) == {"LEFT": set()}


def test_old_lines_of_who_lives_there_are_untied_and_nothing_shows(opened: Installation, home: int) -> None:
    with opened.operator() as c:
        opened.log.record(c, [view("LIVES", home, LONG_AGO), view("LIVES", home)])
    with opened.auditor() as c:
        opened.log.integrate(c)
    assert retention.nightly(opened, at=NOW).counts["ties"] == 2
    assert codes(opened) == set()
    with opened.operator() as c:
        opened.log.record(c, [view("LIVES", home)])
    assert codes(opened) == set()


def test_who_never_lived_anywhere_need_not_have_asked_after_the_term(opened: Installation, facts: World) -> None:
    facts.subject("NEVER", LONG_AGO)
    recent = facts.subject("RECENT", NOW - timedelta(days=1))
    assert retention.nightly(opened, at=NOW).counts["forgotten"] == 1
    assert codes(opened) == set()
    with opened.operator() as c:
        c.execute("update kw.subject set code = 'forgotten:' || key where key = %s", (recent,))
    found = [one for one in replay.run(opened, at=LATER).findings if one.code == "forgotten-unasked"]
    assert [one.detail["person"] for one in found] == [recent]


def strip(dsns: Dsns, house: Installation, which: str) -> None:
    """Take from a line of who lives there what ties it to its person, behind the log."""
    who = "(select audit.number_at(sha256('LIVES'), 0, 8))"
    with psycopg.connect(dsns.owner) as c:
        c.execute("alter table audit.event disable trigger user")
        gone = c.execute(
            "update audit.event e set salt = null, nth = null, before = null, who = null where (e.connection, e.nth) ="  # noqa: S608 - fixed words
            f" (select connection, {which}(nth) from audit.event where who = {who} group by 1) and e.who = {who}"
        )
        assert gone.rowcount == 1
        c.execute("alter table audit.event enable trigger user")
    with house.auditor() as c:
        house.log.integrate(c)


def test_lines_that_are_found_as_somebody_elses_are_told(opened: Installation, home: int, dsns: Dsns, facts: World) -> None:
    """All of a person's at once: each follows the one before still, and whose chain it is called is a person there is."""
    facts.subject("OTHER")
    with opened.operator() as c:
        opened.log.record(c, [view("LIVES", home), view("LIVES", home)])
    assert codes(opened) == set()
    assert "index-differs" not in {one.code for one in replay.run(opened, at=LATER).findings}
    with psycopg.connect(dsns.owner) as c:
        c.execute("alter table audit.event disable trigger user")
        renamed = (
            "update audit.event set who = audit.number_at(sha256('OTHER'), 0, 8) where who = audit.number_at(sha256('LIVES'), 0, 8)"
        )
        assert c.execute(renamed).rowcount > 1
        c.execute("alter table audit.event enable trigger user")
    assert "index-differs" in {one.code for one in replay.run(opened, at=LATER).findings}


@pytest.mark.parametrize(("which", "seen"), [("min", "untied-in-part"), ("max", "untied-unsaid")])
def test_where_somebody_was_forgotten_no_line_of_another_is_hidden(
    which: str, seen: str, opened: Installation, home: int, dsns: Dsns
) -> None:
    erasure.erase_code(opened, "LEFT", at=NOW)
    retention.nightly(opened, at=NOW)
    with opened.operator() as c:
        opened.log.record(c, [view("LIVES", home), view("LIVES", home)])
    strip(dsns, opened, which)
    assert codes(opened) == {seen}
    with opened.operator() as c:
        opened.log.record(c, [Event(NOW, EventKind.ERASURE_DONE, "operator", None, home, {"lines": 1})])
    assert codes(opened) == {"erasure-of-nobody"} | ({seen} - {"untied-unsaid"})


@pytest.mark.usefixtures("home")
def test_a_moment_that_no_term_allows_hides_nothing(opened: Installation, dsns: Dsns) -> None:
    with opened.auditor() as c:
        opened.log.integrate(c)
    strip(dsns, opened, "min")
    with opened.operator() as c:
        said: dict[str, Json] = {"run": 9, "gone": {}, "parcels_from": 0, "ties_from": epoch_s(LATER)}
        opened.log.record(c, [Event(NOW, EventKind.RETENTION_APPLIED, "operator", None, None, said)])
    assert codes(opened) == {"given-up-too-early", "untied-in-part", "untied-unsaid"}


def test_no_line_is_untied_when_another_person_is_forgotten_by_the_log_alone(opened: Installation, home: int) -> None:
    with opened.auditor() as c:
        assert opened.log.erase(c, "LIVES", home, EVER) == 4
    assert codes(opened) == {"erasure-of-nobody"}

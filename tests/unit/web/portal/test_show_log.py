"""Every kind of line is a sentence, in both languages; lines are gathered by local day."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from kwartier.audit.events import EventKind
from kwartier.grounds.conduct import EDITIONS
from kwartier.model.care import Chore
from kwartier.model.ground import Role
from kwartier.model.period import day_period
from kwartier.model.register import DAY_MASK, Product
from kwartier.web.portal import show_log
from kwartier.web.portal.words import Words
from kwartier.workflows.inquiry import AccessLine, Watch

LINE = AccessLine(
    at=datetime(2026, 11, 25, 22, 59, 58, tzinfo=UTC),
    kind="parcel:delivered",
    product=Product.GAS,
    who=("A party",),
    purposes=(),
    rules=("T1",),
    outcome=None,
    profile=None,
    mask=DAY_MASK,
    period=day_period(date(2026, 11, 24)),
    recorded=False,
    entry=12,
    leaf=3,
)
PERSONAL = {"permission", "supply", "occupancy", "restriction", "batch", "parcel", "view", "proof", "alarm"}
OUTCOMES = ("read", "stopped", "quarantined", "timeout")
BATCH_WIDE = {"batch:delivered", "parcel:failed"}


def said(language: str, line: AccessLine) -> show_log.Line:
    """Return one line as the page shows it."""
    ((day,),) = ([one.lines for one in show_log.days(Words(language), [line])],)
    return day[0]


def test_a_line_says_what_about_which_data_by_which_rule() -> None:
    line = said("nl", LINE)
    assert (line.time, line.what, line.about) == ("23:59:58", "Geleverd aan A party", "dagstanden, gas, 24 nov 2026")
    assert line.rules == [("T1", "Dienst van een derde, met uw toestemming")]
    assert line.proof == "/nl/proof/12/3"
    assert said("en", replace(LINE, leaf=None)).proof == "/en/proof/12"
    assert said("en", replace(LINE, entry=None)).proof == ""


THEN = replace(LINE, entry=None, leaf=None, registered_then=True)


def test_what_was_done_in_the_name_of_who_was_registered_there_then_says_so_and_has_no_proof() -> None:
    line = said("nl", THEN)
    about = "dagstanden, gas, 24 nov 2026, op naam van wie hier toen stond ingeschreven: de verhuizing is laat doorgegeven"
    assert (line.what, line.about) == ("Geleverd aan A party", about)
    assert (line.proof, line.pending) == ("", False), "the proof is the other's"
    assert line.rules == [("T1", "")], "its title says: with your permission"


def test_what_was_shown_to_who_was_registered_there_then_was_not_shown_to_you() -> None:
    seen = replace(THEN, kind="view:shown", who=(Role.CUSTOMER,))
    assert said("en", seen).what == "Shown to who was registered here then, or taken away"
    assert said("en", replace(seen, who=(Role.OPERATOR,))).what.startswith("Somebody who works for the grid operator")
    assert list(show_log.of_others([seen, replace(seen, registered_then=False)])) == [seen]


@pytest.mark.parametrize("kind", [kind for kind in EventKind if kind.split(":")[0] in PERSONAL and kind not in BATCH_WIDE])
def test_every_kind_about_a_person_has_its_sentence_in_both_languages(kind: EventKind) -> None:
    for who in (("A party",), (Role.CUSTOMER,), (Role.OPERATOR, "A party")):
        told = [said(language, replace(LINE, kind=kind, who=who)).what for language in ("nl", "en")]
        assert told[0] != told[1]
        assert not any("%" in one or str(kind) in one for one in told)


@pytest.mark.parametrize("kind", ["granted", "revoked", "reminded", "fulfilled", "expired", "invalidated"])
def test_a_permission_for_the_own_page_is_given_to_nobody(kind: str) -> None:
    line = replace(LINE, kind=f"permission:{kind}", who=(Role.CUSTOMER,))
    told = [said(language, line).what for language in ("nl", "en")]
    assert ["uw eigen pagina" in told[0], "your own page" in told[1]] == [True, True]
    assert ["uzelf" in told[0], "yourself" in told[1]] == [False, False]


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_how_a_reading_ended_is_told(outcome: str) -> None:
    line = replace(LINE, kind="batch:read")
    others = {said("nl", replace(line, outcome=one)).what for one in OUTCOMES if one != outcome}
    assert len(others) == 3
    assert said("nl", replace(line, outcome=outcome)).what not in others


def test_lines_are_gathered_by_local_day() -> None:
    later = replace(LINE, at=datetime(2026, 11, 25, 23, 0, tzinfo=UTC))
    assert [one.title for one in show_log.days(Words("nl"), [later, LINE])] == [
        "donderdag 26 november 2026",
        "woensdag 25 november 2026",
    ]


def test_own_doings_and_plans_can_be_left_out() -> None:
    kinds = ["view:shown", "view:refused", "proof:given", "batch:intended", "batch:read"]
    assert [one.kind for one in show_log.of_others(replace(LINE, kind=kind) for kind in kinds)] == ["batch:read"]


def test_a_look_by_the_operators_people_is_no_doing_of_ones_own() -> None:
    look = replace(LINE, kind="view:shown", who=(Role.OPERATOR,))
    assert list(show_log.of_others([look])) == [look]
    assert [said(language, look).what for language in ("nl", "en")] == [
        "Iemand die werkt voor de netbeheerder bekeek wat er van uw aansluiting bekend is",
        "Somebody who works for the grid operator looked at what is known of your connection",
    ]


def test_a_line_about_no_connection_says_so_and_never_speaks_of_one() -> None:
    look = replace(LINE, kind="view:shown", who=(Role.OPERATOR,), product=None, mask=None, period=None, rules=())
    assert [(said(language, look).what, said(language, look).about) for language in ("nl", "en")] == [
        ("Iemand die werkt voor de netbeheerder bekeek wat er van u bekend is", "over u, niet over een aansluiting"),
        ("Somebody who works for the grid operator looked at what is known of you", "about you, not about a connection"),
    ]


def test_every_rule_has_a_title() -> None:
    for rule in EDITIONS[-1].rules:
        assert said("en", replace(LINE, rules=(rule.id,))).rules == [(rule.id, rule.title_en)]


def chores(*names: str, entry: int = 20) -> list[AccessLine]:
    return [
        replace(LINE, kind="batch:read", who=(Role.OPERATOR,), rules=("O1",), outcome="read", profile=name, entry=entry, leaf=leaf)
        for leaf, name in enumerate(names)
    ]


@pytest.mark.parametrize("chore", list(Chore))
def test_every_chore_has_its_words_and_is_told_apart_from_a_reading(chore: Chore) -> None:
    (line,) = chores(chore)
    told = [said(language, line) for language in ("nl", "en")]
    assert told[0].about != told[1].about
    assert [one.what for one in told] == ["Aan uw meter gedaan, door de netbeheerder", "Done at your meter, by the grid operator"]


def test_what_was_done_in_one_visit_is_one_of_the_newest_lines() -> None:
    lines = [*chores("clock", "alarms"), *chores("voltages", entry=19), LINE, replace(LINE, leaf=4)]
    ((day,),) = ([one.lines for one in show_log.newest(Words("en"), lines, 3)],)
    assert [one.about for one in day] == ["clock looked at and alarms looked at", *(said("en", one).about for one in lines[2:4])]
    assert (day[0].proof, day[0].pending) == ("", False)
    assert day[1].proof == "/en/proof/19/0"


def test_the_log_says_who_watches_it_and_how_far() -> None:
    seen = Watch("getuige.example", 12_345, 12_300, LINE.at)
    assert show_log.watch(Words("en"), seen) == (
        "Another party, the witness getuige.example, countersigned 12,300 of 12,345 signed lines on 25 Nov 2026 23:59."
        " Ask it for its public key: with --witness you check its signature too."
    )
    assert "12.300 van de 12.345" in show_log.watch(Words("nl"), seen)
    for found in (None, Watch("getuige.example", 3, 0, None), seen):
        told = {language: show_log.watch(Words(language), found) for language in ("nl", "en")}
        assert told["nl"] != told["en"]
        assert not any("%" in one for one in told.values())

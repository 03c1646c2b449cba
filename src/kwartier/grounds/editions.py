"""The editions of the code of conduct: the same rows with the law and the frequencies of their time.

A change is an append: a new edition with a date, so that a past decision can be made again as of then. Numbers stay for ever.
Sources: Elektriciteitswet 1998 (E98) art. 26ab, 26ac, 26ae as of May 2017; Informatiecode; the decree on usage overviews (VKO);
Implementing Regulation (EU) 2023/1162. The text of the Energiewet (in force 2026-01-01) and of both codes of conduct of
the operators could not be read: their rows say so.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Final

from kwartier.grounds import market, narrow
from kwartier.grounds.rows import DENIALS, GRANTS
from kwartier.grounds.rule import EVERY_DAY, Certainty, Condition, Edition, Rule, Schedule, WhenOff
from kwartier.grounds.terms import TERMS, TERMS_2028, Terms
from kwartier.model.ground import USAGE, DataClass
from kwartier.model.period import Period, midnight

_READ, _CITED, _UNREAD = Certainty.READ, Certainty.CITED, Certainty.UNREAD
_CARE_THEN = "E98 art. 26ab(1)(b), 16(1); Gedragscode slimme meters (approved by the CBP; body not read)"
_CARE_NOW = (
    "Energiewet (Stb. 2025, 12; article not read); Gedragscode Slim Netbeheer (approved by the AP, 19-04-2022; body not read); "
    "GDPR art. 6(1)(e), 35"
)
_SUPPLY_NOW = "Energiewet (Stb. 2025, 12; article not read; until 31-12-2025 E98 art. 26ab(1)(a), (2)); GDPR art. 6(1)(c)"
_ENERGIEWET = "Energiewet (Stb. 2025, 12; article not read; until 31-12-2025 E98 {})"

_ARTICLES: dict[str, tuple[tuple[str, Certainty], tuple[str, Certainty]]] = {
    "C1": (
        ("Wbp art. 35, from 25-05-2018 GDPR art. 15 and 20; RGA art. 7", _CITED),
        ("GDPR art. 15 and 20; Directive (EU) 2019/944 art. 20", _CITED),
    ),
    "C2": (
        ("Wbp art. 8(a), from 25-05-2018 GDPR art. 6(1)(a)", _CITED),
        ("GDPR art. 6(1)(a), 7; Directive (EU) 2019/944 art. 20", _CITED),
    ),
    "S1": (("E98 art. 26ab(1)(a), (2); VKO decree art. 7", _READ), (_SUPPLY_NOW, _UNREAD)),
    "S2": (("E98 art. 26ab(1)(a), (2)", _READ), (_SUPPLY_NOW, _UNREAD)),
    "S3": (("E98 art. 26ab(1)(a), (2)", _READ), (_SUPPLY_NOW, _UNREAD)),
    "S4": (("E98 art. 26ab(1)(a), (2)", _READ), (_SUPPLY_NOW, _UNREAD)),
    "T1": (
        ("E98 art. 26ab(4); Wbp art. 8(a), from 25-05-2018 GDPR art. 6(1)(a)", _CITED),
        (f"GDPR art. 6(1)(a), 7; Regulation (EU) 2023/1162 art. 5, 8; {_ENERGIEWET.format('art. 26ab(4)')}", _UNREAD),
    ),
    "O1": ((_CARE_THEN, _UNREAD), (_CARE_NOW, _UNREAD)),
    "O2": ((_CARE_THEN, _UNREAD), (_CARE_NOW, _UNREAD)),
    "O3": ((_CARE_THEN, _UNREAD), (_CARE_NOW, _UNREAD)),
    "O4": ((_CARE_THEN, _UNREAD), (_CARE_NOW, _UNREAD)),
    "O5": (
        ("E98 art. 16(1); no personal data", _CITED),
        (f"{_ENERGIEWET.format('art. 16(1)')}; no personal data", _UNREAD),
    ),
    "O6": ((_CARE_THEN, _UNREAD), (_CARE_NOW, _UNREAD)),
    "O7": (("E98 art. 26ac(2)", _CITED), (_ENERGIEWET.format("art. 26ac(2)"), _UNREAD)),
    "F0": (
        ("E98 art. 26ab(1); Wbp art. 8, from 25-05-2018 GDPR art. 6(1)", _CITED),
        ("GDPR art. 5(1)(b), 6(1)", _CITED),
    ),
    "F1": (("E98 art. 26ae(11)", _CITED), (_ENERGIEWET.format("art. 26ae(11)"), _UNREAD)),
    "F2": (("E98 art. 26ac(2)", _CITED), (_ENERGIEWET.format("art. 26ac(2)"), _UNREAD)),
    "F3": (
        ("Informatiecode chapter 10; Wbp, from 25-05-2018 GDPR art. 5(2)", _CITED),
        ("Informatiecode chapter 10; GDPR art. 5(2)", _CITED),
    ),
    "F4": (("E98 art. 26ab(2)", _READ), (_ENERGIEWET.format("art. 26ab(2)"), _UNREAD)),
    "F5": (("E98 art. 26ab(1)(a); VKO decree art. 7", _READ), (_ENERGIEWET.format("art. 26ab(1)(a)"), _UNREAD)),
    "F6": (("E98 art. 26ab(2), (3)", _READ), (_ENERGIEWET.format("art. 26ab(2), (3)"), _UNREAD)),
    "F7": (
        ("E98 art. 26ab(4); Wbp art. 8(a), from 25-05-2018 GDPR art. 6(1)(a), 7(3)", _CITED),
        ("GDPR art. 6(1)(a), 7(3); Regulation (EU) 2023/1162 art. 5", _CITED),
    ),
    "F8": (
        ("E98 art. 26ab(4); Wbp art. 9, from 25-05-2018 GDPR art. 5(1)(b)", _CITED),
        ("GDPR art. 5(1)(b); Regulation (EU) 2023/1162 art. 5", _CITED),
    ),
    "F9": (
        ("Wbp art. 8, from 25-05-2018 GDPR art. 6(1); P4 rejection 040", _CITED),
        ("GDPR art. 6(1); Regulation (EU) 2023/1162 art. 6; P4 rejection 040", _CITED),
    ),
    "F10": ((_CARE_THEN, _UNREAD), (_CARE_NOW, _UNREAD)),
    "F11": ((_CARE_THEN, _UNREAD), (_CARE_NOW, _UNREAD)),
    "F12": (("Wbp art. 9, from 25-05-2018 GDPR art. 5(1)(b)", _CITED), ("GDPR art. 5(1)(b)", _CITED)),
    "F13": (
        ("Informatiecode chapter 10; Wbp, from 25-05-2018 GDPR art. 5(2)", _CITED),
        ("Informatiecode chapter 10; GDPR art. 5(2)", _CITED),
    ),
    "F14": (("Wbp art. 36, from 25-05-2018 GDPR art. 18", _CITED), ("GDPR art. 18(1), (2)", _CITED)),
    "F15": (("Wbp art. 40, from 25-05-2018 GDPR art. 21", _CITED), ("GDPR art. 6(1)(e), 21(1)", _CITED)),
}
"""Per row the reference of the edition "leaflet", then of "2026", each with its certainty."""

SIX_TIMES_A_YEAR = Schedule(months=(1, 3, 5, 7, 9, 11), days=(1,))
"""Every two months (VKO decree art. 7). The leaflet names the number, not the days: the first of the odd months is our choice."""
EVERY_MONTH = Schedule(days=(1,))
"""Of the overview from 2026. The decree asks for one in two months at least; that it is monthly was told, not read in a law."""


def _rules(
    rows: tuple[Rule, ...],
    articles: Mapping[str, tuple[str, Certainty]],
    periodic: Schedule,
    all_terms: Mapping[str, Terms] = TERMS,
) -> tuple[Rule, ...]:
    """Return the rows with the articles of one edition, their terms, and its schedule for the supplier."""
    made = []
    for rule in rows:
        article, certainty = articles[rule.id]
        schedule = periodic if rule.condition is Condition.SCHEDULE else rule.schedule
        terms = all_terms[rule.id] if rule.grants else None
        made.append(replace(rule, article=article, article_certainty=certainty, schedule=schedule, terms=terms))
    return tuple(made)


def _nothing_when_off(in_force: Period) -> tuple[WhenOff, ...]:
    """Return a row per class of data that says no: a minister said so in 2011, though an operator's page says otherwise.

    But for the switch itself: what nobody may set and look at, nobody could switch off, or prove to be off.
    """
    law = "E98 art. 26ac(2): the meter is not read"
    told = (
        "minister's letter of 2011: no personal data at all; an operator's page: maintenance data may be. The strict one is taken"
    )
    switch = "E98 art. 26ac(2): the operator switches the meter off at request; that it is off tells nothing about usage"
    rows = [
        WhenOff(data_class, readable=False, in_force=in_force, source=law if data_class in USAGE else told, certainty=_CITED)
        for data_class in DataClass
        if data_class is not DataClass.ADMINISTRATIVE_STATUS
    ]
    return (*rows, WhenOff(DataClass.ADMINISTRATIVE_STATUS, readable=True, in_force=in_force, source=switch, certainty=_CITED))


_ARTICLES_THEN = {rule_id: then for rule_id, (then, _) in _ARTICLES.items()}
_ARTICLES_NOW = {rule_id: now for rule_id, (_, now) in _ARTICLES.items()}
_MARKET = "Energiewet (Stb. 2025, 12; article not read); {}; GDPR art. 6(1)(c), (e)"
_BY_HAND = "Energiewet (Stb. 2025, 12; article not read); Informatiecode: 12 and 36 months; C-AR: reading methods 003, 22"
_ARTICLES_2027 = _ARTICLES_NOW | {
    "O8": (_MARKET.format("P4 service: readings of the operator for allocation"), _UNREAD),
    "O9": (_MARKET.format("P4 service: readings of the operator for reconciliation"), _UNREAD),
    "O10": (_MARKET.format("P4 service; Informatiecode: 15 working days, 14 months"), _UNREAD),
    "S5": (f"{_BY_HAND}; GDPR art. 6(1)(c)", _UNREAD),
    "F16": (_MARKET.format("Informatiecode: 15 working days, 14 months"), _UNREAD),
}
_BEFORE_SMART_METERS = midnight(date(2000, 1, 1))
_ENERGIEWET_STARTS = midnight(date(2026, 1, 1))
_THEN = Period(_BEFORE_SMART_METERS, _ENERGIEWET_STARTS)
_MARKET_STARTS = midnight(date(2027, 1, 1))
_NOW = Period(_ENERGIEWET_STARTS, _MARKET_STARTS)
_NARROW_STARTS = midnight(date(2028, 1, 1))
_NEXT = Period(_MARKET_STARTS, _NARROW_STARTS)
_LATER = Period(_NARROW_STARTS)
_ROWS = GRANTS + DENIALS
_ROWS_2027 = GRANTS + market.GRANTS + DENIALS + market.DENIALS
_ROWS_2028 = narrow.ROWS + market.GRANTS + DENIALS + market.DENIALS

EDITIONS: Final[tuple[Edition, ...]] = (
    Edition(
        "leaflet",
        "De folder",
        "The leaflet",
        _THEN,
        _rules(_ROWS, _ARTICLES_THEN, SIX_TIMES_A_YEAR),
        _nothing_when_off(_THEN),
        SIX_TIMES_A_YEAR,
    ),
    Edition("2026", "Vanaf 2026", "From 2026", _NOW, _rules(_ROWS, _ARTICLES_NOW, EVERY_DAY), _nothing_when_off(_NOW), EVERY_MONTH),
    Edition(
        "2027",
        "Vanaf 2027: ook taken van de netbeheerder in de markt",
        "From 2027: tasks of the operator in the market, too",
        _NEXT,
        _rules(_ROWS_2027, _ARTICLES_2027, EVERY_DAY),
        _nothing_when_off(_NEXT),
        EVERY_MONTH,
    ),
    Edition(
        "2028",
        "Vanaf 2028: storing en gevaar zonder verbruik",
        "From 2028: outages and dangers without usage",
        _LATER,
        _rules(_ROWS_2028, _ARTICLES_2027, EVERY_DAY, TERMS_2028),
        _nothing_when_off(_LATER),
        EVERY_MONTH,
    ),
)
"""In order of time, each from the end of the one before. The leaflet carries no date: its edition starts before any smart meter.

What is published is frozen (published.py): a change is a new edition at the end of this list, from a date that is still to come.
"""

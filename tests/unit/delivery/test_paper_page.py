"""A paper's page says what its JSON says, exactly, in both languages; it is one file that fetches and runs nothing."""

import re
from collections.abc import Mapping
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from account_support import EAN, MONTHS, account, bill, overview, stand
from kwartier.delivery import papers
from kwartier.delivery.paper_page import files, page
from kwartier.delivery.usage import Why
from kwartier.delivery.words import _TEXTS, LANGUAGES, Words
from kwartier.model.register import Channel

VOID = {"meta", "line", "rect", "circle", "path"}


class Read(HTMLParser):
    """Takes a page apart: its words, its tags, and whether every tag is closed in its turn."""

    def __init__(self, text: str) -> None:
        """Read it whole."""
        super().__init__()
        self.words: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] != "style":
            self.words.append(data.strip())


def shown(body: Mapping[str, Any], language: str) -> Read:
    return Read(page(body, language))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("body", [overview(), bill(), bill(meter=2)], ids=["overview", "bill", "replaced"])
def test_a_page_stands_alone(body: dict[str, Any], language: str) -> None:
    read = shown(body, language)
    assert ("lang", language) in read.attributes
    assert not {"script", "link", "img", "iframe", "form", "a"} & set(read.tags)
    assert not any(name.startswith("on") or name in {"src", "href"} for name, _ in read.attributes)
    assert "url(" not in page(body, language)
    assert "@import" not in page(body, language)
    assert read.tags.count("h1") == read.tags.count("main") == 1
    assert EAN.reveal() in read.words


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_overview_tells_every_number_and_what_is_not_known(language: str) -> None:
    body, say = overview(), Words(language)
    words = shown(body, language).words
    for span in (body, *body["earlier"]):
        for total in span["totals"]:
            assert say.number(total["value"]) in words
    assert say("unknown") in words
    assert say("not-own-period") in words
    assert say("costs") in words
    drawing = re.search(r"<svg class=\"bars\".*</svg>", page(body, language), re.DOTALL)
    assert drawing
    assert drawing[0].count("<title") == 1 + drawing[0].count("<rect")
    assert drawing[0].count('class="gap"') == 2


def test_a_bill_tells_both_stands_and_why_there_is_no_difference() -> None:
    words = shown(bill(meter=2), "nl").words
    for one in bill()["usage"]:
        assert Words("nl").number(one["opening"]) in words
        assert Words("nl").number(one["closing"]) in words
    assert words.count(Words("nl")("meter-replaced")) == 4


def test_the_unit_of_gas_is_the_cubic_metre() -> None:
    stands = [stand(at, {Channel.DAY_GAS: value}) for at, value in ((MONTHS[0], 1000), (MONTHS[-1], 2_345_678))]
    words = shown(papers.annual_bill(account(stands, own=MONTHS[0], gas=True), MONTHS[0]), "nl").words
    assert "2.344,678" in words
    assert any(word.endswith("in m³") for word in words)
    assert Words("nl")("gas-counted") in words


@given(st.integers(-(10**12), 10**12))
def test_a_number_is_written_exactly(value: int) -> None:
    for language, thousand, decimal in (("nl", ".", ","), ("en", ",", ".")):
        told = Words(language).number(value)
        plain = told.replace(thousand, "").replace(decimal, "").replace("\N{MINUS SIGN}", "-")
        assert int(plain) == value
        assert re.fullmatch(r"\N{MINUS SIGN}?\d{1,3}(?:[.,]\d{3})+", told)


def test_a_paper_is_a_json_and_a_page_in_every_language() -> None:
    assert sorted(files(overview())) == ["c0ffee/overview.en.html", "c0ffee/overview.json", "c0ffee/overview.nl.html"]
    assert sorted(files(bill())) == ["c0ffee/annual-bill.en.html", "c0ffee/annual-bill.json", "c0ffee/annual-bill.nl.html"]


def test_every_reason_has_its_words() -> None:
    assert {why.value for why in Why} <= set(_TEXTS)


def test_what_stands_in_a_paper_cannot_become_markup() -> None:
    body = overview() | {"metering_point": "<script>alert(1)</script>"}
    assert "script" not in shown(body, "en").tags

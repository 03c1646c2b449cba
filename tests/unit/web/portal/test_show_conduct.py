"""The public page has every row of the code of conduct, and its legal references in the reader's language."""

import re

import pytest

from kwartier.grounds.conduct import EDITIONS
from kwartier.web.portal.show_conduct import editions
from kwartier.web.portal.words import Words


@pytest.mark.parametrize("language", ["nl", "en"])
def test_every_row_is_there_the_newest_edition_first(language: str) -> None:
    shown = editions(Words(language), EDITIONS)
    assert [one.id for one in shown] == [one.id for one in reversed(EDITIONS)]
    for edition, told in zip(reversed(EDITIONS), shown, strict=True):
        assert [row.id for row in (*told.grants, *told.denials)] == [rule.id for rule in edition.rules]
        assert all(row.title and row.says and row.leaflet and row.article for row in (*told.grants, *told.denials))
        assert all(row.data for row in told.grants)


def test_dutch_references_have_no_english_words() -> None:
    english = re.compile(r"\b(GDPR|Directive|Regulation|and|not|read|until|from|the|by|decree|chapter|approved|data)\b")
    for edition in editions(Words("nl"), EDITIONS):
        for row in (*edition.grants, *edition.denials):
            assert english.search(row.article) is None, row.article

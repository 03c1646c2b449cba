"""Whatever goes wrong has a page in words of its own."""

import pytest

from kwartier.web.portal.answer import _CODES
from kwartier.web.portal.show_problem import problem
from kwartier.web.portal.words import LANGUAGES, Words

TOLD = sorted({code for _, code in _CODES.values()} | {"404", "405"})


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_is_told_in_words_of_its_own_and_any_other_is_our_fault(language: str) -> None:
    pages = [problem(Words(language), code) for code in [*TOLD, "500"]]
    assert len({page.title for page in pages}) == len(pages)
    assert problem(Words(language), "418") == pages[-1]

"""What "my rights" says before the click is what the code then does."""

import pytest

from kwartier.grounds import conduct
from kwartier.grounds.rights import Right, Why, reach
from kwartier.web.portal import show_rights
from kwartier.web.portal.words import Words
from registry_support import NOON

UNTIL_REVOKED = {
    "nl": "Wat u een app hebt toegestaan, gaat door totdat u het intrekt, en wat voor uw eigen pagina wordt uitgelezen ook.",
    "en": "What you allowed an app goes on until you revoke it, and so does what is read for your own page.",
}


@pytest.mark.parametrize("language", ["nl", "en"])
def test_a_restriction_promises_nothing_of_what_the_person_consented_to(language: str) -> None:
    """Art. 18(2): what rests on consent goes on, so nothing may say that apps get nothing, or that nobody else uses anything."""
    going_on = {one.rule for one in reach(Right.RESTRICTION, conduct.edition_at(NOON).grants) if one.why is Why.REVOKE}
    assert "T1" in going_on
    shown = show_rights.offer(Words(language), Right.RESTRICTION, NOON, [])
    assert UNTIL_REVOKED[language] in shown.then
    assert [told for told in (shown.what, *shown.then) if "app" in told] == [UNTIL_REVOKED[language]]
    assert ("toestemming gaf" if language == "nl" else "gave permission") in shown.what


def said(right: Right) -> str:
    shown = show_rights.offer(Words("en"), right, NOON, [])
    return " ".join((shown.what, *shown.then))


def test_the_other_rights_name_what_is_not_given() -> None:
    assert "What is left out of it is named in it" in said(Right.ACCESS)
    assert "provided yourself" not in said(Right.PORTABILITY), "a reading that was sent in rests on the law"
    assert "If you never gave a permission" in said(Right.PORTABILITY)
    assert "or read within it why it takes longer" in said(Right.RECTIFICATION)
    assert "While the use of your data is stopped" in said(Right.ERASURE)

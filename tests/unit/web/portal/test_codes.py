"""Every code that the registry has is said in words, in both languages: none is shown as it stands."""

from collections.abc import Callable, Iterable

import pytest

from kwartier.grounds.permission import Event
from kwartier.model.care import Chore
from kwartier.model.ground import RestrictionKind, Role
from kwartier.model.task import ProfileName
from kwartier.web.portal import codes
from kwartier.web.portal.words import Words
from kwartier.workflows.refusal import How

ALL: list[tuple[Callable[[Words, str], str], Iterable[str]]] = [
    (codes.chore, Chore),
    (codes.event, Event),
    (codes.kind, RestrictionKind),
    (codes.profile, ProfileName),
    (codes.by_whom, How),
    (codes.alarm, ("told", "confirmed", "denied")),
    (codes.recipient, Role),
]


@pytest.mark.parametrize(("say", "every"), ALL, ids=lambda one: getattr(one, "__name__", ""))
def test_none_is_shown_as_it_stands(say: Callable[[Words, str], str], every: Iterable[str]) -> None:
    found = [str(code) for code in every]
    for language in ("nl", "en"):
        told = [say(Words(language), code) for code in found]
        assert len({*told}) == len(found), "each says something of its own"
        assert not {*told} & {*found}
        assert not any("_" in text for text in told)
    dutch, english = ([say(Words(language), code) for code in found] for language in ("nl", "en"))
    assert not {*dutch} & {*english}


def test_a_party_has_its_own_name_and_words_stay_words() -> None:
    words = Words("nl")
    assert codes.recipient(words, "Lage Landen") == "Lage Landen"
    assert codes.chore(words, "standen voor de jaarrekening") == "standen voor de jaarrekening"

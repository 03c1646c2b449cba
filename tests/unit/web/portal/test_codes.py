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


def test_every_bit_of_the_alarm_register_that_a_standard_names_is_said_in_words_of_its_own() -> None:
    named = {*range(5), *range(8, 14), *range(16, 32)}
    for language in ("nl", "en"):
        words = Words(language)
        told = {bit: codes.alarms(words, 1 << bit) for bit in range(32)}
        assert len({*told.values()}) == len(told)
        assert {bit for bit, text in told.items() if f"bit {bit}," not in text} == named
    dutch, english = (codes.alarms(Words(language), (1 << 32) - 1).split(", ") for language in ("nl", "en"))
    assert {*dutch} & {*english} == {f"bit {bit}" for bit in {*range(32)} - named}
    assert codes.alarms(Words("en"), 1 << 1 | 1 << 13 | 1 << 23) == (
        "the battery must be replaced, possible fraud, possible fraud with the meter on channel 4"
    )
    assert codes.alarms(Words("nl"), 1 << 30 | 1 << 16) == ("geen verbinding met de meter op kanaal 1, geen spanning op fase 3")
    assert codes.alarms(Words("nl"), 0) == "er wordt niets gemeld"

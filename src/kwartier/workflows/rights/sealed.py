"""A person's words, and the reasons given to a person, under the person's own key: without it nobody reads any copy of them."""

from kwartier.keys import subjects
from kwartier.store.registry import sealing
from kwartier.store.registry.rights import Open
from kwartier.store.registry.rows import C
from kwartier.workflows.installation import Installation

WORDS = b"words of a request"


def sealed(house: Installation, subject: int, words: str) -> bytes | None:
    """Return words as they may be stored; None for none. A person without a key gets one."""
    if not words:
        return None
    with house.operator() as c:
        wrapped = sealing.key_of(c, subject, house.vault.wrap_person(subjects.new_key()))
    return None if wrapped is None else subjects.seal(house.vault.unwrap_person(wrapped), WORDS, words)


def opener(house: Installation, c: C) -> Open:
    """Return what opens them, as the operator or as the person. What was forgotten stays shut."""

    def opens(subject: int, found: bytes | None) -> str:
        wrapped = None if found is None else sealing.key_of(c, subject)
        return "" if found is None or wrapped is None else subjects.unseal(house.vault.unwrap_person(wrapped), WORDS, bytes(found))

    return opens

"""Art. 33 and 34: a breach, whom it touched by the log alone, who must be told and until when."""

from kwartier.store.registry import breaches
from kwartier.store.registry.breaches import TouchedMe
from kwartier.workflows.installation import Installation


def touched_me(house: Installation, subject: int) -> list[TouchedMe]:
    """Return the breaches that touched this person, as far as the person was told."""
    with house.portal(subject) as c:
        return breaches.of_subject(c, subject)

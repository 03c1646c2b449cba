"""Who of the operator's people acts, and why. Personal data: the log has a commitment to it only, the customer sees the role."""

from dataclasses import dataclass, field
from typing import Final, final

from kwartier.model.errors import BadInput

MOST_CHARACTERS: Final = 200


@final
@dataclass(frozen=True, slots=True)
class Staff:
    """A named person and the reason of what they do. Raises BadInput for a text that nobody could read, without repeating it."""

    person: str = field(repr=False)
    reason: str = field(repr=False)

    def __post_init__(self) -> None:
        """Refuse what nobody could read later."""
        for text in (self.person, self.reason):
            if not text.strip() or len(text) > MOST_CHARACTERS or not text.isprintable():
                msg = f"a person and a reason are printable texts of 1 to {MOST_CHARACTERS} characters"
                raise BadInput(msg)

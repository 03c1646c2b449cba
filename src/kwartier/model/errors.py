"""The root of every error that Kwartier raises on purpose.

Each room has one small family of its own below this root; the family's docstring says who is at fault. An error carries a
stable `code` (kebab-case, for machines and problem+json) and never holds an EAN, an equipment id, a key or a name.

    KwartierError
    +-- BadInput         whoever handed us this value erred; nothing was changed
"""


class KwartierError(Exception):
    """Something Kwartier foresaw. `code` is stable; the text is for engineers, the edge speaks to users."""

    code = "kwartier"


class BadInput(KwartierError):
    """A value from outside does not have the form it should have; the caller erred."""

    code = "bad-input"

"""What keeps a town from being built.

KwartierError
+-- TownError          whoever started the town
    +-- BadTown        options that make no town, or a file that is not what the option says
    +-- AnotherTown    the folder holds a town of another seed, size or date
"""

from kwartier.model.errors import KwartierError


class TownError(KwartierError):
    """The town cannot be built as asked."""

    code = "town"


class BadTown(TownError):
    """The options make no town."""

    code = "town-bad-options"


class AnotherTown(TownError):
    """The folder belongs to another town; nothing was changed."""

    code = "town-another"

"""What the grid room raises.

GridError
+-- BadBalance    sums, counts and capacities that do not fit each other: whoever added them up
"""

from kwartier.model.errors import KwartierError


class GridError(KwartierError):
    """The root of the family."""

    code = "grid"


class BadBalance(GridError):
    """Sums, counts or capacities of a balance do not fit each other."""

    code = "grid-bad-balance"

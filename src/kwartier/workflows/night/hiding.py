"""The guard of every sum over homes: whom to read for it so that nobody is left alone, on either side of a difference.

What is told of a group is a sum over the homes read; beside a total that somebody knows it also tells the sum over the others. So
both have as many homes as the group, or the others are none (`grid.loss.withheld`). Where some cannot be read, enough others are
left unread beside them, those first that were read most. An empty home hides nobody.
"""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet

from kwartier.grid import loss


def chosen(people: AbstractSet[int], readable: Mapping[int, int], min_group: int) -> frozenset[int]:
    """Return the homes to read: all that may be, less those that must hide the ones that may not.

    `people` are the homes in which somebody lives; `readable` those that may be read, each with how often it was this year.
    """
    unread = len(people - readable.keys())
    spared = min_group - unread if 0 < unread < min_group else 0
    order = sorted(people & readable.keys(), key=lambda home: (-readable[home], home))
    return frozenset(readable.keys() - order[:spared])


def untold(people: AbstractSet[int], read: AbstractSet[int], min_group: int) -> str | None:
    """Return why no figure over the homes read may be told, None if one may."""
    found = loss.withheld(len(people & read), len(people - read), min_group)
    return None if found is None else found.reason

"""S6: an agreement that was told before it begins: once it has begun, what its party did not get for lack of one waits for it."""

from datetime import datetime

from kwartier.store.registry import late
from kwartier.workflows.installation import Installation


def begin(house: Installation, *, at: datetime) -> int:
    """Look which agreements began since somebody looked, and let what was refused or withheld meanwhile be decided anew.

    Returns how many began. Doing it twice does nothing more.
    """
    with house.operator() as c:
        return late.of_begun_again(c, at)

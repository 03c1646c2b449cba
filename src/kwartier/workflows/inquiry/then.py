"""What was read or handed over of a person's own days in the name of who was registered there then: a move was told late.

The line itself is about the other person, whose log keeps it; so here it has no proof, says neither who that was nor of which
permission, and tells of the person's own time alone.
"""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import NamedTuple

from kwartier.audit.log import LogLine
from kwartier.model.period import Period
from kwartier.model.register import Product
from kwartier.store.registry import people, rectifications
from kwartier.store.registry.rows import C
from kwartier.workflows.installation import Installation

_MARGIN = timedelta(days=1)
"""What was planned before the time that was wrong may be read in it; what was being handed over when it was told was let go."""


class Theirs(NamedTuple):
    """The lines about one other person at a connection, from the time in which something wrong was believed.

    `stays` are that person's own there, `mine` those of who asks.
    """

    lines: Sequence[LogLine]
    product: Product
    stays: Sequence[Period]
    mine: Sequence[Period]

    def parts(self, about: Period) -> Iterator[Period]:
        """Yield what of this time is of who asks, if the other person does not live there in all of it."""
        if not covered(about, self.stays):
            yield from (own for one in self.mine if one.overlaps(about) and (own := one.meet(about)) is not None)


def covered(about: Period, stays: Sequence[Period]) -> bool:
    """True if a person lives there in all of this time; stays come in order. A moment on a boundary is of who leaves as well."""
    if about.is_moment:
        return any(one.covers(about) for one in stays)
    reached = about.start
    for one in stays:
        if one.start <= reached and (one.end is None or one.end > reached):
            if one.end is None:
                return True
            reached = one.end
    return about.end is not None and reached >= about.end


def theirs(house: Installation, c: C, subject: int) -> Iterator[Theirs]:
    """Yield the lines about others of the times about which something else was believed of the person's own stays."""
    wrong: dict[int, list[Period]] = {}
    for connection, time, known in rectifications.of_stays(c, subject):
        wrong.setdefault(connection, []).append(Period(time.start - _MARGIN, known + _MARGIN))
    products, everybody, stays = people.ever(c, subject), people.ever_at(c, wrong), people.stays_at(c, wrong)
    for connection, times in wrong.items():
        whole = Period(min(one.start for one in times), max(one.end for one in times if one.end is not None))
        for other, code in everybody[connection].items():
            if other != subject:
                lines = house.log.of_subject(c, code, connection, whole)
                yield Theirs(lines, products[connection], stays.get((connection, other), ()), stays[connection, subject])

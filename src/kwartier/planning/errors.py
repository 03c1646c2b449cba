"""Errors of planning: whoever called handed over permits that do not belong to the plan. Nothing was planned.

PlanningError
+-- NotToRead             a permit to deliver or to view is no ground to read
+-- OtherConnection       a permit about another connection than the one that is planned
"""

from kwartier.model.errors import KwartierError


class PlanningError(KwartierError):
    """The root of this room's errors."""

    code = "planning"


class NotToRead(PlanningError):
    """A permit to deliver or to view was offered as a ground to read a meter."""

    code = "not-to-read"


class OtherConnection(PlanningError):
    """A permit about one connection was offered to read the meter of another."""

    code = "other-connection"

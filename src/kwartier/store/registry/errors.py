"""What the registry refuses, and whose fault it is.

KwartierError
+-- RegistryError
    +-- NotFound          whoever asked names something that is not there, or not theirs to see
    +-- NotAnOccupant     whoever grants does not live there at that moment
    +-- AlreadyPermitted  whoever grants has a live permission for the same party and purpose
    +-- AlreadyTaken      whoever takes a reading names a register and moment that were taken before
    +-- AlreadyRestricted whoever restricts names time that is restricted already
    +-- AlreadyAnswered   whoever answers a request comes late: it has its answer
    +-- WrongState        our own program took the steps of a night out of order
    +-- DamagedRow        the registry holds something that it should never hold
"""

from kwartier.model.errors import KwartierError


class RegistryError(KwartierError):
    """The registry could not do what it was asked; nothing was changed."""

    code = "registry"


class NotFound(RegistryError):
    """No such row, or row-level security hides it: the two look the same on purpose."""

    code = "not-found"


class NotAnOccupant(RegistryError):
    """The subject does not live at the connection when the permission begins."""

    code = "not-an-occupant"


class AlreadyPermitted(RegistryError):
    """A live permission for the same connection, party and purpose overlaps with this one."""

    code = "already-permitted"


class AlreadyTaken(RegistryError):
    """A register of this meter at this moment stands already; it is not changed."""

    code = "already-taken"


class AlreadyRestricted(RegistryError):
    """A restriction of the same connection overlaps with this one."""

    code = "already-restricted"


class AlreadyAnswered(RegistryError):
    """The life of a request has no such step any more: it was answered, or ran out."""

    code = "already-answered"


class WrongState(RegistryError):
    """A batch is not in the state that this step starts from."""

    code = "wrong-state"


class DamagedRow(RegistryError):
    """A stored value is outside what the schema promises."""

    code = "damaged-row"

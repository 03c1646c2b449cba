"""Errors of requests under the privacy law.

KwartierError
+-- RightsError
    +-- NoSuchRequest    whoever asked named a request that is not there, or not theirs
    +-- NoSuchBreach     no breach has this number
    +-- NoSuchCoupling   no gas connection, or no coupling of one, has this number
    +-- AlreadyAnswered  it was answered before, or is not in the state that this step starts from; nothing was changed
    +-- AlreadyAsked     the person has this in force already; nothing was changed
    +-- CannotBeAsked    the question is about nothing of this person, or has no meaning for this right
    +-- WordsMissing     what somebody has to read and weigh was asked without words; nothing was written down
    +-- ReasonMissing    what is refused, extended or overridden needs a named person and a reason
"""

from kwartier.model.errors import KwartierError


class RightsError(KwartierError):
    """A request under the privacy law cannot be handled so."""

    code = "rights"


class NoSuchRequest(RightsError):
    """There is no such request, or it is somebody else's."""

    code = "no-such-right"


class NoSuchBreach(RightsError):
    """There is no such breach."""

    code = "no-such-breach"


class NoSuchCoupling(RightsError):
    """There is no such coupling of a gas meter, or no such gas connection."""

    code = "no-such-coupling"


class AlreadyAnswered(RightsError):
    """The request has been answered, or does not stand where this step begins."""

    code = "right-ended"


class AlreadyAsked(RightsError):
    """The same is in force or waits for an answer already."""

    code = "already-asked"


class CannotBeAsked(RightsError):
    """Not of this person, or not of this right."""

    code = "cannot-be-asked"


class WordsMissing(RightsError):
    """Nothing says what should be put right."""

    code = "words-missing"


class ReasonMissing(RightsError):
    """Nobody took responsibility, or no reason was given."""

    code = "reason-missing"

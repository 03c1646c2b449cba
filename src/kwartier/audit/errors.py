"""Errors of the audit log.

    KwartierError
    +-- AuditError
        +-- NotLoggable    the caller handed over a value that has no canonical form (a float, a naive time); nothing was written
        +-- NotInLog       the caller asked for a line that is not in the log, or not in the tree yet
        +-- NoSuchTree     the caller asked about two trees of which the older is the larger, or about one that the log never had
        +-- NotWitnessed   the witness cannot be reached or does not sign; the log itself goes on
        +-- BrokenLog      what is stored contradicts itself: a fault of the store, or somebody changed it

`audit.verify` stands alone and has its own error, `Rejected`.
"""

from kwartier.model.errors import KwartierError


class AuditError(KwartierError):
    """The log could not do what was asked."""

    code = "audit"


class NotLoggable(AuditError):
    """A value without a canonical form; the caller erred and nothing was written."""

    code = "not-loggable"


class NotInLog(AuditError):
    """No such line, or it is still waiting for the sequencer; the caller erred or came too early."""

    code = "not-in-log"


class NoSuchTree(AuditError):
    """The log never was of that size, or not in that order; the caller erred, or holds a checkpoint of lines that are gone."""

    code = "no-such-tree"


class BrokenLog(AuditError):
    """Stored leaves, nodes and roots do not fit together: the store is damaged or was tampered with."""

    code = "broken-log"


class NotWitnessed(AuditError):
    """The witness cannot be reached, or saw another history than the one it was shown; nothing was countersigned."""

    code = "not-witnessed"


class NotInTree(AuditError):
    """The line is recorded, but the sequencer has not taken it into a signed tree yet; ask again in a moment."""

    code = "not-in-tree"

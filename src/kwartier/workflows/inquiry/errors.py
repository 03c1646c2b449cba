"""Errors of the inquiry desk.

KwartierError
+-- InquiryError
    +-- NotYours     whoever asked named a connection, day or log line that is not theirs; the answer is the same as for none
    +-- NotYet       the log line is recorded but no checkpoint has been signed over it yet; ask again in a moment
"""

from kwartier.model.errors import KwartierError


class InquiryError(KwartierError):
    """An inquiry cannot be answered."""

    code = "inquiry"


class NotYours(InquiryError):
    """There is no such thing, or it is somebody else's: both look the same from outside."""

    code = "not-yours"


class NotYet(InquiryError):
    """Recorded, but not signed yet."""

    code = "not-yet"

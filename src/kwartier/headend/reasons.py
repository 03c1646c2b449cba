"""Which gap an error becomes, and whether another association may mend it."""

from typing import Final

from kwartier.headend.errors import Crowded, Dropped, HeadendError, Silent, Unreachable
from kwartier.model.task import GapReason
from kwartier.wire.dlms.client.xdlms import DECIPHERING_ERROR
from kwartier.wire.dlms.errors import (
    AccessRefused,
    AssociationRefused,
    CountersExhausted,
    DlmsError,
    ExceptionAnswer,
    NotAuthentic,
)

_REASONS: Final[tuple[tuple[type[Exception], GapReason], ...]] = (
    (Unreachable, GapReason.UNREACHABLE),
    (Crowded, GapReason.OUT_OF_TIME),
    (Silent, GapReason.TIMEOUT),
    (Dropped, GapReason.DROPPED),
    (AssociationRefused, GapReason.REFUSED_ASSOCIATION),
    (NotAuthentic, GapReason.AUTHENTICATION),
    (CountersExhausted, GapReason.COUNTER),
    (AccessRefused, GapReason.ACCESS_DENIED),
    (ExceptionAnswer, GapReason.PROTOCOL),
)

TRIED_AGAIN: Final = frozenset({GapReason.UNREACHABLE, GapReason.TIMEOUT, GapReason.DROPPED, GapReason.PROTOCOL})
"""A wrong tag is not tried again: it costs counters and helps whoever sits on the line. A refusal stays one."""


def reason_of(error: HeadendError | DlmsError) -> GapReason:
    """Return the reason that goes with an error; what has none of its own is PROTOCOL."""
    if isinstance(error, ExceptionAnswer) and error.service_error == DECIPHERING_ERROR:
        return GapReason.AUTHENTICATION  # the meter has other keys than we
    return next((reason for kind, reason in _REASONS if isinstance(error, kind)), GapReason.PROTOCOL)

"""What the log knows to say: `noun:verb`, in a fixed vocabulary, and one event as canonical JSON."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Final, NamedTuple

from kwartier.audit.canonical import Json
from kwartier.model.ground import Requester


class EventKind(StrEnum):
    """Everything that may be said, as `noun:verb` in the past tense. A kind is never renamed: the log keeps what was written.

    What `batch` does has lines, and their root in the event: whoever checks a proof knows it by that noun. Nothing else has it.
    """

    PERMISSION_REQUESTED = "permission:requested"
    PERMISSION_PRESENTED = "permission:presented"
    PERMISSION_REJECTED = "permission:rejected"
    PERMISSION_TIMED_OUT = "permission:timed_out"
    PERMISSION_FOUND_INVALID = "permission:found_invalid"
    PERMISSION_GRANTED = "permission:granted"
    PERMISSION_REVOKED = "permission:revoked"
    PERMISSION_TERMINATED = "permission:terminated"
    PERMISSION_EXPIRED = "permission:expired"
    PERMISSION_INVALIDATED = "permission:invalidated"
    PERMISSION_FULFILLED = "permission:fulfilled"
    PERMISSION_REMINDED = "permission:reminded"
    PERMISSION_DECLINED = "permission:declined"
    LETTER_LAID = "letter:laid"
    LOOKS_NAMED = "looks:named"
    MANDATE_SAMPLED = "mandate:sampled"
    MANDATE_EVIDENCED = "mandate:evidenced"
    MANDATE_FAILED = "mandate:failed"
    SUPPLY_BEGAN = "supply:began"
    SUPPLY_ENDED = "supply:ended"
    OCCUPANCY_BEGAN = "occupancy:began"
    OCCUPANCY_ENDED = "occupancy:ended"
    RESTRICTION_BEGAN = "restriction:began"
    RESTRICTION_ENDED = "restriction:ended"
    AGREEMENT_BEGAN = "agreement:began"
    AGREEMENT_ENDED = "agreement:ended"
    SUSPENSION_BEGAN = "suspension:began"
    SUSPENSION_ENDED = "suspension:ended"
    ASSURANCE_DUE = "assurance:due"
    ASSURANCE_RECEIVED = "assurance:received"
    ASSURANCE_MISSED = "assurance:missed"
    PARTY_KEY_TAKEN = "party_key:taken"
    PARTY_KEY_ENDED = "party_key:ended"
    PARTY_CONTACT_WRITTEN = "party_contact:written"
    DEFAULT_BEGAN = "default:began"
    DEFAULT_ENDED = "default:ended"
    PROPOSAL_MADE = "proposal:made"
    USE_CASE_REGISTERED = "use_case:registered"
    USE_CASE_ENDED = "use_case:ended"
    EDITION_PUBLISHED = "edition:published"
    TRANSFORMER_REGISTERED = "transformer:registered"
    CONNECTION_REGISTERED = "connection:registered"
    METER_PLACED = "meter:placed"
    METER_REMOVED = "meter:removed"
    COUPLING_BEGAN = "coupling:began"
    COUPLING_ENDED = "coupling:ended"
    COUPLING_SUPERSEDED = "coupling:superseded"
    NIGHT_INTENDED = "night:intended"
    NIGHT_ENDED = "night:ended"
    INTENT_ABANDONED = "intent:abandoned"
    BATCH_INTENDED = "batch:intended"
    BATCH_REFUSED = "batch:refused"
    BATCH_READ = "batch:read"
    BATCH_DELIVERED = "batch:delivered"
    PARCEL_DELIVERED = "parcel:delivered"
    PARCEL_WITHHELD = "parcel:withheld"
    PARCEL_FAILED = "parcel:failed"
    VIEW_SHOWN = "view:shown"
    VIEW_REFUSED = "view:refused"
    PROOF_GIVEN = "proof:given"
    FIRMWARE_ADDED = "firmware:added"
    ALARM_TAKEN = "alarm:taken"
    ALARM_DISCARDED = "alarm:discarded"
    LOSS_PUBLISHED = "loss:published"
    LOSS_WITHHELD = "loss:withheld"
    ALLOCATION_TOLD = "allocation:told"
    ALLOCATION_WITHHELD = "allocation:withheld"
    RECONCILIATION_TOLD = "reconciliation:told"
    RECONCILIATION_WITHHELD = "reconciliation:withheld"
    RIGHT_ASKED = "right:asked"
    RIGHT_ANSWERED = "right:answered"
    RIGHT_REFUSED = "right:refused"
    RIGHT_EXTENDED = "right:extended"
    HOLD_BEGAN = "hold:began"
    HOLD_ENDED = "hold:ended"
    OBJECTION_BEGAN = "objection:began"
    OBJECTION_ENDED = "objection:ended"
    OCCUPANCY_SUPERSEDED = "occupancy:superseded"
    RECTIFICATION_DONE = "rectification:done"
    READING_CORRECTED = "reading:corrected"
    RECTIFICATION_TOLD = "rectification:told"
    BREACH_OPENED = "breach:opened"
    BREACH_NOTIFIED = "breach:notified"
    BREACH_CLOSED = "breach:closed"
    HAND_READING_TAKEN = "hand_reading:taken"
    QUARANTINE_RELEASED = "quarantine:released"
    QUARANTINE_DISCARDED = "quarantine:discarded"
    IMPORT_TAKEN = "import:taken"
    RETENTION_APPLIED = "retention:applied"
    ERASURE_DONE = "erasure:done"


_NOTHING: Final[Mapping[str, Json]] = {}


class Event(NamedTuple):
    """One thing that happened. `actor` is who did it (`actor_of`), `subject_code` and `connection` whom it is about, if anybody.

    `body` holds ids, kinds and numbers only; no name, EAN, equipment id or key. The subject code itself never enters the log:
    the leaf holds HMAC-SHA256(salt, code).
    """

    at: datetime
    kind: EventKind
    actor: str
    subject_code: str | None = None
    connection: int | None = None
    body: Mapping[str, Json] = _NOTHING


def actor_of(requester: Requester) -> str:
    """Return how the log names a requester: `supplier:12`, or the role alone where there is no id."""
    return f"{requester.role}:{requester.id}" if requester.id else str(requester.role)

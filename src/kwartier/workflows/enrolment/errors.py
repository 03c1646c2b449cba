"""What an import refuses. A bad row is no error: it is put aside with its reason, and the others go on.

KwartierError
+-- BadInput            whoever made the files erred
    +-- UnreadableFile  a whole file cannot be taken; nothing of the import was written
    +-- BadField        one field of one row; never leaves this room
"""

from enum import StrEnum

from kwartier.model.errors import BadInput


class Code(StrEnum):
    """Why a row is put aside before it reaches the registry. docs/IMPORT.md has these and the registry's own. Never renamed."""

    BAD_CHECK_DIGIT = "bad-check-digit"
    BAD_CSV = "bad-csv"
    BAD_EAN = "bad-ean"
    BAD_HOST = "bad-host"
    BAD_MOMENT = "bad-moment"
    BAD_NUMBER = "bad-number"
    BAD_PARTY_CODE = "bad-party-code"
    BAD_SYSTEM_TITLE = "bad-system-title"
    COLUMNS = "columns"
    CONTROL_CHARACTER = "control-character"
    CONVENTIONAL_METER = "conventional-meter"
    EMPTY = "empty"
    ENDS_BEFORE_IT_STARTS = "ends-before-it-starts"
    GRANTED_ELSEWHERE = "granted-elsewhere"
    NO_CHANNELS = "no-channels"
    NOT_UTF8 = "not-utf8"
    ONE_PLACE = "one-place"
    OUT_OF_RANGE = "out-of-range"
    TOO_LONG = "too-long"
    UNKNOWN_MODEL = "unknown-model"
    UNKNOWN_WORD = "unknown-word"


class UnreadableFile(BadInput):
    """A file is not what its name says. The text names the file and why, never what stands in it."""

    code = "unreadable-file"


class BadField(BadInput):
    """One field does not have the form it should have; `code` is the reason the row is put aside with."""

    def __init__(self, code: Code) -> None:
        """Keep the reason."""
        super().__init__(code)
        self.code = code.value

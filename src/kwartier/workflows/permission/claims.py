"""The file in which a party asks for permissions or claims mandates: CSV, a line per connection.

What cannot be read is put aside with its reason.
"""

import csv
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, TextIO, final

from kwartier.model.ean import Ean
from kwartier.model.errors import BadInput
from kwartier.model.period import Period, midnight, utc
from kwartier.model.register import Direction, Kind
from kwartier.store.registry import incoming
from kwartier.workflows.installation import Installation
from kwartier.workflows.permission import mandates, requests
from kwartier.workflows.permission.placing import Claim, Claimed

COLUMNS: Final = ("ean", "reference", "begin", "end", "kinds", "direction", "purpose", "data_from", "data_to")
LONGEST_TEXT: Final = 1000
LONGEST_LINE: Final = 1 << 16
DAY_LENGTH: Final = 10
_YEARS: Final = range(1990, 2200)


class Code(StrEnum):
    """Why a line is put aside. Never renamed."""

    COLUMNS = "columns"
    BAD_EAN = "bad-ean"
    BAD_MOMENT = "bad-moment"
    BAD_TEXT = "bad-text"
    UNKNOWN_WORD = "unknown-word"
    ENDS_BEFORE_IT_BEGINS = "ends-before-it-begins"


class UnreadableClaims(BadInput):
    """A file is not one of mandates. The text names the file and why, never what stands in it."""

    code = "unreadable-file"


class _BadLine(BadInput):
    """One line that cannot be read; never leaves this room."""

    def __init__(self, code: Code) -> None:
        super().__init__(code)
        self.code = code.value


@final
@dataclass(slots=True)
class Upload:
    """What became of a file: what was claimed, and how many lines were put aside by reason, under the number of the run."""

    run: int
    claimed: Claimed
    refused: Counter[str]

    def counts(self) -> dict[str, Any]:
        """Return it for a report."""
        return asdict(self.claimed) | {"refused": dict(sorted(self.refused.items()))}


Aside = list[tuple[int, str, str]]
"""Lines that cannot be read: number, reason, as it came."""


def upload(house: Installation, party_code: str, path: Path, *, at: datetime) -> Upload:
    """Take a party's file of mandates. Raises UnreadableClaims, NotFound, GrantedElsewhere; then nothing was taken."""
    aside: Aside = []
    with _opened(path) as source:
        claimed = mandates.claim(house, party_code, _read(source, path.name, aside), at=at)
    return _reported(house, claimed, path, aside, at)


def ask(house: Installation, party_code: str, path: Path, *, at: datetime) -> Upload:
    """Take a party's file of requests: without a yes of the customer none of them opens anything.

    Raises UnreadableClaims, NotFound, GrantedElsewhere; then nothing was taken.
    """
    aside: Aside = []
    with _opened(path) as source:
        claimed = requests.ask_all(house, party_code, _read(source, path.name, aside), at=at)
    return _reported(house, claimed, path, aside, at)


def _read(source: TextIO, name: str, aside: Aside) -> Iterator[Claim]:
    """Yield what can be read, and put the rest aside."""
    for number, line, raw in _records(source, name):
        try:
            yield _claim(line)
        except _BadLine as bad:
            aside.append((number, bad.code, raw))


def _reported(house: Installation, claimed: Claimed, path: Path, aside: Aside, at: datetime) -> Upload:
    report = Upload(0, claimed, Counter(code for _, code, _ in aside))
    with house.operator() as c:
        report.run = incoming.write(c, at, report.counts(), path.name, aside)
    return report


def _opened(path: Path) -> TextIO:
    try:
        return path.open(encoding="utf-8-sig", errors="backslashreplace", newline="")
    except OSError as error:
        msg = f"{path.name} cannot be read: {error.strerror}"
        raise UnreadableClaims(msg) from error


def _records(source: TextIO, name: str) -> Iterator[tuple[int, Mapping[str, str], str]]:
    """Yield (line, fields by column, as it came). A line of another number of fields comes with none."""
    reader = csv.reader(iter(lambda: source.readline(LONGEST_LINE), ""))
    header = [field.strip() for field in _next(reader) or []]
    if sorted(header) != sorted(COLUMNS):
        msg = f"the header of {name} must be: {','.join(COLUMNS)}"
        raise UnreadableClaims(msg)
    while (fields := _next(reader)) is not None:
        if fields:
            found = dict(zip(header, fields, strict=True)) if len(fields) == len(header) else {}
            yield reader.line_num, found, ",".join(fields).replace("\0", "\\x00")


def _next(reader: Iterator[list[str]]) -> list[str] | None:
    """Return the next fields, None at the end. Of what is no CSV, as a quote that never closes, one that is no column."""
    try:
        return next(reader, None)
    except csv.Error:
        return [""]


def _claim(line: Mapping[str, str]) -> Claim:
    if not line:
        raise _BadLine(Code.COLUMNS)
    begin, end = _moment(line["begin"]), _moment(line["end"])
    first = _moment(line["data_from"]) if line["data_from"].strip() else begin
    last = _moment(line["data_to"]) if line["data_to"].strip() else None
    if not line["data_from"].strip() and last is None:
        last = end
    if end <= begin or (last is not None and last <= first):
        raise _BadLine(Code.ENDS_BEFORE_IT_BEGINS)
    return Claim(
        _ean(line["ean"]),
        begin,
        end,
        _text(line["reference"]),
        _kinds(line["kinds"]),
        _direction(line["direction"]),
        _text(line["purpose"]),
        Period(first, last),
    )


def _ean(value: str) -> Ean:
    try:
        return Ean.parse(value)
    except BadInput:  # from None: the value must not travel in a traceback
        raise _BadLine(Code.BAD_EAN) from None


def _text(value: str) -> str:
    if not (text := value.strip()) or len(text) > LONGEST_TEXT or not text.isprintable():
        raise _BadLine(Code.BAD_TEXT)
    return text


def _moment(value: str) -> datetime:
    """Read a local day, which begins at its midnight, or a moment with its offset."""
    text = value.strip()
    try:
        found = midnight(date.fromisoformat(text)) if len(text) == DAY_LENGTH else utc(datetime.fromisoformat(text))
    except (ValueError, OverflowError, BadInput):
        raise _BadLine(Code.BAD_MOMENT) from None
    if found.year not in _YEARS:
        raise _BadLine(Code.BAD_MOMENT)
    return found.replace(microsecond=0)


def _kinds(value: str) -> tuple[Kind, ...]:
    try:
        return tuple(Kind(word.strip()) for word in value.split("|"))
    except ValueError:
        raise _BadLine(Code.UNKNOWN_WORD) from None


def _direction(value: str) -> Direction:
    try:
        return Direction(value.strip() or Direction.COMBINED)
    except ValueError:
        raise _BadLine(Code.UNKNOWN_WORD) from None

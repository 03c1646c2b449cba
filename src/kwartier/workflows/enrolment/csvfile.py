"""One CSV file, record by record, whatever its bytes are: a record, a refusal with its reason, or UnreadableFile for the file.

UTF-8 (a byte order mark is allowed), comma, double quotes, a header line with exactly the documented columns in any order
(RFC 4180). Memory stays bounded: a line is at most `LONGEST_LINE` characters, a longer one falls into pieces that are refused.
"""

import csv
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO, final

from kwartier.workflows.enrolment.errors import Code, UnreadableFile

LONGEST_LINE = 1 << 17

Record = tuple[int, list[str], str]
"""(line it begins on, fields in the documented order, as it came)"""
Refusal = tuple[int, str, str]
"""(line it begins on, code, as it came)"""


@final
class _Lines:
    """The lines of a file, remembering those that the current record is made of."""

    def __init__(self, source: TextIO) -> None:
        self._source = source
        self.number = 0
        self.taken: list[str] = []

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = self._source.readline(LONGEST_LINE)
        if not line:
            raise StopIteration
        self.number += 1
        self.taken.append(line)
        return line

    def record(self) -> tuple[int, str]:
        """Return where the record that was just read begins, and its text; the next one begins after it."""
        first, raw = self.number - len(self.taken) + 1, "".join(self.taken)
        self.taken.clear()
        return first, raw


def shown(raw: str) -> str:
    """Return a text as a database can keep it: bytes that are no UTF-8 and zero characters are spelled out."""
    return raw.rstrip("\r\n").encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace").replace("\0", "\\x00")


@contextmanager
def opened(path: Path) -> Iterator[TextIO]:
    """Open a file whatever its bytes are. Raises UnreadableFile if it cannot be opened or read."""
    try:
        with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as source:
            yield source
    except OSError as error:
        msg = f"{path.name} cannot be read: {error.strerror}"
        raise UnreadableFile(msg) from error


def read(path: Path, columns: Sequence[str]) -> Iterator[Record | Refusal]:
    """Yield every record after the header, as a record or a refusal. Raises UnreadableFile."""
    with opened(path) as source:
        lines = _Lines(source)
        reader = csv.reader(lines, strict=True)
        order = _header(path.name, reader, lines, columns)
        yield from _records(reader, lines, order)


def _header(name: str, reader: "Iterator[list[str]]", lines: _Lines, columns: Sequence[str]) -> list[int]:
    """Return where each documented column stands."""
    try:
        found = [field.strip() for field in next(reader, [])]
    except csv.Error:
        found = []
    lines.record()
    if sorted(found) != sorted(columns):
        msg = f"the header of {name} must be: {','.join(columns)}"
        raise UnreadableFile(msg)
    return [found.index(column) for column in columns]


def _records(reader: "Iterator[list[str]]", lines: _Lines, order: list[int]) -> Iterator[Record | Refusal]:
    straight = order == sorted(order)
    count = len(order)
    while True:
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error:
            first, raw = lines.record()
            yield first, Code.BAD_CSV.value, shown(raw)
            continue
        first, raw = lines.record()
        if not fields:
            continue  # an empty line says nothing
        if not raw.isascii() and not _is_utf8(raw):
            yield first, Code.NOT_UTF8.value, shown(raw)
        elif "\0" in raw:
            yield first, Code.CONTROL_CHARACTER.value, shown(raw)
        elif len(fields) != count:
            yield first, Code.COLUMNS.value, shown(raw)
        else:
            yield first, fields if straight else [fields[i] for i in order], raw.rstrip("\r\n")


def _is_utf8(raw: str) -> bool:
    try:
        raw.encode()
    except UnicodeEncodeError:
        return False
    return True

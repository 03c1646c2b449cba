"""From the bytes of one telegram to its value.

One regular expression splits all lines at once into code, figures, decimals and the rest. A line in the common form of a number is
done with one look-up and one multiplication; every other line is read on its own: what is wrong with it becomes a fault with its
line number, and the rest of the telegram lives.
"""

import re
from types import MappingProxyType
from typing import Final

from kwartier.wire.p1 import numerals, profile
from kwartier.wire.p1.crc import crc16
from kwartier.wire.p1.draft import Draft
from kwartier.wire.p1.errors import ChecksumWrong, FaultKind, NotATelegram, Unreadable
from kwartier.wire.p1.identity import Header
from kwartier.wire.p1.lines import READERS
from kwartier.wire.p1.objects import END, LINES, QUANTITIES, standard
from kwartier.wire.p1.telegram import Checksum, Fault, Raw, Telegram

Line = tuple[bytes, bytes, bytes, bytes]
"""Code, figures, decimals and the rest of one line, its `)` and carriage return included."""

LINE: Final = re.compile(rb"\n([^(]++)\((?:([0-9]{1,12}+)(?:\.([0-9]++))?)?+(.*+(?:\n\(.*+)*+)")
"""A line that begins with `(` belongs to the one before it: the value of an old gas meter. Decimals are optional with a plain `?`:
Pythons before 3.11.5, Debian 12's among them, lose the point where nothing follows it (CPython issue 106052)."""
_LINE_END: Final = re.compile(rb"\n(?!\()")
_CONTINUED: Final = re.compile(rb"[\r ]*\n")
_HEX: Final = frozenset(b"0123456789ABCDEFabcdef")
_MOST_DIGITS: Final = 4
_IDLE: Final = b"\r\n\0 \t\xff"


def decode(data: bytes, *, checked: bool = False) -> Telegram:
    """Read one telegram, from its `/` to what follows its `!`. Raises NotATelegram, ChecksumWrong.

    `checked` says that the bytes are known to be the meter's own, as those of a sealed frame are: then a checksum that is missing
    or does not match is told, not refused.
    """
    text, checksum = verified(data, checked=checked)
    telegram = read(text, data, checksum)
    demand_checksum(telegram, checked=checked)
    return telegram


def verified(data: bytes, *, checked: bool) -> tuple[bytes, Checksum]:
    """Return a telegram through its last line, and what became of its checksum. Raises NotATelegram, ChecksumWrong."""
    text = data.strip(_IDLE)
    end = text.rfind(b"!") + 1
    digits = text[end:]
    if text[:1] != b"/" or not end or len(digits) > _MOST_DIGITS or (digits and not _HEX.issuperset(digits)):
        msg = "a telegram begins with / and ends with ! and up to four hexadecimal digits"
        raise NotATelegram(msg)
    checksum = _compared(text[:end], digits)
    if checksum is Checksum.WRONG and not checked:
        msg = "the checksum of a telegram does not match"
        raise ChecksumWrong(msg)
    return text[: end - 1], checksum


def demand_checksum(telegram: Telegram, *, checked: bool) -> None:
    """Raise ChecksumWrong for a telegram without the checksum that its profile has."""
    if telegram.checksum is Checksum.ABSENT and telegram.profile not in profile.WITHOUT_CHECKSUM and not checked:
        msg = "a telegram without the checksum that its profile has"
        raise ChecksumWrong(msg)


def _compared(text: bytes, digits: bytes) -> Checksum:
    """Compare the CRC; of a stream whose CRLF became LF on the way, also as it was sent."""
    if not digits:
        return Checksum.ABSENT
    expected = int(digits, 16)
    if crc16(text) == expected or (b"\r" not in text and crc16(text.replace(b"\n", b"\r\n")) == expected):
        return Checksum.RIGHT
    return Checksum.WRONG


def read(text: bytes, raw: bytes, checksum: Checksum) -> Telegram:
    """Read what `verified` returned. Raises NotATelegram."""
    if b"\0" in text or b"\r" not in text:
        text = text.replace(b"\0", b" ").replace(b"\r", b"").replace(b"\n", b"\r\n")
    first = text.find(b"\n")
    header = text[1:first].strip().decode("latin-1")
    if first < 0 or not header:
        msg = "a telegram has a header line and lines behind it"
        raise NotATelegram(msg)
    blank = text.startswith(b"\r\n", first + 1)
    draft = Draft()
    faults = _take(draft, text[first + 2 * blank :], 2 + blank)
    devices = draft.devices
    return Telegram(
        Header(header),
        profile.detect(header, draft, text),
        draft.version,
        draft.at,
        MappingProxyType(draft.ids),
        MappingProxyType(draft.values),
        draft.peak,
        draft.month_peaks,
        draft.month_close,
        draft.failures,
        MappingProxyType(draft.messages),
        tuple([devices[channel].finish() for channel in sorted(devices)]) if devices else (),
        tuple(draft.others),
        checksum,
        faults,
        raw,
    )


def _take(draft: Draft, objects: bytes, first: int) -> tuple[Fault, ...]:
    """Read all lines into the draft; `objects` begins with a line end, and the line behind it has number `first`."""
    lines: list[Line] = LINE.findall(objects)
    ends = objects.count(b"\n") - 1
    if len(lines) != ends and len(lines) != ends - objects.count(b"\n("):
        lines = _split(objects)
    values = draft.values
    form_of = LINES.get
    odd: list[Line] = []
    for line in lines:
        code, figures, decimals, rest = line
        form = form_of(code + rest)
        if form is None:
            odd.append(line)
        else:
            quantity, factors = form
            try:
                values[quantity] = int(figures + decimals) * factors[len(decimals)]
            except (ValueError, IndexError):  # nothing before the unit, or digits beyond the base unit
                odd.append(line)
    if len(values) + len(odd) != len(lines):  # an object came twice, and the first one counts
        values.clear()
        odd = lines
    return _take_one_by_one(draft, lines, odd, first)


def _split(objects: bytes) -> list[Line]:
    """Split lines of which some are no objects; those have no code, and all of their text in the rest."""
    rows = _LINE_END.split(objects)[1:]
    found = [(row, LINE.fullmatch(b"\n" + row)) for row in rows]
    return [(match[1], match[2] or b"", match[3] or b"", match[4]) if match else (b"", b"", b"", row) for row, match in found]


def _take_one_by_one(draft: Draft, lines: list[Line], odd: list[Line], first: int) -> tuple[Fault, ...]:
    faults: list[Fault] = []
    seen = draft.seen
    for line in odd:
        code, figures, decimals, rest = line
        content = figures + b"." + decimals + rest if decimals else figures + rest
        try:
            if code in READERS and rest[-2:] == END and b"\n" not in rest:
                content = content[:-2]
            else:
                code, content = _tidied(code, content)
            reader = READERS.get(code)
            if reader is None:
                _take_other(draft, code, content)
            elif code in seen:
                raise Unreadable(FaultKind.REPEATED)  # noqa: TRY301 - a call for each line would cost as much as reading it
            else:
                seen.add(code)
                reader(draft, content, code)
        except Unreadable as fault:
            faults.append(Fault(first + _line_ends_before(line, lines), fault.kind))
    return tuple(faults)


def _line_ends_before(line: Line, lines: list[Line]) -> int:
    at = next(at for at, each in enumerate(lines) if each is line)
    return at + sum(each[3].count(b"\n") for each in lines[:at])


def _tidied(code: bytes, content: bytes) -> tuple[bytes, bytes]:
    """Return the code as the standard writes it and what stands between the outer parentheses; both empty for a blank line."""
    content = _CONTINUED.sub(b"", content).rstrip()
    if not (code or content):
        return b"", b""
    if not code or content[-1:] != b")":
        raise Unreadable(FaultKind.NO_OBJECT)
    return standard(code), content[:-1]


def _take_other(draft: Draft, code: bytes, content: bytes) -> None:
    """Read a number that is not of the common form, or keep what nobody knows. Raises Unreadable."""
    quantity = QUANTITIES.get(code)
    if quantity is None:
        draft.others += [Raw(code.decode("latin-1"), b"(" + content + b")")] if code else []
    elif quantity in draft.values:
        raise Unreadable(FaultKind.REPEATED)
    elif content:
        draft.values[quantity] = numerals.read(content, quantity.unit)

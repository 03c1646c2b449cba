"""How each object that is more than a number is read. A reader gets the text between the outer parentheses of a line.

Every reader either takes what the line says into the draft or raises Unreadable; of a list it takes the good entries first.
"""

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Final

from kwartier.wire.p1 import moments, numerals
from kwartier.wire.p1.draft import DeviceDraft, Draft
from kwartier.wire.p1.errors import FaultKind, Unreadable
from kwartier.wire.p1.identity import EquipmentId
from kwartier.wire.p1.quantities import Quantity, Unit
from kwartier.wire.p1.telegram import MonthClose, MonthPeak, Peak, PowerFailure

Reader = Callable[[Draft, bytes, bytes], None]
"""Draft, content, and the code as the standard writes it."""

CHANNELS: Final = range(1, 9)
BETWEEN: Final = b")("
_TEXT: Final = re.compile(rb"[ -'*-~]*")
_HEX: Final = re.compile(rb"(?:[0-9A-Fa-f]{2})*")
_DIGITS: Final = re.compile(rb"\d{1,3}")
_LIMITS: Final = {Unit.W: Quantity.LIMIT_POWER, Unit.VA: Quantity.LIMIT_APPARENT, Unit.MA: Quantity.LIMIT_CURRENT}
_LIMIT_FORMS: Final = numerals.forms_of(*_LIMITS)
_MONTH_FORMS: Final = numerals.forms_of(Unit.WH, Unit.VARH, Unit.W, Unit.VAR)
_OLD_UNIT, _OLD_VALUE = 5, 6
_ZERO: Final = ord("0")


def _text(content: bytes) -> str:
    if not content.isalnum() and not _TEXT.fullmatch(content):
        raise Unreadable(FaultKind.VALUE)
    return content.decode()


def _small(content: bytes) -> int | None:
    """Return a number of up to three digits, None for an empty group."""
    if not content:
        return None
    if not _DIGITS.fullmatch(content):
        raise Unreadable(FaultKind.VALUE)
    return int(content)


def version(draft: Draft, content: bytes, code: bytes) -> None:
    """1-3:0.2.8, in Belgium and Switzerland 0-0:96.1.4."""
    draft.version = _text(content)
    draft.version_code = code


def clock(draft: Draft, content: bytes, _code: bytes) -> None:
    """0-0:1.0.0."""
    draft.at = moments.read(content)
    if draft.at is None:
        raise Unreadable(FaultKind.CLOCK)


def identifier(draft: Draft, content: bytes, code: bytes) -> None:
    """0-0:96.1.1 and the other places of a meter's number. An empty one is none."""
    if content:
        draft.ids[code.decode()] = EquipmentId(_text(content))


def message(draft: Draft, content: bytes, code: bytes) -> None:
    """0-0:96.13.x: hexadecimal pairs; what is not is taken as it stands."""
    text = bytes.fromhex(content.decode()) if content and _HEX.fullmatch(content) else content
    draft.messages[code[-1] - _ZERO] = text


def limit(draft: Draft, content: bytes, _code: bytes) -> None:
    """0-0:17.0.0: kW, A, or in Luxembourg kVA."""
    if content:
        unit, value = numerals.read_any(content, _LIMIT_FORMS)
        draft.values[_LIMITS[unit]] = value


def fuse(draft: Draft, content: bytes, _code: bytes) -> None:
    """1-0:31.4.0: A; in Luxembourg a second group for the other direction."""
    for quantity, group in zip((Quantity.FUSE, Quantity.FUSE_EXPORT), content.split(BETWEEN), strict=False):
        if group:
            draft.values[quantity] = numerals.read(group, Unit.MA)


def failures(draft: Draft, content: bytes, _code: bytes) -> None:
    """1-0:99.97.0 (n)(0-0:96.7.19)(stamp)(seconds)...; all entries count, whatever n says."""
    draft.failures, fault = _failure_log(content)
    if fault is not None:
        raise Unreadable(fault)


@lru_cache(maxsize=16)  # a meter sends the same log every second for weeks
def _failure_log(content: bytes) -> tuple[tuple[PowerFailure, ...], FaultKind | None]:
    groups = content.split(BETWEEN)
    first = 2 if b":" in b"".join(groups[1:2]) else 1
    log: list[PowerFailure] = []
    whole = len(groups) % 2 == first % 2 or not groups[-1]
    for stamp, seconds in zip(groups[first::2], groups[first + 1 :: 2], strict=False):
        digits = seconds.removesuffix(b"*s")
        if digits.isdigit() and len(digits) <= numerals.MOST_DIGITS:
            log.append(PowerFailure(moments.read(stamp), int(digits)))
        else:
            whole = whole and not (stamp or seconds)
    return tuple(log), _fault([each.ended_at for each in log], whole=whole)


def peak(draft: Draft, content: bytes, _code: bytes) -> None:
    """1-0:1.6.0 (stamp)(power)."""
    stamp, between, power = content.rpartition(BETWEEN)
    draft.peak = Peak(moments.read(stamp), numerals.read(power, Unit.W))
    if between and draft.peak.at is None:
        raise Unreadable(FaultKind.CLOCK)


def months(draft: Draft, content: bytes, _code: bytes) -> None:
    """0-0:98.1.0: in Belgium peaks, (n)(1-0:1.6.0)(1-0:1.6.0) then (end of month)(stamp)(power)...; in Hungary registers."""
    draft.month_close = _registers(content)
    if draft.month_close is None:
        draft.month_peaks, fault = _peak_history(content)
        if fault is not None:
            raise Unreadable(fault)


@lru_cache(maxsize=16)
def _registers(content: bytes) -> MonthClose | None:
    """Read (stamp)(register)...; None if it does not begin with a stamp."""
    stamp, _, registers = content.partition(BETWEEN)
    at = moments.read(stamp)
    if at is None:
        return None
    return MonthClose(at, tuple([numerals.read_any(each, _MONTH_FORMS) for each in registers.split(BETWEEN)]))


@lru_cache(maxsize=16)  # thirteen months that change once a month
def _peak_history(content: bytes) -> tuple[tuple[MonthPeak, ...], FaultKind | None]:
    entries, whole = _entries(content, 3)
    stamps: list[datetime | None] = []
    peaks: list[MonthPeak] = []
    for end, at, power in entries:
        stamps += (moments.read(end), moments.read(at))
        try:
            peaks.append(MonthPeak(stamps[-2], Peak(stamps[-1], numerals.read(power, Unit.W))))
        except Unreadable:
            whole = False
    return tuple(peaks), _fault(stamps, whole=whole)


def _entries(content: bytes, size: int) -> tuple[list[list[bytes]], bool]:
    """Return what stands behind the head (a count, then OBIS codes) in entries of `size` groups, and whether none is broken off.

    An entry without anything in it says that there is none.
    """
    groups = content.split(BETWEEN)
    begin = 1 + max((at for at, group in enumerate(groups) if b":" in group), default=0)
    entries = [groups[at : at + size] for at in range(begin, len(groups), size)]
    filled = [entry for entry in entries if any(entry)]
    return [entry for entry in filled if len(entry) == size], all(len(entry) == size for entry in filled)


def _fault(stamps: Sequence[datetime | None], *, whole: bool) -> FaultKind | None:
    return FaultKind.VALUE if not whole else FaultKind.CLOCK if None in stamps else None


def device_type(draft: Draft, content: bytes, code: bytes) -> None:
    """0-n:24.1.0."""
    _device(draft, code).type = _small(content)


def device_id(draft: Draft, content: bytes, code: bytes) -> None:
    """0-n:96.1.0, in Belgium 0-n:96.1.1."""
    device = _device(draft, code)
    if content and device.id is None:
        device.id = EquipmentId(_text(content))


def device_valve(draft: Draft, content: bytes, code: bytes) -> None:
    """0-n:24.4.0."""
    _device(draft, code).valve = _small(content)


def device_reading(draft: Draft, content: bytes, code: bytes) -> None:
    """0-n:24.2.1 (stamp)(value*unit); 24.2.3 is gas in Belgium, not corrected for temperature."""
    stamp, _, value = content.partition(BETWEEN)
    _reading(_device(draft, code), stamp, value)


def device_old_reading(draft: Draft, content: bytes, code: bytes) -> None:
    """0-n:24.3.0 (stamp)(status)(minutes)(n)(code)(unit)(value); before DSMR 4. The value may stand on the next line."""
    groups = content.split(BETWEEN)
    value = groups[_OLD_VALUE] + b"*" + groups[_OLD_UNIT] if len(groups) > _OLD_VALUE and groups[_OLD_VALUE] else b""
    _reading(_device(draft, code), groups[0], value)


def _device(draft: Draft, code: bytes) -> DeviceDraft:
    """Return the draft of the device whose channel is the second figure of `0-n:...`."""
    return draft.device(code[2] - _ZERO)


def _reading(device: DeviceDraft, stamp: bytes, value: bytes) -> None:
    if device.has_reading:
        raise Unreadable(FaultKind.REPEATED)
    device.has_reading = True
    device.at = moments.read(stamp)
    device.read_value(value)
    if stamp and device.at is None:
        raise Unreadable(FaultKind.CLOCK)


def _each_channel(code: str, reader: Reader) -> dict[bytes, Reader]:
    return {f"0-{channel}:{code}".encode(): reader for channel in CHANNELS}


READERS: Final[dict[bytes, Reader]] = {
    b"0-0:1.0.0": clock,
    b"1-3:0.2.8": version,
    b"0-0:96.1.4": version,
    **dict.fromkeys((b"0-0:96.1.0", b"0-0:96.1.1", b"0-0:96.1.2", b"0-0:96.1.255", b"0-0:42.0.0"), identifier),
    **dict.fromkeys((b"0-0:0.0.0", b"1-0:0.0.0"), identifier),
    **dict.fromkeys((f"0-0:96.13.{number}".encode() for number in range(6)), message),
    b"0-0:17.0.0": limit,
    b"1-0:31.4.0": fuse,
    b"1-0:99.97.0": failures,
    b"1-0:1.6.0": peak,
    b"0-0:98.1.0": months,
    **_each_channel("24.1.0", device_type),
    **_each_channel("96.1.0", device_id),
    **_each_channel("96.1.1", device_id),
    **_each_channel("24.4.0", device_valve),
    **_each_channel("24.2.1", device_reading),
    **_each_channel("24.2.3", device_reading),
    **_each_channel("24.3.0", device_old_reading),
}
"""By code, A-B as the standard writes it."""

"""How single things are written: numbers in a form, texts, moments, failures, peaks, devices. All raise Unwritable."""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Final

from kwartier.wire.p1 import moments
from kwartier.wire.p1.errors import Unwritable
from kwartier.wire.p1.layouts import DeviceForm
from kwartier.wire.p1.numerals import MOST_DIGITS
from kwartier.wire.p1.quantities import SPELLED, Unit
from kwartier.wire.p1.telegram import Device, DeviceKind, MonthClose, MonthPeak, Peak, PowerFailure

_FORM: Final = re.compile(r"(\d+)(?:\.(\d+))?(?:\*(\S+))?")
_TEXT: Final = re.compile(r"[ -'*-~]+")
_NO_STAMP: Final = "000101000000"
_MOST: Final = 999
_MOST_SECONDS: Final = 10**12
_DEFAULTS: Final = {
    Unit.WH: "6.3*kWh",
    Unit.VARH: "6.3*kvarh",
    Unit.W: "2.3*kW",
    Unit.VAR: "2.3*kvar",
    Unit.VA: "2.3*kVA",
    Unit.MV: "3.1*V",
    Unit.MA: "3*A",
    Unit.MHZ: "2.2*Hz",
    Unit.DM3: "5.3*m3",
    Unit.KJ: "5.3*GJ",
    Unit.PERMILLE: "1.3",
    Unit.COUNT: "5",
}
_DEVICE: Final = {Unit.WH: "5.3*kWh", Unit.DM3: "5.3*m3", Unit.KJ: "5.3*GJ"}


def number(value: int, unit: Unit, form: str = "") -> str:
    """Write a number in a form `whole.decimals*unit`, or the usual one of its unit if that form has another."""
    found = _FORM.fullmatch(form)
    if found is None or (found[3] or "") not in SPELLED[unit]:
        return number(value, unit, _DEFAULTS[unit])
    whole, decimals, spelled = int(found[1]), int(found[2] or 0), found[3] or ""
    power = SPELLED[unit][spelled]
    digits = f"{abs(value):0{power + 1}}"
    front, back = digits[: len(digits) - power], digits[len(digits) - power :].rstrip("0").ljust(decimals, "0")
    if len(front) > MOST_DIGITS:
        msg = "a number of more than twelve digits"
        raise Unwritable(msg)
    text = ("-" if value < 0 else "") + front.zfill(whole) + (f".{back}" if back else "")
    return f"{text}*{spelled}" if spelled else text


def text(content: str) -> str:
    """Write an id or a version."""
    if not _TEXT.fullmatch(content):
        msg = "an id or version with characters that a line cannot hold, or without any"
        raise Unwritable(msg)
    return content


def moment(at: datetime | None) -> str:
    """Write a stamp; None as a meter without a time does."""
    return moments.write(at).decode() if at else f"{_NO_STAMP}W"


def small(value: int) -> str:
    """Write a number of up to three digits."""
    if not 0 <= value <= _MOST:
        msg = "a type or valve position of more than three digits"
        raise Unwritable(msg)
    return str(value)


def failures(log: tuple[PowerFailure, ...]) -> str:
    """Write the log of long failures, without the outer parentheses."""
    if not all(0 <= each.duration_s < _MOST_SECONDS for each in log):
        msg = "a failure of negative or endless duration"
        raise Unwritable(msg)
    return ")(".join([str(len(log)), "0-0:96.7.19", *(f"{moment(each.ended_at)})({each.duration_s:010}*s" for each in log)])


def peak(value: Peak) -> str:
    """Write the peak of this month."""
    power = number(value.power_w, Unit.W)
    return f"{moment(value.at)})({power}" if value.at else power


def peaks(history: tuple[MonthPeak, ...]) -> str:
    """Write the peaks of months that are over."""
    entries = (f"{moment(each.month_end)})({moment(each.peak.at)})({number(each.peak.power_w, Unit.W)}" for each in history)
    return ")(".join([str(len(history)), "1-0:1.6.0", "1-0:1.6.0", *entries])


def registers(close: MonthClose) -> str:
    """Write the registers of a month's end."""
    if close.at is None or not close.values:
        msg = "registers of a month's end need their moment, and at least one value"
        raise Unwritable(msg)
    return ")(".join([moment(close.at), *(number(value, unit) for unit, value in close.values)])


def device(value: Device, form: DeviceForm) -> Iterator[str]:
    """Write the lines of one device."""
    at = f"0-{value.channel}:"
    kind = [f"{at}24.1.0({small(value.type).zfill(form.type_digits)})"] if value.type is not None else []
    name = [f"{at}{form.id_code}({text(value.id.reveal()) if value.id else ''})"]
    valve = [f"{at}24.4.0({small(value.valve)})"] if value.valve is not None else []
    reading = [_old_reading(value) if form.is_old else _reading(value, form)] if value.at or value.unit else []
    yield from name + kind if form.id_first else kind + name
    yield from valve + reading if form.valve_first else reading + valve


def _reading(value: Device, form: DeviceForm) -> str:
    code = form.gas_code if value.kind is DeviceKind.GAS else "24.2.1"
    return f"0-{value.channel}:{code}({moment(value.at)})({_value(value)})"


def _old_reading(value: Device) -> str:
    """Write the reading as it was before DSMR 4: on two lines, unit and value apart, a stamp without its letter."""
    stamp = moments.write_bare(value.at).decode() if value.at else _NO_STAMP
    figures, _, unit = _value(value).partition("*")
    return f"0-{value.channel}:24.3.0({stamp})(00)(60)(1)(0-{value.channel}:24.2.1)({unit or 'm3'})\r\n({figures})"


def _value(value: Device) -> str:
    if value.value is None or value.unit is None:
        return ""
    if value.unit not in _DEVICE:
        msg = "a device measures Wh, dm3 or kJ"
        raise Unwritable(msg)
    return number(value.value, value.unit, _DEVICE[value.unit])

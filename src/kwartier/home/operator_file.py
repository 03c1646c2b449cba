"""The file that a customer downloads from the operator, CSV or JSON: read strictly, here and nowhere else. Pure.

CSV: UTF-8, comma, header line `metering_point,register,direction,tariff,start,resolution,value,unit,quality`; a row per interval
(resolution PT15M or PT1H, start in local time with its offset) and per register reading (no resolution), which is passed over.
JSON: an object with `format` kwartier/readings/1 and `series`, each with register, direction, unit, resolution, start, values, and
quality where not all are valid. The connection's number is not kept, and stands in no message.
"""

import csv
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final, final

from kwartier.home.errors import BadFile
from kwartier.home.overview import Kind
from kwartier.model.errors import BadInput
from kwartier.model.period import HOUR_S, QUARTER_S, epoch_s

COLUMNS: Final = ("metering_point", "register", "direction", "tariff", "start", "resolution", "value", "unit", "quality")
FORMAT: Final = "kwartier/readings/1"
LARGEST: Final = 20 * 1024 * 1024
_STEPS: Final = {"PT15M": QUARTER_S, "PT1H": HOUR_S}
_VALID: Final = "valid"
_MISSING: Final = "missing"
_SURE: Final = frozenset({_VALID, "corrected"})
"""What the operator answers for: `corrected` is what somebody put in the place of a value that was wrong."""


@final
@dataclass(frozen=True, slots=True)
class Theirs:
    """One interval as the operator has it. `is_sure` is False for one that the operator itself marks as doubtful or as a sum."""

    value: int
    step_s: int
    is_sure: bool = True


@final
@dataclass(frozen=True, slots=True)
class OperatorFile:
    """What the file says: intervals by kind and start (epoch seconds). Those that it marks as missing are absent."""

    intervals: Mapping[tuple[Kind, int], Theirs]


def parse(data: bytes) -> OperatorFile:
    """Read a file, by what it looks like. Raises BadFile."""
    if len(data) > LARGEST:
        msg = f"the file is larger than {LARGEST} bytes"
        raise BadFile(msg)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        msg = "the file is not UTF-8"
        raise BadFile(msg) from fault
    rows = _json_rows(text) if text.lstrip().startswith("{") else _csv_rows(text)
    found: dict[tuple[Kind, int], Theirs] = {}
    for number, row in rows:
        interval = _interval(row, number)
        if interval is None:
            continue
        key, theirs = interval
        if key in found:
            msg = f"{number}: an interval that was there before"
            raise BadFile(msg)
        found[key] = theirs
    if not found:
        msg = "the file holds no quarter-hours"
        raise BadFile(msg)
    return OperatorFile(MappingProxyType(found))


Row = dict[str, Any]


def _csv_rows(text: str) -> Iterator[tuple[str, Row]]:
    table = csv.reader(io.StringIO(text, newline=""), strict=True)
    points = set()
    try:
        if tuple(next(table, ())) != COLUMNS:
            msg = f"the first line must be {','.join(COLUMNS)}"
            raise BadFile(msg)
        for cells in table:
            if len(cells) != len(COLUMNS):
                msg = f"line {table.line_num}: {len(COLUMNS)} columns are expected"
                raise BadFile(msg)
            row = dict(zip(COLUMNS, cells, strict=True))
            points.add(row["metering_point"])
            if len(points) > 1:
                msg = f"line {table.line_num}: the file is of more than one connection"
                raise BadFile(msg)
            if row["resolution"]:
                yield f"line {table.line_num}", row | {"value": _whole(row["value"], f"line {table.line_num}")}
    except csv.Error as fault:
        msg = f"line {table.line_num}: not CSV"
        raise BadFile(msg) from fault


def _whole(text: str, number: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.removeprefix("-").isdigit()) or len(text) > 12:  # noqa: PLR2004 - no interval is that long
        msg = f"{number}: value must be a whole number"
        raise BadFile(msg)
    return int(text)


def _json_rows(text: str) -> Iterator[tuple[str, Row]]:
    try:
        body = json.loads(text)
    except (ValueError, RecursionError) as fault:
        msg = "the file is not JSON"
        raise BadFile(msg) from fault
    series = body.get("series")
    if body.get("format") != FORMAT or not isinstance(series, list):
        msg = f"the file must have the format {FORMAT} and series"
        raise BadFile(msg)
    for number, one in enumerate(series, 1):
        yield from _series_rows(f"series {number}", one)


def _series_rows(number: str, one: Any) -> Iterator[tuple[str, Row]]:  # noqa: ANN401 - from a file
    values = one.get("values") if isinstance(one, dict) else None
    if not isinstance(values, list) or not isinstance(one.get("quality", []), list):
        msg = f"{number}: values must be a list"
        raise BadFile(msg)
    marks = one.get("quality") or [_VALID] * len(values)
    if len(marks) != len(values):
        msg = f"{number}: values and quality have different lengths"
        raise BadFile(msg)
    step, start = _step(one, number), _start(one, number)
    for at, (value, mark) in enumerate(zip(values, marks, strict=True)):
        if value is not None and (isinstance(value, bool) or not isinstance(value, int)):
            msg = f"{number}: values must be whole numbers"
            raise BadFile(msg)
        yield f"{number}, value {at + 1}", one | {"value": value, "quality": mark, "start": start + at * step}


def _interval(row: Row, number: str) -> tuple[tuple[Kind, int], Theirs] | None:
    """Return the interval of a row; None if the operator says that it is missing, or if it is of something else."""
    kind = _kind(row, number)
    step, start = _step(row, number), _start(row, number)
    if start % step:
        msg = f"{number}: start must lie on a boundary of {step // 60} minutes"
        raise BadFile(msg)
    value, mark = row["value"], row.get("quality", _VALID)
    if mark == _MISSING or value is None or kind is None:
        return None
    if value < 0:
        msg = f"{number}: value must not be negative"
        raise BadFile(msg)
    return (kind, start), Theirs(value, step, mark in _SURE)


def _kind(row: Row, number: str) -> Kind | None:
    """Return what a row is about: gas counts in dm3, electricity in Wh, by its direction."""
    unit, direction = row.get("unit"), row.get("direction")
    if unit == "dm3" and direction == "consumption":
        return Kind.GAS
    if unit == "Wh" and direction == "consumption":
        return Kind.TAKEN
    if unit == "Wh" and direction == "production":
        return Kind.GIVEN
    msg = f"{number}: unit must be Wh or dm3, direction consumption or production"
    raise BadFile(msg)


def _step(row: Row, number: str) -> int:
    resolution = row.get("resolution")
    if not isinstance(resolution, str) or resolution not in _STEPS:
        msg = f"{number}: resolution must be PT15M or PT1H"
        raise BadFile(msg)
    return _STEPS[resolution]


def _start(row: Row, number: str) -> int:
    start = row.get("start")
    if isinstance(start, int) and not isinstance(start, bool):
        return start
    try:
        return epoch_s(datetime.fromisoformat(start if isinstance(start, str) else ""))
    except (ValueError, BadInput, OverflowError) as fault:
        msg = f"{number}: start must be a moment with its offset"
        raise BadFile(msg) from fault

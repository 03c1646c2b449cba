"""Canonical JSON: one value, one text. Sorted keys, no white space, UTF-8, no floats, so that a hash of it means the value."""

import json
from datetime import UTC, datetime

from kwartier.audit.errors import NotLoggable
from kwartier.model.errors import BadInput
from kwartier.model.period import utc

Json = None | bool | int | str | list["Json"] | dict[str, "Json"]
"""What the log can hold. Numbers are ints: a float has more than one text."""


_ENCODER = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), check_circular=False)


def canonical(value: Json) -> bytes:
    """Return the only text of this value. Raises NotLoggable for floats, other types and text that is not Unicode."""
    _check(value)
    return written(value)


def written(value: Json) -> bytes:
    """Do the same for a value whose types the caller's own code settles: millions of leaves a night skip the look inside."""
    try:
        return _ENCODER.encode(value).encode()
    except UnicodeEncodeError as fault:
        msg = "a text holds half a surrogate pair"
        raise NotLoggable(msg) from fault


def _check(value: object) -> None:
    """Raise NotLoggable unless the value is made of None, bool, int, str, list and dict with text keys alone, and no NUL."""
    if value is None or isinstance(value, int):
        return
    if isinstance(value, str):
        if "\x00" in value:
            msg = "a text holds a NUL, which PostgreSQL's JSON cannot"
            raise NotLoggable(msg)
    elif isinstance(value, list):
        for one in value:
            _check(one)
    elif isinstance(value, dict) and all(isinstance(key, str) for key in value):
        for key, one in value.items():
            _check(key)
            _check(one)
    else:
        msg = f"{type(value).__name__} has no canonical form"
        raise NotLoggable(msg)


def moment(at: datetime) -> str:
    """Return the moment as the log writes it, `2026-11-24T01:02:03.000004Z`. Raises NotLoggable for a naive one."""
    try:
        return (at if at.tzinfo is UTC else utc(at)).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"
    except BadInput as fault:
        msg = "a moment in the log needs a time zone"
        raise NotLoggable(msg) from fault

"""Canonical JSON: one value, one text. Sorted keys, no white space, UTF-8, no floats, so that a hash of it means the value."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from json.encoder import encode_basestring
from typing import Final

from kwartier.audit.errors import NotLoggable

Json = None | bool | int | str | list["Json"] | dict[str, "Json"]
"""What the log can hold. Numbers are ints: a float has more than one text."""


def canonical(value: Json) -> bytes:
    """Return the only text of this value. Raises NotLoggable for floats, other types, NUL, and text that is not Unicode."""
    said = text(value)
    try:
        data = said.encode()
    except UnicodeEncodeError as fault:
        msg = "a text holds half a surrogate pair"
        raise NotLoggable(msg) from fault
    if "\\u0000" in said:
        _no_nul(value)
    return data


def text(value: Json) -> str:
    """Write a value as `json.dumps` would, looking at it as it is written: every event passes here. Raises NotLoggable."""
    return _WRITERS.get(type(value), _other)(value)


def _other(value: Json) -> str:
    for kind, writer in _WRITERS.items():  # an enum is a text or a number too
        if isinstance(value, kind):
            return writer(value)
    msg = f"{type(value).__name__} has no canonical form"
    raise NotLoggable(msg)


def _object(value: Mapping[str, Json]) -> str:
    # each value as `text` writes it, without its call: most of the time that an event takes to write
    parts = [lead + _WRITERS.get(type(one := value[name]), _other)(one) for name, lead in _names(tuple(value))]
    return "{" + ",".join(parts) + "}"


def _list(value: Sequence[Json]) -> str:
    return "[" + ",".join([_WRITERS.get(type(one), _other)(one) for one in value]) + "]"


@lru_cache(maxsize=1024)
def _names(keys: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """Return each key in its order with what is written for it: there are few shapes of objects, and many objects."""
    try:
        return tuple((name, f"{encode_basestring(name)}:") for name in sorted(keys))
    except TypeError as fault:
        msg = "a key of an object is no text"
        raise NotLoggable(msg) from fault


_WRITERS: Final[Mapping[type, Callable[..., str]]] = {
    str: encode_basestring,
    bool: lambda value: "true" if value else "false",
    int: int.__repr__,
    dict: _object,
    list: _list,
    type(None): lambda _: "null",
}


def moment(at: datetime) -> str:
    """Return the moment as the log writes it, `2026-11-24T01:02:03.000004Z`."""
    return f"{at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='microseconds')}Z"


def _no_nul(value: Json) -> None:
    """Raise NotLoggable if a text holds a NUL."""
    parts = [*value, *value.values()] if isinstance(value, dict) else value if isinstance(value, list) else []
    if isinstance(value, str) and "\x00" in value:
        msg = "a text holds a NUL, which PostgreSQL's JSON cannot"
        raise NotLoggable(msg)
    for one in parts:
        _no_nul(one)

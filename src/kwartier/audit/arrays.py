"""Arrays for PostgreSQL in its own binary form: the driver takes a step in Python for each element, here it is one `join`."""

import struct
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Final, final

from psycopg import adapters
from psycopg.adapt import Dumper
from psycopg.pq import Format

_INT8, _BYTEA, _TEXT, _TIMESTAMPTZ, _JSON = 20, 17, 25, 1184, 114
_INT8_ARRAY, _BYTEA_ARRAY, _TEXT_ARRAY, _TIMESTAMPTZ_ARRAY, _JSON_ARRAY = 1016, 1001, 1009, 1185, 199
_EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)
_HEAD: Final = struct.Struct("!iiiii")
_NULL: Final = b"\xff\xff\xff\xff"
_EIGHT: Final = b"\0\0\0\x08"
_NUMBER: Final = struct.Struct("!iq")
"""A bigint and, before it, how many bytes it has."""


class _Array:
    """An array as it goes over the wire."""

    __slots__ = ("data",)

    def __init__(self, data: bytes) -> None:
        self.data = data


@final
class Int8s(_Array):
    """A bigint[]."""

    def __init__(self, values: Iterable[int | None]) -> None:
        """Null where a value is None."""
        parts = [_NULL if one is None else _NUMBER.pack(8, one) for one in values]
        super().__init__(_array(_INT8, parts))


@final
class Written8s(_Array):
    """A bigint[] of values that are written already, 8 bytes each."""

    def __init__(self, values: Iterable[bytes | None]) -> None:
        """Null where a value is None."""
        super().__init__(_array(_INT8, [_NULL if one is None else _EIGHT + one for one in values]))


@final
class Bytes(_Array):
    """A bytea[]."""

    def __init__(self, values: Iterable[bytes | None]) -> None:
        """Null where a value is None."""
        parts = [_NULL if one is None else len(one).to_bytes(4, "big") + one for one in values]
        super().__init__(_array(_BYTEA, parts))


@final
class Moments(_Array):
    """A timestamptz[]; every moment has a time zone."""

    def __init__(self, values: Iterable[datetime]) -> None:
        """None of them is null."""
        since = [one - _EPOCH for one in values]
        counted = [(one.days * 86_400 + one.seconds) * 1_000_000 + one.microseconds for one in since]
        super().__init__(_array(_TIMESTAMPTZ, [_NUMBER.pack(8, one) for one in counted]))


@final
class Texts(_Array):
    """A text[]."""

    def __init__(self, values: Iterable[str]) -> None:
        """None of them is null."""
        parts = [len(one).to_bytes(4, "big") + one for one in map(str.encode, values)]
        super().__init__(_array(_TEXT, parts))


@final
class Jsons(_Array):
    """A json[] of values that are written already."""

    def __init__(self, values: Iterable[bytes]) -> None:
        """None of them is null."""
        super().__init__(_array(_JSON, [len(one).to_bytes(4, "big") + one for one in values]))


def _array(kind: int, parts: Sequence[bytes]) -> bytes:
    return _HEAD.pack(1, 1, kind, len(parts), 1) + b"".join(parts) if parts else struct.pack("!iii", 0, 0, kind)


class _Dumper(Dumper):
    format = Format.BINARY

    def dump(self, obj: _Array) -> bytes:
        return obj.data


class _Int8s(_Dumper):
    oid = _INT8_ARRAY


class _Bytes(_Dumper):
    oid = _BYTEA_ARRAY


class _Moments(_Dumper):
    oid = _TIMESTAMPTZ_ARRAY


class _Texts(_Dumper):
    oid = _TEXT_ARRAY


class _Jsons(_Dumper):
    oid = _JSON_ARRAY


adapters.register_dumper(Int8s, _Int8s)
adapters.register_dumper(Written8s, _Int8s)
adapters.register_dumper(Bytes, _Bytes)
adapters.register_dumper(Moments, _Moments)
adapters.register_dumper(Texts, _Texts)
adapters.register_dumper(Jsons, _Jsons)

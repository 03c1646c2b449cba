"""Read the text of a meter model file. Strict: an unknown key, a missing one or one of another type is a BadModel."""

import tomllib
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

from kwartier.model.care import Chore
from kwartier.model.errors import BadInput
from kwartier.model.meter import CareObject, Column, MeterModel, Profile
from kwartier.model.register import Channel, Obis
from kwartier.model.task import ProfileName
from kwartier.wire.dlms.errors import BadModel

T = TypeVar("T")

_ROLES: Final = ("clock", "status", "value", "capture")
_MOST_OBJECTS: Final = 64
_MOST_COLUMNS: Final = 32
_MOST_ENTRIES: Final = 65535
_DAY_S: Final = 86400
_LEAST_PDU, _MOST_PDU = 128, 65535
_MOST_POWER: Final = 9
_MOST_CLASS: Final = 65535
_MOST_ATTRIBUTE: Final = 127
_MOST_TEXT: Final = 1 << 16


def parse(text: str) -> MeterModel:
    """Read a model file. Raises BadModel."""
    if len(text) > _MOST_TEXT:
        msg = "a meter model file has at most 65536 characters"
        raise BadModel(msg)
    try:
        table = tomllib.loads(text)
    except (ValueError, RecursionError):  # TOMLDecodeError, and a number or a nesting beyond what Python reads
        msg = "a meter model file is not TOML"
        raise BadModel(msg) from None
    return _model(table)


def _model(table: Mapping[str, Any]) -> MeterModel:
    _only(table, {"name", "pdu", "selects_columns", "profile"}, {"public_counter", "object"})
    profiles = tuple(_profile(entry) for entry in _list(table["profile"], dict, 1, len(ProfileName)))
    if len({p.name for p in profiles}) != len(profiles):
        msg = "a profile stands twice in a meter model file"
        raise BadModel(msg)
    public = table.get("public_counter")
    return MeterModel(
        name=_text(table["name"]),
        pdu=_whole(table["pdu"], _LEAST_PDU, _MOST_PDU),
        selects_columns=_typed(table["selects_columns"], bool),
        public_counter=None if public is None else _obis(public),
        profiles=profiles,
        objects=tuple(_object(entry) for entry in _list(table.get("object", []), dict, 0, _MOST_OBJECTS)),
    )


def _object(table: Mapping[str, Any]) -> CareObject:
    _only(table, {"chore", "class_id", "obis", "attribute"})
    return CareObject(
        chore=_known(Chore, table["chore"]),
        class_id=_whole(table["class_id"], 1, _MOST_CLASS),
        obis=_obis(table["obis"]),
        attribute=_whole(table["attribute"], 1, _MOST_ATTRIBUTE),
    )


def _profile(table: Mapping[str, Any]) -> Profile:
    _only(table, {"name", "obis", "period_s", "entries", "columns"})
    columns = tuple(_column(entry) for entry in _list(table["columns"], dict, 2, _MOST_COLUMNS))
    roles = [c.role for c in columns]
    channels = [c.channel for c in columns if c.channel is not None]
    if roles.count("clock") != 1 or max(map(roles.count, ("status", "capture"))) > 1 or len(set(channels)) != len(channels):
        msg = "a profile has one clock, at most one status and one capture time, and each channel once"
        raise BadModel(msg)
    return Profile(
        name=_known(ProfileName, table["name"]),
        obis=_obis(table["obis"]),
        period_s=_whole(table["period_s"], 1, _DAY_S),
        entries=_whole(table["entries"], 1, _MOST_ENTRIES),
        columns=columns,
    )


def _column(table: Mapping[str, Any]) -> Column:
    """Read a column; only a value has a channel and a power, and a value that is no channel of ours has neither."""
    _only(table, {"role", "class_id", "obis", "attribute"}, {"channel", "to_base"})
    role = _text(table["role"])
    if role not in _ROLES or ("channel" in table) != ("to_base" in table) or ("channel" in table and role != "value"):
        msg = "a column is a clock, a status, a capture time or a value; channel and to_base come together, with a value"
        raise BadModel(msg)
    return Column(
        role=role,
        class_id=_whole(table["class_id"], 1, _MOST_CLASS),
        obis=_obis(table["obis"]),
        attribute=_whole(table["attribute"], 1, _MOST_ATTRIBUTE),
        channel=_known(Channel.__getitem__, table["channel"]) if "channel" in table else None,
        to_base=_whole(table.get("to_base", 0), -_MOST_POWER, _MOST_POWER),
    )


def _only(table: Mapping[str, Any], needed: set[str], allowed: frozenset[str] | set[str] = frozenset()) -> None:
    """Raise BadModel unless all of `needed` and nothing but `allowed` besides is there."""
    if not needed <= table.keys() <= needed | allowed:
        msg = "a key is missing in a meter model file, or unknown"
        raise BadModel(msg)


def _typed(value: object, kind: type[T]) -> T:
    """Return a value of exactly this type: True is no number here."""
    if type(value) is not kind:
        msg = "a value of another type in a meter model file"
        raise BadModel(msg)
    return value


def _text(value: object) -> str:
    text = _typed(value, str)
    if not text:
        msg = "an empty text in a meter model file"
        raise BadModel(msg)
    return text


def _whole(value: object, least: int, most: int) -> int:
    number = _typed(value, int)
    if not least <= number <= most:
        msg = "a number out of bounds in a meter model file"
        raise BadModel(msg)
    return number


def _list(value: object, kind: type[T], least: int, most: int) -> list[T]:
    """Return a list of `least` to `most` values of one type."""
    entries: list[object] = _typed(value, list)
    if not least <= len(entries) <= most:
        msg = "too few or too many entries in a meter model file"
        raise BadModel(msg)
    return [_typed(entry, kind) for entry in entries]


def _obis(value: object) -> Obis:
    try:
        return Obis.parse(_text(value))
    except BadInput:
        msg = "not an OBIS code in a meter model file"
        raise BadModel(msg) from None


def _known(lookup: Callable[[str], T], value: object) -> T:
    """Look a name up in one of the model's lists."""
    try:
        return lookup(_text(value))
    except (KeyError, ValueError):
        msg = "a name in a meter model file that is not known"
        raise BadModel(msg) from None

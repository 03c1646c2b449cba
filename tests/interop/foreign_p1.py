"""Reads P1 telegrams with dsmr-parser. Runs in that package's own environment and process; nothing of Kwartier is here.

Standard input: JSON lines `{"name", "spec", "data": hex, "keys": [hex, hex]}`; sealed frames have keys. Standard output: one JSON
object, by name: what the package says, or `{"error": CLASS}`. Values are text, moments ISO 8601.
"""

import json
import logging
import sys
from datetime import datetime
from typing import Any

from dsmr_parser import telegram_specifications
from dsmr_parser.objects import CosemObject, MBusObject, MBusObjectPeak, ProfileGenericObject
from dsmr_parser.parsers import TelegramParser

logging.disable(logging.CRITICAL)
SEALED = {"SAGEMCOM_T210_D_R", "MSN"}


def plain(value: object) -> str | None:
    """A value as text; a moment as ISO 8601."""
    if value is None:
        return None
    return value.isoformat() if isinstance(value, datetime) else str(value)


def said(thing: Any) -> object:  # noqa: ANN401 - whatever the package has
    """One object of a telegram: its value, its unit, and its moments if it has any."""
    if isinstance(thing, CosemObject):
        return [plain(thing.value), thing.unit]
    if isinstance(thing, MBusObjectPeak):
        return [plain(thing.value), thing.unit, plain(thing.datetime), plain(thing.occurred)]
    if isinstance(thing, MBusObject):
        return [plain(thing.value), thing.unit, plain(thing.datetime)]
    if isinstance(thing, ProfileGenericObject):
        return [[plain(each.datetime), plain(each.value)] for each in thing.buffer]
    return [said(each) for each in thing] if isinstance(thing, list) else None


def read(request: dict[str, Any]) -> dict[str, object]:
    """Everything the package says of one telegram."""
    data = bytes.fromhex(request["data"])
    specification = getattr(telegram_specifications, request["spec"])
    if request.get("keys"):
        telegram = TelegramParser(specification).parse(data.hex(), *request["keys"])
    else:
        telegram = TelegramParser({**specification, "general_global_cipher": False}).parse(data.decode("latin-1"))
    found = {name: said(thing) for name, thing in vars(telegram).items() if not name.startswith("_") and name != "MBUS_DEVICES"}
    devices = getattr(telegram, "MBUS_DEVICES", [])
    found["devices"] = {
        str(device.channel_id): {name: said(thing) for name, thing in vars(device).items() if name.isupper()} for device in devices
    }
    return found


def main() -> None:
    """Answer every line."""
    answers: dict[str, object] = {}
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answers[request["name"]] = read(request)
        except Exception as fault:  # noqa: BLE001 - how it fails is what is asked
            answers[request["name"]] = {"error": type(fault).__name__}
    print(json.dumps(answers))  # noqa: T201 - its answer


if __name__ == "__main__":
    main()

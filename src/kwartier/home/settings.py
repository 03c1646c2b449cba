"""Every setting of the home, in one strict, frozen `Settings`, read from `DIR/home.toml`.

An absent file or key means the default. An unknown key, a wrong type or a value out of bounds is an error that names the key: a
misspelt setting must not be silently ignored. The file holds flat keys; `commented` writes it out with the sentence of each.
"""

import ipaddress
import math
import tomllib
from dataclasses import Field, dataclass, field, fields
from pathlib import Path
from typing import Any, Final, TypeVar, final

from kwartier.home.errors import BadSettings

FILE_NAME: Final = "home.toml"
KINDS: Final = ("serial", "tcp", "replay", "town")
_KEY_BYTES: Final = 16

_T = TypeVar("_T")


def _setting(default: _T, sentence: str, *, least: float = -math.inf, most: float = math.inf) -> _T:
    """Declare a setting by its default, its sentence and its bounds, both included."""
    made: _T = field(default=default, metadata={"sentence": sentence, "least": least, "most": most})
    return made


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How one home runs. Seconds end in `_s`; an empty text means: not set."""

    source: str = _setting(
        "",
        "Where telegrams come from: serial:/dev/ttyUSB0, tcp:HOST:PORT (ser2net and most dongles), replay:FILE,"
        " or town:HOST:PORT (a home of a simulated town).",
    )
    replay_speed: float = _setting(
        0.0, "How many times faster than it was recorded a file is replayed; 0 is as fast as possible.", least=0.0, most=1e6
    )
    p1_key: str = _setting("", "Key of a meter that seals its telegrams (Luxembourg, Austria): 32 hexadecimal digits.")
    p1_authentication_key: str = _setting("", "Its authentication key; not set: the one that all meters of Luxembourg have.")
    listen: str = _setting("127.0.0.1", "Address the page listens on. Any but loopback shows your usage to whoever can reach it.")
    port: int = _setting(8090, "Port of the page; 0 lets the system choose one.", least=0, most=65_535)
    hosts: str = _setting("", "More names under which the page may be asked for, separated by spaces.")
    raw_days: int = _setting(14, "Days for which every telegram is kept; quarter-hours are kept for good.", least=0, most=3660)
    raw_mb: int = _setting(64, "Most megabytes that kept telegrams may take; the oldest go first.", least=1, most=1_000_000)
    flush_s: float = _setting(
        10.0, "Seconds between two writes to the disk; a complete quarter-hour is written at once.", least=0.0, most=600.0
    )
    silence_s: float = _setting(60.0, "Seconds without a byte after which a line is opened anew.", least=1.0, most=3600.0)
    mqtt_host: str = _setting("", "MQTT broker to which readings are published; not set: none.")
    mqtt_port: int = _setting(1883, "Port of the broker.", least=1, most=65_535)
    mqtt_user: str = _setting("", "User name at the broker.")
    mqtt_password: str = _setting("", "Password at the broker.")
    mqtt_tls: bool = _setting(False, "Speak TLS with the broker, and check its certificate.")  # noqa: FBT003 - the default of a setting
    mqtt_prefix: str = _setting("kwartier", "First part of the topics.")
    mqtt_discovery: str = _setting("homeassistant", "Topic under which Home Assistant looks for devices; not set: none.")
    mqtt_every_s: float = _setting(10.0, "Least seconds between two published states.", least=0.0, most=30.0)

    def __post_init__(self) -> None:
        """Refuse wrong types, values out of bounds and forms that mean nothing."""
        for each in fields(self):
            _check(each, getattr(self, each.name))
        if self.source:
            source_of(self.source)
        _check_address(self.listen)
        self.keys()
        for name in ("mqtt_prefix", "mqtt_discovery"):
            _check_topic(name, getattr(self, name))

    @property
    def is_loopback(self) -> bool:
        """True if only this machine can ask for the page."""
        return ipaddress.ip_address(self.listen).is_loopback

    def keys(self) -> tuple[bytes, bytes] | None:
        """Return the meter's key and its authentication key (empty if not set); None without a key. Raises BadSettings."""
        key, authentication = _key("p1_key", self.p1_key), _key("p1_authentication_key", self.p1_authentication_key)
        return (key, authentication) if key else None


def _key(name: str, text: str) -> bytes:
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b"?"
    if len(key) not in {0, _KEY_BYTES}:
        msg = f"{name} must be 32 hexadecimal digits"
        raise BadSettings(msg)
    return key


def source_of(text: str) -> tuple[str, str]:
    """Split a source into its kind and place. Raises BadSettings."""
    kind, _, place = text.partition(":")
    if kind not in KINDS or not place or (kind == "serial" and not place.startswith("/")):
        msg = "source must be serial:/DEVICE, tcp:HOST:PORT, replay:FILE or town:HOST:PORT"
        raise BadSettings(msg)
    if kind in {"tcp", "town"}:
        address_of(place)
    return kind, place


def address_of(place: str) -> tuple[str, int]:
    """Split HOST:PORT, an IPv6 address in brackets. Raises BadSettings."""
    host, _, port = place.rpartition(":")
    if not host or not port.isascii() or not port.isdigit() or not 0 < int(port) < 65_536:  # noqa: PLR2004 - ports have 16 bits
        msg = "source must be tcp:HOST:PORT or town:HOST:PORT"
        raise BadSettings(msg)
    return host.strip("[]"), int(port)


def _check_address(text: str) -> None:
    try:
        ipaddress.ip_address(text)
    except ValueError as fault:
        msg = "listen must be an IP address"
        raise BadSettings(msg) from fault


def _check_topic(name: str, text: str) -> None:
    if any(letter in "+#\0" or letter.isspace() for letter in text) or text.startswith("/") or text.endswith("/"):
        msg = f"{name} must be a topic without wildcards"
        raise BadSettings(msg)


def _check(each: "Field[Any]", value: object) -> None:
    """Raise BadSettings unless the value has the type of the default (an int will do for a float) and keeps its bounds."""
    kind = type(each.default)
    accepted = (int, float) if kind is float else (kind,)
    if (isinstance(value, bool) and kind is not bool) or not isinstance(value, accepted):
        msg = f"{each.name} must be of type {kind.__name__}"
        raise BadSettings(msg)
    least, most = each.metadata["least"], each.metadata["most"]
    if isinstance(value, int | float) and not least <= value <= most:
        msg = f"{each.name} must be at least {least}" + (f" and at most {most}" if most < math.inf else "")
        raise BadSettings(msg)


def parse(text: str, **given: Any) -> Settings:  # noqa: ANN401 - values of settings have several types
    """Read the text of a settings file; `given` are those of the command line, which win. Raises BadSettings."""
    try:
        written = tomllib.loads(text)
    except tomllib.TOMLDecodeError as fault:
        msg = f"{FILE_NAME} is not valid TOML"
        raise BadSettings(msg) from fault
    unknown = sorted(written.keys() - {each.name for each in fields(Settings)})
    if unknown:
        msg = f"unknown setting: {unknown[0]}"
        raise BadSettings(msg)
    return Settings(**(written | given))


def load(folder: Path, **given: Any) -> Settings:  # noqa: ANN401 - values of settings have several types
    """Read the settings of a folder; a file that is not there gives the defaults. Raises BadSettings."""
    try:
        text = (folder / FILE_NAME).read_text(encoding="utf-8")
    except FileNotFoundError:
        text = ""
    except (OSError, UnicodeDecodeError) as fault:
        msg = f"{FILE_NAME} cannot be read"
        raise BadSettings(msg) from fault
    return parse(text, **given)


def commented() -> str:
    """Return a settings file that sets nothing: every key with its default, commented out, under its sentence."""
    lines = ["# Settings of kwartier-home. A key that is commented out has the default shown.", ""]
    for each in fields(Settings):
        default = each.default
        shown = f'"{default}"' if isinstance(default, str) else str(default).lower() if isinstance(default, bool) else default
        lines += [f"# {each.metadata['sentence']}", f"# {each.name} = {shown}", ""]
    return "\n".join(lines)

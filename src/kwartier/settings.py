"""Every setting of an installation, in one strict, frozen `Settings`, read from `DIR/kwartier.toml`.

An absent file or key means the default. An unknown key, a value of the wrong type or a value out of bounds is an error that
names the key: a misspelt setting must not be silently ignored. The file holds flat keys; `commented` writes it out with the
sentence of each setting as a comment.

    SettingsError      whoever wrote kwartier.toml erred; nothing was started
"""

import math
import os
import re
import tomllib
from dataclasses import Field, dataclass, field, fields
from pathlib import Path
from typing import Any, Final, TypeVar, final

from kwartier.model.errors import KwartierError

FILE_NAME: Final = "kwartier.toml"
"""Where the settings of an installation stand, within its folder."""

_DSN_KEYS: Final = ("owner_dsn", "operator_dsn", "portal_dsn", "audit_dsn")

MOST_PORT: Final = 65_535

_VKEY: Final = re.compile(r"[^+\s]+\+[0-9a-f]{8}\+[A-Za-z0-9+/]{44}")
"""A public key as C2SP writes it."""

_T = TypeVar("_T")


class SettingsError(KwartierError):
    """The settings file is wrong; its writer erred. The text names the key and never its value: a DSN may hold a password."""

    code = "settings"


def _setting(default: _T, sentence: str, *, least: float = -math.inf, most: float = math.inf) -> _T:
    """Declare a setting by its default, its sentence and its bounds, both included."""
    made: _T = field(default=default, metadata={"sentence": sentence, "least": least, "most": most})
    return made


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How one installation runs. Seconds end in `_s`; an empty text means: not set."""

    admin_dsn: str = _setting(
        "", "PostgreSQL role that may make roles and databases: the four roles are then made from it. Instead of their DSNs."
    )
    owner_dsn: str = _setting(
        "", "PostgreSQL role that owns the schema. All four DSNs are set, or none: then an embedded server runs."
    )
    operator_dsn: str = _setting("", "PostgreSQL role of the operator's own work.")
    portal_dsn: str = _setting("", "PostgreSQL role of the customer's pages: sees only rows of the subject it is set to.")
    audit_dsn: str = _setting("", "PostgreSQL role of the sequencer: the only one that appends to the log.")
    log_name: str = _setting("kwartier.invalid/log", "Origin of the audit log: the first line of every signed checkpoint.")
    witness: str = _setting("", "HOST:PORT of a witness that countersigns the log's checkpoints (C2SP tlog-witness).")
    witness_key: str = _setting("", "The witness's public key, as it prints it when it starts: name+id+base64.")
    workers: int = _setting(os.cpu_count() or 1, "Processes that carry batches of a night; by default one per processor.", least=1)
    batch_meters: int = _setting(2000, "Meters in one batch: the unit that is staged, committed and logged as one.", least=1)
    concurrency: int = _setting(400, "Meters that one worker reads at the same time.", least=1, most=20_000)
    connect_s: float = _setting(5.0, "Longest wait for a meter to accept a connection.", least=0.01, most=3600)
    answer_s: float = _setting(10.0, "Longest wait for one answer of a meter.", least=0.01, most=3600)
    session_s: float = _setting(60.0, "Longest time with one meter, retries not counted.", least=0.01, most=3600)
    tries: int = _setting(2, "How often one meter is tried in a night before what is missing becomes a gap.", least=1, most=10)
    stop_age_s: float = _setting(
        0.25, "Oldest stop list under which a request may be sent: revocation works within this time.", most=60.0, least=0.01
    )
    tap: str = _setting("", "Folder in which every frame sent to a meter is written, for tests and outside review; off by default.")
    permission_administrator: str = _setting(
        "own", "Who grants permissions (EU 2023/1162, article 8): own, or elsewhere: then they come in by `permission take`."
    )
    permission_administrator_at: str = _setting(
        "", "Where customers and parties go if it is elsewhere: shown to them as it stands."
    )
    mandate_notice_days: int = _setting(
        14, "Days between the letter to the customer about a claimed mandate and the first reading for it.", least=1, most=365
    )
    pages_at: str = _setting("", "Public address of the customer's pages, as letters to customers give it.")
    letters_to: str = _setting("", "Postal address of the operator, as letters to customers give it for a no by letter.")
    port: int = _setting(
        8080, "Port on 127.0.0.1 on which the pages are served; 0 lets the system choose one.", least=0, most=MOST_PORT
    )

    def __post_init__(self) -> None:
        """Refuse wrong types, values out of bounds and half a set of DSNs."""
        for each in fields(self):
            _check(each, getattr(self, each.name))
        given = [key for key in _DSN_KEYS if getattr(self, key)]
        if given and len(given) < len(_DSN_KEYS):
            msg = f"{given[0]} is set, so all of {', '.join(_DSN_KEYS)} must be"
            raise SettingsError(msg)
        if given and self.admin_dsn:
            msg = f"admin_dsn is set, so {given[0]} must not be"
            raise SettingsError(msg)
        if not self.log_name or any(c.isspace() or c == "+" for c in self.log_name):
            msg = "log_name must be a C2SP key name: not empty, no white space, no plus sign"
            raise SettingsError(msg)

        if self.permission_administrator not in {"own", "elsewhere"}:
            msg = "permission_administrator is own or elsewhere"
            raise SettingsError(msg)
        if bool(self.witness) != bool(self.witness_key) or (self.witness and self.witness_port is None):
            msg = "witness is HOST:PORT and goes with witness_key"
            raise SettingsError(msg)
        if self.witness_key and not _VKEY.fullmatch(self.witness_key):
            msg = "witness_key is the line that the witness prints and keeps in witness.vkey: name+id+base64"
            raise SettingsError(msg)

    @property
    def witness_port(self) -> int | None:
        """The port of the witness; None if there is none, or no port."""
        port = self.witness.rpartition(":")[2]
        return int(port) if port.isascii() and port.isdecimal() and int(port) <= MOST_PORT else None

    @property
    def embedded(self) -> bool:
        """True if the installation runs its own PostgreSQL."""
        return not (self.owner_dsn or self.admin_dsn)


def _check(each: "Field[Any]", value: object) -> None:
    """Raise SettingsError unless the value has the type of the default (an int will do for a float) and keeps its bounds."""
    kind = type(each.default)
    accepted = (int, float) if kind is float else (kind,)
    if isinstance(value, bool) or not isinstance(value, accepted):
        msg = f"{each.name} must be of type {kind.__name__}"
        raise SettingsError(msg)
    least, most = each.metadata["least"], each.metadata["most"]
    if isinstance(value, int | float) and not least <= value <= most:
        msg = f"{each.name} must be at least {least}" + (f" and at most {most}" if most < math.inf else "")
        raise SettingsError(msg)


def parse(text: str) -> Settings:
    """Read the text of a settings file. Raises SettingsError."""
    try:
        given = tomllib.loads(text)
    except tomllib.TOMLDecodeError as fault:
        msg = "the settings are not valid TOML"
        raise SettingsError(msg) from fault
    unknown = sorted(given.keys() - {each.name for each in fields(Settings)})
    if unknown:
        msg = f"unknown setting: {unknown[0]}"
        raise SettingsError(msg)
    return Settings(**given)


def load(path: Path) -> Settings:
    """Read a settings file; one that is not there gives the defaults. Raises SettingsError."""
    try:
        text = path.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return Settings()
    except (OSError, UnicodeDecodeError) as fault:
        msg = f"{path.name} cannot be read"
        raise SettingsError(msg) from fault
    return parse(text)


def commented() -> str:
    """Return a settings file that sets nothing: every key with its default, commented out, under its sentence."""
    lines = ["# Settings of this installation. A key that is commented out has the default shown.", ""]
    for each in fields(Settings):
        shown = f'"{each.default}"' if isinstance(each.default, str) else each.default
        lines += [f"# {each.metadata['sentence']}", f"# {each.name} = {shown}", ""]
    return "\n".join(lines)

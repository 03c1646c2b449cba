"""The public keys of manufacturers whose firmware we trust: Ed25519, a file each, named by its own hash."""

from hashlib import sha256
from pathlib import Path
from typing import Final

from kwartier.keys.errors import BadKey

FOLDER: Final = "manufacturers"
_LENGTH: Final = 32


def add(keys: Path, key: bytes) -> None:
    """Trust a key from now on. Raises BadKey unless it has 32 bytes."""
    if len(key) != _LENGTH:
        msg = "a manufacturer's key has 32 bytes"
        raise BadKey(msg)
    folder = keys / FOLDER
    folder.mkdir(mode=0o700, exist_ok=True)
    (folder / f"{sha256(key).hexdigest()[:16]}.pub").write_text(key.hex() + "\n", "ascii")


def trusted(keys: Path) -> list[bytes]:
    """Return every key that is trusted. Raises BadKey for a file that holds none."""
    return [read(path.read_text("ascii", "replace")) for path in sorted((keys / FOLDER).glob("*.pub"))]


def read(text: str) -> bytes:
    """Read a key as its file has it: 64 hexadecimal digits. Raises BadKey."""
    try:
        key = bytes.fromhex(text.strip())
    except ValueError:
        key = b""
    if len(key) != _LENGTH:
        msg = "a manufacturer's key is written in 64 hexadecimal digits"
        raise BadKey(msg)
    return key

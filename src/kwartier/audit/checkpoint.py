"""Checkpoints: what the log signs. C2SP signed-note v1.0.0 and tlog-checkpoint v1.0.0, Ed25519. And the file that publishes one."""

import fcntl
import os
import secrets
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol, final

from kwartier.audit.errors import BrokenLog

FILE_NAME = "checkpoint"


class Signer(Protocol):
    """Who signs: `keys.signing.Signer`."""

    @property
    def vkey(self) -> str:
        """The public side as C2SP writes it: `name+key id in hex+base64(0x01 | public key)`."""

    def sign(self, message: bytes, /) -> bytes:
        """Return the Ed25519 signature, 64 bytes."""


@final
@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The tree at one size: `root` is its 32 bytes, `note` the signed text."""

    size: int
    root: bytes
    note: str
    at: datetime


def signed(signer: Signer, size: int, root: bytes) -> str:
    """Return the signed note of a tree head. The origin is the name of the key."""
    name, key_id, _ = signer.vkey.split("+", 2)
    text = f"{name}\n{size}\n{b64encode(root).decode()}\n"
    signature = b64encode(bytes.fromhex(key_id) + signer.sign(text.encode())).decode()
    return f"{text}\n— {name} {signature}\n"


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    lock = os.open(folder / "checkpoint.lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def publish(folder: Path, checkpoint: Checkpoint) -> None:
    """Write `folder/checkpoint` atomically and durably, unless it already shows a tree of that size or more."""
    with _alone(folder):
        held = published(folder)
        if held is not None and held[0] >= checkpoint.size:
            return
        aside = folder / f".checkpoint.{secrets.token_hex(4)}"
        with aside.open("x", encoding="utf-8", newline="\n") as file:
            file.write(checkpoint.note)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(folder / FILE_NAME)
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def published(folder: Path) -> tuple[int, str] | None:
    """Return size and text of the published checkpoint, None if there is none. Raises BrokenLog if it cannot be read."""
    try:
        text = (folder / FILE_NAME).read_text("utf-8")
        return int(text.split("\n")[1]), text
    except FileNotFoundError:
        return None
    except (OSError, ValueError, IndexError) as fault:
        msg = "the published checkpoint cannot be read"
        raise BrokenLog(msg) from fault

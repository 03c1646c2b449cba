"""Passwords, what a server checks them with, and small secret files: 0600, whole or not there."""

import fcntl
import hashlib
import hmac
import os
import secrets
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

ROUNDS: Final = 4096
"""Iterations of SCRAM, as PostgreSQL itself takes them: our passwords have 256 bits, so more would add nothing."""


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Hold a lock file: one process at a time makes a secret."""
    lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def password() -> str:
    """Return a new random password: 256 bits, letters, digits, `-` and `_`."""
    return secrets.token_urlsafe(32)


def verifier(known: str) -> str:
    """Return what PostgreSQL stores of a password (SCRAM-SHA-256, RFC 5803 as PostgreSQL writes it), under a fresh salt.

    A role is made with this and not with the password: the text of a statement may end up in a server's log. The password is
    one of ours, plain ASCII, so SASLprep would change nothing.
    """
    salt = os.urandom(16)
    salted = hashlib.pbkdf2_hmac("sha256", known.encode("ascii"), salt, ROUNDS)
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    shown = [b64encode(one).decode() for one in (salt, stored, server)]
    return f"SCRAM-SHA-256${ROUNDS}:{shown[0]}${shown[1]}:{shown[2]}"


def write(path: Path, text: str) -> None:
    """Write a file that only its owner may read, durable and in one step; what was there is replaced."""
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)

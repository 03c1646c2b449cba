"""Key files: 0600 in a folder of 0700, whole or not there, and never overwritten: a lost key is lost data."""

import os
import secrets
from pathlib import Path

from kwartier.keys.errors import NoKey


def keep(path: Path, content: bytes, *, mode: int = 0o600) -> bytes:
    """Write a new file durably unless there is one, and return what it holds then. Of two processes at once one wins."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.parent.chmod(0o700)
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.link(fresh, path)  # unlike a rename this fails if the name is taken
        _sync(path.parent)
    except FileExistsError:
        return path.read_bytes()
    finally:
        fresh.unlink()
    return content


def read(path: Path) -> bytes:
    """Return what a key file holds. Raises NoKey if it is not there, or if others than its owner may read it."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as fault:
        msg = f"{path.name} cannot be opened"
        raise NoKey(msg) from fault
    with os.fdopen(handle, "rb") as file:
        if os.fstat(file.fileno()).st_mode & 0o077:
            msg = f"{path.name} may be read by others than its owner; it must be 0600"
            raise NoKey(msg)
        return file.read()


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

"""Bytes that survive a power cut: delta-rs never calls fsync, so every file and folder here is synced by ourselves."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


def sync(path: Path) -> None:
    """Flush a file or a folder to the disk."""
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def make_folder(folder: Path) -> None:
    """Make one folder below an existing one, durably."""
    if not folder.is_dir():
        folder.mkdir(exist_ok=True)
        sync(folder.parent)


@contextmanager
def appearing(path: Path) -> Iterator[Path]:
    """Give a temporary name beside `path`; what was written there appears as `path` whole and durable, or not at all.

    The temporary name is this process's own: two processes that write the same file do not meet before the rename.
    """
    draft = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        yield draft
        sync(draft)
        draft.replace(path)
        sync(path.parent)
    finally:
        with suppress(FileNotFoundError):
            draft.unlink()


@contextmanager
def alone(lock: Path) -> Iterator[None]:
    """Hold the lock exclusively among processes and threads; the kernel lets go when the holder dies."""
    handle = os.open(lock, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)

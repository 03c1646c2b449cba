"""Where the folders of the tests are: in memory if there is room, because most of a test with a database was the work of the disk.

A database is 770 files that are made and removed again, over a thousand times in a run. ext4 passes over every file number that was
given up in the last minutes, one by one: four fifths of the processor time of such a test went there.
Nothing here needs to survive the machine, and the end of a process, however sudden, takes no file from memory either.
"""

import contextlib
import os
import shutil
from pathlib import Path

import psutil

MEMORY = Path("/dev/shm")  # noqa: S108 - pytest makes a private folder in it
DISK = Path("/var/tmp")  # noqa: S108 - only below a private folder
"""For what is too large for memory: `tempfile.TemporaryDirectory(dir=DISK)`."""
ROOM = 2 << 30
"""Bytes: four times what a whole run needs at once."""


def has_room(place: Path, room: int = ROOM) -> bool:
    """True if folders, with programs in them, can be made there, and as much memory is left for all else."""
    if not os.access(place, os.W_OK | os.X_OK) or os.statvfs(place).f_flag & os.ST_NOEXEC:
        return False
    return shutil.disk_usage(place).free >= room and psutil.virtual_memory().available >= 2 * room


def forget(place: Path) -> None:
    """Remove what runs left there that were killed: pytest keeps it for three days, and memory is dear."""
    for lock in place.glob("pytest-of-*/pytest-*/.lock"):
        with contextlib.suppress(OSError, ValueError):  # another's, or made or removed this moment
            if not psutil.pid_exists(int(lock.read_text(encoding="ascii"))):
                shutil.rmtree(lock.parent, ignore_errors=True)


def settle() -> None:
    """Choose before pytest makes its first folder. Who has chosen a place keeps it, and so do workers."""
    if {"PYTEST_DEBUG_TEMPROOT", "TMPDIR"} & set(os.environ):
        return
    forget(MEMORY)
    if has_room(MEMORY):
        os.environ["PYTEST_DEBUG_TEMPROOT"] = str(MEMORY)

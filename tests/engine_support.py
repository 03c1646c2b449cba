"""Jobs that workers can import."""

import os
import signal
import time
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any


def pid(_: object = None) -> int:
    """Return the worker's process id."""
    return os.getpid()


def double(number: int) -> int:
    """Return twice the number."""
    return 2 * number


def fail(text: str) -> None:
    """Raise what the text says."""
    raise ValueError(text)


def die(_: object = None) -> None:
    """End the worker as a kill would."""
    os.kill(os.getpid(), signal.SIGKILL)


def half(folder: str) -> bytes:
    """Say who we are, and end as by a kill when half of the result is sent. Returns more than a pipe holds."""
    (Path(folder) / str(os.getpid())).touch()
    pipe: Any = Connection
    whole = pipe._send  # noqa: SLF001 - where the bytes leave

    def send(self: object, buffer: bytes, *rest: object) -> None:
        whole(self, buffer[: len(buffer) // 2], *rest)
        os.kill(os.getpid(), signal.SIGKILL)

    pipe._send = send  # noqa: SLF001 - see above
    return bytes(1_000_000)


def wait(path: str) -> str:
    """Return when the file is there."""
    while not Path(path).exists():
        time.sleep(0.01)
    return "done"


def busy(folder: str) -> None:
    """Say who we are, and compute for ever without letting other threads of the interpreter run for long."""
    (Path(folder) / str(os.getpid())).touch()
    while True:
        sum(range(10**8))


def asleep(folder: str) -> None:
    """Say who we are, and wait for ever in the kernel."""
    (Path(folder) / str(os.getpid())).touch()
    signal.pause()

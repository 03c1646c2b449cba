"""A witness of the log, in a process of its own as another party would run it."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kwartier.audit.log import Seat


@contextmanager
def running(folder: Path, log: str) -> Iterator[Seat]:
    """Run a witness of the log with this public key; its memory is in `folder`."""
    command = [sys.executable, "-m", "kwartier.audit.witness", "--dir", str(folder), "--log", log]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            said = json.loads(process.stdout.readline())
            yield Seat("127.0.0.1", said["port"], said["vkey"])
        finally:
            process.terminate()

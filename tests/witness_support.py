"""A witness of the log, in a process of its own as another party would run it; and one that answers as it likes."""

import json
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
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


@contextmanager
def answering(answer: Callable[[socket.socket], None]) -> Iterator[int]:
    """Let `answer` speak to whoever calls, after one request; give the port."""

    def serve() -> None:
        while True:
            try:
                line = listener.accept()[0]
            except OSError:
                return
            with line:
                line.recv(20_000)
                with suppress(OSError):
                    answer(line)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def said(status: int, text: str) -> Callable[[socket.socket], None]:
    """Return an answerer that always says this."""
    body = text.encode()
    return lambda line: line.sendall(b"HTTP/1.1 %d -\r\nContent-Length: %d\r\n\r\n%b" % (status, len(body), body))

"""`kwartier-home` as a program, and what it is connected to: a dongle that speaks, a broker of Debian."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from home_support import House

PATIENCE_S = 60


def until(holds: Callable[[], bool], what: str, *, seconds: float = PATIENCE_S) -> None:
    """Wait until something holds; fail with its name after a long while."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, f"never: {what}"
        time.sleep(0.02)


@dataclass
class Dongle:
    """A meter behind TCP: each connection gets the next telegrams. `unplug` hangs up and refuses until `plug`."""

    telegrams: Iterable[bytes]
    every_s: float = 1.0
    port: int = 0
    sent: int = 0
    connections: int = 0
    _server: socket.socket | None = None
    _line: socket.socket | None = None
    _is_over: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Self:
        """Begin to listen."""
        self.telegrams = iter(self.telegrams)
        self.plug()
        threading.Thread(target=self._talk, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        """Hang up for good."""
        self._is_over.set()
        self.unplug()

    def plug(self) -> None:
        """Listen on the port, always the same one."""
        self._server = socket.create_server(("127.0.0.1", self.port))
        self.port = int(self._server.getsockname()[1])

    def unplug(self) -> None:
        """Hang up, and listen no more."""
        for each in (self._line, self._server):
            if each is not None:
                with contextlib.suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)
                each.close()
        self._line = self._server = None

    def _talk(self) -> None:
        while not self._is_over.is_set():
            server = self._server
            try:
                assert server is not None
                self._line, _ = server.accept()
                self.connections += 1
                with self._line as line:
                    for text in self.telegrams:
                        line.sendall(text)
                        self.sent += 1
                        if self._is_over.wait(self.every_s):
                            return
                    self._is_over.wait()
            except (OSError, AssertionError):
                time.sleep(0.02)
            else:
                return


def now(seed: int = 1) -> Iterator[bytes]:
    """Yield what a house's meter says now, a second further at each."""
    house = House(int(time.time()), seed=seed)
    while True:
        late = int(time.time()) - house.at
        yield house.step(max(late, 0)).telegram()


@dataclass
class Home:
    """A running `kwartier-home`."""

    process: "subprocess.Popen[str]"
    address: str

    def kill(self) -> None:
        """End it as a power cut does."""
        self.process.kill()
        self.process.wait(PATIENCE_S)


@contextlib.contextmanager
def running(data: Path, *options: str, **environment: str) -> Iterator[Home]:
    """Run `kwartier-home` until left; what it says besides its address and warnings must be nothing."""
    command = [sys.executable, "-m", "kwartier.home.command", "--data", str(data), "--port", "0", *options]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=os.environ | environment) as process:
        assert process.stderr is not None
        try:
            said = process.stderr.readline()
            assert "http://" in said, said + process.stderr.read()
            yield Home(process, next(word for word in said.split() if word.startswith("http://")).rstrip("/"))
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
            rest = process.stderr.read()
            code = process.wait(PATIENCE_S)
        assert [line for line in rest.splitlines() if "warning" not in line] == []
        assert code in {0, -signal.SIGKILL}


@contextlib.contextmanager
def broker(folder: Path, *lines: str, port: int = 0) -> Iterator[int]:
    """Run Debian's mosquitto on loopback; give its port."""
    port = port or free_port()
    configuration = folder / "mosquitto.conf"
    allowed = () if any("password_file" in line for line in lines) else ("allow_anonymous true",)
    configuration.write_text("\n".join([f"listener {port} 127.0.0.1", "persistence false", "user root", *allowed, *lines]) + "\n")
    command = ["/usr/sbin/mosquitto", "-c", str(configuration)]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as process:
        try:
            until(lambda: _answers(port), "the broker answers")
            yield port
        finally:
            _ended(process)


def _ended(process: "subprocess.Popen[Any]") -> None:
    """End a program of others: one that is told so while it still connects may never hear it."""
    process.terminate()
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()


def free_port() -> int:
    """Return a port that nobody has now."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def _answers(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


@dataclass
class Subscriber:
    """Debian's mosquitto_sub, an independent client: what it was told, as (topic, retained, payload)."""

    messages: list[tuple[str, bool, str]] = field(default_factory=list)

    def of(self, end: str) -> list[str]:
        """Return the payloads told on topics with this end."""
        return [payload for topic, _, payload in self.messages if topic.endswith(end)]


@contextlib.contextmanager
def subscribed(port: int, *options: str) -> Iterator[Subscriber]:
    """Subscribe to everything."""
    found = Subscriber()
    command = ["mosquitto_sub", "-h", "127.0.0.1", "-p", str(port), "-t", "#", "-F", "%t\t%r\t%p", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:

        def listen() -> None:
            assert process.stdout is not None
            for line in process.stdout:
                topic, retained, payload = line.rstrip("\n").split("\t", 2)
                found.messages.append((topic, retained == "1", payload))

        listening = threading.Thread(target=listen)
        listening.start()
        try:
            yield found
        finally:
            _ended(process)
            listening.join()

"""The pages on loopback, with the sequencer beside them, until somebody ends it."""

import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

import uvicorn
from rich.console import Console

from kwartier.cli import edge, told
from kwartier.model.errors import KwartierError
from kwartier.web.app import application
from kwartier.workflows import jobs
from kwartier.workflows.installation import Installation, system_clock

HOST = "127.0.0.1"
ASKED_TO_END = 128 + signal.SIGTERM


class PortTaken(KwartierError):
    """Another program listens on the port, or it may not be taken; nothing was started."""

    code = "port-taken"


@contextmanager
def listening(port: int) -> Iterator[socket.socket]:
    """Take a port on loopback, 0 for any. Raises PortTaken. Long work that ends in serving takes it first."""
    with socket.socket() as found:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            found.bind((HOST, port))
            found.listen()
        except OSError as fault:
            msg = f"port {port} on {HOST} cannot be taken: {(fault.strerror or 'no reason given').lower()}"
            raise PortTaken(msg) from fault
        yield found


def serve(house: Installation, listener: socket.socket, *, demo: bool, out: Console) -> None:
    """Serve the pages until interrupted or asked to end; then sign what was recorded last."""
    failed = edge.beside(out)
    app = application(house, clock=system_clock, demo=demo, failed=failed)
    # no lifespan: the pages have nothing to start or end, and one that is broken off by Ctrl-C would tell a traceback
    config = uvicorn.Config(app, log_level="warning", server_header=False, access_log=False, lifespan="off")
    server = uvicorn.Server(config)
    told.serving(out, HOST, listener.getsockname()[1])
    signal.signal(signal.SIGTERM, _end)  # uvicorn stops by itself first, and then lets ours have it
    with jobs.signing(house, failed=failed), suppress(KeyboardInterrupt):
        server.run(sockets=[listener])


def _end(_number: int, _frame: FrameType | None) -> None:
    sys.exit(ASKED_TO_END)

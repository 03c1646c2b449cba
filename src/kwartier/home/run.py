"""One home at work: reading, page and broker side by side, until it is told to stop."""

import asyncio
import contextlib
import signal
import socket
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final, final

import uvicorn

from kwartier.home import own_clock
from kwartier.home.broker import Publisher
from kwartier.home.errors import BadSettings
from kwartier.home.keeper import LINE, Keeper
from kwartier.home.line import Line, Unseal
from kwartier.home.live import Live
from kwartier.home.page import app, desk
from kwartier.home.settings import Settings
from kwartier.home.sources.source import made
from kwartier.home.store.writer import Writer

SALT: Final = "meter_salt"
HOME: Final = "home"
"""Names of the facts: the key of the meters' hashes, and what this home is called at the broker."""
_CLOSE_S: Final = 2


@final
class _Server(uvicorn.Server):
    """Uvicorn, but signals are ours: there is more to end than the page."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def home(folder: Path, settings: Settings, kept: Writer, *, once: bool) -> None:
    """Read, keep and show, until a signal comes; with `once` until a recording was read. Raises BadSettings."""
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    live = Live()
    source = made(settings, line=kept.noted(LINE))
    line = Line(bytes.fromhex(kept.fact(SALT)), _unseal(settings))
    keeper = Keeper(source, line, kept, live, receipt=own_clock.receipt, flush_s=settings.flush_s)
    with _bound(settings) as listening:
        server = _Server(
            uvicorn.Config(
                app.application(desk.made(folder, settings, live)),
                log_level="warning",
                access_log=False,
                lifespan="off",
                server_header=False,
                timeout_graceful_shutdown=_CLOSE_S,
            )
        )
        publisher = Publisher(settings, kept.fact(HOME), live) if settings.mqtt_host else None
        _say(settings, listening)
        await _side_by_side(
            server,
            reading=asyncio.create_task(keeper.run()),
            others=[
                asyncio.create_task(server.serve([listening])),
                asyncio.create_task(publisher.run() if publisher else stopped.wait()),
                asyncio.create_task(stopped.wait()),
            ],
            once=once,
        )


async def _side_by_side(server: _Server, *, reading: asyncio.Task[None], others: list[asyncio.Task[Any]], once: bool) -> None:
    """Wait until one of the others ends, or the reading with `once` or by a fault; then end all. Raises what any of them raised."""
    try:
        if once:
            await asyncio.wait([reading, *others], return_when=asyncio.FIRST_COMPLETED)
        else:
            reading.add_done_callback(lambda done: None if done.cancelled() or not done.exception() else others[-1].cancel())
            await asyncio.wait(others, return_when=asyncio.FIRST_COMPLETED)
    finally:
        server.should_exit = True
        await _cancelled([reading, *others[1:]])
        ended = await asyncio.gather(reading, *others, return_exceptions=True)
    for fault in ended:
        if isinstance(fault, Exception):
            raise fault


async def _cancelled(tasks: Sequence[asyncio.Task[Any]]) -> None:
    """Cancel until all have ended: `asyncio.wait_for` of Python 3.11 loses a cancellation that comes together with its answer."""
    while running := [task for task in tasks if not task.done()]:
        for task in running:
            task.cancel()
        await asyncio.wait(running, timeout=_CLOSE_S)


def _unseal(settings: Settings) -> Unseal | None:
    """Return what opens sealed telegrams with the key of the settings; it brings cryptography along, so only who has a key pays."""
    keys = settings.keys()
    if keys is None:
        return None
    from kwartier.wire.p1 import sealed  # noqa: PLC0415 - see above

    own = sealed.Keys(*filter(None, keys))
    return lambda frame: sealed.unseal(frame, own).text


def _bound(settings: Settings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.listen else socket.AF_INET
    try:
        return socket.create_server((settings.listen, settings.port), family=family)
    except OSError as fault:
        msg = f"listen, port: the page cannot be served there ({fault.strerror})"
        raise BadSettings(msg) from fault


def _say(settings: Settings, listening: socket.socket) -> None:
    host, port = listening.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    say(f"the page is at http://{shown}:{port}/")
    if not settings.is_loopback:
        say("warning: whoever can reach this address over the network sees your usage: there is no sign-in")


def say(text: str) -> None:
    """Tell whoever started us, on standard error."""
    sys.stderr.write(f"kwartier-home: {text}\n")
    sys.stderr.flush()

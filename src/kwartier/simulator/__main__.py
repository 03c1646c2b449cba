"""Start a town: `python -m kwartier.simulator --homes N --seed N --date YYYY-MM-DD --dir DIR/town --shipment-key FILE [--port P]`.

One JSON line on standard output says that all meters listen. The town stops on SIGTERM, on SIGINT, or when its standard input
closes, unless --stay is given.
"""

import argparse
import asyncio
import json
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

from kwartier.model.errors import KwartierError
from kwartier.simulator import folder, journal, serve, settle, shipment
from kwartier.simulator.devices import Fleet
from kwartier.simulator.errors import BadTown
from kwartier.simulator.town import Town

try:
    import uvloop

    _new_loop: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
except ImportError:  # it has none on every system
    _new_loop = asyncio.new_event_loop

_MANY = 50
"""Transformers from which progress is worth a line."""


def _options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m kwartier.simulator", description="A simulated town of smart meters on loopback."
    )
    parser.add_argument("--homes", type=int, required=True, help="number of homes")
    parser.add_argument("--seed", type=int, required=True, help="everything follows from it")
    parser.add_argument("--date", type=date.fromisoformat, required=True, help="the day the night asks about")
    parser.add_argument("--dir", type=Path, required=True, help="folder of the town")
    parser.add_argument("--shipment-key", type=Path, required=True, help="the operator's public key for the key shipment")
    parser.add_argument("--port", type=int, default=0, help="port of all meters (default: the one of the last run, or any)")
    parser.add_argument("--stay", action="store_true", help="do not stop when standard input closes")
    return parser.parse_args()


def _progress(whole: int) -> Callable[[int], None]:
    """Return what tells a big town's progress on standard error."""

    def tell(done: int) -> None:
        if whole >= _MANY and (done % _MANY == 0 or done == whole):
            sys.stderr.write(f"\rtransformers settled: {done} of {whole}" + ("\n" if done == whole else ""))
            sys.stderr.flush()

    return tell


def _prepare(options: argparse.Namespace) -> tuple[Town, list[socket.socket]]:
    """Bind the port and write the folder. Raises TownError; then nothing listens."""
    shipment.read_recipient(options.shipment_key)
    found = settle.read(options.dir)
    if found:
        settle.same(found, options.seed, options.homes, options.date)
        if options.port not in {0, found.port}:
            msg = f"the operator was told port {found.port} for this folder"
            raise BadTown(msg)
    town = Town(options.seed, options.homes, options.date)
    sockets = serve.claim(found.port if found else options.port, shipment.numbers(town))
    if not found:
        options.dir.mkdir(parents=True, exist_ok=True)
        settle.settle(options.dir, town, sockets[0].getsockname()[1], _progress(len(town.transformers)))
    folder.write_keys(options.dir / "import", town, options.shipment_key)
    return town, sockets


async def _live(options: argparse.Namespace, town: Town, sockets: list[socket.socket]) -> None:
    """Let the meters answer until somebody says stop."""
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    if not options.stay:
        threading.Thread(target=_watch_input, args=(loop, stop), daemon=True).start()
    book = journal.Journal(options.dir)
    fleet = Fleet(town, journal.counters(options.dir))
    async with serve.listening(sockets, serve.Switchboard(fleet, book, town.axis.clock(int(time.time())))):
        ready = {"ready": True, "port": sockets[0].getsockname()[1], "homes": len(town.homes), "meters": town.meters}
        sys.stdout.write(json.dumps(ready) + "\n")
        sys.stdout.flush()
        await stop.wait()
    book.close()


def _watch_input(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    """Wait in a thread until standard input closes: it may be a pipe, a terminal or a file."""
    while os.read(sys.stdin.fileno(), 4096):
        pass
    loop.call_soon_threadsafe(stop.set)


def main() -> int:
    """Run a town; return 0 after a clean stop, 2 if it cannot be built."""
    options = _options()
    try:
        town, sockets = _prepare(options)
    except KwartierError as error:
        sys.stderr.write(f"town: {error}\n")
        return 2
    with asyncio.Runner(loop_factory=_new_loop) as runner:
        runner.run(_live(options, town, sockets))
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Start a town: `python -m kwartier.simulator --homes N --seed N --date YYYY-MM-DD --dir DIR/town --shipment-key FILE [--port P]`.

Beside the meters' own port it has the homes' P1 ports (`--p1-port`, and from when, until when and how densely they tell the past),
and the displays of the homes' meters as pages (`--display-port`).

One JSON line on standard output says that all meters listen. The town stops on SIGTERM, on SIGINT, or when its standard input
closes, unless --stay is given. Until then a line `alarm HOME BIT` on it sets that bit of the alarm register of a home's meter,
which pushes it to whoever listens at --alarms; a line `ahead SECONDS` sets the town's clocks so far ahead of
this machine's, and is answered by a JSON line that repeats it.
"""

import argparse
import asyncio
import json
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import final

from kwartier.model.errors import KwartierError
from kwartier.model.period import ZONE, epoch_s
from kwartier.simulator import alarms, folder, identity, journal, orders, p1_line, serve, settle, shipment
from kwartier.simulator.alarms import Pusher
from kwartier.simulator.devices import Fleet
from kwartier.simulator.display import app as display
from kwartier.simulator.errors import BadTown
from kwartier.simulator.notebook import Notebook
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
    parser.add_argument("--days-after", type=int, default=0, help="days more that the meters live through (default: none)")
    parser.add_argument("--shipment-key", type=Path, required=True, help="the operator's public key for the key shipment")
    parser.add_argument("--port", type=int, default=0, help="port of all meters (default: the one of the last run, or any)")
    parser.add_argument("--p1-port", type=int, default=0, help="port of the homes' P1 ports (default: any)")
    parser.add_argument("--p1-from", type=moment, help="moment or day at which each P1 listener begins (default: the town's clock)")
    parser.add_argument("--p1-until", type=moment, help="moment or day after which the line closes (default: never)")
    parser.add_argument("--p1-every", type=int, default=10, help="seconds between two telegrams of the past (default: 10)")
    parser.add_argument("--display-port", type=int, default=0, help="port of the pages with the meters' displays (default: any)")
    parser.add_argument("--alarms", type=_address, metavar="HOST:PORT", help="where meters send their alarms (default: nowhere)")
    parser.add_argument("--stay", action="store_true", help="do not stop when standard input closes")
    return parser.parse_args()


def _address(text: str) -> tuple[str, int]:
    """Read HOST:PORT for argparse."""
    try:
        return alarms.read_address(text)
    except BadTown as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def moment(text: str) -> int:
    """Read a moment, local where it has no offset; a day is the midnight that opens it. Raises ValueError."""
    found = datetime.fromisoformat(text)
    return epoch_s(found if found.tzinfo else found.replace(tzinfo=ZONE))


def _pace(options: argparse.Namespace, town: Town) -> p1_line.Pace:
    """Return how the P1 ports tell. Raises BadTown for what cannot be."""
    earliest = int(town.axis.midnights[0])
    if options.p1_every < 1 or (options.p1_from is not None and options.p1_from < earliest):
        msg = f"P1 telegrams of the past begin on {town.axis.first_day} at the earliest, at least a second apart"
        raise BadTown(msg)
    return p1_line.Pace(options.p1_from, options.p1_until, options.p1_every)


def _progress(whole: int) -> Callable[[int], None]:
    """Return what tells a big town's progress on standard error."""

    def tell(done: int) -> None:
        if whole >= _MANY and (done % _MANY == 0 or done == whole):
            sys.stderr.write(f"\rtransformers settled: {done} of {whole}" + ("\n" if done == whole else ""))
            sys.stderr.flush()

    return tell


@final
@dataclass(frozen=True, slots=True)
class _Ports:
    """What is bound: the meters' own port, the P1 ports of the homes, the pages of their displays."""

    meters: list[socket.socket]
    p1: list[socket.socket]
    display: socket.socket

    def ready(self, town: Town) -> str:
        """Return the line that says that everything listens."""
        ports = {"port": self.meters[0], "p1_port": self.p1[0], "display_port": self.display}
        numbers = {name: bound.getsockname()[1] for name, bound in ports.items()}
        first = {"first_home": identity.host(identity.home_number(0))}
        return json.dumps({"ready": True, **numbers, **first, "homes": len(town.homes), "meters": town.meters})


def _prepare(options: argparse.Namespace) -> tuple[Town, _Ports]:
    """Bind the ports and write the folder. Raises TownError; then nothing listens."""
    shipment.read_recipient(options.shipment_key)
    found = settle.read(options.dir)
    if found:
        settle.same(found, options.seed, options.homes, options.date, options.days_after)
        if options.port not in {0, found.port}:
            msg = f"the operator was told port {found.port} for this folder"
            raise BadTown(msg)
    town = Town(options.seed, options.homes, options.date, options.days_after)
    _pace(options, town)
    sockets = serve.claim(found.port if found else options.port, shipment.numbers(town))
    homes = (home.number for home in town.homes if home.has_meter)
    ports = _Ports(sockets, serve.claim(options.p1_port, homes), display.claim(options.display_port))
    if not found:
        options.dir.mkdir(parents=True, exist_ok=True)
        settle.settle(options.dir, town, sockets[0].getsockname()[1], _progress(len(town.transformers)))
    folder.write_keys(options.dir / "import", town, options.shipment_key)
    return town, ports


async def _live(options: argparse.Namespace, town: Town, ports: _Ports) -> None:
    """Let the meters answer until somebody says stop."""
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    book = journal.Journal(options.dir)
    kept = Notebook(options.dir)
    fleet = Fleet(town, journal.counters(options.dir), kept)
    board = serve.Switchboard(fleet, book, town.axis.clock(int(time.time())))
    pusher = Pusher(options.alarms)
    if not options.stay:
        obey = partial(loop.call_soon_threadsafe, partial(_obey, board, pusher))
        watch = partial(orders.watch, sys.stdin.fileno(), obey, partial(loop.call_soon_threadsafe, stop.set))
        threading.Thread(target=watch, daemon=True).start()
    async with (
        serve.listening(ports.meters, board),
        p1_line.listening(ports.p1, p1_line.Lines(town, fleet.state, board.moment, _pace(options, town))),
        display.listening(ports.display, display.Hall(town, board.now, fleet.administrative_status)),
    ):
        sys.stdout.write(ports.ready(town) + "\n")
        sys.stdout.flush()
        pusher.push_all(fleet.alarmed())
        await stop.wait()
        await pusher.close()
    book.close()
    kept.close()


def _obey(board: serve.Switchboard, pusher: Pusher, line: str) -> None:
    """Do what a line on standard input says; an empty one says nothing."""
    if not line.strip():
        return
    order = orders.read_order(line)
    if order is None:
        sys.stderr.write("town: a line says `alarm HOME BIT` or `ahead SECONDS`\n")
        return
    if isinstance(order, orders.Ahead):
        board.set_ahead(order.seconds)
        sys.stdout.write(json.dumps({"ahead": order.seconds}) + "\n")
        sys.stdout.flush()
        return
    number = identity.home_number(order.home)
    register = board.fleet.raise_alarm(number, order.bit, board.now())
    if register is not None:
        pusher.push(number, register)


def main() -> int:
    """Run a town; return 0 after a clean stop, 2 if it cannot be built."""
    options = _options()
    try:
        town, ports = _prepare(options)
    except KwartierError as error:
        sys.stderr.write(f"town: {error}\n")
        return 2
    with asyncio.Runner(loop_factory=_new_loop) as runner:
        runner.run(_live(options, town, ports))
    return 0


if __name__ == "__main__":
    sys.exit(main())

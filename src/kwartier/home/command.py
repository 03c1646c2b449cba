"""`kwartier-home`: reads the P1 port, keeps the history and shows it."""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kwartier.home import run, settings
from kwartier.home.errors import BadSettings, HomeError
from kwartier.home.settings import Settings
from kwartier.home.store import writer


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command, and end the process with its status."""
    given = _parser().parse_args(arguments)
    try:
        sys.exit(given.deed(given))
    except HomeError as fault:
        run.say(str(fault))
        sys.exit(2)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="kwartier-home", description="Reads the P1 port of your meter, keeps the history, shows it."
    )
    parser.add_argument("--data", type=Path, default=Path("home"), help="folder of the history and of home.toml (default: home)")
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--serial", metavar="DEVICE", help="read a cable, for instance /dev/ttyUSB0")
    source.add_argument("--tcp", metavar="HOST:PORT", help="read a dongle or ser2net")
    source.add_argument("--replay", metavar="FILE", help="read a recording")
    parser.add_argument("--speed", type=float, help="replay so many times faster than it was; 0: as fast as possible")
    parser.add_argument("--port", type=int, help="port of the page on 127.0.0.1")
    parser.add_argument("--once", action="store_true", help="end when a recording was read")
    parser.set_defaults(deed=_run)
    return parser


def _settings(given: argparse.Namespace) -> Settings:
    overriding: dict[str, Any] = {}
    for kind in settings.KINDS:
        if getattr(given, kind):
            overriding["source"] = f"{kind}:{getattr(given, kind)}"
    if given.port is not None:
        overriding["port"] = given.port
    if given.speed is not None:
        overriding["replay_speed"] = given.speed
    return settings.load(given.data, **overriding)


def _run(given: argparse.Namespace) -> int:
    found = _settings(given)
    if not found.source:
        msg = "no source: give --serial, --tcp or --replay, or set source in home.toml"
        raise BadSettings(msg)
    with writer.opened(given.data, raw_days=found.raw_days, raw_mb=found.raw_mb) as kept:
        asyncio.run(run.home(given.data, found, kept, once=given.once))
    return 0


if __name__ == "__main__":
    main()

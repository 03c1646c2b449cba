"""`kwartier-home`: reads the P1 port, keeps the history and shows it.

Exit codes: 0 well done, 1 the comparison found differences, 2 not done.
"""

import argparse
import asyncio
import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

from kwartier.home import compare, export, operator_file, overview, run, settings
from kwartier.home.compare import Compared, Comparison, Verdict
from kwartier.home.errors import BadFile, BadSettings, HomeError
from kwartier.home.settings import Settings
from kwartier.home.store import history, schema, writer
from kwartier.home.store.history import History
from kwartier.model.period import ZONE, from_epoch_s


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
    source.add_argument("--replay", metavar="FILE", help="read a recording (.gz and .xz too)")
    source.add_argument("--town", metavar="HOST:PORT", help="follow a home of a simulated town")
    parser.add_argument("--speed", type=float, help="replay so many times faster than it was; 0: as fast as possible")
    parser.add_argument("--port", type=int, help="port of the page on 127.0.0.1")
    parser.add_argument("--once", action="store_true", help="end when the recording was read, or the town closes the line")
    parser.set_defaults(deed=_run)
    deeds = parser.add_subparsers(title="commands", metavar="COMMAND")
    comparing = deeds.add_parser("compare", help="hold a file from the operator against the own quarter-hours")
    comparing.add_argument("file", type=Path)
    comparing.add_argument("--json", action="store_true", help="print one JSON object")
    comparing.set_defaults(deed=_compare)
    exporting = deeds.add_parser("export", help="print the history as CSV")
    exporting.add_argument("kind", choices=("intervals", "days", "readings"))
    exporting.add_argument("--from", dest="first", type=date.fromisoformat, help="first day, YYYY-MM-DD")
    exporting.add_argument("--to", dest="last", type=date.fromisoformat, help="last day")
    exporting.set_defaults(deed=_export)
    deeds.add_parser("settings", help="print a home.toml with every setting").set_defaults(deed=_print_settings)
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
        msg = "no source: give --serial, --tcp, --replay or --town, or set source in home.toml"
        raise BadSettings(msg)
    with writer.opened(given.data, raw_days=found.raw_days, raw_mb=found.raw_mb) as kept:
        asyncio.run(run.home(given.data, found, kept, once=given.once))
    return 0


def _compare(given: argparse.Namespace) -> int:
    try:
        data = given.file.read_bytes()
    except OSError as fault:
        msg = f"the file cannot be read ({fault.strerror})"
        raise BadFile(msg) from fault
    file = operator_file.parse(data)
    with _history(given.data) as opened:
        found = compare.compare(opened.intervals(*compare.reach(file)), file)
    sys.stdout.write(json.dumps(compare.as_json(found)) + "\n" if given.json else "".join(f"{line}\n" for line in told(found)))
    return 0 if found.is_right else 1


def told(found: Comparison) -> list[str]:
    """Return a comparison as lines of text."""
    counts = found.counts
    summary = ", ".join(f"{counts[verdict]} {verdict.value.replace('-', ' ')}" for verdict in Verdict if counts.get(verdict))
    return [f"{sum(row.steps for row in found.rows)} intervals compared: {summary}", *map(_line, found.findings)]


def _line(row: Compared) -> str:
    start, end = (from_epoch_s(at).astimezone(ZONE) for at in (row.start, row.end))
    unit = "dm3" if row.kind is overview.Kind.GAS else "Wh"
    here, there = ("nothing" if value is None else f"{value} {unit}" for value in (row.here, row.there))
    more = "" if row.difference is None else f" ({row.difference:+d} {unit})"
    return f"{start:%Y-%m-%d %H:%M%z} to {end:%H:%M}  {row.kind}  {row.verdict}: {here} here, {there} at the operator{more}"


def _export(given: argparse.Namespace) -> int:
    with _history(given.data) as opened:
        state, span = opened.state(), opened.span()
        if span is None:
            msg = "nothing is known yet"
            raise BadSettings(msg)
        first, last = given.first or span[0], given.last or span[1]
        if given.kind == "intervals":
            for piece in export.intervals(opened, state, first, last):
                sys.stdout.write(piece)
        elif given.kind == "days":
            sys.stdout.write(export.days(overview.days(opened, state, first, last)))
        else:
            sys.stdout.write(export.readings(opened, first, last))
    return 0


def _print_settings(_: argparse.Namespace) -> int:
    sys.stdout.write(settings.commented())
    return 0


@contextmanager
def _history(folder: Path) -> Iterator[History]:
    if not (folder / schema.FILE_NAME).exists():
        msg = "there is no history in this folder"
        raise BadSettings(msg)
    with history.opened(folder) as opened:
        yield opened


if __name__ == "__main__":
    main()

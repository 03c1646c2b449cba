"""How the command line says what care found: tables for engineers."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from kwartier.cli import printed
from kwartier.cli.told import said
from kwartier.grid.dangers import Found as Danger
from kwartier.model.period import ZONE, from_epoch_s
from kwartier.workflows.device_care import Ending, Needing, Update
from kwartier.workflows.grid_care import Allocation, Endangered, Outages, Reconciliation

_WHOLE = frozenset({"on the meter", "since", "from", "to"})
"""Columns that are copied or compared, so that no line may break in them."""
_ENDINGS = {
    Ending.ACTIVATED: "The meter verified the image and runs it.",
    Ending.REFUSED_BY_METER: "The meter refused the image: it did not verify. Nothing was activated.",
    Ending.NOT_ACTIVATED: "The meter took the image and does not run it yet. Look again later.",
    Ending.NOT_REACHED: "The meter did not take the image; nothing was activated.",
    Ending.RAN_ALREADY: "The meter runs this version already; nothing was sent.",
    Ending.NO_GROUND: "There is no ground to change the software of this meter; it was not visited.",
}


def counted(out: Console, title: str, counts: Mapping[str, Any]) -> None:
    """Tell how a round went, in one line."""
    if counts:
        parts = (f"{_flat(value)} {key.replace('_', ' ')}" for key, value in counts.items() if value not in ({}, None))
        said(out, f"{title}: " + ", ".join(parts))


def _flat(value: object) -> str:
    return " ".join(f"{count} {name}" for name, count in value.items()) if isinstance(value, Mapping) else str(value)


def needing(out: Console, found: Sequence[Needing], counts: Mapping[str, Any]) -> None:
    """Tell which meters need what."""
    counted(out, "Visited", counts)
    table = _table("What needs care", ("meter", "on the meter", "needs", "more", "since", "who acts"))
    for one in found:
        for finding in one.findings:
            since = finding.since.astimezone(ZONE).strftime("%Y-%m-%d %H:%M")
            place = str(one.meter), one.equipment_id
            table.add_row(*place, _words(finding.need), escape(finding.detail), since, _words(finding.act))
    out.print(table, highlight=False)


def unlisted(out: Console, found: int, counts: Mapping[str, Any], command: str, *, as_json: bool) -> None:
    """Tell how many there are to list, where nobody is named who looks."""
    if as_json:
        printed.as_json({**counts, "to_list": found})
        return
    counted(out, "Visited", counts)
    said(out, f"To list: {found}. `kwartier {command}` lists them to whoever says who they are and why.")


def dangers(out: Console, found: Sequence[Endangered], counts: Mapping[str, Any]) -> None:
    """Tell where it is dangerous."""
    counted(out, "Visited", counts)
    table = _table("Dangerous situations", ("meter", "on the meter", "what", "more", "since", "who acts"))
    for one in found:
        for each in one.found:
            since = each.since.astimezone(ZONE).strftime("%Y-%m-%d %H:%M")
            table.add_row(str(one.meter), one.equipment_id, _words(each.danger), _where(each), since, _words(each.act))
    out.print(table, highlight=False)


def _where(one: Danger) -> str:
    """Say on which phase, and at which voltage."""
    level = "" if one.level_dv is None else f"{one.level_dv // 10}.{one.level_dv % 10} V"
    return " ".join(part for part in (f"L{one.phase}" if one.phase else "", level) if part)


def outages(out: Console, found: Outages) -> None:
    """Tell which transformers were out, or are."""
    counted(out, "Visited", found.round.counts())
    if found.round.meters and not found.round.chores:
        said(out, "No meter answered. Are they reachable from here?")
    table = _table("Outages", ("transformer", "what", "from", "to", "meters"))
    for outage in found.found.outages:
        name = found.stations[outage.transformer].name
        table.add_row(name, "was out", _time(outage.start_s), _time(outage.end_s), f"{outage.homes} of {outage.asked}")
    for dark in found.dark:
        what = f"L{dark.phase} is out" if dark.phase else "is out"
        table.add_row(found.stations[dark.transformer].name, what, "", "", f"{dark.homes} of {dark.asked}")
    for own in found.found.own:
        name = found.stations[own.transformer].name
        table.add_row(name, f"meter {own.meter} alone: its own fuse", _time(own.start_s), _time(own.end_s), "1")
    out.print(table, highlight=False)


def allocation(out: Console, found: Allocation) -> None:
    """Tell what the homes of each supplier used on a day."""
    table = _table("Allocated", ("supplier", "area", "product", "homes", "taken", "given"))
    for code, one in found.sums:
        unit = "dm3" if one.product == "gas" else "Wh"
        table.add_row(code, escape(one.area), one.product, str(one.homes), f"{one.taken:,} {unit}", f"{one.given:,} {unit}")
    if found.sums:
        out.print(table, highlight=False)
    said(out, f"Withheld: {found.withheld}.")


def reconciliation(out: Console, found: Reconciliation) -> None:
    """Tell what the homes of each supplier used in a month, and of how many of them that is."""
    table = _table("Reconciled", ("supplier", "area", "product", "homes", "taken", "given"))
    for code, one in found.sums:
        unit = "dm3" if one.product == "gas" else "Wh"
        told = ["not told" if each is None else f"{each:,} {unit}" for each in (one.taken, one.given)]
        table.add_row(code, escape(one.area), one.product, f"{one.read} of {one.homes}", *told)
    if found.sums:
        out.print(table, highlight=False)
    said(out, f"Withheld: {found.withheld}.")


def updated(out: Console, done: Update) -> None:
    """Tell how an update ended."""
    said(out, _ENDINGS[done.ending] + (f" It says: {done.version}." if done.version else ""))
    if done.reason is not None:
        said(out, f"Reason: {done.reason}.")


def _table(title: str, columns: Sequence[str]) -> Table:
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold", no_wrap=column in _WHOLE)
    return table


def _words(code: str) -> str:
    return str(code).replace("_", " ")


def _time(at_s: int) -> str:
    return from_epoch_s(at_s).astimezone(ZONE).strftime("%Y-%m-%d %H:%M")

"""How the command line tells of permissions: a line each, people as numbers or not at all."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from rich.console import Console

from kwartier.cli.told import said
from kwartier.grounds.permission import Flaw
from kwartier.model.period import ZONE, day_of
from kwartier.model.register import DAY_MASK, INTERVAL_MASK
from kwartier.workflows.permission.overview import MANDATE, Listed, Provided, RequestRow, Shown


def listed(out: Console, one: Listed, at: datetime) -> None:
    """Tell of one permission."""
    ended = one.ended(at)
    until = "without an end" if (end := one.until(at)) is None else f"until {_moment(end)}"
    state = until if ended is None else f"{ended[0]} on {_moment(ended[1])}" + (f" ({one.because})" if one.because else "")
    kinds = " and ".join(name for name, part in (("intervals", INTERVAL_MASK), ("day registers", DAY_MASK)) if one.mask & part)
    who = one.party_code or "the own page"
    said(out, f"{one.identifier}  connection {one.connection}  {who}  {kinds}  from {_moment(one.live.start)}, {state}")


def request(out: Console, party: str | None, one: RequestRow) -> None:
    """Tell of one request or claimed mandate."""
    what = "claims" if one.origin == MANDATE else "asks"
    because = f" ({one.because})" if one.because else ""
    state = f"waits until {_moment(one.answer_by)}" if one.awaits else f"{one.event} on {_moment(one.event_at)}{because}"
    said(out, f"{one.id}  connection {one.connection or 'unknown'}  {party or 'unknown'} {what}  {_moment(one.asked)}, {state}")


def provided(out: Console, one: Provided) -> None:
    """Tell one line of the provision log."""
    because = f" ({one.because})" if one.because else ""
    said(out, f"{one.id}  {_moment(one.at)}  {one.event}{because}  {one.identifier}  {one.party_code or 'the own page'}")


def shown(out: Console, found: Shown, at: datetime) -> None:
    """Tell all of one permission."""
    listed(out, found.listed, at)
    for line in found.log:
        provided(out, line)
    count = len(found.accessed)
    said(out, "1 parcel was handed over under it." if count == 1 else f"{count} parcels were handed over under it.")
    for one in found.accessed:
        said(out, f"{_moment(one.at)}  {one.parcel}  about {day_of(one.period.start)}")


_NOT_IN_FORCE = "It is not in force, and does not begin by silence: the party may ask for it, which needs a yes."


def vetoed(out: Console, permission: int | None) -> None:
    """Tell what became of a no by letter."""
    said(out, f"It had begun: permission {permission} is revoked." if permission is not None else _NOT_IN_FORCE)


def counts(out: Console, found: Mapping[str, Any]) -> None:
    """Tell what was done, as words and numbers."""
    for word, count in found.items():
        said(out, f"{word.replace('_', ' ')}: {_counted(count)}")
    if Flaw.SAID_NO in found.get("invalid", ()):
        said(out, "said_no: the customer said no to this before. The party may ask for it (`permission ask`), which needs a yes.")


def _counted(found: Any) -> str:  # noqa: ANN401 - a number, numbers, how many of each kind, or nothing
    """Write what was counted: of several kinds how many of each."""
    if isinstance(found, Mapping):
        found = [f"{count} {word}" for word, count in found.items()]
    if isinstance(found, list | tuple):
        found = ", ".join(map(str, found)) or None
    return "none" if found is None else str(found)


def _moment(moment: datetime) -> str:
    return f"{moment.astimezone(ZONE):%Y-%m-%d %H:%M}"

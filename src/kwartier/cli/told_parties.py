"""How the command line tells of parties: tables for people, plain values for programs."""

from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from kwartier.cli.told import said
from kwartier.model.period import Period, day_of
from kwartier.workflows.parties import Checked, Shown, Standing

__all__ = ["checked", "checked_as_dict", "said", "shown", "shown_as_dict", "standing_as_dict", "standings"]

_OPEN = "open"


def standings(out: Console, found: Sequence[Standing]) -> None:
    """Tell how every party stands."""
    table = Table(box=None, pad_edge=False)
    for head in ("code", "name", "role", "agreement until", "standing"):
        table.add_column(head)
    for one in found:
        party = one.party
        table.add_row(party.code, escape(party.name), party.role.replace("_", " "), _until(one), _state(one))
    out.print(table, highlight=False)


def _until(one: Standing) -> str:
    return "none in force" if one.agreement is None else _end(one.agreement.period)


def _end(period: Period) -> str:
    return _OPEN if period.end is None else day_of(period.end).isoformat()


def _state(one: Standing) -> str:
    if one.suspended is not None:
        return f"suspended since {day_of(one.suspended.period.start)}"
    return "in default" if one.in_default else ""


def shown(out: Console, found: Shown) -> None:
    """Tell all about one party."""
    standings(out, [found.standing])
    for statement in found.statements:
        state = "missed" if statement.missed is not None else "due"
        state = state if statement.received is None else f"received {day_of(statement.received)}"
        said(out, f"Statement by the {statement.kind} of {statement.due}: {state}.")
    for apart in found.suspensions:
        said(out, f"Suspended from {day_of(apart.period.start)} until {_end(apart.period)}.")
    for key in found.keys:
        said(out, f"Key {key.kid} ({key.jwk['kty']}) from {day_of(key.period.start)} until {_end(key.period)}.")
    for contact in found.contacts:
        said(out, f"For {contact.kind}: {contact.name}, {contact.mail}{', ' + contact.phone if contact.phone else ''}.")


def checked(out: Console, found: Checked) -> None:
    """Tell what a check found."""
    for code, kind, due in found.due:
        said(out, f"{code}: a statement by the {kind} is due, {due}.")
    for code, kind, due in found.missed:
        said(out, f"{code}: the statement by the {kind} of {due} did not come.")
    for code in found.suspended:
        said(out, f"{code} is suspended: nothing is read for it or handed to it until `kwartier parties reinstate {code}`.")
    if not (found.due or found.missed or found.suspended):
        said(out, "Nothing new.")


def standing_as_dict(one: Standing) -> dict[str, Any]:
    """Return how a party stands as JSON has it."""
    return {
        "code": one.party.code,
        "name": one.party.name,
        "role": one.party.role,
        "agreement": None if one.agreement is None else _span(one.agreement.period),
        "suspended": None if one.suspended is None else _span(one.suspended.period),
        "in_default": one.in_default,
    }


def shown_as_dict(found: Shown) -> dict[str, Any]:
    """Return all about one party as JSON has it."""
    return standing_as_dict(found.standing) | {
        "statements": [
            {
                "kind": one.kind,
                "due": one.due.isoformat(),
                "received": None if one.received is None else one.received.isoformat(),
                "sha256": None if one.sha256 is None else one.sha256.hex(),
                "missed": one.missed is not None,
            }
            for one in found.statements
        ],
        "suspensions": [_span(one.period) for one in found.suspensions],
        "keys": [{"kid": one.kid, "jwk": one.jwk} | _span(one.period) for one in found.keys],
        "contacts": [{"kind": one.kind, "name": one.name, "mail": one.mail, "phone": one.phone} for one in found.contacts],
    }


def checked_as_dict(found: Checked) -> dict[str, Any]:
    """Return what a check found as JSON has it."""
    return {
        "due": [{"code": code, "kind": kind, "due": due.isoformat()} for code, kind, due in found.due],
        "missed": [{"code": code, "kind": kind, "due": due.isoformat()} for code, kind, due in found.missed],
        "suspended": found.suspended,
    }


def _span(period: Period) -> dict[str, Any]:
    return {"from": period.start.isoformat(), "to": None if period.end is None else period.end.isoformat()}

"""How the command line says things: what happened, why, what to do next."""

from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from kwartier.audit.verify import Rejected, Verified
from kwartier.model.errors import KwartierError
from kwartier.workflows.enrolment import ImportReport
from kwartier.workflows.replay import Findings

_NEXT = {
    "worker-lost": "Run it again: only what is missing is asked.",
    "night-runs": "Wait until it has ended, then run it again: only what is missing is asked.",
    "not-prepared": "docs/DATABASE.md says how a server is prepared; `kwartier database check` looks again.",
    "settings": "Correct kwartier.toml in the folder of the installation.",
    "bad-input": "Look at the command line or the file, and try again.",
}


def fault(out: Console, one: KwartierError) -> None:
    """Tell a foreseen failure."""
    out.print(f"[bold red]{escape(one.code)}[/]: {escape(str(one))}")
    if one.code in _NEXT:
        out.print(_NEXT[one.code])


def imported(out: Console, report: ImportReport) -> None:
    """Tell what an import took and what it put aside."""
    for line in report.diff:
        out.print(escape(line))
    out.print(
        f"{report.added} added, {report.changed} changed, {report.unchanged} unchanged, "
        f"{report.rejected} put aside in kw.import_reject with their reason"
    )


def night(out: Console, counts: dict[str, Any]) -> None:
    """Tell a night as a table."""
    table = Table(title=f"Night about {counts['date']}", show_header=False)
    for key, value in counts.items():
        table.add_row(key.replace("_", " "), escape(str(value)))
    out.print(table)


def replayed(out: Console, found: Findings) -> None:
    """Tell what a replay found."""
    out.print(f"{found.checked} checked: {found.uncovered} uncovered, {found.over_broad} over-broad, {found.late} late")
    for one in found.findings[:50]:
        out.print(escape(str(one)))


def verified(out: Console, found: Verified) -> None:
    """Tell what a proof proves."""
    out.print(f"[bold green]genuine[/]: line {found.index} of {found.size} of {escape(found.origin)}, unchanged")
    out.print("It is about the person with this code." if found.about_subject else "Give --subject to check that it is about you.")
    out.print_json(data={"event": dict(found.event), "line": None if found.line is None else dict(found.line)})


def rejected(out: Console, fault: Rejected) -> None:
    """Tell why a proof does not prove."""
    out.print(f"[bold red]not genuine[/] ({escape(fault.code)}): {escape(str(fault))}")

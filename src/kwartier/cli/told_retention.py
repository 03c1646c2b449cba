"""How the command line tells what retention took away, and what becomes of what a person asked to be erased."""

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from kwartier.cli import told
from kwartier.workflows.retention import RetentionReport
from kwartier.workflows.rights.erasure import Receipt

_WORDS = {
    "rows": "channel-days of readings",
    "erased": "of them at a person's request",
    "days": "days of readings that were written anew or dropped",
    "files": "files in the boxes of receivers",
    "documents": "documents taken out of files",
    "ties": "lines of the log untied from a person",
    "erasures": "erasures carried out",
    "forgotten": "persons forgotten",
    "staff": "lines of the log without a name of the operator's people any more",
    "proposals": "proposals of own uses, with who made and who approved them",
    "contacts": "persons to speak to at parties",
}


def given_up(out: Console, report: RetentionReport) -> None:
    """Tell what went, and what the administrator of the server must do."""
    if not any(report.counts.values()):
        told.said(out, "Nothing: all that is held has a ground that holds it.")
    for name, count in sorted(report.counts.items()):
        if count:
            told.said(out, f"{count:,} {_WORDS.get(name, name.replace('_', ' '))}")
    for line in report.left:
        told.said(out, f"The server's administrator: {line}")


def erasure(out: Console, given: Receipt) -> None:
    """Tell what goes and what stays, connection by connection, in both languages, as it may be read to the person."""
    table = Table(show_header=False, box=None, pad_edge=False)
    for _ in range(4):
        table.add_column(overflow="fold")
    for one in given.answers:
        place = "" if one.connection is None else f"{given.products[one.connection]} ({one.connection})"
        table.add_row(str(one.fate).replace("_", " "), place, escape(f"{one.en}\n{one.nl}"), escape(one.article))
    out.print(table, highlight=False)
    told.said(out, "The next nightly run carries it out: `kwartier retention run`, or the end of a night.")

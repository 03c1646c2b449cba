"""How the command line says things: what happened, why, what to do next.

Answers go to standard output, everything said on the way and every failure to standard error.
"""

import os
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from kwartier.audit.verify import Rejected, Verified
from kwartier.grounds import conduct
from kwartier.model.errors import KwartierError
from kwartier.workflows.enrolment import ImportReport
from kwartier.workflows.inquiry import StaffAct
from kwartier.workflows.jobs import WITHIN_S, Standing
from kwartier.workflows.replay import Findings

_NEXT = {
    "no-installation": "`kwartier import FOLDER` or `./demo` makes one. `--data DIR`, before the command, names another folder.",
    "worker-lost": "Run it again: only what is missing is asked.",
    "night-runs": "Wait until it has ended, then run it again: only what is missing is asked.",
    "delivery-runs": "Wait until it has ended, then run it again.",
    "overlaps": "Put that one right first, or both in one step.",
    "bad-values": "`channel,start,value`, then a line each, as `day_import_low,2026-03-10,8120344`: Wh, or dm3 of gas.",
    "not-prepared": "docs/DATABASE.md says how a server is prepared; `kwartier database check` looks again.",
    "no-stop-list": "See what slows PostgreSQL down, then run it again: only what is missing is asked.",
    "settings": "Correct kwartier.toml in the folder of the installation.",
    "bad-input": "Look at the command line or the file, and try again.",
    "unreadable-file": "Correct the file and hand it in again; docs/IMPORT.md and docs/PERMISSIONS.md have the form of each.",
    "bad-shipment": "Ask for a key shipment made for the shipment key of this installation (keys/shipment.pub).",
    "server-unavailable": "Look at the DSN in kwartier.toml, or without one at pg/server.log in the folder of the installation.",
    "roles-taken": "Name another database server in kwartier.toml, or give this one's role passwords back.",
    "migration-changed": "Run the version of Kwartier that this installation was last used with.",
    "port-taken": "Name another with --port N; --port 0 lets the system choose.",
    "no-such-meter": "`kwartier care list` has the numbers of the meters that need care.",
    "traces-left": "Run `kwartier retention run` when nobody uses the tables: it goes on where it stopped.",
    "nobody-to-erase": "Look at the customer number on standard input, and try again.",
    "erasure-waits": "`kwartier retention run`, or the end of the next night, carries it out.",
    "firmware-not-an-image": "Ask the manufacturer for the image file as it was signed.",
    "firmware-not-genuine": "Do not use this file. `kwartier care trust FILE` names a manufacturer's key, if it is one you know.",
    "not-witnessed": "It is signed, and asked again by what runs beside the pages and the night; `kwartier audit witness` tells. "
    'If it saw more lines or another history: docs/DATABASE.md, "After a restore".',
    "bad-key": "Ask the manufacturer for its public key, over another way than the image came.",
    "not-in-log": "Look at the number: the address of a proof has it, and the first is 1.",
    "not-in-tree": "Run `kwartier audit checkpoint`: what was recorded since the last one is in the next.",
    "witness-failed": "Its own words stand above. See that nothing else uses its port, and try again.",
    "bad-role": 'Write your role as the public page is to tell it, as `--role "privacy officer"`.',
    "bad-object": "docs/PERMISSIONS.md has the form of each information object.",
    "bad-scope": "docs/PERMISSIONS.md says what a permission may be about.",
    "no-edition": "Name a day from 2000-01-01 on: no edition of the code of conduct is older.",
    "no-such-right": "Look at the number: `kwartier rights list --all` has the requests.",
    "no-such-breach": "Look at the number: `kwartier breach list` has them.",
    "no-such-coupling": "Look at the number: `kwartier rights couplings CONNECTION` has those of a gas connection.",
    "right-ended": "Nothing is to be done: it has its answer.",
    "already-asked": "Answer the one that waits: `kwartier rights list` has it.",
    "cannot-be-asked": "Look at what was asked, and of whom; a person's code comes on standard input.",
    "reason-missing": "Name yourself with --person, and a file with the reason with `--reason FILE` (or - for standard input).",
    "no-such-person": "Look at the code on standard input, and try again.",
    "not-your-connection": "Look at the connection and whose it is, and try again.",
    "no-longer-holds": "Look at what holds now, and ask anew.",
    "wrong-state": "Look at how it stands now: somebody was first.",
    "already-permitted": "Nothing is to be done: there is such a permission.",
    "already-restricted": "Nothing is to be done: it was said before.",
    "not-an-occupant": "Look at who lives there and since when, and try again.",
    "was-read": "The log says when, and for whom.",
    "inquiry": "Look at what was asked, and try again.",
    "rights": "Look at what was asked, and try again.",
    "grounds": "Look at what was asked, and try again.",
    "migration-blocked": "End what else uses this database, then run it again.",
    "damaged-row": "Stop, keep the folder as it is, and compare the registry with your latest backup.",
    "readings": "Stop, keep the folder as it is, and compare it with your latest backup.",
    "registry": "Run it again; if it stays, compare the registry with your latest backup.",
    "postgres": "Look at what the server says, and try again; `kwartier database check` looks at it.",
    "audit": "Stop, keep the folder as it is, and compare it with your latest backup and published checkpoint.",
    "keys": "Look at the folder `keys` of the installation: a key that is gone comes from your backup alone.",
    "engine": "Look at `engine` in kwartier.toml; with a cluster, see that its scheduler runs.",
    "bad-use-case": "docs/PARTIES.md has the form of a use case.",
    "no-such-area": "Write the area as connections.csv and transformers.csv have it; import those first if they are new.",
    "own-proposal": "Ask a colleague to approve it.",
    "use-case-exists": "Propose it under another code; `kwartier conduct list` has those that are taken.",
    "use-case-over": "Propose it anew, under another code and with a date to come.",
    "bad-proposal": "docs/PROPOSAL.md has the form of a proposal.",
    "facts-change": "Wait until the import that is running has ended, then run it again.",
    "implausible": "Look at the registers again; a typing error, another meter or another unit is the usual cause.",
    "already-taken": "Nothing is to be done: it was written down before, and is not changed.",
    "not-your-meter": "Name an electricity connection by its number in the registry.",
    "nothing-to-change": "Nothing is to be done: the meter stands as it was asked to.",
    "granted-elsewhere": "Ask there; `kwartier permission take FILE` brings in what was decided there.",
    "granted-here": "Set permission_administrator in kwartier.toml if another body grants permissions.",
    "no-such-request": "`kwartier permission requests` has the requests with their numbers.",
    "no-such-permission": "`kwartier permission list` has the permissions with their identifiers.",
    "already-answered": "Nothing is to be done: it has its answer.",
    "not-found": "Look at the name or number, and try again.",
    "town-failed": "Its own words stand above. A folder holds one town: name another with --data DIR.",
    "no-such-tree": "Look at the sizes. If this log signed a checkpoint of more lines, some were lost: keep both as they are.",
    "broken-log": "What was asked for may be done and recorded; nothing is signed. Stop, keep the folder as it is, and compare it "
    'with your latest backup and published checkpoint: docs/DATABASE.md, "After a restore".',
}
_GROUPS = (
    ("About", ("date", "homes", "meters")),
    ("Asked of meters", ("tasks", "read", "gaps", "gap_reasons", "stopped")),
    ("Not asked", ("refused", "refusal_rules", "avoided_reads", "unavoidable_overread")),
    ("Kept", ("channel_days", "readings", "quarantined", "given_up")),
    ("Delivered", ("parcels", "withheld", "papers")),
    ("Letters", ("letters_waiting", "letters_waiting_since", "letters_untaken", "letters_untaken_since")),
    ("Energy loss", ("transformers", "transformers_published", "loss_wh", "loss_uncertainty_wh")),
    ("Care", ("care",)),
    ("Proof", ("checkpoint", "cosigned", "uncovered_reads", "uncovered_deliveries")),
    ("Cost", ("seconds", "cpu_us_per_meter", "peak_mb")),
)
_WORDS = {
    "tasks": "planned reads",
    "read": "answered",
    "gaps": "not answered",
    "gap_reasons": "because",
    "stopped": "stopped by a revocation",
    "refused": "requests without a ground",
    "refusal_rules": "by rule",
    "avoided_reads": "reads avoided",
    "unavoidable_overread": "values dropped before storage",
    "channel_days": "channel-days",
    "quarantined": "answers put aside",
    "withheld": "parcels withheld",
    "given_up": "held no longer",
    "papers": "bills and overviews",
    "letters_waiting": "that wait to be laid down",
    "letters_waiting_since": "since",
    "letters_untaken": "that nobody takes",
    "letters_untaken_since": "since",
    "transformers_published": "with a published figure",
    "loss_wh": "lost",
    "loss_uncertainty_wh": "give or take",
    "uncovered_reads": "reads without a ground",
    "care": "once for all",
    "cosigned": "countersigned",
    "seconds": "time",
    "uncovered_deliveries": "deliveries without a ground",
    "cpu_us_per_meter": "CPU per meter",
    "peak_mb": "memory at most",
}
_CARE = {
    "looked_after": "meters looked after",
    "needing_care": "that need care",
    "firmware": "new software in one meter",
    "switched_off": "set to administratively off",
    "outages": "outages found",
    "dangers": "dangerous situations",
    "alarms": "alarms that meters sent",
}
SHOWN = 50
_UNITS = {"loss_wh": "Wh", "loss_uncertainty_wh": "Wh", "seconds": "s", "cpu_us_per_meter": "µs", "peak_mb": "MB"}


def _say(out: Console, text: str) -> None:
    """Print without breaking lines, so that a path or an address can be copied.

    Where standard error cannot be written, as on a full disk, nothing more is said there: what was done is done, and the exit
    code still tells it.
    """
    try:
        out.print(text, soft_wrap=True, highlight=False)
    except OSError:
        if not out.stderr:
            raise
        out.quiet = True
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())


def _failed(out: Console, what: str, why: str, todo: str) -> None:
    _say(out, f"[bold red]{escape(what)}[/]: {escape(why)}")
    if todo:
        _say(out, escape(todo))


# What went wrong


def fault(out: Console, one: KwartierError) -> None:
    """Tell a foreseen failure."""
    _failed(out, one.code, str(one) or one.code, next_step(one))


def next_step(one: KwartierError) -> str:
    """Return what to do next: by the code of the error, otherwise by that of its family."""
    codes = [kind.code for kind in type(one).__mro__ if issubclass(kind, KwartierError)]
    return next((_NEXT[code] for code in (one.code, *codes) if code in _NEXT), "")


def refused(out: Console, why: str) -> None:
    """Tell that a command line was not run as it was typed, without repeating it."""
    _failed(out, "not run", why, "Put that right, and try again.")


def machine(out: Console, one: OSError) -> None:
    """Tell what the machine refused: a file that is not there, may not be read, or a disk that is full."""
    where = f" ({one.filename})" if isinstance(one.filename, str) else ""
    _failed(
        out,
        "not done",
        f"{(one.strerror or 'the machine refused').lower()}{where}",
        "Look at the path, its permissions and the free space.",
    )


def unforeseen(out: Console, one: Exception, place: str) -> None:
    """Tell a fault of Kwartier's own by its kind and place: its text may quote values."""
    _failed(
        out,
        "a fault in Kwartier",
        f"{type(one).__name__} in {place}",
        "What was committed is safe; running it again goes on from there. Please report this line. "
        "KWARTIER_DEBUG=1 shows more, which may hold personal data.",
    )


def page_failed(out: Console, one: Exception, place: str) -> None:
    """Tell that a page, or the sequencer or the witness beside the pages, failed; the pages go on."""
    if isinstance(one, KwartierError):
        _say(out, f"[bold red]{one.code}[/]: {escape(str(one) or one.code)}; everything else goes on")
        return
    _say(out, f"[bold red]a fault behind the pages[/]: {escape(type(one).__name__)} in {escape(place)}; the pages go on")


def interrupted(out: Console) -> None:
    """Tell that somebody pressed Ctrl-C."""
    _say(out, "Interrupted. What was committed is safe; running it again goes on from there.")


# What is going on


def demo_begins(out: Console, data: Path, homes: int, day: date) -> None:
    """Tell what the demo is about to do."""
    _say(out, f"A town of {homes} homes in {escape(str(data))}, and the night about {day}.")


def town_to_look_at(out: Console, first_home: str, p1_port: int, display_port: int) -> None:
    """Tell how to look at a home of the town: the display of its meter, and its P1 port."""
    _say(out, f"The display of its first home's meter: http://127.0.0.1:{display_port}/nl/display/0")
    _say(out, f"To follow that home at its P1 port: kwartier-home --data home --town {first_home}:{p1_port}")


def serving(out: Console, host: str, port: int) -> None:
    """Tell where the pages are."""
    _say(out, f"The pages: http://{host}:{port}/  (end with Ctrl-C)")


def made(out: Console, data: Path) -> None:
    """Tell that an installation was made, and what the suppliers of meters need of it."""
    key = data / "keys" / "shipment.pub"
    _say(out, f"Made a new installation in {escape(str(data))}. Whoever ships meter keys to it needs {escape(str(key))}.")


def not_over(out: Console, day: date) -> None:
    """Warn about a day that is still going on or to come."""
    _say(out, f"[bold yellow]note[/]: {day} is not over, so meters cannot hold the whole of it yet.")


# Answers


def said(out: Console, text: str) -> None:
    """Say one plain sentence."""
    _say(out, escape(text))


def imported(out: Console, report: ImportReport) -> None:
    """Tell what an import took and what it put aside."""
    for line in report.diff:
        _say(out, escape(line))
    _say(out, f"{report.added} added, {report.changed} changed, {report.unchanged} unchanged, {report.rejected} put aside")
    if report.rejected and not report.dry_run:
        _say(out, "What was put aside stands in kw.import_reject with its reason. Correct it and import the folder again.")
    if report.dry_run:
        _say(out, "Nothing was written: this was a dry run.")


def night(out: Console, counts: Mapping[str, Any]) -> None:
    """Tell a night as a table, gathered by what the figures are about."""
    table = Table(title=f"The night about {counts['date']}", title_justify="left", show_header=False, box=None, pad_edge=False)
    for _ in range(3):
        table.add_column(overflow="fold")
    for group, keys in _GROUPS:
        name = group
        for key in keys:
            if (value := counts.get(key)) is None or value == {} or key == "date" or _says_nothing(key, counts):
                continue
            table.add_row(f"[bold]{name}[/]", _WORDS.get(key, key.replace("_", " ")), escape(_value(key, value)))
            name = ""
    out.print(table, highlight=False)
    for line in _advice(counts):
        _say(out, line)


def _says_nothing(key: str, counts: Mapping[str, Any]) -> bool:
    """Tell a figure of the loss where none could be computed, or of letters where there are none."""
    whole = {"loss_": "transformers_published", "letters_waiting": "letters_waiting", "letters_untaken": "letters_untaken"}
    return any(key.startswith(part) and not counts.get(needed) for part, needed in whole.items())


def _value(key: str, value: object) -> str:
    if key == "checkpoint" and isinstance(value, Mapping):
        return f"{value['size']:,} lines, root {value['root']}"
    if key == "cosigned" and isinstance(value, Mapping):
        return f"{value['size']:,} lines"
    if key == "refusal_rules" and isinstance(value, Mapping):
        return "\n".join(f"{count:,} {rule} {_title(rule)}".rstrip() for rule, count in value.items())
    if key == "care" and isinstance(value, Mapping):
        return "\n".join(f"{_CARE[name]}: {_plain(told)}" for name, told in value.items())
    if isinstance(value, Mapping):
        return ", ".join(f"{count:,} {name}" for name, count in value.items())
    return f"{value:,} {_UNITS.get(key, '')}".rstrip() if isinstance(value, int | float) else str(value)


def _plain(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in value.items()) or "no"
    return f"{value:,}" if isinstance(value, int) else str(value or "no").replace("_", " ")


def _title(rule: str) -> str:
    return next((one.title_en.lower() for one in conduct.EDITIONS[-1].rules if one.id == rule), "")


def _advice(counts: Mapping[str, Any]) -> Iterator[str]:
    """Yield what to do next."""
    if counts["gaps"] and not counts["read"]:
        yield "No meter answered. Are they switched on and reachable from here? Running the night again asks only what is missing."
    elif counts["gaps"]:
        yield "Running the night again asks only what is missing."
    if counts["quarantined"]:
        yield "Answers that were put aside stand in kw.quarantine with the rules that doubt them."
    if counts.get("letters_waiting"):
        yield "[bold red]Letters to customers wait[/]: the folder `letters` of the installation cannot be written."
        yield "No mandate begins without. When it can be written again, `kwartier permission sweep` lays them down."
    if counts.get("letters_untaken"):
        yield "[bold red]Letters to customers lie in the folder `letters`[/] and nobody takes them to be posted."
        yield "No mandate begins while its letter lies there: each is written anew every three days, with a later day to begin."
    if counts.get("cosigned") and not counts["cosigned"]["met"]:
        yield "[bold red]The witness does not answer for the log.[/] `kwartier audit witness` says since when."
    if counts.get("uncovered_reads") or counts.get("uncovered_deliveries"):
        yield "[bold red]Something has no ground.[/] `kwartier audit replay` says what."


def standing(out: Console, found: Standing | None, now: int) -> None:
    """Tell what the witness answers for."""
    if found is None:
        _say(out, "No witness countersigns this log: the settings `witness` and `witness_key` name one.")
        return
    age_s = found.age_s(now)
    if age_s is None:
        _say(out, f"{found.signed:,} lines are signed; the witness has countersigned none.")
    elif age_s < 0:
        _say(
            out, f"The witness answers for {found.size:,} of {found.signed:,} lines, as of {-age_s:,} s from now: a clock is wrong."
        )
    else:
        _say(out, f"The witness answers for {found.size:,} of {found.signed:,} lines, as of {age_s:,} s ago.")
    if not found.met(now):
        _say(out, f"[bold red]not met[/]: it should, for all of them, at least every {WITHIN_S} s.")
        _say(
            out, "It is asked by what runs beside the pages and the night; `kwartier audit checkpoint` asks now, and says why not."
        )


def standing_as_dict(found: Standing | None, now: int) -> dict[str, Any]:
    """Return what the witness answers for as JSON has it; nulls where there is none."""
    if found is None:
        return {"signed": None, "size": None, "age_s": None, "met": False}
    return {"signed": found.signed, "size": found.size, "age_s": found.age_s(now), "met": found.met(now)}


def replayed(out: Console, found: Findings) -> None:
    """Tell what a replay found."""
    _say(out, f"{found.checked} checked: {found.uncovered} uncovered, {found.over_broad} over-broad, {found.late} late")
    for code, count in sorted(found.codes.items()):
        _say(out, f"{count} {escape(code)}")
    for one in found.findings[:SHOWN]:
        _say(out, escape(str(one)))
    if found.findings:
        _say(
            out,
            f"Each line names a contradiction (at most {SHOWN} are shown); the log, the store and the meters are left as they are.",
        )
    else:
        _say(out, "Everything that was read, kept, delivered and shown has its ground and its proof.")


def staff_as_dict(found: StaffAct | None) -> dict[str, Any]:
    """Return who of the operator's people did something as JSON has it: nulls where nobody is named."""
    if found is None:
        return dict.fromkeys(("at", "person", "because", "salt", "agrees"))
    return {
        "at": found.at.isoformat(),
        "person": found.person,
        "because": found.reason,
        "salt": found.salt,
        "agrees": found.agrees,
    }


def staff(out: Console, found: StaffAct | None) -> None:
    """Tell who of the operator's people did something."""
    if found is None:
        _say(out, "This entry names nobody: a customer did it, it ran by itself, or its name went at the end of its term.")
        return
    _say(out, f"{found.at.isoformat()}: [bold]{escape(found.person)}[/], because: {escape(found.reason)}")
    _say(
        out,
        "The entry holds the commitment to this."
        if found.agrees
        else "[bold red]The entry holds the commitment to something else.[/]",
    )
    _say(out, f"salt: {found.salt}")


def verified(out: Console, found: Verified) -> None:
    """Tell what a proof proves."""
    _say(out, f"[bold green]genuine[/]: line {found.index} of {found.size} of {escape(found.origin)}, unchanged")
    _say(
        out,
        "It is about the person with this code." if found.about_subject else "Give --subject CODE to check that it is about you.",
    )
    if found.witnessed_s is not None:
        _say(out, f"A witness saw the log so at {_moment(found.witnessed_s)}.")
    out.print_json(data={"event": dict(found.event), "line": None if found.line is None else dict(found.line)})


def _moment(epoch_s: int) -> str:
    """Write when a witness says it was: a proof comes from outside, and its clock too."""
    try:
        return datetime.fromtimestamp(epoch_s, UTC).isoformat()
    except (ValueError, OverflowError, OSError):
        return f"second {epoch_s} since 1970, which no calendar knows"


def rejected(out: Console, fault: Rejected) -> None:
    """Tell why a proof does not prove."""
    hints = {
        "bad-signature": "Is it a proof of this operator's log? --key FILE names the key of another. If so, download it again.",
        "wrong-origin": "Is it a proof of this operator's log? --key FILE names the key of another.",
        "not-witnessed": "Download the proof again in a minute; if it stays so, the operator's log is not the one the witness saw.",
        "other-subject": "Look at the code, or check without --subject what the line says.",
    }
    _failed(
        out,
        f"not genuine ({fault.code})",
        str(fault),
        hints.get(fault.code, "Download the proof again; if it stays, keep the file and ask the grid operator."),
    )

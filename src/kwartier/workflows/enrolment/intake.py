"""Take a folder: every file in the order in which they build on each other, all in one transaction.

A dry run does just the same and then takes it all back, so what it shows is what would happen.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any, final

from psycopg import Connection

from kwartier.keys import subjects
from kwartier.keys.shipment import ShippedKey
from kwartier.keys.vault import Vault
from kwartier.store.registry import couplings, people
from kwartier.store.registry.imports import take
from kwartier.store.registry.imports.spec import Spec
from kwartier.workflows.enrolment import csvfile
from kwartier.workflows.enrolment.errors import BadField, UnreadableFile
from kwartier.workflows.enrolment.files import COLUMNS, Parse, parsers
from kwartier.workflows.enrolment.report import FileReport, ImportedFact, ImportReport

C = Connection[Any]
CHUNK = 10_000
"""Rows and facts in memory at a time."""
KEYS = "keys.kws"
PEOPLE = "subjects.csv"
PLACING = frozenset({"meters.csv", "couplings.csv"})


@final
@dataclass(frozen=True, slots=True)
class Door:
    """What an import needs of an installation.

    `operator` opens a transaction; `vault` makes keys fit to be stored; `open_shipment` reads a key shipment; `models` are
    the names of the meter models known; `record` writes facts into the log, in the transaction it is given; `granted_here` is
    False where another body is the permission administrator; `settle` does what follows of what came in, in the same transaction.
    """

    operator: Callable[[], AbstractContextManager[C]]
    vault: Vault
    open_shipment: Callable[[bytes], Sequence[ShippedKey]]
    models: Collection[str]
    record: Callable[[C, Sequence[ImportedFact]], object]
    granted_here: bool = True
    settle: Callable[[C], object] = lambda _: None


def import_folder(door: Door, folder: Path, *, dry_run: bool, at: datetime) -> ImportReport:
    """Take every file in the folder. Raises UnreadableFile, or what opening the shipment raises; then nothing was written.

    A row that cannot be taken is put aside in kw.import_reject with its reason, and stops no other row. The same folder again
    changes nothing. `at` is the moment of the import: an end that had passed by then stays.
    """
    present = _present(folder)
    with door.operator() as c, c.transaction(force_rollback=dry_run):
        if present & PLACING:
            couplings.alone(c)
        take.open_run(c)
        files = tuple(
            _one(c, door, folder / spec.file, spec, dry_run=dry_run, at=at) for spec in take.SPECS.values() if spec.file in present
        )
        counts = {one.file: one.counts() for one in files}
        run = None if dry_run else take.close_run(c, at, counts)
        if not dry_run:
            door.settle(c)
            door.record(c, [ImportedFact("import:taken", None, None, at, {"run": run, "files": counts})])
    return ImportReport(files, run, dry_run)


def _present(folder: Path) -> set[str]:
    """Return which files are there. A name that no file of an import has would be left out in silence, so it is refused."""
    try:
        found = {path.name for path in folder.iterdir() if path.suffix in {".csv", ".kws"}}
    except OSError as error:
        msg = f"the folder cannot be read: {error.strerror}"
        raise UnreadableFile(msg) from error
    if strange := sorted(found - take.SPECS.keys()):
        msg = f"{strange[0]} is no file of an import; they are {', '.join(take.SPECS)}"
        raise UnreadableFile(msg)
    if not found:
        msg = f"there is nothing to import; the files are {', '.join(take.SPECS)}"
        raise UnreadableFile(msg)
    return found


def _one(c: C, door: Door, path: Path, spec: Spec, *, dry_run: bool, at: datetime) -> FileReport:
    take.open_file(c, spec)
    if spec.file == KEYS:
        _stage_keys(c, door, path)
    elif spec.file == PEOPLE:
        _stage_people(c, door, path, spec)
    else:
        _stage_rows(c, path, spec, parsers(door.models, granted_here=door.granted_here)[spec.file])
    taken = take.take(c, spec, at)
    if not dry_run:
        facts = (ImportedFact(kind, connection, code, at, body) for kind, connection, code, body in take.facts(c, spec))
        while chunk := list(islice(facts, CHUNK)):
            door.record(c, chunk)
    examples = tuple(f"{sign} {label}" for sign, label in taken.examples)
    return FileReport(spec.file, taken.added, taken.changed, taken.unchanged, taken.refused, examples)


def _stage_rows(c: C, path: Path, spec: Spec, parse: Parse) -> None:
    """Stream a CSV file into the staging table; what cannot even be read goes aside."""
    refusals: list[csvfile.Refusal] = []
    rows = _parsed(csvfile.read(path, COLUMNS[spec.file]), parse, refusals)
    while chunk := list(islice(rows, CHUNK)):
        take.fill(c, chunk)
        _aside(c, spec, refusals)
    _aside(c, spec, refusals)


def _stage_people(c: C, door: Door, path: Path, spec: Spec) -> None:
    """Stage people, each name sealed under the person's own key: in clear none leaves this process, not even in a refused row."""
    refusals: list[csvfile.Refusal] = []
    rows = _parsed(
        csvfile.read(path, COLUMNS[spec.file]), parsers(door.models, granted_here=door.granted_here)[spec.file], refusals
    )
    while chunk := list(islice(rows, CHUNK)):
        known = people.wrapped_keys(c, [code for _, code, _, _ in chunk])
        take.fill(c, _sealed(door.vault, known, chunk))
        _aside(c, spec, refusals)
    _aside(c, spec, refusals)


def _sealed(vault: Vault, known: Mapping[str, bytes], chunk: Iterable[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
    """Yield staged rows of people: line, code, sealed name, wrapped key, and of the row as it came the code alone."""
    for line, code, name, _ in chunk:
        wrapped = known.get(code)
        key = subjects.new_key() if wrapped is None else vault.unwrap_person(wrapped)
        yield line, code, subjects.seal(key, subjects.NAME, name), wrapped or vault.wrap_person(key), code


def _aside(c: C, spec: Spec, refusals: list[csvfile.Refusal]) -> None:
    kept = [(line, code, "") for line, code, _ in refusals] if spec.file == PEOPLE else refusals
    take.refuse(c, spec.file, kept)
    refusals.clear()


def _parsed(
    records: Iterator[csvfile.Record | csvfile.Refusal], parse: Parse, refusals: list[csvfile.Refusal]
) -> Iterator[tuple[Any, ...]]:
    """Yield staged rows; refusals gather beside them."""
    for line, fields, raw in records:
        if isinstance(fields, str):
            refusals.append((line, fields, raw))
            continue
        try:
            yield line, *parse(fields), raw
        except BadField as bad:
            refusals.append((line, bad.code, raw))


def _stage_keys(c: C, door: Door, path: Path) -> None:
    """Open the key shipment and stage its keys, wrapped. A key is never kept as it came: only the meter's id is."""
    try:
        blob = path.read_bytes()
    except OSError as error:
        msg = f"{path.name} cannot be read: {error.strerror}"
        raise UnreadableFile(msg) from error
    shipped = door.open_shipment(blob)
    take.fill(
        c,
        (
            (line, key.equipment_id, key.system_title, door.vault.wrap(key.guek), door.vault.wrap(key.gak), key.equipment_id)
            for line, key in enumerate(shipped, 1)
        ),
    )

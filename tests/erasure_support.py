"""Looks for something in every file that an installation keeps: what it finds nowhere, nobody else finds either."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import psycopg
import pyarrow as pa
import pyarrow.parquet as pq

from kwartier.store import postgres
from kwartier.workflows.installation import Installation


def cluster(house: Installation) -> Path:
    """Return where the server keeps its data, all of it written to files."""
    with psycopg.connect(postgres.admin_dsn(house.data, house.dsns), autocommit=True) as admin:
        admin.execute("checkpoint")
        row = admin.execute("show data_directory").fetchone()
    assert row is not None
    return Path(row[0])


def decoded(path: Path) -> Iterator[tuple[str, list[object]]]:
    """Yield every column of a Parquet file with its values, nested ones flattened."""
    table = pq.read_table(path, partitioning=None)
    while any(pa.types.is_struct(kind) for kind in table.schema.types):
        table = table.flatten()
    for name in table.column_names:
        yield name, list(_flat(table.column(name).to_pylist()))


def _flat(values: list[object]) -> Iterator[object]:
    for value in values:
        if isinstance(value, list | tuple):
            yield from _flat(list(value))
        else:
            yield value


def in_readings(house: Installation, values: set[int]) -> list[str]:
    """Return the data files, part of the table or not, in which one of these numbers stands in any column."""
    files = sorted((house.data / "lake").glob("day=*/*"))
    return [path.name for path in files for name, found in decoded(path) if name != "batch" and values & {*_ints(found)}]


def _ints(values: list[object]) -> Iterator[int]:
    yield from (value for value in values if isinstance(value, int))


def in_log_of_readings(house: Installation, text: str) -> list[str]:
    """Return the entries and checkpoints of the table's own log that speak of something, every column of a checkpoint decoded."""
    folder = house.data / "lake" / "_delta_log"
    found = [path.name for path in sorted(folder.iterdir()) if path.suffix != ".parquet" and text.encode() in path.read_bytes()]
    for path in sorted(folder.glob("*.parquet")):
        if text in json.dumps(dict(decoded(path)), default=str):
            found += [path.name]
    return found


def in_bytes(folder: Path, needles: Mapping[str, bytes]) -> dict[str, list[str]]:
    """Return for each needle the files below a folder whose bytes hold it."""
    found: dict[str, list[str]] = {name: [] for name in needles}
    for path in sorted(one for one in folder.rglob("*") if one.is_file()):
        body = path.read_bytes()
        for name, needle in needles.items():
            if needle in body:
                found[name].append(str(path.relative_to(folder)))
    return found

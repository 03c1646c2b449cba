"""A fresh registry to import into, and folders to import."""

import csv
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from enrolment_support import Gate, Row
from kwartier.keys import shipment
from kwartier.keys.vault import Vault
from kwartier.store.postgres import Dsns
from kwartier.workflows.enrolment.files import COLUMNS


@pytest.fixture
def gate(dsns: Dsns, tmp_path: Path) -> Gate:
    keys = tmp_path / "keys"
    keys.mkdir(mode=0o700)
    Vault.create(keys)
    return Gate(dsns.operator, keys, shipment.create(keys), Vault(keys))


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Write a folder of files: `write("name", subjects=[{"code": ...}])`; columns that are not given stay empty."""

    def made(name: str, **files: Iterable[Row]) -> Path:
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        for file, rows in files.items():
            with (folder / f"{file}.csv").open("w", encoding="utf-8", newline="") as out:
                writer = csv.DictWriter(out, COLUMNS[f"{file}.csv"])
                writer.writeheader()
                writer.writerows(rows)
        return folder

    return made

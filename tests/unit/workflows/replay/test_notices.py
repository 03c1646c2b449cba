"""A notice in a receiver's box says which parcels were wrong; whatever else stands in it is found."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from kwartier.store.registry.notices import Notice
from kwartier.store.registry.replay_corrections import Noticed
from kwartier.workflows.delivery_round.notices import document
from kwartier.workflows.replay import notices
from kwartier.workflows.replay.findings import Findings

AT = datetime(2026, 11, 24, tzinfo=UTC)
NAME = "0f" * 16
KNOWN = Noticed("app", ("p1", "p2"), ("p2",), AT, "reading")


def codes(path: Path, **changed: Any) -> dict[str, int]:  # noqa: ANN401 - whatever a file may hold
    made = json.loads(document(notice()))
    file = path / "app" / f"{NAME}{notices.SUFFIX}"
    file.parent.mkdir()
    file.write_text(json.dumps(made | changed), encoding="utf-8")
    found = Findings(AT)
    notices.check(file, {NAME: KNOWN}, {NAME}, found)
    return dict(found.codes)


def notice() -> Notice:
    return Notice(
        id=NAME,
        box="app",
        role="third_party",
        receiver=1,
        rectification=1,
        fact="reading",
        connection=7,
        corrected=AT,
        parcels=("p1", "p2"),
        papers=("p2",),
        codes=(),
        told=AT,
    )


def test_what_was_written_is_in_order(tmp_path: Path) -> None:
    assert codes(tmp_path) == {}


@pytest.mark.parametrize(
    "changed",
    [
        {"what": "values in these parcels were wrong: 4711"},
        {"what": [4711]},
        {"article": "4711"},
        {"format": "4711"},
        {"corrected": "4711 Wh"},
        {"corrected": 4711},
        {"reference": "another"},
        {"reference": ["none"]},
        {"parcels": ["p1"]},
        {"parcels": {"p1": 4711}},
        {"wrong": "coupling"},
        {"value": 4711},
    ],
    ids=str,
)
def test_whatever_else_it_tells_is_found(tmp_path: Path, changed: dict[str, Any]) -> None:
    assert codes(tmp_path, **changed) == {"parcel-beyond-permit": 1}

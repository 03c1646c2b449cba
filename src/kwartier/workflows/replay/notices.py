"""Notices in the boxes of receivers, that something they had been handed was wrong: each was said, and tells no more than that."""

import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Final

from kwartier.store.registry.replay_corrections import Noticed
from kwartier.workflows.replay.findings import Findings

SUFFIX: Final = ".notice.json"
_SAYS: Final = frozenset({"format", "reference", "wrong", "what", "corrected", "parcels", "article"})


def check(path: Path, noticed: Mapping[str, Noticed], told: Collection[str], found: Findings) -> None:
    """Hold a notice against what the registry and the log know of it."""
    found.compared["notices"] += 1
    one = noticed.get(path.name.removesuffix(SUFFIX))
    said = _read(path)
    if one is None or one.box != path.parent.name or (one.told is not None and said.get("reference") not in told):
        found.add("file-without-parcel", notice=1)
    elif said.keys() != _SAYS or said["parcels"] != list(one.parcels) or said["wrong"] != one.fact:
        found.add("parcel-beyond-permit", notice=said.get("reference"))


def _read(path: Path) -> dict[str, Any]:
    try:
        said = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return said if isinstance(said, dict) else {}

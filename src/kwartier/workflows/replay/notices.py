"""Notices in the boxes of receivers, that something they had been handed was wrong: each was said, and tells no more than that."""

import json
from collections.abc import Collection, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from kwartier.store.registry.replay_corrections import Noticed
from kwartier.workflows.replay.findings import Findings

SUFFIX: Final = ".notice.json"
_SAYS: Final = frozenset({"format", "reference", "wrong", "what", "corrected", "parcels", "papers", "article"})


def check(path: Path, noticed: Mapping[str, Noticed], told: Collection[str], found: Findings) -> None:
    """Hold a notice against what the registry and the log know of it."""
    found.compared["notices"] += 1
    name = path.name.removesuffix(SUFFIX)
    one = noticed.get(name)
    if one is None or one.box != path.parent.name or (one.told is not None and name not in told):
        found.add("file-without-parcel", notice=1)
    elif not _tells_no_more(_read(path), name, one):
        found.add("parcel-beyond-permit", notice=name)


def _tells_no_more(said: Mapping[str, Any], name: str, one: Noticed) -> bool:
    """True if all that varies is what the registry has, and when it was put right; words without a digit hold no reading."""
    if said.keys() != _SAYS:
        return False
    same = (said["reference"], said["wrong"]) == (name, one.fact)
    same = same and (said["parcels"], said["papers"]) == (list(one.parcels), list(one.papers))
    fixed = (said["format"], said["article"]) == ("kwartier/correction/1", "GDPR art. 19")
    words = isinstance(said["what"], str) and not any(map(str.isdigit, said["what"]))
    return same and fixed and words and _is_moment(said["corrected"])


def _is_moment(said: object) -> bool:
    try:
        return datetime.fromisoformat(str(said)).tzinfo is not None
    except ValueError:
        return False


def _read(path: Path) -> dict[str, Any]:
    try:
        said = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return said if isinstance(said, dict) else {}

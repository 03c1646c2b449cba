"""The boxes of receivers: what was to be fetched in time is not kept for ever, and a copy of what consent allowed goes with it.

The registry still knows that a delivery was made; no values stand there.
"""

import json
import os
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from kwartier.store.readings import durable
from kwartier.store.registry.letters import About

PAPERS: Final = ".papers.zip"
NOTICE: Final = ".notice.json"
LETTER: Final = ".letter.json"
ASIDE: Final = ".aside"
LESS: Final = ".less"
"""A bundle without what goes, until it takes the bundle's place. A round of deliveries that begins meanwhile sweeps its own."""


def remove(outbox: Path, boxes: Iterable[tuple[str, str]]) -> int:
    """Remove whole bundles, and the papers beside them, and notices: (box, name). Returns how many files went."""
    gone = 0
    for box, bundle in boxes:
        for path in (outbox / box / f"{bundle}{suffix}" for suffix in (".jsonl", PAPERS, NOTICE)):
            if path.exists():
                path.unlink()
                gone += 1
        (outbox / box / f"{bundle}{LESS}").unlink(missing_ok=True)
    return gone


def take_away(folder: Path, found: Iterable[About]) -> int:
    """Remove letters to customers that nobody took, and what a crash left of them. Returns how many went."""
    gone = 0
    for one in found:
        path = folder / f"{one.reference}{LETTER}"
        gone += path.exists()
        for each in (path, path.with_suffix(ASIDE)):
            each.unlink(missing_ok=True)
    if gone:
        durable.sync(folder)
    return gone


def take_out(outbox: Path, documents: Iterable[tuple[str, str, str]]) -> int:
    """Take single documents out of bundles: (box, bundle, parcel). Returns how many went; a bundle without any goes too."""
    by_bundle: dict[Path, set[str]] = defaultdict(set)
    for box, bundle, parcel in documents:
        by_bundle[outbox / box / f"{bundle}.jsonl"].add(parcel)
    return sum(_without(path, parcels) for path, parcels in by_bundle.items() if path.exists())


def _without(path: Path, parcels: set[str]) -> int:
    aside = path.with_suffix(LESS)
    gone = stay = 0
    with path.open("rb") as lines, aside.open("wb") as out:
        for line in lines:
            if json.loads(line)["reference"] in parcels:
                gone += 1
            else:
                out.write(line)
                stay += 1
        out.flush()
        os.fsync(out.fileno())
    if gone and stay:
        aside.replace(path)
    else:
        aside.unlink()
        if gone:
            path.unlink()
    durable.sync(path.parent)
    return gone

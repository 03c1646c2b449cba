"""PostgreSQL: the embedded server or one by DSN, its roles, migrations and connections.

Whoever opens an installation does this: `with running(data, settings) as dsns: migrate(dsns.owner)`, then `Pools(dsns)`.
"""

from kwartier.store.postgres.dsns import Dsns
from kwartier.store.postgres.errors import MigrationChanged, PostgresError, RolesTaken, ServerUnavailable
from kwartier.store.postgres.migrations import migrate
from kwartier.store.postgres.pools import Pools, connect
from kwartier.store.postgres.server import running, server_pid

__all__ = [
    "Dsns",
    "MigrationChanged",
    "Pools",
    "PostgresError",
    "RolesTaken",
    "ServerUnavailable",
    "connect",
    "migrate",
    "running",
    "server_pid",
]

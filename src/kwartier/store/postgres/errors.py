"""What can go wrong with the database server, and who is at fault.

    PostgresError
    +-- ServerUnavailable    the machine: the server does not start, or cannot be reached
    +-- RolesTaken           whoever set up the server: roles of these names belong to another installation
    +-- MigrationChanged     whoever edited a migration that was applied before

No text holds a password or a value of a row.
"""

from kwartier.model.errors import KwartierError


class PostgresError(KwartierError):
    """The database server or its schema is not as it must be; nothing was changed."""

    code = "postgres"


class ServerUnavailable(PostgresError):
    """The machine is at fault: there are no programs, the server does not start, or it does not answer."""

    code = "server-unavailable"


class RolesTaken(PostgresError):
    """Whoever set up the server erred: its roles kw_… have passwords that this installation does not know."""

    code = "roles-taken"


class MigrationChanged(PostgresError):
    """Somebody changed or removed a migration that was applied; the schema is not what this version of Kwartier expects."""

    code = "migration-changed"

"""What can go wrong with the database server, and who is at fault.

    PostgresError
    +-- ServerUnavailable    the machine: the server does not start, or cannot be reached
    +-- RolesTaken           whoever set up the server: roles of these names belong to another installation
    +-- NotPrepared          whoever set up the server: a role lacks a right or has one too many, or cannot log in
    +-- MigrationChanged     whoever edited a migration that was applied before
    +-- TracesLeft           nobody: what was erased can still be found in files of the server; the next run tries again
    +-- MigrationBlocked     nobody: other processes use the tables; end them, or wait, and open the installation again

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


class NotPrepared(PostgresError):
    """Whoever set up the server erred, or wrote its DSNs wrongly: the text names each role and what is wrong with it."""

    code = "not-prepared"


class MigrationChanged(PostgresError):
    """Somebody changed or removed a migration that was applied; the schema is not what this version of Kwartier expects."""

    code = "migration-changed"


class TracesLeft(PostgresError):
    """Rows were erased, but files of the server hold traces of them: something uses those files, or looks at the time before."""

    code = "traces-left"


class MigrationBlocked(PostgresError):
    """Other processes use what a migration must change, or another one migrates and takes long; nothing was changed."""

    code = "migration-blocked"

"""Connections, a pool per role, and the identity of the portal's transactions."""

import select
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from types import TracebackType
from typing import Any, Final, Self, final

import psycopg
from psycopg import Connection
from psycopg_pool import ConnectionPool, PoolTimeout

from kwartier.store.postgres.dsns import Dsns
from kwartier.store.postgres.errors import ServerUnavailable

_FRESH_S: Final = 1.0
"""For how long after its last use a connection is not asked whether anybody answers."""


@contextmanager
def connect(dsn: str) -> Iterator[Connection[Any]]:
    """Give a new connection in a transaction: committed at the end, rolled back by an exception. Raises ServerUnavailable."""
    with reached(dsn) as connection:
        yield connection


def reached(dsn: str, *, autocommit: bool = False) -> Connection[Any]:
    """Open a connection, to be closed by the caller. Raises ServerUnavailable, without a cause: that may quote the DSN."""
    try:
        return psycopg.connect(dsn, autocommit=autocommit)
    except psycopg.OperationalError:
        msg = "the database server cannot be reached"
        raise ServerUnavailable(msg) from None


@final
class Pools:
    """A pool for the operator, the portal and the sequencer of the log each. A context manager; connections are made on demand."""

    def __init__(self, dsns: Dsns, *, most: int = 8, wait_s: float = 30.0) -> None:
        """Keep the DSNs; each pool grows to `most` connections, and a caller waits at most `wait_s` for one."""
        self._operator = _pool(dsns.operator, most, wait_s)
        self._portal = _pool(dsns.portal, most, wait_s)
        self._audit = _pool(dsns.audit, most, wait_s)
        self._closing = ExitStack()

    def __enter__(self) -> Self:
        """Open the pools."""
        for pool in (self._operator, self._portal, self._audit):
            self._closing.enter_context(pool)
        return self

    def __exit__(self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None) -> None:
        """Close every connection."""
        self._closing.close()

    @contextmanager
    def operator(self) -> Iterator[Connection[Any]]:
        """Give a transaction as kw_operator."""
        with _taken(self._operator) as connection:
            yield connection

    @contextmanager
    def looking(self) -> Iterator[Connection[Any]]:
        """Give a transaction as kw_operator that sees one snapshot from its first statement to its end, and writes nothing."""
        with _taken(self._operator) as connection:
            connection.execute("set transaction isolation level repeatable read, read only")
            yield connection

    @contextmanager
    def portal(self, subject: int) -> Iterator[Connection[Any]]:
        """Give a transaction as kw_portal that sees one subject's rows; the identity ends with the transaction."""
        with _taken(self._portal) as connection:
            connection.execute("select set_config('kwartier.subject', %s, true)", [str(int(subject))])
            yield connection

    @contextmanager
    def audit(self) -> Iterator[Connection[Any]]:
        """Give a transaction as kw_audit."""
        with _taken(self._audit) as connection:
            yield connection


@final
class _Pooled(Connection[Any]):
    """A connection that knows when it was used last, by the monotonic clock."""

    used_s = -_FRESH_S


def _check(connection: _Pooled) -> None:
    """Raise OperationalError if the server is gone.

    To ask it costs a round trip. A server that ends says so or closes, and then there is something to read; so only connections are
    asked that have that, or that nobody used for a while: a far server may have gone without a word.
    """
    if time.monotonic() - connection.used_s < _FRESH_S:
        poll = select.poll()
        poll.register(connection.fileno(), select.POLLIN)
        if not poll.poll(0):
            return
    ConnectionPool.check_connection(connection)


def _pool(dsn: str, most: int, wait_s: float) -> ConnectionPool[_Pooled]:
    return ConnectionPool(
        dsn,
        connection_class=_Pooled,
        min_size=0,
        max_size=most,
        timeout=wait_s,
        num_workers=1,
        open=False,
        check=_check,
    )


@contextmanager
def _taken(pool: ConnectionPool[_Pooled]) -> Iterator[Connection[Any]]:
    """Take a connection from a pool for one transaction. Raises ServerUnavailable."""
    with ExitStack() as stack:
        try:
            connection = stack.enter_context(pool.connection())
        except PoolTimeout as fault:
            msg = "the database server cannot be reached, or all its connections are taken"
            raise ServerUnavailable(msg) from fault
        stack.enter_context(_told(connection))
        yield connection
        connection.used_s = time.monotonic()


@contextmanager
def _told(connection: Connection[Any]) -> Iterator[None]:
    """Let a connection that ends under its user be told as what it is. Raises ServerUnavailable."""
    try:
        yield
    except psycopg.OperationalError as fault:
        if not connection.broken:
            raise
        msg = "the connection to the database server was lost"
        raise ServerUnavailable(msg) from fault

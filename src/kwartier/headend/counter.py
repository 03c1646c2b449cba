"""Asking the meter, as the public client, for the last invocation counter it took."""

from typing import final

from kwartier.headend.connection import Connection, Tap, connect
from kwartier.headend.errors import HeadendError, Silent
from kwartier.headend.values import Limits, MeterJob
from kwartier.model.register import Obis
from kwartier.wire.dlms.client.association import Released
from kwartier.wire.dlms.client.public import PUBLIC_PORT, PublicClient
from kwartier.wire.dlms.errors import DlmsError


async def meter_counter(job: MeterJob, limits: Limits, tap: Tap | None) -> int | None:
    """Return what the meter says, None if its model has no such object or it does not say. The answer is not authenticated."""
    if job.model.public_counter is None:
        return None
    visit = _Visit(job, job.model.public_counter, limits, tap)
    try:
        await visit.ask()
    except (HeadendError, DlmsError) as error:
        error.with_traceback(None)  # a release that failed leaves the counter as it was told
    return visit.client.counter


@final
class _Visit:
    """One public association, from connect to close."""

    def __init__(self, job: MeterJob, obis: Obis, limits: Limits, tap: Tap | None) -> None:
        self.client = PublicClient(obis)
        self._job = job
        self._limits = limits
        self._tap = tap

    async def ask(self) -> None:
        """Associate, read, release, close."""
        connection: Connection[Released] = await connect(self._limits, self._job, PUBLIC_PORT, self._tap)
        try:
            await connection.converse(self.client.start(), self.client.receive, self._limits.answer_s)
        except (HeadendError, DlmsError) as error:
            await self._release(connection, error)
            raise
        finally:
            connection.close()

    async def _release(self, connection: Connection[Released], error: Exception) -> None:
        """Release after an error, without which some meters stay bound to the public client."""
        if not self.client.standing or connection.ended:
            return
        if isinstance(error, Silent):
            connection.send(self.client.release())
        else:
            await connection.converse(self.client.release(), self.client.receive, self._limits.release_s)

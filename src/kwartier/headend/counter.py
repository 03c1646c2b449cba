"""Asking the meter, as the public client, for the last invocation counter it took."""

import asyncio
from typing import final

from kwartier.headend.connection import Connection, connect
from kwartier.headend.errors import HeadendError, Silent
from kwartier.headend.session import Tap
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
    except (HeadendError, DlmsError):
        return visit.client.counter  # a release that failed leaves the counter as it was told
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
        job, limits = self._job, self._limits
        ends_at = asyncio.get_running_loop().time() + limits.session_s
        connection = await connect(job.host, job.port, PUBLIC_PORT, connect_s=limits.connect_s, ends_at=ends_at)
        try:
            frame = self.client.start()
            while True:
                self._show(frame)
                event = self.client.receive(await connection.exchange(frame, limits.answer_s))
                if isinstance(event, Released):
                    return
                frame = event.frame
        except (HeadendError, DlmsError) as error:
            await self._release(connection, error)
            raise
        finally:
            connection.close()

    async def _release(self, connection: Connection, error: Exception) -> None:
        """Release after an error, without which some meters stay bound to the public client."""
        if not self.client.standing or connection.ended:
            return
        frame = self.client.release()
        self._show(frame)
        if isinstance(error, Silent):
            connection.send(frame)
        else:
            await connection.exchange(frame, self._limits.release_s)

    def _show(self, frame: bytes) -> None:
        if self._tap is not None:
            self._tap(self._job.meter, frame)

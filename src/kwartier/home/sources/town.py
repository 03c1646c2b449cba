"""A home of a simulated town, its P1 port over TCP. It tells of the town's time, so it counts as a recording, and ends."""

from collections.abc import AsyncGenerator
from typing import final

from kwartier.home.errors import Loss, SourceLost
from kwartier.home.sources.tcp import TcpSource


@final
class TownSource:
    """HOST:PORT of a home of the town. The end of its stream is the end, as of a file; a line that breaks is opened again."""

    is_recorded = True
    line = ""

    def __init__(self, host: str, port: int, *, silence_s: float) -> None:
        """Connect only when asked for chunks."""
        self._line = TcpSource(host, port, silence_s=silence_s)
        self.place = f"town:{host}:{port}"

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """Yield what comes, then end. Raises SourceLost when it cannot connect, and after too long a silence."""
        try:
            async for chunk in self._line.chunks():
                yield chunk
        except SourceLost as lost:
            if lost.why is not Loss.CLOSED:
                raise

    async def took(self, at: int) -> None:
        """Need not know: the town paces itself."""

"""A recording of a line, read again: as fast as it goes, or so many times faster than it was."""

import asyncio
import gzip
import lzma
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from typing import IO, Any, Final, final

from kwartier.home.errors import BadSettings

CHUNK: Final = 8192
_OPENERS: Final[dict[str, Callable[..., Any]]] = {".gz": gzip.open, ".xz": lzma.open}


@final
class ReplaySource:
    """A file of telegrams, compressed (.gz, .xz) or not.

    `speed` 0 does not wait; else `took` waits so that the stamps pass `speed` times faster than time.
    """

    is_recorded = True
    line = ""

    def __init__(self, file: str, *, speed: float) -> None:
        """Open only when asked for chunks."""
        self._path, self._speed = Path(file), speed
        self._began: tuple[float, int] | None = None
        self.place = f"replay:{self._path.name}"

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """Yield the file, then end. Raises BadSettings if it cannot be read."""
        try:
            with self._opened() as file:
                while chunk := file.read(CHUNK):
                    yield chunk
                    await asyncio.sleep(0)
        except (OSError, EOFError, lzma.LZMAError) as fault:
            msg = "replay: the file cannot be read"
            raise BadSettings(msg) from fault

    def _opened(self) -> IO[bytes]:
        opened: IO[bytes] = _OPENERS.get(self._path.suffix, open)(self._path, "rb")
        return opened

    async def took(self, at: int) -> None:
        """Wait until the moment of a telegram has come in the time of the replay."""
        if not self._speed:
            return
        now = asyncio.get_running_loop().time()
        if self._began is None or at < self._began[1]:
            self._began = now, at
        begun, first = self._began
        await asyncio.sleep(max(0.0, (at - first) / self._speed - (now - begun)))
